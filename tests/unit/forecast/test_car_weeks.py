"""Weeks of single cars, against sessions placed by hand."""

from datetime import UTC, datetime

import numpy as np
import pytest

from evenload.base.errors import InputError
from evenload.base.horizon import Horizon
from evenload.base.local_clock import LocalClock
from evenload.domain.history import History
from evenload.forecast.car_weeks import weeks_of_cars_kw

OSLO = LocalClock("Europe/Oslo")


def history(*rows: tuple[str, str, float, float]) -> History:
    """Driver, plug-in (UTC), kWh and kW of each session; all stay twelve hours."""
    plugged = np.array([row[1] for row in rows], dtype="datetime64[s]")
    return History.of(
        session_id=np.array([f"s{i}" for i in range(len(rows))]),
        plugged_at=plugged,
        unplugged_at=np.asarray(plugged + np.timedelta64(12, "h")),
        energy_kwh_metered=np.array([row[2] for row in rows]),
        power_kw_max=np.array([row[3] for row in rows]),
        user_id=np.array([row[0] for row in rows]),
    )


PAST = history(
    ("ann", "2025-01-05T18:00", 1.0, 4.0),  # a Sunday: the first whole week begins next day
    ("ann", "2025-01-07T16:30", 3.0, 4.0),  # Tuesday 17:30 to 18:15 in Oslo
    ("ann", "2025-01-19T22:30", 4.0, 4.0),  # Sunday 23:30: half an hour of it is in the third week
    ("ann", "2025-01-27T18:00", 1.0, 4.0),  # the Monday after three whole weeks
)


def test_each_whole_week_is_a_row_at_its_weekday_and_hour() -> None:
    tuesday = Horizon(datetime(2025, 3, 4, 16, 0, tzinfo=UTC), 30, 4)  # 17:00 to 19:00 in Oslo
    assert weeks_of_cars_kw(PAST, tuesday, OSLO).tolist() == [[0, 4, 2, 0], [0] * 4, [0] * 4]
    midnight = Horizon(datetime(2025, 3, 2, 22, 0, tzinfo=UTC), 30, 4)  # from Sunday 23:00 over to Monday
    assert weeks_of_cars_kw(PAST, midnight, OSLO).tolist() == [[0] * 4, [0, 4, 0, 0], [0, 0, 4, 0]]


def test_summer_time_moves_with_the_wall_clock() -> None:
    july = Horizon(datetime(2025, 7, 1, 15, 0, tzinfo=UTC), 30, 4)  # 17:00 in Oslo
    assert weeks_of_cars_kw(PAST, july, OSLO)[0].tolist() == [0, 4, 2, 0]


def test_energy_of_the_weeks_is_that_of_the_sessions() -> None:
    week = Horizon(datetime(2025, 3, 2, 23, 0, tzinfo=UTC), 15, 4 * 24 * 7)
    found = weeks_of_cars_kw(PAST, week, OSLO)
    assert found.sum(axis=1) * 0.25 == pytest.approx([3.0, 2.0, 2.0])


@pytest.mark.parametrize(
    ("past", "words"),
    [
        (history(("", "2025-01-05T18:00", 1.0, 4.0)), "no row has a user_id"),
        (history(("ann", "2025-01-05T18:00", 1.0, np.nan)), "power_kw_max is not known of every session"),
        (PAST.take(np.array([0, 1])), "no driver is on record for a whole week"),
    ],
)
def test_a_history_that_shows_no_week_is_refused(past: History, words: str) -> None:
    with pytest.raises(InputError, match=words):
        weeks_of_cars_kw(past, Horizon(datetime(2025, 3, 4, tzinfo=UTC), 30, 4), OSLO)
