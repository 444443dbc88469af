"""The side of the platform that cars' clouds are on, put together."""

from collections.abc import Callable, Coroutine, Mapping, Sequence
from concurrent.futures import Executor
from datetime import datetime
from math import isfinite
from typing import Any, Final

from evenload.app.cars.clouds import CloudAccess, none_set
from evenload.app.cars.fleet import Fleet
from evenload.app.cars.inbox import Inbox
from evenload.app.cars.keeping import Keeping, Kept
from evenload.app.cars.linking import Asked, Linking
from evenload.app.cars.tokens import Door
from evenload.app.cars.vault import Vault
from evenload.app.cars.worker import CarWorker
from evenload.domain.vehicle_state import Provider
from evenload.service.car_rows import CarLinkRow
from evenload.service.ports import Store
from evenload.service.scope import Scope
from evenload.telematics.port import Cost, Home, Webhook

_QUANTILES: Final = (0.5, 0.9, 1.0)


class CarSide:
    """Door, desks, inbox and linking; to be made where the event loop runs. Nothing is asked of anybody without clouds.

    ``kept`` is told what was kept, and the tenants that have to be planned for anew. Without ``tells`` cars are read
    and told nothing.
    """

    def __init__(  # noqa: PLR0913 - what it is made of
        self, store: Store, writer: Executor, tenants: Sequence[str], clouds: Mapping[Provider, CloudAccess],
        secret: bytes, clock: Callable[[], datetime], seconds: Callable[[], float], draw: Callable[[], str],
        kept: Kept, *, tells: bool = True,
    ) -> None:  # fmt: skip
        self.door = Door(store, writer, clouds, Vault(secret), clock, seconds)
        self.keeping = Keeping(store, writer, clock, kept)
        self._clock = clock
        self.worker = CarWorker(store, tenants, self.door, Fleet(self.door), self.keeping, clock, seconds)
        self.worker.tells = tells
        self.inbox = Inbox(store, self.door, self.worker, clock)
        self.linking = Linking(self.door, store, clock, draw, self.worker.changed)

    @property
    def clouds(self) -> Mapping[Provider, CloudAccess]:
        """The clouds that are set up."""
        return self.door.clouds

    def running(self) -> tuple[Coroutine[Any, Any, None], ...]:
        """What has to run."""
        return (self.worker.run(), self.inbox.run()) if self.clouds else ()

    # numbers

    def ages_s(self) -> dict[tuple[str, ...], float]:
        """How old the last states of cars are (s), by cloud and quantile."""
        now, found = self._clock(), dict[tuple[str, ...], float]()
        for provider in self.clouds:
            own = (car.desk.state for car in self.worker.fleet.cars.values() if car.provider is provider)
            ages = sorted(state.age(now).total_seconds() for state in own if state is not None)
            for quantile in _QUANTILES if ages else ():
                found[provider.value, f"{quantile:g}"] = ages[round(quantile * (len(ages) - 1))]
        return found

    def calls_left(self) -> dict[tuple[str, ...], float]:
        """How many calls the quota of an application allows at once now, by cloud and kind."""
        now = self._clock()
        left = {
            (provider.value, cost.value): spending.left(cost, now)
            for provider, spending in self.worker.fleet.spending.items()
            for cost in (Cost.READ, Cost.COMMAND, Cost.WAKE)
        }
        return {words: count for words, count in left.items() if isfinite(count)}

    # what the API asks for

    async def begin(self, scope: Scope, provider: Provider, vehicle_id: str, site_id: str, home: Home | None) -> Asked:
        """Ask for a driver's consent."""
        return await self.linking.begin(scope, provider, vehicle_id, site_id, home)

    async def finish(self, provider: Provider, told: Mapping[str, str]) -> Sequence[CarLinkRow]:
        """A driver came back."""
        return await self.linking.finish(provider, told)

    async def revoke(self, scope: Scope, vehicle_id: str, why: str) -> CarLinkRow:
        """End a link."""
        return await self.linking.revoke(scope, vehicle_id, why)

    def webhook(self, provider: Provider, headers: Mapping[str, str], body: bytes) -> Webhook:
        """What a cloud tells by itself; ``InputError`` where that cloud is not set up."""
        if provider not in self.clouds:
            raise none_set(provider)
        return self.inbox.take(provider, headers, body)
