from collections.abc import Callable
from datetime import UTC, datetime
from math import isnan
from pathlib import Path

import pytest

from evenload.domain.event import Event, EventKind
from evenload.files.events import read_events
from evenload.files.problems import RowsRefusedError

Write = Callable[[str, str], Path]
HEAD = "event_id,kind,start,end,node,group,power_kw,mandatory,notified_at,cancelled_at\n"


def at(hour: int) -> datetime:
    return datetime(2025, 1, 13, hour, tzinfo=UTC)


def test_every_column_comes_through(write: Write) -> None:
    rows = (
        "e7,limit,2025-01-13T18:00:00+01:00,2025-01-13T19:00:00Z,F12,homes,250,true,"
        "2025-01-13T08:00:00Z,2025-01-13T18:00:00Z\n"
    )
    assert read_events(write("events.csv", HEAD + rows)) == (
        Event("e7", EventKind.LIMIT, at(17), at(19), "F12", "homes", 250.0, True, at(8), at(18)),
    )


def test_blanks_are_everybody_no_power_voluntary_and_not_known(write: Write) -> None:
    event = read_events(
        write("events.csv", "event_id,kind,start,end\ne1,pause,2025-01-13T17:00:00Z,2025-01-13T18:00:00Z\n")
    )
    assert len(event) == 1
    assert (event[0].node, event[0].group, event[0].mandatory) == ("", "", False)
    assert isnan(event[0].power_kw)
    assert event[0].notified_at is None
    assert event[0].cancelled_at is None


@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        ("e1,limit,2025-01-13T17:00:00Z,2025-01-13T18:00:00Z,,,,,,", "needs the power it limits to"),
        ("e1,pause,2025-01-13T18:00:00Z,2025-01-13T17:00:00Z,,,,,,", "is not after start"),
        ("e1,stop,2025-01-13T17:00:00Z,2025-01-13T18:00:00Z,,,,,,", "stop"),
    ],
)
def test_an_event_that_cannot_be_is_refused_with_its_line(write: Write, row: str, sentence: str) -> None:
    with pytest.raises(RowsRefusedError, match=rf"events.csv, line 2.*{sentence}"):
        read_events(write("events.csv", HEAD + row + "\n"))
