from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from evenload.domain.session import Sessions
from evenload.files.problems import RowsRefusedError
from evenload.files.sessions import read_sessions, sessions_of, write_sessions
from evenload.files.specs import SESSIONS
from evenload.files.table import read_table

Write = Callable[[str, str], Path]
TWO = """\
departs_at,plugged_at,session_id,node,energy_kwh,power_kw_max,efficiency,priority,phases
2020-01-07T07:00:00+01:00,2020-01-06T17:30:00+01:00,s1,T1,12.5,7.2,0.9,2,ABC
2020-01-07T06:00:00Z,2020-01-06T20:00:00.750Z,s2,T2,3,11,,,
"""


def test_a_sessions_file_is_read_with_its_blanks_filled(write: Write) -> None:
    sessions = read_sessions(write("sessions.csv", TWO))
    assert sessions.session_id.tolist() == ["s1", "s2"]
    expected = np.array(["2020-01-06T16:30:00", "2020-01-06T20:00:00"], dtype="datetime64[s]")
    np.testing.assert_array_equal(sessions.plugged_at, expected)
    assert sessions.efficiency.tolist() == [0.9, 1.0]
    assert sessions.priority.tolist() == [2, 0]
    assert sessions.control.tolist() == ["continuous", "continuous"]
    assert np.isnan(sessions.battery_kwh).all()


@pytest.mark.parametrize("suffix", [".csv", ".csv.gz", ".parquet"])
def test_sessions_survive_writing_and_reading(tmp_path: Path, write: Write, suffix: str) -> None:
    sessions = read_sessions(write("sessions.csv", TWO))
    write_sessions(tmp_path / f"again{suffix}", sessions)
    again = read_sessions(tmp_path / f"again{suffix}")
    for name, column in sessions.columns().items():
        np.testing.assert_array_equal(getattr(again, name), column)


def test_a_table_read_apart_says_how_many_rows_it_lost(tmp_path: Path, write: Write) -> None:
    path = write("sessions.csv", TWO.replace("12.5,7.2", "12.5,7200"))
    table = read_table(path, SESSIONS, rejects=tmp_path / "rejects.csv")
    assert table.rejected == 1
    assert sessions_of(table).session_id.tolist() == ["s2"]
    assert len(read_sessions(path, tmp_path / "rejects.csv")) == 1


def test_no_sessions_are_sessions(write: Write) -> None:
    sessions = read_sessions(write("sessions.csv", TWO.partition("\n")[0]))
    assert isinstance(sessions, Sessions)
    assert len(sessions) == 0


@pytest.mark.parametrize(("energy_kwh", "taken"), [("10", True), ("10.4", True), ("10.6", False)])
def test_a_need_may_be_above_the_batterys_room_by_a_whole_percent(write: Write, energy_kwh: str, taken: bool) -> None:
    """40 kWh at 75 % take 10; cars tell whole percents, so what is refused is more than 1 % of the battery above."""
    head, row, _ = TWO.splitlines()
    path = write("sessions.csv", f"{head},battery_kwh,soc_at_plug_in\n{row.replace('12.5', energy_kwh)},40,0.75\n")
    if taken:
        assert len(read_sessions(path)) == 1
    else:
        with pytest.raises(RowsRefusedError, match="is more than the battery has room for"):
            read_sessions(path)
