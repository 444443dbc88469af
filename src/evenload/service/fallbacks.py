"""Fallbacks: what every device may draw when nobody can reach it, so that all of them together still fit (R147)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from math import inf
from typing import Final

import numpy as np

from evenload.base.units import FloatArray, IntArray
from evenload.domain.circuit import CircuitTree
from evenload.domain.station_commands import SetFallback
from evenload.grid.allotment import FallbackClaims, allotted_kw, room_kw
from evenload.service.live_rows import DecisionRow, DeviceRow
from evenload.service.orders import give
from evenload.service.ports import Store, Unit
from evenload.service.problem_of import tree_of

_ALIKE_KW: Final = 0.1
"""Fallbacks are kept in stations' flash memory: for so little they are not written anew."""
_OVER_KW: Final = 1e-6
_AT_ONCE: Final = 100


@dataclass(frozen=True, slots=True)
class Shortfall:
    """A circuit that base load and fallbacks together may exceed: by how much (kW)."""

    node: str
    kw_over: float


@dataclass(frozen=True, slots=True)
class Renewed:
    """What became of a tenant's fallbacks: devices that were given another, and where they do not fit."""

    given: tuple[DeviceRow, ...] = ()
    shortfalls: tuple[Shortfall, ...] = ()


@dataclass(frozen=True, slots=True)
class Allotment:
    """The fallback (kW) of every device, and where even those do not fit."""

    fallback_kw: Mapping[str, float]
    shortfalls: tuple[Shortfall, ...]


def allot(tree: CircuitTree, base_kw_high: FloatArray, devices: Sequence[DeviceRow]) -> Allotment:
    """Fallbacks for devices whose site is in the tree, beside a base load (nodes,) that is seldom exceeded.

    Devices with a fallback of their own keep it, others are allotted theirs as ``grid.allotment`` says. What is told as
    short is what the devices' own fallbacks and base load take beyond a limit.
    """
    known = [one for one in devices if one.site_id in tree.index and one.retired_at is None]
    claims = FallbackClaims(
        node=tree.find([one.site_id for one in known]) if known else np.zeros(0, dtype=np.int64),
        power_kw_min=np.array([one.power_kw_min for one in known], dtype=np.float64),
        power_kw_max=np.array([one.power_kw_max for one in known], dtype=np.float64),
        own_kw=np.array([np.nan if one.fallback_kw is None else one.fallback_kw for one in known], dtype=np.float64),
        priority=np.array([one.priority for one in known], dtype=np.int64),
    )
    chosen = allotted_kw(tree, base_kw_high, claims)
    fallback_kw = {one.device_id: kw for one, kw in zip(known, chosen.tolist(), strict=True)}
    return Allotment(fallback_kw, _shortfalls(tree, base_kw_high, claims.node, chosen))


def renew(
    store: Store, tenant: str, base_kw_high: Callable[[CircuitTree], FloatArray], now: datetime,
    new_id: Callable[[], str],
) -> Renewed:  # fmt: skip
    """Allot fallbacks to managed devices without one of their own, and order those that changed to be stored.

    ``base_kw_high`` (nodes,) is a base load of the tree that is seldom exceeded in the days to come. Devices that are
    not managed draw what they can.
    """
    with store.reading() as unit:
        circuits, devices = unit.circuits.of(tenant), unit.devices.of(tenant)
    if not circuits or not devices:
        return Renewed()
    tree = tree_of(circuits)
    base_kw, placed = base_kw_high(tree), [one for one in devices if one.site_id in tree.index]
    wanted = allot(tree, base_kw, [_asking(one) for one in placed]).fallback_kw
    before = np.array([_before_kw(one, wanted[one.device_id]) for one in placed], dtype=np.float64)
    after = np.array([wanted[one.device_id] for one in placed], dtype=np.float64)
    chosen = np.where(np.abs(after - before) > _ALIKE_KW, after, before)
    node = tree.find([one.site_id for one in placed]) if placed else np.zeros(0, dtype=np.int64)
    if _shortfalls(tree, base_kw, node, chosen):  # many a little too much add up
        chosen = np.minimum(chosen, after)
    changes = [
        (one, replace(one, fallback_kw=kw, fallback_allotted=True))
        for one, kw in zip(placed, chosen.tolist(), strict=True)
        if one.managed and (one.fallback_kw is None or one.fallback_allotted) and one.fallback_kw != kw
    ]
    changes.sort(key=lambda change: (change[1].fallback_kw or 0.0) > _before_kw(change[0], 0.0))  # first make room
    given: list[DeviceRow] = []
    for start in range(0, len(changes), _AT_ONCE):  # stations have to be heard meanwhile
        with store.writing() as unit:
            given += _ordered(unit, changes[start : start + _AT_ONCE], now, new_id)
    return Renewed(tuple(given), _shortfalls(tree, base_kw, node, chosen))


def _asking(device: DeviceRow) -> DeviceRow:
    """A device as it is allotted to: one that is not managed has what it can draw."""
    if not device.managed:
        return replace(device, fallback_kw=device.power_kw_max)
    return replace(device, fallback_kw=None) if device.fallback_allotted else device


def _before_kw(device: DeviceRow, wanted_kw: float) -> float:
    """What it has now; a device that has none, or whose station draws what it can, is given what is wanted."""
    return wanted_kw if not device.managed else inf if device.fallback_kw is None else device.fallback_kw


def _ordered(
    unit: Unit, changes: Sequence[tuple[DeviceRow, DeviceRow]], now: datetime, new_id: Callable[[], str]
) -> list[DeviceRow]:  # fmt: skip
    """Those that did not change since, and whose stations are known, with their new fallbacks kept and ordered."""
    stations = unit.stations.find_all({one.station for _, one in changes})
    known = [
        one for before, one in changes
        if one.station in stations and unit.devices.find(one.tenant, one.device_id) == before
    ]  # fmt: skip
    decisions = []
    for one in known:
        command = SetFallback(command_id=new_id(), evse_id=one.evse_id, power_kw=one.fallback_kw or 0.0)
        give(unit, one.station, command, now)
        why = "so much may be drawn by every device together with base load, when nobody can reach them"
        decisions.append(
            DecisionRow(one.tenant, now, one.device_id, "", "fallback", why, one.fallback_kw, "", command.command_id)
        )
    unit.devices.put(known)
    unit.decisions.add(decisions)
    return known


def _shortfalls(tree: CircuitTree, base_kw: FloatArray, node: IntArray, power_kw: FloatArray) -> tuple[Shortfall, ...]:
    over = -room_kw(tree, base_kw, node, power_kw)
    return tuple(Shortfall(tree.circuits[n].node, float(over[n])) for n in np.flatnonzero(over > _OVER_KW).tolist())
