"""Events a VEN was told: what is new, modified, called off by word or by being left out, and what it answers."""

from collections.abc import Callable, Iterator
from datetime import datetime

from msgspec.structs import replace

from evenload.openadr.v20b.events import Answering, Distributed, Event, Status
from evenload.openadr.v20b.faults import Code, ProtocolError
from evenload.openadr.v20b.keeping import Keeper, Table
from evenload.openadr.v20b.messages import CreatedEvent, DistributeEvent, EventResponse, OptType
from evenload.openadr.v20b.parts import QualifiedEventId, Response
from evenload.openadr.v20b.ven_records import Change, EventChanged, KnownEvent, Rejected, VenFact, VenSettings


class KnownEvents:
    """Events by id. ``decide`` says whether to take part, ``chance`` draws from 0 to 1."""

    def __init__(
        self, settings: VenSettings, keeper: Keeper, decide: Callable[[Event], OptType], chance: Callable[[], float]
    ) -> None:
        self._settings = settings
        self._events = Table(keeper, "known_event", KnownEvent)
        self._decide = decide
        self._chance = chance
        self._at_once: list[EventResponse] = []

    def __iter__(self) -> Iterator[KnownEvent]:
        return iter(self._events)

    def find(self, event_id: str) -> KnownEvent | None:
        """An event that was told."""
        return self._events.get(event_id)

    def told(self, message: DistributeEvent, ven_id: str, now: datetime) -> list[VenFact]:
        """Take a list of events. An id that is there twice refuses all of it."""
        ids = [told.event.event_id for told in message.events]
        if len(set(ids)) < len(ids):
            raise ProtocolError(Code.INVALID_ID, "an eventID is there twice", message.request_id)
        facts: list[VenFact] = []
        for told in message.events:
            facts.extend(self._told_one(told, message.request_id, ven_id, now))
        for known in list(self._events):
            is_left_out = known.event.event_id not in ids and known.called_off_at is None
            if is_left_out and known.status_at(now) is not Status.COMPLETED:
                facts.append(self._called_off(known, now, Change.LEFT_OUT))
        return facts

    def _told_one(self, told: Distributed, request_id: str, ven_id: str, now: datetime) -> list[VenFact]:
        event, known = told.event, self._events.get(told.event.event_id)
        refused = self._why_not(event, known, ven_id)
        if refused is not None:
            self._respond(told, request_id, OptType.OUT if known is None else known.opt, refused)
            return [Rejected(code=refused.code, why=str(refused))]
        if known is None:
            if event.status is Status.CANCELLED:  # never heard of: nothing to end, but it is said that it was heard
                self._respond(told, request_id, OptType.IN)
                return []
            return [self._put(Change.NEW, told, request_id, self._chance(), self._decide(event))]
        if event.status is Status.CANCELLED:
            return self._told_off(told, known, request_id, now)
        if event.modification_number == known.event.modification_number and known.called_off_at is None:
            if told.answering is Answering.ALWAYS:  # told again: the answer may have been lost
                self._events.put(event.event_id, replace(known, is_answered=False, request_id=request_id))
            return []
        if event.modification_number == known.event.modification_number:  # left out before, and back
            return [self._put(Change.NEW, told, request_id, known.chance, known.opt)]
        return [self._put(Change.MODIFIED, told, request_id, known.chance, self._decided_again(event, known))]

    def _decided_again(self, event: Event, known: KnownEvent) -> OptType:
        return OptType.OUT if known.opt is OptType.OUT else self._decide(event)

    def _why_not(self, event: Event, known: KnownEvent | None, ven_id: str) -> ProtocolError | None:
        if known is not None and event.modification_number < known.event.modification_number:
            return ProtocolError(
                Code.OUT_OF_SEQUENCE, f"event {event.event_id!r} has modification {known.event.modification_number}"
            )
        if not self._is_for(event, ven_id):
            return ProtocolError(Code.TARGET_MISMATCH, f"event {event.event_id!r} is not for this VEN")
        names = {signal.name.upper() for signal in event.signals}
        if self._settings.signals and not names & {name.upper() for name in self._settings.signals}:
            return ProtocolError(
                Code.SIGNAL_NOT_SUPPORTED, f"event {event.event_id!r} has no signal that is followed here"
            )
        return None

    def _is_for(self, event: Event, ven_id: str) -> bool:
        target, own = event.target, self._settings
        if not target.ven_ids or ven_id in target.ven_ids:
            return True
        return bool(
            set(target.group_ids) & set(own.group_ids)
            or set(target.resource_ids) & set(own.resource_ids)
            or (own.party_id is not None and own.party_id in target.party_ids)
        )

    def _told_off(self, told: Distributed, known: KnownEvent, request_id: str, now: datetime) -> list[VenFact]:
        is_new = known.called_off_at is None
        known = replace(known, event=told.event, request_id=request_id, answering=told.answering, is_answered=False)
        if not is_new:
            self._events.put(told.event.event_id, known)
            return []
        return [self._called_off(known, now, Change.CANCELLED)]

    def _called_off(self, known: KnownEvent, now: datetime, change: Change) -> EventChanged:
        known = replace(known, event=replace(known.event, status=Status.CANCELLED), called_off_at=now)
        if change is Change.LEFT_OUT:
            known = replace(known, is_answered=True)
        return EventChanged(change=change, known=self._events.put(known.event.event_id, known))

    def _put(self, change: Change, told: Distributed, request_id: str, chance: float, opt: OptType) -> EventChanged:
        known = KnownEvent(event=told.event, answering=told.answering, request_id=request_id, chance=chance, opt=opt)
        return EventChanged(change=change, known=self._events.put(told.event.event_id, known))

    def _respond(self, told: Distributed, request_id: str, opt: OptType, error: ProtocolError | None = None) -> None:
        if told.answering is Answering.NEVER:
            return
        event = QualifiedEventId(event_id=told.event.event_id, modification_number=told.event.modification_number)
        code, why = (200, None) if error is None else (int(error.code), str(error))
        self._at_once.append(EventResponse(request_id=request_id, event=event, opt=opt, code=code, description=why))

    def opt(self, event_id: str, opt: OptType) -> KnownEvent:
        """Take part in an event or not; it is said to the VTN even where that wants no answer to the event."""
        known = self._events.get(event_id)
        if known is None:
            raise ProtocolError(Code.INVALID_ID, f"event {event_id!r} is not known here")
        known = replace(known, opt=opt, is_answered=False, answering=Answering.ALWAYS)
        return self._events.put(event_id, known)

    def unanswered(self, ven_id: str) -> CreatedEvent | None:
        """What is to be said of events, if anything; it is said until the VTN has heard it."""
        open_ = [known for known in self._events if known.answering is Answering.ALWAYS and not known.is_answered]
        responses = [
            *self._at_once,
            *(
                EventResponse(
                    request_id=known.request_id, opt=known.opt,
                    event=QualifiedEventId(
                        event_id=known.event.event_id, modification_number=known.event.modification_number
                    ),
                )
                for known in open_
            ),
        ]  # fmt: skip
        if not responses:
            return None
        return CreatedEvent(
            response=Response(request_id=responses[0].request_id), ven_id=ven_id, events=tuple(responses)
        )

    def heard(self, message: CreatedEvent) -> None:
        """The VTN has heard what was said of events."""
        said = {(one.event.event_id, one.event.modification_number, one.opt) for one in message.events}
        self._at_once = [one for one in self._at_once if one not in message.events]
        for known in list(self._events):
            if (known.event.event_id, known.event.modification_number, known.opt) in said and not known.is_answered:
                self._events.put(known.event.event_id, replace(known, is_answered=True))
