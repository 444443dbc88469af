"""293 real awkward rows in five layouts: each accepted with its flag, repaired, or refused for its reason."""

import csv
import gzip
import json
from collections import Counter
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from evenload.base.instants import to_datetime
from evenload.files.importers import asensio, boulder, chargeplace, norway
from evenload.files.importers.outcome import ImportOutcome, RowFlag, RowRepair
from evenload.files.problems import RowReason

pytestmark = pytest.mark.shared_data

READERS: dict[str, Callable[..., ImportOutcome]] = {
    "norway12": norway.read_records,
    "asensio_workplace": asensio.read_records,
    "boulder": boulder.read_records,
    "perth_kinross": chargeplace.read_records,
    "dundee": chargeplace.read_records,
}
COUNTS = {"norway12": 86, "asensio_workplace": 17, "boulder": 12, "perth_kinross": 103, "dundee": 75}
REFUSED = {
    ("norway12", "missing_unplug"): RowReason.MISSING_UNPLUG,
    ("norway12", "duration_contradicts_timestamps"): RowReason.DURATION_CONTRADICTS,
    ("asensio_workplace", "zero_energy"): RowReason.ZERO_ENERGY,
    ("boulder", "clock_times_contradict_duration_field"): RowReason.DURATION_CONTRADICTS,
    ("boulder", "zero_energy"): RowReason.ZERO_ENERGY,
    ("perth_kinross", "missing_unplug"): RowReason.MISSING_UNPLUG,
    ("perth_kinross", "nonpositive_duration"): RowReason.NONPOSITIVE_DURATION,
    ("perth_kinross", "impossible_average_power"): RowReason.IMPOSSIBLE_POWER,
    ("perth_kinross", "day_month_swapped"): RowReason.OUTSIDE_FILE_PERIOD,
    ("dundee", "missing_unplug"): RowReason.MISSING_UNPLUG,
    ("dundee", "nonpositive_duration"): RowReason.NONPOSITIVE_DURATION,
    ("dundee", "end_date_1970"): RowReason.MISSING_UNPLUG,
    ("dundee", "day_month_swapped"): RowReason.OUTSIDE_FILE_PERIOD,
}
ACCEPTED = {
    "tiny_energy": RowFlag.TINY_ENERGY,
    "session_over_dst_change": RowFlag.CROSSES_CLOCK_CHANGE,
    "overlaps_next_session_of_same_user": RowFlag.OVERLAPS_NEXT,
}
ZERO_LENGTH_TOO = "981"
"""``_id`` of the one Perth row that is called day_month_swapped and has no length either: that is refused first."""

Dirty = list[tuple[str, dict[str, Any]]]


@pytest.fixture(scope="module")
def dirty(shared_data: Path) -> dict[str, Dirty]:
    found: dict[str, Dirty] = {source: [] for source in READERS}
    for row in _csv(shared_data / "sessions/dirty_rows.csv.gz"):
        found[row["source"]].append((row["problem"], json.loads(row["raw"])))
    return found


def test_the_file_holds_the_rows_the_table_speaks_of(dirty: dict[str, Dirty]) -> None:
    assert {source: len(rows) for source, rows in dirty.items()} == COUNTS
    assert sum(COUNTS.values()) == 293
    problems = {(source, problem) for source, rows in dirty.items() for problem, _ in rows}
    assert problems == set(REFUSED) | {("norway12", problem) for problem in ACCEPTED}


@pytest.mark.parametrize("source", READERS)
def test_every_row_meets_exactly_one_end(source: str, dirty: dict[str, Dirty]) -> None:
    outcome = READERS[source]([record for _, record in dirty[source]])
    refused = {problem.line - 2 for problem in outcome.problems}
    assert len(refused) == len(outcome.problems)
    assert len(outcome.history) + len(refused) == COUNTS[source]
    assert all(problem.sentence for problem in outcome.problems)


@pytest.mark.parametrize("source", READERS)
def test_refused_rows_are_refused_for_their_reason(source: str, dirty: dict[str, Dirty]) -> None:
    outcome = READERS[source]([record for _, record in dirty[source]])
    reasons = {problem.line - 2: problem.reason for problem in outcome.problems}
    for row, (problem, record) in enumerate(dirty[source]):
        expected = REFUSED.get((source, problem))
        if source == "perth_kinross" and record["_id"] == ZERO_LENGTH_TOO:
            expected = RowReason.NONPOSITIVE_DURATION
        assert reasons.get(row) == expected, (problem, record)


def test_awkward_norwegian_rows_are_accepted_with_their_flag(shared_data: Path, dirty: dict[str, Dirty]) -> None:
    """Overlaps need the neighbours, so the dirty rows are read among the whole prepared set, put back into raw form."""
    in_dirty = {record["session_id"] for _, record in dirty["norway12"]}
    neighbours = [record for record in _raw_norway(shared_data) if record["session_id"] not in in_dirty]
    outcome = norway.read_records([*(record for _, record in dirty["norway12"]), *neighbours])
    accepted, flags = set(outcome.history.session_id.tolist()), set(outcome.flags)
    for problem, record in dirty["norway12"]:
        if flag := ACCEPTED.get(problem):
            assert record["session_id"] in accepted
            assert (record["session_id"], flag) in flags


def test_elapsed_time_over_a_clock_change_is_what_the_chargers_counted(dirty: dict[str, Dirty]) -> None:
    """TRO_R and KRO report elapsed hours of their own, independent of any clock."""
    records = [record for problem, record in dirty["norway12"] if problem == "session_over_dst_change"]
    assert {record["location"] for record in records} == {"TRO_R", "KRO"}
    outcome = norway.read_records(records)
    counted = [record["connection_time"] for record in records]
    np.testing.assert_allclose(outcome.history.connected_h, counted, atol=2 / 3600)


@pytest.mark.parametrize(("source", "repaired"), [("perth_kinross", 39), ("dundee", 24)])
def test_exchanged_dates_are_repaired_on_request_where_the_order_of_the_file_proves_it(
    source: str, repaired: int, shared_data: Path, dirty: dict[str, Dirty]
) -> None:
    outcome = chargeplace.read_records([record for _, record in dirty[source]], repair_dates=True)
    assert Counter(repair for _, repair in outcome.repairs) == {RowRepair.DAY_MONTH_EXCHANGED: repaired}
    prepared = {row["session_id"]: row for row in _csv(shared_data / f"sessions/public_{source}.csv.gz")}
    history = outcome.history
    assert len(history) == repaired
    for row, session_id in enumerate(history.session_id.tolist()):
        expected = prepared[session_id]
        assert to_datetime(history.plugged_at[row]) == datetime.fromisoformat(expected["plugged_at"])
        assert to_datetime(history.unplugged_at[row]) == datetime.fromisoformat(expected["unplugged_at"])
        assert history.energy_kwh_metered[row] == float(expected["energy_kwh"])
        assert (history.port_id[row], history.site_id[row]) == (expected["port_id"], expected["site_id"])


def test_the_whole_norwegian_set_reads_as_it_was_prepared(shared_data: Path) -> None:
    """The prepared file was made by other code; 56 overlaps were counted apart from this reader."""
    outcome = norway.read_records(_raw_norway(shared_data))
    prepared = _csv(shared_data / "sessions/residential_norway12.csv.gz")
    assert outcome.problems == ()
    assert outcome.history.session_id.tolist() == [row["session_id"] for row in prepared]
    for name in ("plugged_at", "unplugged_at"):
        expected = [int(datetime.fromisoformat(row[name]).timestamp()) for row in prepared]
        assert getattr(outcome.history, name).astype(np.int64).tolist() == expected
    flags = Counter(flag for _, flag in outcome.flags)
    assert flags[RowFlag.OVERLAPS_NEXT] == _overlaps(prepared) == 56
    assert flags[RowFlag.CROSSES_CLOCK_CHANGE] == 70
    assert flags[RowFlag.TINY_ENERGY] == sum(float(row["energy_kwh"]) <= 0.5 for row in prepared) == 204


def _overlaps(prepared: list[dict[str, str]]) -> int:
    """Sessions that overlap any later one of the same user, by comparing all pairs of a user."""
    by_user: dict[str, list[tuple[float, float]]] = {}
    for row in prepared:
        span = (datetime.fromisoformat(row[name]).timestamp() for name in ("plugged_at", "unplugged_at"))
        by_user.setdefault(row["user_id"], []).append((next(span), next(span)))
    count = 0
    for spans in by_user.values():
        starts = np.array(sorted(start for start, _ in spans))
        count += sum(bool(np.any((starts > start) & (starts < end))) for start, end in spans)
    return count


def _raw_norway(shared_data: Path) -> list[dict[str, object]]:
    oslo = ZoneInfo("Europe/Oslo")
    return [
        {
            "location": row["site_id"],
            "user_id": row["user_id"],
            "session_id": row["session_id"],
            "plugin_time": _clock(row["plugged_at"], oslo),
            "plugout_time": _clock(row["unplugged_at"], oslo),
            "connection_time": None,
            "energy_session": row["energy_kwh"].replace(".", ","),
        }
        for row in _csv(shared_data / "sessions/residential_norway12.csv.gz")
    ]


def _clock(timestamp: str, zone: ZoneInfo) -> str:
    return datetime.fromisoformat(timestamp).astimezone(zone).strftime("%Y-%m-%d %H:%M:%S")


def _csv(path: Path) -> list[dict[str, str]]:
    with gzip.open(path, "rt", encoding="utf-8") as file:
        return list(csv.DictReader(file))
