import csv
import gzip
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pa_parquet
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from evenload.base.errors import ColumnsError, InputError
from evenload.files.columns import Column, Kind, TableSpec
from evenload.files.problems import RowReason, RowsRefusedError
from evenload.files.specs import LIMITS, LOAD, SESSIONS, SPECS
from evenload.files.table import SUFFIXES, Table, read_table, write_table

TEXTS = st.text(st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp")), max_size=8).filter(
    lambda text: text == "" or text.strip() != ""
)
ROWS = 8


def cells(column: Column) -> st.SearchStrategy[Any]:
    """Anything a cell of the column may hold, blanks often among it."""
    drawn: st.SearchStrategy[Any]
    if column.kind is Kind.TEXT:
        drawn = TEXTS if column.blank is not None else TEXTS.filter(bool)
    elif column.kind is Kind.WORD:
        drawn = st.sampled_from(column.words)
    elif column.kind is Kind.FLAG:
        drawn = st.booleans()
    elif column.kind is Kind.INTEGER:
        drawn = st.integers(int(column.low), int(column.high))
    elif column.kind is Kind.INSTANT:
        drawn = st.datetimes(datetime(1990, 1, 1), datetime(2099, 1, 1)).map(lambda at: np.datetime64(at, "s"))  # noqa: DTZ001
    else:
        drawn = st.floats(column.low, column.high)
    return drawn if column.blank is None else st.just(column.blank) | drawn


@st.composite
def tables(draw: st.DrawFn) -> tuple[TableSpec, dict[str, NDArray[Any]]]:
    """Columns of any canonical file: some optional ones left out, rows that break a rule or repeat a key dropped."""
    spec = draw(st.sampled_from(SPECS))
    left_out = draw(st.sets(st.sampled_from(spec.names))) - set(spec.required)
    drawn = {}
    for column in spec.columns:
        cell = st.just(column.blank) if column.name in left_out else cells(column)
        drawn[column.name] = np.array(draw(st.lists(cell, min_size=ROWS, max_size=ROWS)), dtype=column.kind.dtype)
    keep = np.ones(ROWS, dtype=np.bool_)
    for rule in spec.rules:
        keep &= ~rule.bad(drawn)
    seen = set()
    for row in range(ROWS):
        key = tuple(str(drawn[name][row]) for name in spec.key)
        keep[row] &= key not in seen
        seen.add(key)
    return spec, {name: column[keep] for name, column in drawn.items() if name not in left_out}


def assert_same(read: Table, spec: TableSpec, written: dict[str, NDArray[Any]]) -> None:
    assert list(read.columns) == list(spec.names)
    for column in spec.columns:
        array = read[column.name]
        assert array.dtype.kind == column.kind.dtype.kind
        expected = written[column.name] if column.name in written else [column.blank] * len(read)
        np.testing.assert_array_equal(array, np.array(expected, dtype=column.kind.dtype))


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None, max_examples=150)
@given(tables(), st.sampled_from(SUFFIXES))
def test_what_is_written_is_read_back(
    tmp_path_factory: pytest.TempPathFactory, drawn: tuple[TableSpec, dict[str, NDArray[Any]]], suffix: str
) -> None:
    spec, columns = drawn
    path = tmp_path_factory.getbasetemp() / f"{spec.name}{suffix}"
    write_table(path, spec, columns)
    assert_same(read_table(path, spec), spec, columns)


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.name)
@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_file_with_no_rows_is_read_as_such(tmp_path: Path, spec: TableSpec, suffix: str) -> None:
    path = tmp_path / f"x{suffix}"
    write_table(path, spec, {column.name: np.array([], dtype=column.kind.dtype) for column in spec.columns})
    assert len(read_table(path, spec)) == 0


LOADS = {
    "node": np.array(["T1", "T1", 'a "b", c']),
    "timestamp": np.array(["2020-03-29T00:00:00", "2020-03-29T01:00:00", "2020-03-29T00:00:00"], dtype="datetime64[s]"),
    "load_kw": np.array([0.1, 7.0, -1e-7]),
}


def test_csv_is_written_for_people(tmp_path: Path) -> None:
    path = tmp_path / "load.csv"
    write_table(path, LOAD, {name: column[:2] for name, column in LOADS.items()})
    assert path.read_text() == (
        "node,timestamp,load_kw\nT1,2020-03-29T00:00:00+00:00,0.1\nT1,2020-03-29T01:00:00+00:00,7\n"
    )


def test_others_read_the_same_values(tmp_path: Path) -> None:
    """The standard library, pandas and gzip as readers that know nothing of evenload."""
    for suffix in SUFFIXES:
        write_table(tmp_path / f"load{suffix}", LOAD, LOADS)
    with (tmp_path / "load.csv").open(newline="") as plain, gzip.open(tmp_path / "load.csv.gz", "rt") as packed:
        rows = list(csv.DictReader(plain))
        assert rows == list(csv.DictReader(packed))
    assert [float(row["load_kw"]) for row in rows] == LOADS["load_kw"].tolist()
    assert rows[2]["node"] == 'a "b", c'
    assert datetime.fromisoformat(rows[1]["timestamp"]).timestamp() == LOADS["timestamp"][1].astype(int)
    frame = pd.read_parquet(tmp_path / "load.parquet")
    assert str(frame["timestamp"].dt.tz) == "UTC"
    assert frame["load_kw"].tolist() == LOADS["load_kw"].tolist()


def test_what_others_write_is_read(tmp_path: Path) -> None:
    """pandas stamps, unknown values and column order; a byte order mark, Windows line ends and no last line end."""
    frame = pd.DataFrame({name: LOADS[name] for name in ("load_kw", "node", "timestamp")})
    frame["timestamp"] = frame["timestamp"].dt.tz_localize("UTC").dt.tz_convert("Europe/Oslo")
    frame["kind"] = pd.Categorical(["total", None, "direct"])
    frame.to_parquet(tmp_path / "load.parquet")
    frame.to_csv(tmp_path / "load.csv", index=False)
    for suffix in (".csv", ".parquet"):
        read = read_table(tmp_path / f"load{suffix}", LOAD)
        assert_same(read, LOAD, LOADS | {"kind": np.array(["total", "direct", "direct"])})
    text = (tmp_path / "load.csv").read_text().rstrip("\n").replace("\n", "\r\n")
    (tmp_path / "load.csv").write_bytes(text.encode("utf-8-sig"))
    np.testing.assert_array_equal(read_table(tmp_path / "load.csv", LOAD)["load_kw"], LOADS["load_kw"])


def test_the_same_rows_make_the_same_bytes(tmp_path: Path) -> None:
    for suffix in SUFFIXES:
        paths = [tmp_path / f"{name}{suffix}" for name in ("one", "two")]
        for path in paths:
            write_table(path, LOAD, LOADS)
        assert paths[0].read_bytes() == paths[1].read_bytes()


# -- bad rows ----------------------------------------------------------------------------------------------------------

BAD_LIMITS = """\
node,timestamp,limit_kw
T1,2020-01-06T00:00:00Z,50
T1,2020-01-06T01:00:00Z,fifty

T1,2020-01-06T02:00:00,-1
T2,2020-01-06T02:00:00Z
T2,2020-01-06T03:00:00Z,1,"2,5",3
T1,2020-01-06T00:00:00Z,40
,,
T3,2020-01-06T04:00:00Z,60
"""


def test_every_bad_value_is_told_with_its_line(tmp_path: Path) -> None:
    """Blank lines and lines of the wrong length do not put the count out."""
    path = tmp_path / "limits.csv"
    path.write_text(BAD_LIMITS)
    with pytest.raises(RowsRefusedError) as refused:
        read_table(path, LIMITS)
    found = [(problem.line, problem.column, problem.value, problem.reason) for problem in refused.value.problems]
    assert found == [
        (3, "limit_kw", "fifty", RowReason.NOT_A_NUMBER),
        (5, "timestamp", "2020-01-06T02:00:00", RowReason.NO_OFFSET),
        (5, "limit_kw", "-1", RowReason.OUT_OF_RANGE),
        (6, "whole line", "T2,2020-01-06T02:00:00Z", RowReason.CELL_COUNT),
        (7, "whole line", 'T2,2020-01-06T03:00:00Z,1,"2,5",3', RowReason.CELL_COUNT),
        (8, "node", "T1", RowReason.DUPLICATE),
    ]
    assert all(problem.file == str(path) for problem in refused.value.problems)


def test_bad_rows_are_set_aside_and_counted(tmp_path: Path) -> None:
    path, rejects = tmp_path / "limits.csv", tmp_path / "limits.rejects.csv"
    path.write_text(BAD_LIMITS)
    table = read_table(path, LIMITS, rejects=rejects)
    assert table["node"].tolist() == ["T1", "T3"]
    assert table["limit_kw"].tolist() == [50, 60]
    assert table.rejected == 5
    with rejects.open(newline="") as file:
        header, *rows = list(csv.reader(file))
    assert header == ["node", "timestamp", "limit_kw", "line", "column", "reason", "sentence"]
    assert [row[:6] for row in rows] == [
        ["T1", "2020-01-06T01:00:00Z", "fifty", "3", "limit_kw", "not_a_number"],
        ["T1", "2020-01-06T02:00:00", "-1", "5", "timestamp; limit_kw", "no_offset; out_of_range"],
        ["T2", "2020-01-06T02:00:00Z", "", "6", "whole line", "cell_count"],
        ["T2", "2020-01-06T03:00:00Z", "1,2,5,3", "7", "whole line", "cell_count"],
        ["T1", "2020-01-06T00:00:00Z", "40", "8", "node", "duplicate"],
    ]
    assert rows[4][6] == "the same node and timestamp as in line 2; keep one of the two rows"


def test_a_reject_file_of_an_earlier_run_does_not_outlive_a_clean_one(tmp_path: Path) -> None:
    path, rejects = tmp_path / "limits.csv", tmp_path / "limits.rejects.csv"
    rejects.write_text("old")
    path.write_text(BAD_LIMITS.splitlines()[0] + "\nT1,2020-01-06T00:00:00Z,50\n")
    assert read_table(path, LIMITS, rejects=rejects).rejected == 0
    assert not rejects.exists()


def test_parquet_rows_go_through_the_same_checks(tmp_path: Path) -> None:
    stamps = pa.array([0, 3600, 7200], pa.int64()).cast(pa.timestamp("ms", tz="UTC"))
    table = pa.table({"node": ["T1", None, "T1"], "timestamp": stamps, "limit_kw": [1.0, 2.0, float("nan")]})
    pa_parquet.write_table(table, tmp_path / "limits.parquet")
    with pytest.raises(RowsRefusedError) as refused:
        read_table(tmp_path / "limits.parquet", LIMITS)
    found = [(problem.line, problem.column, problem.reason) for problem in refused.value.problems]
    assert (3, "node", RowReason.BLANK) in found
    assert (4, "limit_kw", RowReason.BLANK) in found


# -- writing what cannot be written ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"lod_kw": LOADS["load_kw"]}, "a load file has no column 'lod_kw'. Did you mean 'load_kw'?"),
        ({"load_kw": LOADS["load_kw"][:1]}, "must be of one length"),
    ],
)
def test_foreign_columns_are_not_written(tmp_path: Path, changes: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ColumnsError, match=sentence.replace("?", r"\?")):
        write_table(tmp_path / "load.csv", LOAD, LOADS | changes)
    with pytest.raises(ColumnsError, match="needs the columns timestamp, load_kw"):
        write_table(tmp_path / "load.csv", LOAD, {"node": LOADS["node"]})


@pytest.mark.parametrize("value", [np.nan, np.inf, 1e12])
def test_what_could_not_be_read_is_not_written(tmp_path: Path, value: float) -> None:
    path = tmp_path / "load.csv"
    path.write_text("old")
    with pytest.raises(RowsRefusedError, match=r"load.csv, line 2, load_kw"):
        write_table(path, LOAD, LOADS | {"load_kw": np.array([value, 0, 0])})
    assert path.read_text() == "old"


def test_another_suffix_is_refused_before_anything_else(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"ends in .csv, .csv.gz or .parquet"):
        write_table(tmp_path / "load.xlsx", LOAD, LOADS)
    with pytest.raises(InputError, match=r"load.xlsx: the name of a canonical file ends in"):
        read_table(tmp_path / "load.xlsx", LOAD)


def test_a_hundred_thousand_rows_are_read_without_a_look_at_each(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No cell goes through the one-by-one pass as long as none is bad."""
    size = 100_000
    plugged = np.datetime64("2020-01-06T00:00:00") + np.arange(size)
    columns = {
        "session_id": np.char.add("s", np.arange(size).astype(np.str_)),
        "node": np.full(size, "T1"), "plugged_at": plugged, "departs_at": plugged + 3600,
        "energy_kwh": np.full(size, 5.0), "power_kw_max": np.full(size, 7.2),
    }  # fmt: skip
    write_table(tmp_path / "sessions.csv", SESSIONS, columns)
    monkeypatch.delattr("evenload.files.parsing._one_by_one")
    table = read_table(tmp_path / "sessions.csv", SESSIONS)
    np.testing.assert_array_equal(table["departs_at"], columns["departs_at"])
