"""Events of OpenADR 2.0b as events and prices of the domain, and back.

Nothing is guessed: a signal that says something the domain has no word for comes back as a note, and asks nothing.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import isnan
from typing import Final

from evenload.domain.event import Event as Asked
from evenload.domain.event import EventKind
from evenload.openadr.v20b import events as wire
from evenload.openadr.v20b.parts import KILOWATTS, PERCENT, Target, Unit
from evenload.openadr.v20b.payloads import Interval, Payload
from evenload.openadr.v20b.timing import NEVER_LESS

_POWER: Final = "powerReal"
_OPEN_END: Final = timedelta(days=1)
_NONE_YET: Final[Callable[[Target, datetime], float | None]] = lambda _target, _at: None  # noqa: E731 - a default


@dataclass(frozen=True, slots=True)
class Rules:
    """What a program says of signals.

    ``levels``: what SIMPLE asks for at 1, 2 and 3, as a share of capacity that may be drawn; 0 is a pause.
    ``baseline_kw`` and ``capacity_kw`` of a target at an instant, ``None`` where they are not known: what is relative
    to them is then a note. ``priority_mandatory_max``: events of priority 1 to this are mandatory. ``node_of`` a
    resource.
    """

    levels: Mapping[int, float] = field(default_factory=lambda: {1: 0.0, 2: 0.0, 3: 0.0})
    levels_mandatory: frozenset[int] = frozenset({3})
    priority_mandatory_max: int = 0
    baseline_kw: Callable[[Target, datetime], float | None] = _NONE_YET
    capacity_kw: Callable[[Target, datetime], float | None] = _NONE_YET
    node_of: Callable[[str], str] = str


@dataclass(frozen=True, slots=True)
class PriceSpan:
    """A price in ``[start, end)``, per kWh; ``kind`` says whether it is one, a factor or a difference."""

    start: datetime
    end: datetime
    price_per_kwh: float
    currency: str
    kind: wire.SignalType


@dataclass(frozen=True, slots=True)
class Translated:
    """What an event asks. Of a test ``rehearsed`` is what it would ask, and ``asked`` is empty."""

    asked: tuple[Asked, ...]
    prices: tuple[PriceSpan, ...]
    notes: tuple[str, ...]
    rehearsed: tuple[Asked, ...] = ()
    ramp_up: timedelta | None = None
    recovery: timedelta | None = None


@dataclass(frozen=True, slots=True)
class _Span:
    start: datetime
    end: datetime
    value: float


def spans(event: wire.Event, signal: wire.Signal, delay: timedelta = NEVER_LESS) -> Iterator[_Span]:
    """Intervals of a signal back to back from the event's start, ``delay`` late; one of no length lasts to the end."""
    at = event.start + delay
    whole = at + (event.duration or _OPEN_END)
    for interval in signal.intervals:
        start = at if interval.start is None else interval.start + delay
        end = min(whole, start + interval.duration) if interval.duration else whole
        value = interval.payloads[0].value
        if value is not None and start < end:
            yield _Span(start, end, value)
        at = end


def to_domain(
    event: wire.Event, rules: Rules, *, delay: timedelta = NEVER_LESS, notified_at: datetime | None = None,
    cancelled_at: datetime | None = None,
) -> Translated:  # fmt: skip
    """What an event asks of cars. Of several signals the one that says most is followed: power before level."""
    asked: list[Asked] = []
    prices: list[PriceSpan] = []
    notes: list[str] = []
    common = _Common(event, rules, delay, notified_at or event.created_at, cancelled_at)
    for signal in sorted(event.signals, key=_rank):
        if signal.name.upper() in _PRICES:
            prices.extend(_prices(event, signal, delay, notes))
        elif not asked:
            asked.extend(_asked(common, signal, notes))
    if not event.duration:
        notes.append(f"event {event.event_id!r} has no end; it is taken to last {_OPEN_END} unless it is called off")
    told = tuple(asked)
    return Translated(
        asked=() if event.is_test else told, rehearsed=told if event.is_test else (), prices=tuple(prices),
        notes=tuple(notes), ramp_up=event.ramp_up, recovery=event.recovery,
    )  # fmt: skip


_PRICES: Final = frozenset({"ELECTRICITY_PRICE", "ENERGY_PRICE"})
_ORDER: Final = ("LOAD_DISPATCH", "LOAD_CONTROL", "CHARGE_STATE", "SIMPLE")


def _rank(signal: wire.Signal) -> int:
    name = signal.name.upper()
    return _ORDER.index(name) if name in _ORDER else len(_ORDER)


@dataclass(frozen=True, slots=True)
class _Common:
    event: wire.Event
    rules: Rules
    delay: timedelta
    notified_at: datetime
    cancelled_at: datetime | None


def _prices(event: wire.Event, signal: wire.Signal, delay: timedelta, notes: list[str]) -> Iterator[PriceSpan]:
    kinds = (wire.SignalType.PRICE, wire.SignalType.PRICE_MULTIPLIER, wire.SignalType.PRICE_RELATIVE)
    if signal.type not in kinds:
        notes.append(f"{signal.name} of type {signal.type} is no price")
        return
    unit = signal.unit
    if unit is not None and unit.element not in {"currencyPerKWh", "currency"}:
        notes.append(f"{signal.name} is in {unit.element}, not per kWh")
        return
    factor = 1.0 if unit is None or signal.type is wire.SignalType.PRICE_MULTIPLIER else unit.factor
    for span in spans(event, signal, delay):
        currency = "" if unit is None else unit.units
        yield PriceSpan(span.start, span.end, span.value * factor, currency, signal.type)


def _asked(common: _Common, signal: wire.Signal, notes: list[str]) -> Iterator[Asked]:
    target = signal.target if signal.target is not None and not signal.target.is_blank else common.event.target
    for number, span in enumerate(spans(common.event, signal, common.delay)):
        wish = _wish(common.rules, signal, span, target)
        if isinstance(wish, str):
            notes.append(f"event {common.event.event_id!r}, {signal.name}, {span.start.isoformat()}: {wish}")
        elif wish is not None:
            yield from _to_each(common, signal, (number, span), (target, wish), notes)


Wish = tuple[EventKind, float]
"""What is asked for, and the power, NaN where none is said."""
_ANY: Final = float("nan")


def _wish(rules: Rules, signal: wire.Signal, span: _Span, target: Target) -> Wish | str | None:
    name = signal.name.upper()
    if name == "SIMPLE":
        return _at_level(rules, span, target)
    if name == "CHARGE_STATE":
        return _of_charge(signal, span)
    if name in {"LOAD_DISPATCH", "LOAD_CONTROL"}:
        return _of_power(rules, signal, span, target)
    return f"{signal.name[:40]} is not followed"


def _at_level(rules: Rules, span: _Span, target: Target) -> Wish | str | None:
    if span.value == 0:
        return None
    share = rules.levels.get(int(span.value)) if span.value == int(span.value) else None
    if share is None:
        return f"level {span.value:g} has no meaning here"
    return _of_capacity(rules, span, target, share)


def _of_capacity(rules: Rules, span: _Span, target: Target, share: float) -> Wish | str:
    if share <= 0:
        return EventKind.PAUSE, _ANY
    capacity_kw = rules.capacity_kw(target, span.start)
    if capacity_kw is None:
        return f"{share:.0%} of a capacity that is not known"
    return EventKind.LIMIT, share * capacity_kw


def _of_charge(signal: wire.Signal, span: _Span) -> Wish | str:
    if signal.type is wire.SignalType.SETPOINT and span.value > 0:
        return EventKind.PREPARATORY, _ANY
    if signal.type is wire.SignalType.DELTA and span.value > 0:
        return EventKind.INCREASE, _ANY
    return f"a charge of {span.value:g} as {signal.type} is not followed"


def _of_power(rules: Rules, signal: wire.Signal, span: _Span, target: Target) -> Wish | str | None:
    kind, value = signal.type, span.value
    if kind is wire.SignalType.CAPACITY:
        return _of_capacity(rules, span, target, value)
    if kind in {wire.SignalType.SETPOINT, wire.SignalType.CONTROL_SETPOINT}:
        power_kw = _in_kw(value, signal.unit)
        if power_kw is None or power_kw < 0:
            return f"a set point of {value:g} that is no charging power"
        meant = _MEANT.get(signal.signal_id)
        if meant is not None and meant.asks_for_more:
            return meant, power_kw if power_kw > 0 else _ANY
        return (EventKind.LIMIT, power_kw) if power_kw > 0 else (EventKind.PAUSE, _ANY)
    relative = {
        wire.SignalType.MULTIPLIER: lambda baseline: baseline * value,
        wire.SignalType.PERCENT_OFFSET: lambda baseline: baseline * (1 + value),
        wire.SignalType.DELTA: lambda baseline: baseline + (_in_kw(value, signal.unit) or 0.0),
    }.get(kind)
    if relative is None:
        return f"{kind} is not followed"
    baseline_kw = rules.baseline_kw(target, span.start)
    if baseline_kw is None:
        return f"{kind} {value:g} is relative to a baseline that is not known"
    power_kw = max(relative(baseline_kw), 0.0)
    if power_kw > baseline_kw:
        return EventKind.INCREASE, power_kw
    return (EventKind.LIMIT, power_kw) if power_kw > 0 else (EventKind.PAUSE, _ANY)


def _in_kw(value: float, unit: Unit | None) -> float | None:
    if unit is None:
        return value
    return value * unit.factor / 1e3 if unit.element == _POWER else None


def _to_each(
    common: _Common, signal: wire.Signal, numbered: tuple[int, _Span], told: tuple[Target, Wish], notes: list[str]
) -> Iterator[Asked]:
    """One event of the domain for each group and resource; power that several share is a note."""
    (number, span), (target, (kind, power_kw)), event = numbered, told, common.event
    places = [("", group) for group in target.group_ids]
    places += [(common.rules.node_of(resource), "") for resource in target.resource_ids]
    if len(places) > 1 and not isnan(power_kw):
        notes.append(f"event {event.event_id!r}: {power_kw:g} kW for {len(places)} targets together is not followed")
        return
    priority = event.priority or 0
    is_mandatory = 0 < priority <= common.rules.priority_mandatory_max or (
        signal.name.upper() == "SIMPLE" and int(span.value) in common.rules.levels_mandatory
    )
    is_one = len(places) <= 1 and len(signal.intervals) == 1
    for place, (node, group) in enumerate(places or [("", "")]):
        yield Asked(
            event_id=event.event_id if is_one else f"{event.event_id}/{number}" + (f"/{place}" if places[1:] else ""),
            kind=kind, start=span.start, end=span.end, node=node, group=group, power_kw=power_kw,
            mandatory=is_mandatory, notified_at=common.notified_at, cancelled_at=common.cancelled_at,
        )  # fmt: skip


_MEANT: Final = {kind.value: kind for kind in EventKind}


def from_domain(
    asked: Asked, market_context: str, now: datetime, *, resource_of: Callable[[str], str] = str,
    mandatory_priority: int = 1,
) -> wire.Event:  # fmt: skip
    """An event for a VTN to publish. ``signalID`` says what kind it is, since a set point alone does not.

    A SIMPLE signal stands beside it for VENs that know no other: 3 where it is mandatory, 1 where not, 0 where more is
    asked for.
    """
    kind, duration = asked.kind, asked.end - asked.start
    power_kw = 0.0 if kind is EventKind.PAUSE or isnan(asked.power_kw) else asked.power_kw
    level = 0.0 if kind.asks_for_more else (3.0 if asked.mandatory else 1.0)
    is_charge = kind is EventKind.PREPARATORY
    signal = wire.Signal(
        name="CHARGE_STATE" if is_charge else "LOAD_DISPATCH", type=wire.SignalType.SETPOINT, signal_id=kind.value,
        unit=PERCENT if is_charge else KILOWATTS, current_value=0.0,
        intervals=(_whole(duration, 100.0 if is_charge else power_kw),),
    )  # fmt: skip
    simple = wire.Signal(
        name="SIMPLE", type=wire.SignalType.LEVEL, signal_id="simple", intervals=(_whole(duration, level),),
        current_value=0.0,
    )  # fmt: skip
    return wire.Event(
        event_id=asked.event_id, modification_number=0, market_context=market_context,
        created_at=asked.notified_at or now, status=wire.Status.FAR, start=asked.start, duration=duration,
        signals=(signal, simple), priority=mandatory_priority if asked.mandatory else 0,
        target=Target(
            group_ids=(asked.group,) if asked.group else (),
            resource_ids=(resource_of(asked.node),) if asked.node else (),
        ),
    )  # fmt: skip


def _whole(duration: timedelta, value: float) -> Interval:
    return Interval(duration=duration, uid="0", payloads=(Payload(value=value),))
