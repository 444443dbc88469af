"""What differs between databases, behind one port."""

from collections.abc import Sequence
from typing import Any, Final, Protocol

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError

from evenload.store.sql.packing import COLUMNS, NUMBERS, WORDS, ReadingTuple

BUSY_S: Final = 5
"""How long a writer waits for another process."""


class Database(Protocol):
    """A database behind an engine."""

    name: str
    engine: Engine
    size_text: str
    """SQL that tells how many bytes it takes."""
    readers_kept: int
    """So many connections that only read are kept out of the pool; none where they can break while they wait."""

    def make(self, connection: Connection) -> None:
        """What the schema needs beside its tables."""

    def put_readings(self, connection: Connection, rows: Sequence[ReadingTuple]) -> None:
        """Add readings in the order of ``COLUMNS``, each key once; complete those there are, and note the latest."""

    def last_readings(
        self, connection: Connection, meters: Sequence[int], start: int, end: int, count: int
    ) -> list[ReadingTuple]:
        """The last readings of meters in a window of microseconds that are not packed, the last first."""

    def remove_readings(self, connection: Connection, rows: Sequence[ReadingTuple]) -> int:
        """Take away readings that are still as they are told; how many."""

    def forget_days(self, connection: Connection, before: int) -> None:
        """Give back the room of days (since 1970) that hold nothing any more."""

    def sentence(self, error: DBAPIError) -> str | None:
        """Why the database cannot be used now, ``None`` where a defect of ours is all it can be."""


def insert_text(table: str, mark: str) -> str:
    """SQL that adds readings; ``mark`` stands for a value."""
    marks = ", ".join([mark] * len(COLUMNS))
    return f"INSERT INTO {table} ({', '.join(COLUMNS)}) VALUES ({marks})"  # noqa: S608 - names of ours


def completing_text(both_phases: str) -> str:
    """SQL for a reading that is there already; ``both_phases`` is how its JSON is completed."""
    sets = [f"{name} = coalesce(excluded.{name}, readings.{name})" for name in (*NUMBERS, *WORDS) if name != "phases"]
    phases = f"phases = coalesce({both_phases}, excluded.phases, readings.phases)".replace("OLD", "readings")
    return f" ON CONFLICT (at, meter, kind) DO UPDATE SET {', '.join([*sets, phases])}"


def last_text(both_phases: str) -> str:
    """SQL for a latest reading that is there already: a later one replaces it, the same one completes it."""
    same = "excluded.at = readings_last.at AND excluded.kind = readings_last.kind"
    both = {name: f"coalesce(excluded.{name}, readings_last.{name})" for name in (*NUMBERS, *WORDS)}
    both["phases"] = f"coalesce({both_phases}, excluded.phases, readings_last.phases)".replace("OLD", "readings_last")
    sets = [f"{name} = CASE WHEN {same} THEN {told} ELSE excluded.{name} END" for name, told in both.items()]
    later = "(excluded.at, excluded.kind) >= (readings_last.at, readings_last.kind)"
    return f" ON CONFLICT (meter) DO UPDATE SET at = excluded.at, kind = excluded.kind, {', '.join(sets)} WHERE {later}"


def latest(rows: Sequence[ReadingTuple]) -> list[ReadingTuple]:
    """The latest of each meter."""
    found: dict[int, ReadingTuple] = {}
    for row in rows:
        last = found.get(row[1])
        if last is None or row[0] > last[0] or (row[0] == last[0] and row[2] > last[2]):
            found[row[1]] = row
    return list(found.values())


def first_line(error: Any) -> str:  # noqa: ANN401 - whatever a driver raises
    """What a driver says, without its details."""
    return str(error).strip().split("\n", 1)[0] or type(error).__name__
