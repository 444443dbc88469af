"""The close looks a report shows of its reference case: profiles, loading by hour, one transformer's worst night."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from evenload.base.units import MINUTES_PER_HOUR, BoolArray, FloatArray, IntArray
from evenload.grid.loading import over_limit
from evenload.simulate.measures import Nights, Scene
from evenload.simulate.world import Run

_WORST_SHOWN = 3
_BETWEEN_SHOWN = 3


def profile_frame(scene: Scene, runs: Sequence[Run]) -> pd.DataFrame:
    """Noon-to-noon profiles (``report.results.PROFILES``) of one base load's runs: mean night and worst night."""
    frames = []
    for node in _shown_nodes(scene, runs):
        worst = _worst_night(runs, int(node), scene.nights)
        for run in runs:
            for day, number in (("mean", None), ("peak", worst)):
                frames.append(_profile(scene, run, int(node), day, number))
    return pd.concat(frames, ignore_index=True)


def heat_frame(scene: Scene, runs: Sequence[Run]) -> pd.DataFrame:
    """Highest loading of each transformer in each local hour (``report.results.HEAT``)."""
    tree = scene.inputs.grid.tree
    rows = scene.inputs.grid.serving
    hour = runs[0].problem.minute_of_day // MINUTES_PER_HOUR
    frames = []
    for run in runs:
        share = run.load_kw[rows] / tree.limit_kw[rows][:, None]
        share = np.where(over_limit(run.load_kw[rows], tree.limit_kw[rows]), share, np.minimum(share, 1.0))
        for clock_hour in range(24):
            steps = scene.nights.measured & (hour == clock_hour)
            if not steps.any():  # an hour the clocks skipped
                continue
            names = [tree.circuits[n].node for n in rows]
            frames.append(
                pd.DataFrame({"node": names, "hour": clock_hour, "loading_max": share[:, steps].max(axis=1)}).assign(
                    strategy=run.choice.label, base_load=run.base_load, behaviour=scene.unit.behaviour
                )
            )
    return pd.concat(frames, ignore_index=True)


def closeup_frame(scene: Scene, runs: Sequence[Run]) -> pd.DataFrame:
    """Each car of the worst transformer on its worst night (``report.results.CLOSEUP``)."""
    tree, nights = scene.inputs.grid.tree, scene.nights
    rows = scene.inputs.grid.serving
    peaks = np.array(
        [(run.load_kw[rows] / tree.limit_kw[rows][:, None])[:, nights.measured].max(axis=1) for run in runs]
    )
    node = int(rows[peaks.max(axis=0).argmax()])
    steps = np.flatnonzero(nights.number == _worst_night(runs, node, nights))
    frames = [_layers(scene, run, node, steps) for run in runs]
    return pd.concat(frames, ignore_index=True)


def _shown_nodes(scene: Scene, runs: Sequence[Run]) -> IntArray:
    """The root, the hardest worked circuits between it and the homes, and the hardest worked that homes hang on."""
    grid, measured = scene.inputs.grid, scene.nights.measured
    limit = grid.tree.limit_kw
    share = np.max([run.load_kw[:, measured].max(axis=1) / limit for run in runs], axis=0)
    between = np.setdiff1d(np.arange(1, len(grid.tree)), grid.serving)
    worst = grid.serving[np.argsort(-share[grid.serving], kind="stable")[:_WORST_SHOWN]]
    upper = between[np.argsort(-share[between], kind="stable")[:_BETWEEN_SHOWN]]
    return np.unique(np.concatenate([[0], upper, worst]))


def _worst_night(runs: Sequence[Run], node: int, nights: Nights) -> int:
    """The night in which the node's load is highest under any of the runs."""
    peak = np.full(nights.count, -np.inf)
    for run in runs:
        np.maximum.at(peak, nights.number[nights.measured], run.load_kw[node, nights.measured])
    return int(peak.argmax())


def _profile(scene: Scene, run: Run, node: int, day: str, number: int | None) -> pd.DataFrame:
    nights = scene.nights
    steps = nights.measured if number is None else nights.number == number
    columns = {
        "minute": nights.minute[steps],
        "base_kw": run.problem.base_load_kw[node, steps],
        "ev_kw": run.ev_load_kw[node, steps],
        "price_per_kwh": scene.inputs.signal.price_per_kwh[steps],
    }
    by_minute = pd.DataFrame(columns).groupby("minute", as_index=False)
    frame = by_minute.mean() if number is None else by_minute.max()  # an hour may come twice in a night
    circuit = scene.inputs.grid.tree.circuits[node]
    return frame.assign(
        strategy=run.choice.label,
        base_load=run.base_load,
        behaviour=scene.unit.behaviour,
        node=circuit.node,
        kind=circuit.kind.value,
        day=day,
        date="" if number is None else str(nights.dates[number]),
        limit_kw=circuit.limit_kw,
    )


def _layers(scene: Scene, run: Run, node: int, steps: IntArray) -> pd.DataFrame:
    """Base load and every car of one node over some steps."""
    cars, nights = scene.cars, scene.nights
    problem = run.problem
    first, last = int(steps[0]), int(steps[-1])
    layers: list[tuple[str, FloatArray]] = [("base", problem.base_load_kw[node, steps])]
    here: BoolArray = cars.node == node
    by_car: dict[str, FloatArray] = {}
    for i in np.flatnonzero(here & (problem.first_step <= last)).tolist():
        begin, stop = int(problem.offset[i]), int(problem.offset[i + 1])
        start = int(problem.first_step[i])
        if start + stop - begin <= first:
            continue
        whole = np.zeros(max(start + stop - begin, last + 1))
        whole[start : start + stop - begin] = run.power_kw[begin:stop]
        name = str(cars.sessions.user_id[i])
        by_car[name] = by_car.get(name, np.zeros(steps.size)) + whole[steps]
    layers += sorted(by_car.items())
    night = str(nights.dates[nights.number[first]])
    common: dict[str, Any] = {
        "strategy": run.choice.label,
        "node": scene.inputs.grid.tree.circuits[node].node,
        "date": night,
    }
    common["limit_kw"] = scene.inputs.grid.tree.circuits[node].limit_kw
    return pd.concat(
        [pd.DataFrame({"minute": nights.minute[steps], "power_kw": kw, "layer": name}) for name, kw in layers],
        ignore_index=True,
    ).assign(**common)
