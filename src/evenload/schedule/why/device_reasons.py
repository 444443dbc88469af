"""What in a device keeps it from the power that a plan of any powers would give it, slot by slot.

Told apart are only cases in which one property of the device rules out the power it would be given: by how long or how
often it is told, by its least level, by its whole steps. Everything else stays ``StepReason.DEVICE``.
"""

import numpy as np
from numpy.typing import NDArray

from evenload.base.units import BoolArray, FloatArray, IntArray
from evenload.domain.reason import StepReason
from evenload.schedule.devices.levels import ANY, levels_of, untold
from evenload.schedule.planner import Planned
from evenload.schedule.why.step_reasons import CODE, NOTHING, SHARE


def device_reasons(planned: Planned) -> NDArray[np.uint8] | None:
    """Code of what in its device holds each slot (K,), ``NOTHING`` where none does; None where devices do as asked."""
    problem = planned.served
    levels, slots = levels_of(problem), problem.slot_sessions()
    never = untold(problem) & ~problem.opted_out
    coarse = (levels.coarse() & ~problem.opted_out & ~never)[slots]
    if not coarse.any() and not never.any():
        return None
    cap_kw, kw, wanted_kw = problem.cap_kw, planned.power_kw, planned.solution.plan.power_kw
    share = cap_kw / np.maximum(problem.power_kw_max[slots], 1e-300)
    step_kw, least_kw = levels.step_kw[slots] * share, levels.least_kw[slots] * share
    apart_kw, small_kw = np.abs(wanted_kw - planned.fitted.told_kw * share), SHARE * cap_kw
    on, kept = kw > small_kw, coarse & (apart_kw > np.maximum(small_kw, step_kw))
    since, command = _since_told(planned.fitted.told_kw, problem.offset, slots)
    dwell, most = levels.dwell_steps[slots], levels.commands_max[slots]
    used_up = (most != ANY) & (planned.fitted.commands[slots] >= most)
    found = np.full(kw.size, NOTHING)
    whole = coarse & on & (step_kw > 0) & (apart_kw > small_kw) & (apart_kw <= step_kw * (1 + SHARE))
    found[whole] = CODE[StepReason.WHOLE_STEP]
    found[coarse & ~on & (wanted_kw > small_kw) & (wanted_kw < least_kw - small_kw)] = CODE[StepReason.LEAST_LEVEL]
    found[kept & ~command & used_up] = CODE[StepReason.COMMANDS]
    found[kept & ~command & (since < dwell)] = CODE[StepReason.DWELL]
    found[never[slots]] = CODE[StepReason.UNTOLD]
    return found


def _since_told(told_kw: FloatArray, offset: IntArray, session: IntArray) -> tuple[IntArray, BoolArray]:
    """How many steps ago each slot's level was told, and where it is told in this one; very many before any is."""
    slot, begin = np.arange(told_kw.size), offset[:-1][session]
    before_kw = np.where(slot == begin, 0.0, np.concatenate([[0.0], told_kw])[: told_kw.size])
    command = np.abs(told_kw - before_kw) > 1e-9
    last = np.maximum.accumulate(np.where(command, slot, -1))
    return np.where(last >= begin, slot - last, told_kw.size + 1), command
