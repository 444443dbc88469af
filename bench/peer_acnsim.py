#!/usr/bin/env python3
"""evenload beside ACN-Sim on the same site, in the same run; prints a table and what makes it comparable.

    python3 run.py bench --peer       after the other cases; add `--only peer` for this alone

Every tool runs in a process and environment of its own and reads the same files. ACN-Sim (Lee, Sharma and Low 2021)
comes as the package ``acnportal``; its environment is made here, once. HiGHS in that environment gives the least cost.
"""

import json
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from peer_environment import BENCH, NoEnvironmentError, python_of
from site_instance import SiteInstance

CARS = (50, 200, 1000)
SECONDS_MAX = 300
STRATEGIES = {
    "evenload": ("unmanaged", "valley", "valley, price 1"),
    "acnsim": ("uncontrolled", "least laxity"),
    "highs": ("least cost",),
}
PAIRS = {"uncontrolled": "unmanaged", "least laxity": "valley"}
ENERGY_TOLERANCE = 0.001
LIMIT_TOLERANCE_KW = 1e-6
DIFFERENCES = """\
Seconds are medians of the runs counted, on a machine that may have been busy with other work: ratios can move by half.
  solve  deciding only: ACN-Sim's own solve_stats, evenload's power_kw; imports and compilation excluded
  loop   solve with ACN-Sim's walk through the day (events, pilots, batteries), which evenload does not have
  total  one study from a cold process: imports, compiled code loaded, files read, objects built, loop
What differs between the two:
  - ACN-Sim decides one step at a time, and its least-laxity rule looks at no later step; valley re-plans every car
    plugged in, to its departure, at every step. Both know a car from its arrival on, and when it will leave.
  - ACN-Sim adds up currents with their phases and could hold any three-phase network; evenload adds up real power.
    Here: 240 V, one phase, a station a car, any rate allowed and found by bisection to 0.01 A.
  - ACN-Sim is Python throughout, valley is compiled.
  - uncontrolled: ACN-Sim's scheduler only names the highest rate; the power appears in the loop, so compare that.
    Its batteries are as large as the need here; in larger ones the last step would overshoot the need.
"valley, price 1" is valley with price_weight = 1. "least cost" is the linear program that knows every arrival
beforehand, as no strategy does: a yardstick of cost, not of speed."""


@dataclass(frozen=True, slots=True)
class Row:
    """One tool and strategy on one site."""

    cars: int
    tool: str
    strategy: str
    times: dict[str, float]
    measures: dict[str, float]


def compare() -> None:
    """Run all tools on all sites, print the table and check that they solved the same problem."""
    try:
        peer_python = python_of("acnportal")
    except NoEnvironmentError as error:
        print(f"evenload: {error}", file=sys.stderr)
        sys.exit(3)
    rows: list[Row] = []
    print(f"\nOne site, one limit, 96 steps of 15 min; ratio = peer seconds / evenload seconds\n\n{HEADER}", flush=True)
    for cars in CARS:
        of_site = rows_of(SiteInstance.draw(cars), peer_python)
        for row in of_site:
            print(line(row, partner(row, of_site)), flush=True)
        rows += of_site
    print(f"\n{DIFFERENCES}\n")
    faults = [fault for row in rows if (fault := difference(row, partner(row, rows)))]
    print("\n".join(faults) or f"Same problem: limits equal, energy of each pair equal within {ENERGY_TOLERANCE:.1%}.")
    if faults:
        sys.exit(1)


def rows_of(instance: SiteInstance, peer_python: Path) -> list[Row]:
    """Every tool on one site; evenload first meets ten cars, so that its compiled code is on disk."""
    python = {"evenload": Path(sys.executable)}
    ask("evenload", "valley", python["evenload"], instance.first(10))
    return [
        ask(tool, strategy, python.get(tool, peer_python), instance)
        for tool, strategies in STRATEGIES.items()
        for strategy in strategies
    ]


def ask(tool: str, strategy: str, python: Path, instance: SiteInstance) -> Row:
    """Run ``peers/run_<tool>.py`` on a site in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        source, out = Path(folder, "in"), Path(folder, "out")
        source.mkdir()
        out.mkdir()
        instance.write(source)
        command: list[str | Path] = [python, "-m", f"peers.run_{tool}", source, out, strategy]
        subprocess.run(command, cwd=BENCH, check=True, stdout=subprocess.DEVNULL, timeout=SECONDS_MAX)
        answer = json.loads((out / "answer.json").read_text())
        measured = instance.measures(np.load(out / "plan.npy"))
    return Row(instance.cars, f"{tool} {answer['version']}", strategy, answer["times"], measured)


def partner(row: Row, rows: list[Row]) -> Row | None:
    """evenload's row a peer's row is compared with, if it has one."""
    wanted = (row.cars, PAIRS.get(row.strategy))
    return next((other for other in rows if (other.cars, other.strategy) == wanted), None)


def difference(row: Row, own: Row | None) -> str:
    """Why a pair did not solve the same problem; empty where it did."""
    if own is None:
        return ""
    delivered, other = row.measures["delivered_kwh"], own.measures["delivered_kwh"]
    if abs(delivered - other) > ENERGY_TOLERANCE * other:
        return f"{row.cars} cars: {row.strategy} delivered {delivered:.3f} kWh, {own.strategy} {other:.3f} kWh"
    if abs(row.times["limit_kw"] - own.times["limit_kw"]) > LIMIT_TOLERANCE_KW:
        return f"{row.cars} cars: limits {row.times['limit_kw']} and {own.times['limit_kw']} kW"
    return ""


HEADER = (
    f"{'cars':>5} {'tool':<17} {'strategy':<16} {'runs':>4} {'solve s':>9} {'loop s':>9} {'total s':>8} "
    f"{'peak kW':>9} {'excess kW':>10} {'unmet kWh':>10} {'cost':>9} {'solve x':>8} {'loop x':>8} {'total x':>8}"
)


def line(row: Row, own: Row | None) -> str:
    """A row of the table, with ratios where it has a partner."""
    times, measured = row.times, row.measures
    ratios = [f"{times[key] / own.times[key]:8.1f}" for key in ("solve_s", "loop_s", "total_s")] if own else []
    # adding 0.0 turns the -0.0 that rounding leaves into 0.0
    return (
        f"{row.cars:5d} {row.tool:<17} {row.strategy:<16} {times['runs']:4.0f} "
        f"{times['solve_s']:9.5f} {times['loop_s']:9.5f} {times['total_s']:8.2f} "
        f"{measured['peak_kw']:9.2f} {measured['excess_kw']:10.3f} {round(measured['unmet_kwh'], 3) + 0.0:10.3f} "
        f"{measured['cost']:9.2f} {' '.join(ratios)}"
    ).rstrip()


if __name__ == "__main__":
    compare()
