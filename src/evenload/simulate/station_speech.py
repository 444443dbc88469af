"""What a virtual station and the versions it speaks have to say to each other."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from evenload.ocpp.composite import Purpose, Step, Unit
from evenload.ocpp.dialect import Dialect
from evenload.ocpp.wire import Wire
from evenload.simulate.station_car import Flow, Outlet
from evenload.simulate.station_profiles import Held
from evenload.simulate.station_spec import StationSpec
from evenload.simulate.station_tokens import LocalList


@dataclass(slots=True)
class Charge:
    """One transaction as the station knows it. ``number`` is what a CSMS gives it in 1.6, -1 until it did."""

    evse_id: int
    local_id: str
    token: str
    started_at: datetime
    register_kwh: float
    remote_start_id: int | None = None
    number: int = -1
    sequence: int = -1

    def next_sequence(self) -> int:
        """0, 1, 2 and so on."""
        self.sequence += 1
        return self.sequence


@dataclass(frozen=True, slots=True)
class Sample:
    """One metered value in the words that all versions share."""

    measurand: str
    value: float
    unit: str
    phase: str | None = None


@dataclass(frozen=True, slots=True)
class Moment:
    """When something about a transaction happened, what was metered then, and whether the station was offline."""

    at: datetime
    samples: tuple[Sample, ...]
    flow: Flow
    offline: bool = False
    sequence: int = 0
    register_kwh: float = 0.0


@dataclass(frozen=True, slots=True)
class Booted:
    """The answer to a boot: whether the station may take part, how often it shall say so, and what time it is."""

    accepted: bool
    interval_s: float
    at: datetime


@dataclass(frozen=True, slots=True)
class Cannot:
    """A call is refused with a CALLERROR of this code."""

    code: str = "NotSupported"
    sentence: str = "not done here"


class Obedient(Protocol):
    """A station as a speech may tell it what to do; what returns ``bool`` says whether it does. What is put into
    ``to_say`` follows the answer."""

    spec: StationSpec
    settings: dict[str, str]
    local_list: LocalList
    to_say: list[Wire]
    wall: Callable[[], datetime]

    @property
    def outlets(self) -> dict[int, Outlet]:
        """The outlets by number."""

    @property
    def held(self) -> Sequence[Held]:
        """The profiles it holds."""

    def change_setting(self, name: str, value: str) -> bool:
        """Take another value of a setting, if there is one of that name."""

    def charge_at(self, evse_id: int) -> Charge | None:
        """The transaction at an EVSE."""

    def charge_of(self, transaction_id: str) -> Charge | None:
        """The transaction of that id, the station's own or the CSMS's."""

    def hold(self, held: Held) -> bool:
        """Take a profile."""

    def clear(
        self, profile_id: int | None, evse_id: int | None, purpose: Purpose | None, stack_level: int | None
    ) -> bool:
        """Forget profiles."""

    def composite(self, evse_id: int, duration_s: float, unit: Unit) -> Sequence[Step]:
        """What is in force from now on."""

    def start_remotely(self, evse_id: int, token: str, remote_start_id: int | None, held: Held | None) -> bool:
        """Start a transaction where a car waits, or soon comes."""

    def stop_remotely(self, charge: Charge) -> bool:
        """Stop a transaction."""

    def reset(self, *, at_once: bool) -> bool:
        """Restart."""

    def trigger(self, message: str, evse_id: int) -> bool:
        """Send a message of that kind."""

    def serve(self, evse_ids: Iterable[int], *, operative: bool) -> None:
        """Take EVSEs in or out of service."""


class Speech(Protocol):
    """One version, spoken from the station's side."""

    dialect: Dialect

    def boot(self, spec: StationSpec, *, restarted: bool) -> Wire:
        """Say what it is."""

    def booted(self, response: Wire) -> Booted:
        """Read the answer to that."""

    def heartbeat(self) -> Wire:
        """Say that it is there."""

    def time_of(self, response: Wire) -> datetime:
        """Read the time in the answer to that."""

    def status(self, outlet: Outlet, at: datetime, *, in_service: bool) -> Wire:
        """Say what a connector does."""

    def authorise(self, token: str) -> Wire:
        """Ask whether a token may charge."""

    def authorised(self, response: Wire) -> bool:
        """Read the answer to that."""

    def started(self, charge: Charge, moment: Moment) -> Wire:
        """Say that a transaction began."""

    def sampled(self, charge: Charge, moment: Moment) -> Wire:
        """Say what was metered in a transaction."""

    def ended(self, charge: Charge, moment: Moment, reason: str) -> Wire:
        """Say that a transaction ended."""

    def noted(self, charge: Charge, response: Wire) -> bool:
        """Read the answer to any of these; whether the transaction may go on."""

    def answer(self, station: Obedient, request: Wire) -> Wire | Cannot:
        """Do what the CSMS asks, and say how that went."""
