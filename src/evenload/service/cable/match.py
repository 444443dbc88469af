"""Match: which car stands at which charger. Pure: the same stays give the same answer, and "not certain" is one."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from math import exp
from typing import Final

from evenload.service.cable.assignment import Weights, assign, losses
from evenload.service.cable.evidence import UNKNOWN_GAP, ClockGap, Evidence, could_be, rush_s, weigh
from evenload.service.cable.near import Near
from evenload.service.cable.stays import CarStay, ChargerStay
from evenload.service.cable_rows import PairReason

CERTAIN: Final = 0.95
"""From this confidence on a session is the car's."""

POSSIBLE: Final = 0.5
BELIEVED_STILL: Final = 0.25
"""A match is undone only when what both told since leaves less than this."""

_PRIOR: Final = -1.5
"""Before anything is known a car at a plug is rather at one that nobody sees (log of the odds)."""

_REASONS: Final = {
    "token": PairReason.TOKEN, "power": PairReason.POWER, "steps": PairReason.POWER, "energy": PairReason.ENERGY,
    "times": PairReason.TIMES,
    "place": PairReason.PLACE, "habit": PairReason.HABIT,
}  # fmt: skip

GapOf = Callable[[str, str], ClockGap]
"""What is known of the clocks of a device and a vehicle."""


def no_gap(device_id: str, vehicle_id: str) -> ClockGap:  # noqa: ARG001
    """That nothing is known."""
    return UNKNOWN_GAP


@dataclass(frozen=True, slots=True)
class Match:
    """The likeliest charger of a car, ``charger`` ``None`` where it is likeliest at none that is seen.

    ``confidence`` is 0 to 1; the session is the car's where it ``is_certain``.
    """

    car: CarStay
    charger: ChargerStay | None
    confidence: float
    reason: PairReason
    evidence: Evidence

    @property
    def is_certain(self) -> bool:
        """Whether it is sure enough to act on."""
        return self.charger is not None and self.confidence >= CERTAIN

    @property
    def why(self) -> str:
        """A sentence with how sure it is."""
        if self.charger is None:
            return f"{self.reason.sentence} ({self.car.vehicle_id})"
        sure = "" if self.is_certain else "not certain: "
        return f"{sure}{self.car.vehicle_id} at {self.charger.device_id}, {self.confidence:.0%}: {self.reason.sentence}"


def match(
    chargers: Sequence[ChargerStay], cars: Sequence[CarStay], gap_of: GapOf = no_gap,
    held: frozenset[tuple[str, str]] = frozenset(), barred: frozenset[tuple[str, str]] = frozenset(),
) -> list[Match]:  # fmt: skip
    """The likeliest charger of each car, in their order; every charger has one car and every car one charger.

    ``held`` and ``barred`` are pairs of session and vehicle that somebody said are so, or are not.
    """
    weights: dict[tuple[int, int], float] = {}
    found: dict[tuple[int, int], Evidence] = {}
    near, said = Near(chargers), _columns_of(held, chargers)
    for row, car in enumerate(cars):
        within_s = rush_s(near.rush(car), car)
        for column in sorted({*near.of(car), *said.get(car.vehicle_id, ())}):
            charger = chargers[column]
            key = (charger.session_id, car.vehicle_id)
            gap = gap_of(charger.device_id, car.vehicle_id)
            if key in barred or not (could_be(charger, car, gap) or key in held):
                continue
            found[row, column] = weigh(charger, car, gap, within_s)
            weight = found[row, column].total + _PRIOR + (100.0 if key in held else 0.0)
            if weight > 0:
                weights[row, column] = weight
    told: dict[int, Match] = {}
    for rows, columns in _apart(weights):
        told |= _of_group(rows, columns, weights, found, chargers, cars)
    return [told.get(row) or _alone(row, car, found) for row, car in enumerate(cars)]


def _columns_of(held: frozenset[tuple[str, str]], chargers: Sequence[ChargerStay]) -> dict[str, list[int]]:
    """Where somebody said that a vehicle is."""
    found: dict[str, list[int]] = {}
    for column, charger in enumerate(chargers) if held else ():
        for session_id, vehicle_id in held:
            if session_id == charger.session_id:
                found.setdefault(vehicle_id, []).append(column)
    return found


def _apart(weights: Weights) -> list[tuple[list[int], list[int]]]:
    """Cars and chargers in groups that have nothing to do with one another."""
    group: dict[tuple[str, int], int] = {}
    members: dict[int, set[tuple[str, int]]] = {}
    for number, (row, column) in enumerate(sorted(weights)):
        both = {("car", row), ("charger", column)}
        for known in {group[one] for one in both if one in group}:
            both |= members.pop(known)
        members[number] = both
        group |= dict.fromkeys(both, number)
    return [
        (sorted(at for kind, at in some if kind == "car"), sorted(at for kind, at in some if kind == "charger"))
        for some in members.values()
    ]


def _of_group(
    rows: Sequence[int], columns: Sequence[int], weights: Weights, found: dict[tuple[int, int], Evidence],
    chargers: Sequence[ChargerStay], cars: Sequence[CarStay],
) -> dict[int, Match]:  # fmt: skip
    own = {
        (i, j): weights[row, column]
        for i, row in enumerate(rows)
        for j, column in enumerate(columns)
        if (row, column) in weights
    }
    best = assign(len(rows), len(columns), own)
    lost = losses(len(rows), len(columns), own, best)
    told: dict[int, Match] = {}
    for i, row in enumerate(rows):
        share = {to: exp(-loss) for (one, to), loss in lost.items() if one == i}
        at = best.get(i)
        confidence = share[at] / sum(share.values())
        if at is None:
            told[row] = _alone(row, cars[row], found, alike=len(share) > 1)
            continue
        evidence = found[row, columns[at]]
        rival = max((kind for to, kind in share.items() if to not in (at, None)), default=0.0)
        reason = _strongest(evidence)
        if confidence < CERTAIN:
            reason = PairReason.ALIKE if rival > share[None] else PairReason.WEAK
        told[row] = Match(cars[row], chargers[columns[at]], confidence, reason, evidence)
    return told


def _alone(row: int, car: CarStay, found: dict[tuple[int, int], Evidence], *, alike: bool = False) -> Match:
    """A car that is likeliest at no charger that is seen."""
    near = max((one for (at, _), one in found.items() if at == row), key=lambda one: one.total, default=None)
    if near is None:
        return Match(car, None, 1.0, PairReason.NONE, Evidence())
    reason = PairReason.CONTRADICTED if min(near.power, near.energy) < _PRIOR else PairReason.WEAK
    odds = exp(min(near.total + _PRIOR, 0.0))
    return Match(car, None, 1 / (1 + odds), PairReason.ALIKE if alike else reason, near)


def _strongest(evidence: Evidence) -> PairReason:
    name = max((one.name for one in fields(evidence)), key=lambda one: float(getattr(evidence, one)))
    return _REASONS[name]
