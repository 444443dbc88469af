"""States of linked cars: what each told last, how old that is, and whether it can be asked."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from evenload.service.cable import folding
from evenload.service.car_rows import CarActRow, CarLinkRow, CarStateRow, ConsentState, SourceRow
from evenload.service.cars.links import known_link
from evenload.service.ports import Store, Unit
from evenload.service.scope import Scope
from evenload.service.vehicles import known_vehicle

_ACTS_SHOWN = 5


@dataclass(frozen=True, slots=True)
class CarStatus:
    """A linked car: its link, whether it may be asked, its account's fault, its last state and its last acts."""

    link: CarLinkRow
    consent: ConsentState
    connected: bool
    fault: str
    state: CarStateRow | None
    acts: tuple[CarActRow, ...]
    sources: tuple[SourceRow, ...]

    def age_s(self, now: datetime) -> float | None:
        """How old its state is (s), ``None`` where there is none."""
        return None if self.state is None else self.state.age(now).total_seconds()


def status(scope: Scope, store: Store, vehicle_id: str, now: datetime) -> CarStatus:
    """How a linked car is."""
    with store.reading() as unit:
        link = known_link(unit, scope.tenant, vehicle_id)
        account = unit.cars.account(link.tenant, link.provider, link.account)
        station = unit.stations.find(link.car.station)
        return CarStatus(
            link, link.consent(now), station is not None and station.connected, account.fault if account else "",
            unit.cars.state(link.tenant, vehicle_id),
            tuple(unit.cars.acts_of_car(link.tenant, vehicle_id, _ACTS_SHOWN)),
            tuple(unit.cars.sources(link.tenant, vehicle_id)),
        )  # fmt: skip


def state_of(scope: Scope, store: Store, vehicle_id: str) -> CarStateRow | None:
    """What a vehicle told last, by whatever source; ``None`` where it never told anything."""
    with store.reading() as unit:
        known_vehicle(unit, scope.tenant, vehicle_id)
        return unit.cars.state(scope.tenant, vehicle_id)


def states(scope: Scope, store: Store) -> Sequence[CarStateRow]:
    """What every vehicle told last, by vehicle."""
    with store.reading() as unit:
        return unit.cars.states(scope.tenant)


def is_left_alone(store: Store, tenant: str, device_id: str) -> bool:
    """Whether a car that was taken in hand is to be left alone still: until that is undone, or it is unplugged."""
    with store.reading() as unit:
        found = unit.sessions.going_on_at(tenant, [device_id])
    return all(one.opted_out for one in found)


def keep_states(unit: Unit, rows: Iterable[CarStateRow]) -> None:
    """Keep what cars told, but nothing older than what is kept."""
    told = list(rows)
    kept: dict[tuple[str, str], CarStateRow] = {}
    for tenant in {one.tenant for one in told}:
        ids = {one.vehicle_id for one in told if one.tenant == tenant}
        kept |= {(one.tenant, one.vehicle_id): one for one in unit.cars.states(tenant, ids)}
    newer: dict[tuple[str, str], CarStateRow] = {}
    for one in sorted(told, key=lambda row: row.at):
        before = kept.get((one.tenant, one.vehicle_id))
        if before is None or one.at >= before.at:
            newer[one.tenant, one.vehicle_id] = one
    unit.cars.put_states(newer.values())
    folding.heard(unit, newer.values())
