"""Acts of linked cars, and the account of an event: every car that was asked for it, and what became of that."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from evenload.domain.vehicle_state import ActStatus
from evenload.service.car_rows import CarActRow
from evenload.service.cars.links import known_link
from evenload.service.ports import Store
from evenload.service.refusals import NotFoundError
from evenload.service.scope import Scope


@dataclass(frozen=True, slots=True)
class EventAccount:
    """What became of the acts of an event: how many at each status (0 where none), and in all."""

    event_id: str
    counts: Mapping[ActStatus, int]

    @property
    def total(self) -> int:
        """How many acts there are."""
        return sum(self.counts.values())

    @property
    def is_settled(self) -> bool:
        """Whether all have ended."""
        return all(one.is_final or not count for one, count in self.counts.items())


def account_of_event(scope: Scope, store: Store, event_id: str) -> EventAccount:
    """The account of an event; ``NotFoundError`` where no car was asked anything for it."""
    with store.reading() as unit:
        found = unit.cars.counts_of_event(scope.tenant, event_id)
    if not found:
        raise NotFoundError(f"no car was asked anything for {event_id!r}")
    return EventAccount(event_id, {one: found.get(one, 0) for one in ActStatus})


def acts_of_event(
    scope: Scope, store: Store, event_id: str, after: str = "", count: int | None = None
) -> Sequence[CarActRow]:
    """Its acts by vehicle and time, at most ``count``, of vehicles that follow ``after``."""
    with store.reading() as unit:
        return unit.cars.acts_of_event(scope.tenant, event_id, after=after, count=count)


def acts_of_car(scope: Scope, store: Store, vehicle_id: str, count: int) -> Sequence[CarActRow]:
    """The last acts of a linked car, the latest first."""
    with store.reading() as unit:
        known_link(unit, scope.tenant, vehicle_id)
        return unit.cars.acts_of_car(scope.tenant, vehicle_id, count)


def acts_last(scope: Scope, store: Store, count: int) -> Sequence[CarActRow]:
    """The last acts of a tenant, the latest first."""
    with store.reading() as unit:
        return unit.cars.acts_last(scope.tenant, count)
