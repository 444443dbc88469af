"""Relay: what happened at a site that has a server of its own, and the orders for its stations.

A site tells on the rows of its log, in order and again until it knows that they arrived. What the log has already is
left out, so that nothing counts twice.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final
from zlib import crc32

from evenload.base.errors import InputError
from evenload.domain.station import StationId
from evenload.domain.station_commands import SetFallback, SetProfile
from evenload.domain.station_events import MeterSampled, StationEvent, StationLost, StationSeen
from evenload.service.access_rows import Role
from evenload.service.event_rows import event_of
from evenload.service.grid import known_site
from evenload.service.observe import keep
from evenload.service.orders import command_of, gives_way
from evenload.service.ports import Store, Unit
from evenload.service.rows import EventRow, OrderRow
from evenload.service.scope import Scope

VERSION: Final = 1
EVENTS_MAX: Final = 1000
ORDERS_MAX: Final = 500
_STANDING: Final = (SetProfile.__name__, SetFallback.__name__)
_NUMBERS_APART: Final = 1_000_000
_PLACES: Final = 2_000


@dataclass(frozen=True, slots=True)
class Taken:
    """What was taken of what a site told: events that were new, tenants to plan for, and what could not be read."""

    events: tuple[StationEvent, ...]
    tenants: frozenset[str]
    refused: tuple[str, ...]


NOTHING: Final = Taken((), frozenset(), ())
"""A site was heard of and told nothing."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """Orders after a number, and the number of the last order there is."""

    orders: tuple[OrderRow, ...]
    last: int


# at the server that plans


def take_events(
    scope: Scope, store: Store, site_id: str, rows: Sequence[EventRow], connected: Collection[str] | None, now: datetime
) -> Taken:  # fmt: skip
    """Keep what a site tells on. ``connected`` are its stations that have a line to it now, where it has told all."""
    scope.require(Role.OPERATOR)
    with store.writing() as unit:
        known_site(unit, scope.tenant, site_id)
        own = [replace(row, station=StationId(scope.tenant, row.station.identity)) for row in rows]
        events, refused = _read(unit.events.unknown(own))
        if connected is not None:
            events += _signs_of_life(unit, scope.tenant, site_id, connected, now)
        tenants = keep(unit, events) if events else frozenset()
    return Taken(tuple(events), tenants, refused)


def _read(rows: Iterable[EventRow]) -> tuple[list[StationEvent], tuple[str, ...]]:
    events: list[StationEvent] = []
    refused: list[str] = []
    for row in rows:
        try:
            events.append(event_of(row))
        except InputError as error:  # it would not be better the next time
            refused.append(str(error))
    return events, tuple(refused)


def _signs_of_life(
    unit: Unit, tenant: str, site_id: str, connected: Collection[str], now: datetime
) -> list[StationEvent]:  # fmt: skip
    """By the clock here: the one at the site may be another."""
    found: list[StationEvent] = []
    for station in _stations_of(unit, tenant, site_id):
        row = unit.stations.find(station)
        if row is not None and station.identity in connected:
            found.append(StationSeen(station=station, at=now, received_at=now))
        elif row is not None and row.connected:
            found.append(StationLost(station=station, at=now, received_at=now))
    return found


def lose_site(store: Store, tenant: str, site_id: str, now: datetime) -> Sequence[StationEvent]:
    """The line to a site is cut: so are those to its stations, as far as anybody here can tell."""
    with store.writing() as unit:
        lost = _signs_of_life(unit, tenant, site_id, (), now)
        if lost:
            keep(unit, lost)
    return lost


def orders_for(scope: Scope, store: Store, site_id: str, after: int, now: datetime) -> Waiting:
    """Orders for the stations of a site that are to be given, but no limits that others took the place of."""
    scope.require(Role.OPERATOR)
    with store.reading() as unit:
        known_site(unit, scope.tenant, site_id)
        stations = _stations_of(unit, scope.tenant, site_id)
        found = [
            row
            for row in unit.orders.to_give(after)
            if row.station in stations
            and (row.standing or row.kind not in _STANDING)
            and (row.worthless_at is None or row.worthless_at > now)
        ]
        last = unit.orders.last(scope.tenant, 1)
    return Waiting(tuple(found[:ORDERS_MAX]), last[-1].number if last else 0)


def _stations_of(unit: Unit, tenant: str, site_id: str) -> set[StationId]:
    return {one.station for one in unit.devices.of(tenant, site_id=site_id)}


# at the site


def to_tell(store: Store, tenant: str, after: int, count: int = EVENTS_MAX) -> Sequence[EventRow]:
    """What has not been told on yet. Where the log is younger than ``after`` it begins anew."""
    with store.reading() as unit:
        last = unit.events.last(tenant, 1)
        begin = after if last and last[-1].number >= after else 0
        return unit.events.after(tenant, begin, count)


def told(store: Store, tenant: str, until: int) -> None:
    """Forget readings in the log that have been told on: they are kept where readings are."""
    with store.writing() as unit:
        unit.events.forget(tenant, MeterSampled.__name__, until)


def take_orders(store: Store, tenant: str, given: Sequence[OrderRow]) -> set[StationId]:
    """Put orders on their way here; the stations of those that are new. One that is known is not given again."""
    if not given:
        return set()
    own = [replace(row, station=StationId(tenant, row.station.identity), number=0) for row in given]
    with store.writing() as unit:
        known = {row.order_id for row in unit.orders.find([row.order_id for row in own])}
        new = [row for row in own if row.order_id not in known]
        for row in new:
            _give_way(unit, row)
            unit.orders.add(replace(row, settlement="", info="", value="", settled_at=None))
    return {row.station for row in new}


def resume(store: Store, tenant: str, given: Sequence[OrderRow]) -> set[StationId]:
    """What the planning server supposes to be in force is wanted again, and nothing that was made up here meanwhile.

    The stations that have to be told so.
    """
    take_orders(store, tenant, given)
    wanted = {row.order_id for row in given if row.standing}
    with store.writing() as unit:
        stations = {one.station for one in unit.devices.of(tenant)}
        ours = [row for station in stations for row in unit.orders.standing(station) if row.kind == SetProfile.__name__]
        over = [row for row in ours if row.order_id not in wanted]
        again = [row for row in unit.orders.find(wanted) if not row.standing]
        unit.orders.put(
            [*(replace(row, standing=False) for row in over), *(replace(row, standing=True) for row in again)]
        )
    return {StationId(tenant, row.station.identity) for row in given if row.standing}


def _give_way(unit: Unit, row: OrderRow) -> None:
    try:
        command = command_of(row)
    except InputError:
        return  # the delivery says so
    before = [one for one in unit.orders.standing(row.station) if gives_way(one, command)]
    unit.orders.put(replace(one, standing=False) for one in before)


def number_apart(store: Store, tenant: str, place: str) -> None:
    """Number transactions from here on as nobody else does: stations may come from another server, or go to it."""
    first = (1 + crc32(place.encode()) % _PLACES) * _NUMBERS_APART
    with store.writing() as unit:
        reserved = unit.transactions.reserve_ids(tenant, 1)
        if reserved < first:
            unit.transactions.reserve_ids(tenant, first - reserved)
