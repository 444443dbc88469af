"""Plans that reckon with drivers who leave before they said. Risk stands in prices, so what is feasible stays feasible.

Two ways, alone or together. **By a share**: be done by the time that a share of drivers is still there, as far as power
and limits allow; charging later costs more than any saving is worth. It is a chance constraint (Charnes and Cooper
1959), softened. **By value**: energy planned for a step is lost if the driver is gone by then, so the step costs the
value of a lost kWh times the chance of that. The expected loss is linear in the plan, so the prices are exact.
"""

from dataclasses import dataclass, replace
from math import isfinite
from typing import Final

import numpy as np

from evenload.base.errors import InputError
from evenload.base.units import BoolArray, FloatArray, IntArray
from evenload.schedule.problem import Problem
from evenload.schedule.problem_parts import Tariffs
from evenload.schedule.risk.departures import DepartureRisk

_LATE: Final = 3.0
"""Charging too late costs so many times the spread of prices, and once more for every step or hour it is later."""

_FLAT: Final = 0.01
_IN_TIME: Final = 1e-9


@dataclass(frozen=True, slots=True)
class Caution:
    """What is known of drivers who leave early, and how much it weighs.

    ``share_there``, 0 (off) to below 1: be done by the time that this share of drivers is still there; 0.5 is bold,
    0.95 careful. ``value_per_kwh``, 0 (off) or more: what a kWh that a driver leaves without is worth beyond its own
    price, currency per kWh. Raises ``InputError`` for others.
    """

    risk: DepartureRisk
    share_there: float = 0.0
    value_per_kwh: float = 0.0

    def __post_init__(self) -> None:
        if not 0 <= self.share_there < 1:
            raise InputError(f"share_there must be 0 (off) or a share below 1, such as 0.9, not {self.share_there}")
        if not (isfinite(self.value_per_kwh) and self.value_per_kwh >= 0):
            raise InputError(f"value_per_kwh must be a number of 0 or more, not {self.value_per_kwh}")


def cautious(problem: Problem, caution: Caution, stay_slots: IntArray | None = None) -> Problem:
    """The problem with the risk of early departures in its prices: to be planned; money is counted on the original.

    ``stay_slots`` (S,) are whole slots from plug-in to the declared departure, where windows begin later than plug-in.
    Cars whose window begins in the first step are known to be there then; of others nothing is known but what they say.
    """
    kinds = _kinds(problem, caution.risk, stay_slots)
    extra = np.zeros((kinds.group.size, problem.horizon.steps))
    if caution.value_per_kwh > 0:
        extra += caution.value_per_kwh * _gone(problem, caution.risk, kinds)
    if caution.share_there > 0:
        early = caution.risk.minutes_early(caution.share_there)[kinds.group] / problem.horizon.step_minutes
        late = np.arange(1.0, problem.horizon.steps + 1) - (kinds.ends - early)[:, None]  # of each step's end, steps
        extra += too_late_per_kwh(problem, late)  # rising by the step: as soon as can be
    return with_extra_price(problem, kinds.of_session, extra)


def expected_loss_kwh(problem: Problem, risk: DepartureRisk, power_kw: FloatArray) -> FloatArray:
    """What early departures are expected to cost the plan ``power_kw`` (K,) in energy, kWh of each session (S,), if
    nothing is planned again.
    """
    kinds = _kinds(problem, risk, None)
    gone = _gone(problem, risk, kinds)
    session = problem.slot_sessions()
    lost_kw = power_kw * gone[kinds.of_session[session], problem.slot_steps()]
    return np.asarray(
        np.bincount(session, lost_kw, problem.sessions) * problem.horizon.hours_per_step, dtype=np.float64
    )


def with_extra_price(problem: Problem, kind: IntArray, extra_per_kwh: FloatArray) -> Problem:
    """The problem with ``extra_per_kwh`` (G, T) added to the prices of sessions of each ``kind`` (S,), an index below
    G; sessions of one kind and tariff share a tariff.
    """
    if not problem.sessions:
        return problem
    before = problem.all_tariffs()
    pair = before.of_session * extra_per_kwh.shape[0] + kind
    distinct, of_session = np.unique(pair, return_inverse=True)
    tariff, extra = np.divmod(distinct, extra_per_kwh.shape[0])
    more = extra_per_kwh[extra]
    return replace(
        problem,
        tariffs=Tariffs(of_session, before.import_per_kwh[tariff] + more, before.export_per_kwh[tariff] + more),
    )


def too_late_per_kwh(problem: Problem, late: FloatArray) -> FloatArray:
    """What charging too late costs, currency per kWh, by how late it is: more than any difference of prices, and that
    once more for each unit; 0 where ``late`` is not above 0.
    """
    return np.where(late > _IN_TIME, _spread(problem.price_per_kwh) * (_LATE + late), 0.0)


def _spread(price_per_kwh: FloatArray) -> float:
    """The largest difference of prices; of flat ones a little of them, never 0."""
    return max(float(np.ptp(price_per_kwh)), _FLAT * float(np.abs(price_per_kwh).max())) or _FLAT


@dataclass(frozen=True, slots=True)
class _Kinds:
    """Sessions that risk treats alike: class of stay, step of the declared departure, whether they are known to be
    there; shape (G,), and which kind each session is, (S,).
    """

    group: IntArray
    ends: IntArray
    here: BoolArray
    of_session: IntArray


def _kinds(problem: Problem, risk: DepartureRisk, stay_slots: IntArray | None) -> _Kinds:
    stay = problem.declared_slots if stay_slots is None else stay_slots
    group = risk.class_of(np.asarray(stay * float(problem.horizon.step_minutes), dtype=np.float64))
    ends, here = problem.first_step + problem.declared_slots, problem.first_step == 0
    distinct, of_session = np.unique(np.stack([group, ends, here], axis=1), axis=0, return_inverse=True)
    return _Kinds(distinct[:, 0], distinct[:, 1], distinct[:, 2] > 0, of_session.reshape(-1))


def _gone(problem: Problem, risk: DepartureRisk, kinds: _Kinds) -> FloatArray:
    """Chance that a driver is gone by the middle of every step, (G, T)."""
    step_minutes = float(problem.horizon.step_minutes)
    middle = np.arange(problem.horizon.steps) + 0.5
    minutes_before = (kinds.ends[:, None] - middle) * step_minutes
    last_seen = np.where(kinds.here, kinds.ends * step_minutes, np.inf)
    return 1.0 - risk.there_of_those_here(kinds.group, minutes_before, last_seen)
