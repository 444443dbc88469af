"""May this event be called: every rule of a program that stands against it, with a sentence that names the numbers.

Local dates and hours are those of the program's time zone, on days of 23 and 25 hours too; lengths, notice and spacing
are elapsed time.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain

from evenload.base.errors import InputError
from evenload.base.instants import Interval, as_utc
from evenload.domain.event import EventKind
from evenload.program.document import ProgramDocument
from evenload.program.event_calendar import LONGEST, against_calendar, against_limits
from evenload.program.event_rules import EventRules, LimitOf
from evenload.program.refusal import EventRule, Refusal


@dataclass(frozen=True, slots=True)
class EventAsked:
    """An event that somebody wants to call, told at ``notified_at``.

    ``power_share`` is the share (0-1) of its power that a car keeps; None where it is not a share that is asked for.
    """

    kind: EventKind
    start: datetime
    end: datetime
    notified_at: datetime
    mandatory: bool = False
    power_share: float | None = None

    def __post_init__(self) -> None:
        for key in ("start", "end", "notified_at"):
            object.__setattr__(self, key, as_utc(getattr(self, key)))
        object.__setattr__(self, "kind", EventKind(self.kind))
        if self.end <= self.start:
            raise InputError(f"the event ends at {self.end.isoformat()}, not after its start {self.start.isoformat()}")
        if self.power_share is not None and not 0 <= self.power_share <= 1:
            raise InputError(f"power_share = {self.power_share} must be a share from 0 to 1")


@dataclass(frozen=True, slots=True)
class CalledEvent:
    """An event that was or will be called, and counts; one called off before it started does not."""

    event_id: str
    start: datetime
    end: datetime


def may_call(
    document: ProgramDocument,
    asked: EventAsked,
    others: Sequence[CalledEvent] = (),
    warnings: Sequence[Interval] = (),
) -> tuple[Refusal, ...]:
    """Every rule of the program against an event; empty where it may be called.

    ``others`` are the program's events without this one, ``warnings`` when severe weather is warned of.
    """
    rules = document.events
    if rules is None:
        return (Refusal(EventRule.NO_EVENTS, f"{document} calls no events: it has no rules of events"),)
    found = tuple(
        chain(
            _against_what(rules, asked),
            against_calendar(document, rules, asked.start, asked.end),
            _against_notice(rules, asked),
            _against_length(rules, asked),
            against_limits(document, rules, LimitOf.PROGRAM, asked.start, [one.start for one in others]),
            _against_spacing(rules.spacing_minutes_min, asked, others, "the program"),
            _against_weather(rules, asked, warnings),
        )
    )
    return tuple(dict.fromkeys(found))


def may_ask_customer(
    document: ProgramDocument, asked: EventAsked, own: Sequence[CalledEvent]
) -> tuple[Refusal, ...]:  # fmt: skip
    """Rules against asking one customer in an event that may be called; ``own`` are the events they are asked in."""
    rules = document.events
    if rules is None:
        return may_call(document, asked)
    limits = against_limits(document, rules, LimitOf.CUSTOMER, asked.start, [one.start for one in own])
    spacing = _against_spacing(rules.customer_spacing_minutes_min, asked, own, "a customer")
    return (*limits, *spacing)


def _against_what(rules: EventRules, asked: EventAsked) -> Iterator[Refusal]:
    if rules.kinds and asked.kind not in rules.kinds:
        known = ", ".join(rules.kinds)
        yield Refusal(EventRule.KIND, f"events of kind {asked.kind} are not among those of the program: {known}")
    if asked.mandatory and not rules.mandatory:
        yield Refusal(EventRule.MANDATORY, "the program's events are voluntary, this one is mandatory")
    floor = rules.power_share_min
    if not floor or asked.kind.asks_for_more:
        return
    share = 0.0 if asked.kind is EventKind.PAUSE else asked.power_share
    if share is not None and share < float(floor):
        yield Refusal(
            EventRule.POWER_SHARE,
            f"it leaves {share:.0%} of a car's power, and the program at least {float(floor):.0%}",
        )


def _against_notice(rules: EventRules, asked: EventAsked) -> Iterator[Refusal]:
    given = (asked.start - asked.notified_at).total_seconds() / 60
    least, most = rules.notice_minutes_min, rules.notice_minutes_max
    if least is not None and given < least:
        yield Refusal(EventRule.NOTICE, f"notice is {_span(given)}, and must be {_span(least)} or more")
    if most is not None and given > most:
        yield Refusal(EventRule.NOTICE, f"notice is {_span(given)}, and must be {_span(most)} or less")


def _against_length(rules: EventRules, asked: EventAsked) -> Iterator[Refusal]:
    length = (asked.end - asked.start).total_seconds() / 60
    least, most = rules.length_minutes_min, rules.length_minutes_max
    if asked.end - asked.start > LONGEST:
        yield Refusal(EventRule.LENGTH, f"it lasts {_span(length)}, and no event lasts longer than {LONGEST.days} days")
    if least is not None and length < least:
        yield Refusal(EventRule.LENGTH, f"it lasts {_span(length)}, and must last {_span(least)} or more")
    if most is not None and length > most:
        yield Refusal(EventRule.LENGTH, f"it lasts {_span(length)}, and must last {_span(most)} or less")


def _against_spacing(
    least: int | None, asked: EventAsked, others: Sequence[CalledEvent], whose: str
) -> Iterator[Refusal]:  # fmt: skip
    if least is None:
        return
    for other in others:
        gap = max(asked.start - other.end, other.start - asked.end).total_seconds() / 60
        if gap < least:
            apart = f"is {_span(gap)} from" if gap >= 0 else "overlaps"
            wanted = f"events of {whose} must be {_span(least)} apart"
            yield Refusal(EventRule.SPACING, f"it {apart} event {other.event_id!r}, and {wanted}")


def _against_weather(rules: EventRules, asked: EventAsked, warnings: Sequence[Interval]) -> Iterator[Refusal]:
    if not rules.severe_weather_blackout or asked.kind is EventKind.PREPARATORY:
        return
    for warning in warnings:
        if asked.start < as_utc(warning.end) and as_utc(warning.start) < asked.end:
            span = f"{warning.start.isoformat()} to {warning.end.isoformat()}"
            yield Refusal(
                EventRule.WEATHER, f"severe weather is warned of from {span}, and the program calls no event then"
            )


def _span(minutes: float) -> str:
    """A length of time as people write it."""
    whole = round(minutes)
    if abs(whole) >= 60 and whole % 60 == 0:
        return f"{whole // 60} h"
    if whole >= 60:
        return f"{whole // 60} h {whole % 60} min"
    return f"{minutes:.3g} min" if minutes != whole else f"{whole} min"
