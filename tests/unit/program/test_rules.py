"""May an event be called: each rule by hand, and the calendar against a walk minute by minute on the wall clock."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenload.base.errors import InputError
from evenload.base.instants import Interval, parse_instant
from evenload.domain.event import EventKind
from evenload.program.document import ProgramDocument
from evenload.program.eligibility_terms import EligibilityTerms
from evenload.program.event_rules import CallLimit, EventRules, LimitOf, LimitPer
from evenload.program.local_calendar import Hours, Season, Weekday
from evenload.program.refusal import EventRule
from evenload.program.rules import CalledEvent, EventAsked, may_ask_customer, may_call
from evenload.program.terms import ConsentTerm
from evenload.program.words import Archetype, ConsentKind, Segment, Stage

ZONE = "America/New_York"
WEEK = tuple(Weekday)
SUMMER = Season(name="summer", first="06-01", last="09-30")
WINTER = Season(name="winter", first="11-15", last="03-15")
EVENINGS = EventRules(
    seasons=(SUMMER,),
    weekdays=WEEK[:5],
    hours=(Hours(start="15:00", end="21:00"),),
    except_dates=(date(2026, 7, 3),),
    notice_minutes_min=120,
    notice_minutes_max=2880,
    length_minutes_min=30,
    length_minutes_max=240,
    limits=(
        CallLimit(most=1, per=LimitPer.DAY),
        CallLimit(most=3, per=LimitPer.SEASON),
        CallLimit(most=2, per=LimitPer.WEEK, of=LimitOf.CUSTOMER),
    ),
    spacing_minutes_min=1440,
    customer_spacing_minutes_min=2880,
    severe_weather_blackout=True,
    power_share_min=Decimal("0.5"),
)


def document(rules: EventRules | None = EVENINGS, timezone: str = ZONE) -> ProgramDocument:
    return ProgramDocument(
        program_id="evenings",
        version=1,
        name="Evenings",
        archetype=Archetype.EVSE,
        stage=Stage.CONTINUOUS,
        eligibility=EligibilityTerms(segments=(Segment.RESIDENTIAL,)),
        timezone=timezone,
        starts_on=date(2026, 1, 1),
        consents=(ConsentTerm(kind=ConsentKind.CONTROL),),
        events=rules,
        unstated=() if timezone else ("timezone",),
    )


def event(start: str = "2026-07-14T17:00-04:00", hours: float = 2.0, notice_hours: float = 4.0) -> EventAsked:
    begins = parse_instant(start)
    told = begins - timedelta(hours=notice_hours)
    return EventAsked(EventKind.LIMIT, begins, begins + timedelta(hours=hours), told, power_share=0.5)


def called(event_id: str, start: str, hours: float = 2.0) -> CalledEvent:
    begins = parse_instant(start)
    return CalledEvent(event_id, begins, begins + timedelta(hours=hours))


def told(refused: tuple[object, ...]) -> list[str]:
    return [str(one) for one in refused]


@pytest.mark.requirement("R16", "R26")
def test_an_event_within_every_rule_may_be_called() -> None:
    assert may_call(document(), event()) == ()


@pytest.mark.parametrize(
    ("asked", "why", "sentence"),
    [
        (event("2026-07-14T14:30-04:00"), EventRule.HOURS,
         "2026-07-14 14:30 local time is outside the hours 15:00-21:00"),
        (event("2026-07-14T20:00-04:00"), EventRule.HOURS,
         "2026-07-14 21:00 local time is outside the hours 15:00-21:00"),
        (event("2026-07-11T17:00-04:00"), EventRule.WEEKDAY,
         "2026-07-11 is a Saturday, and events are on mon, tue, wed, thu, fri"),
        (event("2026-10-01T17:00-04:00"), EventRule.SEASON,
         "2026-10-01 is in none of the seasons summer (06-01 to 09-30)"),
        (event("2026-07-03T17:00-04:00"), EventRule.EXCEPT_DATE, "2026-07-03 is one of the dates without events"),
        (event("2025-07-14T17:00-04:00"), EventRule.IN_FORCE,
         "evenings version 1 is in force from 2026-01-01 to further notice, and the event starts on 2025-07-14"),
        (event(notice_hours=1.5), EventRule.NOTICE, "notice is 1 h 30 min, and must be 2 h or more"),
        (event(notice_hours=49), EventRule.NOTICE, "notice is 49 h, and must be 48 h or less"),
        (event(hours=0.25), EventRule.LENGTH, "it lasts 15 min, and must last 30 min or more"),
        (event(hours=4.5, start="2026-07-14T16:00-04:00"), EventRule.LENGTH,
         "it lasts 4 h 30 min, and must last 4 h or less"),
        (replace(event(), mandatory=True), EventRule.MANDATORY,
         "the program's events are voluntary, this one is mandatory"),
        (replace(event(), kind=EventKind.PAUSE), EventRule.POWER_SHARE,
         "it leaves 0% of a car's power, and the program at least 50%"),
        (replace(event(), power_share=0.4), EventRule.POWER_SHARE,
         "it leaves 40% of a car's power, and the program at least 50%"),
    ],
)  # fmt: skip
def test_each_rule_refuses_by_itself_and_names_its_numbers(asked: EventAsked, why: EventRule, sentence: str) -> None:
    (refusal,) = may_call(document(), asked)
    assert (refusal.why, refusal.sentence) == (why, sentence)


def test_what_breaks_several_rules_is_told_of_all_of_them() -> None:
    asked = replace(event("2026-12-06T02:00-05:00", hours=5, notice_hours=1), mandatory=True)
    assert [refusal.why for refusal in may_call(document(), asked)] == [
        EventRule.MANDATORY, EventRule.HOURS, EventRule.NOTICE, EventRule.LENGTH,
    ]  # fmt: skip


@pytest.mark.requirement("R16", "R25")
def test_counts_are_of_the_local_day_and_of_the_season() -> None:
    # 20:30 in New York is the next day in UTC: both events are on the same local day
    same_day = may_call(document(replace(EVENINGS, spacing_minutes_min=None)),
                        event("2026-07-14T15:00-04:00"), [called("e1", "2026-07-15T00:30+00:00", 0.5)])  # fmt: skip
    assert told(same_day) == ["there is 1 event on 2026-07-14, and at most 1 may be per day"]
    before = [called(f"e{day}", f"2026-06-{day}T17:00-04:00") for day in ("01", "03", "05")]
    in_season = may_call(document(), event(), before)
    assert told(in_season) == ["there are 3 events from 2026-06-01 to 2026-09-30, and at most 3 may be per season"]
    assert may_call(document(), event(), before[1:]) == ()
    last_year = [replace(one, start=one.start - timedelta(365), end=one.end - timedelta(365)) for one in before]
    assert may_call(document(), event(), last_year) == ()


@pytest.mark.parametrize(
    ("per", "inside", "outside", "span"),
    [
        (LimitPer.WEEK, "2026-07-13T00:30-04:00", "2026-07-12T23:30-04:00", "from 2026-07-13 to 2026-07-19"),
        (LimitPer.MONTH, "2026-07-31T23:30-04:00", "2026-08-01T00:30-04:00", "from 2026-07-01 to 2026-07-31"),
        (LimitPer.YEAR, "2026-12-31T23:30-05:00", "2027-01-01T00:30-05:00", "from 2026-01-01 to 2026-12-31"),
    ],
)
def test_weeks_months_and_years_end_at_local_midnight(per: LimitPer, inside: str, outside: str, span: str) -> None:
    rules = EventRules(limits=(CallLimit(most=1, per=per),))
    (refusal,) = may_call(document(rules), event(), [called("e1", inside)])
    assert refusal.sentence == f"there is 1 event {span}, and at most 1 may be per {per}"
    assert may_call(document(rules), event(), [called("e1", outside)]) == ()


@pytest.mark.requirement("R25")
def test_events_keep_their_distance_before_and_after() -> None:
    rules = EventRules(spacing_minutes_min=24 * 60)
    near = [called("yesterday", "2026-07-13T17:00-04:00"), called("tomorrow", "2026-07-15T18:59-04:00")]
    assert told(may_call(document(rules), event(), near)) == [
        "it is 22 h from event 'yesterday', and events of the program must be 24 h apart",
        "it is 23 h 59 min from event 'tomorrow', and events of the program must be 24 h apart",
    ]
    assert may_call(document(rules), event(), [called("far", "2026-07-15T19:00-04:00")]) == ()
    (overlap,) = may_call(document(rules), event(), [called("same", "2026-07-14T18:00-04:00")])
    assert overlap.sentence == "it overlaps event 'same', and events of the program must be 24 h apart"


@pytest.mark.requirement("R25")
def test_a_customer_has_counts_and_distances_of_their_own() -> None:
    own = [called("mon", "2026-07-13T17:00-04:00"), called("sun", "2026-07-19T17:00-04:00")]
    assert told(may_ask_customer(document(), event(), own)) == [
        "there are 2 events of a customer from 2026-07-13 to 2026-07-19, and at most 2 may be per week",
        "it is 22 h from event 'mon', and events of a customer must be 48 h apart",
    ]
    assert may_ask_customer(document(), event(), []) == ()
    (none,) = may_ask_customer(document(None), event(), [])
    assert none.why is EventRule.NO_EVENTS


@pytest.mark.requirement("R119")
def test_severe_weather_stops_events_but_those_that_prepare_for_it() -> None:
    storm = Interval(parse_instant("2026-07-14T18:30-04:00"), parse_instant("2026-07-15T06:00-04:00"))
    (refusal,) = may_call(document(), event(), warnings=[storm])
    assert refusal.why is EventRule.WEATHER
    assert "2026-07-14T22:30:00+00:00 to 2026-07-15T10:00:00+00:00" in refusal.sentence
    assert may_call(document(), event(hours=1.5), warnings=[storm]) == ()
    earlier = replace(storm, start=storm.start - timedelta(hours=6), end=event().start + timedelta(minutes=1))
    assert [one.why for one in may_call(document(), event(), warnings=[earlier])] == [EventRule.WEATHER]
    assert may_call(document(), event(), warnings=[replace(earlier, end=event().start)]) == ()
    assert may_call(document(), replace(event(), kind=EventKind.PREPARATORY), warnings=[storm]) == ()


def test_rules_that_read_the_calendar_need_a_time_zone() -> None:
    (refusal,) = may_call(document(timezone=""), event())
    assert refusal.sentence == "evenings version 1 does not say in which time zone its dates and hours are"
    (of_customer,) = may_ask_customer(document(timezone=""), event(), [])
    assert of_customer.why is EventRule.TIMEZONE


def test_no_event_lasts_longer_than_a_month_whatever_the_rules() -> None:
    (refusal,) = may_call(document(EventRules()), event(hours=24 * 400))
    assert refusal.sentence == "it lasts 9600 h, and no event lasts longer than 31 days"


def test_a_season_over_the_new_year_is_one_season() -> None:
    rules = EventRules(seasons=(WINTER,), limits=(CallLimit(most=1, per=LimitPer.SEASON),))
    december = [called("dec", "2026-12-20T17:00-05:00")]
    (refusal,) = may_call(document(rules), event("2027-02-01T17:00-05:00"), december)
    assert refusal.sentence == "there is 1 event from 2026-11-15 to 2027-03-15, and at most 1 may be per season"
    assert may_call(document(rules), event("2027-11-20T17:00-05:00"), december) == ()


def test_hours_over_midnight_are_of_the_day_they_start_on() -> None:
    rules = EventRules(weekdays=(Weekday.FRI,), hours=(Hours(start="22:00", end="06:00"),))
    assert may_call(document(rules), event("2026-07-18T00:30-04:00", hours=3)) == ()  # Saturday morning, Friday's night
    assert may_call(document(rules), event("2026-07-18T04:00-04:00", hours=2)) == ()
    (late,) = may_call(document(rules), event("2026-07-18T04:00-04:00", hours=2.1))
    assert late.sentence == "2026-07-18 06:00 local time is outside the hours 22:00-06:00"
    (refusal,) = may_call(document(rules), event("2026-07-17T00:30-04:00", hours=3))
    assert refusal.sentence == "2026-07-16 is a Thursday, and events are on fri"


def test_of_hours_that_overlap_one_on_an_allowed_day_is_enough() -> None:
    both = (Hours(start="20:00", end="08:00"), Hours(start="04:00", end="10:00"))
    saturdays = EventRules(weekdays=(Weekday.SAT,), hours=both)
    assert may_call(document(saturdays), event("2026-07-18T05:00-04:00", hours=2)) == ()  # of Friday's night too


@pytest.mark.parametrize(
    ("day", "holds"), [(date(2027, 2, 28), False), (date(2027, 3, 1), True), (date(2028, 2, 29), True)]
)
def test_a_season_from_29_february_starts_on_1_march_in_other_years(day: date, holds: bool) -> None:
    assert Season(name="leap", first="02-29", last="04-05").holds(day) is holds


def test_the_night_the_clocks_change_has_elapsed_lengths_and_wall_clock_hours() -> None:
    rules = EventRules(hours=(Hours(start="00:00", end="04:00"),), length_minutes_max=240)
    spring, autumn = "2026-03-08T00:00-05:00", "2026-11-01T00:00-04:00"
    assert may_call(document(rules), event(spring, hours=3)) == ()  # 04:00 comes after three hours
    assert told(may_call(document(rules), event(spring, hours=4))) == [
        "2026-03-08 04:00 local time is outside the hours 00:00-04:00"
    ]
    assert told(may_call(document(rules), event(autumn, hours=5))) == ["it lasts 5 h, and must last 4 h or less"]


def test_times_without_offset_and_empty_events_are_refused() -> None:
    naive = datetime(2026, 7, 14, 17)  # noqa: DTZ001 - what is refused
    with pytest.raises(InputError, match="has no offset from UTC"):
        EventAsked(EventKind.PAUSE, naive, naive, naive)
    with pytest.raises(InputError, match="not after its start"):
        event(hours=0)


ZONES = st.sampled_from(["America/New_York", "Europe/Oslo", "Australia/Lord_Howe", "America/Phoenix"])
CLOCKS = st.builds(lambda half: f"{half // 2:02d}:{half % 2 * 30:02d}", st.integers(0, 47))
HOURS = st.tuples(CLOCKS, CLOCKS).filter(lambda two: two[0] != two[1]).map(lambda two: Hours(start=two[0], end=two[1]))
SEASONS = st.sampled_from([SUMMER, WINTER, Season(name="leap", first="02-29", last="04-05")])
STARTS = st.sampled_from([  # around the days the clocks change, and at random
    datetime(2026, 3, 8, 4, tzinfo=UTC), datetime(2026, 11, 1, 3, tzinfo=UTC), datetime(2026, 3, 29, tzinfo=UTC),
    datetime(2026, 10, 25, tzinfo=UTC), datetime(2026, 4, 4, 12, tzinfo=UTC), datetime(2028, 2, 28, 20, tzinfo=UTC),
])  # fmt: skip


@given(
    zone=ZONES,
    hours=st.lists(HOURS, max_size=2),
    weekdays=st.lists(st.sampled_from(WEEK), unique=True, max_size=6),
    seasons=st.lists(SEASONS, unique=True, max_size=2),
    start=st.builds(lambda base, half: base + timedelta(minutes=30 * half), STARTS, st.integers(0, 66)),
    minutes=st.builds(lambda half, more: 30 * half + more, st.integers(0, 12), st.integers(0, 1)).filter(bool),
)
def test_the_calendar_agrees_with_a_walk_over_every_minute(
    zone: str,
    hours: list[Hours],
    weekdays: list[Weekday],
    seasons: list[Season],
    start: datetime,
    minutes: int,
) -> None:
    rules = EventRules(hours=tuple(hours), weekdays=tuple(weekdays), seasons=tuple(seasons))
    asked = EventAsked(EventKind.LIMIT, start, start + timedelta(minutes=minutes), start)
    walked = all(_allows(rules, start + timedelta(minutes=one), zone) for one in range(minutes))
    assert (not may_call(replace(document(rules, zone)), asked)) is walked


def _allows(rules: EventRules, instant: datetime, zone: str) -> bool:
    """Whether a minute lies in hours of an allowed day, told by the standard library's own calendar."""
    shown = instant.astimezone(ZoneInfo(zone))
    clock = f"{shown:%H:%M}"
    days = []
    for window in rules.hours or (Hours(start="00:00", end="24:00"),):
        overnight = window.start > window.end
        if clock >= window.start and (overnight or clock < window.end):
            days.append(shown.date())
        elif overnight and clock < window.end:
            days.append(shown.date() - timedelta(days=1))
    names = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
    in_week = [day for day in days if not rules.weekdays or names[day.weekday()] in rules.weekdays]
    return any(not rules.seasons or any(_in(season, day) for season in rules.seasons) for day in in_week)


def _in(season: Season, day: date) -> bool:
    shown = f"{day:%m-%d}"
    if season.first <= season.last:
        return season.first <= shown <= season.last
    return shown >= season.first or shown <= season.last


@given(count=st.integers(0, 6), most=st.integers(1, 5), per=st.sampled_from(list(LimitPer)))
def test_a_limit_refuses_exactly_the_event_that_is_one_too_many(count: int, most: int, per: LimitPer) -> None:
    rules = EventRules(seasons=(SUMMER,), limits=(CallLimit(most=most, per=per),))
    others = [called(f"e{one}", f"2026-07-14T{one:02d}:00-04:00", 0.5) for one in range(count)]
    assert bool(may_call(document(rules), event(), others)) is (count + 1 > most)
