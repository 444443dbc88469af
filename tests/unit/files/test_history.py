from pathlib import Path

import numpy as np
import pytest

from evenload.domain.history import History
from evenload.files.history import read_history, write_history


@pytest.mark.parametrize("suffix", [".csv", ".csv.gz", ".parquet"])
def test_a_history_survives_writing_and_reading(tmp_path: Path, suffix: str) -> None:
    """Over the night the clocks change, in Oslo from 23:30 to 06:30: six hours, not seven."""
    text = (
        "session_id,plugged_at,unplugged_at,energy_kwh_metered,departs_at_declared\n"
        "s1,2020-03-28T23:30:00+01:00,2020-03-29T06:30:00+02:00,8.25,\n"
        "s2,2020-03-28T23:30:00+01:00,2020-03-29T06:30:00+02:00,0,2020-03-29T07:00:00+02:00\n"
    )
    (tmp_path / "history.csv").write_text(text)
    history = read_history(tmp_path / "history.csv")
    assert isinstance(history, History)
    assert history.connected_h.tolist() == [6.0, 6.0]
    assert np.isnat(history.departs_at_declared).tolist() == [True, False]
    write_history(tmp_path / f"again{suffix}", history)
    again = read_history(tmp_path / f"again{suffix}")
    for name, column in history.columns().items():
        np.testing.assert_array_equal(getattr(again, name), column)
