"""When the intervals of an event are, in instants (User Guide 3.1.0, section 7.3)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

import numpy as np
from msgspec import UnsetType

from evenload.base.errors import InputError
from evenload.openadr.v3.durations import END_OF_TIME, Duration, later
from evenload.openadr.v3.instants import parse_start
from evenload.openadr.v3.parts import IntervalPeriod, ValuesMap
from evenload.openadr.v3.wire import EventRequest

SPANS_MAX: Final = 50_000
"""Intervals of one event that are looked at, so that nobody is kept busy by a loop of seconds over years."""
_NOTHING: Final = IntervalPeriod()


@dataclass(frozen=True, slots=True)
class Span:
    """One interval at its place, ``[start, end)``; ``turn`` counts the rounds of an event that loops."""

    start: datetime
    end: datetime
    interval_id: int
    payloads: tuple[ValuesMap, ...]
    turn: int = 0


def lifetime(event: EventRequest, at: datetime) -> tuple[datetime, datetime]:
    """From when until when an event is, before anything random; ``at`` is when it was told, for one that begins then.

    One without any time is for ever.
    """
    spans = _placed(event, at, None)
    if spans:
        begins, ends = min(one.start for one in spans), max(one.end for one in spans)
    else:
        period = _or_nothing(event.interval_period)
        begins = _start(period) or at
        ends = Duration.parse(period.duration).after(begins) if isinstance(period.duration, str) else END_OF_TIME
    if isinstance(event.duration, str):
        ends = Duration.parse(event.duration).after(begins)
    return begins, max(begins, ends)


def timeline(
    event: EventRequest, at: datetime, since: datetime, until: datetime, rng: np.random.Generator | None = None
) -> list[Span]:
    """The intervals that touch ``[since, until)``, in order of their start.

    ``at`` is when the event was told: where it begins at once, it begins then. With ``rng`` starts are moved by
    ``randomizeStart``: the first by as much as that to either side, uniformly, and what follows it by the same; an
    absolute start with a ``randomizeStart`` of its own is drawn anew. ``duration`` of the event cuts what lies beyond
    it, or has the intervals repeat. Intervals without length are left out, so an event of ``PT0S`` has none: it was
    called off. ``InputError`` where there are more than ``SPANS_MAX``.
    """
    placed = [one for one in _placed(event, at, rng) if one.end > one.start]
    if not placed:
        return []
    begins, ends = min(one.start for one in placed), max(one.end for one in placed)
    if isinstance(event.duration, str):
        stops = Duration.parse(event.duration).after(begins)
        rounds = _rounds(placed, begins, ends, max(since, begins), min(stops, until))
        placed = [replace(one, end=min(one.end, stops)) for one in rounds if one.start < stops]
    return sorted(_within(placed, since, until), key=lambda one: (one.start, one.end))


def _within(spans: Sequence[Span], since: datetime, until: datetime) -> Iterator[Span]:
    return (one for one in spans if one.start < until and one.end > since)


def _rounds(spans: Sequence[Span], begins: datetime, ends: datetime, since: datetime, stops: datetime) -> list[Span]:
    """Spans again and again until ``stops``, from the round that ``since`` is in."""
    length = ends - begins
    if stops <= ends or ends == END_OF_TIME:
        return list(spans)
    first = max(0, (since - begins) // length)
    count = -(-(stops - begins) // length) - first
    if count * len(spans) > SPANS_MAX:
        raise InputError(f"the event loops {count} times: more than {SPANS_MAX} intervals are not looked at")
    return [_moved(one, length, turn) for turn in range(first, first + count) for one in spans]


def _moved(span: Span, length: timedelta, turn: int) -> Span:
    seconds = turn * length.total_seconds()
    return replace(span, start=later(span.start, seconds), end=later(span.end, seconds), turn=turn)


def _placed(event: EventRequest, at: datetime, rng: np.random.Generator | None) -> list[Span]:
    """Each interval once; those that follow do so right after the one before, wherever that is."""
    intervals = () if isinstance(event.intervals, UnsetType) else event.intervals
    if len(intervals) > SPANS_MAX:
        raise InputError(f"the event has {len(intervals)} intervals: more than {SPANS_MAX} are not looked at")
    default = _or_nothing(event.interval_period)
    spans: list[Span] = []
    follows, moved_s = _start(default) or at, 0.0
    for place, interval in enumerate(intervals):
        own = _or_nothing(interval.interval_period)
        absolute = _start(own)
        if place == 0:
            moved_s = _drawn_s(own if isinstance(own.randomize_start, str) else default, rng)
        elif absolute and isinstance(own.randomize_start, str):
            moved_s = _drawn_s(own, rng)
        begins = absolute or follows
        follows = _ends(own, default, event, begins, is_last=place == len(intervals) - 1)
        spans.append(Span(later(begins, moved_s), later(follows, moved_s), interval.id, interval.payloads))
    return spans


def _ends(
    own: IntervalPeriod, default: IntervalPeriod, event: EventRequest, begins: datetime, *, is_last: bool
) -> datetime:
    """When an interval ends. One whose length nobody tells has none, unless it is the last: that fills the event."""
    for length in (own.duration, default.duration, event.duration if is_last else None):
        if isinstance(length, str):
            return max(begins, Duration.parse(length).after(begins))
    return begins


def _or_nothing(period: IntervalPeriod | UnsetType) -> IntervalPeriod:
    return _NOTHING if isinstance(period, UnsetType) else period


def _start(period: IntervalPeriod) -> datetime | None:
    return parse_start(period.start) if isinstance(period.start, str) else None


def _drawn_s(period: IntervalPeriod, rng: np.random.Generator | None) -> float:
    if rng is None or not isinstance(period.randomize_start, str):
        return 0.0
    most = abs(Duration.parse(period.randomize_start).about_s)
    return float(rng.uniform(-most, most)) if most else 0.0
