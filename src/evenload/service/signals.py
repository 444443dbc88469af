"""Take prices and carbon."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Final

from evenload.base.errors import SignalError
from evenload.base.instants import Interval
from evenload.service import audit
from evenload.service.access_rows import Role
from evenload.service.grid import known_circuit
from evenload.service.live_rows import SignalRow
from evenload.service.ports import Store, Unit
from evenload.service.scope import Scope

PRICE_MAX: Final = 10.0
"""Beyond this a price per kWh is taken for one in another unit, as in files."""

_AHEAD: Final = timedelta(days=40)


def signals(scope: Scope, store: Store, window: Interval, node: str | None = None) -> Sequence[SignalRow]:
    """Values that hold at some time of a window, by node and instant."""
    with store.reading() as unit:
        return unit.signals.within(scope.tenant, window, node)


def put_signals(scope: Scope, store: Store, rows: Sequence[SignalRow], now: datetime) -> int:
    """Add values, or replace those of the same node and instant; how many.

    ``SignalError`` where values overlap, say nothing, are beyond what a kWh costs, or in another currency than those
    in use.
    """
    scope.require(Role.OPERATOR)
    kept = sorted((replace(row, tenant=scope.tenant) for row in rows), key=lambda row: (row.node, row.at))
    for row in kept:
        _check(row)
    for one, other in pairwise(kept):
        if one.node == other.node and _end(one) > other.at:
            raise SignalError(f"{_name(one)} holds until {_end(one).isoformat()}, over {_name(other)}")
    with store.writing() as unit:
        for node in {row.node for row in kept if row.node}:
            known_circuit(unit, scope.tenant, node)
        _one_currency(unit, kept, now)
        unit.signals.put(kept)
        audit.note(unit, scope, now, "signals.put", f"{len(kept)} values", _outline(kept))
    return len(kept)


def _check(row: SignalRow) -> None:
    prices = (row.price_per_kwh, row.export_price_per_kwh)
    if all(price is None for price in prices) and row.carbon_g_per_kwh is None:
        raise SignalError(f"{_name(row)} holds neither a price nor carbon")
    if any(price is not None for price in prices) and not row.currency:
        raise SignalError(f"{_name(row)} has a price without a currency")
    for price in prices:
        if price is not None and abs(price) > PRICE_MAX:
            raise SignalError(
                f"{_name(row)} has a price of {price:g} per kWh, beyond {PRICE_MAX:g}: is it one of a MWh, or in cents?"
            )


def _one_currency(unit: Unit, rows: Sequence[SignalRow], now: datetime) -> None:
    """Those that hold now or later are in use too, but not those that give way."""
    window = Interval(min(now, *(row.at for row in rows)), max(now + _AHEAD, *(_end(row) for row in rows)))
    told, gone = {row.currency for row in rows if row.currency}, {(row.node, row.at) for row in rows}
    used = {
        row.currency
        for row in (unit.signals.within(rows[0].tenant, window) if told else ())
        if row.currency and (row.node, row.at) not in gone
    }
    if len(told | used) > 1:
        names = " and ".join(sorted(told | used))
        raise SignalError(f"prices in {names} cannot be held against each other: use one currency")


def _outline(rows: Sequence[SignalRow]) -> dict[str, object]:
    return {
        "start": rows[0].at, "end": max(_end(row) for row in rows), "nodes": sorted({row.node for row in rows}),
        "values": len(rows),
    }  # fmt: skip


def _end(row: SignalRow) -> datetime:
    return row.at + timedelta(seconds=row.duration_s)


def _name(row: SignalRow) -> str:
    return f"the value of {row.node or 'everywhere'} at {row.at.isoformat()}"
