"""How much is in a database."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from evenload.store.sql.columns import metadata, to_instant
from evenload.store.sql.packing import DAY_US
from evenload.store.sql.schema import readings, readings_packed
from evenload.store.sql.store import SqlStore


@dataclass(frozen=True, slots=True)
class Inventory:
    """Rows by table, bytes in all, and from when to when there are readings."""

    rows: dict[str, int]
    size_bytes: int
    first: datetime | None
    last: datetime | None
    packed_days: int


def inventory(store: SqlStore) -> Inventory:
    """Count everything: takes a while where there is much."""
    with store.reading_connection() as connection:
        rows = {
            name: connection.execute(select(func.count()).select_from(table)).scalar_one()
            for name, table in sorted(metadata.tables.items())
        }
        of = readings.c.at
        instants: list[datetime] = [
            *connection.execute(select(of).order_by(of).limit(1)).scalars(),
            *connection.execute(select(of).order_by(of.desc()).limit(1)).scalars(),
        ]
        days = connection.execute(select(func.min(readings_packed.c.day), func.max(readings_packed.c.day))).one()
        instants += [to_instant(day * DAY_US) for day in days if day is not None]
        size = connection.exec_driver_sql(store.database.size_text).scalar_one()
    return Inventory(rows, int(size), min(instants, default=None), max(instants, default=None), rows["readings_packed"])
