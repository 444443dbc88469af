"""What may be said to a called event."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from evenload.base.instants import Interval
from evenload.program.document import ProgramDocument
from evenload.program.event_member import Member
from evenload.program.rules import CalledEvent


@dataclass(frozen=True, slots=True, kw_only=True)
class Book:
    """What the rules of the program are checked against: its document, its other events, warnings of severe weather,
    and the events each participant is or was asked in."""

    document: ProgramDocument
    others: Sequence[CalledEvent] = ()
    warnings: Sequence[Interval] = ()
    own: Mapping[str, Sequence[CalledEvent]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """A dry run was made: who would be called, and the power it is expected to move, kW."""

    members: tuple[Member, ...]
    expected_kw: float


@dataclass(frozen=True, slots=True)
class Approve:
    """The actor agrees to it as rehearsed."""


@dataclass(frozen=True, slots=True)
class Notify:
    """Tell everybody; from then on they are bound."""

    book: Book


@dataclass(frozen=True, slots=True)
class Advance:
    """Time has passed: begin, end and return as is due."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Modify:
    """Change what is asked; None leaves a field. ``expected_kw`` is what the changed event moves."""

    book: Book
    expected_kw: float
    start: datetime | None = None
    end: datetime | None = None
    power_kw: float | None = None
    power_share: float | None = None
    price_per_kwh: float | None = None


@dataclass(frozen=True, slots=True)
class Cancel:
    """Call it off, before or while it goes on."""

    why: str


@dataclass(frozen=True, slots=True)
class Kill:
    """End it at once, whoever is on duty, at any stage."""

    why: str


@dataclass(frozen=True, slots=True)
class OptOut:
    """A participant leaves by hand; ``used_this_month`` is how often they opted out in the local calendar month."""

    participant_id: str
    used_this_month: int = 0
    whole_day: bool = False


@dataclass(frozen=True, slots=True)
class LeaveForNeed:
    """A car leaves by itself: it would not have what it needs in time."""

    participant_id: str


@dataclass(frozen=True, slots=True)
class LoseLink:
    """A device cannot be told anything."""

    participant_id: str


@dataclass(frozen=True, slots=True)
class FindLink:
    """A device that could not be told anything can be again."""

    participant_id: str


@dataclass(frozen=True, slots=True)
class Evaluated:
    """Its impact was measured; where that is kept."""

    evaluation_id: str


OfMember = OptOut | LeaveForNeed | LoseLink | FindLink
OfAll = Rehearsed | Approve | Notify | Advance | Modify | Cancel | Kill | Evaluated
Command = OfMember | OfAll
