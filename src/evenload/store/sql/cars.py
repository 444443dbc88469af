"""Linked cars in SQL."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final, TypeVar

import msgspec
from sqlalchemy import ColumnElement, Connection, Select, delete, func, or_, select

from evenload.domain.vehicle_state import ActStatus, Capabilities, Provider
from evenload.service.car_rows import (
    CarAccountRow,
    CarActRow,
    CarConsentRow,
    CarDeskRow,
    CarLinkRow,
    CarStateRow,
    SourceRow,
)
from evenload.store.sql import schema_cars as tables
from evenload.store.sql.kept import Kept, portions
from evenload.store.sql.rarely import Rarely
from evenload.store.sql.writing import put, put_new

_LINKS: Final = Kept(tables.car_links, CarLinkRow)
_ACCOUNTS: Final = Kept(tables.car_accounts, CarAccountRow)
_CONSENTS: Final = Kept(tables.car_consents, CarConsentRow)
_STATES: Final = Kept(tables.car_states, CarStateRow)
_DESKS: Final = Kept(tables.car_desks, CarDeskRow)
_ACTS: Final = Kept(tables.car_acts, CarActRow)
_SOURCES: Final = Kept(tables.car_sources, SourceRow)
Row = TypeVar("Row")
_LIVE: Final = tables.car_links.c.revoked_at.is_(None)


@dataclass(frozen=True, slots=True)
class SqlCars:
    """Linked cars."""

    connection: Connection

    # links and consent

    def link(self, tenant: str, vehicle_id: str) -> CarLinkRow | None:
        """One, or ``None``."""
        found = _LINKS.find(self.connection, tenant, vehicle_id)
        return None if found is None else _understood(found)

    def links(self, tenant: str, *, after: str = "", count: int | None = None) -> Sequence[CarLinkRow]:
        """Those of a tenant by vehicle, revoked ones too, at most ``count`` that follow a vehicle."""
        found = _LINKS.selecting.where(tables.car_links.c.tenant == tenant)
        return [_understood(row) for row in _LINKS.page(self.connection, found, "vehicle_id", after, count)]

    def links_live(self, tenant: str) -> Sequence[CarLinkRow]:
        """The live ones of a tenant, by vehicle."""
        return self._links(tables.car_links.c.tenant == tenant)

    def live_among(self, tenant: str, vehicle_ids: Iterable[str]) -> set[str]:
        """Those of these vehicles that have a live link."""
        of, found = tables.car_links.c, set[str]()
        for some in portions(sorted(set(vehicle_ids))):
            own = select(of.vehicle_id).where(of.tenant == tenant, of.vehicle_id.in_(some), _LIVE)
            found.update(self.connection.execute(own).scalars())
        return found

    def links_changed(self, tenant: str, since: datetime) -> Sequence[CarLinkRow]:
        """Those of a tenant that were granted or revoked at an instant or later, by vehicle."""
        of = tables.car_links.c
        found = _LINKS.selecting.where(of.tenant == tenant, or_(of.granted_at >= since, of.revoked_at >= since))
        return [_understood(row) for row in _LINKS.read(self.connection, found.order_by(of.vehicle_id))]

    def links_told(self, provider: Provider, external_hash: str) -> Sequence[CarLinkRow]:
        """The live ones that a cloud's id of a car means, in whatever tenant."""
        return self._links(tables.car_links.c.external_hash == external_hash, tables.car_links.c.provider == provider)

    def links_with_vin(self, vin_hash: str) -> Sequence[CarLinkRow]:
        """The live ones of a vehicle identification number, in whatever tenant; none of ``""``."""
        return self._links(tables.car_links.c.vin_hash == vin_hash) if vin_hash else []

    def links_of_account(self, provider: Provider, account: str, tenant: str = "") -> Sequence[CarLinkRow]:
        """The live ones of an account, of one tenant where given."""
        of = tables.car_links.c
        own = [of.tenant == tenant] if tenant else []
        return self._links(of.account == account, of.provider == provider, *own)

    def _links(self, *which: ColumnElement[bool]) -> list[CarLinkRow]:
        of = tables.car_links.c
        found = _LINKS.selecting.where(*which, _LIVE).order_by(of.tenant, of.vehicle_id)
        return [_understood(row) for row in _LINKS.read(self.connection, found)]

    def put_links(self, rows: Iterable[CarLinkRow]) -> None:
        """Add or replace."""
        values = [_LINKS.values(row) | {"capabilities": msgspec.json.encode(row.capabilities).decode()} for row in rows]
        put(self.connection, tables.car_links, values)

    def account(self, tenant: str, provider: Provider, account: str) -> CarAccountRow | None:
        """One account, or ``None``."""
        return _ACCOUNTS.find(self.connection, tenant, account, provider)

    def accounts(self, tenant: str) -> Sequence[CarAccountRow]:
        """All of a tenant."""
        of = tables.car_accounts.c
        return _ACCOUNTS.read(
            self.connection, _ACCOUNTS.selecting.where(of.tenant == tenant).order_by(of.account, of.provider)
        )

    def put_accounts(self, rows: Iterable[CarAccountRow]) -> None:
        """Add or replace."""
        _ACCOUNTS.put(self.connection, rows)

    def remove_account(self, tenant: str, provider: Provider, account: str) -> None:
        """Forget one and its tokens."""
        _ACCOUNTS.remove(self.connection, tenant, account, provider)

    def consent(self, state_hash: str) -> CarConsentRow | None:
        """A consent that was asked for, in whatever tenant."""
        return _CONSENTS.find(self.connection, state_hash)

    def put_consents(self, rows: Iterable[CarConsentRow]) -> None:
        """Add or replace."""
        _CONSENTS.put(self.connection, rows)

    def prune_consents(self, before: datetime) -> None:
        """Forget those that expired before an instant."""
        self.connection.execute(delete(tables.car_consents).where(tables.car_consents.c.expires_at < before))

    def is_first(self, provider: Provider, digest: str, at: datetime) -> bool:
        """Whether a notice of a cloud is told for the first time; it is noted."""
        of = tables.car_notices.c
        known = select(of.at).where(of.digest == digest, of.provider == provider)
        if self.connection.execute(known).first() is not None:
            return False
        row = {"digest": digest, "provider": provider, "at": at}
        put_new(self.connection, tables.car_notices, [row], "digest provider")
        return True

    # what cars told

    def state(self, tenant: str, vehicle_id: str) -> CarStateRow | None:
        """The last of a vehicle, or ``None``."""
        return _STATES.find(self.connection, tenant, vehicle_id)

    def states(self, tenant: str, vehicle_ids: Iterable[str] | None = None) -> Sequence[CarStateRow]:
        """The last of each vehicle of a tenant, by vehicle; of some where given."""
        return self._of_vehicles(_STATES, tenant, vehicle_ids)

    def put_states(self, rows: Iterable[CarStateRow]) -> None:
        """Add or replace."""
        _STATES.put(self.connection, rows)

    def desks(self, tenant: str, vehicle_ids: Iterable[str] | None = None) -> Sequence[CarDeskRow]:
        """What desks remember, by vehicle; those of some where given."""
        return self._of_vehicles(_DESKS, tenant, vehicle_ids)

    def _of_vehicles(self, kept: Kept[Row], tenant: str, vehicle_ids: Iterable[str] | None) -> list[Row]:
        of = kept.table.c
        found = kept.selecting.where(of.tenant == tenant).order_by(of.vehicle_id)
        if vehicle_ids is None:
            return kept.read(self.connection, found)
        parts = portions(sorted(set(vehicle_ids)))
        return [row for part in parts for row in kept.read(self.connection, found.where(of.vehicle_id.in_(part)))]

    def put_desks(self, rows: Iterable[CarDeskRow]) -> None:
        """Add or replace."""
        _DESKS.put(self.connection, rows)

    def forget(self, tenant: str, vehicle_id: str) -> None:
        """Take away what a car told last and what its desk remembers."""
        _STATES.remove(self.connection, tenant, vehicle_id)
        _DESKS.remove(self.connection, tenant, vehicle_id)

    # what cars were asked

    def acts_found(self, tenant: str, act_ids: Iterable[str]) -> Sequence[CarActRow]:
        """Those of these ids that there are, by vehicle and time."""
        of = tables.car_acts.c
        some = [_ACTS.selecting.where(of.tenant == tenant, of.act_id.in_(part)) for part in portions(set(act_ids))]
        rows = [row for one in some for row in _ACTS.read(self.connection, one)]
        return sorted(rows, key=lambda row: (row.vehicle_id, row.made_at, row.act_id))

    def acts_under_way(self, tenant: str) -> Sequence[CarActRow]:
        """Those that have not ended, by vehicle and time."""
        of = tables.car_acts.c
        own = (of.tenant + "" == tenant, of.ended_at.is_(None))  # few in all: not by the tenant, which has many more
        return self._acts(_ACTS.selecting.where(*own))

    def acts_of_car(self, tenant: str, vehicle_id: str, count: int) -> Sequence[CarActRow]:
        """The last of a vehicle, the latest first."""
        of = tables.car_acts.c
        return self._last(_ACTS.selecting.where(of.tenant == tenant, of.vehicle_id == vehicle_id), count)

    def acts_last(self, tenant: str, count: int) -> Sequence[CarActRow]:
        """The last of a tenant, the latest first."""
        return self._last(_ACTS.selecting.where(tables.car_acts.c.tenant == tenant), count)

    def acts_of_event(
        self, tenant: str, event_id: str, *, after: str = "", count: int | None = None
    ) -> Sequence[CarActRow]:
        """Those of an event by vehicle and time; at most ``count``, of vehicles that follow one."""
        of = tables.car_acts.c
        found = _ACTS.selecting.where(of.tenant == tenant, Rarely(of.event_id == event_id), of.vehicle_id > after)
        return self._acts(found.limit(count))

    def counts_of_event(self, tenant: str, event_id: str) -> Mapping[ActStatus, int]:
        """How many of an event are at each status."""
        of = tables.car_acts.c
        found = (
            select(of.status, func.count())
            .where(of.tenant == tenant, Rarely(of.event_id == event_id))
            .group_by(of.status)
        )
        return {status: count for status, count in self.connection.execute(found)}  # noqa: C416 - rows are no pairs

    def _acts(self, found: Select[Any]) -> list[CarActRow]:
        of = tables.car_acts.c
        return _ACTS.read(self.connection, found.order_by(of.vehicle_id, of.made_at, of.act_id))

    def _last(self, found: Select[Any], count: int) -> list[CarActRow]:
        of = tables.car_acts.c
        return _ACTS.read(self.connection, found.order_by(of.made_at.desc(), of.act_id.desc()).limit(count))

    def put_acts(self, rows: Iterable[CarActRow]) -> None:
        """Add or replace."""
        _ACTS.put(self.connection, rows)

    # where data came from

    def sources(self, tenant: str, vehicle_id: str) -> Sequence[SourceRow]:
        """The history of a vehicle, the first first."""
        of = tables.car_sources.c
        found = _SOURCES.selecting.where(of.tenant == tenant, of.vehicle_id == vehicle_id)
        return _SOURCES.read(self.connection, found.order_by(of.began_at))

    def put_sources(self, rows: Iterable[SourceRow]) -> None:
        """Add, or replace those that began at the same instant."""
        _SOURCES.put(self.connection, rows)


def _understood(row: CarLinkRow) -> CarLinkRow:
    """A link as it was read, with its capabilities understood."""
    return replace(row, capabilities=msgspec.json.decode(str(row.capabilities), type=Capabilities))
