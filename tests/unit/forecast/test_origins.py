"""Earlier days on the wall clock and by the sun, with days of 23 and 25 hours."""

import numpy as np

from evenload.base.horizon import Horizon
from evenload.base.instants import parse_instant
from evenload.base.local_clock import LocalClock
from evenload.forecast.conditions import SATURDAY, SUNDAY, WORKDAY, Calendar
from evenload.forecast.origins import Window

OSLO = Calendar(LocalClock("Europe/Oslo"))
HISTORY = Horizon(parse_instant("2020-03-01T00:00:00+01:00"), 60, 24 * 365)


def window(start: str, steps: int) -> Window:
    columns = Horizon(parse_instant(start), 60, steps).starts()
    return Window(columns, 0, 0)


def local_hours(index: np.ndarray) -> list[int]:
    return (OSLO.clock.minute_of_day(HISTORY.starts()[index]) // 60).tolist()


def test_a_day_of_23_hours_meets_the_same_local_hours_of_the_day_before() -> None:
    origins = window("2020-03-29T00:00:00+01:00", 23).on_the_wall_clock(OSLO, HISTORY, 2)
    hours = [0, 1, *range(3, 24)]
    assert [local_hours(row) for row in origins.index] == [hours, hours, hours]
    assert origins.index[1, 0] == origins.index[0, 0] - 24
    assert origins.index[1, -1] == origins.index[0, -1] - 23


def test_both_passes_of_the_repeated_hour_meet_the_same_hour() -> None:
    origins = window("2020-10-25T00:00:00+02:00", 25).on_the_wall_clock(OSLO, HISTORY, 1)
    hours = [0, 1, 2, *range(2, 24)]
    assert [local_hours(row) for row in origins.index] == [hours, hours]
    assert origins.index[0].tolist() == list(range(origins.index[0, 0], origins.index[0, 0] + 25))
    assert origins.index[1, 2] == origins.index[1, 3]


def test_the_sun_keeps_24_hours_over_a_clock_change() -> None:
    origins = window("2020-03-29T00:00:00+01:00", 23).by_the_sun(HISTORY, 2)
    assert (origins.index[0] - origins.index[2] == 48).all()
    assert (origins.day_type == origins.day_type[0, 0]).all()


def test_days_have_types_and_a_holiday_is_a_sunday() -> None:
    holiday = Calendar(LocalClock("Europe/Oslo"), np.array(["2020-05-01"], dtype="datetime64[D]"))
    dates = np.array(["2020-04-30", "2020-05-01", "2020-05-02", "2020-05-03"], dtype="datetime64[D]")
    assert holiday.day_type(dates).tolist() == [WORKDAY, SUNDAY, SATURDAY, SUNDAY]
    assert OSLO.day_type(dates).tolist() == [WORKDAY, WORKDAY, SATURDAY, SUNDAY]


def test_gathering_never_reaches_outside_or_past_now() -> None:
    origins = window("2020-03-01T00:00:00+01:00", 3).by_the_sun(HISTORY, 1)
    values = np.arange(24.0 * 365)
    assert np.isnan(origins.gather(values, until=0)).all()
    assert origins.gather(values, until=2)[0, :2].tolist() == [0.0, 1.0]
    assert np.isnan(origins.gather(values)[1]).all()
    assert origins.gather(values, offset=48)[1].tolist() == [24.0, 25.0, 26.0]
