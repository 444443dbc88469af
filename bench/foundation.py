#!/usr/bin/env python3
"""Speed and memory of populations, strategies and a year of one feeder; prints a table with the targets beside it.

    python3 run.py bench              everything, a few minutes
    python3 run.py bench --peer       also ACN-Sim on the same cars, in an environment of its own

Every case runs in a process of its own, after one small warm-up so that compiled code is loaded; times are the median
of three unless said otherwise. Nothing here asserts a time.
"""

import argparse
import json
import multiprocessing
import resource
import statistics
import time
from collections.abc import Callable
from datetime import datetime, timedelta

import numpy as np

from evenload.base.horizon import Horizon
from evenload.base.instants import parse_instant
from evenload.base.local_clock import LocalClock
from evenload.domain.history import History
from evenload.files import packaged
from evenload.grid.build import GridShape, HomeGrid
from evenload.schedule.problem import Problem
from evenload.schedule.strategies.balanced import Balanced
from evenload.schedule.strategies.price import Price
from evenload.schedule.strategies.timer import Timer
from evenload.schedule.strategies.unmanaged import Unmanaged
from evenload.schedule.strategies.valley import Valley
from evenload.schedule.strategy import Strategy
from evenload.schedule.windows import Windows
from evenload.simulate.base_load import HouseholdLoad
from evenload.simulate.population import preset

OSLO = LocalClock("Europe/Oslo")
NOON = parse_instant("2020-01-13T12:00:00+01:00")
STRATEGIES: tuple[Strategy, ...] = (Unmanaged(), Timer(), Price(), Balanced(), Valley())


def sessions(count: int, seed: int = 1) -> History:
    """``count`` sessions inside one noon-to-noon day."""
    cars = int(count * 2.6) + 50
    end = NOON + timedelta(days=1)
    drawn = preset("residential-2020").draw(cars, NOON, end, np.random.default_rng(seed), OSLO)
    while len(drawn) < count:
        cars = int(cars * 1.3)
        drawn = preset("residential-2020").draw(cars, NOON, end, np.random.default_rng(seed), OSLO)
    return drawn.take(slice(0, count))


def problem(history: History, grid: HomeGrid, horizon: Horizon, seed: int = 1) -> Problem:
    """The planning problem of a history hung on a grid's homes, true departures known."""
    rng = np.random.default_rng(seed)
    _, car = np.unique(history.user_id, return_inverse=True)
    windows = Windows.between(horizon, history.plugged_at, history.unplugged_at)
    lengths = np.diff(windows.offset)
    base = HouseholdLoad(packaged.households(), 2.0).through_nodes(grid, horizon, OSLO, rng)
    price = 0.2 + 0.1 * np.sin(np.arange(horizon.steps) * 2 * np.pi * horizon.hours_per_step / 24)
    return Problem(
        horizon=horizon,
        session_id=history.session_id,
        node=grid.home_node[car % grid.homes],
        first_step=windows.first_step,
        offset=windows.offset,
        cap_kw=np.repeat(history.power_kw_max, lengths) * windows.coverage,
        declared_slots=lengths,
        energy_kwh=np.array(history.energy_kwh_metered),
        power_kw_max=np.array(history.power_kw_max),
        opted_out=np.zeros(len(history), dtype=bool),
        tree=grid.tree,
        base_load_kw=base,
        limit_kw=grid.tree.limit_kw[:, None],
        price_per_kwh=price,
        minute_of_day=OSLO.minute_of_day(horizon.starts()),
    )


def day_problem(count: int) -> Problem:
    """``count`` sessions x 96 steps: 10 sessions a transformer, 500 transformers a feeder, limits at three levels."""
    grid = GridShape(-(-count // 10), 10, (50.0,), transformers_per_feeder=500, feeder_kva=500 * 10 * 2.6).build()
    horizon = Horizon.between(NOON, NOON + timedelta(days=1))
    history = sessions(count)
    return problem(spread(history), grid, horizon)


def spread(history: History) -> History:
    """One car a session, so that every home has one."""
    names = np.array([f"c{i:07d}" for i in range(len(history))])
    return History(**(history.columns() | {"user_id": names}))


def median_seconds(work: Callable[[], object], times: int = 3) -> float:
    taken = []
    for _ in range(times):
        begin = time.perf_counter()
        work()
        taken.append(time.perf_counter() - begin)
    return statistics.median(taken)


def population_case(count: int) -> dict[str, float]:
    sessions(1000)
    return {"seconds": median_seconds(lambda: sessions(count)), "sessions": count}


def strategy_case(count: int, names: tuple[str, ...]) -> dict[str, float]:
    chosen = [strategy for strategy in STRATEGIES if strategy.name in names]
    small, whole = day_problem(200), day_problem(count)
    for strategy in chosen:
        strategy.power_kw(small, np.random.default_rng(1))
    rng = np.random.default_rng(1)
    times = 3 if count <= 100_000 else 1
    seconds = median_seconds(lambda: [strategy.power_kw(whole, rng) for strategy in chosen], times)
    return {"seconds": seconds, "sessions": count, "steps": whole.horizon.steps}


def year_case(names: tuple[str, ...]) -> dict[str, float]:
    """A year of one feeder: 500 cars on 50 transformers, population, base load, strategies and node loads included."""
    chosen = [strategy for strategy in STRATEGIES if strategy.name in names]
    small = day_problem(200)
    for strategy in chosen:
        strategy.power_kw(small, np.random.default_rng(1))
    begin = time.perf_counter()
    start, end = (datetime.fromisoformat(f"{year}-01-01T00:00:00+01:00") for year in (2021, 2022))
    history = preset("residential-2020").draw(500, start, end, np.random.default_rng(1), OSLO)
    grid = GridShape(50, 10, (50.0,), transformers_per_feeder=50, feeder_kva=1300.0).build()
    whole = problem(history, grid, Horizon.between(start, end))
    for strategy in chosen:
        whole.ev_load_kw(strategy.power_kw(whole, np.random.default_rng(1)))
    return {"seconds": time.perf_counter() - begin, "sessions": len(history), "steps": whole.horizon.steps}


CASES: dict[str, tuple[Callable[[], dict[str, float]], str]] = {
    "population, 100,000 sessions": (lambda: population_case(100_000), "< 5 s"),
    "unmanaged + timer, 1,000 x 96": (lambda: strategy_case(1_000, ("unmanaged", "timer")), ""),
    "unmanaged + timer, 10,000 x 96": (lambda: strategy_case(10_000, ("unmanaged", "timer")), ""),
    "unmanaged + timer, 100,000 x 96": (lambda: strategy_case(100_000, ("unmanaged", "timer")), "< 2 s"),
    "price, 100,000 x 96": (lambda: strategy_case(100_000, ("price",)), ""),
    "balanced, 100,000 x 96": (lambda: strategy_case(100_000, ("balanced",)), ""),
    "valley, 1,000 x 96": (lambda: strategy_case(1_000, ("valley",)), ""),
    "valley, 10,000 x 96": (lambda: strategy_case(10_000, ("valley",)), ""),
    "valley, 100,000 x 96": (lambda: strategy_case(100_000, ("valley",)), "< 20 s"),
    "a year, 500 cars, 5 strategies, one core": (
        lambda: year_case(tuple(strategy.name for strategy in STRATEGIES)),
        "< 60 s on two cores",
    ),
}


def measured(name: str) -> dict[str, float]:
    """Run one case in this process and add its peak memory."""
    result = CASES[name][0]()
    return result | {"mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", default="", help="run the cases whose name holds this text")
    parser.add_argument("--peer", action="store_true", help="also run ACN-Sim on the same cars")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    chosen = parser.parse_args()
    rows = []
    for name, (_, target) in CASES.items():
        if chosen.only not in name:
            continue
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            result = pool.apply(measured, (name,))
        rows.append({"case": name, "target": target} | result)
        if not chosen.json:
            per = 1e6 * result["seconds"] / result["sessions"]
            print(
                f"{name:44s} {result['seconds']:8.2f} s  {per:8.1f} us/session  {result['mb']:6.0f} MB   {target}",
                flush=True,
            )
    if chosen.json:
        print(json.dumps(rows, indent=1))
    if chosen.peer:
        from peer_acnsim import compare

        compare()


if __name__ == "__main__":
    main()
