"""From what the brain sees to a planning problem: who can be planned, what the rest may draw, what circuits allow."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from math import inf
from typing import Final

import numpy as np

from evenload.base.horizon import Horizon
from evenload.base.instants import to_datetime, to_datetime64
from evenload.base.local_clock import LocalClock
from evenload.base.units import BoolArray, FloatArray
from evenload.domain.circuit import Circuit, CircuitKind, CircuitTree
from evenload.domain.station_limits import Limits
from evenload.schedule.problem import Problem
from evenload.schedule.problem_parts import Tariffs
from evenload.schedule.windows import Windows
from evenload.service.expected import base_load
from evenload.service.live_rows import LimitRow, NeedBasis, SessionRow, SignalRow
from evenload.service.snapshot import DeviceState, Snapshot, Trust

ROOT: Final = "(all)"
"""The name of the circuit above those that have none above them."""

STEP_MINUTES: Final = 15
HOURS_AHEAD: Final = 36
_GOES_ON: Final = 0.002
_GOES_ON_STEPS: Final = 3
_OVERDUE: Final = timedelta(hours=1)
_UNSEEN: Final = timedelta(hours=1)
"""So far ahead a car is reckoned with at a device that is out of reach; later it is likely to be back."""

_AT_LEAST: Final = timedelta(minutes=1)
_EARLY: Final = timedelta(minutes=15)
"""So long before its departure a car is to be ready: drivers come early, and meters and commands take their time."""

_HELD: Final = 1.15
"""A car that draws so much less than it may, draws what it can."""

_METERED_UP: Final = 1.02
_SETTLED: Final = timedelta(minutes=3)
_DRAWS_KW: Final = 0.5
_MORE_KWH: Final = 5.0
"""What a car is supposed to want still that charges beyond what is usual for it."""

_EARLIER: Final = 2e-5
"""A price that rises by so little a step has cars charge earlier rather than later where nothing else is to be gained:
plans made soon after one another are then alike.
"""


@dataclass(frozen=True, slots=True)
class Asked:
    """A problem, the sessions it plans in its order, the others, and what it takes as given.

    ``uncontrolled`` are devices with a car that cannot be told what to draw; ``without`` are nodes with no forecast.
    ``share_left`` is what is left of the first step: its room is that share of what the circuits have, so that a mean
    over the whole step stands for a power from now on that fits. ``known_kw`` is what is said of each car's power,
    ``charging`` (sessions,) which may charge by what they were told last.
    ``unseen`` are devices out of reach where a car may have come since; ``unplaced`` are at sites without a circuit.
    ``steps_held``: for so many steps of the horizon the forecast was too old, and its last day was held.
    ``fallbacks_unverified``: so many managed devices were not seen to have a fallback (R147).
    """

    problem: Problem
    sessions: tuple[SessionRow, ...]
    others: tuple[SessionRow, ...]
    uncontrolled: tuple[DeviceState, ...]
    without: tuple[str, ...]
    price_is_known: bool
    share_left: float
    known_kw: tuple[float, ...]
    charging: BoolArray
    unseen: tuple[DeviceState, ...] = ()
    unplaced: tuple[SessionRow, ...] = ()
    steps_held: int = 0
    fallbacks_unverified: int = 0


def horizon_at(now: datetime, step_minutes: int = STEP_MINUTES, hours: int = HOURS_AHEAD) -> Horizon:
    """The horizon whose first step is the one that goes on now."""
    whole = now.replace(minute=now.minute - now.minute % step_minutes, second=0, microsecond=0)
    return Horizon(whole, step_minutes, hours * 60 // step_minutes)


def problem_of(seen: Snapshot, horizon: Horizon) -> Asked:
    """The problem of a moment. Cars that cannot be told anything are load that is there, until they leave."""
    tree = tree_of(seen.circuits)
    planned, others, unplaced = _split(seen, tree)
    unseen = _unseen(seen, tree)
    uncontrolled = tuple(seen.devices[one.device_id] for one in others)
    base = base_load(tree, horizon, seen.expected)
    base_kw = base.load_kw + _uncontrolled_kw(seen, tree, horizon, _stays(seen, others, unseen))
    price, known = _price(horizon, seen.signals)
    starts = np.full(len(planned), to_datetime64(seen.now))
    leaves = [min(max(leaves_at(one, seen.now), seen.now + _AT_LEAST), horizon.end) for one in planned]
    windows = Windows.between(horizon, starts, np.array([to_datetime64(one) for one in leaves], dtype="datetime64[s]"))
    power_kw = np.array([power_kw_max(one, seen) for one in planned], dtype=np.float64)
    missing = np.array([missing_kwh(one, seen) for one in planned], dtype=np.float64)
    known_kw = tuple(known_kw_max(one, seen) for one in planned)
    slots = np.diff(windows.offset)
    on = np.array([_charges(one, seen) for one in planned], dtype=np.bool_)
    share_left = 1.0 - float(horizon.position(np.array([to_datetime64(seen.now)]))[0])
    limit_kw = _guarded_kw(tree, seen, limits_kw(tree, horizon, seen.limits))
    emergency_kw = _emergency_kw(tree, limit_kw)
    problem = Problem(
        horizon=horizon, session_id=np.array([one.session_id for one in planned], dtype=np.str_),
        node=tree.find([one.site_id for one in planned]) if planned else np.zeros(0, dtype=np.int64),
        first_step=windows.first_step, offset=windows.offset, cap_kw=windows.coverage * np.repeat(power_kw, slots),
        declared_slots=slots, energy_kwh=missing, power_kw_max=power_kw,
        opted_out=np.zeros(len(planned), dtype=np.bool_), tree=tree, base_load_kw=base_kw,
        limit_kw=_left_of(limit_kw, base_kw, share_left), price_per_kwh=price,
        minute_of_day=LocalClock(_zone(seen)).minute_of_day(horizon.starts()),
        minimum_kwh=np.minimum(np.array([_minimum_kwh(one, seen.now) for one in planned], dtype=np.float64), missing),
        emergency_limit_kw=_left_of(emergency_kw, base_kw, share_left),
        export_limit_kw=tree.export_limit_kw[:, None], tariffs=_for_who_charges(price, on),
    )  # fmt: skip
    return Asked(
        problem, tuple(planned), tuple(others), uncontrolled, base.without, known, share_left, known_kw, on, unseen,
        unplaced, base.steps_held, seen.fallbacks_unverified,
    )  # fmt: skip


def tree_of(circuits: Sequence[Circuit]) -> CircuitTree:
    """A tenant's circuits as one tree, below a circuit without limit where several have nothing above them."""
    roots = [one for one in circuits if not one.parent]
    if len(roots) == 1:
        return CircuitTree.of(circuits)
    zones = {one.timezone for one in roots if one.timezone}
    top = Circuit(ROOT, "", CircuitKind.SYSTEM, timezone=zones.pop() if len(zones) == 1 else "")
    below = [replace(one, parent=one.parent or ROOT) for one in circuits]
    return CircuitTree.of([top, *below])


def _zone(seen: Snapshot) -> str:
    zones = {one.timezone for one in seen.sites.values()}
    return zones.pop() if len(zones) == 1 else "UTC"


# sessions


def _split(
    seen: Snapshot, tree: CircuitTree
) -> tuple[list[SessionRow], list[SessionRow], tuple[SessionRow, ...]]:  # fmt: skip
    """Sessions that can be planned, those whose devices do as they will, and those at no circuit."""
    planned: list[SessionRow] = []
    others: list[SessionRow] = []
    unplaced: list[SessionRow] = []
    for one in seen.sessions:
        state = seen.devices.get(one.device_id)
        if state is None or one.site_id not in tree.index:
            unplaced.append(one)
        else:
            (planned if state.trust is Trust.CONTROLLED else others).append(one)
    return planned, others, tuple(unplaced)


def _unseen(seen: Snapshot, tree: CircuitTree) -> tuple[DeviceState, ...]:
    """Devices out of reach at which no car is known to be: one may have come since."""
    busy = {one.device_id for one in seen.sessions}
    return tuple(
        state
        for name, state in seen.devices.items()
        if state.trust is Trust.OFFLINE and state.was_reached and name not in busy
        if state.device.site_id in tree.index
    )


def leaves_at(session: SessionRow, now: datetime) -> datetime:
    """When a car is to be ready. One that should be gone may go any time, and is served at once, within an hour."""
    if session.departs_at <= now:
        return now + _OVERDUE
    return max(session.departs_at - _EARLY, min(session.departs_at, now + _EARLY))


def is_full(session: SessionRow, seen: Snapshot) -> bool:
    """Whether a car takes nothing although it could. Many say so that may draw nothing: they wait for more.

    One that cannot show it by its fallback is asked again whenever what it was told has ended.
    """
    if not session.suspended_by_vehicle:
        return False
    given, fallback_kw = seen.given.get(session.device_id), seen.devices[session.device_id].device.fallback_kw
    if given is None or seen.now >= given.end:
        allowed_kw = inf if fallback_kw is None else fallback_kw
    else:
        at = session.metered_at or seen.now
        allowed_kw = given.at(at) if at >= given.steps[0].start else 0.0  # told since: it has not shown anything yet
    return allowed_kw >= power_kw_least(session, seen)


def missing_kwh(session: SessionRow, seen: Snapshot) -> float:
    """What a session still needs at the connector. A car nobody spoke for needs more while it charges."""
    if is_full(session, seen):
        return 0.0
    missing = max(session.energy_kwh - session.energy_kwh_delivered, 0.0)
    supposed = session.basis in (NeedBasis.USUAL, NeedBasis.SITE)
    return max(missing, _MORE_KWH) if supposed else missing


def _minimum_kwh(session: SessionRow, now: datetime) -> float:
    """What is given at once: the minimum, or all where the driver asked for that or should be gone."""
    at_once = session.opted_out or session.boosted or session.departs_at <= now
    wanted = session.energy_kwh if at_once else session.energy_kwh_minimum
    return max(wanted - session.energy_kwh_delivered, 0.0)


def known_kw_max(session: SessionRow, seen: Snapshot) -> float:
    """The most a car and its device can draw together (kW), as far as anybody said."""
    return min(seen.devices[session.device_id].device.power_kw_max, session.power_kw_max or inf)


def power_kw_max(session: SessionRow, seen: Snapshot) -> float:
    """The most a car draws (kW): what is known, or less where it draws less although it may, or did so before."""
    known_kw = known_kw_max(session, seen)
    learned_kw = seen.learned_kw.get(session.session_id, inf)
    given, drawn_kw = seen.given.get(session.device_id), session.power_kw
    if given is None or drawn_kw is None or session.metered_at is None:
        return min(known_kw, learned_kw)
    allowed = [given.at(session.metered_at), given.at(session.metered_at - _SETTLED)]
    if all(kw < inf and kw >= max(_HELD * drawn_kw, _DRAWS_KW) for kw in allowed):
        return known_kw if drawn_kw < _DRAWS_KW else min(known_kw, drawn_kw * _METERED_UP)
    return min(known_kw, max(learned_kw, drawn_kw))


def power_kw_least(session: SessionRow, seen: Snapshot) -> float:
    """The least a car is offered (kW); one that draws less is counted at what it draws."""
    return seen.devices[session.device_id].device.power_kw_min


# circuits


def limits_kw(tree: CircuitTree, horizon: Horizon, rows: Sequence[LimitRow]) -> FloatArray:
    """Limits of every node and step (nodes, steps): the lowest that holds at some time of a step."""
    found = np.repeat(tree.limit_kw[:, None], horizon.steps, axis=1)
    for row in rows:
        node = tree.index.get(row.node)
        if node is None:
            continue
        steps = _touched(horizon, row.start, row.end)
        found[node, steps] = np.minimum(found[node, steps], row.limit_kw)
    return found


def _touched(horizon: Horizon, start: datetime, end: datetime) -> slice:
    """The steps that some time of a span falls into."""
    ends = horizon.position(np.array([to_datetime64(start), to_datetime64(end)]))
    first = max(int(np.floor(ends[0])), 0)
    return slice(first, max(first, min(int(np.ceil(ends[1])), horizon.steps)))


def _guarded_kw(tree: CircuitTree, seen: Snapshot, limit_kw: FloatArray) -> FloatArray:
    """Limits no higher than what the guard keeps sites to: else the plan and the guard would undo each other."""
    for site in seen.sites.values():
        if site.guard_kw is not None and site.site_id in tree.index:
            node = tree.index[site.site_id]
            limit_kw[node] = np.minimum(limit_kw[node], site.guard_kw)
    return limit_kw


def _emergency_kw(tree: CircuitTree, limit_kw: FloatArray) -> FloatArray:
    """What circuits carry in an emergency (nodes, steps): no more than what is posted there, or what a guard holds."""
    return np.where(limit_kw < tree.limit_kw[:, None], limit_kw, tree.emergency_limit_kw[:, None])


def _left_of(limit_kw: FloatArray, base_kw: FloatArray, share: float) -> FloatArray:
    """Limits that leave only a share of the room above base load in the first step."""
    left = limit_kw.copy()
    left[:, 0] = base_kw[:, 0] + (limit_kw[:, 0] - base_kw[:, 0]) * share
    return np.where(limit_kw > base_kw, left, limit_kw)


def _stays(
    seen: Snapshot, others: Sequence[SessionRow], unseen: Sequence[DeviceState]
) -> list[tuple[DeviceState, datetime]]:  # fmt: skip
    """Devices that do as they will and until when: those with a car that is not full, and those out of reach."""
    with_cars = [
        (seen.devices[one.device_id], leaves_at(one, seen.now))
        for one in others
        if not (one.suspended_by_vehicle and seen.devices[one.device_id].trust is not Trust.OFFLINE)
    ]
    return with_cars + [(one, seen.now + _UNSEEN) for one in unseen]


def _uncontrolled_kw(
    seen: Snapshot, tree: CircuitTree, horizon: Horizon, stays: Sequence[tuple[DeviceState, datetime]]
) -> FloatArray:  # fmt: skip
    """What cars at devices that do as they will may draw until they leave, through every node (nodes, steps).

    One that was told something follows that until it ends, and its fallback afterwards.
    """
    direct = np.zeros((len(tree), horizon.steps))
    ends = [to_datetime(one) for one in horizon.starts()[1:]] + [horizon.end]
    for state, leaves in stays:
        last = int(np.ceil(horizon.position(np.array([to_datetime64(leaves)]))[0]))
        until = max(1, min(last, horizon.steps))
        kw, node = state.uncontrolled_kw, tree.index[state.device.site_id]
        direct[node, :until] += kw
        given = seen.given.get(state.device.device_id)
        start = seen.now
        for step, end in enumerate(ends[:until]):
            if given is None or start >= given.end:
                break
            direct[node, step] += max(highest_kw(given, start, min(end, given.end)) - kw, 0.0)
            start = end
    return tree.sum_up(direct)


def highest_kw(limits: Limits, start: datetime, end: datetime) -> float:
    """The highest limit (kW) between two instants, both within the limits."""
    return max([limits.at(start), *(one.power_kw for one in limits.steps if start < one.start < end)])


def _charges(session: SessionRow, seen: Snapshot) -> bool:
    """Whether a car may charge now by what it was told last."""
    given = seen.given.get(session.device_id)
    return given is not None and 0 < given.at(seen.now) < inf


def _for_who_charges(price: FloatArray, on: BoolArray) -> Tariffs:
    """Prices a trifle lower for a while for those that charge already: of plans as good, the one that changes less."""
    lower = price.copy()
    lower[:_GOES_ON_STEPS] -= _GOES_ON
    both = np.stack([price, lower])
    return Tariffs(on.astype(np.int64), both, both)


def _price(horizon: Horizon, rows: Sequence[SignalRow]) -> tuple[FloatArray, bool]:
    """Price of every step; where none is known, one that only has cars charge earlier rather than later."""
    rising = np.arange(horizon.steps, dtype=np.float64) * _EARLIER
    price: FloatArray = np.full(horizon.steps, np.nan)
    for row in rows:
        if row.node or row.price_per_kwh is None:
            continue
        price[_touched(horizon, row.at, row.at + timedelta(seconds=row.duration_s))] = row.price_per_kwh
    known = np.isfinite(price)
    if not known.any():
        return rising, False
    price[~known] = price[known].mean()
    price += rising
    return price, bool(known.all())
