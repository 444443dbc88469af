"""Serving what is lacking by exchanges: when no path is left, nothing more can be served, and that is proved."""

import numpy as np
from numba import njit

from evenload.base.units import BoolArray, FloatArray
from evenload.schedule.kernels.flow import Ends, Search, make_search, push
from evenload.schedule.kernels.network import NONE, SMALL, Fleet, Network


@njit(cache=True, nogil=True)
def serve(fleet: Fleet, net: Network, lack: FloatArray, scarce: BoolArray, phases_max: int) -> bool:
    """Serve what is lacking, ``lack`` brought up to date; False where it was cut short.

    ``scarce`` (N, T) is set where a circuit stands between somebody's need and the grid: the smallest cut.
    """
    search = make_search(fleet, net, SMALL)
    charging = np.where(fleet.battery == NONE, lack, 0.0)
    ends = Ends(charging, np.zeros_like(lack), True, np.empty(0, dtype=np.int64))
    complete = push(fleet, net, search, ends, phases_max)
    for i in range(lack.size):
        if fleet.battery[i] == NONE:
            lack[i] = charging[i]
        elif lack[i] > SMALL:
            _mark_way(fleet, net, i, scarce)
    _mark_cut(net, search, lack.size, scarce)
    return complete


@njit(cache=True, nogil=True)
def _mark_way(fleet: Fleet, net: Network, i: int, scarce: BoolArray) -> None:
    """Mark the lowest full circuit above session i in each step in which it could take more."""
    for k in range(fleet.slots[i]):
        t = fleet.first_step[i] + k
        if fleet.cap_kw[fleet.begin[i] + k] - fleet.power_kw[fleet.begin[i] + k] > SMALL:
            node = fleet.leaf[i]
            while node != NONE and net.head_kw[node, t] - net.flow_kw[node, t] > SMALL:
                node = net.parent[node]
            if node != NONE:
                scarce[node, t] = True


@njit(cache=True, nogil=True)
def _mark_cut(net: Network, search: Search, sessions: int, scarce: BoolArray) -> None:
    """Mark full circuits at which what is within reach ends, but none below another that is marked."""
    circuits, steps = scarce.shape
    for n in range(circuits):
        above = net.parent[n]
        for t in range(steps):
            if search.far[sessions + n * steps + t] >= 0 and net.head_kw[n, t] > SMALL:
                within = above != NONE and search.far[sessions + above * steps + t] >= 0
                scarce[n, t] = scarce[n, t] or not within
    for n in range(1, circuits):  # what is below a full circuit is not what stops the flow
        above = net.parent[n]
        while above != NONE:
            for t in range(steps):
                scarce[n, t] = scarce[n, t] and not scarce[above, t]
            above = net.parent[above]
