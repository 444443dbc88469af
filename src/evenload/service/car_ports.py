"""The port to what is kept of linked cars. The tenant is never left out, but where a cloud or a hash has to find it."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Protocol

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


class Cars(Protocol):
    """Linked cars. A live link is one that was not revoked."""

    # links and consent

    def link(self, tenant: str, vehicle_id: str) -> CarLinkRow | None:
        """One, or ``None``."""

    def links(self, tenant: str, *, after: str = "", count: int | None = None) -> Sequence[CarLinkRow]:
        """Those of a tenant by vehicle, revoked ones too, at most ``count`` that follow a vehicle."""

    def links_live(self, tenant: str) -> Sequence[CarLinkRow]:
        """The live ones of a tenant, by vehicle."""

    def live_among(self, tenant: str, vehicle_ids: Iterable[str]) -> set[str]:
        """Those of these vehicles that have a live link."""

    def links_changed(self, tenant: str, since: datetime) -> Sequence[CarLinkRow]:
        """Those of a tenant that were granted or revoked at an instant or later, by vehicle."""

    def links_told(self, provider: Provider, external_hash: str) -> Sequence[CarLinkRow]:
        """The live ones that a cloud's id of a car means, in whatever tenant."""

    def links_with_vin(self, vin_hash: str) -> Sequence[CarLinkRow]:
        """The live ones of a vehicle identification number, in whatever tenant; none of ``""``."""

    def links_of_account(self, provider: Provider, account: str, tenant: str = "") -> Sequence[CarLinkRow]:
        """The live ones of an account, of one tenant where given."""

    def put_links(self, rows: Iterable[CarLinkRow]) -> None:
        """Add or replace."""

    def account(self, tenant: str, provider: Provider, account: str) -> CarAccountRow | None:
        """One account, or ``None``."""

    def accounts(self, tenant: str) -> Sequence[CarAccountRow]:
        """All of a tenant."""

    def put_accounts(self, rows: Iterable[CarAccountRow]) -> None:
        """Add or replace."""

    def remove_account(self, tenant: str, provider: Provider, account: str) -> None:
        """Forget one and its tokens."""

    def consent(self, state_hash: str) -> CarConsentRow | None:
        """A consent that was asked for, in whatever tenant."""

    def put_consents(self, rows: Iterable[CarConsentRow]) -> None:
        """Add or replace."""

    def prune_consents(self, before: datetime) -> None:
        """Forget those that expired before an instant."""

    def is_first(self, provider: Provider, digest: str, at: datetime) -> bool:
        """Whether a notice of a cloud is told for the first time; it is noted."""

    # what cars told

    def state(self, tenant: str, vehicle_id: str) -> CarStateRow | None:
        """The last of a vehicle, or ``None``."""

    def states(self, tenant: str, vehicle_ids: Iterable[str] | None = None) -> Sequence[CarStateRow]:
        """The last of each vehicle of a tenant, by vehicle; of some where given."""

    def put_states(self, rows: Iterable[CarStateRow]) -> None:
        """Add or replace."""

    def desks(self, tenant: str, vehicle_ids: Iterable[str] | None = None) -> Sequence[CarDeskRow]:
        """What desks remember, by vehicle; those of some where given."""

    def put_desks(self, rows: Iterable[CarDeskRow]) -> None:
        """Add or replace."""

    def forget(self, tenant: str, vehicle_id: str) -> None:
        """Take away what a car told last and what its desk remembers."""

    # what cars were asked

    def acts_found(self, tenant: str, act_ids: Iterable[str]) -> Sequence[CarActRow]:
        """Those of these ids that there are, by vehicle and time."""

    def acts_under_way(self, tenant: str) -> Sequence[CarActRow]:
        """Those that have not ended, by vehicle and time."""

    def acts_of_car(self, tenant: str, vehicle_id: str, count: int) -> Sequence[CarActRow]:
        """The last of a vehicle, the latest first."""

    def acts_last(self, tenant: str, count: int) -> Sequence[CarActRow]:
        """The last of a tenant, the latest first."""

    def acts_of_event(
        self, tenant: str, event_id: str, *, after: str = "", count: int | None = None
    ) -> Sequence[CarActRow]:
        """Those of an event by vehicle and time; at most ``count``, of vehicles that follow one."""

    def counts_of_event(self, tenant: str, event_id: str) -> Mapping[ActStatus, int]:
        """How many of an event are at each status."""

    def put_acts(self, rows: Iterable[CarActRow]) -> None:
        """Add or replace."""

    # where data came from

    def sources(self, tenant: str, vehicle_id: str) -> Sequence[SourceRow]:
        """The history of a vehicle, the first first."""

    def put_sources(self, rows: Iterable[SourceRow]) -> None:
        """Add, or replace those that began at the same instant."""
