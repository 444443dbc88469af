"""The ports to sites, devices, sessions, limits, plans and users that are kept. The tenant is never left out."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Protocol

from evenload.base.instants import Interval
from evenload.domain.circuit import Circuit
from evenload.domain.station import StationId
from evenload.service.access_rows import AuditRow, KeyRow, ReplyRow, UserRow, WebhookRow
from evenload.service.live_rows import (
    CircuitRow,
    DecisionRow,
    DeviceRow,
    LimitRow,
    LoadRow,
    PlanRow,
    SessionRow,
    SignalRow,
    SiteRow,
    VehicleRow,
)


class Circuits(Protocol):
    """The grid of a tenant."""

    def of(self, tenant: str, *, after: str = "", count: int | None = None) -> Sequence[Circuit]:
        """Nodes by name, at most ``count`` that follow one."""

    def find(self, tenant: str, node: str) -> Circuit | None:
        """One, or ``None``."""

    def put(self, rows: Iterable[CircuitRow]) -> None:
        """Add or replace."""

    def remove(self, tenant: str, nodes: Iterable[str]) -> None:
        """Take away."""


class Sites(Protocol):
    """Sites."""

    def find(self, tenant: str, site_id: str) -> SiteRow | None:
        """One, or ``None``."""

    def of(self, tenant: str, *, after: str = "", count: int | None = None) -> Sequence[SiteRow]:
        """Those of a tenant by id, at most ``count`` that follow an id."""

    def put(self, rows: Iterable[SiteRow]) -> None:
        """Add or replace."""

    def remove(self, tenant: str, site_id: str) -> None:
        """Take away."""


class Devices(Protocol):
    """Devices. Retired ones are kept."""

    def find(self, tenant: str, device_id: str) -> DeviceRow | None:
        """One, or ``None``."""

    def at_stations(self, stations: Iterable[StationId]) -> Sequence[DeviceRow]:
        """Those of stations that are not retired, by station and EVSE."""

    def of(
        self, tenant: str, *, after: str = "", count: int | None = None, site_id: str = "", retired: bool = False
    ) -> Sequence[DeviceRow]:
        """Those of a tenant by id, at most ``count`` that follow an id; of one site; retired ones too where told so."""

    def claimed_by(self, identity: str) -> Sequence[str]:
        """Tenants that have a device at a station of this name, not retired."""

    def put(self, rows: Iterable[DeviceRow]) -> None:
        """Add or replace."""


class Vehicles(Protocol):
    """Vehicles."""

    def find(self, tenant: str, vehicle_id: str) -> VehicleRow | None:
        """One, or ``None``."""

    def with_tokens(self, tenant: str, tokens: Iterable[str]) -> Sequence[VehicleRow]:
        """Those known by these tokens (``Token.key``)."""

    def of(self, tenant: str, *, after: str = "", count: int | None = None) -> Sequence[VehicleRow]:
        """Those of a tenant by id, at most ``count`` that follow an id."""

    def put(self, rows: Iterable[VehicleRow]) -> None:
        """Add or replace."""

    def remove(self, tenant: str, vehicle_id: str) -> None:
        """Take away."""


class Sessions(Protocol):
    """Sessions."""

    def find(self, tenant: str, session_id: str) -> SessionRow | None:
        """One, or ``None``."""

    def going_on(self, tenant: str) -> Sequence[SessionRow]:
        """Those not unplugged that count by themselves, by plug-in and id: no absorbed ones."""

    def going_on_at(self, tenant: str, device_ids: Iterable[str]) -> Sequence[SessionRow]:
        """Those not unplugged of devices, absorbed ones too; at most one each."""

    def within(
        self, tenant: str, window: Interval, *, after: str = "", count: int | None = None, device_id: str = ""
    ) -> Sequence[SessionRow]:
        """Those plugged in at some time of a window, by id, at most ``count`` that follow an id; absorbed ones too
        where they are of one device.
        """

    def of_vehicles(self, tenant: str, vehicle_ids: Iterable[str], window: Interval) -> Sequence[SessionRow]:
        """Those of vehicles that count by themselves, plugged in at some time of a window, by plug-in and id."""

    def put(self, rows: Iterable[SessionRow]) -> None:
        """Add or replace."""


class LimitsKept(Protocol):
    """Limits at circuits for a time."""

    def find(self, tenant: str, limit_id: str) -> LimitRow | None:
        """One, or ``None``."""

    def within(self, tenant: str, window: Interval, *, cancelled: bool = False) -> Sequence[LimitRow]:
        """Those that hold at some time of a window, by start and id; cancelled ones too where told so."""

    def put(self, rows: Iterable[LimitRow]) -> None:
        """Add or replace."""


class Signals(Protocol):
    """Prices and carbon."""

    def within(self, tenant: str, window: Interval, node: str | None = None) -> Sequence[SignalRow]:
        """Those that hold at some time of a window, by node and instant; of one node where given."""

    def put(self, rows: Iterable[SignalRow]) -> None:
        """Add, or replace those of the same node and instant."""


class Loads(Protocol):
    """Loads metered at circuits."""

    def within(self, tenant: str, window: Interval, nodes: Iterable[str] | None = None) -> Sequence[LoadRow]:
        """Those that begin in a window, by node and instant; of some nodes where given."""

    def latest(self, tenant: str, *, after: tuple[str, str] = ("", ""), count: int | None = None) -> Sequence[LoadRow]:
        """The latest of each node and kind, by both; at most ``count`` that follow a node and kind."""

    def put(self, rows: Iterable[LoadRow]) -> None:
        """Add, or replace those of the same node, instant and kind."""


class Plans(Protocol):
    """Plans."""

    def find(self, tenant: str, plan_id: str) -> PlanRow | None:
        """One with its sessions, or ``None``."""

    def last(self, tenant: str, count: int = 1, *, only: Collection[str] | None = None) -> Sequence[PlanRow]:
        """The last ones with their sessions, the latest first; with ``only`` some of the sessions, or none."""

    def add(self, row: PlanRow) -> None:
        """Append."""

    def prune(self, tenant: str, before: datetime) -> int:
        """Forget those made before an instant, but never the last; how many."""


class Decisions(Protocol):
    """Decisions, with why."""

    def last(
        self, tenant: str, count: int, *, device_id: str = "", session_id: str = "", before: int | None = None
    ) -> Sequence[DecisionRow]:
        """The last ones, the latest first; of a device or session; before a number where given."""

    def add(self, rows: Iterable[DecisionRow]) -> None:
        """Append."""


class Users(Protocol):
    """Users and keys to the API."""

    def find(self, tenant: str, user_id: str) -> UserRow | None:
        """One, or ``None``."""

    def with_email(self, email: str) -> Sequence[UserRow]:
        """Those with an address, in whatever tenant: a login must find its tenant. Case does not matter."""

    def with_subject(self, issuer: str, subject: str) -> Sequence[UserRow]:
        """Those a login elsewhere belongs to."""

    def of(self, tenant: str) -> Sequence[UserRow]:
        """All of a tenant, by id."""

    def put(self, rows: Iterable[UserRow]) -> None:
        """Add or replace."""

    def find_key(self, key_id: str) -> KeyRow | None:
        """A key, in whatever tenant: it says whose it is. ``None`` where there is none."""

    def keys_of(self, tenant: str) -> Sequence[KeyRow]:
        """All keys of a tenant, by id."""

    def put_keys(self, rows: Iterable[KeyRow]) -> None:
        """Add or replace."""


class Audit(Protocol):
    """The audit log: it only grows."""

    def last_digest(self, tenant: str) -> str:
        """The digest of the last row, ``""`` where there is none."""

    def after(self, tenant: str, number: int, count: int) -> Sequence[AuditRow]:
        """Those that follow a number, in order."""

    def last(self, tenant: str, count: int) -> Sequence[AuditRow]:
        """The last ones, the latest first."""

    def add(self, row: AuditRow) -> None:
        """Append."""


class Webhooks(Protocol):
    """Whom to tell, and answers to repeated requests."""

    def find(self, tenant: str, webhook_id: str) -> WebhookRow | None:
        """One, or ``None``."""

    def of(self, tenant: str) -> Sequence[WebhookRow]:
        """All of a tenant, by id."""

    def put(self, rows: Iterable[WebhookRow]) -> None:
        """Add or replace."""

    def remove(self, tenant: str, webhook_id: str) -> None:
        """Take away."""


class Replies(Protocol):
    """What requests with an idempotency key were answered."""

    def find(self, tenant: str, key: str) -> ReplyRow | None:
        """One, or ``None``."""

    def add(self, row: ReplyRow) -> None:
        """Append."""

    def prune(self, before: datetime) -> None:
        """Forget those made before an instant."""
