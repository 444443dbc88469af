"""The same level for all who share full circuits: exchanges, and groups that split where exchanges cannot go.

At level x a session lacks ``min(need, x * size)``; amounts are kW summed over slots. ``fairness`` says why this ends at
the fair vector. Nodes are those of ``kernels.flow``: S sessions, then C cells, a circuit in one step.
"""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import numpy as np

from evenload.base.units import BoolArray, FloatArray, IntArray

if TYPE_CHECKING:
    from evenload.schedule.kernels import Fleet, Network

LEAST_KW: Final = 1e-8
"""Room, powers and wishes up to this are rounding."""

_PHASES_MAX: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Claims:
    """What S sessions need beyond what they were given at once, what of it a level of 1 leaves out, and their rank."""

    need: FloatArray
    size: FloatArray
    rank: IntArray

    def take(self, rows: IntArray) -> "Claims":
        """Those of some sessions."""
        return Claims(self.need[rows], self.size[rows], self.rank[rows])


@dataclass(slots=True)
class Levelled:
    """What S sessions lack, and which were levelled with each other; the groups found so far."""

    lack: FloatArray  # (S,)
    group: IntArray  # (S,) -1 = none
    level: list[float] = field(default_factory=list)
    circuit: list[int] = field(default_factory=list)

    def take(self, rows: IntArray) -> "Levelled":
        """The same of sessions in another order."""
        return Levelled(self.lack[rows], self.group[rows], self.level.copy(), self.circuit.copy())

    def back(self, rows: IntArray) -> "Levelled":
        """The same in the order that ``take(rows)`` was taken from."""
        lack, group = np.empty_like(self.lack), np.empty_like(self.group)
        lack[rows], group[rows] = self.lack, self.group
        return Levelled(lack, group, self.level, self.circuit)


def level_by_rank(fleet: "Fleet", net: "Network", claims: Claims, found: Levelled) -> Levelled:
    """Level what sessions lack, the highest rank first; powers, flows and what was ``found`` are brought up to date.

    Sessions with a ``battery`` keep what they have.
    """
    return _Levelling(fleet, net, claims, found).done()


class _Levelling:
    def __init__(self, fleet: "Fleet", net: "Network", claims: Claims, found: Levelled) -> None:
        from evenload.schedule import kernels  # noqa: PLC0415 - compiled code loads when it is first needed

        self.kernels, self.fleet, self.net, self.claims = kernels, fleet, net, claims
        self.search = kernels.make_search(fleet, net, LEAST_KW)
        self.levelled = found

    def done(self) -> Levelled:
        """Go through the ranks: first they take from lower ones, then they share what they lack."""
        found, rank, need = self.levelled, self.claims.rank, self.claims.need
        for each in np.unique(rank)[::-1].tolist():
            here = rank == each
            if not (found.lack[here] > LEAST_KW).any():
                continue
            want, spare = np.where(here, found.lack, 0.0), np.where(rank < each, need - found.lack, 0.0)
            left, could_spare = want.copy(), spare.copy()
            reached = self._hand_over(left, spare)
            found.lack += left - want + could_spare - spare
            self._level(here, reached)
        return found

    def _hand_over(self, want: FloatArray, spare: FloatArray, group: IntArray | None = None) -> BoolArray:
        """Bring ``want`` and ``spare`` up to date; (S+C,) what is within reach of wants that are left."""
        ends = self.kernels.Ends(want, spare, False, np.zeros(0, dtype=np.int64) if group is None else group)
        self.kernels.push(self.fleet, self.net, self.search, ends, _PHASES_MAX)
        return np.asarray(self.search.far >= 0)

    def _level(self, here: BoolArray, reached: BoolArray) -> None:
        """Level one rank; ``here`` (S,) are its sessions, ``reached`` (S+C,) what is within reach of those short."""
        found, size, need = self.levelled, self.claims.size, self.claims.need
        members = np.flatnonzero(here & reached[: here.size])
        group = self.kernels.connected(self.fleet, self.net, reached)
        group = _numbered(group, group[members])
        while members.size:
            of = group[members]
            level = self._common_levels(members, of)
            target = found.lack.copy()
            target[members] = np.minimum(need[members], level[of] * size[members])
            want, spare = np.maximum(found.lack - target, 0.0), np.maximum(target - found.lack, 0.0)
            reached = self._hand_over(want, spare, group)
            found.lack = target + want - spare
            closed = ~_splits(of, want[members] > LEAST_KW, reached[members], level.size)
            self._close(members, group, level, closed)
            group[reached & (group >= 0)] += level.size
            members = members[~closed[of]]
            group = _numbered(group, group[members])

    def _common_levels(self, members: IntArray, group: IntArray) -> FloatArray:
        """The level of each group (0, 1, ...) at which its members together lack what they lack now."""
        size, need, lack = self.claims.size[members], self.claims.need[members], self.levelled.lack[members]
        order = np.lexsort((need / size, group))  # first who has nothing left to give up
        begin = np.searchsorted(group[order], np.arange(int(group.max()) + 2))
        return np.asarray(self.kernels.common_levels(begin, size[order], need[order], lack[order]))

    def _close(self, members: IntArray, group: IntArray, level: FloatArray, closed: BoolArray) -> None:
        """Write down groups that are level, as far as anybody is in company there."""
        found, of = self.levelled, group[members]
        ends = np.flatnonzero(closed & (np.bincount(of, minlength=level.size) > 1))
        number = np.full(level.size, -1)
        number[ends] = len(found.level) + np.arange(ends.size)
        found.group[members[closed[of]]] = number[of[closed[of]]]
        found.level += level[ends].tolist()
        found.circuit += self._circuits(group[found.group.size :], level.size)[ends].tolist()

    def _circuits(self, group: IntArray, count: int) -> IntArray:
        """The circuit that is full in most steps of each group, the lowest of equals; ``group`` (C,) of cells."""
        full = np.flatnonzero((group >= 0) & (self.net.head_kw - self.net.flow_kw <= LEAST_KW).ravel())
        circuits, steps = self.net.toll.shape
        pair, times = np.unique(group[full] * circuits + full // steps, return_counts=True)
        pair = pair[np.argsort(times, kind="stable")]
        found = np.full(count, -1)
        found[pair // circuits] = pair % circuits  # the last of each group stays
        return found


def _splits(group: IntArray, wanting: BoolArray, reached: BoolArray, count: int) -> BoolArray:
    """Groups in which something is wanted that not all members are within reach of, (count,)."""
    wants, stays = np.zeros((2, count), dtype=np.bool_)
    wants[group[wanting]] = True
    stays[group[~reached]] = True
    return np.asarray(wants & stays)


def _numbered(group: IntArray, kept: IntArray) -> IntArray:
    """Groups numbered anew 0, 1, ... as far as they are ``kept``, all others -1."""
    number = np.full(max(int(group.max(initial=-1)), 0) + 2, -1)
    chosen = np.unique(kept)
    number[chosen] = np.arange(chosen.size)
    return number[group]  # the last place is for -1
