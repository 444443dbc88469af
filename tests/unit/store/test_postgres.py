"""What is particular to PostgreSQL: a partition a day, a server that goes away, what an address may be."""

import os
import signal
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import text

from evenload.base.errors import InputError
from evenload.base.instants import Interval
from evenload.domain.station import StationId
from evenload.domain.station_readings import Reading, ReadingKind
from evenload.service.ports import StoreError
from evenload.service.rows import ReadingRow, StationRow
from evenload.store.sql import postgres as module
from evenload.store.sql.pack import pack
from evenload.store.sql.store import SqlStore, opened

started = pytest.importorskip  # replaced below: helpers of conftest are fixtures only

A = StationId("home", "A")
T0 = datetime(2026, 3, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)


def rows(days: int, each: int = 30) -> list[ReadingRow]:
    return [
        ReadingRow(A, 1, Reading(at=T0 + day * DAY + n * timedelta(minutes=1), kind=ReadingKind.INSTANT, power_kw=1.5))
        for day in range(days)
        for n in range(each)
    ]


def partitions(store: SqlStore) -> dict[str, int]:
    with store.reading_connection() as connection:
        names = connection.execute(text(module._CHILDREN)).scalars().all()
        counts = {name: connection.execute(text(f"SELECT count(*) FROM {name}")).scalar_one() for name in names}
        counts["other"] = connection.execute(text("SELECT count(*) FROM readings_other")).scalar_one()
        return counts
