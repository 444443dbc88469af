"""When a program may call events, how often, how long, and how much may be taken."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from evenload.base.errors import InputError
from evenload.domain.event import EventKind
from evenload.program.local_calendar import Hours, Season, Weekday
from evenload.program.term import Term, check_count, check_once, check_order


class LimitPer(StrEnum):
    """The span of local time that events are counted in."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    SEASON = "season"
    YEAR = "year"


class LimitOf(StrEnum):
    """Whose events are counted: all of the program, or those one customer was asked in."""

    PROGRAM = "program"
    CUSTOMER = "customer"


@dataclass(frozen=True, slots=True, kw_only=True)
class CallLimit(Term):
    """How many events there may be in a span of local time; an event counts in the span it starts in."""

    most: int
    """how many at the most"""
    per: LimitPer
    """day, week (from Monday), month, season or year"""
    of: LimitOf = LimitOf.PROGRAM
    """program: events that are called; customer: events that one customer is asked in"""

    def __post_init__(self) -> None:
        check_count(f"events.limits, per {self.per}: most", self.most)


@dataclass(frozen=True, slots=True, kw_only=True)
class EventRules(Term):
    """The rules of events; what is left out is no rule."""

    kinds: tuple[EventKind, ...] = ()
    """what may be asked for; left out: anything"""
    mandatory: bool = False
    """whether events may be mandatory"""
    not_before: date | None = None
    """no event starts before this local date"""
    seasons: tuple[Season, ...] = ()
    """days of the year; left out: all year"""
    weekdays: tuple[Weekday, ...] = ()
    """days of the week; left out: every day"""
    except_dates: tuple[date, ...] = ()
    """local dates without events, such as holidays"""
    hours: tuple[Hours, ...] = ()
    """parts of the day an event lies within as a whole; left out: any"""
    notice_minutes_min: int | None = None
    """least time from being told to the start, min"""
    notice_minutes_max: int | None = None
    """longest time from being told to the start, min"""
    length_minutes_min: int | None = None
    """shortest event, min of elapsed time"""
    length_minutes_max: int | None = None
    """longest event, min of elapsed time"""
    limits: tuple[CallLimit, ...] = ()
    """how many events in a day, week, month, season or year"""
    spacing_minutes_min: int | None = None
    """least time between the end of an event and the start of the next, min"""
    customer_spacing_minutes_min: int | None = None
    """the same between events that one customer is asked in, min"""
    severe_weather_blackout: bool = False
    """no event while a warning of severe weather holds, but those that prepare for an outage"""
    power_share_min: Decimal | None = None
    """floor of a partial reduction: the least share (0-1) of a car's power that an event leaves; above 0 it rules out a
    pause"""

    def __post_init__(self) -> None:
        _check_minutes(self)
        check_once("events.kinds", self.kinds)
        check_once("events.weekdays", self.weekdays)
        check_once("events.seasons", tuple(season.name for season in self.seasons))
        check_once("events.limits", tuple(f"{limit.per} of {limit.of}" for limit in self.limits))
        if not self.seasons and any(limit.per is LimitPer.SEASON for limit in self.limits):
            raise InputError("events.limits has one per season, but events.seasons names no season")
        floor = self.power_share_min
        if floor is not None and not 0 <= floor <= 1:
            raise InputError(f"events.power_share_min = {floor} must be a share from 0 to 1, such as 0.5")
        if floor and EventKind.PAUSE in self.kinds:
            raise InputError(
                f"events.kinds has pause, but events.power_share_min = {floor} leaves every car some power"
            )

    @property
    def reads_calendar(self) -> bool:
        """Whether a rule asks for the local date or time."""
        return bool(
            self.seasons or self.weekdays or self.except_dates or self.hours or self.limits or self.not_before
        )  # fmt: skip


def _check_minutes(rules: EventRules) -> None:
    for key in ("notice_minutes_min", "notice_minutes_max", "spacing_minutes_min", "customer_spacing_minutes_min"):
        check_count(f"events.{key}", getattr(rules, key), low=0)
    for key in ("length_minutes_min", "length_minutes_max"):
        check_count(f"events.{key}", getattr(rules, key))
    check_order(
        "events", "notice_minutes_min", rules.notice_minutes_min, "notice_minutes_max", rules.notice_minutes_max
    )
    check_order(
        "events", "length_minutes_min", rules.length_minutes_min, "length_minutes_max", rules.length_minutes_max
    )
