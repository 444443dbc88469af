#!/usr/bin/env python3
"""Drivers who leave before they said: planned on what was declared, lived on what happened; one table.

    python3 run.py bench departures                   a site of 54 chargers, its limit and a tight one; two minutes
    python3 run.py bench departures --limits 150 20   other limits, kW
    python3 run.py bench departures --price tariff    a tariff that is dearest in the afternoon, not day-ahead prices
    python3 run.py bench departures --picture FILE    also the picture, SVG

Sessions of a workplace in California whose drivers declared a departure. Shares of who is still there, and what comes
on a usual day, are counted on May to August 2019; plans are made for 3 February to 15 March 2020, again and again as
cars come and go. Needs are the energy that was metered, so every car could have had it; power is 32 A at 208 V. Prices
are California's of the day ahead; February, which the set lacks, borrows from four weeks later. Nothing here asserts a
number. It needs the reference data in ../shared/data.
"""

import argparse
import json
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from departures_picture import picture
from evenload.base.horizon import Horizon
from evenload.base.instants import to_datetime, to_datetime64
from evenload.base.local_clock import LocalClock, is_weekend
from evenload.base.units import FloatArray
from evenload.domain.circuit import Circuit, CircuitKind, CircuitTree
from evenload.domain.history import History
from evenload.files.importers.shared_sessions import read_history
from evenload.schedule.problem import Problem
from evenload.schedule.risk.departures import DepartureRisk
from evenload.schedule.risk.reserve import Arrivals
from evenload.schedule.risk.robust import Caution
from evenload.schedule.strategies.hindsight import Hindsight
from evenload.schedule.strategies.optimised import Optimised
from evenload.schedule.strategies.unmanaged import Unmanaged
from evenload.schedule.strategy import Strategy
from evenload.schedule.windows import Windows

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
ZONE, SITE = "America/Los_Angeles", "caltech"
POWER_KW = 32 * 208 / 1000
STEP_MINUTES = 15
SHORT_KWH = 0.01
RESERVES = (30, 60, 120, 240)
SHARES = (0.5, 0.7, 0.8, 0.9, 0.95)
VALUES = (0.01, 0.03, 0.1, 0.3, 1.0)
NEW_YEAR = np.datetime64("2020-01-01", "s")
FIRST, LAST = "2020-02-03", "2020-03-16"
FOUR_WEEKS_S = 28 * 86400
TARIFF = ((0, 0.06087), (8, 0.07492), (12, 0.0869), (18, 0.07492), (23, 0.06087))
WEEKEND = 0.06087
HEADER = (
    f"{'limit kW':>8s} {'plans':34s} {'cost $':>8s} {'ct/kWh':>7s} {'kWh short':>9s} {'of need':>8s}"
    f" {'cars short':>11s} {'min each':>8s}"
)
NOTES = """\
  kWh short   energy that was wanted, and could have been had had somebody known; "of need" is its share of all
  cars short  of so many that came, those that lack more than 0.01 kWh
  min each    time at full power that a car which is short lacks on average"""


@dataclass(frozen=True, slots=True)
class Lived:
    """What became of the plans of one strategy; ``family`` and ``setting`` are for the picture."""

    limit_kw: float
    name: str
    family: str
    setting: str
    cost: float
    kwh: float
    kwh_short: float
    cars: int
    cars_short: int
    minutes_short: float

    def row(self) -> str:
        return (
            f"{self.limit_kw:8.0f} {self.name:34s} {self.cost:8.2f} {100 * self.cost / self.kwh:7.3f}"
            f" {self.kwh_short:9.1f} {100 * self.kwh_short / (self.kwh + self.kwh_short):7.2f}%"
            f" {self.cars_short:4d} of {self.cars:3d} {self.minutes_short:8.1f}"
        )


@dataclass(frozen=True, slots=True)
class Known:
    """What was counted: on 2019, and, for what drift costs, on the time tested itself."""

    risk: DepartureRisk
    risk_of_tested: DepartureRisk
    usual: Arrivals


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--limits", type=float, nargs="+", default=[150.0, 30.0])
    parser.add_argument("--price", choices=list(PRICES), default="day-ahead")
    parser.add_argument("--picture", type=Path)
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    if not DATA.exists():
        print("departures: left out, it needs the reference data in ../shared/data")
        return 0
    sessions = claimed()
    past, tested = sessions.take(sessions.unplugged_at < NEW_YEAR), sessions.take(sessions.plugged_at >= NEW_YEAR)
    known = Known(risk_of(past), risk_of(tested), arrivals(past))
    print(f"{calibration(known.risk, tested)}\n\n{HEADER}", file=sys.stderr if chosen.json else sys.stdout)
    found = []
    for limit_kw in chosen.limits:
        problem = instance(tested, chosen.price, limit_kw)
        for name, family, setting, strategy in strategies(known):
            found.append(lived(problem, limit_kw, name, family, setting, strategy))
            if not chosen.json:
                print(found[-1].row(), flush=True)
    print(json.dumps([asdict(one) for one in found], indent=1) if chosen.json else NOTES)
    if chosen.picture:
        chosen.picture.write_text(picture(found), encoding="utf-8")
    return 0


def claimed() -> History:
    """Sessions whose driver declared a departure after plug-in."""
    history = read_history(DATA / "sessions" / "workplace_acn.csv.gz")
    return history.take(history.departs_at_declared > history.plugged_at)


def risk_of(history: History) -> DepartureRisk:
    """Of both sites of the set: their drivers are alike."""
    return DepartureRisk.fit(history.departs_at_declared, history.unplugged_at, history.plugged_at)


def arrivals(past: History) -> Arrivals:
    here = past.take(past.site_id == SITE)
    stay = (here.departs_at_declared - here.plugged_at).astype(np.int64) / 60.0
    local = LocalClock(ZONE).local(here.plugged_at)
    return Arrivals.fit(np.full(len(here), SITE), local, stay, here.energy_kwh_metered, power_kw(here))


def power_kw(history: History) -> FloatArray:
    """The chargers', or more where more was metered."""
    return np.maximum(POWER_KW, history.energy_kwh_metered / history.connected_h)


def calibration(risk: DepartureRisk, tested: History) -> str:
    """How many drivers of 2020 were there until the time by which a share of those of 2019 was."""
    stay = (tested.departs_at_declared - tested.plugged_at).astype(np.int64) / 60.0
    early = (tested.departs_at_declared - tested.unplugged_at).astype(np.int64) / 60.0
    lines = [f"{len(tested):,} drivers of 2020 by what was counted on those of 2019:"]
    for share in SHARES:
        due = risk.minutes_early(share)[risk.class_of(stay)]
        there = float(np.mean(early <= due))
        lines.append(f"  share {share:4.0%}: done {due.mean():4.0f} min early on average; {there:.0%} were still there")
    return "\n".join(lines)


def instance(tested: History, price: str, limit_kw: float) -> Problem:
    clock = LocalClock(ZONE)
    start, end = clock.utc(np.array([FIRST, LAST], dtype="datetime64[s]"))
    horizon = Horizon.between(to_datetime(start), to_datetime(end), STEP_MINUTES)
    whole = (tested.plugged_at >= start) & (tested.unplugged_at <= to_datetime64(horizon.end))
    came = tested.take(whole & (tested.site_id == SITE))
    windows = Windows.between(horizon, came.plugged_at, came.unplugged_at)
    declared = np.floor(horizon.position(came.departs_at_declared)).astype(np.int64) - windows.first_step
    power = power_kw(came)
    tree = CircuitTree.of([Circuit(SITE, "", CircuitKind.SITE, limit_kw=limit_kw, timezone=ZONE)])
    return Problem(
        horizon=horizon, session_id=came.session_id, node=np.zeros(len(came), dtype=np.int64),
        first_step=windows.first_step, offset=windows.offset,
        cap_kw=np.repeat(power, np.diff(windows.offset)) * windows.coverage,
        declared_slots=np.maximum(declared, 1), energy_kwh=came.energy_kwh_metered, power_kw_max=power,
        opted_out=np.zeros(len(came), dtype=np.bool_), tree=tree, base_load_kw=np.zeros((1, horizon.steps)),
        limit_kw=tree.limit_kw[:, None], price_per_kwh=PRICES[price](horizon, clock),
        minute_of_day=clock.minute_of_day(horizon.starts()),
    )  # fmt: skip


def day_ahead(horizon: Horizon, clock: LocalClock) -> FloatArray:  # noqa: ARG001 - as of every price
    """Its own hours, or those of four weeks later."""
    table = pd.read_csv(DATA / "prices" / "day_ahead_caiso_2020.csv.gz")
    at = pd.to_datetime(table["timestamp"], utc=True).dt.tz_localize(None).to_numpy().astype("datetime64[s]")
    known = dict(zip(at.astype(np.int64).tolist(), (table["price_per_mwh"] / 1000).tolist(), strict=True))
    hours = horizon.starts().astype("datetime64[h]").astype("datetime64[s]").astype(np.int64).tolist()
    return np.array([known[hour] if hour in known else known[hour + FOUR_WEEKS_S] for hour in hours])


def tariff(horizon: Horizon, clock: LocalClock) -> FloatArray:
    """SCE TOU-EV-4 of March 2019, winter."""
    starts = horizon.starts()
    begins, prices = (np.array(column) for column in zip(*TARIFF, strict=True))
    workday = prices[np.searchsorted(begins * 60, clock.minute_of_day(starts), side="right") - 1]
    return np.where(is_weekend(clock.date(starts)), WEEKEND, workday)


PRICES = {"day-ahead": day_ahead, "tariff": tariff}


def strategies(known: Known) -> Iterator[tuple[str, str, str, Strategy]]:
    """Name, family, setting and strategy."""
    yield "declared only", "declared only", "", Optimised()
    for minutes in RESERVES:
        yield f"reserve_minutes {minutes}", "reserve", f"{minutes}", Optimised(reserve_minutes=minutes)
    for share in SHARES:
        yield f"share_there {share}", "share", f"{share}", Optimised(caution=Caution(known.risk, share_there=share))
    for value in VALUES:
        yield f"value_per_kwh {value:g}", "value", f"{value:g}", Optimised(caution=valued(known.risk, value))
    drifted = valued(known.risk_of_tested, 0.1)
    yield "value_per_kwh 0.1, counted on 2020", "", "", Optimised(caution=drifted)
    yield "arrivals", "arrivals", "0", Optimised(arrivals=known.usual)
    for value in VALUES[2:]:
        both = Optimised(caution=valued(known.risk, value), arrivals=known.usual)
        yield f"arrivals, value_per_kwh {value:g}", "arrivals", f"{value:g}", both
    yield "as early as the limit allows", "as early as can be", "", Optimised(waiting_weight_per_hour=100.0)
    yield "unmanaged, above any limit", "", "", Unmanaged()
    yield "hindsight", "hindsight", "", Hindsight()


def valued(risk: DepartureRisk, value: float) -> Caution:
    return Caution(risk, value_per_kwh=value)


def lived(problem: Problem, limit_kw: float, name: str, family: str, setting: str, strategy: Strategy) -> Lived:
    power = strategy.power_kw(problem, np.random.default_rng(0))
    delivered = problem.delivered_kwh(power)
    short = np.maximum(problem.energy_kwh - delivered, 0.0)
    lacking = short > SHORT_KWH
    minutes = float((short / problem.power_kw_max)[lacking].mean()) * 60 if lacking.any() else 0.0
    return Lived(
        limit_kw, name, family, setting, problem.money(power), float(delivered.sum()), float(short.sum()),
        problem.sessions, int(lacking.sum()), minutes,
    )  # fmt: skip


if __name__ == "__main__":
    raise SystemExit(main())
