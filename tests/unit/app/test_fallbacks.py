"""Fallbacks by default, as the platform works: once the forecast is there, and when something changed."""

import asyncio
import itertools
import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from evenload.app.fallbacks import Fallbacks, highest_kw
from evenload.app.forecasting import Forecasting
from evenload.domain.circuit import Circuit, CircuitKind
from evenload.service.live_rows import CircuitRow, DeviceRow, LoadRow, SiteRow
from evenload.service.problem_of import tree_of
from evenload.service.rows import StationRow
from evenload.store.memory import MemoryStore

pytestmark = pytest.mark.requirement("R147")
NOW = datetime(2026, 3, 2, 18, 5, tzinfo=UTC)
CIRCUITS = (Circuit("F", "", CircuitKind.FEEDER, 40.0), *(Circuit(f"s{i}", "F", CircuitKind.SITE) for i in range(4)))


def device(number: int, fallback_kw: float | None = None) -> DeviceRow:
    return DeviceRow("t", f"d{number}", f"s{number}", f"CP{number}", fallback_kw=fallback_kw)


def furnish(*devices: DeviceRow, base_kw: float = 20.0) -> MemoryStore:
    store = MemoryStore()
    start = NOW.replace(minute=0)
    with store.writing() as unit:
        unit.circuits.put(CircuitRow("t", one) for one in CIRCUITS)
        unit.sites.put(SiteRow("t", one.node) for one in CIRCUITS[1:])
        unit.loads.put(
            LoadRow("t", "s0", start - timedelta(minutes=15 * (n + 1)), 900.0, base_kw) for n in range(20 * 96)
        )
    enrol(store, *devices)
    return store


def enrol(store: MemoryStore, *devices: DeviceRow) -> None:
    with store.writing() as unit:
        unit.stations.put(StationRow(one.station, approved=True) for one in devices)
        unit.devices.put(devices)


def made(store: MemoryStore, ordered: Callable[[], None] = lambda: None) -> tuple[Forecasting, Fallbacks]:
    forecasting = Forecasting(store, ["t"], lambda: NOW, 0.9, 60.0)
    numbers = itertools.count()
    return forecasting, Fallbacks(
        store, ["t"], lambda: NOW, lambda: f"o{next(numbers)}", forecasting, ordered, settle_s=0.05
    )


def fallbacks_of(store: MemoryStore) -> list[float | None]:
    with store.reading() as unit:
        return [one.fallback_kw for one in unit.devices.of("t")]


async def until(met: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not met():
            await asyncio.sleep(0.01)


def test_they_are_allotted_once_base_load_is_known_and_again_when_devices_come() -> None:
    async def body() -> None:
        store, told = furnish(device(0), device(1)), []
        forecasting, fallbacks = made(store, lambda: told.append(1))
        running = asyncio.create_task(fallbacks.run())
        await asyncio.sleep(0.2)
        assert fallbacks_of(store) == [None, None]  # who knows what the circuit has to carry
        await asyncio.to_thread(forecasting.refresh, "t")
        await until(lambda: bool(fallbacks.last))
        assert fallbacks_of(store) == [10.0, 10.0]
        enrol(store, device(2), device(3))
        fallbacks.wake("t")
        await until(lambda: None not in fallbacks_of(store))
        assert fallbacks_of(store) == [5.0, 5.0, 5.0, 5.0]
        running.cancel()
        assert len(told) == 2

    asyncio.run(body())


def test_where_nothing_is_metered_the_whole_limit_is_allotted() -> None:
    async def body() -> None:
        store = MemoryStore()
        with store.writing() as unit:
            unit.circuits.put(CircuitRow("t", one) for one in CIRCUITS)
        enrol(store, *(device(n) for n in range(4)))
        forecasting, fallbacks = made(store)
        forecasting.refresh("t")
        fallbacks.renew("t")
        assert fallbacks_of(store) == [10.0] * 4

    asyncio.run(body())


def test_a_shortfall_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    async def body() -> None:
        store = furnish(device(0, 11.0), device(1, 11.0))
        forecasting, fallbacks = made(store)
        forecasting.refresh("t")
        for _ in range(2):
            fallbacks.renew("t")
        assert [one.node for one in fallbacks.last["t"].shortfalls] == ["F"]

    with caplog.at_level(logging.WARNING):
        asyncio.run(body())
    assert [one.getMessage() for one in caplog.records] == ["tenant=t node=F event=fallbacks_do_not_fit kw_over=2.00"]


def test_the_highest_of_the_days_ahead_counts() -> None:
    store = furnish(base_kw=20.0)
    start = NOW.replace(minute=0)
    with store.writing() as unit:
        evenings = [start - timedelta(days=day, minutes=15 * n) for day in range(20) for n in range(8)]
        unit.loads.put(LoadRow("t", "s0", at, 900.0, 33.0) for at in evenings if at < start)
    forecasting = Forecasting(store, ["t"], lambda: NOW, 0.9, 60.0)
    forecasting.refresh("t")
    tree = tree_of(CIRCUITS)
    found = highest_kw(tree, forecasting.quantiles("t"))
    assert found[tree.index["F"]] == pytest.approx(33.0, abs=3.5)
    assert np.array_equal(highest_kw(tree, None), np.zeros(5))
