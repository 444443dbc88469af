"""Reasons that circuits and prices alone do not show: what events ask, turns, limits across, devices, risk."""

from dataclasses import replace

import numpy as np

from evenload.base.units import BoolArray, IntArray
from evenload.domain.reason import StepReason
from evenload.schedule.events.limits import limit_of_slot
from evenload.schedule.events.report import event_of_slot
from evenload.schedule.planner import Planned
from evenload.schedule.problem import Problem
from evenload.schedule.why.device_reasons import device_reasons
from evenload.schedule.why.early import early_slots
from evenload.schedule.why.held import Held
from evenload.schedule.why.step_reasons import CODE, NOTHING, SHARE


def held_by(planned: Planned) -> Held | None:
    """What holds each slot of a plan beside circuits and prices; None for a plan without any of it."""
    heeded, across = planned.heeded, planned.steered.across
    device, early = device_reasons(planned), early_slots(planned)
    if not heeded.asked and across is None and device is None and early is None:
        return None
    cap_kw, kw = planned.problem.cap_kw, planned.power_kw
    below, on = kw < (1 - SHARE) * cap_kw, kw > SHARE * cap_kw
    names = [f"event {one.event.event_id}" for one in heeded.asked]
    reason, holder = np.full(kw.size, NOTHING), np.full(kw.size, -1)

    def put(why: StepReason, who: IntArray, where: BoolArray) -> None:
        chosen = where & (who >= 0)
        reason[chosen], holder[chosen] = CODE[why], who[chosen]

    if across is not None:
        turns_from = heeded.problem.across.name.size if heeded.problem.across is not None else 0
        row = limit_of_slot(_without_own_generation(planned.steered, heeded.first_limit), kw)
        own = (row < heeded.first_limit) & (row >= 0)
        put(StepReason.GROUP_LIMIT, np.where(own, len(names) + row, -1), below)
        put(StepReason.RELEASE, np.where(row >= turns_from, len(names) + row, -1), below)
        names += [str(name) for name in across.name]
    put(StepReason.EVENT, event_of_slot(heeded, for_more=False), below)
    put(StepReason.ABSORB, event_of_slot(heeded, for_more=True), on)
    return Held(reason, holder, tuple(names), device, early)


def _without_own_generation(problem: Problem, first_limit: int) -> Problem:
    """The problem whose own limits with a price hold nobody: that price is explained as one."""
    across = problem.across
    if across is None:
        return problem
    priced = np.isfinite(across.over_per_kwh) & (np.arange(across.name.size) < first_limit)[:, None]
    return replace(problem, across=replace(across, limit_kw=np.where(priced, np.inf, across.limit_kw)))
