"""The guard on real sockets: a building that steps by 50 kW, and every sort of main meter."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from evenload.app.platform import Platform
from evenload.ocpp.v16.wire import core
from evenload.service.access_rows import Role
from evenload.service.guard import GuardPolicy, Sight
from evenload.simulate.station import VirtualStation
from evenload.simulate.station_sockets import SocketFleet
from evenload.simulate.station_spec import StationSpec
from evenload.store.memory import MemoryStore

pytestmark = [pytest.mark.requirement("R85"), pytest.mark.slow]

SPEED = 5.0
EXCURSION_S_MAX = 10.0
HOME = ("home", "depot")


def main_meter(site: Any, port: int) -> Any:
    """A station without a car whose main meter tells what flows whenever it is asked for it, and never by itself."""
    station = VirtualStation(StationSpec("MAIN", meter_s=1e9), site.clock.epoch, np.random.default_rng(99))

    def tell(_evse_ids: object) -> None:
        sampled = core.SampledValue(
            value=f"{1000 * site.metered_kw():.1f}", measurand=core.Measurand.POWER_ACTIVE_IMPORT,
            unit=core.UnitOfMeasure.W,
        )  # fmt: skip
        value = core.MeterValue(timestamp=station.wall(), sampled_value=(sampled,))
        station.duties.to_say.append(core.MeterValuesRequest(connector_id=0, meter_value=(value,)))

    station.duties.sample = tell  # type: ignore[method-assign]
    return SocketFleet([station], lambda _: f"ws://127.0.0.1:{port}/ocpp/home/MAIN", clock=site.clock, redial_s=0.2)


@dataclass
class Rest:
    """A meter that posts what flows every virtual second."""

    url: str
    key: str
    site: Any
    shown_kw: Callable[[], float]
    answers: list[int] = field(default_factory=list)

    async def run(self) -> None:
        headers = {"Authorization": f"Bearer {self.key}"}
        async with httpx.AsyncClient(base_url=self.url, headers=headers) as client:
            while True:
                at = self.site.clock.instant().isoformat()
                load = {"node": "depot", "at": at, "duration_s": 1, "kind": "total", "load_kw": self.shown_kw()}
                answer = await client.post("/v1/loads", json={"loads": [load]})
                self.answers.append(answer.status_code)
                await asyncio.sleep(1.0 / SPEED)


async def steps_by_50_kw(depots: Any, site: Any, platform: Platform) -> None:
    """Everybody charges as planned, then the building takes 50 kW more: the lowest ranks give way, in time."""
    site.plug_in()
    await depots.eventually(lambda: len(platform.brain.tenants["home"].given or ()) == len(site.stations))
    await depots.eventually(lambda: sum(site.cars_kw()) > 85.0)
    site.excursions_s.clear()
    site.build_up(50.0)
    await site.for_virtual(EXCURSION_S_MAX + 5)
    assert site.metered_kw() <= depots.limit_kw
    assert site.excursions_s
    assert max(site.excursions_s) <= EXCURSION_S_MAX
    print(f"excursions (virtual s): {[round(one, 2) for one in site.excursions_s]}")  # noqa: T201
    drawn_kw = site.cars_kw()
    assert drawn_kw == sorted(drawn_kw)
    assert drawn_kw[-1] > 10.0 > drawn_kw[0]


def sees(platform: Platform, kw: float) -> bool:
    metered = platform.guarding.states[HOME].metered
    return metered is not None and metered.power_kw == kw


def run(scenario: Any, seconds: float = 60.0) -> None:
    asyncio.run(asyncio.wait_for(scenario, seconds))


def test_a_step_of_the_building_with_a_modbus_meter_and_back(depots: Any, modbus: Any, tmp_path: Path) -> None:
    async def scenario() -> None:
        clock, store = depots.clock(SPEED), MemoryStore()
        site: Any = None
        async with modbus(lambda: site.metered_kw() if site else 0.0) as meter_port:
            depots.furnish(store, f"modbus:127.0.0.1:{meter_port}/1/100")
            async with (
                depots.platform(depots.settings(tmp_path), store, clock, GuardPolicy()) as (platform, port, _),
                depots.fleet(clock, port) as site,
            ):
                await steps_by_50_kw(depots, site, platform)
                site.building_kw -= 50.0
                await depots.eventually(lambda: not platform.guarding.states[HOME].caps, 25.0)
                await depots.eventually(lambda: sum(site.cars_kw()) > 85.0)
                assert max(site.excursions_s) <= EXCURSION_S_MAX
        with store.reading() as unit:
            told = unit.decisions.last("home", 100, device_id="CP0:1")
        assert any(row.kind == "guard" and "above its limit of 100.0 kW" in row.why for row in told)

    run(scenario())


def test_a_step_of_the_building_with_a_meter_told_by_rest(depots: Any, tmp_path: Path) -> None:
    async def scenario() -> None:
        clock, store = depots.clock(SPEED), MemoryStore()
        depots.furnish(store, "rest")
        key = depots.key(store, Role.OPERATOR, clock.instant())
        async with (
            depots.platform(depots.settings(tmp_path), store, clock, GuardPolicy()) as (platform, port, url),
            depots.fleet(clock, port) as site,
        ):
            rest = Rest(url, key, site, site.metered_kw)
            telling = asyncio.get_running_loop().create_task(rest.run())
            try:
                await steps_by_50_kw(depots, site, platform)
                rest.shown_kw = lambda: 1000 * site.metered_kw()  # watts for kilowatts: refused, so it is silent
                await depots.eventually(lambda: platform.guarding.states[HOME].sight is Sight.SILENT)
                await depots.eventually(lambda: max(site.cars_kw()) <= 4.31)
                assert rest.answers[-1] == 422
            finally:
                telling.cancel()
                await asyncio.gather(telling, return_exceptions=True)

    run(scenario())


def test_a_step_of_the_building_with_the_main_meter_of_a_station(depots: Any, tmp_path: Path) -> None:
    async def scenario() -> None:
        clock, store = depots.clock(SPEED), MemoryStore()
        depots.furnish(store, "ocpp:MAIN")
        settings = depots.settings(tmp_path, unknown_stations="accept")
        async with (
            depots.platform(settings, store, clock, GuardPolicy()) as (platform, port, _),
            depots.fleet(clock, port) as site,
        ):
            meter = main_meter(site, port)
            meter.start()
            try:
                await depots.eventually(lambda: platform.guarding.states[HOME].sight is Sight.CLEAR)
                await steps_by_50_kw(depots, site, platform)
            finally:
                await meter.stop()
            await depots.eventually(lambda: platform.guarding.states[HOME].sight is Sight.SILENT)
            await depots.eventually(lambda: max(site.cars_kw()) <= 4.31)

    run(scenario())


@pytest.mark.parametrize(
    ("fault", "sight"), [(lambda _kw: 60.0, Sight.FROZEN), (lambda kw: 1000.0 * kw, Sight.IMPLAUSIBLE)]
)  # fmt: skip
def test_a_meter_that_freezes_or_counts_in_w_leaves_all_at_their_fallbacks(
    depots: Any,
    modbus: Any,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    fault: Callable[[float], float],
    sight: Sight,
) -> None:
    caplog.set_level(logging.INFO, "evenload.app.guard")

    async def scenario() -> None:
        clock, store = depots.clock(4 * SPEED), MemoryStore()
        shown: Any = lambda: 20.0  # noqa: E731
        async with modbus(lambda: shown()) as meter_port:  # noqa: PLW0108 - it changes
            depots.furnish(store, f"modbus:127.0.0.1:{meter_port}/1/100")
            async with (
                depots.platform(depots.settings(tmp_path), store, clock, GuardPolicy()) as (platform, port, _),
                depots.fleet(clock, port) as site,
            ):
                shown = site.metered_kw
                await depots.eventually(lambda: platform.guarding.states[HOME].sight is Sight.CLEAR)
                shown = lambda: fault(site.metered_kw())  # noqa: E731
                wrong_kw = fault(site.metered_kw())
                await depots.eventually(
                    lambda: sees(platform, wrong_kw) or platform.guarding.states[HOME].sight is sight
                )
                site.plug_in()
                await depots.eventually(lambda: platform.guarding.states[HOME].sight is sight, 20.0)
                await depots.eventually(lambda: 0 < max(site.cars_kw()) <= 4.31)
                shown = site.metered_kw
                await depots.eventually(lambda: platform.guarding.states[HOME].sight is Sight.CLEAR)
                await depots.eventually(lambda: max(site.cars_kw()) > 10.0, 20.0)

    run(scenario())
    assert sight.sentence in caplog.text
