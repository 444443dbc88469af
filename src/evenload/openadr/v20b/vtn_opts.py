"""Opts of VENs: out of an event for some of what they have, or out in windows they name."""

from datetime import datetime

from msgspec.structs import replace

from evenload.openadr.v20b.faults import Code, ProtocolError
from evenload.openadr.v20b.keeping import Keeper, Table, key_of
from evenload.openadr.v20b.messages import CanceledOpt, CancelOpt, CreatedOpt, CreateOpt
from evenload.openadr.v20b.parts import Response
from evenload.openadr.v20b.vtn_events import EventDesk
from evenload.openadr.v20b.vtn_reach import narrowed
from evenload.openadr.v20b.vtn_records import Fact, OptCanceled, OptCreated, OptRecord, Ven


class OptDesk:
    """Opts by VEN and id; taken back, they are still known."""

    def __init__(self, keeper: Keeper, events: EventDesk) -> None:
        self._opts = Table(keeper, "opt", OptRecord)
        self._events = events

    def opts(self, ven_id: str) -> list[OptRecord]:
        """All opts of a VEN, those taken back as well."""
        return [record for record in self._opts if record.opt.ven_id == ven_id]

    def in_force(self, ven_id: str, at: datetime) -> list[CreateOpt]:
        """Opt schedules of a VEN that have a window around an instant; a window of no length has no end."""
        return [
            record.opt
            for record in self.opts(ven_id)
            if record.canceled_at is None
            and any(w.start <= at and (not w.duration or at < w.start + w.duration) for w in record.opt.windows)
        ]

    def create(self, message: CreateOpt, ven: Ven, now: datetime) -> tuple[CreatedOpt, list[Fact]]:
        """Take an opt. The same once more is taken as said once; another of the same id is refused."""
        reply = CreatedOpt(response=Response(request_id=message.request_id), opt_id=message.opt_id)
        key = key_of(ven.ven_id, message.opt_id)
        before = self._opts.get(key)
        if before is not None:
            if before.canceled_at is None and replace(before.opt, request_id=message.request_id) == message:
                return reply, []
            raise ProtocolError(Code.INVALID_ID, f"optID {message.opt_id!r} was used for another opt")
        if (message.event is None) == (not message.windows):
            raise ProtocolError(Code.INVALID_DATA, "an opt is of an event or of windows, one of both")
        if message.event is not None:
            self._checked_event(message.event.event_id, ven)
        if not message.target.is_blank and narrowed(message.target, ven) != message.target:
            raise ProtocolError(Code.TARGET_MISMATCH, "the opt names what is not of this VEN")
        self._opts.put(key, OptRecord(opt=message, received_at=now))
        return reply, [OptCreated(opt=message)]

    def _checked_event(self, event_id: str, ven: Ven) -> None:
        record = self._events.find(event_id)
        if record is None or narrowed(record.told.event.target, ven) is None:
            raise ProtocolError(Code.INVALID_ID, f"event {event_id!r} is not known here")

    def cancel(self, message: CancelOpt, ven: Ven, now: datetime) -> tuple[CanceledOpt, list[Fact]]:
        """Take an opt back."""
        key = key_of(ven.ven_id, message.opt_id)
        record = self._opts.get(key)
        if record is None or record.canceled_at is not None:
            raise ProtocolError(Code.INVALID_ID, f"optID {message.opt_id!r} is not known here")
        self._opts.put(key, replace(record, canceled_at=now))
        reply = CanceledOpt(response=Response(request_id=message.request_id), opt_id=message.opt_id)
        return reply, [OptCanceled(opt=record.opt)]
