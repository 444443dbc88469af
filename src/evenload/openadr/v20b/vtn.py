"""A VTN without I/O: messages of VENs in, answers and what has happened out; what must survive goes to a keeper."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from evenload.openadr.v20b import messages as wire
from evenload.openadr.v20b.events import Answering, Event
from evenload.openadr.v20b.faults import Code, ProtocolError
from evenload.openadr.v20b.keeping import Keeper
from evenload.openadr.v20b.parts import Response
from evenload.openadr.v20b.refusing import checked_service, refusal, service_of
from evenload.openadr.v20b.vtn_events import AnswerError, EventDesk
from evenload.openadr.v20b.vtn_opts import OptDesk
from evenload.openadr.v20b.vtn_outbox import Outbox
from evenload.openadr.v20b.vtn_parties import Parties
from evenload.openadr.v20b.vtn_records import Fact, Refused, Ven, VenLeft, VtnSettings
from evenload.openadr.v20b.vtn_reports import ReportDesk, Wanted


class Reply(NamedTuple):
    """What a message is answered with, and what has happened."""

    message: wire.AnyMessage
    facts: list[Fact]


class Push(NamedTuple):
    """What is to be posted to a VEN that does not poll: the root of its address, the service, the message."""

    ven_id: str
    address: str
    service: str
    message: wire.AnyMessage
    facts: list[Fact]


class Vtn:
    """One VTN. Times and identities are told to it; ids come from ``new_id``, each only once."""

    def __init__(
        self, settings: VtnSettings, keeper: Keeper, new_id: Callable[[], str], wanted: Wanted | None = None
    ) -> None:
        self.settings = settings
        self._new_id = new_id
        self.parties = Parties(settings, keeper, new_id)
        self.events = EventDesk(settings, keeper)
        self.opts = OptDesk(keeper, self.events)
        self.reports = ReportDesk(keeper, new_id, wanted or Wanted())
        self.outbox = Outbox(keeper, settings.tellings_max)

    def enrol(self, ven: Ven) -> None:
        """Let a VEN register, or change whom it stands for."""
        self.parties.enrol(ven)
        self.events.forget_view(ven.ven_id)

    def publish(self, event: Event, answering: Answering = Answering.ALWAYS) -> None:
        """Publish an event."""
        self.events.publish(event, answering)

    def modify(self, event: Event, now: datetime, reason: str = "") -> Event:
        """Put an event in place of the one of its id."""
        return self.events.modify(event, now, reason)

    def cancel(self, event_id: str, now: datetime, reason: str = "") -> Event:
        """Call an event off."""
        return self.events.cancel(event_id, now, reason)

    def ask_report(
        self, ven_id: str, specifier_id: str, granularity: timedelta, back: timedelta,
        window: tuple[datetime, timedelta] | None = None, r_ids: Sequence[str] = (),
    ) -> str:  # fmt: skip
        """Ask a VEN for a report it offers; returns the id its reports will have."""
        request = self.reports.ask(ven_id, specifier_id, granularity, back, window, r_ids)
        request_id = self._new_id()
        self.outbox.put(
            ven_id, wire.CreateReport(request_id=request_id, requests=(request,), ven_id=ven_id), request_id
        )
        return request.request_id

    def cancel_report(self, report_request_id: str, now: datetime, *, to_follow: bool = False) -> None:
        """Ask for a report no longer; one last report may still be wanted."""
        ven_id = self.reports.cancel(report_request_id, now).ven_id
        request_id = self._new_id()
        message = wire.CancelReport(
            request_id=request_id, report_request_ids=(report_request_id,), to_follow=to_follow, ven_id=ven_id
        )
        self.outbox.put(ven_id, message, request_id)

    def ask_to_register_again(self, ven_id: str) -> None:
        """Ask a VEN to register again."""
        self.outbox.put(ven_id, wire.RequestReregistration(ven_id=ven_id))

    def end_registration(self, ven_id: str) -> None:
        """Tell a VEN that its registration ends; it does when the VEN says so."""
        ven = self.parties.admitted_here(ven_id)
        request_id = self._new_id()
        message = wire.CancelRegistration(
            request_id=request_id, registration_id=ven.registration_id or "", ven_id=ven_id
        )
        self.outbox.put(ven_id, message, request_id)

    def answer(self, service: str, message: wire.AnyMessage, fingerprint: str | None, now: datetime) -> Reply:
        """Answer a message. ``fingerprint`` is of the certificate of who sends it, ``None`` where it came without."""
        try:
            checked_service(service, message)
            return self._answered(message, fingerprint, now)
        except AnswerError as error:
            return Reply(refusal(message, error), [*error.facts, self._refused(message, error)])
        except ProtocolError as error:
            return Reply(refusal(message, error, self.settings.vtn_id), [self._refused(message, error)])

    def _refused(self, message: wire.AnyMessage, error: ProtocolError) -> Refused:
        return Refused(ven_id=getattr(message, "ven_id", None) or "", code=error.code, why=str(error))

    def _answered(self, message: wire.AnyMessage, fingerprint: str | None, now: datetime) -> Reply:
        match message:
            case wire.QueryRegistration():
                return Reply(self.parties.query(message, fingerprint), [])
            case wire.CreateRegistration():
                return self._registered(message, fingerprint, now)
            case wire.CancelRegistration():
                return self._left(message, fingerprint, now)
            case _:
                ven = self.parties.admitted(getattr(message, "ven_id", None), fingerprint)
                return self._of_registered(message, ven, now)

    def _registered(self, message: wire.CreateRegistration, fingerprint: str | None, now: datetime) -> Reply:
        reply, facts = self.parties.register(message, fingerprint, now)
        ven_id = reply.ven_id or ""
        if message.registration_id is None:  # a new start: it knows of nothing that was told or asked before
            self.outbox.empty(ven_id)
            self.reports.ended(ven_id, now)
        self.outbox.acknowledged(ven_id, "")
        self.events.forget_view(ven_id)
        return Reply(reply, facts)

    def _left(self, message: wire.CancelRegistration, fingerprint: str | None, now: datetime) -> Reply:
        reply, facts = self.parties.leave(message, fingerprint)
        self._forgotten(reply.ven_id or "", now)
        return Reply(reply, facts)

    def _forgotten(self, ven_id: str, now: datetime) -> None:
        self.outbox.empty(ven_id)
        self.reports.ended(ven_id, now)
        self.events.forget_view(ven_id)

    def _of_registered(self, message: wire.AnyMessage, ven: Ven, now: datetime) -> Reply:
        match message:
            case wire.Poll():
                return self._polled(ven, now)
            case wire.RequestEvent():
                return Reply(self.events.distribution(ven, message.request_id, now, message), [])
            case wire.CreatedEvent():
                return self._ok(message.response.request_id, ven, self.events.answered(message, ven, now))
            case wire.CreateOpt():
                return Reply(*self.opts.create(message, ven, now))
            case wire.CancelOpt():
                return Reply(*self.opts.cancel(message, ven, now))
            case wire.RegisterReport():
                return Reply(*self.reports.registered(message, ven, now))
            case wire.UpdateReport():
                return Reply(*self.reports.updated(message, ven))
            case _:
                return self._of_answers(message, ven, now)

    def _of_answers(self, message: wire.AnyMessage, ven: Ven, now: datetime) -> Reply:
        match message:
            case (
                wire.CreatedReport() | wire.CanceledReport() | wire.RegisteredReport() | wire.UpdatedReport()
                | wire.CanceledRegistration() | wire.Answered()
            ):  # fmt: skip
                return self._acknowledged(message, ven, now)
            case wire.CreateReport():
                raise ProtocolError(Code.REPORT_NOT_SUPPORTED, "this VTN offers no reports")
            case wire.CancelReport():
                raise ProtocolError(Code.INVALID_ID, "this VTN sends no reports")
            case _:
                raise ProtocolError(Code.NOT_ALLOWED, f"{type(message).__name__} is said by a VTN, not to it")

    def _acknowledged(
        self,
        message: wire.CreatedReport | wire.CanceledReport | wire.RegisteredReport | wire.UpdatedReport
        | wire.CanceledRegistration | wire.Answered,
        ven: Ven, now: datetime,
    ) -> Reply:  # fmt: skip
        response = message.response
        facts: list[Fact] = []
        if not response.is_ok:
            facts.append(Refused(ven_id=ven.ven_id, code=response.code, why=response.description or ""))
        # a request to register again has no id: whatever plain response comes says that it was heard
        request_id = "" if isinstance(message, wire.Answered) else response.request_id
        told = self.outbox.acknowledged(ven.ven_id, request_id)
        if isinstance(told, wire.CancelRegistration) and response.is_ok:
            self.parties.end(ven.ven_id)
            self._forgotten(ven.ven_id, now)
            facts.append(VenLeft(ven_id=ven.ven_id))
        return self._ok(response.request_id, ven, facts)

    def _ok(self, request_id: str, ven: Ven, facts: list[Fact]) -> Reply:
        return Reply(wire.Answered(response=Response(request_id=request_id), ven_id=ven.ven_id), facts)

    def _polled(self, ven: Ven, now: datetime) -> Reply:
        return self._next(ven, now) or self._ok("", ven, [])

    def _next(self, ven: Ven, now: datetime) -> Reply | None:
        """What waits for a VEN and was told least, events first, so that nothing holds up the rest."""
        waiting = self.outbox.least_told(ven.ven_id)
        tellings = self.events.tellings(ven, now)
        if tellings is not None and (waiting is None or tellings <= waiting[0]):
            return Reply(self.events.distribution(ven, self._new_id(), now), [])
        if waiting is None:
            return None
        return Reply(waiting[1].message, self.outbox.told(waiting[1]))

    def pushes(self, now: datetime) -> list[Push]:
        """What is to be posted now to VENs that do not poll, one message each; told again until it is answered."""
        pushes = []
        for ven in self.parties.registered():
            reply = None if ven.pulls or ven.address is None else self._next(ven, now)
            if reply is not None and ven.address is not None:
                pushes.append(Push(ven.ven_id, ven.address, service_of(reply.message), reply.message, reply.facts))
        return pushes

    def pushed(self, ven_id: str, reply: wire.AnyMessage, now: datetime) -> Reply:
        """Take what a VEN answered to a push, in the same exchange."""
        ven = self.parties.find(ven_id)
        if ven is None or ven.registration_id is None:
            return Reply(reply, [])
        try:
            return self._of_registered(reply, ven, now)
        except ProtocolError as error:
            return Reply(refusal(reply, error), [self._refused(reply, error)])
