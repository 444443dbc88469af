"""One who is called in an event: how far they are in it, and why they are no longer bound."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from math import isfinite

from evenload.base.errors import InputError
from evenload.program.event_call import Call, Target, TargetKind
from evenload.program.words import ArmKind


class Standing(StrEnum):
    """How far a member is: picked, told of the event, steered by it, on the way back, back."""

    CHOSEN = "chosen"
    ASKED = "asked"
    HELD = "held"
    RETURNING = "returning"
    FREE = "free"


class Leaving(StrEnum):
    """Why a member is not bound any more, or never was: by hand, for the need of the car, a lost link, and so on."""

    OPTED_OUT = "opted_out"
    NEED = "need"
    LINK_LOST = "link_lost"
    OWN_LIMITS = "own_limits"
    CRITICAL_CIRCUIT = "critical_circuit"
    CALLED_OFF = "called_off"
    OVER = "over"


@dataclass(frozen=True, slots=True)
class Turn:
    """From ``at`` on a device's power changes by up to ``power_kw``."""

    at: datetime
    power_kw: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A participant in one event. ``circuits``: those above its device; ``power_kw``: by how much its power may change.

    Those of an arm ``control`` are told nothing, those of ``reminder`` are told and not steered.
    """

    participant_id: str
    power_kw: float
    circuits: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    ports: tuple[str, ...] = ()
    arm: str = ""
    arm_kind: ArmKind = ArmKind.MANAGED
    standing: Standing = Standing.CHOSEN
    left: Leaving | None = None
    left_at: datetime | None = None
    begins: tuple[Turn, ...] = ()
    returns: tuple[Turn, ...] = ()

    def __post_init__(self) -> None:
        if not (isfinite(self.power_kw) and self.power_kw >= 0):
            raise InputError(f"participant {self.participant_id!r}: power_kw = {self.power_kw} must be 0 or more")

    @property
    def bound(self) -> bool:
        """Whether the event obliges them."""
        managed = self.arm_kind is ArmKind.MANAGED
        return managed and self.left is None and self.standing in (Standing.ASKED, Standing.HELD)

    @property
    def told(self) -> bool:
        """Whether they hear of what becomes of the event."""
        return self.arm_kind is not ArmKind.CONTROL and self.left is None and self.standing is not Standing.FREE


def is_meant(member: Member, targets: Iterable[Target]) -> bool:
    """Whether one of the targets means this member; without targets everybody is meant."""
    wanted = tuple(targets)
    return not wanted or any(_meets(member, target) for target in wanted)


def may_be_steered(call: Call, member: Member) -> bool:
    """Whether a call may ask this member's device to do anything: nobody below a critical circuit charges more."""
    return not (call.asks_for_more and set(call.critical_circuits) & set(member.circuits))


def _meets(member: Member, target: Target) -> bool:
    match target.kind:
        case TargetKind.PROGRAM:
            return True
        case TargetKind.ARM:
            return member.arm == target.name
        case TargetKind.CIRCUIT:
            return target.name in member.circuits
        case TargetKind.GROUP:
            return target.name in member.groups
        case TargetKind.PORT:
            return target.name in member.ports
