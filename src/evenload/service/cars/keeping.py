"""What happened with cars is kept whole: events, states, what desks remember and acts, in one unit of work."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from evenload.domain.station_events import StationEvent
from evenload.service import observe
from evenload.service.car_rows import CarActRow, CarDeskRow, CarStateRow
from evenload.service.cars.states import keep_states
from evenload.service.event_text import is_logged
from evenload.service.ports import Store


@dataclass(frozen=True, slots=True)
class Happened:
    """What happened with some cars since it was kept last."""

    events: Sequence[StationEvent] = ()
    states: Sequence[CarStateRow] = ()
    desks: Sequence[CarDeskRow] = ()
    acts: Sequence[CarActRow] = ()

    def __bool__(self) -> bool:
        return bool(self.events or self.states or self.desks or self.acts)

    def of_vehicle(self, tenant: str, vehicle_id: str, identity: str) -> "Happened":
        """What of it is one vehicle's."""
        whose = (tenant, vehicle_id)
        return Happened(
            [one for one in self.events if (one.station.tenant, one.station.identity) == (tenant, identity)],
            [one for one in self.states if (one.tenant, one.vehicle_id) == whose],
            [one for one in self.desks if (one.tenant, one.vehicle_id) == whose],
            [one for one in self.acts if (one.tenant, one.vehicle_id) == whose],
        )


def keep(
    store: Store, happened: Happened, logged: Callable[[StationEvent], bool] = is_logged
) -> frozenset[str]:  # fmt: skip
    """Keep it, all or nothing; the tenants that have to be planned for anew. Of cars whose link ended meanwhile only
    events and acts are kept."""
    with store.writing() as unit:
        news = observe.keep(unit, happened.events, logged) if happened.events else frozenset()
        told = {(one.tenant, one.vehicle_id) for rows in (happened.states, happened.desks) for one in rows}
        live = {
            (tenant, name)
            for tenant in {one for one, _ in told}
            for name in unit.cars.live_among(tenant, [name for owner, name in told if owner == tenant])
        }
        keep_states(unit, [one for one in happened.states if (one.tenant, one.vehicle_id) in live])
        unit.cars.put_desks([one for one in happened.desks if (one.tenant, one.vehicle_id) in live])
        unit.cars.put_acts(happened.acts)
        return news
