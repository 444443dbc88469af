"""Events a VTN has: published, modified, called off, told to whom they are for, and answered."""

from datetime import datetime
from typing import Final

from msgspec.structs import replace

from evenload.openadr.v20b.events import Answering, Distributed, Event, Status
from evenload.openadr.v20b.faults import Code, ProtocolError
from evenload.openadr.v20b.keeping import Keeper, Table, key_of
from evenload.openadr.v20b.messages import CreatedEvent, DistributeEvent, EventResponse, RequestEvent
from evenload.openadr.v20b.parts import Response
from evenload.openadr.v20b.timing import is_over, status_at
from evenload.openadr.v20b.vtn_reach import Key, Reach, keys_of_target, keys_of_ven, narrowed
from evenload.openadr.v20b.vtn_records import (
    AnswerRecord,
    EventAnswer,
    EventAnswered,
    EventRecord,
    Fact,
    Refused,
    Ven,
    VtnSettings,
)

_RANK: Final = {Status.ACTIVE: 0, Status.NEAR: 1, Status.FAR: 2, Status.CANCELLED: 3}


class _View:
    """Events of one VEN that it has to know, and how often those were told that it has not answered."""

    def __init__(self) -> None:
        self.known: dict[str, None] = {}
        self.pending: dict[str, int] = {}


class EventDesk:
    """Events by id. A VEN is told all of its events at once, since what is left out counts as called off."""

    def __init__(self, settings: VtnSettings, keeper: Keeper) -> None:
        self._settings = settings
        self._events = Table(keeper, "event", EventRecord)
        self._answers = Table(keeper, "answer", AnswerRecord)
        self._views: dict[str, _View] = {}
        self._vens: dict[str, Ven] = {}  # as they were when their views were made
        self._watching = Reach()
        self._open_to = Reach()
        for record in self._events:
            self._open_to.add(keys_of_target(record.told.event.target), record.told.event.event_id)

    def find(self, event_id: str) -> EventRecord | None:
        """An event with its past, over or called off as well."""
        return self._events.get(event_id)

    def answers(self, event_id: str) -> list[AnswerRecord]:
        """What VENs said of an event; kept after it ends or is called off."""
        return [record for record in self._answers if record.event_id == event_id]

    def publish(self, event: Event, answering: Answering) -> None:
        """Publish an event; an id is used once."""
        if self._events.get(event.event_id) is not None:
            raise ProtocolError(Code.INVALID_ID, f"event {event.event_id!r} is there already; modify it")
        told = Distributed(event=replace(event, modification_number=0, status=Status.FAR), answering=answering)
        self._events.put(event.event_id, EventRecord(told=told))
        self._seen_by(told, keys_of_target(event.target))

    def modify(self, event: Event, now: datetime, reason: str) -> Event:
        """Put an event in place of the one of its id, before or while it lasts; modifications are counted here."""
        record = self._open(event.event_id, now)
        before = record.told.event
        after = replace(
            event, modification_number=before.modification_number + 1, modified_at=now, created_at=before.created_at,
            modification_reason=reason or None,
            status=Status.CANCELLED if event.status is Status.CANCELLED else Status.FAR,
        )  # fmt: skip
        told = replace(record.told, event=after)
        self._events.put(event.event_id, EventRecord(told=told, past=(*record.past, before)))
        self._open_to.remove(keys_of_target(before.target), before.event_id)
        self._seen_by(told, keys_of_target(before.target) + keys_of_target(after.target))
        return after

    def cancel(self, event_id: str, now: datetime, reason: str) -> Event:
        """Call an event off."""
        event = self._open(event_id, now).told.event
        return self.modify(replace(event, status=Status.CANCELLED), now, reason)

    def _open(self, event_id: str, now: datetime) -> EventRecord:
        record = self._events.get(event_id)
        if record is None:
            raise ProtocolError(Code.INVALID_ID, f"event {event_id!r} is not known here")
        if record.told.event.status is Status.CANCELLED or is_over(record.told.event, now):
            raise ProtocolError(Code.NOT_ALLOWED, f"event {event_id!r} is over")
        return record

    def _seen_by(self, told: Distributed, keys: list[Key]) -> None:
        self._open_to.add(keys_of_target(told.event.target), told.event.event_id)
        for ven_id in self._watching.under(keys):
            self._seen(self._views[ven_id], told, self._vens[ven_id], is_new=True)

    def _closed(self, record: EventRecord, now: datetime) -> bool:
        """Whether an event is over, so that it is looked at no more."""
        event = record.told.event
        if not is_over(event, now):
            return False
        self._open_to.remove(keys_of_target(event.target), event.event_id)
        return True

    def _seen(self, view: _View, told: Distributed, ven: Ven, *, is_new: bool) -> None:
        event = told.event
        reaches = narrowed(event.target, ven) is not None
        if not reaches:  # it may have reached this VEN before: then it is left out, which calls it off there
            if event.event_id in view.known:
                del view.known[event.event_id]
                view.pending[event.event_id] = 0
            return
        answered = self._answers.get(key_of(event.event_id, ven.ven_id))
        is_answered = answered is not None and answered.modification_number >= event.modification_number
        if event.status is Status.CANCELLED and (is_answered or not (is_new or answered is not None)):
            return
        view.known[event.event_id] = None
        if is_new or not is_answered:
            view.pending[event.event_id] = 0

    def forget_view(self, ven_id: str) -> None:
        """What a VEN has to know is found out anew, after its groups or its registration changed."""
        self._views.pop(ven_id, None)
        ven = self._vens.pop(ven_id, None)
        if ven is not None:
            self._watching.remove(keys_of_ven(ven), ven_id)

    def view(self, ven: Ven, now: datetime) -> _View:
        """What a VEN has to know."""
        view = self._views.get(ven.ven_id)
        if view is None:
            view = self._views[ven.ven_id] = _View()
            self._vens[ven.ven_id] = ven
            self._watching.add(keys_of_ven(ven), ven.ven_id)
            for event_id in self._open_to.under(keys_of_ven(ven)):
                record = self._events.get(event_id)
                if record is not None and not self._closed(record, now):
                    self._seen(view, record.told, ven, is_new=False)
        return view

    def tellings(self, ven: Ven, now: datetime) -> int | None:
        """How often what waits for an answer was told, the least of all; ``None`` where nothing waits."""
        view = self.view(ven, now)
        return min(view.pending.values()) if view.pending else None

    def distribution(
        self, ven: Ven, request_id: str, now: datetime, asked: RequestEvent | None = None
    ) -> DistributeEvent:
        """All events a VEN has to know, as they are now, and count that they were told."""
        view = self.view(ven, now)
        events = self._current(view, ven, now)
        self._count_tellings(view)
        if asked is not None and asked.reply_limit:
            events = events[: asked.reply_limit]
        return DistributeEvent(
            request_id=request_id, vtn_id=self._settings.vtn_id, events=tuple(events),
            response=Response(request_id=request_id) if asked is not None else None,
        )  # fmt: skip

    def _current(self, view: _View, ven: Ven, now: datetime) -> list[Distributed]:
        current = []
        for event_id in list(view.known):
            record = self._events.get(event_id)
            target = None if record is None else narrowed(record.told.event.target, ven)
            if record is None or target is None or self._closed(record, now):
                del view.known[event_id]
                view.pending.pop(event_id, None)
                continue
            event = record.told.event
            current.append(replace(record.told, event=replace(event, target=target, status=status_at(event, now))))
        current.sort(key=lambda told: (_RANK.get(told.event.status, 9), told.event.priority or 99, told.event.start))
        return current

    def _count_tellings(self, view: _View) -> None:
        for event_id, tellings in list(view.pending.items()):
            view.pending[event_id] = tellings + 1
            record = self._events.get(event_id)
            is_silent = event_id not in view.known or (record is not None and record.told.answering is Answering.NEVER)
            if is_silent and tellings + 1 >= self._settings.never_tellings:
                del view.pending[event_id]
                if record is not None and record.told.event.status is Status.CANCELLED:
                    view.known.pop(event_id, None)

    def answered(self, message: CreatedEvent, ven: Ven, now: datetime) -> list[Fact]:
        """Take what a VEN says of its events. Of those it does not have nothing is changed, and it is told so."""
        facts: list[Fact] = []
        if not message.response.is_ok:
            facts.append(Refused(ven_id=ven.ven_id, code=message.response.code, why=message.response.description or ""))
        wrong: list[ProtocolError] = []
        for response in message.events:
            try:
                facts.append(self._answered_one(response, ven, now))
            except ProtocolError as error:
                wrong.append(error)
        if wrong:
            raise AnswerError(wrong[0].code, "; ".join(map(str, wrong)), facts)
        return facts

    def _answered_one(self, response: EventResponse, ven: Ven, now: datetime) -> EventAnswered:
        event_id, number = response.event.event_id, response.event.modification_number
        record = self._events.get(event_id)
        if record is None or all(narrowed(event.target, ven) is None for event in (record.told.event, *record.past)):
            raise ProtocolError(Code.INVALID_ID, f"event {event_id!r} is not known here")
        current = record.told.event.modification_number
        if number > current:
            raise ProtocolError(Code.OUT_OF_SEQUENCE, f"event {event_id!r} has modification {current}, not {number}")
        answer = EventAnswer(modification_number=number, opt=response.opt, code=response.code, answered_at=now)
        key = key_of(event_id, ven.ven_id)
        before = self._answers.get(key) or AnswerRecord(event_id=event_id, ven_id=ven.ven_id)
        if not before.answers or replace(before.answers[-1], answered_at=now) != answer:  # said again is said once
            self._answers.put(key, replace(before, answers=(*before.answers, answer)))
        if number == current:
            view = self.view(ven, now)
            view.pending.pop(event_id, None)
            if record.told.event.status is Status.CANCELLED:
                view.known.pop(event_id, None)
        return EventAnswered(event_id=event_id, ven_id=ven.ven_id, answer=answer)


class AnswerError(ProtocolError):
    """Some of a VEN's answers could not be taken; the others were."""

    def __init__(self, code: Code, text: str, facts: list[Fact]) -> None:
        super().__init__(code, text)
        self.facts = facts
