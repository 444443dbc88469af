"""What a driver wishes for in advance: by when on each weekday, how full at least and at best."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from evenload.base.errors import InputError, did_you_mean
from evenload.service import audit, needs
from evenload.service.driver_rows import WEEKDAYS, DriverRow, WishRow
from evenload.service.drivers import owning, standing
from evenload.service.live_rows import DecisionRow
from evenload.service.local_time import check_clock
from evenload.service.ports import Store, Unit
from evenload.service.refusals import NotFoundError
from evenload.service.scope import Scope

MOST_KWH: Final = 1000.0
"""More than any car takes in a stay."""


def wishes(scope: Scope, store: Store, driver_id: str, *, past: bool = False) -> Sequence[WishRow]:
    """What a driver wishes by vehicle, the latest first; with ``past`` also what was wished before."""
    with store.reading() as unit:
        owning.seen(unit, scope, driver_id)
        return unit.wishes.of(scope.tenant, driver_id, past=past)


def wish(scope: Scope, store: Store, driver_id: str, vehicle_id: str = "") -> WishRow:
    """What a driver wishes for a vehicle; one without anything in it where nothing was said."""
    with store.reading() as unit:
        row = owning.seen(unit, scope, driver_id)
        name = owning.vehicle_of(row, vehicle_id)
        return unit.wishes.of_vehicle(scope.tenant, name) or WishRow(scope.tenant, "", driver_id, name)


def put_wish(scope: Scope, store: Store, wanted: WishRow, wish_id: str, now: datetime, why: str = "") -> WishRow:
    """Wish for something from now on, also for a car that is plugged in and of which nothing else was said."""
    with store.writing() as unit:
        row = owning.own(unit, scope, wanted.driver_id)
        wanted = replace(wanted, vehicle_id=owning.vehicle_of(row, wanted.vehicle_id))
        return keep_wish(unit, scope, row, wanted, wish_id, now, why)


def undo_wish(scope: Scope, store: Store, driver_id: str, vehicle_id: str, wish_id: str, now: datetime) -> WishRow:
    """Wish again for what was wished for before the last change."""
    with store.writing() as unit:
        row = owning.own(unit, scope, driver_id)
        vehicle_id = owning.vehicle_of(row, vehicle_id)
        current = unit.wishes.of_vehicle(scope.tenant, vehicle_id)
        if current is None:
            raise NotFoundError(f"nothing was wished for {vehicle_id!r} yet: there is nothing to undo")
        held = [one for one in unit.wishes.of(scope.tenant, driver_id, past=True) if one.vehicle_id == vehicle_id]
        before = next((one for one in held if one.ended_at is not None), _nothing(current))
        return keep_wish(unit, scope, row, before, wish_id, now, "undone")


def keep_wish(
    unit: Unit, scope: Scope, driver: DriverRow, wanted: WishRow, wish_id: str, now: datetime, why: str
) -> WishRow:  # fmt: skip
    """Keep a wish within a unit of work, and bring a car that is plugged in to it."""
    check_wish(unit, wanted)
    before = unit.wishes.of_vehicle(driver.tenant, wanted.vehicle_id)
    kept = replace(
        wanted, tenant=driver.tenant, wish_id=wish_id, driver_id=driver.driver_id, made_at=now, made_by=scope.actor,
        ended_at=None,
    )  # fmt: skip
    unit.wishes.put(([replace(before, ended_at=now)] if before else []) + [kept])
    audit.note(unit, scope, now, "drivers.wish", driver.driver_id, {"wish": kept, "why": why})
    for session in standing.refreshed(unit, driver, [wanted.vehicle_id], now):
        text = f"{scope.actor} wishes for {words_of(kept)}"
        unit.decisions.add([DecisionRow(driver.tenant, now, session.device_id, session.session_id, "wished", text)])
    return kept


def check_wish(unit: Unit, row: WishRow) -> None:
    """``InputError`` where a wish cannot be meant so, or cannot be turned into energy."""
    if len(row.ready_by) != len(WEEKDAYS):
        raise InputError(f"ready_by has a time for each of {', '.join(WEEKDAYS)}")
    for day, text in zip(WEEKDAYS, row.ready_by, strict=True):
        if text:
            check_clock(f"the time of {day}", text)
    for name in ("soc_target", "soc_minimum"):
        share = getattr(row, name)
        if share is not None and not 0 <= share <= 1:
            raise InputError(f"{name} is a share of the battery, 0 to 1 (it is {share:g}): 0.8 is 80 %")
    for name in ("energy_kwh", "energy_kwh_minimum"):
        kwh = getattr(row, name)
        if kwh is not None and kwh < 0:
            raise InputError(f"{name} is 0 or more (it is {kwh:g})")
    _check_together(row)
    vehicle = unit.vehicles.find(row.tenant, row.vehicle_id)
    _check_fits(row, vehicle.battery_kwh if vehicle else None)
    if (row.soc_target is not None or row.soc_minimum is not None) and (vehicle is None or not vehicle.battery_kwh):
        raise InputError(
            f"how large the battery of {row.vehicle_id!r} is, is not known, so a state of charge says no energy: put "
            "battery_kwh of the vehicle first, or wish for energy_kwh"
        )


def _check_fits(row: WishRow, battery_kwh: float | None) -> None:
    """``InputError`` where no car could take what is wished for."""
    most_kwh = battery_kwh / needs.EFFICIENCY if battery_kwh else MOST_KWH
    for name in ("energy_kwh", "energy_kwh_minimum"):
        kwh = getattr(row, name)
        if kwh is not None and not kwh <= most_kwh + 0.05:
            holds = f"its battery holds {battery_kwh:g} kWh" if battery_kwh else "no car holds so much"
            raise InputError(f"{row.vehicle_id!r} takes {most_kwh:.1f} kWh at the most, not {kwh:g} kWh: {holds}")


def _check_together(row: WishRow) -> None:
    if row.soc_target is not None and row.energy_kwh is not None:
        raise InputError("say either soc_target or energy_kwh: both could not be met at once")
    if row.soc_minimum is not None and row.energy_kwh_minimum is not None:
        raise InputError("say either soc_minimum or energy_kwh_minimum: both could not be met at once")
    if row.soc_target is not None and row.soc_minimum is not None and row.soc_minimum > row.soc_target:
        raise InputError(f"the minimum of {row.soc_minimum:.0%} is above the target of {row.soc_target:.0%}")
    if row.energy_kwh is not None and row.energy_kwh_minimum is not None and row.energy_kwh_minimum > row.energy_kwh:
        raise InputError("energy_kwh_minimum is above energy_kwh: a car would be given more than it needs")


def week_of(text: str) -> tuple[str, ...]:
    """A week out of ``mon-fri=07:00,sat=09:30`` (days not named have none), or of one time for every day."""
    week = dict.fromkeys(WEEKDAYS, "")
    for part in filter(None, (one.strip() for one in text.split(","))):
        days, equals, clock_time = (one.strip().lower() for one in part.partition("="))
        if not equals:
            days, clock_time = "mon-sun", days
        if clock_time != "none":
            check_clock(f"the time of {days}", clock_time)
        for day in _days(days):
            week[day] = "" if clock_time == "none" else clock_time
    return tuple(week.values())


def week_words(week: Sequence[str]) -> str:
    """A week in words, as ``week_of`` reads it: days alike together."""
    parts: list[tuple[str, str, str]] = []
    for day, text in zip(WEEKDAYS, week, strict=True):
        if parts and parts[-1][2] == text and text:
            parts[-1] = (parts[-1][0], day, text)
        else:
            parts.append((day, day, text))
    said = [f"{one if one == other else f'{one}-{other}'}={text}" for one, other, text in parts if text]
    return ",".join(said)


def words_of(row: WishRow) -> str:
    """A wish in words."""
    parts = [week_words(row.ready_by)] if any(row.ready_by) else []
    if row.soc_target is not None:
        parts.append(f"{row.soc_target * 100:.0f} %")
    if row.energy_kwh is not None:
        parts.append(f"{row.energy_kwh:g} kWh")
    if row.soc_minimum is not None:
        parts.append(f"at least {row.soc_minimum * 100:.0f} %")
    if row.energy_kwh_minimum is not None:
        parts.append(f"at least {row.energy_kwh_minimum:g} kWh")
    return ", ".join(parts) or "what is usual"


def _nothing(row: WishRow) -> WishRow:
    """The same without anything wished for."""
    return replace(row, ready_by=("",) * len(WEEKDAYS), soc_target=None, soc_minimum=None, energy_kwh=None,
                   energy_kwh_minimum=None)  # fmt: skip


def _days(text: str) -> Sequence[str]:
    first, dash, last = (one.strip()[:3] for one in text.partition("-"))
    for day in (first, last) if dash else (first,):
        if day not in WEEKDAYS:
            near = did_you_mean(day, WEEKDAYS)
            raise InputError(f"{text!r} names no days such as mon, sat-sun or mon-fri.{near}")
    start = WEEKDAYS.index(first)
    if not dash:
        return [first]
    end = WEEKDAYS.index(last)
    if end < start:  # over the weekend
        end += len(WEEKDAYS)
    return [WEEKDAYS[one % len(WEEKDAYS)] for one in range(start, end + 1)]
