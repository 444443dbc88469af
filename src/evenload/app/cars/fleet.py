"""All linked cars of this server: the desk of each, when it is read next, and what its cloud may still be asked."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

from evenload.app.cars.linking import link_of
from evenload.app.cars.tokens import Account, Door
from evenload.base.errors import InputError
from evenload.domain.station_commands import SetProfile
from evenload.domain.vehicle_state import CarId, Provider
from evenload.service import orders
from evenload.service.car_rows import CarActRow, CarDeskRow, CarLinkRow, ConsentState
from evenload.service.cars import permission
from evenload.service.live_rows import DeviceRow, VehicleRow
from evenload.service.ports import Unit
from evenload.service.rows import OrderRow
from evenload.telematics.budget import QUOTAS, Allowance, Quotas
from evenload.telematics.budget import Account as Spending
from evenload.telematics.desk import CarDesk
from evenload.telematics.memory import DeskMemory
from evenload.telematics.polling import PollPlan
from evenload.telematics.port import Cost, Link
from evenload.telematics.terms import Terms

_SPREAD_S: Final = 600.0
"""Over how long cars nothing is known of are read the first time."""
_MANY: Final = 50
_PART: Final = 500


@dataclass(slots=True)
class Car:
    """One linked car. ``order_id`` is the order that said what is wanted of it now."""

    row: CarLinkRow
    link: Link
    desk: CarDesk
    account: Account
    order_id: str = ""
    may_tell: bool = True
    acts: dict[str, CarActRow] = field(default_factory=dict)
    late: CarActRow | None = None
    next_tick_at: datetime | None = None

    @property
    def id(self) -> CarId:
        """Which car."""
        return self.desk.car

    @property
    def provider(self) -> Provider:
        """Its cloud."""
        return self.row.provider

    @property
    def is_in_reach(self) -> bool:
        """Whether it can be told something."""
        return not (self.desk.memory.is_lost or self.desk.memory.is_withdrawn)


@dataclass(frozen=True, slots=True)
class Read:
    """What is kept of some links, as read in one go."""

    links: Sequence[CarLinkRow]
    devices: Mapping[str, DeviceRow]
    vehicles: Mapping[str, VehicleRow]
    desks: Mapping[str, CarDeskRow]
    acts: Mapping[str, Sequence[CarActRow]]
    wanted: Mapping[str, OrderRow]
    permitted: permission.Permitted

    @property
    def is_many(self) -> bool:
        """Whether so many were read that they are not all to be asked at once."""
        return len(self.devices) > _MANY

    def parts(self) -> Iterator["Read"]:
        """The same, some links at a time."""
        for start in range(0, len(self.links), _PART):
            yield replace(self, links=self.links[start : start + _PART])


def read(
    unit: Unit, tenant: str, links: Sequence[CarLinkRow], permitted: permission.Permitted, now: datetime
) -> Read:  # fmt: skip
    """What is kept of links of a tenant."""
    live = [one for one in links if one.consent(now) is ConsentState.GRANTED]
    ids = {one.vehicle_id for one in live}
    stations = {one.car.station: one for one in live}
    wanted = {
        stations[row.station].vehicle_id: row
        for row in (unit.orders.to_give(0) if live else ())
        if row.standing and row.kind == SetProfile.__name__ and row.station in stations
    }
    few = len(live) <= _MANY
    vehicles = (unit.vehicles.find(tenant, name) for name in ids) if few else unit.vehicles.of(tenant)
    return Read(
        links, {one.device_id: one for one in unit.devices.at_stations(stations)},
        {one.vehicle_id: one for one in vehicles if one is not None},
        {one.vehicle_id: one for one in unit.cars.desks(tenant, ids if few else None)},
        _by_vehicle(unit.cars.acts_under_way(tenant) if live else ()),
        wanted, permitted,
    )  # fmt: skip


class Fleet:
    """Cars by id and by their clouds' ids. For the event loop's thread."""

    def __init__(self, door: Door, quotas: Mapping[Provider, Quotas] = QUOTAS) -> None:
        self.cars: dict[CarId, Car] = {}
        self.remote: dict[tuple[Provider, str], Car] = {}
        self.plans = {one: PollPlan(quotas[one].car(Cost.READ)) for one in door.clouds}
        self.spending = {one: Spending(quotas[one]) for one in door.clouds}
        self.sealed_otherwise = 0
        self._door = door
        self._quotas = quotas

    def reads_of(self, provider: Provider) -> Allowance:
        """How often a car of a cloud may be read."""
        return self._quotas[provider].car(Cost.READ)

    def take(self, found: Read, now: datetime) -> tuple[list[Car], list[Car]]:
        """Take what was read: cars that came, and cars that are not there any more."""
        came, gone = [], []
        for row in found.links:
            known = self.cars.get(row.car)
            if known is not None and known.row == row and found.permitted.may_read(row.vehicle_id):
                self._judge(known, found)
                continue
            if known is not None:
                gone.append(self.drop(known))
            if row.consent(now) is ConsentState.GRANTED and row.provider in self._door.clouds:
                car = self._made(row, found, now)
                came += [] if car is None else [car]
        return came, gone

    def drop(self, car: Car) -> Car:
        """Have a car no longer."""
        self.cars.pop(car.id, None)
        self.remote.pop((car.provider, car.link.remote_id), None)
        self.plans[car.provider].remove(car.id)
        return car

    def refit(self, tenant: str, devices: Iterable[DeviceRow]) -> list[Car]:
        """Devices changed: cars whose terms are others now."""
        by_id = {one.device_id: one for one in devices}
        changed = []
        for car in self.cars.values():
            if car.id.tenant == tenant and car.row.device_id in by_id:
                before = car.desk.terms
                self._fit(car, by_id[car.row.device_id], None)
                changed += [car] if car.desk.terms != before else []
        return changed

    def _judge(self, car: Car, found: Read) -> None:
        car.may_tell = found.permitted.may_tell(car.id.vehicle_id)
        self._fit(car, found.devices.get(car.row.device_id), found.vehicles.get(car.id.vehicle_id))

    def _made(self, row: CarLinkRow, found: Read, now: datetime) -> Car | None:
        if not found.permitted.may_read(row.vehicle_id):
            return None
        try:
            link = link_of(row, self._door.vault.open_place(row.sealed))
        except InputError:
            self.sealed_otherwise += 1
            return None
        kept = found.desks.get(row.vehicle_id)
        desk = CarDesk(Terms(car=row.car, capabilities=row.capabilities, power_kw_max=1.0), _remembered(kept))
        desk.connect_again()
        account = self._door.account_of(row.provider, row.tenant, row.account)
        car = Car(row, link, desk, account)
        self._judge(car, found)
        car.acts = {one.act_id: one for one in found.acts.get(row.vehicle_id, ())}
        if (order := found.wanted.get(row.vehicle_id)) is not None:
            car.order_id = order.order_id
        self.cars[car.id] = self.remote[row.provider, link.remote_id] = car
        plan = self.plans[row.provider]
        plan.add(car.id, now, _SPREAD_S if desk.state is None and found.is_many else 0.0)
        plan.spent(car.id, desk.memory.reads, now)
        if desk.state is not None:
            plan.heard(car.id, desk.situation(now), desk.state.received_at)
        return car

    def _fit(self, car: Car, device: DeviceRow | None, vehicle: VehicleRow | None) -> None:
        row, quotas = car.row, self._quotas[car.provider]
        battery_kwh = vehicle.battery_kwh if vehicle else car.desk.terms.battery_kwh
        car.desk.terms = Terms(
            car=car.id, capabilities=row.capabilities, battery_kwh=battery_kwh or row.battery_kwh,
            power_kw_max=device.power_kw_max if device else row.capabilities.power_kw(row.capabilities.current_a_max),
            commands_max=device.commands_max if device else None,
            dwell=timedelta(minutes=device.dwell_minutes if device else 0.0),
            commands=quotas.car(Cost.COMMAND), wakes=quotas.car(Cost.WAKE), vendor=row.provider.value, model=row.model,
        )  # fmt: skip


def _by_vehicle(rows: Iterable[CarActRow]) -> dict[str, list[CarActRow]]:
    found: dict[str, list[CarActRow]] = {}
    for row in rows:
        found.setdefault(row.vehicle_id, []).append(row)
    return found


def wanted_of(row: OrderRow) -> SetProfile | None:
    """The limits of a standing order."""
    try:
        command = orders.command_of(row)
    except InputError:
        return None
    return command if isinstance(command, SetProfile) else None


def _remembered(row: CarDeskRow | None) -> DeskMemory | None:
    """What a desk remembers; one that cannot be read any more begins anew."""
    if row is None:
        return None
    try:
        return DeskMemory.decoded(row.body.encode())
    except InputError:
        return None
