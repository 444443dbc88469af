"""Series to try forecasts on: real charging of sites, computed PV, and neighbourhoods composed of household days.

What is real and what is not is said per set: the page docs/explanation/forecast.md repeats it.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from evenload.base.horizon import Horizon
from evenload.base.instants import parse_instant, to_datetime, to_datetime64
from evenload.base.local_clock import LocalClock, is_weekend
from evenload.base.units import FloatArray
from evenload.domain.history import History
from evenload.files import packaged
from evenload.files.importers.shared_sessions import read_history

SHARED_SESSIONS = Path(__file__).resolve().parents[2] / "shared" / "data" / "sessions"
STEP_MINUTES = 15
STEPS_A_DAY = 96
FORECAST_ERROR_C = 1.5


@dataclass(frozen=True, slots=True)
class Series:
    """One set: load of nodes (kW, negative where generated), and the temperature where the set has one."""

    key: str
    name: str
    nodes: tuple[str, ...]
    horizon: Horizon
    load_kw: FloatArray
    zone: str
    ends_with_sum: bool = False
    pv: bool = False
    temperature_c: FloatArray | None = None
    irradiance_w_m2: FloatArray | None = None
    homes: FloatArray | None = None


def norway() -> Series:
    """Charging of Norwegian apartment sites in 2019, most of them growing, and their sum; power as estimated there."""
    return charging("norway", packaged.history("residential-norway"), "Europe/Oslo", "2018-12-01", "2020-02-01", 7.0)


def boulder() -> Series:
    """Charging of Boulder's public level 2 sites in 2019 (7 kW assumed), and their sum."""
    return charging("boulder", shared("public_boulder"), "America/Denver", "2018-10-01", "2019-12-31", 6.2)


def perth() -> Series:
    """Charging of Perth & Kinross' public sites in 2017-2018, and their sum."""
    return charging("perth", shared("public_perth_kinross"), "Europe/London", "2017-07-01", "2018-08-31", 22.0)


def shared(name: str) -> History:
    return read_history(SHARED_SESSIONS / f"{name}.csv.gz")


def charging(name: str, history: History, zone: str, first: str, last: str, power_kw: float) -> Series:
    """Load of every site with a session a day, and their sum: each car at its power from plug-in until done."""
    clock = LocalClock(zone)
    horizon = whole_days(clock, first, last)
    start, end = to_datetime64(horizon.start), to_datetime64(horizon.end)
    history = history.take((history.plugged_at >= start) & (history.unplugged_at < end))
    days = horizon.steps / STEPS_A_DAY
    sites, counts = np.unique(history.site_id, return_counts=True)
    kept = sites[counts >= days]
    load = np.array([site_load(history.take(history.site_id == site), horizon, power_kw) for site in kept])
    everything = np.vstack([load, load.sum(axis=0)])
    return Series(name, f"{name}, charging of sites", (*kept.tolist(), "all"), horizon, everything, zone, True)


def site_load(history: History, horizon: Horizon, power_kw: float) -> FloatArray:
    """Mean charging power of each step (kW): the power needed is kept up from plug-in until the energy is in."""
    power = np.where(np.isnan(history.power_kw_max), power_kw, history.power_kw_max)
    power = np.maximum(power, history.energy_kwh_metered / history.connected_h)
    begins = horizon.position(history.plugged_at)
    ends = begins + history.energy_kwh_metered / power / horizon.hours_per_step
    edges = np.arange(horizon.steps + 1, dtype=np.float64)
    energy = np.zeros(edges.size)
    for begin, finish, kw in zip(begins, ends, power, strict=True):
        low, high = int(begin), min(int(finish) + 2, horizon.steps)
        energy[low : high + 1] += kw * (np.clip(edges[low : high + 1], begin, finish) - begin)
        energy[high + 1 :] += kw * (finish - begin)
    return np.diff(energy)


def whole_days(clock: LocalClock, first: str, last: str) -> Horizon:
    begin, end = clock.utc(np.array([first, last], dtype="datetime64[s]"))
    return Horizon.between(to_datetime(begin), to_datetime(end), STEP_MINUTES)


def pv(seed: int = 5) -> Series:
    """Ten kWp in San Diego, computed from a typical year's weather, hourly values held for four steps.

    The irradiance is made from the output itself, with an error of 20 % that lasts some hours: it is assumed that the
    sun can be forecast that well.
    """
    series = packaged.series("pv-san-diego", "kw_per_kwp")
    horizon = Horizon.between(parse_instant("2019-01-01T00:00:00-08:00"), parse_instant("2020-01-01T00:00:00-08:00"))
    output = series.onto(horizon)
    error = lasting(np.random.default_rng(seed), output.size, 0.2, 0.95)
    sun = 1000.0 * output * np.exp(error)
    return Series(
        "pv", "pv, 10 kWp", ("pv",), horizon, -10.0 * output[None], "America/Los_Angeles", pv=True, irradiance_w_m2=sun
    )


def neighbourhoods(seed: int = 7) -> Series:
    """Composed: homes drawing household days, each with a heat pump or not, holidays away, and a made-up winter.

    Transformers of 5, 20 and 60 homes, the feeder above all of them. Nothing here was metered. The temperature handed
    out is a forecast, wrong by 1.5 degrees (one standard deviation) for a day at a time.
    """
    rng = np.random.default_rng(seed)
    clock = LocalClock("Europe/London")
    horizon = whole_days(clock, "2019-01-01", "2020-02-01")
    starts = horizon.starts()
    temperature = made_up_temperature(rng, starts)
    sizes = [5] * 6 + [20] * 6 + [60] * 4
    load = np.array([homes_load(size, rng, clock, starts, temperature) for size in sizes])
    wrong = np.repeat(rng.normal(0.0, FORECAST_ERROR_C, starts.size // STEPS_A_DAY + 1), STEPS_A_DAY)[: starts.size]
    names = tuple(f"T{i}_{size}_homes" for i, size in enumerate(sizes))
    return Series(
        "neighbourhoods", "neighbourhoods", (*names, "feeder"), horizon, np.vstack([load, load.sum(axis=0)]),
        clock.zone, True, temperature_c=temperature + wrong, homes=np.array([*sizes, sum(sizes)], dtype=np.float64),
    )  # fmt: skip


def made_up_temperature(rng: np.random.Generator, starts: np.ndarray) -> FloatArray:
    """Yearly and daily cosine, and a day-to-day weather of 3 degrees that lasts some three days."""
    day = (starts - starts[0]).astype(np.int64) / 86400.0
    weather = lasting(rng, int(day[-1]) + 3, 3.0, 0.7)
    yearly = 10.0 - 7.0 * np.cos(2 * np.pi * (day - 20.0) / 365.25)
    daily = -3.0 * np.cos(2 * np.pi * (day - 3.0 / 24))
    return np.asarray(yearly + daily + np.interp(day, np.arange(weather.size), weather))


def lasting(rng: np.random.Generator, size: int, deviation: float, kept: float) -> FloatArray:
    """Noise with a standard deviation, of which each value keeps a share of the one before."""
    shocks = rng.normal(0.0, deviation * np.sqrt(1 - kept**2), size)
    values = np.zeros(size)
    for i in range(1, size):
        values[i] = kept * values[i - 1] + shocks[i]
    return values


def homes_load(
    homes: int, rng: np.random.Generator, clock: LocalClock, starts: np.ndarray, temperature: FloatArray
) -> FloatArray:
    """Each home repeats its own few household days, shifted by its habit; one in four heats with electricity."""
    profiles = packaged.households(step_minutes=STEP_MINUTES)
    dates = clock.date(starts)
    slot = clock.minute_of_day(starts) // STEP_MINUTES
    days, which_day = np.unique(dates, return_inverse=True)
    weekend = is_weekend(days)
    total = np.zeros(starts.size)
    for _ in range(homes):
        own = rng.choice(profiles.shape[0], 4, replace=False)
        habit = rng.integers(-4, 5)
        shift = habit + rng.integers(-3, 4, days.size) + np.where(weekend, 4, 0)
        drawn = own[rng.integers(0, own.size, days.size)]
        size = rng.lognormal(0.0, 0.3) * rng.lognormal(0.0, 0.15, days.size)
        away = np.convolve(rng.random(days.size) < 0.006, np.ones(7))[: days.size] > 0
        daily = np.where(away, 0.2, size) * np.where(weekend, 1.1, 1.0)
        total += daily[which_day] * profiles[drawn[which_day], (slot - shift[which_day]) % STEPS_A_DAY]
        if rng.random() < 0.25:
            total += rng.uniform(0.06, 0.14) * np.maximum(15.0 - temperature, 0.0) * np.where(away, 0.4, 1.0)[which_day]
    return total


def simbench(folder: Path) -> Iterator[Series]:
    """SimBench's load and PV profiles of 2016 (simbench.net, ODbL), per unit; the database is not part of evenload."""
    horizon = Horizon.between(parse_instant("2016-01-01T00:00:00+01:00"), parse_instant("2017-01-01T00:00:00+01:00"))
    loads = pd.read_csv(folder / "LoadProfile.csv", sep=";").filter(regex=r"^(G\d|H0|L\d)-[A-Z]_pload$")
    pv = pd.read_csv(folder / "RESProfile.csv", sep=";").filter(regex=r"^PV\d$")
    yield Series(
        "simbench", "simbench loads", tuple(loads), horizon, loads.to_numpy().T[:, : horizon.steps], "Europe/Berlin"
    )
    yield Series(
        "simbench-pv", "simbench pv", tuple(pv), horizon, -pv.to_numpy().T[:, : horizon.steps], "Europe/Berlin", pv=True
    )


SETS: dict[str, Callable[[], Series]] = {f.__name__: f for f in (norway, boulder, perth, pv, neighbourhoods)}
