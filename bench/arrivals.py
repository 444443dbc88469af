#!/usr/bin/env python3
"""What it costs not to know who comes later, with and without what usually comes planned along; one table.

    python3 run.py bench arrivals                    three draws below two feeders; some five minutes
    python3 run.py bench arrivals --seeds 1          one draw
    python3 run.py bench arrivals --feeder-kva 1050  another feeder

Nine winter days: 500 homes of up to 2 kW below one feeder, 1,000 cars of Norwegian apartments, prices of the
Netherlands. Drivers leave as they said and none opts out, so that whatever is lost is lost to not knowing who comes.
What usually comes is averaged over another draw of cars. Transformers are ample. Nothing here asserts a number.
"""

import argparse
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from evenload.base.units import FloatArray
from evenload.schedule.problem import Problem
from evenload.schedule.risk.reserve import Arrivals
from evenload.schedule.strategies.hindsight import Hindsight
from evenload.schedule.strategies.optimised import Optimised
from evenload.schedule.strategies.valley import Valley
from evenload.schedule.strategy import Strategy
from evenload.simulate.inputs import StudyInputs, load_inputs
from evenload.simulate.study_file import Study, study_of
from evenload.simulate.world import Unit, draw_cars, runs_of

PENETRATION = 2.0
OTHER_DRAW = 1000
HEADER = f"{'feeder kVA':>10s} {'strategy':40s} {'ct/kWh':>7s} {'unserved':>9s} {'CPU s':>6s}"


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--feeder-kva", type=float, nargs="+", default=[1100.0, 1050.0, 1000.0])
    chosen = parser.parse_args()
    print(HEADER)
    for feeder_kva in chosen.feeder_kva:
        study = world(feeder_kva)
        inputs = load_inputs(study, Path.cwd())
        found: dict[str, list[tuple[float, float, float, float]]] = {}
        for seed in range(1, chosen.seeds + 1):
            problem = problem_of_seed(study, inputs, seed)
            for name, strategy in strategies(study, inputs, seed):
                found.setdefault(name, []).append(run(problem, strategy))
        for name, rows in found.items():
            cost, kwh, need, seconds = np.array(rows).mean(axis=0)
            unserved = 100 * (need - kwh) / need
            print(f"{feeder_kva:10.0f} {name:40s} {100 * cost / kwh:7.3f} {unserved:8.3f}% {seconds:6.1f}", flush=True)


def world(feeder_kva: float) -> Study:
    return study_of(
        {
            "title": "Nine winter days below a tight feeder",
            "span": {
                "start": "2019-12-06T12:00:00+01:00", "end": "2019-12-15T12:00:00+01:00", "step_minutes": 15,
                "timezone": "Europe/Oslo", "settle_days": 1,
            },
            "cars": {"source": "history", "dataset": "residential-norway"},
            "grid": {
                "source": "generated", "transformers": 50, "homes_per_transformer": 10, "transformer_kva": 200,
                "power_factor": 0.95, "transformers_per_feeder": 50, "feeder_kva": feeder_kva,
            },
            "base_load": {"dataset": "households-british", "kw_peak_per_home": [2], "season_low": 0.6},
            "signal": {"price": {"dataset": "day-ahead-nl", "match": "month_weekday", "timezone": "Europe/Amsterdam"}},
            "strategies": ["unmanaged"],
            "behaviours": {"actual": {"departures": "actual", "opt_out_share": 0}},
            "penetrations": [PENETRATION],
        }
    )  # fmt: skip


def problem_of_seed(study: Study, inputs: StudyInputs, seed: int) -> Problem:
    unit = Unit(seed, PENETRATION, "actual")
    return next(runs_of(study, inputs, unit, draw_cars(study, inputs, unit))).problem


def strategies(study: Study, inputs: StudyInputs, seed: int) -> Iterator[tuple[str, Strategy]]:
    yield "hindsight", Hindsight()
    for weight in (0.0, 0.02, 0.1):
        yield f"optimised, waiting {weight:g}", Optimised(waiting_weight_per_hour=weight)
    for quantile in (None, 0.9):
        usual = usually(study, inputs, seed + OTHER_DRAW, quantile)
        name = "mean" if quantile is None else f"quantile {quantile:g}"
        yield f"optimised, waiting 0.02, arrivals {name}", Optimised(arrivals=usual)
    yield "valley", Valley()


def usually(study: Study, inputs: StudyInputs, seed: int, quantile: float | None) -> Arrivals:
    """What usually comes to the feeder."""
    cars = draw_cars(study, inputs, Unit(seed, PENETRATION, "actual")).sessions
    feeder = inputs.grid.tree.circuits[1].node
    stay: FloatArray = (cars.departs_at - cars.plugged_at).astype(np.int64) / 60.0
    local = inputs.clock.local(cars.plugged_at)
    node = np.full(len(cars), feeder)
    return Arrivals.fit(node, local, stay, cars.energy_kwh, cars.power_kw_max, quantile=quantile)


def run(problem: Problem, strategy: Strategy) -> tuple[float, float, float, float]:
    """Cost, energy delivered and needed, kWh, and seconds of a processor."""
    began = time.process_time()
    power = strategy.power_kw(problem, np.random.default_rng(0))
    seconds = time.process_time() - began
    return problem.money(power), float(problem.delivered_kwh(power).sum()), float(problem.energy_kwh.sum()), seconds


if __name__ == "__main__":
    main()
