"""What a VTN remembers, and what it says has happened."""

from datetime import datetime, timedelta

from evenload.openadr.v20b.events import Distributed, Event
from evenload.openadr.v20b.messages import AnyMessage, CreateOpt, OptType
from evenload.openadr.v20b.parts import Wire
from evenload.openadr.v20b.reports import DataPoint, Report, ReportRequest


class VtnSettings(Wire, frozen=True, kw_only=True):
    """How a VTN behaves.

    ``needs_identity``: a VEN must be known by the certificate it comes with. A message that is not acknowledged is told
    at most ``tellings_max`` times. An event that wants an answer is told until it is answered, another one
    ``never_tellings`` times.
    """

    vtn_id: str
    poll_every: timedelta = timedelta(seconds=10)
    needs_identity: bool = True
    tellings_max: int = 3
    never_tellings: int = 2


class Ven(Wire, frozen=True, kw_only=True):
    """A VEN that may register, and its registration where it has."""

    ven_id: str
    name: str = ""
    fingerprint: str | None = None
    party_id: str | None = None
    group_ids: tuple[str, ...] = ()
    resource_ids: tuple[str, ...] = ()
    registration_id: str | None = None
    registered_at: datetime | None = None
    pulls: bool = True
    address: str | None = None
    is_report_only: bool = False
    signs: bool = False


class EventRecord(Wire, frozen=True, kw_only=True):
    """An event as it is now, and each modification of it as it was; nothing of it is forgotten."""

    told: Distributed
    past: tuple[Event, ...] = ()


class EventAnswer(Wire, frozen=True, kw_only=True):
    """What a VEN said of an event, in one modification."""

    modification_number: int
    opt: OptType
    code: int
    answered_at: datetime


class AnswerRecord(Wire, frozen=True, kw_only=True):
    """All a VEN said of an event, in order."""

    event_id: str
    ven_id: str
    answers: tuple[EventAnswer, ...] = ()

    @property
    def modification_number(self) -> int:
        """The latest modification that was answered; -1 where none was."""
        return max((answer.modification_number for answer in self.answers), default=-1)


class OptRecord(Wire, frozen=True, kw_only=True):
    """An opt, and when it was taken back."""

    opt: CreateOpt
    received_at: datetime
    canceled_at: datetime | None = None


class OfferRecord(Wire, frozen=True, kw_only=True):
    """What a VEN can report."""

    ven_id: str
    report: Report


class RequestRecord(Wire, frozen=True, kw_only=True):
    """A report that was asked for, and what its data points are."""

    ven_id: str
    request: ReportRequest
    points: tuple[DataPoint, ...] = ()
    name: str = ""
    canceled_at: datetime | None = None


class Waiting(Wire, frozen=True, kw_only=True):
    """A message that waits for a VEN."""

    ven_id: str
    number: int
    request_id: str
    message: AnyMessage
    tellings: int = 0


class VenRegistered(Wire, frozen=True, kw_only=True):
    """A VEN has registered, or registered again."""

    ven: Ven


class VenLeft(Wire, frozen=True, kw_only=True):
    """A registration has ended."""

    ven_id: str


class EventAnswered(Wire, frozen=True, kw_only=True):
    """A VEN has answered an event."""

    event_id: str
    ven_id: str
    answer: EventAnswer


class OptCreated(Wire, frozen=True, kw_only=True):
    """A VEN has opted."""

    opt: CreateOpt


class OptCanceled(Wire, frozen=True, kw_only=True):
    """A VEN has taken an opt back."""

    opt: CreateOpt


class ReportsOffered(Wire, frozen=True, kw_only=True):
    """A VEN has said what it can report."""

    ven_id: str
    reports: tuple[Report, ...]


class ReportArrived(Wire, frozen=True, kw_only=True):
    """A report has come, of data points that are known."""

    ven_id: str
    report: Report
    points: tuple[DataPoint, ...]


class MessageDropped(Wire, frozen=True, kw_only=True):
    """A VEN was told something as often as may be and did not acknowledge it."""

    ven_id: str
    request_id: str


class Refused(Wire, frozen=True, kw_only=True):
    """Something was refused."""

    ven_id: str
    code: int
    why: str


Fact = (
    VenRegistered | VenLeft | EventAnswered | OptCreated | OptCanceled | ReportsOffered | ReportArrived | MessageDropped
    | Refused
)  # fmt: skip
