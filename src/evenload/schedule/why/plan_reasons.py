"""Reasons of a plan that circuits and prices alone do not show: what events ask, turns, limits across the tree."""

import numpy as np

from evenload.base.units import BoolArray, IntArray
from evenload.domain.reason import StepReason
from evenload.schedule.events.limits import limit_of_slot
from evenload.schedule.events.report import event_of_slot
from evenload.schedule.planner import Planned
from evenload.schedule.why.held import NOTHING, Held
from evenload.schedule.why.step_reasons import CODE, SHARE


def held_by(planned: Planned) -> Held | None:
    """What holds each slot of a plan beside circuits and prices; None for a plan without any of it."""
    heeded, across = planned.heeded, planned.steered.across
    if not heeded.asked and across is None:
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
        row = limit_of_slot(planned.steered, kw)
        own = (row < heeded.first_limit) & (row >= 0)
        put(StepReason.GROUP_LIMIT, np.where(own, len(names) + row, -1), below)
        put(StepReason.RELEASE, np.where(row >= turns_from, len(names) + row, -1), below)
        names += [str(name) for name in across.name]
    put(StepReason.EVENT, event_of_slot(heeded, for_more=False), below)
    put(StepReason.ABSORB, event_of_slot(heeded, for_more=True), on)
    return Held(reason, holder, tuple(names))
