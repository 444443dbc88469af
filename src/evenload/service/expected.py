"""Expected base load on the steps of a plan: nothing known is left out, and what ends too soon is held."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from evenload.base.horizon import Horizon
from evenload.base.instants import to_datetime64
from evenload.base.units import HOURS_PER_DAY, MINUTES_PER_HOUR, FloatArray, IntArray
from evenload.domain.circuit import CircuitTree
from evenload.service.snapshot import Expected

_DAY_MINUTES: Final = HOURS_PER_DAY * MINUTES_PER_HOUR


@dataclass(frozen=True, slots=True)
class BaseLoad:
    """Load through every circuit beside the cars, kW, shape (nodes, steps), all below it included.

    ``without`` are circuits of which nothing is known, nor of any below them; ``steps_held`` is for how many steps the
    forecast was too old to reach, so that its last day goes on.
    """

    load_kw: FloatArray
    without: tuple[str, ...]
    steps_held: int


def base_load(tree: CircuitTree, horizon: Horizon, expected: Expected | None) -> BaseLoad:
    """What is expected. A circuit that has no forecast of its own is taken for the sum of those below it."""
    load_kw, known = np.zeros((len(tree), horizon.steps)), np.zeros(len(tree), dtype=np.bool_)
    below_kw, held = np.zeros_like(load_kw), 0
    if expected is not None:
        at, held = _steps(horizon, expected)
        for row, name in enumerate(expected.nodes):
            node = tree.index.get(name)
            if node is not None:
                load_kw[node], known[node] = expected.load_kw[row, at], True
    for node in range(len(tree) - 1, -1, -1):
        if not known[node]:
            load_kw[node] = below_kw[node]
        if node:
            below_kw[tree.parent[node]] += load_kw[node]
    something = tree.sum_up(known.astype(np.float64)[:, None])[:, 0] > 0
    without = tuple(one.node for one, is_known in zip(tree.circuits, something.tolist(), strict=True) if not is_known)
    return BaseLoad(load_kw, without, held)


def _steps(horizon: Horizon, expected: Expected) -> tuple[IntArray, int]:
    """Which step of the forecast stands for each step of a horizon: beyond its end the same time of its last day."""
    steps, minutes = expected.load_kw.shape[1], expected.step_minutes
    seconds = (horizon.starts() - to_datetime64(expected.start)).astype(np.float64)
    at = np.maximum(np.floor(seconds / (60.0 * minutes)).astype(np.int64), 0)
    day = min(_DAY_MINUTES // minutes, steps)
    beyond = at >= steps
    return np.where(beyond, steps - day + (at - steps) % day, at), int(beyond.sum())
