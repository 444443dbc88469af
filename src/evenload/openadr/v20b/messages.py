"""Every message of OpenADR 2.0b: a struct each, and the elements it is written as."""

from datetime import datetime, timedelta
from enum import StrEnum

from evenload.openadr.v20b.events import Distributed
from evenload.openadr.v20b.parts import QualifiedEventId, Response, Target, Wire
from evenload.openadr.v20b.reports import Report, ReportRequest


class OptType(StrEnum):
    """Whether someone takes part."""

    IN = "optIn"
    OUT = "optOut"


class Message(Wire, frozen=True, kw_only=True, tag=True, tag_field="message"):
    """What every message is made of."""


class Poll(Message, frozen=True, kw_only=True):
    """A VEN asks whether there is anything for it."""

    ven_id: str


class Answered(Message, frozen=True, kw_only=True):
    """oadrResponse: how a message was taken, where no other answer has that."""

    response: Response
    ven_id: str | None = None


class QueryRegistration(Message, frozen=True, kw_only=True):
    """A VEN asks what a VTN can do."""

    request_id: str


class CreateRegistration(Message, frozen=True, kw_only=True):
    """A VEN registers, or registers again."""

    request_id: str
    registration_id: str | None = None
    ven_id: str | None = None
    profile: str = "2.0b"
    transport: str = "simpleHttp"
    address: str | None = None
    is_report_only: bool = False
    signs: bool = False
    ven_name: str | None = None
    pulls: bool | None = None


class Profile(Wire, frozen=True, kw_only=True):
    """A profile and its transports."""

    name: str = "2.0b"
    transports: tuple[str, ...] = ("simpleHttp",)


class CreatedRegistration(Message, frozen=True, kw_only=True):
    """A VTN answers a query or a registration."""

    response: Response
    vtn_id: str
    registration_id: str | None = None
    ven_id: str | None = None
    profiles: tuple[Profile, ...] = (Profile(),)
    poll_every: timedelta | None = None


class CancelRegistration(Message, frozen=True, kw_only=True):
    """Either side ends a registration."""

    request_id: str
    registration_id: str
    ven_id: str | None = None


class CanceledRegistration(Message, frozen=True, kw_only=True):
    """The other side has ended it too."""

    response: Response
    registration_id: str | None = None
    ven_id: str | None = None


class RequestReregistration(Message, frozen=True, kw_only=True):
    """A VTN asks a VEN to register again."""

    ven_id: str


class DistributeEvent(Message, frozen=True, kw_only=True):
    """All events a VEN has to know; one it knows and that is not among them is called off."""

    request_id: str
    vtn_id: str
    events: tuple[Distributed, ...] = ()
    response: Response | None = None


class RequestEvent(Message, frozen=True, kw_only=True):
    """A VEN asks for its events."""

    request_id: str
    ven_id: str
    reply_limit: int | None = None


class EventResponse(Wire, frozen=True, kw_only=True):
    """How one event was taken, and whether the VEN takes part."""

    request_id: str
    event: QualifiedEventId
    opt: OptType
    code: int = 200
    description: str | None = None


class CreatedEvent(Message, frozen=True, kw_only=True):
    """A VEN answers events."""

    response: Response
    ven_id: str
    events: tuple[EventResponse, ...] = ()


class Available(Wire, frozen=True, kw_only=True):
    """A window of an opt schedule."""

    start: datetime
    duration: timedelta


class CreateOpt(Message, frozen=True, kw_only=True):
    """A VEN opts in or out: of an event, or in windows it names."""

    request_id: str
    opt_id: str
    opt: OptType
    reason: str
    ven_id: str
    created_at: datetime
    market_context: str | None = None
    windows: tuple[Available, ...] = ()
    event: QualifiedEventId | None = None
    target: Target = Target()
    device_class: Target | None = None


class CreatedOpt(Message, frozen=True, kw_only=True):
    """A VTN has an opt."""

    response: Response
    opt_id: str


class CancelOpt(Message, frozen=True, kw_only=True):
    """A VEN takes an opt back."""

    request_id: str
    opt_id: str
    ven_id: str


class CanceledOpt(Message, frozen=True, kw_only=True):
    """A VTN has taken it back."""

    response: Response
    opt_id: str | None = None


class RegisterReport(Message, frozen=True, kw_only=True):
    """What a side can report."""

    request_id: str
    reports: tuple[Report, ...] = ()
    ven_id: str | None = None
    report_request_id: str | None = None


class RegisteredReport(Message, frozen=True, kw_only=True):
    """The other side knows, and asks for these."""

    response: Response
    requests: tuple[ReportRequest, ...] = ()
    ven_id: str | None = None


class CreateReport(Message, frozen=True, kw_only=True):
    """Reports are asked for."""

    request_id: str
    requests: tuple[ReportRequest, ...]
    ven_id: str | None = None


class CreatedReport(Message, frozen=True, kw_only=True):
    """They will come; ``pending`` are all that are still to come."""

    response: Response
    pending: tuple[str, ...] = ()
    ven_id: str | None = None


class UpdateReport(Message, frozen=True, kw_only=True):
    """Reports."""

    request_id: str
    reports: tuple[Report, ...] = ()
    ven_id: str | None = None


class CancelReport(Message, frozen=True, kw_only=True):
    """Reports are not asked for any more; one more may still be wanted."""

    request_id: str
    report_request_ids: tuple[str, ...]
    to_follow: bool = False
    ven_id: str | None = None


class UpdatedReport(Message, frozen=True, kw_only=True):
    """Reports have come; some may not be wanted any more."""

    response: Response
    cancel: CancelReport | None = None
    ven_id: str | None = None


class CanceledReport(Message, frozen=True, kw_only=True):
    """They will not come; ``pending`` are all that still will."""

    response: Response
    pending: tuple[str, ...] = ()
    ven_id: str | None = None


AnyMessage = (
    Poll | Answered | QueryRegistration | CreateRegistration | CreatedRegistration | CancelRegistration
    | CanceledRegistration | RequestReregistration | DistributeEvent | RequestEvent | CreatedEvent | CreateOpt
    | CreatedOpt | CancelOpt | CanceledOpt | RegisterReport | RegisteredReport | CreateReport | CreatedReport
    | UpdateReport | UpdatedReport | CancelReport | CanceledReport
)  # fmt: skip
