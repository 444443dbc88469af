"""From what the brain sees to a planning problem: who can be planned, what the rest may draw, what circuits allow."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
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
from evenload.schedule.risk.robust import with_extra_price
from evenload.service.devices_of import Owed, Told, devices_part, for_going_on, wishes_to_stay
from evenload.service.expected import base_load
from evenload.service.holds import Hold, held_load_kw, holds_of
from evenload.service.live_rows import LimitRow, SessionRow, SignalRow
from evenload.service.planned_cars import Cars, charges, leaves_at
from evenload.service.snapshot import DeviceState, Snapshot, Trust

ROOT: Final = "(all)"
"""The name of the circuit above those that have none above them."""

STEP_MINUTES: Final = 15
HOURS_AHEAD: Final = 36
_GOES_ON: Final = 0.002
_GOES_ON_STEPS: Final = 3
_UNSEEN: Final = timedelta(hours=1)
"""So far ahead a car is reckoned with at a device that is out of reach; later it is likely to be back."""


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
    ``told`` is what each session's device can be told, and ``holds`` say which go on as they are for a while: their
    windows begin when that ends, and until then they are load.
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
    told: tuple[Told, ...]
    holds: tuple[Hold, ...] = ()
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
    limit_kw = _guarded_kw(tree, seen, limits_kw(tree, horizon, seen.limits))
    cars = Cars.of(planned, seen)
    node = tree.find([one.site_id for one in planned]) if planned else np.zeros(0, dtype=np.int64)
    owed = Owed(cars.power_kw, cars.missing_kwh, cars.minimum_kwh, cars.steps(horizon, seen), price)
    wishes = wishes_to_stay(planned, cars.rows, owed, seen, horizon.step_minutes)
    holds = holds_of(wishes, tree, node.tolist(), horizon, limit_kw - base_kw) if wishes else ()
    if holds:
        base_kw += held_load_kw(holds, tree, node.tolist(), horizon)
    cars = cars.after(holds, horizon, seen.now)
    windows = cars.windows(holds, horizon, seen)
    slots = np.diff(windows.offset)
    share_left = 1.0 - float(horizon.position(np.array([to_datetime64(seen.now)]))[0])
    on = np.array([charges(one, seen) for one in planned], dtype=np.bool_)
    problem = Problem(
        horizon=horizon, session_id=np.array([one.session_id for one in planned], dtype=np.str_), node=node,
        first_step=windows.first_step, offset=windows.offset, cap_kw=windows.coverage * np.repeat(cars.power_kw, slots),
        declared_slots=slots, energy_kwh=cars.missing_kwh, power_kw_max=cars.power_kw,
        opted_out=np.zeros(len(planned), dtype=np.bool_), tree=tree, base_load_kw=base_kw,
        limit_kw=_left_of(limit_kw, base_kw, share_left), price_per_kwh=price,
        minute_of_day=LocalClock(_zone(seen)).minute_of_day(horizon.starts()), minimum_kwh=cars.minimum_kwh,
        emergency_limit_kw=_left_of(_emergency_kw(tree, limit_kw), base_kw, share_left),
        export_limit_kw=tree.export_limit_kw[:, None], tariffs=_for_who_charges(price, on),
        devices=devices_part(planned, cars.rows, cars.told, seen, horizon.step_minutes) if planned else None,
    )  # fmt: skip
    if any(one.commands_max for one in cars.rows):
        problem = with_extra_price(problem, *for_going_on(planned, cars.rows, price, seen))
    return Asked(
        problem, tuple(planned), tuple(others), uncontrolled, base.without, known, share_left, cars.known_kw, on,
        cars.told, holds, unseen, unplaced, base.steps_held, seen.fallbacks_unverified,
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
