#!/usr/bin/env python3
"""A season of events: what choosing whom to call is worth beside calling everybody; one table.

    python3 run.py bench season                  100 events, 10,000 drivers, some seconds
    python3 run.py bench season --drivers 1000   fewer
    python3 run.py bench season --json           JSON instead of a table

Drivers tire of being called as `program/season.py` states: that is a model with two numbers of a report and two that
are assumed, not a measurement. The same drivers and the same luck for each way to choose; three draws. Nothing here
asserts a number.
"""

import argparse
import json
import time
from dataclasses import asdict, dataclass

import numpy as np

from evenload.program.season import Lived, Season, by_chance, everybody, hot_summer, live, rested_first

SECONDS_MAX = 60.0
WAYS = ("everybody", "by chance", "rested first")


@dataclass(frozen=True, slots=True)
class Row:
    """One way to choose, means over the draws."""

    way: str
    calls: float
    opt_outs: float
    kwh_per_opt_out: float
    moved_kwh_per_opt_out: float
    events_met: float
    drivers_left: float
    calls_least: float
    calls_most: float
    seconds: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--drivers", type=int, default=10_000)
    parser.add_argument("--events", type=int, default=100)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    rows = [row_of(way, chosen.events, chosen.drivers, chosen.seeds) for way in WAYS]
    print(json.dumps([asdict(row) for row in rows], indent=1) if chosen.json else table(rows, chosen.drivers))


def row_of(way: str, events: int, drivers: int, seeds: int) -> Row:
    """A season lived once for each seed, and the slowest of them."""
    found, seconds = [], []
    for seed in range(1, seeds + 1):
        season = Season(starts_h=hot_summer(events, np.random.default_rng(seed)), drivers=drivers)
        choice = {"everybody": everybody, "rested first": rested_first}.get(way, by_chance(np.random.default_rng(seed)))
        began = time.perf_counter()
        found.append(live(season, choice, np.random.default_rng(100 + seed)))
        seconds.append(time.perf_counter() - began)
    return Row(way, *np.mean([numbers(one) for one in found], axis=0).tolist(), max(seconds))


def numbers(one: Lived) -> tuple[float, ...]:
    moved = one.energy_kwh / max(one.opted_out, 1)
    counts = one.drivers_left, one.calls_least, one.calls_most
    return one.called, one.opted_out, one.kwh_per_opt_out, moved, one.met, *counts


def table(rows: list[Row], drivers: int) -> str:
    head = f"{'called':13s} {'calls':>9s} {'opt-outs':>9s} {'kWh/opt-out':>12s} {'moved':>7s} {'met':>6s} {'stay':>6s}"
    lines = [f"{head} {'calls each':>11s} {'s':>6s}"]
    for row in rows:
        each = f"{row.calls_least:.0f}-{row.calls_most:.0f}"
        lines.append(
            f"{row.way:13s} {row.calls:9.0f} {row.opt_outs:9.0f} {row.kwh_per_opt_out:12.1f} "
            f"{row.moved_kwh_per_opt_out:7.1f} {row.events_met:6.0%} {row.drivers_left / drivers:6.1%} {each:>11s} "
            f"{row.seconds:6.2f}"
        )
    everyone, rested = rows[0], rows[-1]
    lines += [
        "",
        said("energy wanted per opt-out, times of everybody", rested.kwh_per_opt_out / everyone.kwh_per_opt_out, 1),
        said(
            "energy moved per opt-out, times of everybody",
            rested.moved_kwh_per_opt_out / everyone.moved_kwh_per_opt_out,
            1,
        ),
        said("drivers that stay, times those of everybody", rested.drivers_left / everyone.drivers_left, 1),
        said("part of the events that got what was wanted", rested.events_met, 0.9),
        said("longest season, s", max(row.seconds for row in rows), SECONDS_MAX, most=True),
    ]  # fmt: skip
    return "\n".join(lines)


def said(name: str, value: float, target: float, *, most: bool = False) -> str:
    """A number beside its target, which it is to be above, or below where it is the most."""
    reached = value <= target if most else value >= target
    bound = "at most" if most else "at least"
    return f"{name:52s} {value:8.2f}   {bound} {target:g}: {'yes' if reached else 'NO'}"


if __name__ == "__main__":
    main()
