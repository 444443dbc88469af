"""Composite schedules: worked by hand, and against a painter that fills in one minute at a time.

The cases named "note" are the worked examples of the notes on profiles in EVerest's libocpp, whose code is another's.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from math import inf
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenload.base.instants import Interval
from evenload.ocpp.composite import Kind, Period, Profile, Purpose, Schedules, Step, Supply, Unit

pytestmark = pytest.mark.requirement("R77")


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def span(start: str, hours: float) -> Interval:
    return Interval(at(start), at(start) + timedelta(hours=hours))


def profile(*periods: tuple[float, float], **given: Any) -> Profile:
    usual = {"purpose": Purpose.TX_DEFAULT, "stack_level": 1, "kind": Kind.RELATIVE, "unit": Unit.A}
    return Profile(**(usual | given), periods=[Period(*period) for period in periods])


def limits(steps: Sequence[Step]) -> list[tuple[float, float]]:
    return [(step.start_s, step.limit) for step in steps]


def of_evse(
    profiles: Sequence[Profile], window: Interval, session_start: str | None = None
) -> list[tuple[float, float]]:
    began = at(session_start) if session_start else None
    return limits(Schedules(profiles, {1: began}, Unit.A).of_evse(1, window))


def test_no_profile_is_no_limit() -> None:
    assert of_evse([], span("2026-01-01T08:00", 1)) == [(0, inf)]


def test_note_validity_does_not_move_the_start_of_a_relative_schedule() -> None:
    hour_high = profile((0, 32), (3600, 6), valid_from=at("2024-01-01T12:00"), valid_to=at("2024-01-01T20:00"))
    assert of_evse([hour_high], span("2024-01-01T10:00", 12), "2024-01-01T10:00") == [(0, inf), (7200, 6), (36000, inf)]
    assert of_evse([hour_high], span("2024-01-01T19:50", 1), "2024-01-01T19:50") == [(0, 32), (600, inf)]


def test_note_a_daily_schedule_of_yesterday_holds_until_today_s_begins() -> None:
    daily = profile((0, 32), (3600, 6), kind=Kind.DAILY, start=at("2024-01-01T12:00"))
    window = span("2024-01-10T11:50", 2)
    assert of_evse([daily], window, "2024-01-10T11:50") == [(0, 6), (600, 32), (4200, 6)]


@pytest.mark.parametrize(
    ("start", "expected"),
    [
        ("2024-02-10T11:50", [(0, inf), (600, 32), (4200, 6)]),
        ("2024-02-01T11:50", [(0, inf), (600, 32), (4200, 6)]),
        ("2024-03-01T08:00", [(0, inf)]),
    ],
)
def test_note_a_daily_schedule_with_a_duration(start: str, expected: list[tuple[float, float]]) -> None:
    """The note's third case speaks of 6 A at 08:00, which 5 hours from 12:00 cannot reach; here it has no limit."""
    daily = profile(
        (0, 32), (3600, 6), kind=Kind.DAILY, start=at("2024-01-01T12:00"), duration_s=18000,
        valid_from=at("2024-02-01T12:00"), valid_to=at("2024-03-01T09:00"),
    )  # fmt: skip
    assert of_evse([daily], span(start, 2), start) == expected


def test_k01_fr_13_and_fr_17_and_16_3_13_a_lower_level_takes_over_where_the_higher_one_has_ended() -> None:
    """17 minutes of 2 kW on one phase are left of a daily quarter, then 11 kW on three."""
    high = Profile(
        Purpose.TX_DEFAULT, 1, Kind.DAILY, Unit.W, [Period(0, 2000, 1)], start=at("2024-01-17T18:00"), duration_s=1080
    )
    low = Profile(Purpose.TX_DEFAULT, 0, Kind.DAILY, Unit.W, [Period(0, 11000, 3)], start=at("2024-01-17T00:00"))
    window = Interval(at("2024-01-17T18:01"), at("2024-01-18T00:00"))
    steps = Schedules([low, high], {1: None}).of_evse(1, window)
    assert steps == (Step(0, 2000, 1), Step(1020, 11000, 3))


def test_k02_fr_04_and_k08_fr_04_and_16_3_13_a_transaction_s_profile_replaces_the_default_and_caps_hold_for_both() -> (
    None
):
    default = profile((0, 10), stack_level=9)
    own = profile((0, 32), purpose=Purpose.TX, evse_id=1, duration_s=3600)
    cap = profile((0, 40), (1800, 16), purpose=Purpose.STATION_MAX, kind=Kind.ABSOLUTE, start=at("2026-01-01T00:00"))
    window = span("2026-01-01T00:00", 2)
    everything = [default, own, cap]
    assert of_evse(everything, window, "2026-01-01T00:00") == [(0, 32), (1800, 16), (3600, 10)]
    assert of_evse(everything, window) == [(0, 10)]  # no session: the profile of a transaction means nothing


def test_of_one_level_the_evse_s_own_default_goes_before_the_station_s() -> None:
    both = [profile((0, 10)), profile((0, 20), evse_id=1), profile((0, 6), evse_id=2)]
    assert of_evse(both, span("2026-01-01T00:00", 1)) == [(0, 20)]


def test_k11_fr_01_and_k12_fr_01_outside_constraints_of_the_station_and_of_the_evse_both_hold() -> None:
    both = [profile((0, limit), purpose=Purpose.EXTERNAL, evse_id=evse) for evse, limit in ((0, 20), (1, 25))]
    assert of_evse(both, span("2026-01-01T00:00", 1)) == [(0, 20)]
    assert of_evse(both[1:], span("2026-01-01T00:00", 1)) == [(0, 25)]


@pytest.mark.parametrize("evse_id", [0, 1])
@pytest.mark.parametrize("limits", [(8, 6), (6, 8)])
def test_k11_fr_01_and_k12_fr_01_of_two_sources_the_lower_limit_holds_whatever_their_levels(
    limits: tuple[float, float], evse_id: int
) -> None:
    hour = {"purpose": Purpose.EXTERNAL, "evse_id": evse_id}
    both = [
        profile((0, limit), (1800, 7), **hour, stack_level=level, source=source)
        for limit, level, source in zip(limits, (0, 3), ("EMS", "SO"), strict=True)
    ]
    window = span("2026-01-01T00:00", 1)
    assert of_evse(both, window) == [(0, 6), (1800, 7)]
    one_source = [replace(one, source="EMS") for one in both]
    assert of_evse(one_source, window)[0] == (0, limits[1])  # the higher level of one source replaces the lower


def test_k04_fr_05_and_k08_fr_03_and_16_3_13_the_station_s_schedule_sums_its_evses_under_its_cap() -> None:
    """libocpp issue 1062: a default of 10 A for each EVSE, a maximum of 32 A for the station."""
    default, cap = profile((0, 10)), profile((0, 32), purpose=Purpose.STATION_MAX)
    window = span("2026-01-01T00:00", 1)
    for evses, expected in ((2, 20), (3, 30), (4, 32)):
        schedules = Schedules([default, cap], dict.fromkeys(range(1, evses + 1)), Unit.A)
        assert limits(schedules.of_station(window)) == [(0, expected)]
        assert limits(schedules.of_evse(1, window)) == [(0, 10)]


def test_a_week_repeats_and_is_silent_before_its_start() -> None:
    monday = profile((0, 8), kind=Kind.WEEKLY, start=at("2026-01-05T00:00"), duration_s=86400)
    assert of_evse([monday], span("2026-01-04T00:00", 24 * 9)) == [
        (0, inf), (86400, 8), (2 * 86400, inf), (8 * 86400, 8),
    ]  # fmt: skip


@pytest.mark.parametrize(("phases", "watts"), [(None, 11040), (1, 3680), (2, 7360), (3, 11040)])
def test_k01_fr_50_and_fr_51_amperes_and_watts_on_the_phases_named(phases: int | None, watts: float) -> None:
    one = Profile(Purpose.TX_DEFAULT, 0, Kind.RELATIVE, Unit.A, [Period(0, 16, phases)])
    [step] = Schedules([one], {1: None}, Unit.W, Supply(230.0, 3)).of_evse(1, span("2026-01-01T00:00", 1))
    assert step == Step(0, watts, phases)
    back = Profile(Purpose.TX_DEFAULT, 0, Kind.RELATIVE, Unit.W, [Period(0, watts, phases)])
    [step] = Schedules([back], {1: None}, Unit.A, Supply(230.0, 3)).of_evse(1, span("2026-01-01T00:00", 1))
    assert step == Step(0, 16, phases)


# against a painter

START = at("2026-03-28T22:00")
MINUTES = 60 * 26


@st.composite
def profiles(draw: st.DrawFn) -> Profile:
    whole = st.integers(-600, 2000)
    starts = sorted(draw(st.sets(st.integers(0, 900), min_size=1, max_size=3)))
    optional = st.none() | whole.map(lambda minutes: START + timedelta(minutes=minutes))
    purpose = draw(st.sampled_from(Purpose))
    return Profile(
        purpose,
        draw(st.integers(0, 2)),
        draw(st.sampled_from([Kind.ABSOLUTE, Kind.DAILY, Kind.RELATIVE])),
        Unit.A,
        [Period(60.0 * start, float(draw(st.integers(0, 40)))) for start in starts],
        draw(st.sampled_from([0, 1])),
        draw(optional),
        draw(st.just(inf) | st.integers(1, 900).map(lambda minutes: 60.0 * minutes)),
        draw(optional),
        draw(optional),
        draw(st.sampled_from(["EMS", "SO"])) if purpose is Purpose.EXTERNAL else "",
    )


def painted(one: Profile, session: int) -> list[float | None]:
    """What a profile says in each minute of the window, painted from its start onwards."""
    minutes: list[float | None] = [None] * MINUTES
    relative = one.kind is Kind.RELATIVE or one.start is None
    origin = session if relative or one.start is None else int((one.start - START).total_seconds()) // 60
    again = [origin + 1440 * day for day in range(4)] if one.kind is Kind.DAILY and not relative else [origin]
    for begin in again:
        paint_once(one, begin, minutes, fresh=one.kind is Kind.DAILY)
    low = -(10**6) if one.valid_from is None else int((one.valid_from - START).total_seconds()) // 60
    high = 10**6 if one.valid_to is None else int((one.valid_to - START).total_seconds()) // 60
    return [limit if low <= minute < high else None for minute, limit in enumerate(minutes)]


def paint_once(one: Profile, begin: int, minutes: list[float | None], *, fresh: bool) -> None:
    if fresh:  # a new day begins with nothing
        minutes[max(begin, 0) :] = [None] * len(minutes[max(begin, 0) :])
    end = MINUTES if one.duration_s == inf else begin + int(one.duration_s) // 60
    for period in one.periods:
        first = begin + int(period.start_s) // 60
        for minute in range(max(first, 0), min(end, MINUTES)):
            minutes[minute] = period.limit


@given(st.lists(profiles(), max_size=5), st.none() | st.integers(-300, 300))
def test_k08_fr_02_and_fr_04_the_composite_equals_what_a_painter_gets(
    chosen: list[Profile], session: int | None
) -> None:
    window = Interval(START, START + timedelta(minutes=MINUTES))
    began = None if session is None else START + timedelta(minutes=session)
    steps = Schedules(chosen, {1: began}, Unit.A).of_evse(1, window)
    paintings = [(one, painted(one, session or 0)) for one in chosen]
    for minute in range(0, MINUTES, 7):
        layers: dict[tuple[Purpose, int, str], tuple[tuple[int, int], float]] = {}
        for one, painting in paintings:
            limit = painting[minute]
            cap = one.purpose in (Purpose.STATION_MAX, Purpose.EXTERNAL)
            place = (one.purpose, one.evse_id if cap else 0, one.source)
            rank = (one.stack_level, one.evse_id)
            skipped = one.purpose is Purpose.TX and (session is None or one.evse_id != 1)
            if limit is not None and not skipped and (place not in layers or rank > layers[place][0]):
                layers[place] = (rank, limit)
        if (Purpose.TX, 0, "") in layers:
            layers.pop((Purpose.TX_DEFAULT, 0, ""), None)
        expected = min((limit for _, limit in layers.values()), default=inf)
        found = [step.limit for step in steps if step.start_s <= 60 * minute][-1]
        assert found == expected, minute
