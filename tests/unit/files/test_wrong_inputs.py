"""Wrong files, one after another, and the sentence each is answered with."""

import re
from pathlib import Path

import pytest

from evenload.base.errors import InputError
from evenload.files.columns import TableSpec
from evenload.files.problems import RowReason, RowsRefusedError
from evenload.files.specs import EVENTS, GRID, HISTORY, READINGS, SESSIONS, SIGNAL
from evenload.files.table import read_table

LF = "\n"
SESSION_HEAD = "session_id,node,plugged_at,departs_at,energy_kwh,power_kw_max"
SESSION_ROW = "s1,T1,2020-01-06T17:00:00+01:00,2020-01-07T07:00:00+01:00,12.5,7.2"


def sessions(head: str = "", row: str = "", **cells: str) -> str:
    """A sessions file of one row; ``cells`` replaces cells of its required columns."""
    values = dict(zip(SESSION_HEAD.split(","), SESSION_ROW.split(","), strict=True)) | cells
    return f"{SESSION_HEAD}{head}\n{','.join(values.values())}{row}\n"


HISTORY_HEAD = "session_id,plugged_at,unplugged_at,energy_kwh_metered,power_kw_max\n"
GRID_HEAD = "node,parent,kind,limit_kw,emergency_limit_kw,rating_kva,power_factor,timezone\n"
EVENT_HEAD = "event_id,kind,start,end,power_kw,mandatory\n"
READING_HEAD = "timestamp,device_id,source,kind,duration_s,power_kw,quality\n"

CASES = {
    "empty file": (
        SESSIONS, "",
        "is empty; its first line must name the columns session_id, node, plugged_at, departs_at, energy_kwh, power",
    ),
    "unknown column": (
        SESSIONS, sessions(",dischrge_kw_max", ",3"),
        "a sessions file has no column 'dischrge_kw_max'. Did you mean 'discharge_kw_max'?",
    ),
    "column missing": (
        SESSIONS, SESSION_HEAD.replace(",node", "").replace(",energy_kwh", "") + "\n",
        "a sessions file needs the columns node, energy_kwh, which are missing",
    ),
    "column twice": (SESSIONS, sessions(",node", ",T1"), "column 'node' is there twice; keep one of them"),
    "semicolons": (
        SESSIONS, sessions().replace(",", ";"), "cells are separated by semicolons; separate them by commas",
    ),
    "tabs": (SESSIONS, sessions().replace(",", "\t"), "cells are separated by tabs; separate them by commas"),
    "ragged line": (
        SESSIONS, sessions() + "s2,T1\n",
        "sessions.csv, line 3, whole line = 's2,T1': 2 cells where the header has 6; put a text that holds a comma in",
    ),
    "watts in a kW column": (
        SESSIONS, sessions(power_kw_max="7200"),
        "sessions.csv, line 2, power_kw_max = '7200': 7200 is outside 0.05 to 1000 kW; is it in W?",
    ),
    "Wh in a kWh column": (
        SESSIONS, sessions(energy_kwh="12500"),
        "line 2, energy_kwh = '12500': 12500 is outside 0 to 2000 kWh; is it in Wh?",
    ),
    "need above the room of the battery": (
        SESSIONS, sessions(",battery_kwh,soc_at_plug_in", ",40,0.7"),
        "line 2, energy_kwh = '12.5': is more than the battery has room for: battery_kwh 40 at soc_at_plug_in 0.7 "
        "takes battery_kwh x (1 - soc_at_plug_in); correct one of the three",
    ),
    "negative energy": (
        SESSIONS, sessions(energy_kwh="-3.2"),
        "line 2, energy_kwh = '-3.2': -3.2 is outside 0 to 2000 kWh; check its sign and unit",
    ),
    "state of charge in percent": (
        SESSIONS, sessions(",soc_at_plug_in", ",80"),
        "line 2, soc_at_plug_in = '80': 80 is outside 0 to 1; is it in percent?",
    ),
    "efficiency in percent": (
        SESSIONS, sessions(",efficiency", ",90"),
        "line 2, efficiency = '90': 90 is outside 0.1 to 1; is it in percent?",
    ),
    "timestamp without offset": (
        SESSIONS, sessions(plugged_at="2020-01-06T17:00:00"),
        "line 2, plugged_at = '2020-01-06T17:00:00': has no offset from UTC; write for example 2020-01-06T17:00:00+00",
    ),
    "timestamp of another order": (
        SESSIONS, sessions(plugged_at="06.01.2020 17:00"),
        "line 2, plugged_at = '06.01.2020 17:00': is not an ISO 8601 timestamp such as 2020-01-06T17:00:00+01:00",
    ),
    "departure before arrival": (
        SESSIONS, sessions(departs_at="2020-01-06T07:00:00+01:00"),
        "line 2, departs_at = '2020-01-06T07:00:00+01:00': is not after plugged_at 2020-01-06T17:00:00+01:00; are the",
    ),
    "decimal comma": (
        SESSIONS, sessions(energy_kwh='"12,5"'),
        "line 2, energy_kwh = '12,5': is not a number; write a decimal point, not a comma",
    ),
    "blank required cell": (
        SESSIONS, sessions(energy_kwh=""),
        "line 2, energy_kwh = '': the cell is blank; this column needs a value in every row",
    ),
    "blank name": (SESSIONS, sessions(node=" "), "line 2, node = ' ': the cell is blank; this column needs a value"),
    "word of no list": (
        SESSIONS, sessions(",control", ",continous"),
        "line 2, control = 'continous': is not one of continuous, stepped, on_off. Did you mean 'continuous'?",
    ),
    "name used twice": (
        SESSIONS, sessions() + SESSION_ROW + "\n",
        "line 3, session_id = 's1': the same session_id as in line 2; keep one of the two rows",
    ),
    "minimum above the need": (
        SESSIONS, sessions(",energy_kwh_minimum", ",13"),
        "line 2, energy_kwh_minimum = '13': is more than energy_kwh 12.5; lower the one or raise the other",
    ),
    "need above the battery": (
        SESSIONS, sessions(",battery_kwh", ",10"), "line 2, energy_kwh = '12.5': is more than battery_kwh 10;",
    ),
    "more energy than power allows": (
        HISTORY, HISTORY_HEAD + "s1,2020-01-06T17:00:00Z,2020-01-06T18:00:00Z,7.6,7.2\n",
        "line 2, energy_kwh_metered = '7.6': is more than power_kw_max 7.2 delivers in that time; check the two times",
    ),
    "emergency limit below the normal one": (
        GRID, GRID_HEAD + "F1,,feeder,100,90,,,\n", "line 2, limit_kw = '100': is more than emergency_limit_kw 90;",
    ),
    "rating without power factor": (
        GRID, GRID_HEAD + "T1,,transformer,,,50,,\n",
        "line 2, rating_kva = '50': has no power_factor beside it, and limit_kw is blank; give one of the two",
    ),
    "time zone": (GRID, GRID_HEAD + "F1,,feeder,,,,,CET+1\n", "timezone = 'CET+1': is not an IANA time zone such as"),
    "circuit of no kind": (
        GRID, GRID_HEAD + "F1,,feder,9,,,,\n",
        "kind = 'feder': is not one of system, substation, feeder, transformer, site. Did you mean 'feeder'?",
    ),
    "price per MWh": (
        SIGNAL, "timestamp,price_per_kwh\n2020-01-06T17:00:00Z,45.3\n",
        "line 2, price_per_kwh = '45.3': 45.3 is outside -10 to 10 per kWh; is it in currency per MWh?",
    ),
    "currency sign": (
        SIGNAL, "timestamp,price_per_kwh,currency\n2020-01-06T17:00:00Z,0.1,€\n",
        "line 2, currency = '€': is not a currency code of three capital letters",
    ),
    "event without end": (
        EVENTS, EVENT_HEAD + "e1,pause,2020-01-06T17:00:00Z,2020-01-06T17:00:00Z,,\n",
        "line 2, end = '2020-01-06T17:00:00Z': is not after start 2020-01-06T17:00:00Z;",
    ),
    "limit without power": (
        EVENTS, EVENT_HEAD + "e1,limit,2020-01-06T17:00:00Z,2020-01-06T18:00:00Z,,yes\n"
        "e2,limit,2020-01-06T17:00:00Z,2020-01-06T18:00:00Z,,true\n",
        "line 2, mandatory = 'yes': is not true or false\n",
        "line 3, power_kw = '': is blank, but an event of kind limit needs the power it limits to",
    ),
    "reading of no length": (
        READINGS, READING_HEAD + "2020-01-06T17:00:00Z,d1,evse,interval,,3,\n",
        "line 2, duration_s = '': is blank, but a reading of kind interval needs its length",
    ),
    "reading of nothing": (
        READINGS, READING_HEAD + "2020-01-06T17:00:00Z,d1,evse,instant,,,\n",
        "line 2, quality = '': is not missing, but no power, energy or state of charge is given",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_a_wrong_file_is_answered_with_a_sentence(tmp_path: Path, case: str) -> None:
    spec, text, *sentences = CASES[case]
    assert isinstance(spec, TableSpec)
    path = tmp_path / f"{spec.name}.csv"
    path.write_text(str(text), encoding="utf-8")
    with pytest.raises(InputError) as refused:
        read_table(path, spec)
    assert str(path) in str(refused.value)
    for sentence in sentences:
        assert str(sentence) in str(refused.value)


def test_the_file_all_session_cases_start_from_is_right(tmp_path: Path) -> None:
    path = tmp_path / "sessions.csv"
    path.write_text(sessions())
    assert read_table(path, SESSIONS)["energy_kwh"].tolist() == [12.5]


def test_a_session_at_full_power_throughout_is_believed(tmp_path: Path) -> None:
    path = tmp_path / "history.csv"
    path.write_text(HISTORY_HEAD + "s1,2020-01-06T17:00:00Z,2020-01-06T18:00:00Z,7.5,7.2\n")
    assert len(read_table(path, HISTORY)) == 1


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("a.csv", sessions().encode("utf-16"), r"a.csv, line 1: byte 0xff is not UTF-8; save the file as UTF-8"),
        ("a.csv", sessions(node="Bærum").encode("latin-1"), r"a.csv, line 2: byte 0xe6 is not UTF-8"),
        ("a.csv.gz", sessions().encode(), r"a.csv.gz cannot be unpacked with gzip"),
        ("a.parquet", sessions().encode(), r"a.parquet cannot be read as Parquet"),
        ("a.csv", f'{SESSION_HEAD}\n{SESSION_ROW}\n"{SESSION_ROW}\n'.encode(), r"a.csv, line 3, whole line = '\"s1"),
        (
            "a.csv", f'{SESSION_HEAD}\n"{SESSION_ROW * 999}\n'.encode(),
            r"line 2, whole line = '\"s1.{117}\.\.\.': 1 cells where the header has 6",
        ),
        (
            "a.csv", f"{SESSION_HEAD}\n{(SESSION_ROW + LF) * 9000}\"{(SESSION_ROW + LF) * 40000}".encode(),
            r"a.csv, line 9002: a double quote is opened and not closed; close it, or take it out",
        ),
        ("a.csv", SESSION_HEAD.encode() + b"x" * 2_000_000, r"a.csv cannot be read as CSV"),
    ],
)  # fmt: skip
def test_bytes_that_are_no_table_are_refused(tmp_path: Path, name: str, content: bytes, sentence: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=sentence):
        read_table(tmp_path / name, SESSIONS)


@pytest.mark.parametrize("name", ["nowhere.csv", "nowhere.csv.gz", "nowhere.parquet"])
def test_a_file_that_is_not_there_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError, match=re.escape(f"{name} does not exist")):
        read_table(tmp_path / name, SESSIONS)


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    (tmp_path / "a.csv").mkdir()
    with pytest.raises(InputError, match=r"a.csv cannot be read"):
        read_table(tmp_path / "a.csv", SESSIONS)


def test_a_bad_cell_does_not_break_rules_as_well(tmp_path: Path) -> None:
    """The blank minimum, 0, is more than the refused need, -3: that goes without saying."""
    path = tmp_path / "sessions.csv"
    path.write_text(sessions(energy_kwh="-3"))
    with pytest.raises(RowsRefusedError) as refused:
        read_table(path, SESSIONS)
    assert [problem.column for problem in refused.value.problems] == ["energy_kwh"]


def test_lines_are_counted_past_cells_of_several_lines(tmp_path: Path) -> None:
    path = tmp_path / "sessions.csv"
    path.write_text(sessions(node='"T1\nT2"') + "s2\n" + sessions(energy_kwh="x").splitlines()[1])
    with pytest.raises(RowsRefusedError) as refused:
        read_table(path, SESSIONS)
    found = [(problem.line, problem.column, problem.reason) for problem in refused.value.problems]
    assert found == [
        (2, "node", RowReason.CONTROL_CHARACTER),
        (4, "whole line", RowReason.CELL_COUNT),
        (5, "energy_kwh", RowReason.NOT_A_NUMBER),
    ]


def test_a_quote_left_open_does_not_make_one_huge_text(tmp_path: Path) -> None:
    """Two stray quotes thousands of lines apart: what lies between is one cell, refused before it fills the memory."""
    rows = [SESSION_ROW.replace("s1", f"s{row}") for row in range(9000)]
    for row in (2000, 7000):
        rows[row] = rows[row].replace("T1", '"T1', 1)
    path = tmp_path / "sessions.csv"
    path.write_text(LF.join([SESSION_HEAD, *rows]))
    with pytest.raises(RowsRefusedError, match=r"line 2002, .*") as refused:
        read_table(path, SESSIONS)
    assert len(str(refused.value)) < 2000
    assert len(read_table(path, SESSIONS, rejects=tmp_path / "rejects.csv")) == 9000 - 5001


def test_a_long_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "sessions.csv"
    path.write_text(sessions(session_id="s" * 201))
    with pytest.raises(RowsRefusedError, match=r"session_id = 's{120}...': is 201 characters long, at most 200 fit"):
        read_table(path, SESSIONS)


def test_cells_of_several_lines_stay_whole_in_a_file_of_many_blocks(tmp_path: Path) -> None:
    """pyarrow reads a block of 1 MiB at a time; a block that ended inside a quoted cell would tear its row apart."""
    rows = [SESSION_ROW.replace("s1", f"s{row}").replace(",7.2", ',"7\n2"') for row in range(20_000)]
    path = tmp_path / "sessions.csv"
    path.write_text(LF.join([SESSION_HEAD, *rows]))
    with pytest.raises(RowsRefusedError) as refused:
        read_table(path, SESSIONS)
    assert [problem.line for problem in refused.value.problems] == list(range(2, 40_002, 2))
    assert {problem.value for problem in refused.value.problems} == {"7\n2"}
