"""A site with a server of its own, cut off for a day: its cars are served, its limit is kept, and nothing is lost."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from evenload.base.instants import Interval
from evenload.service.access_rows import Role
from evenload.service.guard import GuardPolicy
from evenload.service.ports import Store
from evenload.store.sql.store import opened

pytestmark = [pytest.mark.requirement("R85", "R86"), pytest.mark.slow]

SLOW, FAST = 20.0, 9000.0
EXCURSION_S_MAX = 10.0
MINIMUM_KWH, USUAL_KWH = 10.0, 16.0
POLICY = replace(GuardPolicy(), silence=timedelta(hours=1), frozen=timedelta(days=9))
"""A meter that is read every 50 ms of a clock that runs 9000 times too fast is neither silent nor frozen."""


@dataclass
class Line:
    """A line that can be cut, between a site and the server that plans for it."""

    port_there: int
    is_cut: bool = False
    _writers: set[asyncio.StreamWriter] = field(default_factory=set)

    @asynccontextmanager
    async def laid(self) -> AsyncIterator[int]:
        server = await asyncio.start_server(self._carry, "127.0.0.1", 0)
        try:
            yield server.sockets[0].getsockname()[1]
        finally:
            self.cut()
            server.close()

    def cut(self) -> None:
        self.is_cut = True
        for writer in self._writers:
            writer.close()

    def mend(self) -> None:
        self.is_cut = False

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.is_cut:
            writer.close()
            return
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self.port_there)
        self._writers |= {writer, far_writer}
        await asyncio.gather(self._pump(reader, far_writer), self._pump(far_reader, writer))
        self._writers -= {writer, far_writer}

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(1 << 16):
                writer.write(data)
        except OSError:
            pass
        finally:
            writer.close()


async def steps_by_50_kw(site: Any) -> float:
    """The longest excursion after a step of 50 kW, at a pace at which seconds can be told apart."""
    site.clock.speed = SLOW
    await site.for_virtual(5)
    site.excursions_s.clear()
    site.build_up(50.0)
    assert site.metered_kw() > site.limit_kw + 20.0
    await site.for_virtual(20)
    assert site.metered_kw() <= site.limit_kw
    longest = max(site.excursions_s, default=0.0)
    site.building_kw -= 50.0
    site.clock.speed = FAST
    return longest


def sessions_of(store: Store, epoch: Any) -> dict[str, tuple[Any, ...]]:
    window = Interval(epoch - timedelta(days=1), epoch + timedelta(days=9))
    with store.reading() as unit:
        rows = unit.sessions.within("home", window)
    return {
        row.session_id: (row.energy_kwh_delivered, row.plugged_at, row.unplugged_at, row.transaction_id, row.token)
        for row in rows
    }


def readings_of(store: Store, epoch: Any, station: Any) -> list[Any]:
    window = Interval(epoch - timedelta(days=1), epoch + timedelta(days=9))
    with store.reading() as unit:
        return [(row.evse_id, row.reading, row.transaction_id) for row in unit.readings.within(station, window, 10_000)]


def transactions_of(store: Store) -> set[Any]:
    with store.reading() as unit:
        return set(unit.transactions.last("home", 1000))


async def until_virtual(site: Any, hours: float) -> None:
    await site.for_virtual(hours * 3600 - site.clock.seconds())


async def day_alone(depots: Any, site: Any, line: Line, near: Any) -> list[float]:
    """Cut off from the first evening to the second; the steps of the building meanwhile, as excursions (s)."""
    site.plug_in(soc_target=0.33)
    await depots.eventually(lambda: len(near.relay.given) == len(site.stations))
    await depots.eventually(lambda: sum(site.cars_kw()) > 80.0)
    line.cut()
    longest = [await steps_by_50_kw(site)]
    await depots.eventually(lambda: near.relay.is_alone)
    await until_virtual(site, 13.0)
    first = [station.outlets[1].register_kwh for station in site.stations]
    assert min(first) >= MINIMUM_KWH
    for station in site.stations:
        station.unplug(1, site.fleet.now)
        site.fleet.attend(station)
    await until_virtual(site, 14.5)
    site.clock.speed = SLOW
    site.plug_in(soc_target=0.33)
    await depots.eventually(lambda: sum(site.cars_kw()) > 80.0)
    longest.append(await steps_by_50_kw(site))
    await until_virtual(site, 23.0)
    second = [station.outlets[1].register_kwh for station in site.stations]
    assert min(b - a for a, b in zip(first, second, strict=True)) >= MINIMUM_KWH
    for station in site.stations[:4]:
        station.unplug(1, site.fleet.now)
        site.fleet.attend(station)
    await until_virtual(site, 24.0)
    return longest


def test_a_site_cut_off_for_a_day_keeps_its_limit_serves_its_cars_and_tells_all_of_it_afterwards(
    depots: Any, modbus: Any, tmp_path: Path
) -> None:
    async def scenario() -> None:
        clock = depots.clock(SLOW)
        far_store, near_store = opened(tmp_path / "far.db"), opened(tmp_path / "near.db")
        (tmp_path / "far").mkdir()
        key = depots.key(far_store, Role.OPERATOR, clock.instant())
        there: list[Any] = []
        quick = {"plan_every_s": 0.5, "sample_s": 300}
        async with modbus(lambda: there[0].metered_kw() if there else 0.0) as meter_port:
            depots.furnish(
                far_store, f"modbus:127.0.0.1:{meter_port}/1/100", energy_kwh_minimum=MINIMUM_KWH,
                energy_kwh_usual=USUAL_KWH,
            )  # fmt: skip
            far_settings = depots.settings(tmp_path / "far", **quick)
            async with depots.platform(far_settings, far_store, clock, POLICY, 0.05) as (far, _, url):
                line = Line(int(url.rpartition(":")[2]))
                async with line.laid() as port:
                    near_settings = depots.settings(
                        tmp_path, role="site", upstream=f"http://127.0.0.1:{port}", upstream_key=key,
                        relay_every_s=0.05, alone_after_s=1800, **quick,
                    )  # fmt: skip
                    async with (
                        depots.platform(near_settings, near_store, clock, POLICY, 0.05) as (near, own_port, _),
                        depots.fleet(clock, own_port, meter_s=300.0) as site,
                    ):
                        there.append(site)
                        longest = await day_alone(depots, site, line, near)
                        print(f"excursions (virtual s): {longest}")  # noqa: T201
                        assert 0 < max(longest) <= EXCURSION_S_MAX
                        assert not far.guarding.states
                        clock.speed = SLOW
                        line.mend()
                        await depots.eventually(lambda: not near.relay.is_alone)
                        await depots.eventually(
                            lambda: sessions_of(far_store, clock.epoch) == sessions_of(near_store, clock.epoch)
                        )
                        assert transactions_of(far_store) == transactions_of(near_store)
                        assert len(sessions_of(far_store, clock.epoch)) == 16
                        with near_store.reading() as unit:
                            stations = [one.station for one in unit.stations.of("home")]
                        for station in stations:
                            ours = readings_of(near_store, clock.epoch, station)
                            assert readings_of(far_store, clock.epoch, station) == ours
                            assert len(ours) > 50
        far_store.close()
        near_store.close()

    asyncio.run(asyncio.wait_for(scenario(), 120))
