"""When things happened at stations whose clocks may be wrong."""

from datetime import UTC, datetime, timedelta

import pytest

from evenload.domain.station import StationId
from evenload.domain.station_events import MeterSampled, StationEvent, StationSeen, TransactionStarted
from evenload.domain.station_readings import Reading, ReadingKind
from evenload.service.rows import StationRow
from evenload.service.station_clock import dated

STATION = StationId("t", "CP1")
NOON = datetime(2026, 1, 10, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
AWAY = StationRow(STATION, lost_at=NOON - 600 * MINUTE, back_at=NOON - 300 * MINUTE)


def at(minutes: float) -> StationEvent:
    return StationSeen(station=STATION, at=NOON + minutes * MINUTE, received_at=NOON)


@pytest.mark.parametrize(
    ("minutes", "station", "is_right"),
    [
        (-9, AWAY, True),
        (-11, AWAY, False),  # it was here and would have told at once
        (-400, AWAY, True),  # told when it was back
        (-605, AWAY, True),  # the end of a line is noticed late
        (-620, AWAY, False),
        (-3_000_000, AWAY, False),
        (5, AWAY, False),  # nothing is told before it happens
        (-400, StationRow(STATION, noted_at=NOON - 600 * MINUTE), True),  # it waited to be let in
        (-700, StationRow(STATION, noted_at=NOON - 600 * MINUTE), False),  # what it did before was not here
        (-400, StationRow(STATION), False),
        (-400, None, False),
    ],
)
def test_a_stations_time_is_right_where_it_told_at_once_or_was_away(
    minutes: float, station: StationRow | None, is_right: bool
) -> None:
    event = at(minutes)
    assert dated(event, lambda: station).at == (event.at if is_right else NOON)


def test_without_anything_known_a_station_is_believed_that_it_was_away() -> None:
    event = TransactionStarted(
        station=STATION, at=NOON - 400 * MINUTE, received_at=NOON, transaction_id="7", offline=True
    )
    assert dated(event, lambda: None) is event


def test_readings_are_moved_with_their_message() -> None:
    readings = tuple(Reading(at=NOON - one * MINUTE, kind=ReadingKind.INSTANT, power_kw=1.0) for one in (16, 15))
    event = MeterSampled(station=STATION, at=readings[0].at, received_at=NOON, readings=readings)
    assert [one.at for one in dated(event, lambda: AWAY).readings] == [NOON, NOON + MINUTE]
