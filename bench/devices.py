#!/usr/bin/env python3
"""Rounding to what devices can do: speed, losses and promises on a large fleet, and losses beside MILP on small ones.

    python3 run.py bench devices                  100,000 cars, then transformers of 10 to 50 cars beside HiGHS
    python3 run.py bench devices --size 5000      a smaller fleet
    python3 run.py bench devices --no-milp        the fleet alone
    python3 run.py bench devices --only-milp --seconds 120
    python3 run.py bench devices --only-milp --cars 50          the transformers of 50 cars alone

"device loss" is money beyond the continuous plan, relative. Beside MILP: what HiGHS found in the time given and the
bound it proved; where a plan leaves less unserved than the other, money does not compare and is not compared.
Each part runs in this process; nothing here asserts a time.
"""

import argparse
import resource
import time
from dataclasses import replace

import numpy as np

from device_instance import MIXES, draw, draw_transformer
from evenload.schedule.audit import audit
from evenload.schedule.devices.audit import audit_devices
from evenload.schedule.devices.levels import relaxed
from evenload.schedule.devices.rounding import fit_devices
from evenload.schedule.planner import plan_for
from evenload.schedule.reference.devices import least_cost_told
from evenload.schedule.solver.optimum import Settings, solve

SMALL_CASES = ((10, 24), (20, 48), (50, 96))
TIGHTNESS = (1.03, 1.15, 1.6)


def fleet(size: int, gap: float, sweeps: int) -> None:
    """One large fleet: what it took, what was promised and what was lost."""
    settings = Settings(gap=gap, sweeps_max=sweeps)
    small = draw(200)
    plan_for(small, settings=settings)  # what is compiled is not timed
    problem = draw(size)
    before_mb = memory_mb()
    begin = time.perf_counter()
    planned = plan_for(problem, settings=settings)
    seconds, fitted, proof = time.perf_counter() - begin, planned.fitted, planned.solution.certificate
    broken = len(audit(replace(problem, devices=None), fitted.power_kw, fitted.minimum_kw))
    broken_devices = len(audit_devices(problem, fitted.power_kw, fitted.told_kw))
    rows = (
        ("violations (circuits and cars, devices)", f"{broken}, {broken_devices}", "0"),
        ("continuous gap", f"{proof.gap:.2%} after {proof.sweeps} sweeps", "0.2 %"),
        ("continuous energy unserved", f"{proof.energy_kwh_unserved:,.1f} kWh of {proof.energy_kwh_needed:,.0f}", ""),
        ("device loss, money", f"{fitted.loss / abs(proof.objective):+.3%}", "1.5 %"),
        ("device loss, energy", f"{fitted.loss_kwh:+,.1f} kWh, {fitted.loss_kwh / proof.energy_kwh_needed:+.4%}", ""),
        ("seconds", f"{seconds:.1f}", "60"),
        ("memory, MB (before solving)", f"{memory_mb():,.0f} ({before_mb:,.0f})", "1,500"),
    )
    print(f"{problem.sessions:,} cars, {problem.cap_kw.size:,} slots, gap asked for {gap:.2%}")
    for name, measured, target in rows:
        print(f"  {name:42s} {measured:>40s}   {target}")


def beside_milp(seconds: float, cases: tuple[tuple[int, int], ...]) -> None:
    """Small transformers of every mix beside the best HiGHS finds."""
    print(
        f"{'cars x steps, mix, tightness':36s} {'continuous':>10s} {'kWh-':>6s} {'devices':>10s} {'kWh-':>7s} "
        f"{'loss':>7s} {'MILP':>10s} {'kWh-':>7s} {'bound':>10s} {'to MILP':>8s} {'s':>6s} {'HiGHS s':>8s}  violations"
    )
    for cars, steps in cases:
        for mix in MIXES:
            for tightness in TIGHTNESS:
                rng = np.random.default_rng([cars, steps, int(100 * tightness)])
                problem = draw_transformer(rng, cars, steps, mix, tightness)
                solution = solve(relaxed(problem), Settings(gap=1e-4))
                begin = time.perf_counter()
                fitted = fit_devices(problem, solution)
                took = time.perf_counter() - begin
                begin = time.perf_counter()
                best = least_cost_told(problem, seconds)
                highs_s = time.perf_counter() - begin
                short = float(fitted.unserved_kwh.sum())
                broken = (
                    len(audit(relaxed(problem), fitted.power_kw)),
                    len(audit_devices(problem, fitted.power_kw, fitted.told_kw)),
                )
                comparable = abs(short - best.energy_kwh_unserved) < 0.01
                loss = fitted.loss / solution.certificate.objective if abs(fitted.loss_kwh) < 0.01 else np.nan
                to_milp = fitted.objective / best.objective - 1 if comparable else np.nan
                name = f"{cars} x {steps}, {mix}, {tightness}"
                print(
                    f"{name:36s} {solution.certificate.objective:10.3f} "
                    f"{solution.certificate.energy_kwh_unserved:6.2f} "
                    f"{fitted.objective:10.3f} {short:7.2f} {loss:7.2%} {best.objective:10.3f} "
                    f"{best.energy_kwh_unserved:7.2f} {best.objective_bound:10.3f} {to_milp:8.2%} {took:6.2f} "
                    f"{highs_s:8.1f}  {broken[0]}, {broken[1]}{'' if best.proved else '  (HiGHS not done)'}",
                    flush=True,
                )


def memory_mb() -> float:
    """Most memory this process ever had."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=int, default=100_000)
    parser.add_argument("--gap", type=float, default=2e-3)
    parser.add_argument("--sweeps", type=int, default=60, help="at most so many in the continuous optimum")
    parser.add_argument("--seconds", type=float, default=20.0, help="for HiGHS, twice a case at the most")
    parser.add_argument("--cars", type=int, choices=[cars for cars, _ in SMALL_CASES], help="beside HiGHS, only these")
    parser.add_argument("--no-milp", action="store_true")
    parser.add_argument("--only-milp", action="store_true")
    arguments = parser.parse_args()
    if not arguments.only_milp:
        fleet(arguments.size, arguments.gap, arguments.sweeps)
    if not arguments.no_milp:
        usual = SMALL_CASES[:2] if arguments.seconds < 60 else SMALL_CASES
        chosen = tuple(case for case in SMALL_CASES if case[0] == arguments.cars)
        beside_milp(arguments.seconds, chosen or usual)


if __name__ == "__main__":
    main()
