"""Reads of cars, when the plan of reads says so and the application's quota allows."""

import asyncio
import logging
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Final, Protocol

from evenload.app.cars.beside import Beside
from evenload.app.cars.fleet import Car, Fleet
from evenload.app.cars.tokens import Door
from evenload.domain.vehicle_state import CarId, Provider, VehicleState
from evenload.telematics.clouds import CLOUDS
from evenload.telematics.polling import Situation
from evenload.telematics.port import Cost, Failing, Fault

_log = logging.getLogger("evenload.app.cars")

_AT_ONCE: Final = 200
_AGAIN: Final = timedelta(minutes=1)
_REFUSED_AGAIN: Final = timedelta(minutes=30)
_SUBSCRIBED_AGAIN: Final = timedelta(minutes=1)
_SUBSCRIBED_LAST: Final = timedelta(hours=8)
"""A subscription is tried again after a minute, two, four ... of what passes; beyond that cars are asked only."""
_TOO_MANY: Final = 429
_LIMITED_MAX: Final = 5
"""So many cars in a row that may not be read show that it is the application that has asked enough."""


class Heard(Protocol):
    """Told what a car told."""

    def __call__(self, car: Car, state: VehicleState, *, pushed: bool = False) -> None:
        """A state of a car."""


@dataclass(slots=True)
class ReadCounts:
    """Reads by cloud and how they ended: ``ok``, or what failed."""

    ended: Counter[tuple[str, str]] = field(default_factory=Counter)


class Reading:
    """Asks cars how they are. For the event loop's thread."""

    def __init__(
        self, door: Door, fleet: Fleet, clock: Callable[[], datetime], heard: Heard,
        failed: Callable[[Car, Fault], None],
    ) -> None:  # fmt: skip
        self.counts = ReadCounts()
        self._door = door
        self._fleet = fleet
        self._clock = clock
        self._heard = heard
        self._failed = failed
        self._limited: Counter[Provider] = Counter()
        self._beside = Beside()
        self._reads: Counter[Provider] = Counter()
        self._not_subscribed: dict[CarId, tuple[datetime, timedelta]] = {}

    def ask(self, now: datetime) -> None:
        """Ask the cars whose turn it is, and clouds again that did not take to tell of a car."""
        for car_id in [one for one, (at, _) in self._not_subscribed.items() if at <= now]:
            self._not_subscribed[car_id] = (now + _SUBSCRIBED_LAST, self._not_subscribed[car_id][1])
            if (again := self._fleet.cars.get(car_id)) is not None:
                self.subscribe(again)
            else:
                del self._not_subscribed[car_id]
        for provider, plan in self._fleet.plans.items():
            spending = self._fleet.spending[provider]
            places = _AT_ONCE - self._reads[provider]
            for car_id in plan.due(now, min(spending.left(Cost.READ, now), places)):
                car = self._fleet.cars[car_id]
                spending.spend(Cost.READ, now)
                plan.asked(car_id, now)
                car.desk.memory.reads.spend(self._fleet.reads_of(provider), now)
                self._reads[provider] += 1
                self._beside.begin(self._read(car)).add_done_callback(partial(self._was_read, provider))

    def subscribe(self, car: Car) -> None:
        """Have a cloud tell of a car by itself, where it can."""
        access = self._door.clouds[car.provider]
        if access.hook:
            self._beside.begin(self._subscribed(car, access.hook))

    async def idle(self) -> None:
        """Wait for what is on its way."""
        await self._beside.idle()

    def stop(self) -> None:
        """Wait for no answer any more."""
        self._beside.stop()

    async def _read(self, car: Car) -> None:
        cloud, application = CLOUDS[car.provider], self._door.clouds[car.provider].application
        response = await self._door.call(car.account, lambda tokens: cloud.state_request(application, tokens, car.link))
        if response is None:
            return
        found = response if isinstance(response, Fault) else cloud.parse_state(car.link, response, self._clock())
        if self._fleet.cars.get(car.id) is not car:
            return
        if isinstance(found, Fault):
            self._faulty(car, found)
            return
        self.counts.ended[car.provider.value, "ok"] += 1
        self._limited[car.provider] = 0
        self._heard(car, found)

    def _faulty(self, car: Car, fault: Fault) -> None:
        now, plan = self._clock(), self._fleet.plans[car.provider]
        self.counts.ended[car.provider.value, fault.failing.value] += 1
        if fault.failing is Failing.ASLEEP:
            plan.heard(car.id, Situation.ASLEEP, now)
        if fault.failing is Failing.RATE_LIMITED:
            self._limited[car.provider] += 1
            if self._limited[car.provider] >= _LIMITED_MAX:
                self._fleet.spending[car.provider].close(fault.retry_at or now + _AGAIN)
        again = _AGAIN if fault.failing.is_passing else _REFUSED_AGAIN
        plan.wait(car.id, fault.retry_at or now + again)
        self._failed(car, fault)

    async def _subscribed(self, car: Car, hook: str) -> None:
        cloud, application = CLOUDS[car.provider], self._door.clouds[car.provider].application
        response = await self._door.call(
            car.account, lambda tokens: cloud.subscribe_request(application, tokens, car.link, hook)
        )
        if isinstance(response, Fault):
            why, is_passing = response.sentence, response.failing.is_passing
        elif response is None or 200 <= response.status < 300:
            self._not_subscribed.pop(car.id, None)
            return
        else:
            why, is_passing = f"HTTP {response.status}", response.status >= 500 or response.status == _TOO_MANY
        waits = self._not_subscribed.get(car.id, (self._clock(), _SUBSCRIBED_AGAIN / 2))[1] * 2
        if is_passing and waits <= _SUBSCRIBED_LAST:
            self._not_subscribed[car.id] = (self._clock() + waits, waits)
        else:
            self._not_subscribed.pop(car.id, None)
        _log.warning("car=%s event=not_subscribed why=%s", car.id, why)

    def _was_read(self, provider: Provider, _: asyncio.Task[None]) -> None:
        self._reads[provider] -= 1
