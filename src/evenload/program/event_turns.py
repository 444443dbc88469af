"""Who begins and returns when, so that no circuit's power changes faster than it may.

Turns are on whole minutes, and what changes at one is no more than a circuit's cap a minute: a span of 60 s holds one
whole minute, so no span of 60 s has more. A change between two whole minutes (an opt-out, at once) is counted at both.
Requirements R19, R20.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from math import isfinite
from typing import Final

import numpy as np

from evenload.base.errors import InputError
from evenload.program.event_member import Member, Turn

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_LEAST_KW: Final = 1e-6


@dataclass(slots=True)
class Room:
    """What is left of each circuit's cap (kW a minute) in each minute; circuits without a cap have any room."""

    caps_kw: Mapping[str, float]
    spent_kw: dict[tuple[str, int], float] = field(default_factory=dict)
    grain_kw: float = _LEAST_KW
    """A minute with less room than this is passed over."""
    _next_open: dict[tuple[str, int], int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for circuit, cap in self.caps_kw.items():
            if not (isfinite(cap) and cap > 0):
                raise InputError(f"circuit {circuit!r}: a cap of {cap} kW a minute must be above 0")

    def spend(self, circuits: Iterable[str], turn: Turn) -> None:
        """Count a change at every circuit it is below."""
        for circuit in circuits:
            if circuit in self.caps_kw:
                for minute in _minutes_of(turn.at):
                    self.spent_kw[circuit, minute] = self.spent_kw.get((circuit, minute), 0.0) + turn.power_kw

    def left_kw(self, circuits: Iterable[str], minutes: Sequence[int]) -> float:
        """What may still change in all of these minutes."""
        capped = [circuit for circuit in circuits if circuit in self.caps_kw]
        rooms = (self.caps_kw[one] - self.spent_kw.get((one, minute), 0.0) for one in capped for minute in minutes)
        return min(rooms, default=float("inf"))

    def place(self, member: Member, earliest: datetime) -> tuple[Turn, ...]:
        """Turns of one member: at ``earliest`` where there is room, else in the next whole minutes that have it.

        A device that is more than a cap changes in several turns.
        """
        circuits = tuple(one for one in member.circuits if one in self.caps_kw)
        if self.left_kw(circuits, _minutes_of(earliest)) + _LEAST_KW >= member.power_kw:
            return self._taken(circuits, [Turn(earliest, member.power_kw)])
        whole = min(self.caps_kw[one] for one in circuits) >= member.power_kw
        minute = _minutes_of(earliest)[-1]
        turns: list[Turn] = []
        wanted_kw = member.power_kw
        while wanted_kw > _LEAST_KW:
            minute = self._open(circuits, minute)
            left_kw = self.left_kw(circuits, [minute])
            power_kw = min(wanted_kw, left_kw) if not whole or left_kw + _LEAST_KW >= wanted_kw else 0.0
            if power_kw > _LEAST_KW:
                turns += self._taken(circuits, [Turn(_instant(minute), power_kw)])
                wanted_kw -= power_kw
            minute += 1
        return tuple(turns)

    def _taken(self, circuits: Sequence[str], turns: list[Turn]) -> tuple[Turn, ...]:
        for turn in turns:
            self.spend(circuits, turn)
        return tuple(turns)

    def _open(self, circuits: Sequence[str], minute: int) -> int:
        """The first minute, this one or later, that is full at none of the circuits; what is full is remembered."""
        while True:
            at = max(self._open_of(circuit, minute) for circuit in circuits)
            if at == minute:
                return at
            minute = at

    def _open_of(self, circuit: str, minute: int) -> int:
        passed = []
        while (circuit, minute) in self._next_open or self._is_full(circuit, minute):
            passed.append((circuit, minute))
            minute = self._next_open.get((circuit, minute), minute + 1)
        self._next_open.update(dict.fromkeys(passed, minute))
        return minute

    def _is_full(self, circuit: str, minute: int) -> bool:
        return self.left_kw([circuit], [minute]) < min(self.grain_kw, self.caps_kw[circuit])


def in_turns(
    members: Sequence[Member], room: Room, begins: datetime, over_minutes: int, rng: np.random.Generator
) -> dict[str, tuple[Turn, ...]]:
    """Turns by participant: each at a random whole minute of the ``over_minutes`` after ``begins``, or when there is
    room.

    Who goes first is chance, so that nobody is always last. The same members, room and generator give the same turns.
    """
    first = whole_minute(begins)
    room.grain_kw = min((one.power_kw for one in members if one.power_kw > 0), default=_LEAST_KW)
    drawn = rng.random(len(members)) * over_minutes
    return {
        members[row].participant_id: room.place(members[row], first + timedelta(minutes=int(drawn[row])))
        for row in np.argsort(drawn, kind="stable").tolist()
    }


def whole_minute(instant: datetime) -> datetime:
    """The whole minute at or after an instant."""
    return _instant(_minutes_of(instant)[-1])


def _minutes_of(instant: datetime) -> tuple[int, ...]:
    """The whole minute an instant is at, or the two it lies between."""
    minute, rest = divmod(instant - _EPOCH, timedelta(minutes=1))
    return (minute, minute + 1) if rest else (minute,)


def _instant(minute: int) -> datetime:
    return _EPOCH + timedelta(minutes=minute)
