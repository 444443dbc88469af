"""Which of several events holds when: the one of the lowest priority number, then the one told last."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from math import inf

from evenload.openadr.v3.parts import Value
from evenload.openadr.v3.timeline import Span


@dataclass(frozen=True, slots=True)
class Piece:
    """A value of one payload from an instant to another, and how the event it is of ranks."""

    start: datetime
    end: datetime
    value: Value
    event_id: str
    priority: int | None = None
    told_at: datetime | None = None

    @property
    def rank(self) -> tuple[float, float, str]:
        """Lower holds: lower priority number (none is the last), told later."""
        told = -inf if self.told_at is None else self.told_at.timestamp()
        return inf if self.priority is None else self.priority, -told, self.event_id


def pieces(spans: Iterable[Span], payload: str, event_id: str, priority: int | None, told_at: datetime) -> list[Piece]:
    """The values of one type in spans. Several of one interval share its length (User Guide, multi-valued payloads)."""
    found = []
    for span in spans:
        values = next((one.values for one in span.payloads if one.type == payload), ())
        part = (span.end - span.start) / len(values) if values else timedelta()
        for place, value in enumerate(values):
            last = place == len(values) - 1
            ends = span.end if last else span.start + (place + 1) * part
            found.append(Piece(span.start + place * part, ends, value, event_id, priority, told_at))
    return found


def resolved(found: Sequence[Piece]) -> list[Piece]:
    """One value at a time, in order: where pieces overlap, the one that ranks first."""
    edges = sorted({one.start for one in found} | {one.end for one in found})
    waiting = sorted(found, key=lambda one: one.start, reverse=True)
    here: list[Piece] = []
    kept: list[Piece] = []
    for start, end in pairwise(edges):
        while waiting and waiting[-1].start <= start:
            here.append(waiting.pop())
        here = [one for one in here if one.end > start]
        if here:
            best = min(here, key=lambda one: one.rank)
            kept.append(Piece(start, end, best.value, best.event_id, best.priority, best.told_at))
    return kept
