#!/usr/bin/env python3
"""Skill of the base-load forecast on held-out days, beside the same local hour of last week.

    python3 run.py bench forecast                          every set there is data for; under two minutes
    python3 run.py bench forecast --only norway            one set
    python3 run.py bench forecast --simbench FOLDER        also a folder of SimBench's LoadProfile.csv and RESProfile.csv
    python3 run.py bench forecast --speed                  also seconds and memory for 1,000 and 10,000 nodes

Rolling origins: every third day from day 150, at 0, 6, 12 and 18 h in turn, 36 h ahead at 15 min; the forecaster sees
nothing after its origin. Losses are summed over the set's single nodes, and apart over its sum or feeder.
"last week" is one number for all quantiles. "4 weeks" is a forecast with a spread, the quantiles of the same hour in the
last four weeks: a harder thing to beat in the tails. "worst" is the worst node's ratio to last week over P10, P50 and P90.
Nothing here asserts a number.
"""

import argparse
import resource
import time
from collections.abc import Iterator
from dataclasses import dataclass
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
WEATHER_ERROR_C = 1.5
DAY = np.timedelta64(86400, "s")
NEEDS_SHARED = ("boulder", "perth")

HEADER = (
    f"{'set':34s} {'nodes':>5s} {'loss kW: P10':>12s} {'P50':>6s} {'P90':>6s} {'P95':>6s}   {'to last week: P10':>17s} {'P50':>5s} "
    f"{'P90':>5s} {'P95':>5s} {'worst':>6s}   {'to 4 weeks: P10':>15s} {'P50':>5s} {'P90':>5s} {'P95':>5s}   {'P10-P90':>7s} {'<=P95':>6s}"
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
        Variant("no weather, 48 h late", weather=False, late=True, above=False),
        Variant("same, feeder timely", weather=False, late=True),
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
    rng = np.random.default_rng(11)
    clock = LocalClock(series.zone)
    facts = facts_of(series, variant)
    parts = []
    for turn, day in enumerate(range(FIRST_DAY, series.horizon.steps // STEPS_A_DAY - 2, EVERY_DAYS)):
        at = day * STEPS_A_DAY + HOURS[turn % len(HOURS)] * 4
        now = series.horizon.start + timedelta(minutes=STEP_MINUTES * at)
        ahead = Horizon(now, STEP_MINUTES, AHEAD_STEPS)
        history = LoadHistory(series.nodes, series.horizon, known_by(series, at, variant))
        weather = weather_by(series, at, rng) if variant.weather else None
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
        load[cold_rows(series)] = np.nan
    return load


def cold_rows(series: Series) -> list[int]:
    """Every second node: the others teach its class."""
    return list(range(0, len(series.nodes) - 1, 2))


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


def weather_by(series: Series, at: int, rng: np.random.Generator) -> Weather | None:
    """Weather as measured until now; then a forecast wrong by 1.5 degrees (one standard deviation)."""
    if series.irradiance_w_m2 is not None:
        return Weather(series.horizon, None, series.irradiance_w_m2)
    if series.temperature_c is None:
        return None
    temperature = series.temperature_c.copy()
    temperature[at:] += rng.normal(0.0, WEATHER_ERROR_C)
    return Weather(series.horizon, temperature)


def last_weeks(series: Series, clock: LocalClock, ahead: Horizon, weeks: int) -> FloatArray:
    """The same local times ``weeks`` weeks earlier; for PV the same time of the sun."""
    starts = ahead.starts()
    earlier = starts - 7 * weeks * DAY if series.pv else clock.utc(clock.local(starts) - 7 * weeks * DAY)
    steps = (earlier - to_datetime64(series.horizon.start)).astype(np.int64) // (60 * STEP_MINUTES)
    return series.load_kw[:, steps]


def one_for_all(values: FloatArray) -> FloatArray:
    return np.repeat(values[:, None], len(QUANTILES), axis=1)


def row(name: str, held: Held, nodes: slice) -> str:
    truth = held.truth[nodes]
    ours, week, four = (
        pinball_loss(truth, each[nodes], QUANTILES) for each in (held.forecast, held.last_week, held.four_weeks)
    )
    kept = ~np.isnan(ours).any(axis=1) & (week[:, :3].sum(axis=1) > 0)  # sites that closed before the held-out days
    total, to_week, to_four = (
        ours[kept].mean(axis=0),
        ours[kept].sum(axis=0) / week[kept].sum(axis=0),
        ours[kept].sum(axis=0) / four[kept].sum(axis=0),
    )
    worst = (ours[kept, :3].sum(axis=1) / week[kept, :3].sum(axis=1)).max()
    inside = coverage(truth[kept], held.forecast[nodes][kept, 0], held.forecast[nodes][kept, 2])
    below = coverage(truth[kept], np.full_like(truth[kept], -np.inf), held.forecast[nodes][kept, 3])
    return (
        f"{name:34s} {kept.sum():5d} {total[0]:12.3f} {total[1]:6.3f} {total[2]:6.3f} {total[3]:6.3f}   "
        f"{to_week[0]:17.2f} {to_week[1]:5.2f} {to_week[2]:5.2f} {to_week[3]:5.2f} {worst:6.2f}   "
        f"{to_four[0]:15.2f} {to_four[1]:5.2f} {to_four[2]:5.2f} {to_four[3]:5.2f}   {inside:7.2f} {below:6.2f}"
    )


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
    return f"{nodes:,} nodes, {series.horizon.steps:,} steps of history: {seconds:.1f} s, {memory:,.0f} MB (history {load.nbytes / 2**20:,.0f} MB)"


if __name__ == "__main__":
    main()
