"""Why every car has the power it has in every step of a plan, and when it is ready.

Reasons are read off the problem and the powers, so that any plan can be explained; what an optimiser knows besides (the
value of circuits and of one kWh more) decides which circuit is named and what a car would draw. Source: DESIGN section
5; requirement R30.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from evenload.base.instants import InstantArray, to_datetime64
from evenload.base.units import BoolArray, FloatArray, IntArray
from evenload.schedule.blocks import Block, blocks
from evenload.schedule.problem import Problem
from evenload.schedule.why.held import Held
from evenload.schedule.why.own_generation import own_generation_of
from evenload.schedule.why.shortfalls import Shortfalls, shortfalls
from evenload.schedule.why.step_reasons import Look, each_session, field_of
from evenload.schedule.why.summary import Outcome

_NEARLY: Final = 1e-4
"""A need is met when this share of it at most is still missing."""


@dataclass(frozen=True, slots=True)
class Explanations:
    """Why, slot by slot and session by session.

    ``reason`` (K,) holds indices of ``step_reasons.REASONS``. ``ready_slots`` (S,) is how many slots of its window it
    takes until the need is met for good, -1 where it is not. ``marginal_per_kwh`` (S,) is what one kWh more costs, NaN
    where it is not known; where ``more_possible`` (S,) is False no circuit, car or battery leaves room for any.
    ``latest_start`` (S,) is when charging at full power from then on would still meet the need, NaT where not even
    plug-in is early enough. ``limiting`` and ``peaking`` (N, T) are the circuits that hold a car at that node, -1 for
    none (``peaking`` is None without a peak that is paid for).
    """

    outcome: Outcome
    reason: NDArray[np.uint8]
    ready_slots: IntArray
    plugged_at: InstantArray
    departs_at: InstantArray
    latest_start: InstantArray
    marginal_per_kwh: FloatArray
    more_possible: BoolArray
    shortfalls: Shortfalls
    limiting: IntArray
    peaking: IntArray | None
    held: Held | None = None

    def ready_at(self) -> InstantArray:
        """When each need is met for good, ``datetime64[s]`` UTC, NaT where it is not; shape (S,)."""
        problem = self.outcome.problem
        ends = _instants(problem, problem.first_step + np.maximum(self.ready_slots, 0))
        ready = np.clip(ends, self.plugged_at, self.departs_at)
        return np.where(self.ready_slots < 0, np.datetime64("NaT", "s"), ready)

    def slack_minutes(self) -> FloatArray:
        """Minutes between being ready and departure, NaN where a session is not ready; shape (S,)."""
        slack = (self.departs_at - self.ready_at()).astype(np.int64) / 60.0
        return np.where(self.ready_slots < 0, np.nan, slack)


def explain(
    outcome: Outcome,
    shadow_price: FloatArray | None = None,
    scarcity: BoolArray | None = None,
    marginal_per_kwh: FloatArray | None = None,
    held: Held | None = None,
) -> Explanations:
    """Explain the powers of a plan.

    ``shadow_price`` (N, T) and ``scarcity`` (N, T) name the circuit where several are at their limit;
    ``marginal_per_kwh`` (S,), the price of one kWh more, says below which price a car would draw more. Without it that
    is the dearest price at which it draws anything but its minimum. ``held`` says what holds slots beside circuits.
    """
    problem = outcome.problem
    field = field_of(outcome, shadow_price, scarcity)
    lacking = outcome.unserved_kwh() > 0
    known = np.full(problem.sessions, np.nan) if marginal_per_kwh is None else marginal_per_kwh
    reason, wants = np.empty(problem.cap_kw.size, dtype=np.uint8), np.empty(problem.cap_kw.size, dtype=np.bool_)
    own = own_generation_of(outcome)
    ready, possible = np.zeros(problem.sessions, dtype=np.int64), np.zeros(problem.sessions, dtype=np.bool_)
    for block in blocks(problem, outcome.power_kw):
        here = block.sessions
        ready[here] = _ready_slots(problem, block)
        look = Look.at(outcome, field, block, own)
        would_pay = np.where(lacking[here], np.inf, np.fmax(look.dearest_per_kwh, known[here]))
        reason[block.slots], wants[block.slots] = look.reasons(would_pay, ready[here]), look.wants(would_pay)
        possible[here] = look.more_possible()
    if held is not None:
        reason = held.over(reason, wants)
    if own is not None:
        held = (held or Held.nothing(reason.size)).with_own(own, reason)
    plugged_at, departs_at = _window(problem)
    return Explanations(
        outcome, reason, np.where(lacking, -1, ready), plugged_at, departs_at,
        _latest_start(problem, plugged_at, departs_at), known, possible, shortfalls(outcome, scarcity), field.limiting,
        field.peaking, held,
    )  # fmt: skip


def _ready_slots(problem: Problem, block: Block) -> IntArray:
    """Slots until the level reaches the need and stays there, shape (m,)."""
    need = problem.energy_kwh[block.sessions]
    local = block.session - block.sessions.start
    below = block.before_kwh < (need - _NEARLY * np.maximum(need, 1e-3))[local]
    count = np.arange(below.size) - block.begin[local] + 1
    return np.asarray(each_session(np.maximum, np.where(below, count, 0), block, 0))


def _instants(problem: Problem, step: FloatArray | IntArray) -> InstantArray:
    seconds = np.rint(np.asarray(step) * problem.horizon.step_minutes * 60.0).astype("timedelta64[s]")
    return np.asarray(to_datetime64(problem.horizon.start) + seconds)


def _window(problem: Problem) -> tuple[InstantArray, InstantArray]:
    """Plug-in and departure of each session; of one inside a single step the step's own start and end."""
    lengths = np.diff(problem.offset)
    late, early = np.zeros(lengths.size), np.zeros(lengths.size)
    several = lengths > 1
    power_kw = problem.power_kw_max[several]
    late[several] = 1.0 - problem.cap_kw[problem.offset[:-1][several]] / power_kw
    early[several] = 1.0 - problem.cap_kw[problem.offset[1:][several] - 1] / power_kw
    return _instants(problem, problem.first_step + late), _instants(problem, problem.first_step + lengths - early)


def _latest_start(problem: Problem, plugged_at: InstantArray, departs_at: InstantArray) -> InstantArray:
    """When full power, as far as the battery takes it, must begin to meet the need by departure."""
    need, batteries = problem.energy_kwh, problem.batteries
    hours = need / problem.power_kw_max
    if batteries is not None:
        tapering = np.isfinite(batteries.knee_kwh) & (need > batteries.knee_kwh)
        knee, full = batteries.knee_kwh[tapering], batteries.full_kwh[tapering]
        begin = np.maximum(knee, 0.0)
        with np.errstate(divide="ignore", invalid="ignore"):
            # above the knee power is proportional to what is missing to full: the level nears it exponentially
            slow = (full - knee) * np.log((full - begin) / np.maximum(full - need[tapering], 0.0))
        hours[tapering] = (begin + slow) / problem.power_kw_max[tapering]
    window_h = (departs_at - plugged_at).astype(np.int64) / 3600.0
    fits = hours <= window_h * (1 + 1e-9)
    seconds = np.rint(np.where(fits, hours, 0.0) * 3600.0).astype("timedelta64[s]")
    return np.where(fits, departs_at - seconds, np.datetime64("NaT", "s"))
