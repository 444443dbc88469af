from pathlib import Path

import pytest

from evenload.base.errors import InputError
from evenload.files.replacing import replacing


def test_a_file_is_replaced_only_when_the_writing_ends_well(tmp_path: Path) -> None:
    path = tmp_path / "plan.csv"
    path.write_text("old")

    def fail_half_way() -> None:
        with replacing(path) as partial:
            partial.write_text("half")
            raise KeyError

    with pytest.raises(KeyError):
        fail_half_way()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]
    with replacing(path) as partial:
        partial.write_text("new")
        assert path.read_text() == "old"
    assert path.read_text() == "new"
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_that_is_not_there_is_told_in_a_sentence(tmp_path: Path) -> None:
    with (
        pytest.raises(InputError, match=r"nowhere/plan.csv cannot be written"),
        replacing(tmp_path / "nowhere/plan.csv") as partial,
    ):
        partial.write_text("x")
