"""Arrays of one run of the optimiser, made of a problem: sessions in order of the tree, circuits and their terms.

A circuit with a term gets a node of its own right above it: a peak is a limit that moves, smoothing a slope without
one, so that loops know one kind of path. Amounts are kW summed over slots, prices are per kW of one step.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from evenload.base.units import BoolArray, FloatArray, IntArray
from evenload.schedule.problem import Problem
from evenload.schedule.problem_parts import Batteries
from evenload.schedule.solver.across import dearest_excess, groups_of, with_across

if TYPE_CHECKING:
    from evenload.schedule.kernels import Fleet, Groups, Network, Peaks, Prices, Stores

_SMOOTHING: Final = 0.5
"""Full power costs this share of gap and price spread more than none: ties are split, and sweeps converge."""

_GAP_LEAST: Final = 1e-5
_GAP_MOST: Final = 1e-3

_REFUSAL: Final = 100.0
"""Energy that would cost this many times the price spread above the dearest step waits for the exchange search."""

_SOFTER_ABOVE: Final = 0.5
_STIFF: Final = 2.0


@dataclass(frozen=True, slots=True)
class Setup:
    """Everything a run works on. ``order`` (S,) and ``slot`` (K,) lead back to the problem; ``node_of`` (N,) is where
    its circuits are among the nodes; ``limits`` is the network without terms (same flows, tolls of its own);
    ``shut`` (nodes, T): nothing can pass; ``shaped`` (nodes,): a smoothed circuit is at or above. Tolls above
    ``dearer_than_money`` are those of energy that is not served.
    """

    order: IntArray
    slot: NDArray[np.int32]
    node_of: IntArray
    fleet: "Fleet"
    stores: "Stores"
    net: "Network"
    limits: "Network"
    groups: "Groups"
    peaks: "Peaks"
    prices: "Prices"
    shut: BoolArray
    shaped: BoolArray
    spread: float
    dearer_than_money: float


def setup_of(problem: Problem, gap: float) -> Setup:
    """Lay out a problem whose minimum and opted-out cars are already base load, to be solved to a relative gap."""
    from evenload.schedule import kernels  # noqa: PLC0415 - compiled code loads when it is first needed

    parent, kind, of_node, node_of, term = _nodes(problem)
    place, size = preorder(parent)
    rank = place[node_of[problem.node]]
    order = np.lexsort((problem.first_step, rank))
    rank = rank[order]
    lengths = np.diff(problem.offset)[order]
    begin = np.concatenate([[0], np.cumsum(lengths)])
    slot = np.repeat((problem.offset[:-1][order] - begin[:-1]).astype(np.int32), lengths)
    slot += np.arange(int(begin[-1]), dtype=np.int32)
    batteries, stores_at = _stores_of(problem, order)
    prices, spread = _prices(problem, gap)
    groups = groups_of(problem, order, parent.size)
    fleet = kernels.Fleet(
        problem.first_step[order], begin[:-1], lengths, node_of[problem.node[order]],
        problem.tariff_of_session()[order], stores_at, problem.cap_kw[slot], problem.power_kw_max[order],
        (problem.energy_kwh / problem.horizon.hours_per_step)[order], np.zeros(slot.size),
        np.full(problem.sessions, float(np.median(prices.buy))),
    )  # fmt: skip
    rows = np.searchsorted(rank, place), np.searchsorted(rank, place + size)
    gives_back = _any_below(stores_at >= 0, *rows)
    head, low = _bounds(problem, of_node, kind, gives_back)
    peaks = _peaks(problem, kind, term, gives_back)
    steep = _stiffness(problem, parent, kind, term, _usual_kw(head, low, gives_back), spread)
    if peaks.node.size:
        steep[peaks.node] = spread / _twice_mean_kw(fleet.need, rows, peaks.node, problem.horizon.steps)
    flow, toll = np.zeros(head.shape), np.zeros(head.shape)
    own = np.arange(parent.size)
    net = kernels.Network(
        parent, own, kind, np.ones_like(kind), *rows, gives_back, head, low, flow, toll, steep
    )  # fmt: skip
    net = with_across(net, problem, spread)
    limits = _limits(net, groups)
    shut = (limits.head_kw <= 1e-9) & ~net.gives_back[:, None]  # no head at all: nobody is to count on it
    shut[parent.size :] = False
    dear = 5.0 * (prices.refusal - float(prices.buy.max())) / _REFUSAL
    return Setup(
        order, slot, node_of, fleet, batteries, net, limits, groups, peaks, prices, shut,
        _shaped(net.parent, net.kind), spread, dear,
    )  # fmt: skip


def _limits(net: "Network", groups: "Groups") -> "Network":
    """The network as if there were nothing but limits that must hold."""
    from evenload.schedule import kernels  # noqa: PLC0415 - compiled code loads when it is first needed

    across = net.kind == kernels.ACROSS
    free = (net.kind != kernels.LIMIT) & ~across
    if not free.any() and not across.any():
        return net._replace(kind=np.zeros_like(net.kind))
    head = np.where(free[:, None], np.inf, net.head_kw)
    head[groups.circuits :][np.isfinite(groups.toll_most)] = np.inf
    return net._replace(kind=np.where(across, kernels.ACROSS, kernels.LIMIT), head_kw=head)


def _nodes(problem: Problem) -> tuple[IntArray, IntArray, IntArray, IntArray, IntArray]:
    """Nodes, parents first: parent, kind, circuit, where each circuit is, and the row of the term (-1 none)."""
    from evenload.schedule import kernels  # noqa: PLC0415 - compiled code loads when it is first needed

    circuits, terms = problem.tree.parent.size, problem.terms
    if terms is None or not terms.node.size:
        straight = np.arange(circuits)
        return problem.tree.parent, np.zeros(circuits, dtype=np.int64), straight, straight, np.full(circuits, -1)
    of_circuit: dict[int, list[tuple[int, int]]] = {}
    for row, n in enumerate(terms.node.tolist()):
        wanted = of_circuit.setdefault(n, [])
        wanted += [(kernels.PEAK, row)] if terms.peak_per_kw[row] > 0 else []
        wanted += [(kernels.SMOOTHING, row)] if terms.smoothing_per_kw2h[row] > 0 else []
    parent, kind, of_node, term = [], [], [], []
    node_of = np.empty(circuits, dtype=np.int64)
    for n, above in enumerate(problem.tree.parent.tolist()):
        up = int(node_of[above]) if above >= 0 else -1
        for what, row in [*of_circuit.get(n, []), (kernels.LIMIT, -1)]:
            parent.append(up)
            kind.append(what)
            of_node.append(n)
            term.append(row)
            up = len(parent) - 1
        node_of[n] = up
    return np.array(parent), np.array(kind), np.array(of_node), node_of, np.array(term)


def preorder(parent: IntArray) -> tuple[IntArray, IntArray]:
    """Depth-first place of every node and how many nodes its subtree has: what lies below a node is contiguous."""
    above = parent.tolist()
    size = [1] * len(above)
    for n in range(len(above) - 1, 0, -1):
        size[above[n]] += size[n]
    place, free = [0] * len(above), [1] * len(above)
    for n in range(1, len(above)):
        place[n] = place[above[n]] + free[above[n]]
        free[above[n]] += size[n]
    return np.array(place, dtype=np.int64), np.array(size, dtype=np.int64)


def _stores_of(problem: Problem, order: IntArray) -> tuple["Stores", IntArray]:
    """Batteries that give back, and which one each session has (-1 = charging only), in order."""
    from evenload.schedule import kernels  # noqa: PLC0415 - compiled code loads when it is first needed

    batteries, hours = problem.batteries or Batteries.charging_only(problem.sessions), problem.horizon.hours_per_step
    giving = batteries.discharge_kw_max[order] > 0
    rows = order[giving]
    stores_at = np.full(problem.sessions, -1)
    stores_at[giving] = np.arange(rows.size)
    stores = kernels.Stores(
        batteries.discharge_kw_max[rows], batteries.round_trip[rows], batteries.down_kwh[rows] / hours,
        np.maximum(batteries.up_kwh, problem.energy_kwh)[rows] / hours, batteries.wear_per_kwh[rows] * hours,
    )  # fmt: skip
    return stores, stores_at


def _prices(problem: Problem, gap: float) -> tuple["Prices", float]:
    """Prices of import and export per kW of one step, and the difference that matters between them."""
    from evenload.schedule import kernels  # noqa: PLC0415 - compiled code loads when it is first needed

    hours = problem.horizon.hours_per_step
    buy, sell = problem.import_price() * hours, problem.export_price() * hours
    both = (buy, sell) if problem.batteries is not None else (buy,)
    high, low = max(float(each.max()) for each in both), min(float(each.min()) for each in both)
    spread = max(high - low, 1e-3 * max(abs(high), abs(low)), 1e-6)
    wear = 0.0 if problem.batteries is None else float(problem.batteries.wear_per_kwh.max(initial=0.0)) * hours
    over = dearest_excess(problem)
    refusal = high + _REFUSAL * (spread + wear + over + _dearest_term(problem))
    spread = max(spread, min(over, max(abs(high), abs(low))))
    return kernels.Prices(
        np.ascontiguousarray(buy),
        np.ascontiguousarray(sell),
        refusal,
        _SMOOTHING * min(max(gap, _GAP_LEAST), _GAP_MOST) * spread,
    ), spread


def _dearest_term(problem: Problem) -> float:
    """What one kW more of one step can cost at circuits with terms, about the most."""
    terms = problem.terms
    if terms is None or not terms.node.size:
        return 0.0
    most_kw = np.abs(problem.base_load_kw[terms.node]).max(axis=1) + float(problem.power_kw_max.sum())
    slopes = 2 * terms.smoothing_per_kw2h * problem.horizon.hours_per_step * most_kw
    return float((slopes + terms.peak_per_kw).sum())


def _any_below(flag: BoolArray, first_row: IntArray, last_row: IntArray) -> BoolArray:
    """Whether any session below each node has the flag."""
    running = np.concatenate([[0], np.cumsum(flag)])
    return np.asarray(running[last_row] > running[first_row])


def _bounds(
    problem: Problem, of_node: IntArray, kind: IntArray, gives_back: BoolArray
) -> tuple[FloatArray, FloatArray]:
    """Most and least flow of each node: what base load leaves; base load alone outside a limit leaves nothing."""
    from evenload.schedule import kernels  # noqa: PLC0415 - compiled code loads when it is first needed

    head = np.maximum(problem.limit_kw - problem.base_load_kw, 0.0)
    if of_node.size > head.shape[0]:
        head = head[of_node]
        smoothed = kind == kernels.SMOOTHING
        head[smoothed] = -problem.base_load_kw[of_node[smoothed]]
    if not gives_back.any():
        return head, np.empty((0, head.shape[1]))
    export = 0.0 if problem.export_limit_kw is None else problem.export_limit_kw
    low = np.minimum(-export - problem.base_load_kw, 0.0)
    return head, low[of_node]


def _peaks(problem: Problem, kind: IntArray, term: IntArray, back: BoolArray) -> "Peaks":
    """Peaks with the lowest level each can have."""
    from evenload.schedule import kernels  # noqa: PLC0415 - compiled code loads when it is first needed

    nodes = np.flatnonzero(kind == kernels.PEAK)
    if problem.terms is None or not nodes.size:
        none = np.zeros(0)
        return kernels.Peaks(nodes, np.zeros((0, problem.horizon.steps)), none, none, none)
    row = term[nodes]
    base = problem.base_load_kw[problem.terms.node[row]]
    so_far, price = problem.terms.peak_kw_so_far[row], problem.terms.peak_per_kw[row]
    if problem.terms.counts is not None:
        base = np.where(problem.terms.counts[row], base, _never_highest_kw(problem))
    lowest = base.max(axis=1)
    for p in np.flatnonzero(back[nodes]).tolist():
        batteries = problem.batteries or Batteries.charging_only(problem.sessions)
        # whoever is below could give back all the time: a bound, not a plan
        lowest[p] -= float(batteries.discharge_kw_max.sum())
    return kernels.Peaks(
        nodes, np.ascontiguousarray(base), np.maximum(so_far, lowest), price,
        price * np.maximum(so_far, base.max(axis=1)),
    )  # fmt: skip


def _never_highest_kw(problem: Problem) -> float:
    """Base load so low that no plan makes its step the highest of a circuit."""
    back = 0.0 if problem.batteries is None else float(problem.batteries.discharge_kw_max.sum())
    return -(float(np.abs(problem.base_load_kw).max()) + float(problem.power_kw_max.sum()) + back + 1.0)


def _usual_kw(head_kw: FloatArray, low_kw: FloatArray, gives_back: BoolArray) -> FloatArray:
    """The size of each node's limits on average, shape (nodes,), 0 where it has none."""
    room = np.where(np.isfinite(head_kw), head_kw, 0.0)
    limited = np.isfinite(head_kw).any(axis=1)
    if low_kw.size:
        only_back = ~np.isfinite(head_kw) & np.isfinite(low_kw) & gives_back[:, None]
        room = np.where(only_back, -low_kw, room)
        limited |= only_back.any(axis=1)
    return np.where(limited, np.maximum(room.mean(axis=1), 1.0), 0.0)


def _stiffness(
    problem: Problem, parent: IntArray, kind: IntArray, term: IntArray, usual_kw: FloatArray, spread: float
) -> FloatArray:
    """How fast tolls rise at each node, price per kW: twice the spread over its usual size, half each level up."""
    from evenload.schedule import kernels  # noqa: PLC0415 - compiled code loads when it is first needed

    height = [0] * parent.size
    above = parent.tolist()
    for n in range(parent.size - 1, 0, -1):
        height[above[n]] = max(height[above[n]], height[n] + 1)
    softer = _STIFF * spread * _SOFTER_ABOVE ** np.array(height)
    steep = np.divide(softer, usual_kw, out=np.zeros(usual_kw.size), where=usual_kw > 0)
    if problem.terms is not None:
        hours = problem.horizon.hours_per_step
        smoothed = np.flatnonzero(kind == kernels.SMOOTHING)
        steep[smoothed] = 2 * problem.terms.smoothing_per_kw2h[term[smoothed]] * hours
    return steep


def _twice_mean_kw(need: FloatArray, rows: tuple[IntArray, IntArray], node: IntArray, steps: int) -> FloatArray:
    """Twice the mean charging below each node over the horizon, kW, at least 1: the size of a peak there."""
    running = np.concatenate([[0.0], np.cumsum(need)])
    return np.asarray(np.maximum(2 * (running[rows[1][node]] - running[rows[0][node]]) / steps, 1.0))


def _shaped(parent: IntArray, kind: IntArray) -> BoolArray:
    """Whether a smoothed circuit is at or above each node."""
    from evenload.schedule import kernels  # noqa: PLC0415 - compiled code loads when it is first needed

    shaped = np.asarray(kind == kernels.SMOOTHING)
    if shaped.any():
        for n in range(1, parent.size):
            shaped[n] |= shaped[parent[n]] and parent[n] >= 0
    return shaped
