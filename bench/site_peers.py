#!/usr/bin/env python3
"""Least-cost charging of one site beside its peers: same files in, plans out, measured alike; one table.

    python3 run.py bench site                      50, 200, 1,000 and 5,000 cars; some ten minutes
    python3 run.py bench site --cars 50 200        these sizes only
    python3 run.py bench site --only flexmeasures  the peers whose name holds this text, beside evenload and HiGHS
    python3 run.py bench site --all                peers at the sizes left out because they take long, too
    python3 run.py bench site --json               JSON instead of a table

The first run makes an environment for each peer below .venv-peers: some 4 GB and three minutes. A peer that cannot be
installed, or takes longer than --seconds-max, is said to be so and the rest goes on. Nothing here asserts a time.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from peer_environment import BENCH, NoEnvironmentError, python_of
from site_instance import FloatArray, SiteInstance

CARS = (50, 200, 1000, 5000)
RUNS = 3
GAP = 1e-4
TOLERANCE_KW = TOLERANCE_KWH = 1e-3
OPTIMUM, SOLVE, COMMAND = "HiGHS, the linear program", "evenload, solve()", "evenload plan, command"
NOTES = f"""\
Seconds are medians of three runs (more where they take milliseconds, fewer past 40 s), each tool in a process of its
own, on a machine that may have been busy: ratios can move by half. Every tool reads the same sessions.csv, grid.csv and
signal.csv, and every plan is measured by the same code.
  over %   cost above the optimum, which HiGHS finds; it can be below only where energy is left unmet
  proved   how far above the optimum the tool itself proves its plan to be at most; blank: it proves nothing
  solve s  the tool's own call from its objects to a plan: evenload's solve(), certificate included, FlexMeasures'
           device_scheduler, PyPSA's optimize, ACN-Sim's decisions alone, HiGHS's run() without building the model
  total s  cold process to plan: imports, a warm-up on ten cars, files read, objects built, solve, ACN-Sim's walk
           through the day; for the command its whole run, files checked, plan and summary written
  x        seconds over those of {SOLVE}, gap {GAP:g}; total seconds over the command's
FlexMeasures, PyPSA, HiGHS and evenload know every arrival beforehand. ACN-Sim's rules see the cars plugged in and no
price: they are what a site without an optimiser gets, not rivals in cost."""


@dataclass(frozen=True, slots=True)
class Contender:
    """Who is asked: a runner of ``peers``, the strategy it is told, its environment, the most cars by default."""

    name: str
    tool: str
    strategy: str
    environment: str = ""
    cars_max: int = 5000


PEERS = (
    Contender("FlexMeasures", "flexmeasures", "device scheduler", "flexmeasures"),
    Contender("PyPSA", "pypsa", "optimize", "pypsa", 1000),
    Contender("ACN-Sim, least laxity", "acnsim", "least laxity", "acnportal", 1000),
    Contender("ACN-Sim, earliest deadline", "acnsim", "earliest deadline", "acnportal", 1000),
)
REFERENCE = Contender(OPTIMUM, "highs", "least cost")
OURS = (
    Contender(SOLVE, "evenload", f"optimum, gap {GAP:.0e}".replace("e-0", "e-")),
    Contender("evenload, solve(), gap 1e-3", "evenload", "optimum, gap 1e-3"),
)


@dataclass(frozen=True, slots=True)
class Row:
    """What one contender made of one site; ``failure`` says why there is nothing else."""

    cars: int
    who: str
    version: str = ""
    cost: float = np.nan
    unmet_kwh: float = np.nan
    excess_kw: float = np.nan
    gap: float | None = None
    solve_s: float = np.nan
    total_s: float = np.nan
    mb: float = np.nan
    failure: str = ""


def asked(contender: Contender, instance: SiteInstance, folder: Path, seconds_max: float) -> Row:
    """Run ``peers/run_<tool>.py`` on the files in ``folder`` in a process of its own."""
    out = Path(tempfile.mkdtemp(dir=folder))
    try:
        python = python_of(contender.environment) if contender.environment else Path(sys.executable)
        command: list[str | Path] = [python, "-m", f"peers.run_{contender.tool}", folder, out, contender.strategy]
        bounded(command, seconds_max)
    except (NoEnvironmentError, PeerError) as error:
        return Row(instance.cars, contender.name, failure=str(error))
    answer = json.loads((out / "answer.json").read_text())
    times = answer["times"]
    made = Row(
        instance.cars, contender.name, answer["version"], gap=answer["gap"], solve_s=times["solve_s"],
        total_s=times["total_s"], mb=answer["mb"],
    )  # fmt: skip
    return measured(made, instance, np.load(out / "plan.npy"))


def commanded(instance: SiteInstance, folder: Path, seconds_max: float) -> Row:
    """`evenload plan` from start to end; solve seconds as its summary has them."""
    files = [text for name in ("sessions", "grid", "load", "signal") for text in (f"--{name}", folder / f"{name}.csv")]
    plan, taken, solving = folder / "plan.csv", [], []
    command = [sys.executable, "-m", "evenload", "plan", *files, "--out", plan, "--gap", str(GAP)]
    for _ in range(RUNS):
        begin = time.perf_counter()
        try:
            bounded(command, seconds_max)
        except PeerError as error:
            return Row(instance.cars, COMMAND, failure=str(error))
        taken.append(time.perf_counter() - begin)
        summary = json.loads((folder / "summary.json").read_text())
        solving.append(summary["seconds"])
    made = Row(
        instance.cars, COMMAND, summary["evenload"], gap=summary["gap"], solve_s=statistics.median(solving),
        total_s=statistics.median(taken),
    )  # fmt: skip
    return measured(made, instance, instance.read_plan(plan))


class PeerError(Exception):
    """A tool failed or took too long."""


def bounded(command: list[str | Path], seconds_max: float) -> None:
    """Run it; raises ``PeerError`` with its last words, or when it takes longer than ``seconds_max``."""
    try:
        done = subprocess.run(command, cwd=BENCH, capture_output=True, text=True, timeout=seconds_max, check=False)
    except subprocess.TimeoutExpired:
        raise PeerError(f"stopped after {seconds_max:g} s") from None
    if done.returncode:
        raise PeerError(f"failed: {(done.stderr.strip().splitlines() or ['no message'])[-1]}")


def measured(row: Row, instance: SiteInstance, power_kw: FloatArray) -> Row:
    """The row with what its plan does; an impossible plan is a failure."""
    try:
        found = instance.measures(power_kw, TOLERANCE_KW)
    except ValueError as error:
        return Row(row.cars, row.who, row.version, failure=str(error))
    known = {"cost": found["cost"], "unmet_kwh": found["unmet_kwh"], "excess_kw": found["excess_kw"]}
    return Row(**(asdict(row) | known))


def rows_of(instance: SiteInstance, peers: tuple[Contender, ...], seconds_max: float) -> list[Row]:
    """Every contender on one site; evenload first meets ten cars, so that its compiled code is on disk."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        instance.first(10).write(folder)
        commanded(instance.first(10), folder, seconds_max)
        instance.write(folder)
        rows = [asked(contender, instance, folder, seconds_max) for contender in (REFERENCE, *OURS)]
        rows.append(commanded(instance, folder, seconds_max))
        return rows + [asked(contender, instance, folder, seconds_max) for contender in peers]


HEADER = (
    f"{'cars':>5} {'who':<34} {'cost':>10} {'over %':>8} {'proved %':>8} {'unmet kWh':>9} {'excess kW':>9} "
    f"{'solve s':>8} {'x':>6} {'total s':>8} {'x':>6} {'MB':>5}"
)


def line(row: Row, rows: list[Row]) -> str:
    """A row of the table, beside the optimum and evenload of the same site."""
    text = f"{row.cars:5d} {f'{row.who} {row.version}':<34} "
    if row.failure:
        return text + row.failure
    of = named(rows)
    over = 100 * (row.cost / of[OPTIMUM].cost - 1)
    proved = "" if row.gap is None else f"{100 * row.gap:.4f}"
    # rounding first and adding 0.0 turn what solvers leave of a zero into 0
    return text + (
        f"{row.cost:10.2f} {round(over, 4) + 0.0:8.4f} {proved:>8} {round(row.unmet_kwh, 3) + 0.0:9.3f} "
        f"{round(row.excess_kw, 3) + 0.0:9.3f} {row.solve_s:8.3f} {row.solve_s / of[SOLVE].solve_s:6.3g} "
        f"{row.total_s:8.2f} {row.total_s / of[COMMAND].total_s:6.3g} {number(row.mb):>5}"
    )


def number(value: float) -> str:
    return "" if np.isnan(value) else f"{value:.0f}"


def named(rows: list[Row]) -> dict[str, Row]:
    """The rows of one site by who made them."""
    return {row.who: row for row in rows}


def broken_claims(rows: list[Row]) -> list[str]:
    """What the plans of evenload at the gap asked for do not keep on one site; empty where they keep all."""
    of = named(rows)
    least = of[OPTIMUM].cost
    faults = []
    for row in (of[SOLVE], of[COMMAND]):
        where = f"{row.cars} cars, {row.who}:"
        if row.failure:
            faults.append(f"{where} {row.failure}")
            continue
        # written so that a number that is not known breaks the claim
        if not row.cost <= least * (1 + GAP):
            faults.append(f"{where} cost {row.cost:.4f}, the optimum is {least:.4f}")
        if not row.unmet_kwh <= TOLERANCE_KWH:
            faults.append(f"{where} {row.unmet_kwh:.3f} kWh unmet")
        if not row.excess_kw <= TOLERANCE_KW:
            faults.append(f"{where} {row.excess_kw:.3f} kW above the limit")
    return faults


def shortcomings(rows: list[Row]) -> list[str]:
    """Where evenload's own proof does not reach the gap asked for, and who decides faster than it."""
    of = named(rows)
    unproved = [
        f"{row.cars} cars, {row.who}: proves {100 * row.gap:.4f} %, asked for {100 * GAP:g} %"
        for row in (of[SOLVE], of[COMMAND])
        if row.gap is not None and row.gap > GAP
    ]
    own = {*(contender.name for contender in OURS), COMMAND}
    faster = [row.who for row in rows if row.who not in own and row.solve_s < of[SOLVE].solve_s]
    return unproved + [f"{rows[0].cars} cars: {who} decides faster than {SOLVE}" for who in faster]


def verdict(sites: list[list[Row]]) -> str:
    """What became of evenload's claims, in sentences."""
    broken = [fault for rows in sites for fault in broken_claims(rows)]
    wanting = [fault for rows in sites for fault in shortcomings(rows)]
    kept = f"evenload: least cost within {100 * GAP:g} %, nothing unmet, no limit exceeded, at every size."
    return "\n".join([*(broken or [kept]), *wanting])


def as_json(sites: list[list[Row]]) -> str:
    """All rows; null is not known."""
    rows = [asdict(row) for rows in sites for row in rows]
    return json.dumps([{key: known(value) for key, value in row.items()} for row in rows], indent=1)


def known(value: object) -> object:
    """The value, None in place of NaN."""
    return None if isinstance(value, float) and np.isnan(value) else value


def main() -> int:
    chosen = arguments()
    if not chosen.json:
        print(f"One site, one limit, three prices, 96 steps; {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}\n")
        print(HEADER)
    sites: list[list[Row]] = []
    for cars in chosen.cars:
        peers = tuple(peer for peer in PEERS if chosen.only.lower() in peer.name.lower())
        quick = peers if chosen.all else tuple(peer for peer in peers if cars <= peer.cars_max)
        sites.append(rows_of(SiteInstance.draw(cars), quick, chosen.seconds_max))
        if not chosen.json:
            print("\n".join(line(row, sites[-1]) for row in sites[-1]) + "\n", flush=True)
    print(as_json(sites) if chosen.json else f"{NOTES}\n\n{verdict(sites)}")
    return int(any(broken_claims(rows) for rows in sites))


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cars", type=int, nargs="+", default=list(CARS), help="sizes")
    parser.add_argument("--only", default="", help="run the peers whose name holds this text")
    parser.add_argument("--all", action="store_true", help="run peers at the sizes that take them long, too")
    parser.add_argument("--seconds-max", type=float, default=300.0, help="stop a tool after so long")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
