#!/usr/bin/env python3
"""Speed, memory and certificate of the optimiser on three-level grids, beside HiGHS at its best on the same instances.

    python3 run.py bench schedule                  up to 100,000 cars, HiGHS up to 20,000; several minutes
    python3 run.py bench schedule --million        also a million cars
    python3 run.py bench schedule --highs-100k     also HiGHS on 100,000 cars, some ten minutes and 6 GB more
    python3 run.py bench schedule --only 5,000     the rows whose name holds this text
    python3 run.py bench schedule --replan         only planning again: an arrival, a changed fleet, a fresh process

Every solver runs in a process of its own. evenload: ``solve()`` on arrays, certificate included, median of three after
one warm-up on a small instance; the million once. HiGHS: its ``run()`` alone, once, building the model left out.
"true gap" is how far the plan's cost is above the HiGHS optimum. Planning again starts from the last solution and is
proved to the same gap. Nothing here asserts a time.
"""

import argparse
import json
import multiprocessing
import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from evenload.schedule.changes import arrived, take
from evenload.schedule.problem import Problem
from evenload.schedule.solver.branch import replan_branch
from evenload.schedule.solver.optimum import Settings, solve
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


def measure_arrivals(cars: int = 500, times: int = 200) -> dict[str, float]:
    """One car after another arrives at a feeder that is planned."""
    problem = Case(cars + times, seed=5, per_feeder=cars + times).problem()
    here = take(problem, np.arange(cars))
    solution = solve(here)
    solution = solve(here, None, solution)  # what is compiled at the first replan is not timed
    taken = []
    for k in range(times):
        new = take(problem, np.arange(cars + k, cars + k + 1))
        begin = time.perf_counter()
        here = arrived(here, new)
        solution = solve(here, None, solution)
        taken.append(time.perf_counter() - begin)
    return {"p50_ms": 1e3 * float(np.median(taken)), "p99_ms": 1e3 * float(np.quantile(taken, 0.99))}


def measure_branch(cars: int = 20_000, times: int = 50) -> dict[str, float]:
    """One car after another arrives somewhere in a larger system, of which its feeder alone is planned again."""
    problem = Case(cars + times).problem()
    here = take(problem, np.arange(cars))
    standing = solve(here)
    plan, taken = standing.plan, []
    for k in range(times):
        new = take(problem, np.arange(cars + k, cars + k + 1))
        feeder = problem.tree.circuits[problem.tree.path(int(new.node[0]))[1]].node
        begin = time.perf_counter()
        here = arrived(here, new)
        plan = replan_branch(here, plan, standing.shadow_price, feeder).plan
        taken.append(time.perf_counter() - begin)
    return {"p50_ms": 1e3 * float(np.median(taken)), "p99_ms": 1e3 * float(np.quantile(taken, 0.99))}


def measure_changed(case: Case, gap: float, share: float = 0.01) -> dict[str, float]:
    """A share of a fleet leaves, as many others come, and everybody is planned again."""
    changing = int(case.cars * share)
    problem = replace(case, cars=case.cars + changing).problem()
    solution = solve(take(problem, np.arange(case.cars)), Settings(gap=gap))
    rng = np.random.default_rng(7)
    gone = rng.choice(case.cars, changing, replace=False)
    stays = np.delete(np.arange(case.cars), gone)
    changed = take(problem, np.concatenate([stays, np.arange(case.cars, case.cars + changing)]))
    begin = time.perf_counter()
    solution = solve(changed, Settings(gap=gap), solution)
    seconds = time.perf_counter() - begin
    return {
        "seconds": seconds,
        "gap": solution.certificate.gap,
        "sweeps": solution.certificate.sweeps,
        "mb": memory_mb(),
    }


def measure_first_call() -> dict[str, float]:
    """A fresh process imports the optimiser and solves 200 cars; compiled code comes from the cache."""
    begin = time.perf_counter()
    code = "from tree_instance import TreeInstance; from evenload.schedule.solver.optimum import solve; "
    code += "solve(TreeInstance.draw(200, 1, 10, 200).problem())"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parent)
    return {"seconds": time.perf_counter() - begin}


def print_replanning(gap: float, million: bool) -> None:
    """What planning again costs, target beside it."""
    print(f"{'planning again':52s} {'measured':>40s}   target")
    one = apart(measure_arrivals)
    figures = f"p50 {one['p50_ms']:.1f} ms, p99 {one['p99_ms']:.1f} ms"
    print(f"{'one arrival, 500 cars on a feeder':52s} {figures:>40s}   p50 5 ms, p99 20 ms", flush=True)
    one = apart(measure_branch)
    figures = f"p50 {one['p50_ms']:.1f} ms, p99 {one['p99_ms']:.1f} ms"
    print(f"{'one arrival, its feeder of 20,000 cars':52s} {figures:>40s}", flush=True)
    for case in (Case(20_000), Case(100_000), *([MILLION] if million else [])):
        ours = apart(measure_changed, case, gap)
        figures = f"{ours['seconds']:.2f} s, gap {ours['gap']:.1e}, {ours['sweeps']:.0f} sweeps"
        target = "10 s" if case is MILLION else ""
        print(f"{f'1 % of {case.cars:,} cars changed':52s} {figures:>40s}   {target}", flush=True)
    apart(measure_first_call)
    figures = f"{apart(measure_first_call)['seconds']:.2f} s"
    print(f"{'first call in a fresh process':52s} {figures:>40s}   3 s", flush=True)


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
    parser.add_argument("--replan", action="store_true", help="only planning again")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    chosen = parser.parse_args()
    if chosen.replan:
        print_replanning(chosen.gap, chosen.million)
        return
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
    elif not chosen.only:
        print_replanning(chosen.gap, chosen.million)


if __name__ == "__main__":
    main()
