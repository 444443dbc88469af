"""The events file as the domain's events."""

from datetime import datetime
from pathlib import Path

import numpy as np

from evenload.base.errors import InputError
from evenload.base.instants import to_datetime
from evenload.domain.event import Event, EventKind
from evenload.files.naming import naming
from evenload.files.specs import EVENTS
from evenload.files.table import Table, read_table


def read_events(path: Path, rejects: Path | None = None) -> tuple[Event, ...]:
    """Events in the order of the file, one a row; see ``read_table`` for ``rejects`` and errors."""
    return events_of(read_table(path, EVENTS, rejects=rejects))


def events_of(table: Table) -> tuple[Event, ...]:
    """Events of a table read with the events spec."""
    with naming(table.path, InputError):
        return tuple(_event(table, row) for row in range(len(table)))


def _event(table: Table, row: int) -> Event:
    return Event(
        event_id=str(table["event_id"][row]),
        kind=EventKind(str(table["kind"][row])),
        start=to_datetime(table["start"][row]),
        end=to_datetime(table["end"][row]),
        node=str(table["node"][row]),
        group=str(table["group"][row]),
        power_kw=float(table["power_kw"][row]),
        mandatory=bool(table["mandatory"][row]),
        notified_at=_known(table["notified_at"][row]),
        cancelled_at=_known(table["cancelled_at"][row]),
    )


def _known(instant: np.datetime64) -> datetime | None:
    return None if np.isnat(instant) else to_datetime(instant)
