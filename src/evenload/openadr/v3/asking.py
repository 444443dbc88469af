"""What events ask of cars, as events of the plan, and back."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from math import isnan
from typing import Final

import numpy as np

from evenload.domain.event import Event as Asked
from evenload.domain.event import EventKind
from evenload.openadr.v3.durations import written
from evenload.openadr.v3.instants import FOLLOWS, written_instant
from evenload.openadr.v3.parts import EventPayloadDescriptor, Interval, IntervalPeriod, ValuesMap
from evenload.openadr.v3.pricing import told_at
from evenload.openadr.v3.timeline import Span, timeline
from evenload.openadr.v3.wire import Event, EventRequest, Program

LIMIT: Final = "IMPORT_CAPACITY_LIMIT"
SETPOINT: Final = "DISPATCH_SETPOINT"
CHARGE: Final = "CHARGE_STATE_SETPOINT"
OUTAGE: Final = "ALERT_POSSIBLE_OUTAGE"
_TOLD_ELSEWHERE: Final = frozenset({"PRICE", "PRICE_ALTERNATE", "EXPORT_PRICE", "GHG"})
_KW: Final = {"KW": 1.0, "KVA": 1.0}
"""Units of power that are understood, and what one of them is in kW; apparent power is held like real power."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What a program means by its events. ``node`` and ``group`` are whom they are for, as in ``domain.event``.

    ``level_shares``: to what share of ``capacity_kw`` a level of SIMPLE brings charging; a level it does not name is a
    pause. ``expected_kw``: what would be drawn without the event, from which relative set points count, and above which
    a set point asks for more.
    """

    node: str = ""
    group: str = ""
    mandatory: bool = False
    capacity_kw: float | None = None
    expected_kw: float | None = None
    level_shares: Mapping[int, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Understood:
    """What events ask, and what is asked that cannot be done, in sentences."""

    events: tuple[Asked, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Asking:
    """One payload: what is asked, or why nothing."""

    kind: EventKind | None = None
    power_kw: float = float("nan")
    note: str = ""
    mandatory: bool = False


def is_binding(program: Program) -> bool:
    """Whether events of a program must be heeded (attribute BINDING_EVENTS)."""
    return any(one.type == "BINDING_EVENTS" and one.values[:1] == (True,) for one in program.attributes or ())


def understand(
    event: Event, terms: Terms, since: datetime, until: datetime, rng: np.random.Generator | None = None,
    cancelled_at: datetime | None = None,
) -> Understood:  # fmt: skip
    """What an event asks between two instants, one event of the plan an interval and payload."""
    at = told_at(event)
    asked: list[Asked] = []
    notes: list[str] = []
    for span in timeline(event, at, since, until, rng):
        for payload in span.payloads:
            found = _asking(event, payload, terms)
            if found.note:
                notes.append(f"event {event.id}, {payload.type}: {found.note}")
            if found.kind is not None:
                asked.append(_event(event.id, span, payload.type, found, terms, at, cancelled_at))
    return Understood(tuple(asked), tuple(dict.fromkeys(notes)))


def _event(
    event_id: str, span: Span, payload: str, found: _Asking, terms: Terms, at: datetime, cancelled_at: datetime | None
) -> Asked:
    assert found.kind is not None  # noqa: S101 - the caller has looked
    turn = f"~{span.turn}" if span.turn else ""
    return Asked(
        f"{event_id}#{span.interval_id}{turn}:{payload}", found.kind, span.start, span.end, terms.node, terms.group,
        found.power_kw, terms.mandatory or found.mandatory, at, cancelled_at,
    )  # fmt: skip


def _asking(event: Event, payload: ValuesMap, terms: Terms) -> _Asking:
    if payload.type in _TOLD_ELSEWHERE:
        return _Asking()
    if payload.type.startswith("ALERT_"):
        return _ALERTS.get(payload.type, _Asking(note="it is for people to know; nothing is asked of cars"))
    read = _READERS.get(payload.type)
    if read is None:
        return _Asking(note="it asks for nothing that charging can do here")
    value = payload.values[0] if payload.values else None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return _Asking(note="its value is no number")
    return read(float(value), terms, _units(event, payload.type))


def _units(event: Event, payload: str) -> str:
    found = (one.units for one in event.payload_descriptors or () if one.payload_type == payload)
    return next(found, None) or ""


def _limit(value: float, _: Terms, units: str) -> _Asking:
    factor = _KW.get(units or "KW")
    if factor is None:
        return _Asking(note=f"a limit in {units} is not understood, only in KW")
    if value <= 0:
        return _Asking(EventKind.PAUSE)
    return _Asking(EventKind.LIMIT, value * factor)


def _setpoint(value: float, terms: Terms, units: str) -> _Asking:
    if terms.expected_kw is not None and value > terms.expected_kw and (units or "KW") in _KW:
        return _Asking(EventKind.INCREASE, value * _KW[units or "KW"])
    found = _limit(value, terms, units)
    if value >= 0 or found.kind is None:
        return found
    return _Asking(found.kind, note="cars pause; giving back to the grid is not asked of them by this")


def _relative(value: float, terms: Terms, units: str) -> _Asking:
    if terms.expected_kw is None:
        return _Asking(note="it counts from what is expected, which is not known here")
    return _setpoint(terms.expected_kw + value, terms, units)


def _simple(value: float, terms: Terms, _: str) -> _Asking:
    if value == 0:
        return _Asking()
    share = terms.level_shares.get(int(value))
    if share is None or terms.capacity_kw is None:
        return _Asking(EventKind.PAUSE)
    return _limit(share * terms.capacity_kw, terms, "KW")


def _charge(value: float, _: Terms, units: str) -> _Asking:
    full = (units or "PERCENT") == "PERCENT" and value >= 100
    note = "" if full else "cars charge as full as they can by its start; the level itself is not held"
    return _Asking(EventKind.PREPARATORY, note=note)


_READERS: Final[Mapping[str, Callable[[float, Terms, str], _Asking]]] = {
    LIMIT: _limit, SETPOINT: _setpoint, "DISPATCH_SETPOINT_RELATIVE": _relative, "SIMPLE": _simple, CHARGE: _charge,
}  # fmt: skip
_ALERTS: Final = {
    "ALERT_GRID_EMERGENCY": _Asking(EventKind.PAUSE, mandatory=True),
    "ALERT_BLACK_START": _Asking(EventKind.PAUSE, mandatory=True),
    "ALERT_FLEX_ALERT": _Asking(EventKind.PAUSE),
    OUTAGE: _Asking(EventKind.PREPARATORY),
}


# and back


def told(event: Asked, program_id: str, targets: Iterable[str] = (), priority: int | None = None) -> EventRequest:
    """An event of the plan as one to send to VENs: a pause is a limit of 0 kW."""
    payload, units = _payload(event)
    period = IntervalPeriod(
        start=written_instant(event.start), duration=written((event.end - event.start).total_seconds())
    )
    return EventRequest(
        program_id=program_id, event_name=event.event_id, priority=priority, targets=tuple(targets) or None,
        payload_descriptors=(EventPayloadDescriptor(payload_type=payload.type, units=units),), interval_period=period,
        intervals=(Interval(id=0, payloads=(payload,)),),
    )  # fmt: skip


def called_off(program_id: str, event_name: str | None = None, targets: Iterable[str] = ()) -> EventRequest:
    """What an event is replaced with to call it off where VENs look at events they know: at once, for no time."""
    return EventRequest(
        program_id=program_id, event_name=event_name, targets=tuple(targets) or None,
        interval_period=IntervalPeriod(start=f"{FOLLOWS}T00:00:00Z", duration="PT0S"),
        intervals=(Interval(id=0, payloads=()),),
    )  # fmt: skip


def _payload(event: Asked) -> tuple[ValuesMap, str]:
    if event.kind is EventKind.PREPARATORY or (event.kind is EventKind.INCREASE and isnan(event.power_kw)):
        return ValuesMap(type=CHARGE, values=(100,)), "PERCENT"
    if event.kind is EventKind.INCREASE:
        return ValuesMap(type=SETPOINT, values=(event.power_kw,)), "KW"
    power_kw = 0.0 if event.kind is EventKind.PAUSE else event.power_kw
    return ValuesMap(type=LIMIT, values=(power_kw,)), "KW"
