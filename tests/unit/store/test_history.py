"""Readings of closed days: packed, read as before, corrected, summed, exported, forgotten."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sqlalchemy import func, select

from evenload.base.instants import Interval
from evenload.domain.circuit import Circuit, CircuitKind
from evenload.domain.station import StationId
from evenload.domain.station_readings import Quality, Reading, ReadingKind, SampleContext
from evenload.files.specs import READINGS
from evenload.files.table import read_table
from evenload.service.driver_rows import PromiseBasis, PromiseRow
from evenload.service.live_rows import CircuitRow, DecisionRow, DeviceRow, SiteRow
from evenload.service.ports import Store
from evenload.service.rows import EventRow, OrderRow, ReadingRow
from evenload.store.sql import pack as packing_days
from evenload.store.sql.export import export_readings
from evenload.store.sql.pack import pack
from evenload.store.sql.schema import readings, readings_packed, slots, slots_packed
from evenload.store.sql.store import SqlStore
from evenload.store.sql.upkeep import Retention, prune, roll_up, upkeep

pytestmark = pytest.mark.requirement("R106")

A, B = StationId("home", "A"), StationId("home", "B")
DAY = timedelta(days=1)
T0 = datetime(2026, 3, 1, tzinfo=UTC)
NOW = T0 + 5 * DAY + timedelta(hours=13)
ALWAYS = Interval(T0 - 99 * DAY, T0 + 99 * DAY)


def history(station: StationId, days: int, every_minutes: int = 60) -> list[ReadingRow]:
    """Registers and moments with what stations tell, on the hour and between."""
    rows = []
    for n in range(days * 24 * 60 // every_minutes):
        at = T0 + timedelta(minutes=every_minutes * n, seconds=n % 3, microseconds=n % 5)
        quality = Quality.MEASURED if n % 7 else Quality.ESTIMATED
        moment = Reading(at=at, kind=ReadingKind.INSTANT, power_kw=7.361, soc=n % 90 / 100, quality=quality,
                         current_a=(10.5, None, 16.0), voltage_v=(230.1, 229.9, 231.0))  # fmt: skip
        register = Reading(at=at, kind=ReadingKind.REGISTER, energy_kwh_import=round(100 + 0.1234 * n, 4),
                           context=SampleContext.CLOCK)  # fmt: skip
        rows += [ReadingRow(station, 1, moment, str(n // 20)), ReadingRow(station, 1 + n % 2, register)]
    return rows


def of(station: StationId, minutes: float, kind: ReadingKind = ReadingKind.INTERVAL, **told: Any) -> ReadingRow:
    """A reading so many minutes after the beginning."""
    return ReadingRow(station, 1, Reading(at=T0 + timedelta(minutes=minutes), kind=kind, **told))


def everything(store: Store, station: StationId, window: Interval = ALWAYS, count: int = 10**6) -> Sequence[ReadingRow]:
    with store.reading() as unit:
        return unit.readings.within(station, window, count)


def put(store: Store, rows: Sequence[ReadingRow]) -> None:
    with store.writing() as unit:
        unit.readings.put(rows)


def counted(store: SqlStore, table: Any) -> int:
    with store.reading_connection() as connection:
        return int(connection.execute(select(func.count()).select_from(table)).scalar_one())


def test_packed_days_are_read_as_before(sql: SqlStore) -> None:
    put(sql, [*history(A, 6), *history(B, 1)])
    before, latest = everything(sql, A), _latest(sql)
    some = [everything(sql, A, Interval(T0 + DAY, T0 + 4 * DAY), count) for count in (1, 30, 500)]
    done = pack(sql, NOW)
    assert (done.days, done.rows) == (3, 3 * 48 + 48)
    assert counted(sql, readings) == 3 * 48
    assert counted(sql, readings_packed) == 3 * 2 + 2
    assert everything(sql, A) == before
    assert _latest(sql) == latest  # B's has long been packed
    assert some == [everything(sql, A, Interval(T0 + DAY, T0 + 4 * DAY), count) for count in (1, 30, 500)]
    assert pack(sql, NOW).rows == 0


def _latest(store: Store) -> Sequence[ReadingRow]:
    with store.reading() as unit:
        return unit.readings.latest("home")


def test_what_comes_late_completes_and_corrects_one_row(sql: SqlStore) -> None:
    rows = history(A, 4)
    put(sql, rows)
    pack(sql, NOW)
    first = rows[0].reading
    late = [
        ReadingRow(
            A, 1, Reading(at=first.at, kind=first.kind, power_kw=9.9, energy_kwh_import=1.5, context=first.context), "0"
        ),
        ReadingRow(A, 1, Reading(at=T0 + timedelta(minutes=7), kind=ReadingKind.INSTANT, power_kw=1.0)),
    ]
    put(sql, late)
    seen = everything(sql, A)
    assert len(seen) == len(rows) + 1
    assert (seen[0].reading.power_kw, seen[0].reading.energy_kwh_import, seen[0].reading.soc) == (9.9, 1.5, 0.0)
    kept = counted(sql, readings_packed)
    assert pack(sql, NOW).rows == 2
    assert everything(sql, A) == seen
    assert counted(sql, readings_packed) == kept


def test_packing_that_is_broken_off_loses_and_doubles_nothing(sql: SqlStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packing_days, "WRITE_ROWS", 20)
    put(sql, [*history(A, 4), *history(B, 4)])
    before = everything(sql, A), everything(sql, B)
    real, calls = sql.database.remove_readings, []

    def broken(connection: Any, rows: Any) -> int:
        calls.append(1)
        if len(calls) == 3:
            raise RuntimeError("the power went")
        return real(connection, rows)

    monkeypatch.setattr(sql.database, "remove_readings", broken)
    with pytest.raises(RuntimeError):
        pack(sql, NOW)
    assert (everything(sql, A), everything(sql, B)) == before
    assert counted(sql, readings_packed) > 0
    pack(sql, NOW)
    assert (everything(sql, A), everything(sql, B)) == before
    assert counted(sql, readings) == 2 * 48


def test_a_reading_that_changes_while_its_day_is_packed_is_not_lost(
    sql: SqlStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(sql, history(A, 1))
    real = packing_days.packed
    corrected = of(A, 0, ReadingKind.INSTANT, power_kw=3.0)

    def slow(rows: Any) -> bytes:
        put(sql, [corrected])
        return real(rows)

    monkeypatch.setattr(packing_days, "packed", slow)
    pack(sql, NOW)
    monkeypatch.undo()
    assert everything(sql, A)[0].reading.power_kw == 3.0
    pack(sql, NOW)
    assert counted(sql, readings) == 0
    assert everything(sql, A)[0].reading.power_kw == 3.0


def grid(store: Store) -> None:
    with store.writing() as unit:
        unit.circuits.put(
            [
                CircuitRow("home", Circuit("F", "", CircuitKind.FEEDER)),
                CircuitRow("home", Circuit("S", "F", CircuitKind.SITE)),
            ]
        )
        unit.sites.put([SiteRow("home", "S")])
        unit.devices.put([DeviceRow("home", "a", "S", "A"), DeviceRow("home", "b", "S", "B")])


def quarters(store: Store) -> None:
    """Two cars: 4 kW for an hour by registers, 6 kW for half an hour by intervals."""
    registers = [of(A, m, ReadingKind.REGISTER, energy_kwh_import=m / 15) for m in range(0, 61, 5)]
    intervals = [of(B, m, duration_s=600, power_kw=6.0, quality=Quality.ESTIMATED) for m in (0, 10, 20)]
    put(store, [*registers, *intervals])


def _slots(store: Store, window: Interval = ALWAYS) -> Any:
    with store.reading() as unit:
        return (
            [(row.at, round(row.power_kw, 3), round(row.covered, 2)) for row in unit.slots.of_evse(A, 1, window)],
            [(round(row.power_kw, 3), row.quality) for row in unit.slots.of_evse(B, 1, window)],
        )


def test_quarters_of_every_store_are_the_same(store: Store) -> None:
    grid(store)
    quarters(store)
    if isinstance(store, SqlStore):
        assert roll_up(store, T0 + timedelta(minutes=61)) == 6
    window = Interval(T0, T0 + DAY)
    assert _slots(store, window) == (
        [(T0 + timedelta(minutes=15 * n), 4.0, 1.0) for n in range(4)],
        [(6.0, Quality.ESTIMATED)] * 2,
    )
    with store.reading() as unit:
        for node in ("F", "S"):
            rows = unit.slots.of_circuit("home", node, window)
            assert [(round(row.power_kw, 3), row.devices) for row in rows] == [(10.0, 2), (10.0, 2), (4.0, 1), (4.0, 1)]
        assert unit.slots.of_circuit("depot", "F", window) == []
        assert unit.slots.of_evse(A, 1, Interval(T0 + timedelta(minutes=1), T0 + timedelta(minutes=16)))[
            0
        ].at == T0 + timedelta(minutes=15)


def test_quarters_are_made_again_for_an_hour_and_when_their_day_is_packed(sql: SqlStore) -> None:
    quarters(sql)
    roll_up(sql, T0 + timedelta(minutes=31))
    assert _slots(sql)[0] == [(T0, 4.0, 1.0), (T0 + timedelta(minutes=15), 4.0, 1.0)]
    late = [
        ReadingRow(
            B, 1, Reading(at=T0 + timedelta(minutes=30), kind=ReadingKind.INTERVAL, duration_s=900, power_kw=2.0)
        )
    ]
    put(sql, late)
    roll_up(sql, T0 + timedelta(minutes=61))
    assert [power for power, _ in _slots(sql)[1]] == [6.0, 6.0, 2.0]
    put(
        sql,
        [
            ReadingRow(
                B, 1, Reading(at=T0 + timedelta(hours=5), kind=ReadingKind.INTERVAL, duration_s=900, power_kw=1.0)
            )
        ],
    )
    before = counted(sql, slots)
    pack(sql, NOW)
    assert (before, counted(sql, slots), counted(sql, slots_packed)) == (7, 0, 2)
    assert len(_slots(sql)[0]) == 4
    assert [power for power, _ in _slots(sql)[1]] == [6.0, 6.0, 2.0, 1.0]


def test_what_is_too_old_is_forgotten_and_the_rest_stays(sql: SqlStore) -> None:
    put(sql, history(A, 6))
    old, new = NOW - 100 * DAY, NOW - DAY
    with sql.writing() as unit:
        unit.events.add([EventRow(A, at, at, 0, "x", str(n)) for n, at in enumerate([old, old, new])])
        unit.decisions.add([DecisionRow("home", at, "d", "s", "limit", "why") for at in (old, new)])
        for name, settlement, standing in (("a", "done", False), ("b", "done", True), ("c", "", False)):
            unit.orders.add(OrderRow(name, A, "Reset", 0, "{}", old, standing=standing, settlement=settlement))
    upkeep(sql, NOW)
    with sql.reading() as unit:
        assert [row.at for row in unit.events.last("home", 9)] == [new]
        assert [row.at for row in unit.decisions.last("home", 9)] == [new]
        assert [row.order_id for row in unit.orders.last("home", 9)] == ["b", "c"]
    left = everything(sql, A)
    prune(sql, NOW, Retention(readings=4, slots=4, events=None))
    assert everything(sql, A) == [row for row in left if row.reading.at >= T0 + DAY]


def test_orders_nobody_answered_are_forgotten_once_they_are_long_worthless(sql: SqlStore) -> None:
    long_ago, lately = NOW - 3 * DAY, NOW - DAY
    told = {
        "none": ("", False, long_ago), "refused to answer": ("no_answer", False, long_ago),
        "ended limits": ("no_answer", True, long_ago), "lately": ("", False, lately), "for good": ("", False, None),
        "answered": ("done", False, long_ago), "holds": ("done", True, long_ago), "last": ("", False, long_ago),
    }  # fmt: skip
    with sql.writing() as unit:
        for name, (settlement, standing, worthless_at) in told.items():
            unit.orders.add(OrderRow(name, A, "Reset", 0, "{}", long_ago, worthless_at, standing, settlement))
    assert prune(sql, NOW, Retention(unanswered=None)) == 0
    assert prune(sql, NOW, Retention()) == 3
    with sql.reading() as unit:
        left = ["lately", "for good", "answered", "holds", "last"]
        assert [row.order_id for row in unit.orders.last("home", 9)] == left
        assert [row.order_id for row in unit.orders.to_give(0)] == ["lately", "for good", "holds", "last"]


def test_numbers_go_on_when_all_there_is_is_too_old(sql: SqlStore) -> None:
    old = NOW - 100 * DAY
    with sql.writing() as unit:
        unit.events.add([EventRow(A, old, old, 0, "x", str(n)) for n in range(3)])
    with sql.reading() as unit:
        read_up_to = unit.events.last("home", 1)[0].number
    assert prune(sql, NOW, Retention()) == 2
    with sql.writing() as unit:
        unit.events.add([EventRow(A, NOW, NOW, 0, "x", "new")])
    with sql.reading() as unit:
        assert [row.body for row in unit.events.after("home", read_up_to, 9)] == ["new"]


def test_upkeep_ends_early_and_is_made_up_for(sql: SqlStore, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [*history(A, 3), *history(B, 3)]
    put(sql, rows)
    before = everything(sql, A)
    monkeypatch.setattr(packing_days, "READ_ROWS", 10)
    answers = iter([True] * 60)
    broken_off = upkeep(sql, NOW, going_on=lambda: next(answers, False))
    assert (broken_off.packed.days, broken_off.forgotten) == (0, 0)
    assert upkeep(sql, NOW, going_on=lambda: False).packed.days <= 1
    assert everything(sql, A) == before
    upkeep(sql, NOW)
    with sql.reading_connection() as connection:
        assert connection.execute(select(func.count()).select_from(readings)).scalar() == 0
    assert everything(sql, A) == before


def test_an_export_is_a_canonical_file(sql: SqlStore, tmp_path: Path) -> None:
    rows = [*history(A, 4), *history(B, 4)]
    put(
        sql,
        [
            *rows,
            ReadingRow(
                A, 1, Reading(at=T0 + timedelta(minutes=1), kind=ReadingKind.INSTANT, current_a=(1.0, None, None))
            ),
        ],
    )
    put(sql, [ReadingRow(StationId("depot", "A"), 1, rows[0].reading)])
    with sql.writing() as unit:
        unit.devices.put([DeviceRow("home", "carport", "S", "A")])
    pack(sql, NOW)
    done = export_readings(sql, "home", Interval(T0, T0 + 4 * DAY), tmp_path / "all.parquet")
    assert (done.rows, done.left_out) == (len(rows), 1)
    table = read_table(tmp_path / "all.parquet", READINGS)
    assert set(table["device_id"]) == {"carport", "A/2", "B/1", "B/2"}
    assert np.nansum(table["energy_kwh_import"]) == pytest.approx(
        sum(row.reading.energy_kwh_import or 0 for row in rows)
    )
    part = export_readings(sql, "home", Interval(T0 + DAY, T0 + 2 * DAY), tmp_path / "day.parquet")
    assert part.rows == sum(T0 + DAY <= row.reading.at < T0 + 2 * DAY for row in rows)


def test_what_drivers_were_told_is_forgotten_but_for_the_last_number(sql: SqlStore) -> None:
    told = PromiseRow(
        "t", "s", "ann", "leaf", NOW - timedelta(days=91), PromiseBasis.PLAN, NOW, 7.5, 20.0, is_met=False,
        sentence="Your car ...",
    )  # fmt: skip
    with sql.writing() as unit:
        unit.promises.add([told, told, replace(told, at=NOW)])
    assert prune(sql, NOW, Retention(promises=None)) == 0
    assert prune(sql, NOW, Retention()) == 2
    with sql.reading() as unit:
        assert [one.at for one in unit.promises.after("t", 0, 9)] == [NOW]
