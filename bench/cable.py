#!/usr/bin/env python3
"""How often the right car is found at the right charger, from what both ends tell; one table.

    python3 run.py bench cable                three data sets, polling and pushing clouds; about a minute
    python3 run.py bench cable --nights 50    fewer days of each set
    python3 run.py bench cable --clock-s 300  clocks that differ by up to 300 s on either side

Real sessions (Norwegian apartments, workplaces in the USA, public chargers in Dundee), grouped so that the cars of one
draw share one site and come within a rush of each other. Most cars are linked to a cloud that is polled every 30 min
(or pushes within 45 s); some are strangers, and some linked cars stand at plugs nobody sees. Clocks of chargers and of
cars are wrong by up to minutes. Powers are what cars draw unmanaged, told with noise and, for a third of the cars, not
at all. Nothing here asserts a number.
"""

import argparse
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from time import perf_counter

import numpy as np

from evenload.base.instants import to_datetime
from evenload.domain.history import History
from evenload.files import packaged
from evenload.service.cable.clocks import ahead_s, learned
from evenload.service.cable.evidence import ClockGap
from evenload.service.cable.match import match
from evenload.service.cable.stays import CarStay, ChargerStay, Moment
from evenload.service.cable_rows import PairReason, PairRow, PairState, Sample

SETS = {"residential-norway": 3.7, "workplace-asensio": 6.6, "public-dundee": 11.0}
POWERS = (2.3, 3.6, 3.7, 7.2, 7.4, 11.0)
SITE = "site"
HEADER = (f"{'sessions':20s} {'clouds':7s} {'after':>6s} {'cars':>6s} {'true':>6s} {'certain':>8s} {'wrong':>6s} "
          f"{'precision':>9s} {'recall':>7s} {'unsure':>7s}")  # fmt: skip


@dataclass(slots=True)
class Tally:
    """What was found. ``true``: cars that stood at a charger that is seen; ``certain``: those that were matched."""

    cars: int = 0
    true: int = 0
    certain: int = 0
    wrong: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    mistakes: list[str] = field(default_factory=list)

    @property
    def precision(self) -> float:
        return 1.0 if not self.certain else 1 - self.wrong / self.certain

    @property
    def recall(self) -> float:
        return (self.certain - self.wrong) / self.true if self.true else 1.0


@dataclass(frozen=True, slots=True)
class World:
    """How wrong clocks are (s, uniform on either side), and how cars are heard of."""

    clock_s: float
    poll_min: float | None
    cars_a_rush: int
    rush_min: float


@dataclass(frozen=True, slots=True)
class Truth:
    """One car that came: by the true clock."""

    number: int
    plugged_s: float
    unplugged_s: float
    power_kw: float
    energy_kwh: float

    def power_at(self, at_s: float) -> float:
        return self.power_kw if 60 <= at_s - self.plugged_s < 60 + self._full_s else 0.0

    def energy_at(self, at_s: float) -> float:
        return self.power_kw * min(max(at_s - self.plugged_s - 60, 0.0), self._full_s) / 3600

    @property
    def _full_s(self) -> float:
        return 3600 * self.energy_kwh / self.power_kw


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--nights", type=int, default=150)
    parser.add_argument("--clock-s", type=float, default=180.0)
    parser.add_argument("--cars", type=int, default=8)
    parser.add_argument("--rush-min", type=float, default=20.0)
    parser.add_argument("--show", type=int, default=0, help="print so many mistakes")
    chosen = parser.parse_args()
    print(HEADER)
    for name, usual_kw in SETS.items():
        for clouds, poll_min in (("polled", 30.0), ("pushed", None)):
            world = World(chosen.clock_s, poll_min, chosen.cars, chosen.rush_min)
            began = perf_counter()
            tallies = run(packaged.history(name), usual_kw, world, chosen.nights, np.random.default_rng(7))
            for after, one in tallies.items():
                unsure = one.reasons.total() / max(one.cars, 1)
                print(f"{name:20s} {clouds:7s} {after:>6s} {one.cars:6d} {one.true:6d} {one.certain:8d} {one.wrong:6d} "
                      f"{one.precision:9.4f} {one.recall:7.3f} {unsure:7.3f}")  # fmt: skip
                for text in one.mistakes[: chosen.show]:
                    print("   ", text)
            print(f"{'':20s} {perf_counter() - began:.1f} s")
    known = familiar(packaged.history("residential-norway"), World(chosen.clock_s, 30.0, chosen.cars, chosen.rush_min))
    print(f"clocks learned over ten nights: off by {known[0]:.0f} s at first, {known[1]:.0f} s then (median)")


def run(
    history: History, usual_kw: float, world: World, nights: int, generator: np.random.Generator
) -> dict[str, Tally]:  # fmt: skip
    """Rushes of cars, looked at again and again while they stay and when they left."""
    tallies = {after: Tally() for after in ("35min", "2h", "end")}
    for _, cars in zip(range(nights), rushes(history, usual_kw, world, generator), strict=False):
        draw = Draw(world, generator, cars)
        first = min(one.plugged_s for one in cars)
        last = max(one.plugged_s for one in cars)
        end = max(one.unplugged_s for one in cars) + 3600
        for after, now in (("35min", last + 35 * 60), ("2h", last + 7200), ("end", end)):
            judge(draw, now, tallies[after], first)
    return tallies


def rushes(history: History, usual_kw: float, world: World, generator: np.random.Generator) -> Iterator[list[Truth]]:
    """Sessions drawn from the set, with their arrivals pressed into one rush."""
    good = np.flatnonzero((history.energy_kwh_metered > 1.0) & (history.connected_h > 0.4))
    connected, energy = history.connected_h, history.energy_kwh_metered
    while True:
        chosen = generator.choice(good, size=world.cars_a_rush, replace=False)
        come = np.sort(generator.uniform(0, world.rush_min * 60, world.cars_a_rush))
        cars = []
        for number, (row, at) in enumerate(zip(chosen.tolist(), come.tolist(), strict=True)):
            least_kw = float(energy[row]) / max(float(connected[row]) - 0.05, 0.2)
            fast = [kw for kw in POWERS if kw >= least_kw]
            power_kw = float(generator.choice(fast)) if fast else max(least_kw * 1.05, usual_kw)
            start = 1_700_000_000.0 + at
            cars.append(Truth(number, start, start + 3600 * float(connected[row]), power_kw, float(energy[row])))
        yield cars


class Draw:
    """What both ends would tell of some cars: who is linked, who stands where, whose clock is how wrong."""

    def __init__(self, world: World, generator: np.random.Generator, cars: list[Truth]) -> None:
        self.world = world
        self.cars = cars
        count = len(cars)
        self.linked = generator.random(count) < 0.75
        self.seen = generator.random(count) < 0.85
        self.charger_off = generator.uniform(-world.clock_s, world.clock_s, count)
        self.car_off = generator.uniform(-world.clock_s, world.clock_s, count)
        self.phase = generator.uniform(0, 60 * (world.poll_min or 1.0), count)
        self.tells = generator.choice(["power", "energy", "state", "soc"], count, p=[0.4, 0.3, 0.1, 0.2])
        self.noise = generator.normal(0, 0.03, (count, 400))
        self.place = generator.random(count) < 0.6

    def charger(self, one: Truth, now: float) -> ChargerStay:
        off = float(self.charger_off[one.number])
        until = min(now, one.unplugged_s)
        times = np.arange(one.plugged_s, until, 300.0)
        samples = [Sample(_at(at + off), one.power_at(at), one.energy_at(at)) for at in times.tolist()]
        left = _at(one.unplugged_s + off) if one.unplugged_s <= now else None
        return ChargerStay(
            f"s{one.number}", f"d{one.number}", SITE, _at(one.plugged_s + off), left, samples=tuple(samples),
            until=_at(until + off), neighbours=self.world.cars_a_rush,
        )  # fmt: skip

    def car(self, one: Truth, now: float) -> CarStay | None:
        off, number = float(self.car_off[one.number]), one.number
        looks = self._looks(one, now)
        inside = [at for at in looks if one.plugged_s <= at <= one.unplugged_s]
        if not inside:
            return None
        before = max((at for at in looks if at < one.plugged_s), default=None)
        out = min((at for at in looks if at > one.unplugged_s), default=None)
        samples = tuple(self._sample(one, at, off, k) for k, at in enumerate(inside))
        plugged = Moment(None if before is None else _at(before + off), _at(inside[0] + off))
        left = None if out is None else Moment(_at(inside[-1] + off), _at(out + off))
        return CarStay(f"v{number}", plugged, left, True if self.place[number] else None, SITE,
                       60.0 if self.tells[number] == "soc" else None, samples)  # fmt: skip

    def _looks(self, one: Truth, now: float) -> list[float]:
        """When a car is heard of (true clock): every so often, or whenever something happens at it."""
        phase, poll_min = float(self.phase[one.number]), self.world.poll_min
        if poll_min is not None:
            first = one.plugged_s - 60 * poll_min * 2 + phase
            return [at for at in np.arange(first, one.unplugged_s + 2 * 60 * poll_min, 60 * poll_min) if at <= now]
        full_s = one.plugged_s + 60 + 3600 * one.energy_kwh / one.power_kw
        told = [one.plugged_s - 1800, one.plugged_s - 1, one.plugged_s + 10, one.plugged_s + 75,
                *np.arange(one.plugged_s + 900, full_s, 900.0).tolist(), full_s + 10, one.unplugged_s - 1,
                one.unplugged_s + 10]  # fmt: skip
        return sorted(at for at in told if at <= now)

    def _sample(self, one: Truth, at: float, off: float, k: int) -> Sample:
        tells, noise = self.tells[one.number], 1 + float(self.noise[one.number, k % 400])
        power_kw, energy_kwh = one.power_at(at), one.energy_at(at)
        on = power_kw > 0
        if tells == "power":
            return Sample(_at(at + off), round(power_kw * noise, 1), charges=on)
        if tells == "energy":
            return Sample(_at(at + off), round(power_kw * noise, 1), round(energy_kwh * 0.98 * noise, 1), charges=on)
        soc = round(0.3 + 0.93 * energy_kwh / 60.0, 2) if tells == "soc" else None
        return Sample(_at(at + off), soc=soc, charges=on)


def judge(draw: Draw, now: float, tally: Tally, first: float) -> None:
    """Match what is known at an instant, and count."""
    chargers = [draw.charger(one, now) for one in draw.cars if draw.seen[one.number]]
    cars, truths = [], []
    for one in draw.cars:
        stay = draw.car(one, now) if draw.linked[one.number] else None
        if stay is not None:
            cars.append(stay)
            truths.append(one)
    del first
    for truth, found in zip(truths, match(chargers, cars), strict=True):
        is_seen = bool(draw.seen[truth.number])
        tally.cars += 1
        tally.true += is_seen
        if found.is_certain and found.charger is not None:
            tally.certain += 1
            if found.charger.session_id != f"s{truth.number}":
                tally.wrong += 1
                tally.mistakes.append(f"{found.why} {found.evidence} seen={is_seen}")
        elif found.reason in (PairReason.ALIKE, PairReason.WEAK):
            tally.reasons[found.reason] += 1


def familiar(history: History, world: World) -> tuple[float, float]:
    """How far off the clocks of a pair are taken to be, at first and after ten nights (s, medians)."""
    generator = np.random.default_rng(11)
    first, then = [], []
    for _, cars in zip(range(30), rushes(history, 3.7, world, generator), strict=False):
        draw = Draw(world, generator, cars)
        rows: list[PairRow] = []
        one = cars[0]
        true_s = float(draw.car_off[0] - draw.charger_off[0])
        for night in range(10):
            moved = replace(one, plugged_s=one.plugged_s + 86_400.0 * night + float(generator.uniform(0, 7200)))
            moved = replace(moved, unplugged_s=moved.plugged_s + 6 * 3600)
            draw.phase[0] = generator.uniform(0, 1800)
            charger, car = draw.charger(moved, moved.unplugged_s), draw.car(moved, moved.unplugged_s)
            if car is None:
                continue
            low, high = ahead_s(charger, car)
            rows.append(PairRow("t", f"n{night}", "v0", "d0", charger.plugged_at, PairState.ENDED, 1.0,
                                PairReason.TIMES, ahead_s_low=low, ahead_s_high=high))  # fmt: skip
        first.append(abs(true_s - ClockGap().ahead_s))
        then.append(abs(true_s - learned(rows).ahead_s))
    return float(np.median(first)), float(np.median(then))


def _at(seconds: float):  # noqa: ANN202
    return to_datetime(np.datetime64("1970-01-01T00:00:00", "s")) + timedelta(seconds=seconds)


if __name__ == "__main__":
    main()
