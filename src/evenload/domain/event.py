"""Events: what the grid asks of cars in a window of time."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from math import isfinite, isnan, nan
from typing import Final

from evenload.base.errors import InputError
from evenload.base.instants import as_utc


class EventKind(StrEnum):
    """What is asked for.

    ``pause``: no power, either way. ``limit``: together no more than a power. ``increase``: together up to a power,
    beyond what cars need if their batteries have room. ``preparatory``: the same, before the event starts.
    """

    PAUSE = "pause"
    LIMIT = "limit"
    INCREASE = "increase"
    PREPARATORY = "preparatory"

    @property
    def asks_for_more(self) -> bool:
        """Whether cars are to charge more rather than less."""
        return self in _FOR_MORE


_FOR_MORE: Final = frozenset({EventKind.INCREASE, EventKind.PREPARATORY})


@dataclass(frozen=True, slots=True)
class Event:
    """One event and the cars it is for: those at or below ``node`` and of ``group``, where these are not blank.

    ``power_kw`` is of the cars' charging together, less what they give back; NaN where none is said. A ``mandatory``
    event gives way only to a car's minimum, a voluntary one to its need. Raises ``InputError``, naming the event, for
    one that ends before it starts, a limit without power, and a power below 0.
    """

    event_id: str
    kind: EventKind
    start: datetime
    end: datetime
    node: str = ""
    group: str = ""
    power_kw: float = nan
    mandatory: bool = False
    notified_at: datetime | None = None
    cancelled_at: datetime | None = None

    def __post_init__(self) -> None:
        for name in ("start", "end", "notified_at", "cancelled_at"):
            instant = getattr(self, name)
            object.__setattr__(self, name, None if instant is None else as_utc(instant))
        object.__setattr__(self, "kind", EventKind(self.kind))
        if self.end <= self.start:
            raise InputError(
                f"event {self.event_id!r}: end {self.end.isoformat()} is not after start {self.start.isoformat()}"
            )
        if self.kind is EventKind.LIMIT and isnan(self.power_kw):
            raise InputError(f"event {self.event_id!r} of kind limit needs power_kw, the power it limits to")
        if not isnan(self.power_kw) and not (self.power_kw >= 0 and isfinite(self.power_kw)):
            raise InputError(f"event {self.event_id!r}: power_kw = {self.power_kw} must be 0 or more")

    def asks_between(self, earliest: datetime) -> tuple[datetime, datetime] | None:
        """When it asks something of cars, no sooner than ``earliest``; None where it was called off before.

        A preparatory event asks from when it was notified (``earliest`` where that is not known) until it starts.
        """
        begins, ends = max(self.start, earliest), self.end
        if self.kind is EventKind.PREPARATORY:
            begins, ends = max(self.notified_at or earliest, earliest), self.start
        if self.cancelled_at is not None:
            ends = min(ends, self.cancelled_at)
        return (begins, ends) if begins < ends else None

    def ranks_before(self, other: "Event") -> bool:
        """Whether this holds where both cannot: mandatory first, the later notified, then the one for less power."""
        return self._rank() > other._rank()

    def _rank(self) -> tuple[bool, float, bool, str]:
        told = float("-inf") if self.notified_at is None else self.notified_at.timestamp()
        return self.mandatory, told, not self.kind.asks_for_more, self.event_id
