"""A VEN without I/O: it says what to send next, and takes what comes back; what must survive goes to a keeper.

One message is under way at a time, so that polls never overlap.
"""

from collections import deque
from collections.abc import Callable
from datetime import datetime
from typing import Final, NamedTuple

from msgspec.structs import replace

from evenload.openadr.v20b import messages as wire
from evenload.openadr.v20b.events import Event
from evenload.openadr.v20b.faults import Code, ProtocolError
from evenload.openadr.v20b.keeping import Keeper, Table
from evenload.openadr.v20b.parts import QualifiedEventId, Response, Target
from evenload.openadr.v20b.refusing import refusal, service_of
from evenload.openadr.v20b.ven_events import KnownEvents
from evenload.openadr.v20b.ven_opts import OwnOpts
from evenload.openadr.v20b.ven_records import (
    Registered,
    Registration,
    RegistrationLost,
    Rejected,
    VenFact,
    VenSettings,
)
from evenload.openadr.v20b.ven_reports import Jobs, Readings

_FORGOTTEN: Final = frozenset({Code.INVALID_ID, Code.NOT_REGISTERED})
"""Answers to a poll that say a VTN does not know this VEN any more."""


class Outgoing(NamedTuple):
    """What is to be posted to a VTN, and to which of its services."""

    service: str
    message: wire.AnyMessage


class Ven:
    """One VEN of one VTN. ``chance`` draws from 0 to 1, once an event; ids come from ``new_id``."""

    def __init__(
        self, settings: VenSettings, keeper: Keeper, new_id: Callable[[], str], chance: Callable[[], float],
        readings: Readings, decide: Callable[[Event], wire.OptType] = lambda _: wire.OptType.IN,
    ) -> None:  # fmt: skip
        self.settings = settings
        self._new_id = new_id
        self._registrations = Table(keeper, "registration", Registration)
        self.events = KnownEvents(settings, keeper, decide, chance)
        self.opts = OwnOpts(keeper, new_id)
        self.jobs = Jobs(settings.offers, keeper, readings)
        self._answers: deque[Outgoing] = deque()
        self._under_way: Outgoing | None = None
        self._covers: dict[str, datetime] = {}
        own = self.registration
        self._is_to_register = own is None
        self._wants_events = True
        self._offers_reports = own is None or own.offered != settings.offers
        self._polled_at: datetime | None = None
        self._rests_until: datetime | None = None
        self._failures = 0

    @property
    def registration(self) -> Registration | None:
        """What the VTN said when this VEN registered; ``None`` where it has not, or not any more."""
        return self._registrations.get("")

    def next(self, now: datetime) -> Outgoing | None:
        """What to send now; ``None`` where nothing is due or something is under way."""
        if self._under_way is not None or (self._rests_until is not None and now < self._rests_until):
            return None
        self._under_way = self._answers[0] if self._answers else None
        if self._under_way is None:
            message = self._due(now)
            self._under_way = None if message is None else Outgoing(service_of(message), message)
        return self._under_way

    def _due(self, now: datetime) -> wire.AnyMessage | None:
        own = self.registration
        if self._is_to_register:
            return self._registering()
        if own is None:  # it left
            return None
        if self._wants_events:  # it may have missed what was told while it was away
            return wire.RequestEvent(request_id=self._new_id(), ven_id=own.ven_id)
        said = self.events.unanswered(own.ven_id) or self.opts.unsaid()
        return said or self._reporting(own.ven_id, now) or self._polling(own, now)

    def _registering(self) -> wire.CreateRegistration:
        settings, own = self.settings, self.registration
        return wire.CreateRegistration(
            request_id=self._new_id(), ven_id=settings.ven_id if own is None else own.ven_id,
            registration_id=None if own is None else own.registration_id, ven_name=settings.ven_name,
            address=settings.address, is_report_only=settings.is_report_only, signs=settings.signs,
            pulls=settings.pulls,
        )  # fmt: skip

    def _reporting(self, ven_id: str, now: datetime) -> wire.AnyMessage | None:
        if self._offers_reports:
            return self.jobs.registration(self._new_id(), ven_id, now)
        due = self.jobs.due(self._new_id, ven_id, now)
        if due is None:
            return None
        message, self._covers = due
        return message

    def _polling(self, own: Registration, now: datetime) -> wire.Poll | None:
        if not self.settings.pulls or (self._polled_at is not None and now < self._polled_at + own.poll_every):
            return None
        self._polled_at = now
        return wire.Poll(ven_id=own.ven_id)

    def failed(self, now: datetime) -> None:
        """What was under way has not been answered; it is sent again after a rest that grows."""
        rest = min(self.settings.retry_after * 2 ** min(self._failures, 10), self.settings.retry_after_max)
        self._failures += 1
        self._under_way, self._rests_until = None, now + rest

    def heard(self, reply: wire.AnyMessage, now: datetime) -> list[VenFact]:
        """Take the answer to what was under way."""
        outgoing, self._under_way = self._under_way, None
        if outgoing is None:
            return [Rejected(code=Code.OUT_OF_SEQUENCE, why=f"{type(reply).__name__} came unasked")]
        if self._answers and outgoing is self._answers[0]:
            self._answers.popleft()
        response: Response | None = getattr(reply, "response", None)
        if response is not None and not response.is_ok:
            return self._refused(outgoing.message, response, now)
        self._failures, self._rests_until = 0, None
        self._settled(outgoing.message)
        return self._replied(outgoing.message, reply, now)

    def _refused(self, sent: wire.AnyMessage, response: Response, now: datetime) -> list[VenFact]:
        why = response.description or ""
        facts: list[VenFact] = [Rejected(code=response.code, why=f"{type(sent).__name__}: {why}")]
        match sent:
            case wire.Poll() | wire.RequestEvent() if response.code in _FORGOTTEN:
                return [*facts, *self._lost(why or "the VTN does not know this VEN")]
            case wire.CreateRegistration():
                if sent.registration_id is not None:  # it may take this VEN for a new one
                    self._registrations.drop("")
                self.failed(now)
            case wire.Poll() | wire.RequestEvent():
                self.failed(now)
            case wire.CreateOpt() | wire.CancelOpt():
                self.opts.refused(sent)
            case wire.UpdateReport():
                self.jobs.cancel(tuple(report.request_id for report in sent.reports))
            case _:
                self._settled(sent)  # to say it again would not help
        return facts

    def _settled(self, sent: wire.AnyMessage) -> None:
        """What was sent needs not be sent again."""
        match sent:
            case wire.CreatedEvent():
                self.events.heard(sent)
            case wire.CreateOpt() | wire.CancelOpt():
                self.opts.heard(sent)
            case wire.RegisterReport():
                self._offered()
            case wire.UpdateReport():
                self.jobs.sent(self._covers)
            case wire.RequestEvent():
                self._wants_events = False
            case wire.CancelRegistration():
                self._lost("this VEN has left")
                self._is_to_register = False
            case _:
                pass

    def _offered(self) -> None:
        """What was asked for before is asked for anew, or not any more."""
        self._offers_reports = False
        self.jobs.cancel_all()
        own = self.registration
        if own is not None:
            self._registrations.put("", replace(own, offered=self.settings.offers))

    def _replied(self, sent: wire.AnyMessage, reply: wire.AnyMessage, now: datetime) -> list[VenFact]:
        match sent, reply:
            case wire.CreateRegistration(), wire.CreatedRegistration():
                return self._registered(reply)
            case wire.CreateRegistration(), _:
                self.failed(now)
                return [Rejected(code=Code.COMPLIANCE_ERROR, why=f"{type(reply).__name__} answers no registration")]
            case wire.RegisterReport(), wire.RegisteredReport():
                return self._asked(reply, now)
            case wire.UpdateReport(), wire.UpdatedReport():
                return [] if reply.cancel is None else self._answered_later(reply.cancel, now)
            case _, wire.Answered() | wire.CreatedOpt() | wire.CanceledOpt() | wire.CanceledRegistration():
                return []
            case _:
                return self._answered_later(reply, now)

    def _answered_later(self, message: wire.AnyMessage, now: datetime) -> list[VenFact]:
        answer, facts = self._said(message, now)
        if answer is not None:
            self._answers.append(Outgoing(service_of(message), answer))
        return facts

    def _registered(self, reply: wire.CreatedRegistration) -> list[VenFact]:
        ven_id = reply.ven_id or self.settings.ven_id
        if ven_id is None or reply.registration_id is None:
            return [Rejected(code=Code.COMPLIANCE_ERROR, why="the VTN gave neither venID nor registrationID")]
        registration = Registration(
            ven_id=ven_id, registration_id=reply.registration_id, vtn_id=reply.vtn_id,
            poll_every=reply.poll_every or self.settings.poll_every,
        )  # fmt: skip
        self._registrations.put("", registration)
        self._is_to_register, self._wants_events, self._offers_reports = False, True, True
        return [Registered(registration=registration)]

    def _lost(self, why: str) -> list[VenFact]:
        self._registrations.drop("")
        self._is_to_register = True
        self.jobs.cancel_all()
        self._answers.clear()
        return [RegistrationLost(why=why)]

    def pushed(self, message: wire.AnyMessage, now: datetime) -> tuple[wire.AnyMessage, list[VenFact]]:
        """Answer what a VTN posted to this VEN."""
        own = self.registration
        answer, facts = self._said(message, now)
        plain = wire.Answered(
            response=Response(request_id=getattr(message, "request_id", "")), ven_id=None if own is None else own.ven_id
        )
        return answer or plain, facts

    def _said(self, message: wire.AnyMessage, now: datetime) -> tuple[wire.AnyMessage | None, list[VenFact]]:
        """Take what a VTN says of itself; the answer, where another than to its events is due."""
        try:
            return self._said_to(self._checked_party(message), message, now)
        except ProtocolError as error:
            return refusal(message, error), [Rejected(code=error.code, why=str(error))]

    def _said_to(
        self, own: Registration, message: wire.AnyMessage, now: datetime
    ) -> tuple[wire.AnyMessage | None, list[VenFact]]:
        match message:
            case wire.DistributeEvent():
                return None, self.events.told(message, own.ven_id, now)
            case wire.CreateReport():
                facts = self.jobs.asked(message.requests, now)
                return self._created(own, message.request_id, facts), facts
            case wire.CancelReport():
                if message.to_follow:
                    self.jobs.finish(message.report_request_ids, now)
                else:
                    self.jobs.cancel(message.report_request_ids)
                response = Response(request_id=message.request_id)
                return wire.CanceledReport(response=response, pending=self.jobs.pending, ven_id=own.ven_id), []
            case wire.RegisterReport():  # what the VTN offers is not asked for
                return wire.RegisteredReport(response=Response(request_id=message.request_id), ven_id=own.ven_id), []
            case wire.RequestReregistration():
                self._is_to_register = True
                return wire.Answered(response=Response(), ven_id=own.ven_id), []
            case wire.CancelRegistration():
                return self._dismissed(own, message)
            case _:
                raise ProtocolError(Code.NOT_ALLOWED, f"{type(message).__name__} is not said to a VEN")

    def _checked_party(self, message: wire.AnyMessage) -> Registration:
        own = self.registration
        if own is None:
            raise ProtocolError(Code.NOT_REGISTERED, "this VEN has not registered")
        ven_id, vtn_id = getattr(message, "ven_id", None), getattr(message, "vtn_id", own.vtn_id)
        if ven_id not in (None, own.ven_id):
            raise ProtocolError(Code.INVALID_ID, f"venID {ven_id!r} is not of this VEN")
        if vtn_id != own.vtn_id:
            raise ProtocolError(Code.INVALID_ID, f"vtnID {vtn_id!r} is not the one registered with")
        return own

    def _dismissed(self, own: Registration, message: wire.CancelRegistration) -> tuple[wire.AnyMessage, list[VenFact]]:
        if message.registration_id != own.registration_id:
            raise ProtocolError(Code.INVALID_ID, "the registrationID is not of this VEN")
        reply = wire.CanceledRegistration(
            response=Response(request_id=message.request_id), registration_id=own.registration_id, ven_id=own.ven_id
        )
        return reply, self._lost("the VTN ended the registration")

    def _asked(self, reply: wire.RegisteredReport, now: datetime) -> list[VenFact]:
        facts = self.jobs.asked(reply.requests, now)
        own = self.registration
        if reply.requests and own is not None:
            created = self._created(own, reply.response.request_id, facts)
            self._answers.append(Outgoing(service_of(created), created))
        return facts

    def _created(self, own: Registration, request_id: str, facts: list[VenFact]) -> wire.CreatedReport:
        wrong = next((fact for fact in facts if isinstance(fact, Rejected)), None)
        response = Response(request_id=request_id)
        if wrong is not None:
            response = Response(code=wrong.code, description=wrong.why, request_id=request_id)
        return wire.CreatedReport(response=response, pending=self.jobs.pending, ven_id=own.ven_id)

    def opt_for(
        self, opt: wire.OptType, reason: str, now: datetime, *, event_id: str | None = None,
        windows: tuple[wire.Available, ...] = (), target: Target | None = None, market_context: str | None = None,
    ) -> str:  # fmt: skip
        """Opt for some of what this VEN has in an event, or for windows; returns the id of the opt."""
        own, event = self.registration, None
        if own is None:
            raise ProtocolError(Code.NOT_REGISTERED, "this VEN has not registered")
        if event_id is not None:
            known = self.events.find(event_id)
            if known is None:
                raise ProtocolError(Code.INVALID_ID, f"event {event_id!r} is not known here")
            event = QualifiedEventId(event_id=event_id, modification_number=known.event.modification_number)
        message = wire.CreateOpt(
            request_id=self._new_id(), opt_id=self._new_id(), opt=opt, reason=reason, ven_id=own.ven_id, created_at=now,
            market_context=market_context, windows=windows, event=event, target=target or Target(),
        )  # fmt: skip
        return self.opts.put(message)

    def leave(self) -> None:
        """End the registration at the VTN."""
        own = self.registration
        if own is not None:
            message = wire.CancelRegistration(
                request_id=self._new_id(), registration_id=own.registration_id, ven_id=own.ven_id
            )
            self._answers.append(Outgoing(service_of(message), message))
