"""The ports to what is kept of drivers. The tenant is part of every key and never left out."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from evenload.service.driver_rows import AnswerRow, ChoiceRow, DriverRow, LinkRow, PromiseRow, WishRow


class Drivers(Protocol):
    """Drivers and what their vehicles are to them."""

    def find(self, tenant: str, driver_id: str) -> DriverRow | None:
        """One, or ``None``."""

    def of(self, tenant: str, *, after: str = "", count: int | None = None) -> Sequence[DriverRow]:
        """Those of a tenant by id, at most ``count`` that follow an id."""

    def of_user(self, tenant: str, user_id: str) -> DriverRow | None:
        """The one who logs in with an account, or ``None``."""

    def of_vehicles(self, tenant: str, vehicle_ids: Collection[str]) -> Mapping[str, DriverRow]:
        """The driver of each of these vehicles that has one."""

    def put(self, rows: Iterable[DriverRow]) -> None:
        """Add or replace. ``InvariantError`` where a vehicle would have two drivers."""

    def remove(self, tenant: str, driver_id: str) -> None:
        """Forget one, but not what other ports keep of it."""


class Wishes(Protocol):
    """What drivers wish for and choose, also what they wished before."""

    def of(self, tenant: str, driver_id: str, *, past: bool = False) -> Sequence[WishRow]:
        """Those of a driver by vehicle, the latest first; past ones too where told so."""

    def of_vehicle(self, tenant: str, vehicle_id: str) -> WishRow | None:
        """The one that holds for a vehicle, or ``None``."""

    def put(self, rows: Iterable[WishRow]) -> None:
        """Add or replace."""

    def choices(self, tenant: str, driver_id: str, *, count: int = 100) -> Sequence[ChoiceRow]:
        """The last of a driver's choices, the latest first."""

    def find_choice(self, tenant: str, choice_id: str) -> ChoiceRow | None:
        """One, or ``None``."""

    def unsettled(self, tenant: str, until: datetime, driver_ids: Collection[str] | None = None) -> Sequence[ChoiceRow]:
        """Choices that begin by an instant and of which something is to be done still, by start; of some drivers."""

    def put_choices(self, rows: Iterable[ChoiceRow]) -> None:
        """Add or replace."""

    def answers(self, tenant: str, driver_id: str) -> Sequence[AnswerRow]:
        """Answers to suggestions, by suggestion."""

    def put_answers(self, rows: Iterable[AnswerRow]) -> None:
        """Add or replace."""

    def forget(self, tenant: str, driver_id: str) -> None:
        """Take away all of a driver."""


class DriverLinks(Protocol):
    """Links of drivers."""

    def find(self, link_id: str) -> LinkRow | None:
        """One, in whatever tenant: it says whose it is. ``None`` where there is none."""

    def of(self, tenant: str, driver_id: str) -> Sequence[LinkRow]:
        """Those of a driver, by id."""

    def put(self, rows: Iterable[LinkRow]) -> None:
        """Add or replace."""

    def forget(self, tenant: str, driver_id: str) -> None:
        """Take away all of a driver."""


class Promises(Protocol):
    """What drivers were told that their cars will have."""

    def latest(self, tenant: str, session_ids: Collection[str]) -> Mapping[str, PromiseRow]:
        """The last one of each of these sessions that has any."""

    def of(self, tenant: str, session_id: str) -> Sequence[PromiseRow]:
        """All of a session, in order."""

    def after(self, tenant: str, number: int, count: int) -> Sequence[PromiseRow]:
        """Those that follow a number, in order."""

    def number_before(self, tenant: str, at: datetime) -> int:
        """The number of the last one that was made before an instant, 0 of none: where to begin to read on from."""

    def add(self, rows: Iterable[PromiseRow]) -> None:
        """Append."""

    def forget(self, tenant: str, driver_id: str) -> None:
        """Take away all of a driver."""
