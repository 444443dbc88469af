"""The log of events and the orders in SQL."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any, Final

from sqlalchemy import Connection, Select, bindparam, delete, insert, select, update

from evenload.domain.station import StationId
from evenload.service.rows import EventRow, OrderRow
from evenload.store.sql.kept import portions
from evenload.store.sql.schema import TO_GIVE, events, orders
from evenload.store.sql.writing import put_new

_CHANGING: Final = ("standing", "settlement", "info", "value", "settled_at", "worthless_at")
_PUT: Final = (
    update(orders).where(orders.c.order_id == bindparam("known")).values({one: bindparam(one) for one in _CHANGING})
)
_PLAIN: Final = (
    "order_id", "kind", "evse_id", "body", "made_at", "worthless_at", "standing", "settlement", "info", "value",
    "settled_at",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class SqlEvents:
    """The log of events."""

    connection: Connection

    def after(self, tenant: str, number: int, count: int) -> Sequence[EventRow]:
        """Those that follow a number, in order."""
        found = select(events).where(events.c.tenant == tenant, events.c.number > number)
        return self._rows(found.order_by(events.c.number).limit(count))

    def last(self, tenant: str, count: int) -> Sequence[EventRow]:
        """The last ones, in order."""
        found = select(events).where(events.c.tenant == tenant).order_by(events.c.number.desc()).limit(count)
        return self._rows(found)[::-1]

    def _rows(self, found: Select[Any]) -> list[EventRow]:
        return [
            EventRow(StationId(row.tenant, row.identity), row.at, row.received_at, row.evse_id, row.kind, row.body,
                     row.number)
            for row in self.connection.execute(found)
        ]  # fmt: skip

    def unknown(self, rows: Iterable[EventRow]) -> Sequence[EventRow]:
        """Those that are not there to the letter, in the order given."""
        by_digest = {_digest(row): row for row in rows}
        for some in portions(list(by_digest)):
            for one in self.connection.execute(select(events.c.digest).where(events.c.digest.in_(some))).scalars():
                del by_digest[one]
        return list(by_digest.values())

    def forget(self, tenant: str, kind: str, until: int) -> None:
        """Take away those of a kind before a number: that one stays, so that numbers go on from it."""
        own = (events.c.tenant == tenant, events.c.kind == kind, events.c.number < until)
        self.connection.execute(delete(events).where(*own))

    def add(self, rows: Iterable[EventRow]) -> None:
        """Append, but not what is there to the letter, save for when it was received."""
        values = [
            {"digest": _digest(row), "tenant": row.station.tenant, "identity": row.station.identity, "at": row.at,
             "received_at": row.received_at, "evse_id": row.evse_id, "kind": row.kind, "body": row.body}
            for row in rows
        ]  # fmt: skip
        put_new(self.connection, events, values, "digest")


def _digest(row: EventRow) -> int:
    told = f"{row.station}\0{row.kind}\0{row.at.isoformat()}\0{row.evse_id}\0{row.body}"
    return int.from_bytes(blake2b(told.encode(), digest_size=8).digest(), "big", signed=True)


@dataclass(frozen=True, slots=True)
class SqlOrders:
    """Commands to stations on their way."""

    connection: Connection

    def find(self, order_ids: Iterable[str]) -> Sequence[OrderRow]:
        """Those of these ids that there are."""
        found = [self._rows(select(orders).where(orders.c.order_id.in_(some))) for some in portions(order_ids)]
        return sorted((row for rows in found for row in rows), key=lambda row: row.number)

    def to_give(self, number: int) -> Sequence[OrderRow]:
        """Those after a number that got no answer yet or are standing, in order."""
        return self._rows(select(orders).where(orders.c.number > number, TO_GIVE).order_by(orders.c.number))

    def standing(self, station: StationId) -> Sequence[OrderRow]:
        """Those of a station that are standing, in order."""
        own = (orders.c.tenant == station.tenant, orders.c.identity == station.identity, orders.c.standing)
        return self._rows(select(orders).where(*own).order_by(orders.c.number))

    def last(self, tenant: str, count: int) -> Sequence[OrderRow]:
        """The last of a tenant, in order."""
        found = select(orders).where(orders.c.tenant == tenant).order_by(orders.c.number.desc()).limit(count)
        return self._rows(found)[::-1]

    def add(self, row: OrderRow) -> None:
        """Append."""
        plain = {name: getattr(row, name) for name in _PLAIN}
        whose = {"tenant": row.station.tenant, "identity": row.station.identity}
        self.connection.execute(insert(orders), {**whose, **plain})

    def put(self, rows: Iterable[OrderRow]) -> None:
        """Replace what may change of those there are."""
        values = [{"known": row.order_id, **{name: getattr(row, name) for name in _CHANGING}} for row in rows]
        if values:
            self.connection.execute(_PUT, values)

    def _rows(self, found: Select[Any]) -> list[OrderRow]:
        return [
            OrderRow(station=StationId(row.tenant, row.identity), number=row.number,
                     **{name: getattr(row, name) for name in _PLAIN})
            for row in self.connection.execute(found)
        ]  # fmt: skip
