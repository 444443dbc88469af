"""What a live plan is to heed besides its problem: events, early departures, and who was short before."""

from math import ceil

import numpy as np

from evenload.schedule.planner import Wishes
from evenload.service.experience import whose
from evenload.service.problem_of import Asked
from evenload.service.snapshot import Snapshot


def wishes_of(seen: Snapshot, asked: Asked) -> Wishes:
    """For the planner. Events at circuits that are no more ask nobody."""
    sessions, index = asked.sessions, asked.problem.tree.index
    events = tuple(one for one in seen.events if not one.node or one.node in index)
    here = {one.session_id for one in sessions}
    opt_outs = {
        one.event_id: [name for name in seen.opt_outs.get(one.event_id, ()) if name in here] for one in events
    }  # fmt: skip
    groups = np.array([seen.groups.get(one.session_id, "") for one in sessions], dtype=np.str_)
    weight = np.array([seen.weights.get(whose(one), 1.0) for one in sessions], dtype=np.float64)
    step_s = asked.problem.horizon.step_minutes * 60
    stay = [ceil((one.departs_at - one.plugged_at).total_seconds() / step_s) for one in sessions]
    return Wishes(
        events, groups if events else None, opt_outs, caution=seen.caution,
        weight=weight if (weight != 1).any() else None, stay_slots=np.maximum(np.array(stay, dtype=np.int64), 1),
    )  # fmt: skip
