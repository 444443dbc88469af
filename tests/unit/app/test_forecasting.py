"""Forecasts kept fresh: from rows in the store to what the brain expects, in this process and in another."""

import asyncio
import dataclasses
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from evenload.app import forecasting
from evenload.app.forecasting import Forecasting
from evenload.domain.circuit import Circuit, CircuitKind
from evenload.domain.station import StationId
from evenload.domain.station_readings import Quality, Reading, ReadingKind
from evenload.service.live_rows import CircuitRow, DeviceRow, LoadKind, LoadRow, SiteRow
from evenload.service.ports import Store
from evenload.service.rows import ReadingRow, StationRow
from evenload.service.snapshot import Expected
from evenload.store.memory import MemoryStore
from evenload.store.sql.store import opened
from evenload.store.sql.upkeep import roll_up

NOW = datetime(2026, 3, 2, 18, 5, tzinfo=UTC)
START = NOW.replace(minute=0)
QUARTER = timedelta(minutes=15)


class Wall:
    now = NOW


def rows(node: str, hours: float, kw: float, minutes: int = 15, kind: LoadKind = LoadKind.DIRECT) -> list[LoadRow]:
    step = timedelta(minutes=minutes)
    count = round(timedelta(hours=hours) / step)
    return [LoadRow("t", node, START - step * (n + 1), 60.0 * minutes, kw, kind) for n in range(count)]


def put(store: Store, loads: list[LoadRow]) -> None:
    with store.writing() as unit:
        unit.circuits.put(
            CircuitRow("t", one)
            for one in (
                Circuit("F", "", CircuitKind.FEEDER, 100.0),
                Circuit("a", "F", CircuitKind.SITE, 50.0),
                Circuit("b", "F", CircuitKind.SITE, 50.0),
            )
        )
        unit.loads.put(loads)


def made(store: Store, **known: object) -> tuple[Forecasting, Wall]:
    wall = Wall()
    return Forecasting(store, ["t"], lambda: wall.now, 0.9, 60.0, **known), wall  # type: ignore[arg-type]


def loads_of(found: Expected | None) -> dict[str, tuple[float, float]]:
    assert found is not None
    return {
        node: (round(float(own.min()), 2), round(float(own.max()), 2))
        for node, own in zip(found.nodes, found.load_kw, strict=True)
    }


def test_a_new_meter_leaves_the_feeder_its_load() -> None:
    store = MemoryStore()
    put(store, rows("a", 480, 30.0))
    made_here, wall = made(store)
    made_here.refresh("t")
    assert loads_of(made_here.expected("t")) == {"F": (30.0, 30.0), "a": (30.0, 30.0)}
    put(store, rows("b", 3, 20.0))
    wall.now += timedelta(minutes=10)
    made_here.refresh("t")
    found = made_here.expected("t")
    assert loads_of(found)["F"][0] >= 50.0
    assert found is not None
    assert found.basis == {"F": "partial", "a": "history", "b": "class"}


def test_five_minute_rows_are_averaged() -> None:
    store = MemoryStore()
    put(
        store, [dataclasses.replace(one, load_kw=40.0 if n % 3 else 10.0) for n, one in enumerate(rows("a", 480, 0, 5))]
    )
    here, _ = made(store)
    here.refresh("t")
    assert loads_of(here.expected("t"))["a"] == (30.0, 30.0)


def test_nothing_metered_is_nothing_expected_and_known_to_be_so() -> None:
    store = MemoryStore()
    put(store, [])
    here, _ = made(store)
    assert not here.tried("t")
    here.refresh("t")
    assert here.expected("t") is None
    assert here.tried("t")
    assert here.stale() == []


def test_what_comes_late_is_still_taken() -> None:
    store = MemoryStore()
    put(store, rows("a", 480, 30.0)[40 * 4 :])
    here, wall = made(store)
    here.refresh("t")
    assert here.expected("t").basis["a"] == "late"  # type: ignore[union-attr]
    put(store, rows("a", 480, 30.0)[: 40 * 4])
    wall.now += timedelta(minutes=10)
    here.refresh("t")  # the last two hours
    wall.now += timedelta(minutes=60)
    put(store, [LoadRow("t", "a", START + n * QUARTER, 900.0, 30.0) for n in range(4)])
    here.refresh("t")  # and once an hour the last days
    assert here.expected("t").basis["a"] == "history"  # type: ignore[union-attr]


@pytest.fixture
def garage() -> MemoryStore:
    """A site with a main meter: 8 kW beside a station that draws 7 kW on two of four hours."""
    store = MemoryStore()
    _fill_garage(store)
    return store


def _fill_garage(store: Store) -> None:
    station = StationId("t", "CP")
    readings, totals = [], []
    for step in range(480 * 4):
        at = START - (step + 1) * QUARTER
        car_kw = 7.0 if at.hour % 4 < 2 else 0.0
        readings.append(
            ReadingRow(
                station, 1, Reading(at=at, kind=ReadingKind.INTERVAL, duration_s=900.0, power_kw=car_kw,
                                    energy_kwh_import=car_kw / 4, quality=Quality.MEASURED)
            )
        )  # fmt: skip
        totals.append(LoadRow("t", "a", at, 900.0, 8.0 + car_kw, LoadKind.TOTAL))
    put(store, totals)
    with store.writing() as unit:
        unit.sites.put([SiteRow("t", "a")])
        unit.stations.put([StationRow(station, approved=True)])
        unit.devices.put([DeviceRow("t", "d", "a", "CP")])
        unit.readings.put(readings)


def test_cars_are_taken_off_what_a_main_meter_shows(garage: MemoryStore) -> None:
    here, _ = made(garage)
    here.refresh("t")
    assert loads_of(here.expected("t")) == {"F": (8.0, 8.0), "a": (8.0, 8.0)}


def test_a_quarter_that_just_ended_waits_for_what_cars_drew_in_it(garage: MemoryStore) -> None:
    here, wall = made(garage)
    wall.now = START + timedelta(minutes=1)
    put(garage, [LoadRow("t", "a", START - QUARTER, 900.0, 50.0, LoadKind.TOTAL)])
    here.refresh("t")
    assert np.isnan(here._kept["t"].memory.metered.load_kw[0, -1])
    wall.now = START + timedelta(minutes=6)
    here.refresh("t")
    assert here._kept["t"].memory.metered.load_kw[0, -1] == pytest.approx(
        43.0 if (START - QUARTER).hour % 4 < 2 else 50
    )


@contextmanager
def _many(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with monkeypatch.context() as patch:
        patch.setattr(forecasting, "_MANY", 1)
        patch.setattr(forecasting, "_MUCH", 1)
        yield


@pytest.mark.slow
def test_in_another_process_the_answer_is_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    where = tmp_path / "evenload.db"
    with opened(where) as store:
        _fill_garage(store)
        with store.writing() as unit:
            unit.loads.put(list(rows("b", 480, 5.0)))
        here, _ = made(store, roll_up=lambda now: roll_up(store, now))
        here.refresh("t")
        there, _ = made(store, roll_up=lambda now: roll_up(store, now), where=where)
        with _many(monkeypatch):
            there.refresh("t")
        one, other = here.expected("t"), there.expected("t")
        assert one is not None
        assert other is not None
        assert one.basis == other.basis
        assert np.array_equal(one.load_kw, other.load_kw)
        assert loads_of(one)["b"] == (5.0, 5.0)
        assert here._kept["t"].memory.metered.load_kw[0, -8:] == pytest.approx(8.0)


@pytest.mark.slow
def test_cancelled_it_leaves_no_process_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    async def body() -> None:
        store = MemoryStore()
        put(store, rows("a", 480, 30.0))
        here, _ = made(store)
        with _many(monkeypatch):
            running = asyncio.create_task(here.run())
            while here._aside._process is None:
                await asyncio.sleep(0.01)
            running.cancel()
            with pytest.raises(asyncio.CancelledError):
                await running
            async with asyncio.timeout(10):
                while here._aside._process.is_alive():
                    await asyncio.sleep(0.01)

    asyncio.run(body())
