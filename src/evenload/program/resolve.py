"""What holds for one device when programs, protocols, limits and needs ask for different things, and why.

The one order of importance (DESIGN section 5) decides, and between events of one rank ``Event.ranks_before``. Each that
gives way, wholly or in part, is told in a sentence.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from functools import cmp_to_key
from math import inf, isnan
from typing import Final

from evenload.base.errors import InputError
from evenload.domain.event import Event, EventKind

_TIE_KW: Final = 1e-9


class Rank(IntEnum):
    """The order of importance; what stands first is heeded first."""

    DEVICE_LIMIT = 0
    EMERGENCY_LIMIT = 1
    MINIMUM = 2
    CIRCUIT_LIMIT = 3
    MANDATORY_EVENT = 4
    DEPARTURE = 5
    VOLUNTARY_EVENT = 6
    MONEY = 7


_NAMES: Final = {
    Rank.DEVICE_LIMIT: "limits of the device and its site",
    Rank.EMERGENCY_LIMIT: "emergency limits of circuits",
    Rank.MINIMUM: "minimum needs",
    Rank.CIRCUIT_LIMIT: "limits of circuits",
    Rank.MANDATORY_EVENT: "mandatory events",
    Rank.DEPARTURE: "needs by departure",
    Rank.VOLUNTARY_EVENT: "voluntary events",
    Rank.MONEY: "prices",
}
_NEEDS: Final = (Rank.MINIMUM, Rank.DEPARTURE)
_EVENTS: Final = (Rank.MANDATORY_EVENT, Rank.VOLUNTARY_EVENT)


@dataclass(frozen=True, slots=True)
class Claim:
    """What one source wants of a device: a limit (no more than ``power_kw``), a need (no less), or a price per kWh.

    ``source`` is as people know it, such as ``OpenADR 3.1, program P08``.
    """

    source: str
    rank: Rank
    power_kw: float = inf
    event: Event | None = None
    price_per_kwh: float | None = None

    def __post_init__(self) -> None:
        if isnan(self.power_kw) or self.power_kw < 0:
            raise InputError(f"{self.source}: power_kw = {self.power_kw} must be 0 or more")
        if (self.rank in _EVENTS) != (self.event is not None) or (self.rank is Rank.MONEY) != (
            self.price_per_kwh is not None
        ):
            raise InputError(f"{self.source}: events need an event, money a price, and nothing else has one")

    @classmethod
    def of_event(cls, source: str, event: Event, power_kw: float = inf) -> "Claim":
        """What an event wants of this device; of a pause it is 0."""
        rank = Rank.MANDATORY_EVENT if event.mandatory else Rank.VOLUNTARY_EVENT
        return cls(source, rank, 0.0 if event.kind is EventKind.PAUSE else power_kw, event)

    @property
    def wants_more(self) -> bool:
        """Whether it is about the least the device draws rather than the most."""
        return self.event.kind.asks_for_more if self.event else self.rank in _NEEDS

    def __str__(self) -> str:
        if self.event is not None:
            return f"{self.event.kind} {self.event.event_id} ({self.source})"
        if self.price_per_kwh is not None:
            return f"the price {self.price_per_kwh:g} per kWh ({self.source})"
        what = "need of" if self.rank in _NEEDS else "limit of"
        return f"the {what} {self.power_kw:g} kW ({self.source})"


@dataclass(frozen=True, slots=True)
class Resolved:
    """What a device may draw (kW) and at which price (None: none was told), and a sentence for each that gave way."""

    power_kw_min: float
    power_kw_max: float
    price_per_kwh: float | None
    sentences: tuple[str, ...]


@dataclass(slots=True)
class _Band:
    """What is left for those that rank lower: no less than ``least``, for ``floor``; no more than ``most``."""

    least_kw: float = 0.0
    most_kw: float = inf
    floor: Claim | None = None
    ceiling: Claim | None = None
    price: Claim | None = None

    def take(self, claim: Claim) -> str:
        """Heed a claim as far as there is room; a sentence where there was not."""
        if claim.price_per_kwh is not None:
            return self._price(claim)
        return self._more(claim) if claim.wants_more else self._less(claim)

    def _price(self, claim: Claim) -> str:
        if self.price is None:
            self.price = claim
            return ""
        return f"{claim} gives way to {self.price}: one price holds at a time, the one given first"

    def _more(self, claim: Claim) -> str:
        """A want without an amount (inf) is content with whatever there is but nothing."""
        gets_kw = min(claim.power_kw, self.most_kw)
        short = gets_kw < claim.power_kw - _TIE_KW and (claim.power_kw < inf or gets_kw <= _TIE_KW)
        if gets_kw > self.least_kw:
            self.least_kw, self.floor = gets_kw, claim
        if not short or self.ceiling is None:
            return ""
        wanted = "" if claim.power_kw == inf else f" of the {claim.power_kw:g} kW it wants"
        return _gives_way(claim, self.ceiling, f"it gets {gets_kw:g}{wanted or ' kW'}")

    def _less(self, claim: Claim) -> str:
        short = claim.power_kw < self.least_kw - _TIE_KW
        holds_kw = max(claim.power_kw, self.least_kw)
        if holds_kw < self.most_kw:
            self.most_kw, self.ceiling = holds_kw, claim
        if not short or self.floor is None:
            return ""
        return _gives_way(
            claim, self.floor, f"{self.least_kw:g} kW are drawn where it wants {claim.power_kw:g} at most"
        )


def resolve(claims: Iterable[Claim], at: datetime) -> Resolved:
    """What holds at an instant. Events that do not ask then, or were called off, say nothing; one event that came
    through several protocols counts once, as it was told last.

    All limits that are no more than those above them hold, so of several the lowest counts; of several needs the
    highest.
    """
    asking = sorted((one for one in claims if _asks(one, at)), key=cmp_to_key(_compare))
    ordered, sentences = _once(asking)
    band = _Band()
    sentences += [sentence for claim in ordered if (sentence := band.take(claim))]
    price = None if band.price is None else band.price.price_per_kwh
    return Resolved(band.least_kw, band.most_kw, price, tuple(sentences))


def _asks(claim: Claim, at: datetime) -> bool:
    if claim.event is None:
        return True
    span = claim.event.asks_between(at)
    return span is not None and span[0] <= at < span[1]


def _compare(one: Claim, other: Claim) -> int:
    """Sorted by rank; events of one rank as they rank; else as they were given (sorting is stable)."""
    if one.rank is not other.rank or one.event is None or other.event is None:
        return one.rank - other.rank
    return other.event.ranks_before(one.event) - one.event.ranks_before(other.event)


def _once(ordered: Sequence[Claim]) -> tuple[list[Claim], list[str]]:
    """Each event as it ranks first, and sentences on the others."""
    kept: dict[str, Claim] = {}
    found: list[Claim] = []
    sentences: list[str] = []
    for claim in ordered:
        first = None if claim.event is None else kept.setdefault(claim.event.event_id, claim)
        if first is None or first is claim:
            found.append(claim)
        else:
            sentences.append(f"{claim} came through {first.source} as well and counts once")
    return found, sentences


def _gives_way(claim: Claim, holds: Claim, what: str) -> str:
    """Who, to whom, what is left, and by which part of the order."""
    if claim.rank is not holds.rank:
        why = f"{_NAMES[holds.rank]} rank before {_NAMES[claim.rank]}"
    else:
        why = f"of {_NAMES[claim.rank]} what was told later ranks first, then what asks for less"
    return f"{claim} gives way to {holds}: {why}; {what}"
