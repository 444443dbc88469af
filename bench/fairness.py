#!/usr/bin/env python3
"""What sharing a shortage fairly takes, and what it changes: the grid of the optimiser's benchmark with less room.

    .venv/bin/python bench/fairness.py                 100,000 cars, some transformers with 40 % of their room
    .venv/bin/python bench/fairness.py --level feeder  20,000 cars, a feeder or the substation short

Planned to least cost, shared, planned again with the fair needs, from the first plan. Seconds are of one run after a
warm-up on a small instance. Nothing here asserts a time.
"""

import argparse
import time
from dataclasses import replace

import numpy as np

from evenload.schedule.fairness.shares import fair_needs
from evenload.schedule.problem import Problem
from evenload.schedule.solver.optimum import solve
from tree_instance import SEED, TreeInstance

CASES = {
    "transformer": ((100_000, 2, 0.02, 0.4), (100_000, 2, 0.05, 0.4), (100_000, 2, 0.2, 0.3)),
    "feeder": ((20_000, 1, 0.3, 0.4), (20_000, 0, 1.0, 0.5)),
}


def short_of_room(cars: int, depth: int, share: float, room: float) -> Problem:
    """The standard grid with a share of the circuits at one depth left with part of their room for cars."""
    problem = TreeInstance.draw(cars).problem()
    at_depth = np.flatnonzero(problem.tree.depths() == depth)
    rng = np.random.default_rng(SEED)
    chosen = rng.choice(at_depth, max(round(at_depth.size * share), 1), replace=False)
    limit = np.broadcast_to(problem.limit_kw, problem.base_load_kw.shape).copy()
    base = problem.base_load_kw[chosen]
    limit[chosen] = base + room * np.maximum(limit[chosen] - base, 0.0)
    return replace(problem, limit_kw=limit)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--level", choices=CASES, default="transformer")
    warm_up = short_of_room(200, 2, 1.0, 0.4)
    fair_needs(warm_up, solve(warm_up))
    print(
        f"{'cars':>8s} {'short':>7s} {'kWh short':>10s} {'plan s':>7s} {'share s':>8s} {'again s':>8s} {'short':>7s} "
        f"{'groups':>7s} {'worst before':>13s} {'worst after':>12s} {'dearer':>8s}"
    )
    for case in CASES[parser.parse_args().level]:
        problem = short_of_room(*case)
        began = time.perf_counter()
        solution = solve(problem)
        planned = time.perf_counter()
        fair = fair_needs(problem, solution)
        shared = time.perf_counter()
        again = solve(replace(problem, energy_kwh=fair.needs_kwh), None, solution)
        done = time.perf_counter()
        before, after = solution.unserved_kwh, problem.energy_kwh - fair.needs_kwh
        dearer = again.certificate.objective / solution.certificate.objective - 1
        print(
            f"{problem.sessions:8,d} {(before > 1e-6).sum():7,d} {before.sum():10,.0f} {planned - began:7.2f} "
            f"{shared - planned:8.2f} {done - shared:8.2f} {(after > 1e-6).sum():7,d} {fair.level.size:7,d} "
            f"{(before / problem.energy_kwh).max():13.1%} {(after / problem.energy_kwh).max():12.1%} {dearer:8.4%}"
        )


if __name__ == "__main__":
    main()
