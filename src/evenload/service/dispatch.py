"""Dispatch: a decision becomes orders in the outbox, a plan and its reasons on record; all in one unit of work."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from evenload.base.errors import InputError
from evenload.domain.station import StationId
from evenload.domain.station_commands import SetProfile, Settlement
from evenload.domain.station_limits import Limits
from evenload.service import orders
from evenload.service.control import Decision
from evenload.service.live_rows import DeviceRow
from evenload.service.ports import Unit

_PLAN: Final = SetProfile.__name__


@dataclass(frozen=True, slots=True)
class Given:
    """What a device was told last, and the order it was told by."""

    limits: Limits
    order_id: str


def dispatch(unit: Unit, decision: Decision, given: Mapping[str, Given]) -> dict[str, Given]:
    """Put a decision on record and on its way; what devices were told from now on.

    A device without a car is wanted nothing of any more: its fallback holds for whoever comes.
    """
    told = {one.device.device_id: one for one in decision.told}
    busy = {one.device_id for one in (*decision.asked.sessions, *decision.asked.others)}
    busy |= {one.device.device_id for one in decision.asked.unseen}  # which may follow it still
    over = [one.order_id for name, one in given.items() if name in told or name not in busy]
    now = decision.plan.made_at
    unit.orders.put(orders.superseded(one, now) for one in unit.orders.find(over) if one.standing)
    for one in told.values():
        unit.orders.add(orders.row_of(one.device.station, one.command, now))
    unit.plans.add(decision.plan)
    unit.decisions.add(decision.rows())
    kept = {name: one for name, one in given.items() if name in busy and name not in told}
    return kept | {name: Given(one.command.limits, one.command.command_id) for name, one in told.items()}


def given_before(unit: Unit, tenant: str) -> dict[str, Given]:
    """What devices of a tenant were told last, from the outbox: after a restart nothing is told again without need."""
    devices: dict[tuple[StationId, int], DeviceRow] = {
        (one.station, one.evse_id): one for one in unit.devices.of(tenant)
    }
    found: dict[str, Given] = {}
    for row in unit.orders.to_give(0):
        device = devices.get((row.station, row.evse_id))
        if device is None or not row.standing or row.kind != _PLAN:
            continue
        try:
            command = orders.command_of(row)
        except InputError:
            continue  # the delivery says so
        if isinstance(command, SetProfile):
            found[device.device_id] = Given(command.limits, row.order_id)
    return found


def _is_refusal(end: Settlement) -> bool:
    """Whether a station did not take what it was told; what gave way it was not told."""
    return not end.good and end is not Settlement.SUPERSEDED


def without_refused(unit: Unit, given: Mapping[str, Given]) -> tuple[dict[str, Given], dict[str, datetime]]:
    """What devices were told without what they did not take, and when each of those said so."""
    devices = {one.order_id: name for name, one in given.items()}
    refused_at = {
        devices[row.order_id]: row.settled_at
        for row in unit.orders.find(devices)
        if row.settled_at is not None and row.settlement and _is_refusal(Settlement(row.settlement))
    }
    return {name: one for name, one in given.items() if name not in refused_at}, refused_at
