from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml

Load = Callable[[str], ModuleType]
TESTS = """
def test_b01_and_16_4_2_a_boot_is_answered(): ...


async def test_k01_fr_22_and_fr_03_it_is_never_set(): ...


def test_an_ordinary_one(): ...
"""


@pytest.mark.parametrize(
    ("name", "expected", "sentence"),
    [
        ("test_b01_a_boot", ["2.0.1 B01 "], "a boot"),
        ("test_e01_to_e03_from_plug_to_plug", ["2.0.1 E01 ", "2.0.1 E02 ", "2.0.1 E03 "], "from plug to plug"),
        ("test_k01_fr_22_and_fr_03_never", ["2.0.1 K01 ", "2.0.1 K01 K01.FR.22", "2.0.1 K01 K01.FR.03"], "never"),
        ("test_a00_fr_204_and_16_a00_fr_204_in",
         ["2.0.1 A00 ", "2.0.1 A00 A00.FR.204", "1.6 A00 ", "1.6 A00 A00.FR.204"], "in"),
        ("test_16_4_10_and_16_5_6_data", ["1.6 4.10 ", "1.6 5.6 "], "data"),
        ("test_b01_and_then_it_beats", ["2.0.1 B01 "], "and then it beats"),
        ("test_a_station_of_16_obeys", [], "a station of 16 obeys"),
        ("test_16_stations_boot", [], "16 stations boot"),
        ("boots_b01", [], "b01"),
        ("test_g02", ["2.0.1 G02 "], ""),
    ],
)  # fmt: skip
def test_the_first_words_of_a_name_say_what_it_is_evidence_for(
    load_tool: Load, name: str, expected: list[str], sentence: str
) -> None:
    named, rest = load_tool("conformance").mentions(name)
    assert [f"{one.version} {one.use_case} {one.requirement}" for one in named] == expected
    assert rest == sentence


def document(**entries: Any) -> dict[str, Any]:
    """A list of use cases of 2.0.1, beside the one section of 1.6 that is tested."""
    page = {"title": "OCPP", "introduction": "Numbers.", "blocks": {"Core": {"4.2": "Boot"}}}
    other = {**page, "file": "201.md", "blocks": {"A block": {"B01": "Boot", "K01": "Profiles", **entries}}}
    return {
        "tests": ["unit/test_*.py"], "parts": ["operations"], "introduction": "What is done.",
        "versions": {"1.6": {**page, "file": "16.md"}, "2.0.1": other},
    }  # fmt: skip


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with one file of tests that count and one of tests that do not."""
    (tmp_path / "docs" / "conformance").mkdir(parents=True)
    for folder in ("unit", "other"):
        (tmp_path / "tests" / folder).mkdir(parents=True)
    (tmp_path / "tests" / "unit" / "test_desk.py").write_text(TESTS, encoding="utf-8")
    (tmp_path / "tests" / "other" / "test_p50.py").write_text("def test_p50_and_p90_by_hand(): ...", encoding="utf-8")
    return tmp_path


def run(load_tool: Load, project: Path, content: dict[str, Any], *arguments: str) -> int:
    text = yaml.safe_dump(content, sort_keys=False)
    (project / "docs" / "conformance" / "use-cases.yaml").write_text(text, encoding="utf-8")
    return int(load_tool("conformance").main(["--root", str(project), *arguments]))


def test_every_use_case_has_a_row_with_its_status_and_evidence(load_tool: Load, project: Path) -> None:
    content = document(
        L01={"name": "Firmware", "later": "operations"}, K03={"name": "On site", "not_ours": "somebody else"}
    )
    content["versions"]["2.0.1"]["blocks"]["A block"]["B01"] = {"name": "Boot", "left": "much"}
    assert run(load_tool, project, content) == 0
    page = (project / "docs" / "conformance" / "201.md").read_text(encoding="utf-8")
    assert "| B01 | Boot | partly: much | `unit/test_desk.py`: a boot is answered |" in page
    assert "| K01 | Profiles | tested | K01.FR.03, K01.FR.22<br>`unit/test_desk.py`: it is never set |" in page
    assert "| L01 | Firmware | later: operations |  |" in page
    assert "| K03 | On site | not ours: somebody else |  |" in page
    assert "**1 tested, 1 partly, 1 later, 1 not ours, of 4.**" in page
    index = (project / "docs" / "conformance" / "index.md").read_text(encoding="utf-8")
    assert "| [OCPP](201.md) | 1 | 1 | 1 | 1 |" in index


def test_a_stale_page_is_told_and_not_written_by_a_check(
    load_tool: Load, project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(load_tool, project, document(), "--check") == 1
    assert "docs/conformance/201.md is stale" in capsys.readouterr().out
    assert not (project / "docs" / "conformance" / "201.md").exists()
    assert run(load_tool, project, document()) == 0
    assert run(load_tool, project, document(), "--check") == 0


@pytest.mark.parametrize(
    ("entries", "fault"),
    [
        ({"H01": "Reserve"}, "H01 of OCPP 2.0.1 has neither a test nor a plan nor a reason"),
        ({"H01": {"name": "Reserve", "later": "some day"}}, "planned in 'some day', which is no part of the plan"),
        ({"K01": {"name": "Profiles", "not_ours": "somebody else"}}, "K01 of OCPP 2.0.1 is not ours, yet a test"),
    ],
)
def test_a_use_case_without_a_place_is_a_fault(
    load_tool: Load, project: Path, capsys: pytest.CaptureFixture[str], entries: dict[str, Any], fault: str
) -> None:
    assert run(load_tool, project, document(**entries)) == 1
    assert fault in capsys.readouterr().out


def test_a_test_that_names_what_nobody_lists_is_a_fault(
    load_tool: Load, project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    content = document()
    del content["versions"]["2.0.1"]["blocks"]["A block"]["K01"]
    assert run(load_tool, project, content) == 1
    assert "unit/test_desk.py: it is never set: names K01 of OCPP 2.0.1, which is not listed" in capsys.readouterr().out
