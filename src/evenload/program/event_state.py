"""Where a called event stands, and the answer to a command."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final

import numpy as np

from evenload.base.errors import InputError
from evenload.program.event_call import Call
from evenload.program.event_effects import Effect
from evenload.program.event_member import Member, Turn
from evenload.program.refusal import Refusal
from evenload.program.terms import OptOutRules


class Stage(StrEnum):
    """How far an event has come."""

    DRAFT = "draft"
    REHEARSED = "rehearsed"
    APPROVED = "approved"
    NOTIFIED = "notified"
    ACTIVE = "active"
    RELEASING = "releasing"
    CLOSED = "closed"
    CANCELLED = "cancelled"
    EVALUATED = "evaluated"


BEFORE: Final = frozenset({Stage.DRAFT, Stage.REHEARSED, Stage.APPROVED})
UNDER_WAY: Final = frozenset({Stage.NOTIFIED, Stage.ACTIVE})


class LifeRule(StrEnum):
    """Why a command is not followed, where no rule of the program stands against it."""

    STAGE = "stage"
    NOBODY = "nobody"
    SAME_PERSON = "same_person"
    APPROVALS = "approvals"
    PROGRAM = "program"
    TOO_LATE = "too_late"
    UNKNOWN = "unknown"
    NOT_BOUND = "not_bound"
    OPT_OUT = "opt_out"
    OPT_OUT_BUDGET = "opt_out_budget"
    SWITCHED_OFF = "switched_off"
    CHANGE = "change"


@dataclass(frozen=True, slots=True)
class LifeRefusal:
    """Why a command is not followed, and a sentence."""

    why: LifeRule
    sentence: str

    def __str__(self) -> str:
        return self.sentence


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """How the operator runs events: two people approve what moves more than ``two_approve_above_kw``; charging below a
    circuit changes by no more than its cap, kW a minute."""

    two_approve_above_kw: float = 1000.0
    caps_kw_per_minute: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for circuit, cap in self.caps_kw_per_minute.items():
            if not cap > 0:
                raise InputError(f"circuit {circuit!r}: a cap of {cap} kW a minute must be above 0")

    def approvals(self, expected_kw: float) -> int:
        """How many people approve an event that moves so much."""
        return 2 if abs(expected_kw) > self.two_approve_above_kw else 1


@dataclass(frozen=True, slots=True, kw_only=True)
class EventLife:
    """One called event, all that is kept of it. ``changed_at`` is when its call was last told in another form.

    ``opt_out`` are the program's rules for leaving events; None where it has none: then voluntary events can be left.
    """

    call: Call
    policy: Policy
    opt_out: OptOutRules | None = None
    stage: Stage = Stage.DRAFT
    members: Mapping[str, Member] = field(default_factory=dict)
    expected_kw: float = 0.0
    approvers: tuple[str, ...] = ()
    notified_at: datetime | None = None
    changed_at: datetime | None = None
    ended_at: datetime | None = None
    called_off: bool = False
    killed: bool = False
    evaluation_id: str = ""

    @property
    def bound(self) -> tuple[str, ...]:
        """Participants it obliges."""
        return tuple(name for name, member in self.members.items() if member.bound) if self.call.steers else ()

    def turns(self, since: datetime) -> tuple[tuple[tuple[str, ...], Turn], ...]:
        """Changes of power at or after ``since`` that were told and not taken back, each with the circuits above it."""
        return tuple(
            (one.circuits, turn)
            for one in self.members.values()
            for turn in (*one.begins, *one.returns)
            if turn.at >= since
        )


@dataclass(frozen=True, slots=True)
class Around:
    """What a step needs besides: chance, whether all events are switched off, and what other events change when."""

    rng: np.random.Generator
    switched_off: bool = False
    other_turns: Sequence[tuple[tuple[str, ...], Turn]] = ()


Refused = LifeRefusal | Refusal


@dataclass(frozen=True, slots=True)
class Stepped:
    """The event after a command, and what follows; refused, the event is as it was and nothing follows."""

    life: EventLife
    effects: tuple[Effect, ...] = ()
    refused: tuple[Refused, ...] = ()


def refused(life: EventLife, why: LifeRule, sentence: str) -> Stepped:
    """A command that is not followed for one reason."""
    return Stepped(life, refused=(LifeRefusal(why, f"event {life.call.event_id!r}: {sentence}"),))


def with_members(members: Mapping[str, Member], changed: Iterable[Member]) -> dict[str, Member]:
    """The members with some of them replaced."""
    return dict(members) | {member.participant_id: member for member in changed}
