"""What a VEN remembers, and what it says has happened."""

from datetime import datetime, timedelta
from enum import StrEnum

from evenload.openadr.v20b.events import Answering, Event, Status
from evenload.openadr.v20b.messages import CancelOpt, CreateOpt, OptType
from evenload.openadr.v20b.parts import Wire
from evenload.openadr.v20b.reports import Report, ReportRequest
from evenload.openadr.v20b.timing import drawn_delay, end_of, status_at


class VenSettings(Wire, frozen=True, kw_only=True):
    """How a VEN behaves. ``signals`` it can follow, all where blank; ``address`` only where a VTN pushes to it."""

    ven_name: str
    ven_id: str | None = None
    vtn_id: str | None = None
    address: str | None = None
    signs: bool = False
    is_report_only: bool = False
    group_ids: tuple[str, ...] = ()
    resource_ids: tuple[str, ...] = ()
    party_id: str | None = None
    signals: tuple[str, ...] = ()
    offers: tuple[Report, ...] = ()
    poll_every: timedelta = timedelta(seconds=10)
    retry_after: timedelta = timedelta(seconds=5)
    retry_after_max: timedelta = timedelta(minutes=5)

    @property
    def pulls(self) -> bool:
        """Whether it polls."""
        return self.address is None


class Registration(Wire, frozen=True, kw_only=True):
    """What a VTN said when this VEN registered, and which reports were offered since."""

    ven_id: str
    registration_id: str
    vtn_id: str
    poll_every: timedelta
    offered: tuple[Report, ...] | None = None


class KnownEvent(Wire, frozen=True, kw_only=True):
    """An event a VEN was told, and what it made of it; kept after it ends or is called off.

    ``chance`` from 0 to 1 was drawn once: it starts this much of ``start_after`` late, and ends as late when called
    off.
    """

    event: Event
    answering: Answering
    request_id: str
    chance: float
    opt: OptType
    is_answered: bool = False
    called_off_at: datetime | None = None

    @property
    def delay(self) -> timedelta:
        """How much later than the event it starts here."""
        return drawn_delay(self.event, self.chance)

    @property
    def start(self) -> datetime:
        """When it starts here."""
        return self.event.start + self.delay

    @property
    def end(self) -> datetime | None:
        """When it ends here; ``None`` where it has no end."""
        end = end_of(self.event, self.delay)
        if self.called_off_at is None:
            return end
        off = self.called_off_at + (self.delay if self.called_off_at > self.start else timedelta(0))
        return off if end is None else min(off, end)

    def status_at(self, now: datetime) -> Status:
        """What it is here at an instant."""
        return status_at(self.event, now, self.delay)

    def asks_at(self, now: datetime) -> bool:
        """Whether it asks something here at an instant: this VEN takes part, and it has started and not ended."""
        return self.opt is OptType.IN and self.start <= now and (self.end is None or now < self.end)


class ReportJob(Wire, frozen=True, kw_only=True):
    """A report that is due again and again, or once; ``covered_to`` is up to when data were sent."""

    request: ReportRequest
    name: str = ""
    covered_to: datetime
    is_done: bool = False

    def window(self, now: datetime) -> tuple[datetime, datetime] | None:
        """What is to be sent now, ``[start, end)``; after a gap all that was missed. ``None`` where it is too soon."""
        request = self.request
        last = request.start + request.duration if request.start is not None and request.duration else None
        if self.is_done:
            return None
        if not request.back:
            end = now if last is None else last
            begins = self.covered_to if last is not None else end - (request.granularity or timedelta(0))
            return (begins, end) if end <= now else None
        whole = (now - self.covered_to) // request.back
        end = self.covered_to + whole * request.back
        end = end if last is None else min(end, last)
        return (self.covered_to, end) if end > self.covered_to else None

    def is_last(self, end: datetime) -> bool:
        """Whether nothing comes after data up to ``end``."""
        request = self.request
        if not request.back:
            return True
        if request.start is None or not request.duration:
            return False
        return end >= request.start + request.duration


class OwnOpt(Wire, frozen=True, kw_only=True):
    """An opt of this VEN, and whether the VTN has it."""

    opt: CreateOpt
    is_known: bool = False
    cancel: CancelOpt | None = None


class Change(StrEnum):
    """What happened to an event."""

    NEW = "new"
    MODIFIED = "modified"
    CANCELLED = "cancelled"
    LEFT_OUT = "left_out"


class EventChanged(Wire, frozen=True, kw_only=True):
    """An event came, changed or was called off; one that was left out counts as called off."""

    change: Change
    known: KnownEvent


class Registered(Wire, frozen=True, kw_only=True):
    """This VEN has registered."""

    registration: Registration


class RegistrationLost(Wire, frozen=True, kw_only=True):
    """The VTN does not know this VEN any more, or ended its registration."""

    why: str


class ReportAsked(Wire, frozen=True, kw_only=True):
    """A report was asked for."""

    job: ReportJob


class Rejected(Wire, frozen=True, kw_only=True):
    """The VTN did not do what it was asked, or said what cannot be."""

    code: int
    why: str


VenFact = EventChanged | Registered | RegistrationLost | ReportAsked | Rejected
