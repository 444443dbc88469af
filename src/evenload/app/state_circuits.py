"""Circuits as they are now: limits that hold, base load expected, cars metered; and what is planned at their head."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import numpy as np

from evenload.app.view import LiveView
from evenload.base.horizon import Horizon
from evenload.base.instants import to_datetime64
from evenload.base.units import FloatArray
from evenload.domain.circuit import CircuitKind, CircuitTree
from evenload.forecast.forecast import Forecast
from evenload.service.control import Decision
from evenload.service.live_state import Ahead, CircuitNow
from evenload.service.problem_of import limits_kw
from evenload.service.snapshot import Snapshot

CIRCUITS_MAX: Final = 300
_MEDIAN: Final = 0.5
_AHEAD: Final = timedelta(hours=14)


@dataclass(frozen=True, slots=True)
class Ground:
    """What is known of circuits but for the cars; arrays have one value a node, NaN where nothing is expected."""

    tree: CircuitTree
    seen: Snapshot
    limit_kw: FloatArray
    base_kw: FloatArray
    base_kw_high: FloatArray

    @classmethod
    def of(
        cls, decision: Decision, seen: Snapshot, forecast: Forecast | None, quantile: float, now: datetime
    ) -> "Ground":
        """At a moment."""
        tree = decision.asked.problem.tree
        moment = Horizon(now.replace(second=0, microsecond=0), 1, 1)
        limit_kw = limits_kw(tree, moment, seen.limits)[:, 0]
        return cls(
            tree, seen, limit_kw, _expected(tree, forecast, _MEDIAN, now), _expected(tree, forecast, quantile, now)
        )


def _expected(tree: CircuitTree, forecast: Forecast | None, level: float, now: datetime) -> FloatArray:
    """Base load expected through every node now (kW)."""
    base_kw = np.full(len(tree), np.nan)
    if forecast is None:
        return base_kw
    step = int(np.floor(forecast.horizon.position(np.array([to_datetime64(now)]))[0]))
    step = min(max(step, 0), forecast.horizon.steps - 1)
    load_kw = forecast.quantile_kw(level)[:, step]
    for node, kw in zip(forecast.nodes, load_kw.tolist(), strict=True):
        if node in tree.index:
            base_kw[tree.index[node]] = kw
    return base_kw


def head_of(tree: CircuitTree) -> str:
    """The circuit that stands for the whole: from the top down, the first with a limit or with several below it."""
    below: list[list[int]] = [[] for _ in range(len(tree))]
    for node, parent in enumerate(tree.parent.tolist()):
        if parent >= 0:
            below[parent].append(node)
    node = 0
    while tree.circuits[node].limit_kw == np.inf and len(below[node]) == 1:
        node = below[node][0]
    return tree.circuits[node].node


def circuits_now(ground: Ground, view: LiveView) -> tuple[tuple[CircuitNow, ...], int]:
    """The circuits that are told, in the tree's order, and how many are not: sites without a limit are no matter, and
    where there are very many only the most loaded are."""
    tree = ground.tree
    ev_kw = tree.sum_up(_metered_kw(ground, view)[:, None])[:, 0]
    load_kw = ev_kw + np.nan_to_num(ground.base_kw)
    told = [
        node for node, one in enumerate(tree.circuits)
        if one.kind is not CircuitKind.SITE or ground.limit_kw[node] < np.inf
    ]  # fmt: skip
    worked = load_kw / np.where(ground.limit_kw > 0, ground.limit_kw, 1e-9)
    head = tree.index[head_of(tree)]
    kept = sorted(sorted(told, key=lambda node: (node != head, -worked[node]))[:CIRCUITS_MAX])
    return tuple(_circuit(ground, node, ev_kw, load_kw) for node in kept), len(told) - len(kept)


def _metered_kw(ground: Ground, view: LiveView) -> FloatArray:
    """What cars draw at each node itself, by the last that their devices told."""
    drawn = np.zeros(len(ground.tree))
    for state in ground.seen.devices.values():
        device = state.device
        node = ground.tree.index.get(device.site_id)
        metered = view.power.get((device.station, device.evse_id))
        if node is not None and metered is not None:
            drawn[node] += metered.power_kw
    return drawn


def _circuit(ground: Ground, node: int, ev_kw: FloatArray, load_kw: FloatArray) -> CircuitNow:
    one = ground.tree.circuits[node]
    limit_kw = float(ground.limit_kw[node])
    return CircuitNow(
        one.node, one.parent, one.kind.value, _told(limit_kw), limit_kw < one.limit_kw, _told(ground.base_kw[node]),
        _told(ground.base_kw_high[node]), round(float(ev_kw[node]), 3), round(float(load_kw[node]), 3),
    )  # fmt: skip


def _told(value: float) -> float | None:
    return round(float(value), 3) if np.isfinite(value) else None


def ahead_of(decision: Decision, seen: Snapshot, head: str) -> Ahead:
    """The load of the head circuit as planned, beside its limit and the price, for some hours."""
    problem, tree = decision.asked.problem, decision.asked.problem.tree
    steps = min(problem.horizon.steps, int(_AHEAD / timedelta(minutes=problem.horizon.step_minutes)))
    node = tree.index[head]
    below = np.array([node in tree.path(one) for one in range(len(tree))])
    cars = below[problem.node[problem.slot_sessions()]]
    ev_kw = np.bincount(
        problem.slot_steps()[cars], weights=decision.planned.power_kw[cars], minlength=problem.horizon.steps
    )
    ev_kw[0] /= decision.asked.share_left  # a mean over what is left of the step stands for a power from now on
    load_kw = ev_kw + problem.base_load_kw[node]
    limit_kw = limits_kw(tree, problem.horizon, seen.limits)[node]
    price = problem.price_per_kwh if decision.asked.price_is_known else np.full(steps, np.nan)
    return Ahead(
        problem.horizon.start, problem.horizon.step_minutes, tuple(load_kw[:steps].round(3).tolist()),
        tuple(map(_told, limit_kw[:steps])), tuple(map(_told, price[:steps])),
    )  # fmt: skip
