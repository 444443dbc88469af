"""Devices that go on as they are for some steps: told a moment ago, or at once for a minimum and not to be stopped."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

import numpy as np

from evenload.base.horizon import Horizon
from evenload.base.instants import to_datetime64
from evenload.base.units import FloatArray
from evenload.domain.circuit import CircuitTree


class HoldReason(StrEnum):
    """Why a device is told nothing else for a while."""

    DWELL = "dwell"
    LAST = "last"
    MINIMUM = "minimum"
    GOES_ON = "goes_on"


_ORDER: Final = tuple(HoldReason)


@dataclass(frozen=True, slots=True)
class Hold:
    """A session of the problem (its index) that has ``kw`` in the first ``steps`` steps, whatever is planned."""

    session: int
    kw: float
    steps: int
    until: datetime
    why: HoldReason

    def kwh(self, horizon: Horizon, now: datetime) -> float:
        """What it brings, kWh."""
        return self.kw * ((horizon.start - now) / timedelta(hours=1) + self.steps * horizon.hours_per_step)


@dataclass(frozen=True, slots=True)
class Wish:
    """A session that is to have ``kw`` until an instant; those that ``rank`` higher first."""

    session: int
    kw: float
    until: datetime
    why: HoldReason
    rank: float = 0.0


def holds_of(wishes: Sequence[Wish], tree: CircuitTree, node: Sequence[int], horizon: Horizon,
             room_kw: FloatArray) -> tuple[Hold, ...]:  # fmt: skip
    """Those of the wishes that fit beside each other into ``room_kw`` (nodes, steps); limits come before them.

    ``node`` (sessions,) is where each session hangs in the tree.
    """
    left_kw, found = room_kw.copy(), list[Hold]()
    for one in sorted(wishes, key=lambda each: (_ORDER.index(each.why), -each.rank)):
        ends = float(horizon.position(np.array([to_datetime64(one.until)]))[0])
        steps = min(max(int(np.ceil(ends - 1e-9)), 1), horizon.steps)
        way = list(tree.path(node[one.session]))
        if one.kw > float(left_kw[way, :steps].min()) + 1e-9 and one.kw > 0:
            continue
        left_kw[way, :steps] -= one.kw
        found.append(Hold(one.session, one.kw, steps, one.until, one.why))
    return tuple(found)


def held_load_kw(holds: Sequence[Hold], tree: CircuitTree, node: Sequence[int], horizon: Horizon) -> FloatArray:
    """What they draw, through every node (nodes, steps)."""
    direct = np.zeros((len(tree), horizon.steps))
    for one in holds:
        direct[node[one.session], : one.steps] += one.kw
    return tree.sum_up(direct)
