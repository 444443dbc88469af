#!/usr/bin/env python3
"""Speed, memory and certificate of the optimiser on three-level grids, beside HiGHS at its best on the same instances.

    python3 run.py bench schedule                  up to 100,000 cars, HiGHS up to 20,000; several minutes
    python3 run.py bench schedule --million        also a million cars
    python3 run.py bench schedule --highs-100k     also HiGHS on 100,000 cars, some ten minutes and 6 GB more
    python3 run.py bench schedule --only 5,000     the rows whose name holds this text

Every solver runs in a process of its own. evenload: ``solve()`` on arrays, certificate included, median of three after
one warm-up on a small instance; the million once. HiGHS: its ``run()`` alone, once, building the model left out.
"true gap" is how far the plan's cost is above the HiGHS optimum. Nothing here asserts a time.
"""

import argparse
import json
import multiprocessing
import os
import resource
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from evenload.schedule.optimum import Settings, solve
from evenload.schedule.problem import Problem
from tree_instance import SEED, TreeInstance


@dataclass(frozen=True, slots=True)
class Case:
    """One instance and how often it is solved."""

    cars: int
    seed: int = SEED
    per_transformer: int = 10
    per_feeder: int = 500
    times: int = 3

    @property
    def name(self) -> str:
        return f"{self.cars:,} cars, {self.per_transformer} a transformer, seed {self.seed}"

    def problem(self) -> Problem:
        return TreeInstance.draw(self.cars, self.seed, self.per_transformer, self.per_feeder).problem()


CASES = (
    Case(1_000),
    Case(5_000),
    Case(5_000, seed=1),
    Case(5_000, seed=2),
    Case(5_000, per_transformer=4),
    Case(5_000, per_transformer=25),
    Case(20_000),
    Case(20_000, seed=1),
    Case(100_000),
)
MILLION = Case(1_000_000, per_feeder=50, times=1)
HIGHS_UP_TO = 20_000

HEADER = (
    f"{'case':42s} {'seconds':>8s} {'us/car':>7s} {'MB':>6s} {'sweeps':>6s} {'gap':>9s} {'over kW':>8s} "
    f"{'unserved':>9s} {'HiGHS s':>8s} {'MB':>6s} {'ratio':>6s} {'true gap':>9s}"
)


def memory_mb() -> float:
    """Most memory this process ever had."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def measure_evenload(case: Case, gap: float) -> dict[str, float]:
    """Solve as often as the case says; the certificate of the last."""
    begin = time.perf_counter()
    solve(Case(200).problem(), Settings(gap=gap))
    first_s = time.perf_counter() - begin
    problem, taken = case.problem(), []
    before_mb = memory_mb()
    for _ in range(case.times):
        begin = time.perf_counter()
        solution = solve(problem, Settings(gap=gap))
        taken.append(time.perf_counter() - begin)
    proof = solution.certificate
    return {
        "cars": problem.sessions,
        "seconds": statistics.median(taken),
        "seconds_first_call": first_s,
        "mb": memory_mb(),
        "mb_before_solve": before_mb,
        "sweeps": proof.sweeps,
        "objective": proof.objective,
        "bound": proof.bound,
        "gap": proof.gap,
        "excess_kw": excess_kw(problem, solution.plan.power_kw),
        "unserved_kwh": float((problem.energy_kwh - problem.delivered_kwh(solution.plan.power_kw)).sum()),
    }


def excess_kw(problem: Problem, power_kw: np.ndarray) -> float:
    """Worst load above a limit, measured here and not taken from the certificate."""
    over = problem.base_load_kw + problem.ev_load_kw(power_kw) - np.maximum(problem.limit_kw, problem.base_load_kw)
    return max(float(over.max()), 0.0)


def measure_highs(case: Case) -> dict[str, float]:
    from peers.run_highs_tree import least_cost

    optimum = least_cost(case.problem())
    return {"objective": optimum.objective, "seconds": optimum.solve_s, "build_s": optimum.build_s, "mb": memory_mb()}


def apart(work: Callable[..., dict[str, float]], *arguments: object) -> dict[str, float]:
    """Do it in a fresh process."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(work, arguments)


def row(case: Case, ours: dict[str, float], highs: dict[str, float] | None) -> str:
    """One line of the table."""
    text = (
        f"{case.name:42s} {ours['seconds']:8.3f} {1e6 * ours['seconds'] / ours['cars']:7.1f} {ours['mb']:6.0f} "
        f"{ours['sweeps']:6.0f} {ours['gap']:9.2e} {ours['excess_kw']:8.1e} {ours['unserved_kwh']:9.1e} "
    )
    if highs is None:
        return text + f"{'-':>8s} {'-':>6s} {'-':>6s} {'-':>9s}"
    true_gap = (ours["objective"] - highs["objective"]) / abs(highs["objective"])
    ratio = highs["seconds"] / ours["seconds"]
    return text + f"{highs['seconds']:8.2f} {highs['mb']:6.0f} {ratio:6.1f} {true_gap:9.2e}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", default="", help="run the rows whose name holds this text")
    parser.add_argument("--gap", type=float, default=1e-3, help="gap at which the optimiser stops")
    parser.add_argument("--million", action="store_true", help="also a million cars")
    parser.add_argument("--no-highs", action="store_true", help="leave HiGHS out")
    parser.add_argument("--highs-100k", action="store_true", help="also HiGHS on 100,000 cars")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    chosen = parser.parse_args()
    highs_up_to = 0 if chosen.no_highs else 100_000 if chosen.highs_100k else HIGHS_UP_TO
    rows = []
    if not chosen.json:
        print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} at the start, gap asked for {chosen.gap:g}")
        print(HEADER)
    for case in (*CASES, MILLION) if chosen.million else CASES:
        if chosen.only not in case.name:
            continue
        ours = apart(measure_evenload, case, chosen.gap)
        highs = apart(measure_highs, case) if case.cars <= highs_up_to else None
        rows.append({"case": case.name, "evenload": ours, "highs": highs})
        if not chosen.json:
            print(row(case, ours, highs), flush=True)
    if chosen.json:
        print(json.dumps(rows, indent=1))


if __name__ == "__main__":
    main()
