"""What is seen of devices: whether they can be counted on, and what they draw at most where not."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from evenload.domain.station import StationId
from evenload.service.live_rows import DeviceRow, SessionRow
from evenload.service.rows import StationRow
from evenload.service.snapshot import Patience, Trust, state_of

NOW = datetime(2026, 1, 10, 17, tzinfo=UTC)
HOUR = timedelta(hours=1)
DEVICE = DeviceRow("t", "d", "site", "CP", evse_id=2, power_kw_max=22.0, fallback_kw=1.4)
STATION = StationRow(StationId("t", "CP"), booted_at=NOW - 5 * HOUR, seen_at=NOW)
LOST = replace(STATION, lost_at=NOW)


@pytest.mark.requirement("R147")
@pytest.mark.parametrize(
    ("shown", "counts_kw"),
    [
        ({}, 22.0),
        ({2: 1.4}, 1.4),
        ({2: 1.0}, 1.4),
        ({1: 1.4}, 22.0),  # that of another EVSE
        ({1: 1.4, 2: 22.0}, 22.0),  # the one it had before it was lowered
        ({0: 1.4}, 22.0),
    ],
)
def test_a_fallback_counts_where_the_evse_itself_was_seen_to_have_it(shown: dict[int, float], counts_kw: float) -> None:
    state = state_of(DEVICE, replace(LOST, fallback_kw=1.4, fallbacks_kw=shown), None, NOW, Patience())
    assert (state.trust, state.uncontrolled_kw) == (Trust.OFFLINE, counts_kw)


def test_without_a_fallback_a_device_counts_at_its_most() -> None:
    state = state_of(replace(DEVICE, fallback_kw=None), replace(LOST, fallbacks_kw={2: 1.4}), None, NOW, Patience())
    assert state.uncontrolled_kw == 22.0


def test_a_station_that_never_came_has_no_cars() -> None:
    for station, was_reached in ((None, False), (StationRow(StationId("t", "CP")), False), (LOST, True)):
        state = state_of(DEVICE, station, None, NOW, Patience())
        assert (state.trust, state.was_reached) == (Trust.OFFLINE, was_reached)


@pytest.mark.parametrize(("heard_minutes_ago", "trust"), [(1, Trust.CONTROLLED), (16, Trust.STALE)])
def test_a_meter_is_stale_by_when_it_was_heard_not_by_its_own_clock(heard_minutes_ago: float, trust: Trust) -> None:
    heard_at = NOW - timedelta(minutes=heard_minutes_ago)
    for metered_at in (NOW - 20 * HOUR, NOW - timedelta(minutes=9), NOW):
        session = SessionRow(
            "t", "s", "d", "site", NOW - 2 * HOUR, NOW + HOUR, 10.0, transaction_id="7", metered_at=metered_at,
            heard_at=heard_at,
        )  # fmt: skip
        assert state_of(DEVICE, STATION, session, NOW, Patience()).trust is trust
