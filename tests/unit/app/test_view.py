"""What flows now, as it is told: late, early, averaged, or of the wrong kind."""

from datetime import UTC, datetime, timedelta

import pytest

from evenload.app.view import LiveView
from evenload.domain.station import StationId
from evenload.domain.station_events import MeterSampled, TransactionEnded
from evenload.domain.station_readings import Reading, ReadingKind
from evenload.service.guard import Metered
from evenload.service.live_rows import LoadKind, LoadRow

NOW = datetime(2026, 1, 10, 17, tzinfo=UTC)
STATION = StationId("home", "CP1")


def sampled(kw: float, at: datetime, received_at: datetime, evse_id: int = 1) -> MeterSampled:
    reading = Reading(at=at, kind=ReadingKind.INSTANT, power_kw=kw)
    return MeterSampled(station=STATION, at=at, received_at=received_at, evse_id=evse_id, readings=(reading,))


@pytest.mark.parametrize("off_s", [-3600, -300, 0, 45])
def test_a_station_whose_clock_is_wrong_is_heard_when_it_speaks(off_s: int) -> None:
    view = LiveView()
    view.heed([sampled(5.0, NOW - timedelta(seconds=off_s), NOW, 0)])
    assert view.main_meter(STATION) == Metered(NOW, 5.0)


def test_what_was_metered_long_before_it_is_told_does_not_stand_for_now() -> None:
    view = LiveView()
    view.heed([sampled(5.0, NOW, NOW)])
    view.heed([sampled(11.0, NOW - timedelta(hours=1), NOW + timedelta(seconds=1))])
    assert view.power[STATION, 1] == Metered(NOW, 5.0)


def test_the_end_of_a_transaction_is_the_end_of_what_flows() -> None:
    view = LiveView()
    view.heed([sampled(5.0, NOW, NOW)])
    later = NOW + timedelta(seconds=5)
    view.heed([TransactionEnded(station=STATION, at=later, received_at=later, evse_id=1, transaction_id="1")])
    assert view.power[STATION, 1] == Metered(later, 0.0)


def test_a_load_stands_for_the_end_of_its_interval_and_an_older_one_changes_nothing() -> None:
    view = LiveView()
    rows = [LoadRow("home", "depot", NOW + timedelta(seconds=s), 1.0, 40.0 + s, LoadKind.TOTAL) for s in (2, 0, 1)]
    view.heed_loads(rows)
    assert view.load["home", "depot"] == Metered(NOW + timedelta(seconds=3), 42.0, timedelta(seconds=1))


@pytest.mark.parametrize(("kind", "duration_s"), [(LoadKind.DIRECT, 1.0), (LoadKind.TOTAL, 900.0)])
def test_base_load_alone_and_means_of_a_quarter_are_not_what_flows_now(kind: LoadKind, duration_s: float) -> None:
    view = LiveView()
    view.heed_loads([LoadRow("home", "depot", NOW, duration_s, 40.0, kind)])
    assert not view.load
