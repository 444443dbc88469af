"""When a car really leaves, as suggestions to its driver. Nothing changes before the driver says so."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

import numpy as np

from evenload.base.errors import did_you_mean
from evenload.base.instants import Interval, time_zone
from evenload.service import audit
from evenload.service.driver_rows import WEEKDAYS, AnswerRow, DriverRow, WishRow
from evenload.service.drivers import owning
from evenload.service.drivers.choosing import zone_of
from evenload.service.drivers.wishing import keep_wish
from evenload.service.live_rows import SessionRow, SiteRow
from evenload.service.ports import Store, Unit
from evenload.service.refusals import NotFoundError
from evenload.service.scope import Scope

LOOK_BACK: Final = timedelta(weeks=10)
COUNT_MIN: Final = 4
QUANTILE: Final = 0.1
"""Ready before all but one departure of ten."""

SPREAD_MAX: Final = timedelta(hours=3)
DIFFERENCE_MIN: Final = timedelta(minutes=15)
ASKED_AGAIN: Final = timedelta(days=60)
_STAY_MIN: Final = timedelta(hours=3)
_ROUND_MINUTES: Final = 5
_MINUTES: Final = 60


@dataclass(frozen=True, slots=True)
class Suggestion:
    """Another time to be ready by on a weekday. ``count`` departures say so, nine of ten within ``spread_minutes``.

    ``ready_by_now`` is what holds today, the site's own time where nothing was wished for.
    """

    suggestion_id: str
    vehicle_id: str
    weekday: str
    ready_by: str
    ready_by_now: str
    count: int
    spread_minutes: int

    @property
    def sentence(self) -> str:
        """The suggestion in words."""
        now = f"now it is to be ready by {self.ready_by_now}" if self.ready_by_now else "no time is set"
        return (
            f"On {_NAMES[self.weekday]} your car left at {self.ready_by} or later 9 times of 10 "
            f"({self.count} departures within {self.spread_minutes} min); {now}. Ready by {self.ready_by}?"
        )


_NAMES: Final = dict(
    zip(WEEKDAYS, ("Mondays", "Tuesdays", "Wednesdays", "Thursdays", "Fridays", "Saturdays", "Sundays"), strict=True)
)


def suggestions(scope: Scope, store: Store, driver_id: str, now: datetime) -> Sequence[Suggestion]:
    """What a driver's departures suggest, by vehicle and weekday, without what was answered lately."""
    with store.reading() as unit:
        return _suggestions(unit, owning.seen(unit, scope, driver_id), now)


def answer(
    scope: Scope, store: Store, driver_id: str, suggestion_id: str, wish_id: str, now: datetime, *, accept: bool
) -> Suggestion:
    """Take a suggestion over as a wish, or do not hear of it again soon."""
    with store.writing() as unit:
        driver = owning.own(unit, scope, driver_id)
        found = {one.suggestion_id: one for one in _suggestions(unit, driver, now)}
        taken = found.get(suggestion_id)
        if taken is None:
            near = did_you_mean(suggestion_id, found)
            raise NotFoundError(f"there is no suggestion {suggestion_id!r} for {driver_id!r} now.{near}")
        unit.wishes.put_answers([AnswerRow(driver.tenant, driver_id, suggestion_id, accept, now, scope.actor)])
        body = {"suggestion": suggestion_id, "count": taken.count, "spread_minutes": taken.spread_minutes}
        audit.note(unit, scope, now, f"drivers.suggestion_{'accepted' if accept else 'dismissed'}", driver_id, body)
        if accept:
            before = unit.wishes.of_vehicle(driver.tenant, taken.vehicle_id)
            before = before or WishRow(driver.tenant, "", driver_id, taken.vehicle_id, _usual(unit, driver, taken))
            week = [taken.ready_by if day == taken.weekday else text for day, text in _week(before.ready_by)]
            keep_wish(unit, scope, driver, replace(before, ready_by=tuple(week)), wish_id, now, "suggested")
        return taken


def departures(sessions: Sequence[SessionRow], zone: str) -> dict[str, list[int]]:
    """Local minutes of the day at which long stays ended, by weekday."""
    clock, found = time_zone(zone), defaultdict[str, list[int]](list)
    for one in sessions:
        if one.unplugged_at is not None and one.unplugged_at - one.plugged_at >= _STAY_MIN:
            local = one.unplugged_at.astimezone(clock)
            found[WEEKDAYS[local.weekday()]].append(local.hour * _MINUTES + local.minute)
    return dict(found)


def learned(minutes: Sequence[int]) -> tuple[str, int] | None:
    """A time of day to be ready by and the spread of departures (minutes); ``None`` where they tell none."""
    if len(minutes) < COUNT_MIN:
        return None
    early, late = np.quantile(np.array(minutes), [QUANTILE, 1 - QUANTILE], method="lower").tolist()
    spread = int(late - early)
    if timedelta(minutes=spread) > SPREAD_MAX:
        return None
    rounded = int(early) - int(early) % _ROUND_MINUTES
    return f"{rounded // _MINUTES:02d}:{rounded % _MINUTES:02d}", spread


def _suggestions(unit: Unit, driver: DriverRow, now: datetime) -> list[Suggestion]:
    zone, found = zone_of(unit, driver), list[Suggestion]()
    answers = {one.suggestion_id: one for one in unit.wishes.answers(driver.tenant, driver.driver_id)}
    sessions = unit.sessions.of_vehicles(driver.tenant, driver.vehicles, Interval(now - LOOK_BACK, now))
    for vehicle_id in driver.vehicles:
        mine = [one for one in sessions if one.vehicle_id == vehicle_id and driver.site_id in ("", one.site_id)]
        wish = unit.wishes.of_vehicle(driver.tenant, vehicle_id)
        for weekday, minutes in departures(mine, zone).items():
            told = learned(minutes)
            now_by = _holds(unit, driver, vehicle_id, wish, weekday)
            if told is None or _is_near(told[0], now_by):
                continue
            name = f"{vehicle_id}.{weekday}.{told[0].replace(':', '')}"
            if not _was_answered(answers, vehicle_id, weekday, told[0], now):
                found.append(Suggestion(name, vehicle_id, weekday, told[0], now_by, len(minutes), told[1]))
    return sorted(found, key=lambda one: (one.vehicle_id, WEEKDAYS.index(one.weekday)))


def _holds(unit: Unit, driver: DriverRow, vehicle_id: str, wish: WishRow | None, weekday: str) -> str:
    """By when a car is to be ready on a weekday as things are."""
    if wish is not None and any(wish.ready_by):
        return wish.ready_by[WEEKDAYS.index(weekday)]
    return _usual_time(unit, driver, vehicle_id)


def _usual_time(unit: Unit, driver: DriverRow, vehicle_id: str) -> str:
    vehicle = unit.vehicles.find(driver.tenant, vehicle_id)
    site = unit.sites.find(driver.tenant, driver.site_id) or SiteRow(driver.tenant, driver.site_id)
    return (vehicle.ready_by if vehicle else "") or site.ready_by


def _usual(unit: Unit, driver: DriverRow, taken: Suggestion) -> tuple[str, ...]:
    """What holds on each weekday as long as nothing is wished for: accepting one day must not clear the others."""
    return (_usual_time(unit, driver, taken.vehicle_id),) * len(WEEKDAYS)


def _week(week: Sequence[str]) -> list[tuple[str, str]]:
    return list(zip(WEEKDAYS, week, strict=True))


def _is_near(one: str, other: str) -> bool:
    return bool(other) and abs(_minutes(one) - _minutes(other)) < DIFFERENCE_MIN.total_seconds() / 60


def _minutes(clock_time: str) -> int:
    hour, minute = clock_time.split(":")
    return int(hour) * _MINUTES + int(minute)


def _was_answered(
    answers: dict[str, AnswerRow], vehicle_id: str, weekday: str, ready_by: str, now: datetime
) -> bool:  # fmt: skip
    """Whether much the same was dismissed not long ago."""
    dismissed = (
        name.rpartition(".") for name, row in answers.items() if not row.accepted and now - row.at < ASKED_AGAIN
    )
    return any(
        head == f"{vehicle_id}.{weekday}" and _is_near(f"{tail[:2]}:{tail[2:]}", ready_by)
        for head, _, tail in dismissed
    )
