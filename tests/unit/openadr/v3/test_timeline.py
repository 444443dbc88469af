"""Intervals in instants, by cases worked by hand from the User Guide 3.1.0 (section 7.3), and invariants."""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenload.base.errors import InputError
from evenload.openadr.v3.durations import BEGINNING, END_OF_TIME, Duration, later, written
from evenload.openadr.v3.instants import parse_start
from evenload.openadr.v3.timeline import lifetime, timeline
from evenload.openadr.v3.wire import EventRequest

T0 = datetime(2026, 1, 12, 17, tzinfo=UTC)
HOUR = timedelta(hours=1)
ANY = T0 - 9999 * HOUR, T0 + 9999 * HOUR


def event(*intervals: dict[str, Any], **more: Any) -> EventRequest:
    numbered = [{"id": place, "payloads": []} | one for place, one in enumerate(intervals)]
    return msgspec.convert({"programID": "p", "intervals": numbered} | more, EventRequest)


def hours(found: EventRequest, **more: Any) -> list[tuple[int, float, float]]:
    spans = timeline(found, T0, *ANY, **more)
    return [(one.interval_id, (one.start - T0) / HOUR, (one.end - T0) / HOUR) for one in spans]


def period(start: str | None = None, duration: str | None = None, randomize: str | None = None) -> dict[str, Any]:
    told = {"start": start, "duration": duration, "randomizeStart": randomize}
    return {"intervalPeriod": {name: value for name, value in told.items() if value is not None}}


def test_intervals_run_back_to_back_from_the_events_start() -> None:
    found = event({}, period(duration="PT2H"), {}, **period("2026-01-12T18:00:00+01:00", "PT1H"))
    assert hours(found) == [(0, 0.0, 1.0), (1, 1.0, 3.0), (2, 3.0, 4.0)]


@pytest.mark.parametrize("start", ["0001-01-01", "0001-01-01T00:00:00", "0001-01-01T00:00:00Z"])
def test_a_start_at_the_beginning_of_time_follows_or_is_now(start: str) -> None:
    found = event(period(start, "PT1H"), period("2026-01-12T20:00:00Z", "PT30M"), period(start, "PT1H"))
    assert hours(found) == [(0, 0.0, 1.0), (1, 3.0, 3.5), (2, 3.5, 4.5)]
    first_is_the_events = event(period(start, "PT1H"), **period("2026-01-12T19:00:00Z"))
    assert hours(first_is_the_events) == [(0, 2.0, 3.0)]


def test_for_ever_does_not_overflow() -> None:
    found = event({}, **period("0001-01-01", "P9999Y"))
    (span,) = timeline(found, T0, *ANY)
    assert (span.start, span.end) == (T0, END_OF_TIME)
    assert lifetime(found, T0) == (T0, END_OF_TIME)
    assert lifetime(event(**period("0001-01-01", "P9999Y")), T0)[1] == END_OF_TIME


def test_no_time_is_called_off() -> None:
    found = event({}, **period("0001-01-01", "PT0S"))
    assert hours(found) == []
    assert lifetime(found, T0) == (T0, T0)
    assert hours(event({}, duration="PT0S", **period("2026-01-12T17:00:00Z", "PT1H"))) == []


def test_the_events_duration_cuts_and_repeats() -> None:
    day = event({}, {}, {}, duration="PT90M", **period("2026-01-12T17:00:00Z", "PT1H"))
    assert hours(day) == [(0, 0.0, 1.0), (1, 1.0, 1.5)]
    twice = event({}, {}, duration="PT5H", **period("2026-01-12T17:00:00Z", "PT1H"))
    assert hours(twice) == [(0, 0.0, 1.0), (1, 1.0, 2.0), (0, 2.0, 3.0), (1, 3.0, 4.0), (0, 4.0, 5.0)]
    assert lifetime(twice, T0) == (T0, T0 + 5 * HOUR)


def test_a_tariff_of_a_day_repeats_for_ever_and_is_looked_at_where_asked() -> None:
    found = event(*({} for _ in range(24)), duration="P9999Y", **period("2020-01-01T00:00:00Z", "PT1H"))
    spans = timeline(found, T0, T0, T0 + 3 * HOUR)
    assert [one.interval_id for one in spans] == [17, 18, 19]
    assert spans[0].start == T0
    assert spans[0].turn == (datetime(2026, 1, 12, tzinfo=UTC) - datetime(2020, 1, 1, tzinfo=UTC)).days


def test_a_loop_of_seconds_over_years_keeps_nobody_busy() -> None:
    found = event({}, duration="P9999Y", **period("2020-01-01T00:00:00Z", "PT1S"))
    assert len(timeline(found, T0, T0, T0 + HOUR)) == 3600
    with pytest.raises(InputError, match="loops"):
        timeline(found, T0, T0, T0 + 9999 * HOUR)


@given(seed=st.integers(0, 2**32), absolute=st.booleans())
def test_a_random_start_moves_the_chain_by_one_amount_to_either_side(seed: int, absolute: bool) -> None:
    second = period("2026-01-12T20:00:00Z", "PT1H", "PT5M") if absolute else {}
    found = event({}, second, {}, **period("2026-01-12T17:00:00Z", "PT1H", "PT15M"))
    plain, moved = hours(found), hours(found, rng=np.random.default_rng(seed))
    shifts = [after[1] - before[1] for before, after in zip(plain, moved, strict=True)]
    assert abs(shifts[0]) <= 0.25
    assert shifts[1] == pytest.approx(shifts[2])
    assert abs(shifts[1]) <= 5 / 60 if absolute else shifts[1] == pytest.approx(shifts[0])


def test_random_starts_are_uniform_to_both_sides() -> None:
    found = event({}, **period("2026-01-12T17:00:00Z", "PT1H", "PT30M"))
    rng = np.random.default_rng(7)
    shifts = np.array([hours(found, rng=rng)[0][1] for _ in range(4000)])
    counts, _ = np.histogram(shifts, bins=10, range=(-0.5, 0.5))
    assert counts.sum() == 4000
    assert ((counts - 400) ** 2 / 400).sum() < 27.9  # chi-squared of 9 degrees at 0.1 %


@pytest.mark.parametrize(("text", "ends"), [
    ("PT15M", "2026-01-12T17:15:00"), ("P1D", "2026-01-13T17:00:00"), ("P2W", "2026-01-26T17:00:00"),
    ("P1M", "2026-02-12T17:00:00"), ("P1Y2M", "2027-03-12T17:00:00"), ("PT0.5S", "2026-01-12T17:00:00.500000"),
    ("-PT1H", "2026-01-12T16:00:00"), ("P1DT1H1M1S", "2026-01-13T18:01:01"),
])  # fmt: skip
def test_durations_by_hand(text: str, ends: str) -> None:
    assert Duration.parse(text).after(T0) == datetime.fromisoformat(ends).replace(tzinfo=UTC)


def test_the_last_day_of_a_month_stays_in_the_next() -> None:
    assert Duration.parse("P1M").after(datetime(2026, 1, 31, tzinfo=UTC)) == datetime(2026, 2, 28, tzinfo=UTC)


@pytest.mark.parametrize("text", ["", "P", "PT", "1H", "PT1", "P1H", "PT1.H", "P1.5D", "PT1H ", "P1D\n", "P-1D", "P١D"])
def test_what_is_no_duration(text: str) -> None:
    with pytest.raises(InputError, match="ISO 8601"):
        Duration.parse(text)


@given(st.integers(0, 99999), st.integers(0, 2**40), st.sampled_from([1, -1]), st.datetimes(timezones=st.just(UTC)))
def test_no_duration_leaves_the_calendar(months: int, seconds: int, sign: int, at: datetime) -> None:
    ends = Duration(months, float(seconds), sign).after(at)
    assert BEGINNING <= ends <= END_OF_TIME
    assert (ends >= at) if sign > 0 else (ends <= at)


@given(st.integers(0, 10**9))
def test_what_is_written_is_read_again(seconds: int) -> None:
    assert Duration.parse(written(seconds)).about_s == seconds


def test_for_ever_is_written_and_stays() -> None:
    assert written((END_OF_TIME - datetime(1, 1, 2, tzinfo=UTC)).total_seconds()) == "P9999Y"
    assert later(END_OF_TIME, -3600.0) == END_OF_TIME


@pytest.mark.parametrize(
    "text", ["2026-01-12T17:00:00", "2026-01-12", "now", "2026-02-30T00:00:00Z", "0000-01-01T00:00:00Z"]
)
def test_what_is_no_instant(text: str) -> None:
    with pytest.raises(InputError):
        parse_start(text)


def test_instants_with_offsets_fractions_and_leap_seconds() -> None:
    assert parse_start("2026-01-12t18:00:00.123456789+01:00") == T0.replace(microsecond=123456)
    assert parse_start("2016-12-31T23:59:60Z") == datetime(2016, 12, 31, 23, 59, 59, tzinfo=UTC)
