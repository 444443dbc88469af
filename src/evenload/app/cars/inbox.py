"""What clouds tell by themselves: verified and answered at once, taken in turn afterwards."""

import asyncio
import hashlib
import logging
from collections import Counter, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from evenload.app.cars.fleet import Car
from evenload.app.cars.tokens import Door
from evenload.app.cars.worker import CarWorker
from evenload.domain.vehicle_state import Provider
from evenload.net.seldom import Seldom
from evenload.service.cars import accounts
from evenload.service.ports import Store, StoreError
from evenload.telematics.clouds import CLOUDS
from evenload.telematics.port import ActTold, CarChanged, ConsentLost, Failing, Fault, StateTold, Told, Webhook

_log = logging.getLogger("evenload.app.cars")

WAITING_MAX: Final = 50_000
_AT_ONCE: Final = 500
_AGAIN_S: Final = 1.0


@dataclass(slots=True)
class InboxCounts:
    """Webhooks by cloud and what became of them: ``taken``, ``full``, or why they were not believed."""

    came: Counter[tuple[str, str]] = field(default_factory=Counter)


class Inbox:
    """Takes webhooks. For the event loop's thread."""

    def __init__(self, store: Store, door: Door, worker: CarWorker, clock: Callable[[], datetime]) -> None:
        self.counts = InboxCounts()
        self._store = store
        self._door = door
        self._worker = worker
        self._clock = clock
        self._waiting: deque[tuple[Provider, Told, str]] = deque()
        self._woken = asyncio.Event()
        self._seldom = Seldom(asyncio.get_running_loop().time)

    def take(self, provider: Provider, headers: Mapping[str, str], body: bytes) -> Webhook:
        """How a webhook is answered. What was not verified is not taken; where too much waits, it is to come again."""
        access = self._door.clouds[provider]
        found = CLOUDS[provider].parse_webhook(headers, body, access.application, self._clock())
        if found.refusal is not None:
            self.counts.came[provider.value, found.refusal.value] += 1
            if self._seldom.is_due(f"webhook_refused {provider.value}"):
                _log.warning("cloud=%s event=webhook_refused why=%s", provider.value, found.refusal.sentence)
            return found
        if len(self._waiting) + len(found.told) > WAITING_MAX:
            self.counts.came[provider.value, "full"] += 1
            return Webhook(status=503)
        self.counts.came[provider.value, "taken"] += 1
        digest = hashlib.sha256(body).hexdigest()
        self._waiting.extend((provider, one, digest) for one in found.told)
        self._woken.set()
        return found

    async def run(self) -> None:
        """Understand what was taken, for ever."""
        while True:
            await self._woken.wait()
            self._woken.clear()
            while self._waiting:
                await self.drain()
                await asyncio.sleep(0)

    async def drain(self) -> None:
        """Understand some of what was taken."""
        for _ in range(min(_AT_ONCE, len(self._waiting))):
            provider, told, digest = self._waiting[0]
            try:
                await self._understand(provider, told, digest)
            except StoreError as error:
                _log.warning("cloud=%s event=webhook_waits why=%s", provider.value, error)
                await asyncio.sleep(_AGAIN_S)
                return
            except Exception:  # noqa: BLE001  # the boundary between clouds: what cannot be understood is left out
                self.counts.came[provider.value, "defect"] += 1
                _log.exception("cloud=%s event=webhook_defect", provider.value)
            self._waiting.popleft()

    async def _understand(self, provider: Provider, told: Told, digest: str) -> None:
        match told:
            case StateTold():
                self._state(provider, told)
            case ActTold():
                self._act(provider, told)
            case ConsentLost():
                await self._lost(provider, told, digest)
            case CarChanged(is_there=False):
                car = self._worker.fleet.remote.get((provider, told.remote_id))
                if car is not None and await self._is_first(provider, told.event_id or digest):
                    self._worker.withdraw(car, Fault(Failing.GONE, "the car was taken out of the driver's account"))
            case CarChanged():
                pass  # a car that was not linked here is nobody's business

    def _state(self, provider: Provider, told: StateTold) -> None:
        car = self._worker.fleet.remote.get((provider, told.remote_id))
        if car is None:
            self.counts.came[provider.value, "unknown_car"] += 1
            return
        found = CLOUDS[provider].parse_told(car.link, told, self._clock())
        if isinstance(found, Fault):
            self.counts.came[provider.value, found.failing.value] += 1
            return
        self._worker.heard(car, found, pushed=True)

    def _act(self, provider: Provider, told: ActTold) -> None:
        car = self._worker.fleet.remote.get((provider, told.remote_id))
        act_id = self._worker.acting.found(car, told.remote_act_id) if car is not None else ""
        if car is not None and act_id:
            self._worker.settle(car, replace(told.outcome, act_id=act_id, remote_act_id=told.remote_act_id))

    async def _lost(self, provider: Provider, told: ConsentLost, digest: str) -> None:
        """Consent to a car, or to all of a driver, is gone. Told again later it does not end what was given anew."""
        cars = self._cars(provider, told)
        if cars and await self._is_first(provider, told.event_id or digest):
            for car in cars:
                self._worker.withdraw(car, Fault(Failing.REVOKED, told.info))

    def _cars(self, provider: Provider, told: ConsentLost) -> list[Car]:
        fleet = self._worker.fleet
        if told.remote_id:
            car = fleet.remote.get((provider, told.remote_id))
            return [] if car is None else [car]
        own = fleet.cars.values()
        return [car for car in own if car.provider is provider and told.user_id and car.row.account == told.user_id]

    async def _is_first(self, provider: Provider, digest: str) -> bool:
        return await self._door.do(accounts.is_first, self._store, provider, digest, self._clock())
