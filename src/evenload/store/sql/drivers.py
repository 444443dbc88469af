"""Drivers, their wishes, links and promises in SQL."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Table, bindparam, delete, func, select

from evenload.service.driver_rows import AnswerRow, ChoiceRow, DriverRow, LinkRow, PromiseRow, WishRow
from evenload.store.sql import schema_drivers as tables
from evenload.store.sql.kept import Kept, portions
from evenload.store.sql.rarely import Rarely
from evenload.store.sql.writing import add, put

_DRIVERS: Final = Kept(tables.drivers, DriverRow)
_WISHES: Final = Kept(tables.driver_wishes, WishRow)
_CHOICES: Final = Kept(tables.driver_choices, ChoiceRow)
_LINKS: Final = Kept(tables.driver_links, LinkRow)
_PROMISES: Final = Kept(tables.driver_promises, PromiseRow)
_ANSWERS: Final = Kept(tables.driver_answers, AnswerRow)

_WISH_THAT_HOLDS: Final = _WISHES.selecting.where(
    tables.driver_wishes.c.tenant == bindparam("t"), tables.driver_wishes.c.vehicle_id == bindparam("v"),
    tables.driver_wishes.c.ended_at.is_(None),
)  # fmt: skip
_UNSETTLED: Final = _CHOICES.selecting.where(
    tables.driver_choices.c.tenant == bindparam("t"), tables.driver_choices.c.settled.is_(False),
    tables.driver_choices.c.start <= bindparam("until", type_=tables.driver_choices.c.start.type),
)  # fmt: skip
_UNSETTLED_OF_ONE: Final = _UNSETTLED.where(Rarely(tables.driver_choices.c.driver_id == bindparam("d")))
_DRIVER_OF: Final = _DRIVERS.selecting.where(
    tables.driver_vehicles.c.tenant == bindparam("t"), tables.driver_vehicles.c.vehicle_id == bindparam("v"),
    tables.drivers.c.tenant == tables.driver_vehicles.c.tenant,
    tables.drivers.c.driver_id == tables.driver_vehicles.c.driver_id,
)  # fmt: skip


def _forget(connection: Connection, tenant: str, driver_id: str, *kept: Table) -> None:
    for one in kept:
        connection.execute(delete(one).where(one.c.tenant == tenant, one.c.driver_id == driver_id))


@dataclass(frozen=True, slots=True)
class SqlDrivers:
    """Drivers and what their vehicles are to them."""

    connection: Connection

    def find(self, tenant: str, driver_id: str) -> DriverRow | None:
        """One, or ``None``."""
        return _DRIVERS.find(self.connection, tenant, driver_id)

    def of(self, tenant: str, *, after: str = "", count: int | None = None) -> Sequence[DriverRow]:
        """Those of a tenant by id, at most ``count`` that follow an id."""
        found = _DRIVERS.selecting.where(tables.drivers.c.tenant == tenant)
        return _DRIVERS.page(self.connection, found, "driver_id", after, count)

    def of_user(self, tenant: str, user_id: str) -> DriverRow | None:
        """The one who logs in with an account, or ``None``."""
        of = tables.drivers.c
        own = (
            _DRIVERS.selecting.where(of.tenant == tenant, Rarely(of.user_id == user_id)).order_by(of.driver_id).limit(1)
        )
        return next(iter(_DRIVERS.read(self.connection, own)), None) if user_id else None

    def of_vehicles(self, tenant: str, vehicle_ids: Collection[str]) -> Mapping[str, DriverRow]:
        """The driver of each of these vehicles that has one."""
        if len(vehicle_ids) == 1:  # which is most often, and several times as fast
            (only,) = vehicle_ids
            rows_found = _DRIVERS.read(self.connection, _DRIVER_OF, t=tenant, v=only)
            return {only: rows_found[0]} if rows_found else {}
        of, whose = tables.driver_vehicles.c, dict[str, str]()
        for some in portions(set(vehicle_ids)):
            found = select(of.vehicle_id, of.driver_id).where(of.tenant == tenant, of.vehicle_id.in_(some))
            whose |= {row.vehicle_id: row.driver_id for row in self.connection.execute(found)}
        rows = dict[str, DriverRow]()
        for some in portions(set(whose.values())):
            own = _DRIVERS.selecting.where(tables.drivers.c.tenant == tenant, tables.drivers.c.driver_id.in_(some))
            rows |= {row.driver_id: row for row in _DRIVERS.read(self.connection, own)}
        return {vehicle: rows[driver] for vehicle, driver in whose.items()}

    def put(self, rows: Iterable[DriverRow]) -> None:
        """Add or replace. ``InvariantError`` where a vehicle would have two drivers."""
        listed = list(rows)
        _DRIVERS.put(self.connection, listed)
        for row in listed:
            _forget(self.connection, row.tenant, row.driver_id, tables.driver_vehicles)
        values = [
            {"tenant": row.tenant, "vehicle_id": one, "driver_id": row.driver_id}
            for row in listed
            for one in row.vehicles
        ]
        add(self.connection, tables.driver_vehicles, values)

    def remove(self, tenant: str, driver_id: str) -> None:
        """Forget one, but not what other ports keep of it."""
        _forget(self.connection, tenant, driver_id, tables.drivers, tables.driver_vehicles)


@dataclass(frozen=True, slots=True)
class SqlWishes:
    """What drivers wish for and choose, also what they wished before."""

    connection: Connection

    def of(self, tenant: str, driver_id: str, *, past: bool = False) -> Sequence[WishRow]:
        """Those of a driver by vehicle, the latest first; past ones too where told so."""
        of, found = tables.driver_wishes.c, _WISHES.selecting
        found = found.where(of.tenant == tenant, Rarely(of.driver_id == driver_id))
        if not past:
            found = found.where(of.ended_at.is_(None))
        return _WISHES.read(self.connection, found.order_by(of.vehicle_id, of.made_at.desc()))

    def of_vehicle(self, tenant: str, vehicle_id: str) -> WishRow | None:
        """The one that holds for a vehicle, or ``None``."""
        return next(iter(_WISHES.read(self.connection, _WISH_THAT_HOLDS, t=tenant, v=vehicle_id)), None)

    def put(self, rows: Iterable[WishRow]) -> None:
        """Add or replace; those that ended go first, so that another may take their place at once."""
        values = sorted((_WISHES.values(row) for row in rows), key=lambda one: one["ended_at"] is None)
        put(self.connection, tables.driver_wishes, values)

    def choices(self, tenant: str, driver_id: str, *, count: int = 100) -> Sequence[ChoiceRow]:
        """The last of a driver's choices, the latest first."""
        of = tables.driver_choices.c
        found = _CHOICES.selecting.where(of.tenant == tenant, of.driver_id == driver_id)
        return _CHOICES.read(self.connection, found.order_by(of.made_at.desc(), of.choice_id.desc()).limit(count))

    def find_choice(self, tenant: str, choice_id: str) -> ChoiceRow | None:
        """One, or ``None``."""
        return _CHOICES.find(self.connection, tenant, choice_id)

    def unsettled(self, tenant: str, until: datetime, driver_ids: Collection[str] | None = None) -> Sequence[ChoiceRow]:
        """Choices that begin by an instant and of which something is to be done still, by start; of some drivers."""
        rows = list[ChoiceRow]()
        if driver_ids is None:
            rows = _CHOICES.read(self.connection, _UNSETTLED, t=tenant, until=until)
        for one in driver_ids or ():
            rows += _CHOICES.read(self.connection, _UNSETTLED_OF_ONE, t=tenant, until=until, d=one)
        return sorted(rows, key=lambda row: (row.start, row.choice_id))

    def put_choices(self, rows: Iterable[ChoiceRow]) -> None:
        """Add or replace."""
        _CHOICES.put(self.connection, rows)

    def answers(self, tenant: str, driver_id: str) -> Sequence[AnswerRow]:
        """Answers to suggestions, by suggestion."""
        of = tables.driver_answers.c
        found = _ANSWERS.selecting.where(of.tenant == tenant, of.driver_id == driver_id).order_by(of.suggestion_id)
        return _ANSWERS.read(self.connection, found)

    def put_answers(self, rows: Iterable[AnswerRow]) -> None:
        """Add or replace."""
        _ANSWERS.put(self.connection, rows)

    def forget(self, tenant: str, driver_id: str) -> None:
        """Take away all of a driver."""
        _forget(self.connection, tenant, driver_id, tables.driver_wishes, tables.driver_choices, tables.driver_answers)


@dataclass(frozen=True, slots=True)
class SqlDriverLinks:
    """Links of drivers."""

    connection: Connection

    def find(self, link_id: str) -> LinkRow | None:
        """One, in whatever tenant: it says whose it is. ``None`` where there is none."""
        return _LINKS.find(self.connection, link_id)

    def of(self, tenant: str, driver_id: str) -> Sequence[LinkRow]:
        """Those of a driver, by id."""
        of = tables.driver_links.c
        found = _LINKS.selecting.where(of.tenant == tenant, of.driver_id == driver_id).order_by(of.link_id)
        return _LINKS.read(self.connection, found)

    def put(self, rows: Iterable[LinkRow]) -> None:
        """Add or replace."""
        _LINKS.put(self.connection, rows)

    def forget(self, tenant: str, driver_id: str) -> None:
        """Take away all of a driver."""
        _forget(self.connection, tenant, driver_id, tables.driver_links)


@dataclass(frozen=True, slots=True)
class SqlPromises:
    """What drivers were told that their cars will have."""

    connection: Connection

    def latest(self, tenant: str, session_ids: Collection[str]) -> Mapping[str, PromiseRow]:
        """The last one of each of these sessions that has any."""
        of, found = tables.driver_promises.c, dict[str, PromiseRow]()
        for some in portions(set(session_ids)):
            last = select(func.max(of.number)).where(of.tenant == tenant, of.session_id.in_(some))
            own = _PROMISES.selecting.where(of.number.in_(last.group_by(of.session_id)))
            found |= {row.session_id: row for row in _PROMISES.read(self.connection, own)}
        return found

    def of(self, tenant: str, session_id: str) -> Sequence[PromiseRow]:
        """All of a session, in order."""
        of = tables.driver_promises.c
        return self._read(_PROMISES.selecting.where(of.tenant == tenant, of.session_id == session_id))

    def after(self, tenant: str, number: int, count: int) -> Sequence[PromiseRow]:
        """Those that follow a number, in order."""
        of = tables.driver_promises.c
        return self._read(_PROMISES.selecting.where(of.tenant == tenant, of.number > number).limit(count))

    def number_before(self, tenant: str, at: datetime) -> int:
        """The number of the last one that was made before an instant, 0 of none; found from the end on."""
        of = tables.driver_promises.c
        found = select(of.number).where(of.tenant == tenant, of.at < at).order_by(of.number.desc()).limit(1)
        return self.connection.execute(found).scalar() or 0

    def _read(self, found: Any) -> Sequence[PromiseRow]:  # noqa: ANN401 - a selection
        return _PROMISES.read(self.connection, found.order_by(tables.driver_promises.c.number))

    def add(self, rows: Iterable[PromiseRow]) -> None:
        """Append."""
        add(self.connection, tables.driver_promises, [_PROMISES.appended(row) for row in rows])

    def forget(self, tenant: str, driver_id: str) -> None:
        """Take away all of a driver."""
        _forget(self.connection, tenant, driver_id, tables.driver_promises)
