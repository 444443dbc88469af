"""The clouds of a town's cars: virtual ones behind the platform's own adapters, linked as drivers link cars."""

import asyncio
import logging
import time
from collections.abc import Mapping
from typing import Final

import httpx
import numpy as np

from evenload.app.cars.clouds import CALLBACK, WEBHOOK, CloudAccess
from evenload.base.errors import InvariantError
from evenload.domain.vehicle_state import CAR_PREFIX, Provider
from evenload.simulate.clouds.cloud import Push
from evenload.simulate.clouds.faults import CloudFaults
from evenload.simulate.clouds.makers import CLIENT_ID, CLIENT_SECRET, Makers, addresses, sleep_on
from evenload.simulate.town import Town
from evenload.simulate.town_cars import ParkedCar, count_all, parked_cars
from evenload.simulate.town_clock import TownClock
from evenload.simulate.town_measures import Meter
from evenload.telematics.port import Application, Host

_log = logging.getLogger("evenload.app.town")

SHAPES: Final = (Provider.SMARTCAR, Provider.ENODE, Provider.TESLA)
FAULTS: Final = CloudFaults(
    slow_share=0.05, no_answer_share=0.03, error_share=0.005, spell_every_s=6 * 3600.0, spell_s=300.0, lost_share=0.05,
    twice_share=0.02, odd_share=0.1, date_share=0.5,
)  # fmt: skip
"""What goes wrong on an ordinary day."""

_CLOUDS_URL: Final = "http://clouds.invalid"
_OUR_URL: Final = "http://evenload.invalid"
"""What the clouds know us by; whoever follows it is led to the platform wherever that listens."""

_BEAT_S: Final = 60.0
_BEAT_WALL_S: Final = 0.05
_COUNT_S: Final = 300.0
_AT_ONCE: Final = 8
_TRIES: Final = 10


class TownClouds:
    """Virtual clouds of a town's cars, on its clock; with no cars they do nothing."""

    def __init__(self, town: Town, clock: TownClock, seed: int, secret: str) -> None:
        self.linked = 0
        self._clock = clock
        rng = np.random.default_rng(np.random.SeedSequence(entropy=seed, spawn_key=(9,)))
        self.makers = Makers(clock.instant, sleep_on(clock), rng, FAULTS)
        self.parked = parked_cars(town, self.makers, FAULTS, rng)
        self._secret = secret
        self._transport = httpx.ASGITransport(app=self.makers.app)
        self.makers.hook({one.value: _OUR_URL + WEBHOOK.format(one.value) for one in SHAPES}, secret)

    def access(self) -> Mapping[Provider, CloudAccess]:
        """How the platform reaches each of them."""
        return {one: self._access(one) for one in SHAPES} if self.parked else {}

    def _access(self, provider: Provider) -> CloudAccess:
        hosts = {Host(name): url for name, url in addresses(_CLOUDS_URL, provider.value).items()}
        back = _OUR_URL + CALLBACK.format(provider.value)
        application = Application(CLIENT_ID, CLIENT_SECRET, back, self._secret, addresses=hosts)
        hook = _OUR_URL + WEBHOOK.format(provider.value)
        return CloudAccess(application, self._transport, hook=hook)

    # linking

    async def link_all(self, client: httpx.AsyncClient, outside: httpx.AsyncClient) -> None:
        """Every driver links his car, by REST and at its maker's. ``outside`` reaches the platform without a key."""
        places = asyncio.Semaphore(_AT_ONCE)

        async def one(car: ParkedCar) -> None:
            async with places:
                await self._link(car, client, outside)

        await asyncio.gather(*(one(car) for car in self.parked))

    async def _link(self, parked: ParkedCar, client: httpx.AsyncClient, outside: httpx.AsyncClient) -> None:
        """As a driver does it, who tries again when something does not answer."""
        why = ""
        for _ in range(_TRIES):
            why = await self._tried(parked, client, outside)
            if not why:
                self.linked += 1
                return
        raise InvariantError(f"{parked.spec.identity} was not linked: {why}")

    async def _tried(self, parked: ParkedCar, client: httpx.AsyncClient, outside: httpx.AsyncClient) -> str:
        """From here to the maker's, who sends the driver back; what went wrong, ``""`` for nothing."""
        latitude, longitude = parked.car.spec.home
        body = {
            "provider": parked.provider.value, "vehicle_id": parked.spec.identity.removeprefix(CAR_PREFIX),
            "site_id": parked.device.node, "home": {"latitude": latitude, "longitude": longitude},
        }  # fmt: skip
        asked = await client.post("/v1/vehicle-links", json=body)
        if not asked.is_success:
            return f"{asked.status_code} {asked.text[:300]}"
        url = asked.json()["url"]
        async with httpx.AsyncClient(transport=self._transport) as browser:
            sent = await browser.get(f"{url}{'&' if '?' in url else '?'}login={parked.driver}")
        if not sent.is_redirect:
            return f"the maker answers {sent.status_code}"
        back = await outside.get(sent.headers["location"].removeprefix(_OUR_URL))
        return f"{back.status_code} {back.text[:300]}" if back.is_error else ""

    # running

    async def run(self, outside: httpx.AsyncClient) -> None:
        """Let the cars tell what is new, for ever, and read the meters of their outlets now and then."""
        counted_at = 0.0
        if not self.parked:
            await asyncio.Event().wait()
        while True:
            began, now = time.monotonic(), self._clock.seconds()
            await self.makers.beat(lambda push: self._deliver(outside, push))
            if now >= counted_at:
                count_all(self.parked, now)
                counted_at = now + _COUNT_S
            wait_s = _BEAT_S / self._clock.speed if self._clock.speed else _BEAT_WALL_S
            await asyncio.sleep(max(_BEAT_WALL_S, wait_s - (time.monotonic() - began)))

    async def _deliver(self, outside: httpx.AsyncClient, push: Push) -> bool:
        path = push.url.removeprefix(_OUR_URL)
        try:
            answer = await outside.post(path, content=push.body, headers=dict(push.headers))
        except httpx.HTTPError as error:
            _log.info("event=webhook_unheard why=%s", error)
            return False
        if not answer.is_success:
            _log.warning("event=webhook_refused path=%s status=%d %s", path, answer.status_code, answer.text[:300])
        return answer.is_success

    def meters(self) -> dict[str, Meter]:
        """What the outlets counted, which only the town knows."""
        return {one.spec.identity: one.meter() for one in self.parked}
