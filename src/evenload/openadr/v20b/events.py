"""Events of OpenADR 2.0b: descriptor, active period, signals, targets."""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from evenload.openadr.v20b.binding import Form, Part
from evenload.openadr.v20b.parts import TARGET, UNIT, Target, Unit, Wire
from evenload.openadr.v20b.payloads import INTERVAL, INTERVALS, Interval
from evenload.openadr.v20b.values import DURATION, INSTANT, NUMBER, TEXT, WHOLE, word_of


class Status(StrEnum):
    """Where an event is in its life."""

    NONE = "none"
    FAR = "far"
    NEAR = "near"
    ACTIVE = "active"
    COMPLETED = "completed"
    CANCELLED = "cancelled"


class SignalType(StrEnum):
    """What a signal's numbers are."""

    DELTA = "delta"
    LEVEL = "level"
    MULTIPLIER = "multiplier"
    PRICE = "price"
    PRICE_MULTIPLIER = "priceMultiplier"
    PRICE_RELATIVE = "priceRelative"
    SETPOINT = "setpoint"
    CAPACITY = "x-loadControlCapacity"
    LEVEL_OFFSET = "x-loadControlLevelOffset"
    PERCENT_OFFSET = "x-loadControlPercentOffset"
    CONTROL_SETPOINT = "x-loadControlSetpoint"


class Answering(StrEnum):
    """Whether a VEN is to answer an event."""

    ALWAYS = "always"
    NEVER = "never"


class Signal(Wire, frozen=True, kw_only=True):
    """A name (``SIMPLE``, ``ELECTRICITY_PRICE``, ``x-...``), what its numbers are, and intervals back to back."""

    name: str
    type: SignalType
    signal_id: str
    intervals: tuple[Interval, ...]
    target: Target | None = None
    unit: Unit | None = None
    current_value: float | None = None


class Baseline(Wire, frozen=True, kw_only=True):
    """What would be drawn without the event, as the utility sees it."""

    start: datetime
    duration: timedelta
    intervals: tuple[Interval, ...]
    baseline_id: str
    name: str
    resource_ids: tuple[str, ...] = ()
    unit: Unit | None = None


class Event(Wire, frozen=True, kw_only=True):
    """One event as it is on the wire. ``duration`` 0 has no end until it is cancelled.

    ``start_after`` is the most by which a VEN starts later, at random; it never starts sooner.
    """

    event_id: str
    modification_number: int
    market_context: str
    created_at: datetime
    status: Status
    start: datetime
    duration: timedelta
    signals: tuple[Signal, ...]
    target: Target
    start_after: timedelta | None = None
    notification: timedelta | None = None
    ramp_up: timedelta | None = None
    recovery: timedelta | None = None
    modified_at: datetime | None = None
    modification_reason: str | None = None
    priority: int | None = None
    test_event: str | None = None
    comment: str | None = None
    baseline: Baseline | None = None

    @property
    def is_test(self) -> bool:
        """Whether it is a test, which nothing is dispatched for: ``testEvent`` is there and not ``false``."""
        return self.test_event is not None and self.test_event.casefold() != "false"


class Distributed(Wire, frozen=True, kw_only=True):
    """An event as it is told, and whether an answer is asked for."""

    event: Event
    answering: Answering = Answering.ALWAYS


_SIGNAL: Final = Form(
    Signal,
    INTERVALS,
    Part("target", "ei:eiTarget", TARGET, needed=False),
    Part("name", "ei:signalName", TEXT),
    Part("type", "ei:signalType", word_of(SignalType)),
    Part("signal_id", "ei:signalID", TEXT),
    Part("unit", "*", UNIT, needed=False),
    Part("current_value", "ei:currentValue/ei:payloadFloat/ei:value", NUMBER, needed=False),
)
_BASELINE: Final = Form(
    Baseline,
    Part("start", "xcal:dtstart/xcal:date-time", INSTANT),
    Part("duration", "xcal:duration/xcal:duration", DURATION),
    Part("intervals", "strm:intervals/ei:interval", INTERVAL, many=True),
    Part("baseline_id", "ei:baselineID", TEXT),
    Part("resource_ids", "ei:resourceID", TEXT, needed=False, many=True),
    Part("name", "ei:baselineName", TEXT),
    Part("unit", "*", UNIT, needed=False),
)
_PROPERTIES: Final = "ei:eiActivePeriod/xcal:properties/"
_EVENT: Final = Form(
    Event,
    *(
        Part(field, f"ei:eventDescriptor/ei:{name}", kind, needed=needed)
        for field, name, kind, needed in (
            ("event_id", "eventID", TEXT, True),
            ("modification_number", "modificationNumber", WHOLE, True),
            ("modified_at", "modificationDateTime", INSTANT, False),
            ("modification_reason", "modificationReason", TEXT, False),
            ("priority", "priority", WHOLE, False),
            ("market_context", "eiMarketContext/emix:marketContext", TEXT, True),
            ("created_at", "createdDateTime", INSTANT, True),
            ("status", "eventStatus", word_of(Status), True),
            ("test_event", "testEvent", TEXT, False),
            ("comment", "vtnComment", TEXT, False),
        )
    ),
    Part("start", _PROPERTIES + "xcal:dtstart/xcal:date-time", INSTANT),
    Part("duration", _PROPERTIES + "xcal:duration/xcal:duration", DURATION),
    Part("start_after", _PROPERTIES + "xcal:tolerance/xcal:tolerate/xcal:startafter", DURATION, needed=False),
    Part("notification", _PROPERTIES + "ei:x-eiNotification/xcal:duration", DURATION, needed=False),
    Part("ramp_up", _PROPERTIES + "ei:x-eiRampUp/xcal:duration", DURATION, needed=False),
    Part("recovery", _PROPERTIES + "ei:x-eiRecovery/xcal:duration", DURATION, needed=False),
    Part("", "ei:eiActivePeriod/xcal:components", None),
    Part("signals", "ei:eiEventSignals/ei:eiEventSignal", _SIGNAL, many=True),
    Part("baseline", "ei:eiEventSignals/ei:eiEventBaseline", _BASELINE, needed=False),
    Part("target", "ei:eiTarget", TARGET),
)
DISTRIBUTED: Final = Form(
    Distributed,
    Part("event", "ei:eiEvent", _EVENT),
    Part("answering", "oadr:oadrResponseRequired", word_of(Answering)),
)
