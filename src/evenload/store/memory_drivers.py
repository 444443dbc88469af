"""Drivers, their wishes, links and promises in memory."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from evenload.base.errors import InvariantError
from evenload.service.driver_rows import AnswerRow, ChoiceRow, DriverRow, LinkRow, PromiseRow, WishRow

Key = tuple[str, str]


@dataclass
class MemoryWishes:
    """What drivers wish for and choose, also what they wished before."""

    rows: dict[Key, WishRow] = field(default_factory=dict)
    chosen: dict[Key, ChoiceRow] = field(default_factory=dict)
    answered: dict[tuple[str, str, str], AnswerRow] = field(default_factory=dict)

    def of(self, tenant: str, driver_id: str, *, past: bool = False) -> Sequence[WishRow]:
        """Those of a driver by vehicle, the latest first; past ones too where told so."""
        found = [
            row
            for row in self.rows.values()
            if (row.tenant, row.driver_id) == (tenant, driver_id) and (past or row.ended_at is None)
        ]
        found.sort(key=_made, reverse=True)
        return sorted(found, key=lambda row: row.vehicle_id)

    def of_vehicle(self, tenant: str, vehicle_id: str) -> WishRow | None:
        """The one that holds for a vehicle, or ``None``."""
        held = [row for row in self.rows.values() if (row.tenant, row.vehicle_id) == (tenant, vehicle_id)]
        return next((row for row in held if row.ended_at is None), None)

    def put(self, rows: Iterable[WishRow]) -> None:
        """Add or replace."""
        self.rows.update({(row.tenant, row.wish_id): row for row in rows})

    def choices(self, tenant: str, driver_id: str, *, count: int = 100) -> Sequence[ChoiceRow]:
        """The last of a driver's choices, the latest first."""
        found = [row for row in self.chosen.values() if (row.tenant, row.driver_id) == (tenant, driver_id)]
        return sorted(found, key=lambda row: (_made(row), row.choice_id), reverse=True)[:count]

    def find_choice(self, tenant: str, choice_id: str) -> ChoiceRow | None:
        """One, or ``None``."""
        return self.chosen.get((tenant, choice_id))

    def unsettled(self, tenant: str, until: datetime, driver_ids: Collection[str] | None = None) -> Sequence[ChoiceRow]:
        """Choices that begin by an instant and of which something is to be done still, by start; of some drivers."""
        found = [
            row
            for row in self.chosen.values()
            if row.tenant == tenant and not row.settled and row.start <= until
            if driver_ids is None or row.driver_id in driver_ids
        ]
        return sorted(found, key=lambda row: (row.start, row.choice_id))

    def put_choices(self, rows: Iterable[ChoiceRow]) -> None:
        """Add or replace."""
        self.chosen.update({(row.tenant, row.choice_id): row for row in rows})

    def answers(self, tenant: str, driver_id: str) -> Sequence[AnswerRow]:
        """Answers to suggestions, by suggestion."""
        found = [row for row in self.answered.values() if (row.tenant, row.driver_id) == (tenant, driver_id)]
        return sorted(found, key=lambda row: row.suggestion_id)

    def put_answers(self, rows: Iterable[AnswerRow]) -> None:
        """Add or replace."""
        self.answered.update({(row.tenant, row.driver_id, row.suggestion_id): row for row in rows})

    def forget(self, tenant: str, driver_id: str) -> None:
        """Take away all of a driver."""
        for rows in (self.rows, self.chosen, self.answered):
            _take_away(rows, tenant, driver_id)


def _take_away(rows: dict[Any, Any], tenant: str, driver_id: str) -> None:
    for key in [key for key, row in rows.items() if (row.tenant, row.driver_id) == (tenant, driver_id)]:
        del rows[key]


def _made(row: WishRow | ChoiceRow) -> float:
    return row.made_at.timestamp() if row.made_at else 0.0


@dataclass
class MemoryDriverLinks:
    """Links of drivers."""

    rows: dict[str, LinkRow] = field(default_factory=dict)

    def find(self, link_id: str) -> LinkRow | None:
        """One, in whatever tenant: it says whose it is. ``None`` where there is none."""
        return self.rows.get(link_id)

    def of(self, tenant: str, driver_id: str) -> Sequence[LinkRow]:
        """Those of a driver, by id."""
        found = [row for row in self.rows.values() if (row.tenant, row.driver_id) == (tenant, driver_id)]
        return sorted(found, key=lambda row: row.link_id)

    def put(self, rows: Iterable[LinkRow]) -> None:
        """Add or replace."""
        self.rows.update({row.link_id: row for row in rows})

    def forget(self, tenant: str, driver_id: str) -> None:
        """Take away all of a driver."""
        _take_away(self.rows, tenant, driver_id)


@dataclass
class MemoryPromises:
    """What drivers were told that their cars will have."""

    rows: dict[int, PromiseRow] = field(default_factory=dict)

    def latest(self, tenant: str, session_ids: Collection[str]) -> Mapping[str, PromiseRow]:
        """The last one of each of these sessions that has any."""
        asked = set(session_ids)
        return {row.session_id: row for row in self.rows.values() if row.tenant == tenant and row.session_id in asked}

    def of(self, tenant: str, session_id: str) -> Sequence[PromiseRow]:
        """All of a session, in order."""
        return [row for row in self.rows.values() if (row.tenant, row.session_id) == (tenant, session_id)]

    def after(self, tenant: str, number: int, count: int) -> Sequence[PromiseRow]:
        """Those that follow a number, in order."""
        return [row for row in self.rows.values() if row.tenant == tenant and row.number > number][:count]

    def number_before(self, tenant: str, at: datetime) -> int:
        """The number of the last one that was made before an instant, 0 of none."""
        return max((row.number for row in self.rows.values() if row.tenant == tenant and row.at < at), default=0)

    def add(self, rows: Iterable[PromiseRow]) -> None:
        """Append."""
        for row in rows:
            number = max(self.rows, default=0) + 1
            self.rows[number] = replace(row, number=number)

    def forget(self, tenant: str, driver_id: str) -> None:
        """Take away all of a driver."""
        _take_away(self.rows, tenant, driver_id)


@dataclass
class MemoryDrivers:
    """Drivers and what their vehicles are to them."""

    rows: dict[Key, DriverRow] = field(default_factory=dict)

    def find(self, tenant: str, driver_id: str) -> DriverRow | None:
        """One, or ``None``."""
        return self.rows.get((tenant, driver_id))

    def of(self, tenant: str, *, after: str = "", count: int | None = None) -> Sequence[DriverRow]:
        """Those of a tenant by id, at most ``count`` that follow an id."""
        found = [row for row in self.rows.values() if row.tenant == tenant and row.driver_id > after]
        return sorted(found, key=lambda row: row.driver_id)[:count]

    def of_user(self, tenant: str, user_id: str) -> DriverRow | None:
        """The one who logs in with an account, or ``None``."""
        return next((row for row in self.of(tenant) if user_id and row.user_id == user_id), None)

    def of_vehicles(self, tenant: str, vehicle_ids: Collection[str]) -> Mapping[str, DriverRow]:
        """The driver of each of these vehicles that has one."""
        asked = set(vehicle_ids)
        return {one: row for row in self.of(tenant) for one in row.vehicles if one in asked}

    def put(self, rows: Iterable[DriverRow]) -> None:
        """Add or replace. ``InvariantError`` where a vehicle would have two drivers."""
        self.rows.update({(row.tenant, row.driver_id): row for row in rows})
        all_of_them = [(row.tenant, one) for row in self.rows.values() for one in row.vehicles]
        if len(all_of_them) != len(set(all_of_them)):
            raise InvariantError("a vehicle has one driver at most")

    def remove(self, tenant: str, driver_id: str) -> None:
        """Forget one, but not what other ports keep of it."""
        self.rows.pop((tenant, driver_id), None)
