"""Minimum energy at once: the room of each step shared max-min fairly among those that still lack, in order of time.

Words: *amounts* (wanted, lack, knee, full) are kW summed over slots, that is energy over step length; *want* is what a
session would take in the step at hand, kW. ``schedule.minimum`` says what is promised.
"""

from typing import Final, NamedTuple

import numpy as np
from numba import njit

from evenload.base.units import FloatArray, IntArray

_DONE: Final = 1e-9
"""An amount below this is rounding: the minimum is there."""

_NONE: Final = -1


class Claims(NamedTuple):
    """M sessions with a minimum, first by rank, then in depth-first order of the tree: who hangs below a circuit is
    contiguous within its rank.
    """

    first_step: IntArray  # (M,)
    begin: IntArray  # (M,) first slot
    slots: IntArray  # (M,)
    leaf: IntArray  # (M,)
    rank: IntArray  # (M,) the lowest is served first
    wanted: FloatArray  # (M,) amount
    power_kw_max: FloatArray  # (M,)
    knee: FloatArray  # (M,) amount above which power falls to none at ``full``
    full: FloatArray  # (M,) inf = never falls


class Wires(NamedTuple):
    """L limits over claims wherever they hang: members of limit l are ``begin[l]:begin[l + 1]``."""

    room_kw: FloatArray  # (T, L), 0 or more; it is used up
    begin: IntArray  # (L + 1,)
    claim: IntArray  # (J,)
    weight: FloatArray  # (J,) kW through the limit per kW of the member


@njit(cache=True, nogil=True)
def give_at_once(
    claims: Claims, ancestor: IntArray, room_kw: FloatArray, wires: Wires, cap_kw: FloatArray, power_kw: FloatArray
) -> FloatArray:
    """Write powers (K,) of the claims' slots; the amounts (M,) still lacking when windows end come back.

    ``ancestor[d, n]`` is the circuit at depth d on the way from the root to n, -1 below n. ``room_kw`` (T, N), 0 or
    more, is used up.
    """
    place = np.full(claims.wanted.size, _NONE)
    lack = claims.wanted.copy()
    arrival = np.argsort(claims.first_step, kind="mergesort")  # stable: in order of the claims within a step
    active, spare = np.empty((2, lack.size), dtype=np.int64)
    want = np.empty(lack.size)
    count, arrived = 0, 0
    for t in range(room_kw.shape[0]):
        before = arrived
        while arrived < lack.size and claims.first_step[arrival[arrived]] == t:
            arrived += 1
        if arrived > before:
            _merge(active[:count], arrival[before:arrived], spare)
            active, spare = spare, active
            count += arrived - before
        for j in range(count):
            want[j] = _want(claims, lack, cap_kw, active[j], t)
        begin = 0
        while begin < count:
            end = begin + 1
            while end < count and claims.rank[active[end]] == claims.rank[active[begin]]:
                end += 1
            leaf = claims.leaf[active[begin:end]]
            _cut(ancestor, leaf, want[begin:end], room_kw[t])
            if wires.begin.size > 1:
                place[active[begin:end]] = np.arange(end - begin)
                _cut_wires(wires, place, want[begin:end], t)
                place[active[begin:end]] = _NONE
            if end < count:
                _use(ancestor, leaf, want[begin:end], room_kw[t])
            begin = end
        count = _hand_out(claims, lack, power_kw, active[:count], want, t)
    return np.where(lack > _DONE, lack, 0.0)


@njit(cache=True, nogil=True)
def _merge(one: IntArray, other: IntArray, merged: IntArray) -> None:
    """Two ascending lists into one."""
    i, j = 0, 0
    for at in range(one.size + other.size):
        if j == other.size or (i < one.size and one[i] < other[j]):
            merged[at] = one[i]
            i += 1
        else:
            merged[at] = other[j]
            j += 1


@njit(cache=True, nogil=True)
def _want(claims: Claims, lack: FloatArray, cap_kw: FloatArray, i: int, t: int) -> float:
    """What session i would take in step t, kW: its cap, what it lacks, what the taper leaves at this level."""
    want: float = min(cap_kw[claims.begin[i] + t - claims.first_step[i]], lack[i])
    if np.isfinite(claims.full[i]):
        level = claims.wanted[i] - lack[i]
        share = (claims.full[i] - level) / (claims.full[i] - claims.knee[i])
        want = min(want, claims.power_kw_max[i] * max(share, 0.0))
    return want


@njit(cache=True, nogil=True)
def _cut(ancestor: IntArray, leaf: IntArray, want: FloatArray, room_kw: FloatArray) -> None:
    """Lower wants until every circuit can carry them, max-min fairly.

    Raising all equally, a circuit fills at the level its own sessions give it, if those above do not fill before: so
    from the leaves up, each circuit that cannot carry what is left of the wants below it caps them at its level.
    """
    for depth in range(ancestor.shape[0] - 1, -1, -1):
        begin = 0
        while begin < want.size:
            node = ancestor[depth, leaf[begin]]
            total, end = want[begin], begin + 1
            while end < want.size and ancestor[depth, leaf[end]] == node:
                total += want[end]
                end += 1
            if node != _NONE and total > room_kw[node]:
                level = _level(want[begin:end], room_kw[node])
                for j in range(begin, end):
                    want[j] = min(want[j], level)
            begin = end


@njit(cache=True, nogil=True)
def _level(want: FloatArray, room_kw: float) -> float:
    """The level at which wants cut to it fill the room; together they want more than that."""
    level = 0.0
    while True:
        met, above = 0.0, 0
        for each in want:
            if each <= level:
                met += each
            else:
                above += 1
        if above == 0 or (room_kw - met) / above <= level:
            return level
        level = (room_kw - met) / above


@njit(cache=True, nogil=True)
def _cut_wires(wires: Wires, place: IntArray, want: FloatArray, t: int) -> None:
    """Lower wants until every limit of wires carries them, its members max-min fairly; then take them off its room."""
    for limit in range(wires.begin.size - 1):
        first, last, room_kw = wires.begin[limit], wires.begin[limit + 1], wires.room_kw[t, limit]
        level = _weighted_level(wires, place, want, (first, last), room_kw)
        for j in range(first, last):
            at = place[wires.claim[j]]
            if at != _NONE:
                want[at] = min(want[at], level)
    for limit in range(wires.begin.size - 1):
        used = 0.0
        for j in range(wires.begin[limit], wires.begin[limit + 1]):
            at = place[wires.claim[j]]
            if at != _NONE:
                used += wires.weight[j] * want[at]
        wires.room_kw[t, limit] = max(wires.room_kw[t, limit] - used, 0.0)


@njit(cache=True, nogil=True)
def _weighted_level(
    wires: Wires, place: IntArray, want: FloatArray, members: tuple[int, int], room_kw: float
) -> float:  # fmt: skip
    """The level at which wants of members cut to it fill the room; infinite where they fit as they are."""
    level = 0.0
    total = 0.0
    for j in range(members[0], members[1]):
        at = place[wires.claim[j]]
        if at != _NONE:
            total += wires.weight[j] * want[at]
    if total <= room_kw:
        return np.inf
    while True:
        met, above = 0.0, 0.0
        for j in range(members[0], members[1]):
            at = place[wires.claim[j]]
            if at == _NONE:
                continue
            if want[at] <= level:
                met += wires.weight[j] * want[at]
            else:
                above += wires.weight[j]
        if above == 0.0 or (room_kw - met) / above <= level:
            return level
        level = (room_kw - met) / above


@njit(cache=True, nogil=True)
def _use(ancestor: IntArray, leaf: IntArray, want: FloatArray, room_kw: FloatArray) -> None:
    """Take wants off the room of every circuit above them."""
    for depth in range(ancestor.shape[0]):
        for j in range(want.size):
            node = ancestor[depth, leaf[j]]
            if node != _NONE:
                room_kw[node] = max(room_kw[node] - want[j], 0.0)


@njit(cache=True, nogil=True)
def _hand_out(
    claims: Claims, lack: FloatArray, power_kw: FloatArray, active: IntArray, given_kw: FloatArray, t: int
) -> int:
    """Book what was given in step t; keeps in ``active`` who still lacks and stays, and says how many that are."""
    kept = 0
    for j in range(active.size):
        i = active[j]
        k = t - claims.first_step[i]
        power_kw[claims.begin[i] + k] = given_kw[j]
        lack[i] -= given_kw[j]
        if lack[i] > _DONE and k + 1 < claims.slots[i]:
            active[kept] = i
            kept += 1
    return kept
