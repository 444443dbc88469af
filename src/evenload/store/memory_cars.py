"""Linked cars in memory."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from evenload.domain.vehicle_state import ActStatus, Provider
from evenload.service.car_rows import (
    CarAccountRow,
    CarActRow,
    CarConsentRow,
    CarDeskRow,
    CarLinkRow,
    CarStateRow,
    SourceRow,
)

Key = tuple[str, str]


@dataclass
class MemoryCars:
    """Linked cars."""

    linked: dict[Key, CarLinkRow] = field(default_factory=dict)
    let_in: dict[tuple[str, str, str], CarAccountRow] = field(default_factory=dict)
    asked: dict[str, CarConsentRow] = field(default_factory=dict)
    noticed: dict[Key, datetime] = field(default_factory=dict)
    told: dict[Key, CarStateRow] = field(default_factory=dict)
    remembered: dict[Key, CarDeskRow] = field(default_factory=dict)
    acted: dict[Key, CarActRow] = field(default_factory=dict)
    came_from: dict[tuple[str, str, datetime], SourceRow] = field(default_factory=dict)

    # links and consent

    def link(self, tenant: str, vehicle_id: str) -> CarLinkRow | None:
        """One, or ``None``."""
        return self.linked.get((tenant, vehicle_id))

    def links(self, tenant: str, *, after: str = "", count: int | None = None) -> Sequence[CarLinkRow]:
        """Those of a tenant by vehicle, revoked ones too, at most ``count`` that follow a vehicle."""
        found = [row for row in self.linked.values() if row.tenant == tenant and row.vehicle_id > after]
        return sorted(found, key=lambda row: row.vehicle_id)[:count]

    def _live(self) -> list[CarLinkRow]:
        found = [row for row in self.linked.values() if row.revoked_at is None]
        return sorted(found, key=lambda row: (row.tenant, row.vehicle_id))

    def links_live(self, tenant: str) -> Sequence[CarLinkRow]:
        """The live ones of a tenant, by vehicle."""
        return [row for row in self._live() if row.tenant == tenant]

    def live_among(self, tenant: str, vehicle_ids: Iterable[str]) -> set[str]:
        """Those of these vehicles that have a live link."""
        rows = ((name, self.linked.get((tenant, name))) for name in vehicle_ids)
        return {name for name, row in rows if row is not None and row.revoked_at is None}

    def links_changed(self, tenant: str, since: datetime) -> Sequence[CarLinkRow]:
        """Those of a tenant that were granted or revoked at an instant or later, by vehicle."""
        return [
            row for row in self.links(tenant)
            if any(at is not None and at >= since for at in (row.granted_at, row.revoked_at))
        ]  # fmt: skip

    def links_told(self, provider: Provider, external_hash: str) -> Sequence[CarLinkRow]:
        """The live ones that a cloud's id of a car means, in whatever tenant."""
        return [row for row in self._live() if (row.provider, row.external_hash) == (provider, external_hash)]

    def links_with_vin(self, vin_hash: str) -> Sequence[CarLinkRow]:
        """The live ones of a vehicle identification number, in whatever tenant; none of ``""``."""
        return [row for row in self._live() if vin_hash and row.vin_hash == vin_hash]

    def links_of_account(self, provider: Provider, account: str, tenant: str = "") -> Sequence[CarLinkRow]:
        """The live ones of an account, of one tenant where given."""
        found = [row for row in self._live() if (row.provider, row.account) == (provider, account)]
        return [row for row in found if tenant in ("", row.tenant)]

    def put_links(self, rows: Iterable[CarLinkRow]) -> None:
        """Add or replace."""
        self.linked.update({(row.tenant, row.vehicle_id): row for row in rows})

    def account(self, tenant: str, provider: Provider, account: str) -> CarAccountRow | None:
        """One account, or ``None``."""
        return self.let_in.get((tenant, account, provider))

    def accounts(self, tenant: str) -> Sequence[CarAccountRow]:
        """All of a tenant."""
        return [row for (owner, *_), row in sorted(self.let_in.items()) if owner == tenant]

    def put_accounts(self, rows: Iterable[CarAccountRow]) -> None:
        """Add or replace."""
        self.let_in.update({(row.tenant, row.account, row.provider): row for row in rows})

    def remove_account(self, tenant: str, provider: Provider, account: str) -> None:
        """Forget one and its tokens."""
        self.let_in.pop((tenant, account, provider), None)

    def consent(self, state_hash: str) -> CarConsentRow | None:
        """A consent that was asked for, in whatever tenant."""
        return self.asked.get(state_hash)

    def put_consents(self, rows: Iterable[CarConsentRow]) -> None:
        """Add or replace."""
        self.asked.update({row.state_hash: row for row in rows})

    def prune_consents(self, before: datetime) -> None:
        """Forget those that expired before an instant."""
        for key in [key for key, row in self.asked.items() if row.expires_at < before]:
            del self.asked[key]

    def is_first(self, provider: Provider, digest: str, at: datetime) -> bool:
        """Whether a notice of a cloud is told for the first time; it is noted."""
        known = (provider, digest) in self.noticed
        self.noticed.setdefault((provider, digest), at)
        return not known

    # what cars told

    def state(self, tenant: str, vehicle_id: str) -> CarStateRow | None:
        """The last of a vehicle, or ``None``."""
        return self.told.get((tenant, vehicle_id))

    def states(self, tenant: str, vehicle_ids: Iterable[str] | None = None) -> Sequence[CarStateRow]:
        """The last of each vehicle of a tenant, by vehicle; of some where given."""
        some = None if vehicle_ids is None else set(vehicle_ids)
        found = [row for row in self.told.values() if row.tenant == tenant and (some is None or row.vehicle_id in some)]
        return sorted(found, key=lambda row: row.vehicle_id)

    def put_states(self, rows: Iterable[CarStateRow]) -> None:
        """Add or replace."""
        self.told.update({(row.tenant, row.vehicle_id): row for row in rows})

    def desks(self, tenant: str, vehicle_ids: Iterable[str] | None = None) -> Sequence[CarDeskRow]:
        """What desks remember, by vehicle; those of some where given."""
        some = None if vehicle_ids is None else set(vehicle_ids)
        found = sorted(self.remembered.items())
        return [row for (owner, name), row in found if owner == tenant and (some is None or name in some)]

    def put_desks(self, rows: Iterable[CarDeskRow]) -> None:
        """Add or replace."""
        self.remembered.update({(row.tenant, row.vehicle_id): row for row in rows})

    def forget(self, tenant: str, vehicle_id: str) -> None:
        """Take away what a car told last and what its desk remembers."""
        self.told.pop((tenant, vehicle_id), None)
        self.remembered.pop((tenant, vehicle_id), None)

    # what cars were asked

    def acts_found(self, tenant: str, act_ids: Iterable[str]) -> Sequence[CarActRow]:
        """Those of these ids that there are, by vehicle and time."""
        found = [self.acted[tenant, one] for one in set(act_ids) if (tenant, one) in self.acted]
        return sorted(found, key=_in_order)

    def acts_under_way(self, tenant: str) -> Sequence[CarActRow]:
        """Those that have not ended, by vehicle and time."""
        return [row for row in self._acts(tenant) if row.ended_at is None]

    def acts_of_car(self, tenant: str, vehicle_id: str, count: int) -> Sequence[CarActRow]:
        """The last of a vehicle, the latest first."""
        return _latest([row for row in self._acts(tenant) if row.vehicle_id == vehicle_id], count)

    def acts_last(self, tenant: str, count: int) -> Sequence[CarActRow]:
        """The last of a tenant, the latest first."""
        return _latest(self._acts(tenant), count)

    def acts_of_event(
        self, tenant: str, event_id: str, *, after: str = "", count: int | None = None
    ) -> Sequence[CarActRow]:
        """Those of an event by vehicle and time; at most ``count``, of vehicles that follow one."""
        found = [row for row in self._acts(tenant) if row.event_id == event_id and row.vehicle_id > after]
        return found[:count]

    def counts_of_event(self, tenant: str, event_id: str) -> Mapping[ActStatus, int]:
        """How many of an event are at each status."""
        return Counter(row.status for row in self.acts_of_event(tenant, event_id))

    def _acts(self, tenant: str) -> list[CarActRow]:
        return sorted((row for row in self.acted.values() if row.tenant == tenant), key=_in_order)

    def put_acts(self, rows: Iterable[CarActRow]) -> None:
        """Add or replace."""
        self.acted.update({(row.tenant, row.act_id): row for row in rows})

    # where data came from

    def sources(self, tenant: str, vehicle_id: str) -> Sequence[SourceRow]:
        """The history of a vehicle, the first first."""
        return [row for key, row in sorted(self.came_from.items()) if key[:2] == (tenant, vehicle_id)]

    def put_sources(self, rows: Iterable[SourceRow]) -> None:
        """Add, or replace those that began at the same instant."""
        self.came_from.update({(row.tenant, row.vehicle_id, row.began_at): row for row in rows})


def _in_order(row: CarActRow) -> tuple[str, datetime, str]:
    return row.vehicle_id, row.made_at, row.act_id


def _latest(rows: list[CarActRow], count: int) -> list[CarActRow]:
    return sorted(rows, key=lambda row: (row.made_at, row.act_id), reverse=True)[:count]
