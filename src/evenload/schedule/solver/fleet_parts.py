"""Sweeps and bounds over parts of a fleet at once: as many threads as there are, the same numbers whatever their count.

Sessions are split into a fixed number of parts in order of the tree, so that nearly all circuits belong to one part.
Circuits that parts share have a flow of its own in each, in which a change counts as if all parts made it; after every
round, a few sessions of each part, the true changes are added up in order. How a large problem is split depends on its
size alone.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

import numpy as np

from evenload.base.units import FloatArray, IntArray

if TYPE_CHECKING:
    from evenload.schedule.kernels import Fleet, Groups, Network, Prices, Stores

_PARTS: Final = 4
_ROUNDS: Final = 16
_SESSIONS_SPLIT: Final = 10_000
"""Smaller fleets are one part: starting threads would take longer than they save."""

Work = Callable[[int], float]


class Parts:
    """A fleet in parts, and who works on them (0 threads = as many as there are cores); ``net`` is the network with
    rows for them.
    """

    def __init__(self, fleet: "Fleet", net: "Network", groups: "Groups", threads: int) -> None:
        from evenload.schedule import kernels  # noqa: PLC0415 - compiled code loads when it is first needed

        size = fleet.slots.size
        count = _PARTS if size >= _SESSIONS_SPLIT else 1
        self.count, self.rounds = count, _ROUNDS if count > 1 else 1
        self.bounds = np.linspace(0, size, count * self.rounds + 1).astype(np.int64)
        self.net, self.nets, self.groups = net, [net], groups
        self._do: Callable[[Work], list[float]] = self._one_by_one
        self._threads = min(threads or kernels.cores(), count)
        if count > 1:
            self._split(net, groups)

    def _split(self, net: "Network", groups: "Groups") -> None:
        """Give every part rows of its own for circuits it shares."""
        edges = self.bounds[:: self.rounds]
        first = np.searchsorted(edges, net.first_row, side="right")
        last = np.searchsorted(edges, np.maximum(net.last_row, net.first_row + 1), side="left")
        crowd = np.maximum(last - first + 1, 1)
        crowd[groups.circuits :] = self._parts_across(groups)
        self.shared = np.flatnonzero(crowd > 1)
        nodes, shared = net.parent.size, self.shared.size
        self.rows = nodes + np.arange(self.count * shared).reshape(self.count, shared)
        self.crowd = crowd[self.shared]
        flow_kw = np.zeros((nodes + self.rows.size, net.toll.shape[1]))
        self.net, self.nets = net._replace(flow_kw=flow_kw), []
        for part in range(self.count):
            row = np.arange(nodes)
            row[self.shared] = self.rows[part]
            self.nets.append(self.net._replace(flow_row=row, crowd=crowd))

    def _parts_across(self, groups: "Groups") -> IntArray:
        """How many parts have members of each limit across the tree, 1 at the least."""
        sessions = groups.begin.size - 1
        session = np.repeat(np.arange(sessions), np.diff(groups.begin))
        part = np.searchsorted(self.bounds[:: self.rounds], session, side="right") - 1
        inside = np.zeros((groups.toll_most.shape[0], self.count), dtype=np.bool_)
        inside[groups.node - groups.circuits, part] = True
        return np.asarray(np.maximum(inside.sum(axis=1), 1))

    @contextmanager
    def working(self) -> Iterator[None]:
        """Threads as long as there is work for them."""
        if self._threads < 2:
            yield
            return
        with ThreadPoolExecutor(self._threads, thread_name_prefix="evenload-optimum") as crew:
            self._do = lambda work: list(crew.map(work, range(self.count)))
            try:
                yield
            finally:
                self._do = self._one_by_one

    def _one_by_one(self, work: Work) -> list[float]:
        return [work(part) for part in range(self.count)]

    def sweep(self, fleet: "Fleet", stores: "Stores", prices: "Prices") -> None:
        """Every session once."""
        from evenload.schedule import kernels  # noqa: PLC0415 - compiled code loads when it is first needed

        if self.count == 1:
            kernels.sweep(fleet, stores, self.net, self.groups, prices, 0, fleet.slots.size)
            return
        flow = self.net.flow_kw
        for turn in range(self.rounds):

            def work(part: int, turn: int = turn) -> float:
                at = part * self.rounds + turn
                kernels.sweep(
                    fleet, stores, self.nets[part], self.groups, prices, int(self.bounds[at]), int(self.bounds[at + 1])
                )
                return 0.0

            before = flow[self.shared]
            flow[self.rows] = before
            self._do(work)
            flow[self.shared] = before + (flow[self.rows] - before).sum(axis=0) / self.crowd[:, None]

    def value(self, fleet: "Fleet", stores: "Stores", path: FloatArray, prices: "Prices") -> float:
        """What all sessions add to the dual at tolls ``path``."""
        from evenload.schedule import kernels  # noqa: PLC0415 - compiled code loads when it is first needed

        edges = self.bounds[:: self.rounds].tolist()

        def work(part: int) -> float:
            return float(kernels.sessions_value(fleet, stores, self.groups, path, prices, edges[part], edges[part + 1]))

        return sum(self._do(work))
