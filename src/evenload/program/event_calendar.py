"""Rules of events that read the local calendar: dates, seasons, weekdays, hours, and counts per span of time."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from typing import Final

import numpy as np

from evenload.base.instants import as_utc, time_zone, to_datetime64
from evenload.base.local_clock import LocalClock, clock_text
from evenload.program.document import ProgramDocument
from evenload.program.event_rules import CallLimit, EventRules, LimitOf, LimitPer
from evenload.program.local_calendar import ALL_DAY, Season, weekday_of
from evenload.program.refusal import EligibilityRule, EventRule, Refusal

LONGEST: Final = timedelta(days=31)


def against_calendar(
    document: ProgramDocument, rules: EventRules, start: datetime, end: datetime
) -> Iterator[Refusal]:  # fmt: skip
    """Rules of dates and hours against an event: each minute of it is looked at as the wall clock shows it."""
    dated = document.starts_on is not None or document.ends_on is not None
    if not document.timezone:
        if rules.reads_calendar or dated:
            yield _no_zone(document)
        return
    day = _local_day(document, start)
    if not document.is_in_force(day):
        span = f"from {document.starts_on or 'ever'} to {document.ends_on or 'further notice'}"
        yield Refusal(EventRule.IN_FORCE, f"{document} is in force {span}, and the event starts on {day}")
    if rules.not_before is not None and day < rules.not_before:
        yield Refusal(EventRule.NOT_BEFORE, f"no event starts before {rules.not_before}, and this one does on {day}")
    yield from _against_days(document, rules, start, min(end, start + LONGEST))


def _against_days(document: ProgramDocument, rules: EventRules, start: datetime, end: datetime) -> Iterator[Refusal]:
    """At most one refusal a rule: of the first minute that breaks it."""
    told: set[EventRule | EligibilityRule] = set()
    for day, minute in _minutes(document, start, end):
        owners = [of for hours in (rules.hours or (ALL_DAY,)) if (of := hours.day_of(day, minute)) is not None]
        for refusal in _against_minute(rules, day, minute, owners):
            if refusal.why not in told:
                told.add(refusal.why)
                yield refusal


def _against_minute(rules: EventRules, day: date, minute: int, owners: list[date]) -> Iterator[Refusal]:
    if not owners:
        hours = ", ".join(map(str, rules.hours))
        yield Refusal(EventRule.HOURS, f"{day} {clock_text(minute)} local time is outside the hours {hours}")
        return
    if any(_is_allowed(rules, of) for of in owners):
        return
    of = owners[0]
    if rules.weekdays and weekday_of(of) not in rules.weekdays:
        days = ", ".join(rules.weekdays)
        yield Refusal(EventRule.WEEKDAY, f"{of} is a {of:%A}, and events are on {days}")
    if rules.seasons and not any(season.holds(of) for season in rules.seasons):
        seasons = ", ".join(map(str, rules.seasons))
        yield Refusal(EventRule.SEASON, f"{of} is in none of the seasons {seasons}")
    if of in rules.except_dates:
        yield Refusal(EventRule.EXCEPT_DATE, f"{of} is one of the dates without events")


def _is_allowed(rules: EventRules, day: date) -> bool:
    in_week = not rules.weekdays or weekday_of(day) in rules.weekdays
    in_season = not rules.seasons or any(season.holds(day) for season in rules.seasons)
    return in_week and in_season and day not in rules.except_dates


def _minutes(document: ProgramDocument, start: datetime, end: datetime) -> Iterator[tuple[date, int]]:
    """Local date and minute of the day, of the start and of every whole minute up to the end."""
    first = to_datetime64(start)
    whole = np.arange(first.astype("datetime64[m]") + 1, to_datetime64(end), np.timedelta64(1, "m"))
    local = LocalClock(document.timezone).local(np.concatenate([[first], whole.astype("datetime64[s]")]))
    for shown in local.astype("datetime64[m]").tolist():
        yield shown.date(), shown.hour * 60 + shown.minute


def against_limits(
    document: ProgramDocument, rules: EventRules, of: LimitOf, start: datetime, others: Sequence[datetime]
) -> Iterator[Refusal]:
    """Counts that an event starting at ``start`` would exceed, beside others that start at ``others``."""
    limits = [limit for limit in rules.limits if limit.of is of]
    if limits and not document.timezone:
        yield _no_zone(document)
    if not limits or not document.timezone:
        return
    day = _local_day(document, start)
    days = [_local_day(document, other) for other in others]
    for limit in limits:
        span = _span_of(limit, rules.seasons, day)
        if span is None:
            continue
        there = sum(span[0] <= other <= span[1] for other in days)
        if there >= limit.most:
            yield Refusal(EventRule.LIMIT, _too_many(limit, span, there))


def _too_many(limit: CallLimit, span: tuple[date, date], there: int) -> str:
    when = f"on {span[0]}" if span[0] == span[1] else f"from {span[0]} to {span[1]}"
    events = f"{there} event{'s' * (there != 1)}"
    whose = "of a customer " if limit.of is LimitOf.CUSTOMER else ""
    return (
        f"there {'is' if there == 1 else 'are'} {events} {whose}{when}, and at most {limit.most} may be per {limit.per}"
    )


def _span_of(limit: CallLimit, seasons: tuple[Season, ...], day: date) -> tuple[date, date] | None:
    """First and last date of the span that a limit counts in; None on days of no season."""
    match limit.per:
        case LimitPer.DAY:
            return day, day
        case LimitPer.WEEK:
            monday = day - timedelta(days=day.weekday())
            return monday, monday + timedelta(days=6)
        case LimitPer.MONTH:
            following = (day.replace(day=1) + timedelta(days=31)).replace(day=1)
            return day.replace(day=1), following - timedelta(days=1)
        case LimitPer.YEAR:
            return date(day.year, 1, 1), date(day.year, 12, 31)
        case LimitPer.SEASON:
            return next((span for season in seasons if (span := season.span(day))), None)


def _no_zone(document: ProgramDocument) -> Refusal:
    return Refusal(EventRule.TIMEZONE, f"{document} does not say in which time zone its dates and hours are")


def _local_day(document: ProgramDocument, instant: datetime) -> date:
    return as_utc(instant).astimezone(time_zone(document.timezone)).date()
