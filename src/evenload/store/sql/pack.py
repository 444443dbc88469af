"""Closed days packed: one row an EVSE and day instead of one a reading.

May be broken off at any time and run again; each unit of work of it holds the right to write for a moment only.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from operator import itemgetter
from typing import Final

from sqlalchemy import Column, ColumnElement, Connection, delete, func, select

from evenload.store.slot_means import SLOTS_A_DAY, slot_means
from evenload.store.sql.columns import to_instant, to_microseconds
from evenload.store.sql.kept import portions
from evenload.store.sql.packing import DAY_US, ReadingTuple, day_of, merged, packed, unpacked
from evenload.store.sql.readings import RAW as READINGS
from evenload.store.sql.schema import readings, readings_packed, slots, slots_packed
from evenload.store.sql.slots import RAW as SLOTS
from evenload.store.sql.slots import Slot, packed_slots, slots_of, surer, unpacked_slots
from evenload.store.sql.store import SqlStore
from evenload.store.sql.writing import put

READ_ROWS: Final = 200_000
WRITE_ROWS: Final = 2_000
_LONG_AGO: Final = to_instant(-(2**55))


@dataclass(frozen=True, slots=True)
class Packed:
    """What was packed."""

    days: int = 0
    rows: int = 0


def go_on() -> bool:
    """Never end early."""
    return True


def pack(
    store: SqlStore, now: datetime, hot: timedelta = timedelta(days=2), tell: Callable[[int], None] | None = None,
    going_on: Callable[[], bool] = go_on,
) -> Packed:  # fmt: skip
    """Pack days that ended longer than ``hot`` ago. ``tell`` is told how many readings, again and again.

    Ends early, between two units of work, once ``going_on`` says no.
    """
    before = day_of(to_microseconds(now - hot))
    done = Packed()
    for day in _days(store, before):
        rows = 0
        for some in _chunks(store, day):
            rows += _pack_chunk(store, day, some)
            if tell:
                tell(done.rows + rows)
            if not going_on():
                return Packed(done.days, done.rows + rows)
        _pack_left_slots(store, day)
        done = Packed(done.days + 1, done.rows + rows)
    with store.writing_connection() as connection:
        store.database.forget_days(connection, before)
    return done


def _days(store: SqlStore, before: int) -> Iterator[int]:
    """Days before one with readings that are not packed."""
    start = _LONG_AGO
    while True:
        later = select(readings.c.at).where(readings.c.at >= start).order_by(readings.c.at).limit(1)
        with store.reading_connection() as connection:
            first: datetime | None = connection.execute(later).scalar()
        if first is None or (day := day_of(to_microseconds(first))) >= before:
            return
        yield day
        start = _start_of(day + 1)


def _start_of(day: int) -> datetime:
    return to_instant(day * DAY_US)


def _chunks(store: SqlStore, day: int) -> Iterator[list[ReadingTuple]]:
    """Readings of a day, all of a meter together, by meter."""
    of, of_day = readings.c, _within_day(day, readings.c.at)
    counting = select(of.meter, func.count()).where(*of_day).group_by(of.meter).order_by(of.meter)
    with store.reading_connection() as connection:
        counts = [(meter, count) for meter, count in connection.execute(counting)]
    for meters in _ranges(counts):
        with store.reading_connection() as connection:
            found = READINGS.where(*of_day, of.meter >= meters[0], of.meter <= meters[-1])
            rows = list(map(tuple, connection.execute(found).all()))
        yield sorted(rows, key=itemgetter(1, 0))


def _within_day(day: int, at: Column[datetime]) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return at >= _start_of(day), at < _start_of(day + 1)


def _ranges(counts: Sequence[tuple[int, int]]) -> Iterator[list[int]]:
    meters: list[int] = []
    rows = 0
    for meter, count in counts:
        if meters and rows + count > READ_ROWS:
            yield meters
            meters, rows = [], 0
        meters.append(meter)
        rows += count
    if meters:
        yield meters


def _pack_chunk(store: SqlStore, day: int, rows: list[ReadingTuple]) -> int:
    by_meter = {meter: list(own) for meter, own in groupby(rows, key=itemgetter(1))}
    batch: dict[int, list[ReadingTuple]] = {}
    removed = size = 0
    for meter, own in by_meter.items():
        batch[meter] = own
        size += len(own)
        if size >= WRITE_ROWS:
            removed += _pack_batch(store, day, batch)
            batch, size = {}, 0
    return removed + (_pack_batch(store, day, batch) if batch else 0)


def _pack_batch(store: SqlStore, day: int, batch: dict[int, list[ReadingTuple]]) -> int:
    """Pack readings and take those away that did not change meanwhile; others lie above the packed ones until later."""
    bodies = {meter: (len(rows), packed(rows)) for meter, rows in batch.items()}
    quarters = _quarters(day, [row for rows in batch.values() for row in rows])
    with store.writing_connection() as connection:
        for meter, rows in _with_those_there(connection, day, batch).items():
            bodies[meter] = (len(rows), packed(rows))
            quarters |= _quarters(day, rows)
        put(
            connection,
            readings_packed,
            [{"meter": meter, "day": day, "count": count, "body": body} for meter, (count, body) in bodies.items()],
        )
        _pack_slots(connection, day, list(batch), quarters)
        return store.database.remove_readings(connection, [row for rows in batch.values() for row in rows])


def _with_those_there(
    connection: Connection, day: int, batch: dict[int, list[ReadingTuple]]
) -> dict[int, list[ReadingTuple]]:
    """All readings of those meters of which some are packed already."""
    of, found = readings_packed.c, {}
    for some in portions(batch):
        there = select(of.meter, of.body).where(of.day == day, of.meter.in_(some))
        for meter, body in connection.execute(there):
            found[meter] = merged([*unpacked(body, meter), *batch[meter]])
    return found


def _quarters(day: int, rows: list[ReadingTuple]) -> dict[int, list[Slot]]:
    made: dict[int, list[Slot]] = {}
    for row in slots_of(slot_means(rows, day * DAY_US, SLOTS_A_DAY), day * DAY_US):
        made.setdefault(row[1], []).append(row)
    return made


def _pack_slots(connection: Connection, day: int, meters: list[int], quarters: dict[int, list[Slot]]) -> None:
    of, kept, within = slots_packed.c, slots.c, _within_day(day, slots.c.at)
    for some in portions(meters):
        before: dict[int, list[Slot]] = {meter: [] for meter in some}
        for meter, body in connection.execute(select(of.meter, of.body).where(of.day == day, of.meter.in_(some))):
            before[meter] += unpacked_slots(body, meter, day)
        for row in connection.execute(SLOTS.where(*within, kept.meter.in_(some))):
            before[row.meter].append(tuple(row))
        rows = [
            {"meter": meter, "day": day, "body": packed_slots(surer([*told, *quarters.get(meter, ())]))}
            for meter, told in before.items()
        ]
        put(connection, slots_packed, rows)
        connection.execute(delete(slots).where(*within, kept.meter.in_(some)))


def _pack_left_slots(store: SqlStore, day: int) -> None:
    """Pack quarters of meters that have no readings of that day."""
    left = select(slots.c.meter).distinct().where(*_within_day(day, slots.c.at))
    with store.writing_connection() as connection:
        _pack_slots(connection, day, list(connection.execute(left).scalars()), {})
