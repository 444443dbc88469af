"""Upkeep of history: quarters of an hour when they end, closed days packed, what is too old forgotten.

Every part may be broken off at any time and run again; a unit of work of it holds the right to write for a moment only.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import ColumnElement, Connection, ScalarSelect, Table, delete, func, select

from evenload.store.slot_means import LOOK_BACK_US, SLOT_US, slot_means
from evenload.store.sql.circuit_sums import Places, circuit_sums
from evenload.store.sql.columns import to_instant, to_microseconds
from evenload.store.sql.kept import portions
from evenload.store.sql.pack import Packed, go_on, pack
from evenload.store.sql.packing import DAY_US, day_of
from evenload.store.sql.readings import RAW as READINGS
from evenload.store.sql.schema import (
    TO_GIVE,
    UNANSWERED,
    circuit_slots,
    events,
    marks,
    orders,
    readings,
    readings_packed,
    slots,
    slots_packed,
)
from evenload.store.sql.schema_cable import cable_pairs
from evenload.store.sql.schema_cars import car_acts, car_notices
from evenload.store.sql.schema_drivers import driver_promises
from evenload.store.sql.schema_live import decisions, loads, plans, replies
from evenload.store.sql.slots import Slot, slots_of
from evenload.store.sql.store import SqlStore
from evenload.store.sql.writing import put

_ROLLED: Final = "slots"
_PRUNED: Final = "pruned"
_QUARTERS_AT_ONCE: Final = 2
_AT_ONCE: Final = 10_000
_AGAIN_US: Final = 3_600_000_000
"""Quarters that ended in the last hour are made again: what came late is told of in them too."""


@dataclass(frozen=True, slots=True)
class Retention:
    """How many days things are kept; ``None`` is for good. Sessions, transactions and the audit log always are.

    ``unanswered`` is of orders that nobody answered, since they became worthless.
    """

    hot: float = 2
    readings: float | None = 400
    slots: float | None = 1200
    loads: float | None = 1200
    events: float | None = 90
    orders: float | None = 90
    unanswered: float | None = 2
    decisions: float | None = 90
    promises: float | None = 90
    plans: float | None = 2
    replies: float | None = 2
    car_acts: float | None = 400
    car_notices: float | None = 90


@dataclass(frozen=True, slots=True)
class Done:
    """What upkeep did: quarters made, days and readings packed, rows forgotten."""

    quarters: int
    packed: Packed
    forgotten: int


def upkeep(
    store: SqlStore, now: datetime, retention: Retention | None = None, going_on: Callable[[], bool] = go_on
) -> Done:
    """All of it; meant to be called every quarter of an hour or so. What is too old is looked for once a day.

    Ends early, between two units of work, once ``going_on`` says no.
    """
    kept = retention or Retention()
    quarters, packed = roll_up(store, now, going_on), pack(store, now, timedelta(days=kept.hot), going_on=going_on)
    with store.reading_connection() as connection:
        pruned: datetime | None = connection.execute(select(marks.c.at).where(marks.c.name == _PRUNED)).scalar()
    fresh = pruned is not None and timedelta(0) <= now - pruned < timedelta(days=1)
    return Done(quarters, packed, 0 if fresh or not going_on() else prune(store, now, kept))


def roll_up(store: SqlStore, now: datetime, going_on: Callable[[], bool] = go_on) -> int:
    """Make the quarters that ended since the last time, at EVSEs and circuits; how many rows."""
    until = to_microseconds(now) // SLOT_US * SLOT_US
    with store.reading_connection() as connection:
        start = _rolled_until(connection, until)
    made = 0
    while start < until and going_on():
        count = min(_QUARTERS_AT_ONCE, (until - start) // SLOT_US)
        made += _roll(store, start, count)
        start += count * SLOT_US
    return made


def _rolled_until(connection: Connection, until: int) -> int:
    mark = connection.execute(select(marks.c.at).where(marks.c.name == _ROLLED)).scalar()
    earliest = until - 3 * DAY_US  # older ones get theirs when their day is packed
    if mark is not None:
        again = min(to_microseconds(mark), until) - _AGAIN_US
        return max(min(again, _told_anew(connection, mark) or again), earliest)
    first: datetime | None = connection.execute(select(readings.c.at).order_by(readings.c.at).limit(1)).scalar()
    return max(to_microseconds(first) // SLOT_US * SLOT_US, earliest) if first is not None else until - _AGAIN_US


def _told_anew(connection: Connection, since: datetime) -> int | None:
    """From when on it was found out since an instant which charger cars stood at, or that they did not."""
    of = cable_pairs.c
    found = select(of.plugged_at).where(of.made_at >= since, of.car_session_id != "").order_by(of.plugged_at).limit(1)
    first: datetime | None = connection.execute(found).scalar()
    return None if first is None else to_microseconds(first) // SLOT_US * SLOT_US


def _roll(store: SqlStore, start: int, count: int) -> int:
    end = start + count * SLOT_US
    of = readings.c
    with store.reading_connection() as connection:
        near = READINGS.where(of.at >= to_instant(start - LOOK_BACK_US), of.at < to_instant(end + SLOT_US))
        rows = list(map(tuple, connection.execute(near).all()))
        places = Places.of(connection, start)
    made = slots_of(slot_means(rows, start, count), start) if rows else []
    with store.writing_connection() as connection:
        _put_slots(connection, made)
        put(connection, circuit_slots, circuit_sums(made, places))
        put(connection, marks, [{"name": _ROLLED, "at": to_instant(end)}])
    return len(made)


def _put_slots(connection: Connection, rows: Sequence[Slot]) -> None:
    put(
        connection,
        slots,
        [
            {"at": to_instant(at), "meter": meter, "power_kw": power_kw, "covered": covered, "quality": quality}
            for at, meter, power_kw, covered, quality in rows
        ],
    )


# forgetting


def prune(store: SqlStore, now: datetime, retention: Retention) -> int:
    """Forget what is older than it is kept; how many rows. Days that are not packed yet stay."""
    gone = sum(_forget(store, table, condition) for table, condition in _too_old(now, retention))
    gone += _forget_first(store, now, retention) + _forget_plans(store, now, retention)
    gone += _forget_unanswered(store, now, retention)
    with store.writing_connection() as connection:
        put(connection, marks, [{"name": _PRUNED, "at": now}])
    return gone


def _too_old(now: datetime, kept: Retention) -> Iterator[tuple[Table, ColumnElement[bool]]]:
    for table, days in ((readings_packed, kept.readings), (slots_packed, kept.slots)):
        if days is not None:
            yield table, table.c.day < day_of(to_microseconds(now - timedelta(days=days)))
    for table, column, days in (
        (circuit_slots, "at", kept.slots), (loads, "at", kept.loads), (replies, "made_at", kept.replies),
        (car_acts, "made_at", kept.car_acts), (car_notices, "at", kept.car_notices),
    ):  # fmt: skip
        if days is not None:
            yield table, table.c[column] < now - timedelta(days=days)


def _forget(store: SqlStore, table: Table, condition: ColumnElement[bool]) -> int:
    with store.writing_connection() as connection:
        return connection.execute(delete(table).where(condition)).rowcount


def _forget_first(store: SqlStore, now: datetime, kept: Retention) -> int:
    """Rows that are numbered in order of time, some at a time from the first on."""
    return sum(
        _forget_numbered(store, table, table.c[column] < now - timedelta(days=days), only)
        for table, column, days, only in (
            (events, "received_at", kept.events, None), (orders, "made_at", kept.orders, ~TO_GIVE),
            (decisions, "at", kept.decisions, None), (driver_promises, "at", kept.promises, None),
        )
        if days is not None
    )  # fmt: skip


def _forget_numbered(store: SqlStore, table: Table, old: ColumnElement[bool], only: ColumnElement[bool] | None) -> int:
    number, done, gone = table.c.number, 0, _AT_ONCE
    while gone:
        first = select(number, old.label("old")).order_by(number).limit(_AT_ONCE)
        if only is not None:
            first = first.where(only)
        with store.writing_connection() as connection:
            some = first.subquery()
            last = connection.execute(select(func.max(some.c.number)).where(some.c.old)).scalar()
            if last is None:
                break
            chosen = [number <= last, number < _last_of(table), old, *([] if only is None else [only])]
            gone = connection.execute(delete(table).where(*chosen)).rowcount
            done += gone
    return done


def _last_of(table: Table) -> ScalarSelect[int]:
    """The number of the last row, which stays, so that numbers go on from it: who has read up to it waits for more."""
    return select(func.max(table.c.number)).scalar_subquery()


def _forget_unanswered(store: SqlStore, now: datetime, kept: Retention) -> int:
    """Orders that got no answer before they were worthless."""
    if kept.unanswered is None:
        return 0
    number, worthless_at = orders.c.number, orders.c.worthless_at
    past = worthless_at < now - timedelta(days=kept.unanswered)
    found = select(number).where(TO_GIVE, orders.c.settlement.in_(UNANSWERED), past, number < _last_of(orders))
    with store.reading_connection() as connection:
        numbers = connection.execute(found).scalars().all()
    gone = 0
    for some in portions(numbers):
        with store.writing_connection() as connection:
            gone += connection.execute(delete(orders).where(number.in_(some), past)).rowcount
    return gone


def _forget_plans(store: SqlStore, now: datetime, kept: Retention) -> int:
    if kept.plans is None:
        return 0
    with store.writing() as unit:
        tenants = unit.plans.connection.execute(select(plans.c.tenant).distinct()).scalars().all()
        return sum(unit.plans.prune(tenant, now - timedelta(days=kept.plans)) for tenant in tenants)
