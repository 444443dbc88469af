#!/usr/bin/env python3
"""Skill of the base-load forecast on held-out days, beside the same local hour of last week.

    python3 run.py bench forecast                          every set there is data for; under two minutes
    python3 run.py bench forecast --only norway            one set
    python3 run.py bench forecast --simbench FOLDER        also LoadProfile.csv and RESProfile.csv of SimBench
    python3 run.py bench forecast --speed                  also seconds and memory for 1,000 and 10,000 nodes

Rolling origins: every third day from day 150, at 0, 6, 12 and 18 h in turn, 36 h ahead at 15 min; the forecaster sees
nothing after its origin. Losses are means over the set's single nodes, and apart those of its sum or feeder. "last
week" is one number for all quantiles, so its tails are easily beaten; "4 weeks" has a spread, the quantiles of the same
hour in the last four weeks. "worst" is the worst node's ratio to last week over P10, P50 and P90 together.
Nothing here asserts a number.
"""

import argparse
import resource
import time
from collections.abc import Iterator
from dataclasses import astuple, dataclass
from datetime import timedelta
from pathlib import Path

import numpy as np

from evenload.base.horizon import Horizon
from evenload.base.instants import to_datetime64
from evenload.base.local_clock import LocalClock
from evenload.base.units import FloatArray
from evenload.forecast.conditions import Calendar, Weather
from evenload.forecast.forecaster import fit
from evenload.forecast.history import LoadHistory, NodeFacts
from evenload.forecast.recipe import QUANTILES
from evenload.forecast.score import coverage, pinball_loss
from forecast_sets import SETS, SHARED_SESSIONS, STEP_MINUTES, STEPS_A_DAY, Series, neighbourhoods, simbench

AHEAD_STEPS = 144
FIRST_DAY = 150
EVERY_DAYS = 3
HOURS = (0, 6, 12, 18)
LATE_STEPS = 2 * STEPS_A_DAY
COLD_EVERY = 2  # the nodes between teach the class of those without history
DAY = np.timedelta64(86400, "s")
NEEDS_SHARED = ("boulder", "perth")

LEVELS = "".join(f"{f'P{100 * level:.0f}':>6s}" for level in QUANTILES)
HEADER = (
    f"{'pinball loss, kW':>72s} {'ratio to last week':>33s} {'ratio to 4 weeks':>26s} {'within':>9s} {'below':>6s}\n"
    f"{'set':40s} {'nodes':>5s}  {LEVELS}   {LEVELS}{'worst':>7s}   {LEVELS}  {'P10-P90':>8s} {'P95':>6s}"
)


@dataclass(frozen=True, slots=True)
class Variant:
    """What is withheld from the forecaster."""

    name: str = ""
    weather: bool = True
    late: bool = False
    above: bool = True
    cold: bool = False


PLAIN = (Variant(),)
VARIANTS = {
    "neighbourhoods": (
        Variant(),
        Variant("no weather", weather=False),
        Variant("late 48 h, no weather", weather=False, late=True, above=False),
        Variant("the same, feeder timely", weather=False, late=True),
        Variant("no history, homes known", cold=True),
    ),
    "pv": (Variant("sun unknown", weather=False), Variant("sun known to 20 %")),
}


@dataclass(frozen=True, slots=True)
class Held:
    """Truth and forecasts of all origins: (N, T), (N, 4, T), and the two things compared with."""

    truth: FloatArray
    forecast: FloatArray
    last_week: FloatArray
    four_weeks: FloatArray


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--only", choices=list(SETS))
    parser.add_argument("--simbench", type=Path)
    parser.add_argument("--speed", action="store_true")
    chosen = parser.parse_args()
    print(HEADER)
    for series in chosen_sets(chosen.only, chosen.simbench):
        for variant in VARIANTS.get(series.key, PLAIN):
            held = roll(series, variant)
            singles = slice(0, -1) if series.ends_with_sum else slice(None)
            if variant.cold:
                singles = slice(0, -1, COLD_EVERY)
            print(row(f"{series.name} {variant.name}", held, singles))
            if series.ends_with_sum and not (variant.cold or variant.late):
                print(row("  their sum", held, slice(-1, None)))
    if chosen.speed:
        for nodes in (1_000, 10_000):
            print(speed(nodes))


def chosen_sets(only: str | None, simbench_folder: Path | None) -> Iterator[Series]:
    for name, make in SETS.items():
        if only not in (None, name):
            continue
        if name in NEEDS_SHARED and not SHARED_SESSIONS.exists():
            print(f"{name}: left out, it needs the reference data in ../shared/data")
            continue
        yield make()
    if simbench_folder is not None:
        yield from simbench(simbench_folder)


def roll(series: Series, variant: Variant) -> Held:
    """Forecast from every origin, with nothing known after it."""
    clock = LocalClock(series.zone)
    facts = facts_of(series, variant)
    parts = []
    for turn, day in enumerate(range(FIRST_DAY, series.horizon.steps // STEPS_A_DAY - 2, EVERY_DAYS)):
        at = day * STEPS_A_DAY + HOURS[turn % len(HOURS)] * 4
        now = series.horizon.start + timedelta(minutes=STEP_MINUTES * at)
        ahead = Horizon(now, STEP_MINUTES, AHEAD_STEPS)
        history = LoadHistory(series.nodes, series.horizon, known_by(series, at, variant))
        weather = weather_of(series) if variant.weather else None
        found = fit(history, Calendar(clock), weather, facts).predict(now, ahead)
        back = [last_weeks(series, clock, ahead, weeks) for weeks in (1, 2, 3, 4)]
        spread = np.quantile(np.stack(back), QUANTILES, axis=0, method="hazen").transpose(1, 0, 2)
        parts.append((series.load_kw[:, at : at + AHEAD_STEPS], found.load_kw, one_for_all(back[0]), spread))
    return Held(*(np.concatenate(each, axis=-1) for each in zip(*parts, strict=True)))


def known_by(series: Series, at: int, variant: Variant) -> FloatArray:
    """History until step ``at``; late readings miss two days (the feeder's are timely), cold nodes all of theirs."""
    load = series.load_kw.copy()
    load[:, at:] = np.nan
    if variant.late:
        load[:-1, at - LATE_STEPS :] = np.nan
    if variant.cold:
        load[:-1:COLD_EVERY] = np.nan
    return load


def facts_of(series: Series, variant: Variant) -> NodeFacts:
    size = len(series.nodes)
    above = np.full(size, -1)
    if series.ends_with_sum and variant.late and variant.above:
        above[:-1] = size - 1
    known = {"above": above, "is_pv": np.full(size, series.pv)}
    if variant.cold:
        known["class_name"] = np.array(["homes"] * (size - 1) + [""])
        known["homes"] = series.homes
    return NodeFacts.of(size, **known)


def weather_of(series: Series) -> Weather | None:
    """Forecasts of the weather, kept for the past as well: errors the forecaster has seen are errors it allows for."""
    if series.temperature_c is None and series.irradiance_w_m2 is None:
        return None
    return Weather(series.horizon, series.temperature_c, series.irradiance_w_m2)


def last_weeks(series: Series, clock: LocalClock, ahead: Horizon, weeks: int) -> FloatArray:
    """The same local times ``weeks`` weeks earlier; for PV the same time of the sun."""
    starts = ahead.starts()
    earlier = starts - 7 * weeks * DAY if series.pv else clock.utc(clock.local(starts) - 7 * weeks * DAY)
    steps = (earlier - to_datetime64(series.horizon.start)).astype(np.int64) // (60 * STEP_MINUTES)
    return series.load_kw[:, steps]


def one_for_all(values: FloatArray) -> FloatArray:
    return np.repeat(values[:, None], len(QUANTILES), axis=1)


def row(name: str, held: Held, nodes: slice) -> str:
    truth, found, last_week, four_weeks = (each[nodes] for each in astuple(held))
    ours, week, four = (pinball_loss(truth, each, QUANTILES) for each in (found, last_week, four_weeks))
    kept = week[:, :3].sum(axis=1) > 0  # not the sites that closed before the held-out days
    ours, week, four, truth, found = ours[kept], week[kept], four[kept], truth[kept], found[kept]
    worst = (ours[:, :3].sum(axis=1) / week[:, :3].sum(axis=1)).max()
    inside = coverage(truth, found[:, 0], found[:, 2])
    below = coverage(truth, np.full_like(truth, -np.inf), found[:, 3])
    to_week, to_four = (numbers(ours.sum(axis=0) / each.sum(axis=0), 2) for each in (week, four))
    losses = numbers(ours.mean(axis=0), 3)
    return f"{name:40s} {len(ours):5d}  {losses}   {to_week}{worst:7.2f}   {to_four}  {inside:8.2f} {below:6.2f}"


def numbers(values: FloatArray, digits: int) -> str:
    return "".join(f"{value:6.{digits}f}" for value in values)


def speed(nodes: int) -> str:
    """Seconds of one fit and forecast, a year of history with temperature."""
    series = neighbourhoods()
    load = np.tile(series.load_kw, (nodes // len(series.nodes) + 1, 1))[:nodes]
    now = series.horizon.start + timedelta(days=366)
    began = time.perf_counter()
    history = LoadHistory(tuple(map(str, range(nodes))), series.horizon, load)
    forecaster = fit(history, Calendar(LocalClock(series.zone)), Weather(series.horizon, series.temperature_c))
    forecaster.predict(now, Horizon(now, STEP_MINUTES, AHEAD_STEPS))
    seconds = time.perf_counter() - began
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    own = load.nbytes / 2**20
    return (
        f"{nodes:,} nodes, {series.horizon.steps:,} steps: {seconds:.1f} s, {memory:,.0f} MB, {own:,.0f} of it history"
    )


if __name__ == "__main__":
    main()
