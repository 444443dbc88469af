"""What a run shows: energy and its shortfalls, cost, carbon, peaks, snapback, overloads."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from evenload.base.local_clock import parse_clock
from evenload.base.units import GRAMS_PER_KILOGRAM, MINUTES_PER_DAY, MINUTES_PER_HOUR, BoolArray, FloatArray, IntArray
from evenload.domain.reason import UnservedReason
from evenload.grid.loading import loading, over_limit, periods_over
from evenload.schedule.problem import Problem
from evenload.simulate.inputs import StudyInputs
from evenload.simulate.study_file import Study
from evenload.simulate.world import Cars, Run, Unit

_ROUNDING_KWH = 1e-6
"""Less than this is rounding of sums, not missing energy."""

_SHORT_KWH = 0.01
"""A session counts as short when it lacks more than this, so that rounding does not count."""

NOON = MINUTES_PER_DAY // 2


@dataclass(frozen=True, slots=True)
class Nights:
    """Noon-to-noon local days: the natural day of home charging.

    ``number`` (steps,) is the night of each step, -1 in the settling days and in incomplete nights;
    ``minute`` (steps,) is local minutes since the midnight before that noon, 720 to 2159.
    """

    number: IntArray
    minute: IntArray
    dates: np.ndarray[tuple[int], np.dtype[np.datetime64]]

    @classmethod
    def of(cls, inputs: StudyInputs, settle_days: int) -> "Nights":
        """The whole nights of the horizon, without ``settle_days`` at either end."""
        starts = inputs.horizon.starts()
        shown = inputs.clock.local(starts)
        date = (shown - np.timedelta64(NOON, "m")).astype("datetime64[D]")
        minute = inputs.clock.minute_of_day(starts)
        minute = np.where(minute < NOON, minute + MINUTES_PER_DAY, minute)
        dates, position, count = np.unique(date, return_inverse=True, return_counts=True)
        whole = count >= (MINUTES_PER_DAY - MINUTES_PER_HOUR) // inputs.horizon.step_minutes
        inner = np.arange(dates.size)
        whole &= (inner >= settle_days) & (inner < dates.size - settle_days)
        numbers = np.where(whole, np.cumsum(whole) - 1, -1)
        return cls(numbers[position], minute, dates[whole])

    @property
    def count(self) -> int:
        """How many nights are measured."""
        return int(self.dates.size)

    @property
    def measured(self) -> BoolArray:
        """Which steps are measured, shape (steps,)."""
        return np.asarray(self.number >= 0)


@dataclass(frozen=True, slots=True)
class Scene:
    """What all runs of a unit share."""

    study: Study
    inputs: StudyInputs
    unit: Unit
    cars: Cars
    nights: Nights


def run_row(scene: Scene, run: Run) -> dict[str, Any]:
    """One row of ``report.results.RUNS``."""
    problem = run.problem
    delivered = problem.delivered_kwh(run.power_kw)
    missing = problem.energy_kwh - delivered
    missing = np.where(missing > _ROUNDING_KWH, missing, 0.0)
    reasons = unserved_by_reason(problem, missing, run.choice.strategy.shortfall, scene.cars.early_h)
    signal = scene.inputs.signal
    step_kwh = run.ev_load_kw[0] * problem.horizon.hours_per_step
    carbon = signal.carbon_g_per_kwh
    row: dict[str, Any] = case(scene.unit, run) | {
        "cars": scene.cars.count,
        "sessions": problem.sessions,
        "energy_kwh_needed": float(problem.energy_kwh.sum()),
        "energy_kwh_delivered": float(delivered.sum()),
        "energy_kwh_unserved": float(missing.sum()),
        "energy_kwh_lost": scene.cars.energy_kwh_lost,
        "energy_kwh_beyond_power": scene.cars.energy_kwh_beyond_power,
        "sessions_short": int((missing > _SHORT_KWH).sum()),
        "cost": float(step_kwh @ signal.price_per_kwh),
        "carbon_kg": float(step_kwh @ carbon) / GRAMS_PER_KILOGRAM if carbon is not None else np.nan,
    }
    row |= {f"unserved_kwh_{reason.value}": kwh for reason, kwh in reasons.items()}
    row |= _peaks(scene, run) | {"snapback_kw_per_car": _snapback(scene, run)}
    return row | _overloads(scene, run)


def case(unit: Unit, run: Run) -> dict[str, Any]:
    """The columns that name a run."""
    return {
        "strategy": run.choice.label,
        "seed": unit.seed,
        "penetration": unit.penetration,
        "base_load": run.base_load,
        "behaviour": unit.behaviour,
    }


def unserved_by_reason(
    problem: Problem, missing_kwh: FloatArray, shortfall: UnservedReason, early_h: FloatArray
) -> dict[UnservedReason, float]:
    """Split missing energy by cause, kWh: what no strategy could have delivered is named before what this one did not.

    ``early_h`` (S,) is how many hours before its declared departure each car left, 0 where it did not. Impossible even
    at full power until the later of the two: ``TOO_SHORT``. Else what the time it left early could have held:
    ``LEFT_EARLY``. The rest is the strategy's own ``shortfall``.
    """
    given_up = early_h * problem.power_kw_max
    possible = problem.delivered_kwh(problem.cap_kw) + given_up
    too_short = np.minimum(missing_kwh, np.maximum(problem.energy_kwh - possible, 0.0))
    left_early = np.minimum(missing_kwh - too_short, given_up)
    total = dict.fromkeys(UnservedReason, 0.0)
    total[UnservedReason.TOO_SHORT] = float(too_short.sum())
    total[UnservedReason.LEFT_EARLY] = float(left_early.sum())
    total[shortfall] += float((missing_kwh - too_short - left_early).sum())
    return total


def circuit_rows(scene: Scene, run: Run) -> list[dict[str, Any]]:
    """One row of ``report.results.CIRCUITS`` a circuit."""
    tree, cars = scene.inputs.grid.tree, scene.cars
    measured = scene.nights.measured
    worked = loading(run.load_kw[:, measured], tree.limit_kw, run.problem.horizon.step_minutes)
    base_peak = run.problem.base_load_kw[:, measured].max(axis=1)
    ids, first = np.unique(cars.sessions.user_id, return_index=True)
    direct = np.bincount(cars.node[first], minlength=len(tree)).astype(np.float64)[:, None]
    hanging = tree.sum_up(direct)[:, 0].astype(np.int64) if ids.size else np.zeros(len(tree), dtype=np.int64)
    return [
        case(scene.unit, run)
        | {
            "node": circuit.node,
            "kind": circuit.kind.value,
            "cars": int(hanging[n]),
            "limit_kw": circuit.limit_kw,
            "base_peak_kw": float(base_peak[n]),
            "peak_kw": float(worked.peak_kw[n]),
            "loading_max": float(worked.loading_max[n]),
            "minutes_over_longest": float(worked.minutes_over_longest[n]),
            "minutes_over": float(worked.minutes_over[n]),
            "overload_kwh": float(worked.overload_kwh[n]),
        }
        for n, circuit in enumerate(tree.circuits)
    ]


def _peaks(scene: Scene, run: Run) -> dict[str, Any]:
    """Peak of all cars together, mean over nights, the median of its clock time, and the peaks of the system."""
    nights, measured = scene.nights, scene.nights.measured
    ev_kw = run.ev_load_kw[0, measured]
    by_night = np.full((nights.count, int(nights.minute.max()) + 1), -np.inf)
    np.maximum.at(by_night, (nights.number[measured], nights.minute[measured]), ev_kw)  # an hour may come twice
    minute = int(np.median(by_night.argmax(axis=1))) % MINUTES_PER_DAY
    return {
        "ev_peak_kw_per_car": float(by_night.max(axis=1).mean()) / scene.cars.count,
        "ev_peak_clock": f"{minute // MINUTES_PER_HOUR:02d}:{minute % MINUTES_PER_HOUR:02d}",
        "system_peak_kw": float(run.load_kw[0, measured].max()),
        "system_base_peak_kw": float(run.problem.base_load_kw[0, measured].max()),
    }


def _snapback(scene: Scene, run: Run) -> float:
    """Mean rise of EV load per car (kW) from the hour before to the hour after the timer's clock time."""
    measured = scene.nights.measured
    start = parse_clock(scene.study.snapback_clock())
    since = (run.problem.minute_of_day - start) % MINUTES_PER_DAY
    after = measured & (since < MINUTES_PER_HOUR)
    before = measured & (since >= MINUTES_PER_DAY - MINUTES_PER_HOUR)
    ev_kw = run.ev_load_kw[0]
    return float(ev_kw[after].mean() - ev_kw[before].mean()) / scene.cars.count


def _overloads(scene: Scene, run: Run) -> dict[str, Any]:
    """How many transformers, and on how many of their nights, were over by the study's criterion."""
    tree, nights, criterion = scene.inputs.grid.tree, scene.nights, scene.study.criterion
    rows = scene.inputs.grid.serving
    limit = tree.limit_kw[rows]
    load_kw, base_kw, ev_kw = run.load_kw[rows], run.problem.base_load_kw[rows], run.ev_load_kw[rows]
    step = run.problem.horizon.step_minutes
    over = periods_over(over_limit(load_kw, limit), nights.number, criterion.minutes, step)
    base_over = periods_over(over_limit(base_kw, limit), nights.number, criterion.minutes, step)
    homes = np.bincount(scene.inputs.grid.home_node, minlength=len(tree))[rows].astype(np.float64)
    ev_over = periods_over(over_limit(ev_kw, criterion.ev_kw_per_home * homes), nights.number, step, step)
    worked = loading(load_kw[:, nights.measured], limit, step)
    return {
        "transformers": int(rows.size),
        "transformers_over": int(over.any(axis=1).sum()),
        "transformers_over_base": int(base_over.any(axis=1).sum()),
        "transformer_days_over_share": float(over.mean()) if over.size else 0.0,
        "ev_days_over_share": float(ev_over.mean()) if ev_over.size else 0.0,
        "overload_kwh": float(worked.overload_kwh.sum()),
        "worst_loading": float(worked.loading_max.max(initial=0.0)),
    }
