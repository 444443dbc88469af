"""Numbers of the platform, as a scrape reads them."""

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from evenload.app.metric_families import FAMILIES, Kind
from evenload.app.platform import Platform
from evenload.app.settings import Settings
from evenload.domain.circuit import Circuit, CircuitKind
from evenload.domain.station import StationId
from evenload.net.admission import Refusal
from evenload.service.live_rows import CircuitRow, DeviceRow, LoadRow, SessionRow, SiteRow
from evenload.service.ports import StoreError
from evenload.service.rows import StationRow
from evenload.store.sql.store import SqlStore, opened

pytestmark = pytest.mark.requirement("R116")
NOW = datetime(2026, 3, 2, 18, 5, tzinfo=UTC)


@contextmanager
def platform(folder: Path, **more: Any) -> Iterator[tuple[Platform, SqlStore]]:
    """The platform, made and not running; within a running event loop."""
    settings = Settings(database=folder / "evenload.db", secret_file=folder / "secret", **more)
    with opened(settings.store) as store, ThreadPoolExecutor(1) as writer:
        yield Platform(settings, store, writer, lambda: NOW, asyncio.get_running_loop().time), store


def furnish(store: SqlStore) -> None:
    """Two cars at a site, one at a station that is there."""
    with store.writing() as unit:
        unit.circuits.put([CircuitRow("home", Circuit("depot", "", CircuitKind.SITE, 20.0))])
        unit.sites.put([SiteRow("home", "depot")])
        unit.stations.put([StationRow(StationId("home", name), approved=True) for name in "AB"])
        unit.stations.saw({StationId("home", "A"): NOW})
        unit.devices.put([DeviceRow("home", name, "depot", name) for name in "AB"])
        unit.sessions.put([SessionRow("home", name, name, "depot", NOW, NOW.replace(hour=23), 10.0) for name in "AB"])
        unit.loads.put([LoadRow("home", "depot", NOW.replace(hour=hour), 3600.0, 4.0) for hour in range(17)])


async def scraped(platform: Platform) -> dict[tuple[str, ...], float]:
    """Every sample by name and the values of its labels, by the names of those."""
    transport = httpx.ASGITransport(platform.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        answer = await client.get("/metrics")
    families = text_string_to_metric_families(answer.raise_for_status().text)
    return {
        (one.name, *(one.labels[name] for name in sorted(one.labels))): one.value
        for family in families
        for one in family.samples
    }


def test_every_part_is_counted(tmp_path: Path) -> None:
    async def body() -> None:
        with platform(tmp_path) as (made, store):
            furnish(store)
            made.stations.server.counts.messages_in = 7
            made.stations.server.counts.refused[Refusal.BAD_PATH] = 2
            made.stations.server.commits.sizes.add(25)
            made.stations.server.commits.seconds.add(0.02)
            made.stations.delivery.counts.settled["accepted"] += 3
            made.stations.delivery.counts.seconds.add(0.3)
            made.forecasting.refresh("home")
            assert made.brain.plan("home", "test")
            found = await scraped(made)
        assert found["evenload_ocpp_messages_total", "in"] == 7
        assert found["evenload_ocpp_refused_total", str(Refusal.BAD_PATH)] == 2
        assert found["evenload_commit_events_bucket", "10.0"] == 0
        assert found["evenload_commit_events_bucket", "30.0"] == found["evenload_commit_events_bucket", "+Inf"] == 1
        assert found["evenload_commit_events_sum",] == 25
        assert found["evenload_orders_settled_total", "accepted"] == 3
        assert found["evenload_order_seconds_sum",] == 0.3
        assert found["evenload_plan_seconds_count",] == 1
        assert found["evenload_plan_told_total",] == found["evenload_plan_sessions", "home"] == 1
        assert found["evenload_devices_uncontrolled", "offline", "home"] == 1
        assert found["evenload_plan_timestamp_seconds", "home"] == NOW.timestamp()
        assert found["evenload_plan_gap_ratio", "home"] < 0.01
        assert 0 <= found["evenload_forecast_age_seconds", "home"] < 60
        assert [value for name, value in found.items() if name[0] == "evenload_forecast_nodes"] == [1]
        assert found["evenload_store_size_bytes",] >= 100_000
        assert found["process_cpu_seconds_total",] > 0

    asyncio.run(body())


def test_names_and_units_keep_to_the_conventions(tmp_path: Path) -> None:
    async def body() -> set[str]:
        with platform(tmp_path) as (made, _):
            made._kept((), frozenset())  # as when something was stored
            return {one.name for one in made.app.state.registry.collect()}

    told = asyncio.run(body())
    assert {one.name.removesuffix("_total") for one in FAMILIES} <= told
    for one in FAMILIES:
        assert one.name.startswith("evenload_")
        assert one.name.endswith("_total") is (one.kind is Kind.COUNTER)
        assert one.text.endswith(".")
        assert not {"le", "quantile"} & set(one.labels)


def test_a_store_that_does_not_answer_leaves_the_rest_to_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    def gone(_: SqlStore) -> int:
        raise StoreError("the disk is gone")

    async def body() -> dict[tuple[str, ...], float]:
        with platform(tmp_path) as (made, _):
            monkeypatch.setattr(SqlStore, "size_bytes", gone)
            return await scraped(made)

    found = asyncio.run(body())
    assert ("evenload_store_size_bytes",) not in found
    assert found["evenload_orders_waiting",] == 0


def test_a_dry_run_shows_in_the_numbers_in_readiness_and_in_what_goes_on(tmp_path: Path) -> None:
    async def seen(**more: Any) -> tuple[float, list[str], tuple[str, ...]]:
        with platform(tmp_path, **more) as (made, _):
            transport = httpx.ASGITransport(made.app)
            async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
                ready = (await client.get("/readyz")).json()
            return (await scraped(made))["evenload_dry_run",], ready["notes"], made.states.of("home").faults

    number, notes, faults = asyncio.run(seen(dry_run=True))
    assert number == 1.0
    assert notes == ["a dry run: what would be told is logged, and no station is told anything"]
    assert notes[0] in faults
    number, notes, faults = asyncio.run(seen())
    assert (number, notes) == (0.0, [])
    assert not any("dry run" in one for one in faults)
