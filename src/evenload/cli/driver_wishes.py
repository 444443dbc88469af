"""`evenload driver wish`, `skip`, `boost`, `opt-out`, `vacation`: what drivers say in advance."""

import re
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from evenload.base.errors import InputError
from evenload.cli.driver_words import (
    AsJson,
    DriverName,
    Reason,
    Tenant,
    Undo,
    Vehicle,
    instant,
    local,
    new_id,
    operator,
    tell_json,
    zone,
)
from evenload.cli.ocpp_words import EVENLOAD_DB, Database, now, opened, show_table
from evenload.cli.terminal import output
from evenload.service.driver_rows import WEEKDAYS, ChoiceKind, ChoiceRow
from evenload.service.drivers import choosing, wishing

_SHARE: Final = re.compile(r"(\d+(?:\.\d+)?) ?%")
_KWH: Final = re.compile(r"(\d+(?:\.\d+)?) ?kwh", re.IGNORECASE)
_PERCENT: Final = 100.0


def wish(  # noqa: PLR0913 - one parameter an option
    driver: DriverName,
    ready_by: Annotated[
        str, typer.Option(help="Local times by weekday, such as mon-fri=07:00,sat=09:30; none for no times.")
    ] = "",
    target: Annotated[str, typer.Option(help="80% of the battery, or 30kWh each stay; none for what is usual.")] = "",
    minimum: Annotated[str, typer.Option(help="Wanted at once after plug-in: 30%, or 8kWh; none for usual.")] = "",
    past: Annotated[bool, typer.Option("--past", help="Show also what was wished for before.")] = False,
    undo: Undo = False,
    vehicle: Vehicle = "",
    as_json: AsJson = False,
    database: Database = EVENLOAD_DB,
    tenant: Tenant = "home",
) -> None:
    """Wish for something, stay after stay; what is not named stays. Without options: show what is wished for.

    Example:  evenload driver wish ann --ready-by mon-thu=07:00,fri=06:15 --target 80% --minimum 30%
    """
    scope, changes = operator(tenant), {**_week(ready_by), **_amount("target", target), **_amount("minimum", minimum)}
    if changes and undo:
        raise InputError("--undo takes the last change back: leave out what to change")
    with opened(database) as store:
        if undo:
            rows = [wishing.undo_wish(scope, store, driver, vehicle, new_id(), now())]
        elif changes:
            wanted = replace(wishing.wish(scope, store, driver, vehicle), **changes)
            rows = [wishing.put_wish(scope, store, wanted, new_id(), now())]
        else:
            rows = list(wishing.wishes(scope, store, driver, past=past))
        zone_name = zone(store, tenant, driver)
    if as_json:
        tell_json(*({"driver_id": driver, "vehicle_id": row.vehicle_id,
                     "ready_by": dict(zip(WEEKDAYS, row.ready_by, strict=True)), "soc_target": row.soc_target,
                     "soc_minimum": row.soc_minimum, "energy_kwh": row.energy_kwh,
                     "energy_kwh_minimum": row.energy_kwh_minimum, "made_at": row.made_at, "made_by": row.made_by,
                     "ended_at": row.ended_at} for row in rows))  # fmt: skip
        return
    if not rows:
        output.print(f"{driver} wishes for nothing in particular: what is usual holds.", markup=False)
    for row in rows:
        ended = f" (until {local(row.ended_at, zone_name)})" if row.ended_at else ""
        output.print(f"{row.vehicle_id}: {wishing.words_of(row)}{ended}", markup=False)


def skip(
    driver: DriverName, reason: Reason = "", undo: Undo = False, vehicle: Vehicle = "", as_json: AsJson = False,
    database: Database = EVENLOAD_DB, tenant: Tenant = "home",
) -> None:  # fmt: skip
    """Charge no more than the minimum this night, until noon.

    Example:  evenload driver skip ann --reason "on foot tomorrow"
    """
    _choose(ChoiceKind.SKIP, driver, database, tenant, undo=undo, as_json=as_json, vehicle_id=vehicle, reason=reason)


def boost(
    driver: DriverName, reason: Reason = "", undo: Undo = False, vehicle: Vehicle = "", as_json: AsJson = False,
    database: Database = EVENLOAD_DB, tenant: Tenant = "home",
) -> None:  # fmt: skip
    """Let the car that is plugged in go first, within the limits. `evenload driver quote` says what that costs.

    Example:  evenload driver boost ann
    """
    _choose(ChoiceKind.BOOST, driver, database, tenant, undo=undo, as_json=as_json, vehicle_id=vehicle, reason=reason)


def opt_out(  # noqa: PLR0913 - one parameter an option
    driver: DriverName,
    event: Annotated[str, typer.Option(help="The id of an event: a limit that was posted.")] = "",
    start: Annotated[str, typer.Option("--from", help="From when, by the driver's clocks. [now]")] = "",
    end: Annotated[str, typer.Option("--until", help="Until when. [until the car is unplugged]")] = "",
    reason: Reason = "",
    undo: Undo = False,
    vehicle: Vehicle = "",
    as_json: AsJson = False,
    database: Database = EVENLOAD_DB,
    tenant: Tenant = "home",
) -> None:
    """Take no part: in an event, in a window, or, with neither, in the stay that goes on. It costs no fee.

    Example:  evenload driver opt-out ann --event peak-1 --reason "night shift"
    """
    if event and (start or end):
        raise InputError("an event has its own window: give either --event or --from and --until")
    if start and not end:
        raise InputError("--from needs --until: when does it end?")
    _choose(
        ChoiceKind.OPT_OUT, driver, database, tenant, start, end, undo=undo, as_json=as_json, vehicle_id=vehicle,
        reason=reason, event_id=event,
    )  # fmt: skip


def vacation(  # noqa: PLR0913 - one parameter an option
    driver: DriverName,
    start: Annotated[str, typer.Option("--from", help="First day or time, by the driver's clocks. [now]")] = "",
    end: Annotated[str, typer.Option("--until", help="Last day, or time of return.")] = "",
    reason: Reason = "",
    undo: Undo = False,
    vehicle: Vehicle = "",
    as_json: AsJson = False,
    database: Database = EVENLOAD_DB,
    tenant: Tenant = "home",
) -> None:
    """Be away: no car is expected, one that is plugged in keeps its minimum, and nobody is nudged.

    Example:  evenload driver vacation ann --from 2026-07-04 --until 2026-07-25
    """
    if not undo and not end:
        raise InputError("say until when: --until 2026-07-25")
    _choose(
        ChoiceKind.VACATION, driver, database, tenant, start, end, undo=undo, as_json=as_json, vehicle_id=vehicle,
        reason=reason,
    )  # fmt: skip


def choices(
    driver: DriverName, as_json: AsJson = False, database: Database = EVENLOAD_DB, tenant: Tenant = "home"
) -> None:
    """Show what a driver chose, the latest first, also what is undone or over."""
    at = now()
    with opened(database) as store:
        rows = choosing.choices(operator(tenant), store, driver)
        zone_name = zone(store, tenant, driver)
    if as_json:
        tell_json(*rows)
        return
    cells = [
        (str(row.kind), row.vehicle_id or "all", local(row.start, zone_name),
         local(row.end, zone_name) if row.end else "unplugged", row.event_id or "-", row.reason or "-",
         _standing(row, at))
        for row in rows
    ]  # fmt: skip
    show_table(("choice", "vehicle", "from", "until", "event", "reason", "now"), cells, f"{driver} chose nothing yet.")


_DOES: Final = {
    ChoiceKind.SKIP: choosing.skip, ChoiceKind.BOOST: choosing.boost, ChoiceKind.OPT_OUT: choosing.opt_out,
    ChoiceKind.VACATION: choosing.vacation,
}  # fmt: skip


def _choose(  # noqa: PLR0913 - what a choice is made of
    kind: ChoiceKind, driver: str, database: Path, tenant: str, start: str = "", end: str = "",
    *, undo: bool, as_json: bool, vehicle_id: str, reason: str, event_id: str = "",
) -> None:  # fmt: skip
    scope, at = operator(tenant), now()
    with opened(database) as store:
        zone_name = zone(store, tenant, driver)
        if undo:
            row = choosing.undo_last(scope, store, driver, kind, at)
        else:
            begins = instant("--from", start, zone_name) if start else at
            ends = instant("--until", end, zone_name, is_end=True) if end else None
            wanted = ChoiceRow(tenant, new_id(), driver, kind, begins, ends, vehicle_id, event_id, reason)
            row = _DOES[kind](scope, store, wanted, at)
    if as_json:
        tell_json(row)
        return
    output.print(_told(row, driver, zone_name, at), markup=False)


def _told(row: ChoiceRow, driver: str, zone_name: str, at: datetime) -> str:
    what = f"{driver}'s {row.vehicle_id or 'vehicles'}"
    if row.undone_at is not None:
        return f"The {choosing.words_of(row.kind)} of {driver} is taken back."
    until = f"until {local(row.end, zone_name)}" if row.end else "until it is unplugged"
    begins = "" if row.start <= at else f"from {local(row.start, zone_name)} "
    return {
        ChoiceKind.SKIP: f"{what}: no more than the minimum {until}.",
        ChoiceKind.BOOST: f"{what}: goes first, within the limits, {until}.",
        ChoiceKind.OPT_OUT: f"{what}: charges at once {begins}{until}.",
        ChoiceKind.VACATION: f"{driver} is away {begins}{until}; the car keeps its minimum.",
    }[row.kind]


def _standing(row: ChoiceRow, at: datetime) -> str:
    if row.undone_at is not None:
        return "undone"
    if row.settled or (row.end is not None and row.end <= at):
        return "over"
    return "to come" if row.start > at else "holds"


def _week(text: str) -> dict[str, Any]:
    if not text:
        return {}
    return {"ready_by": ("",) * len(WEEKDAYS) if text.casefold() == "none" else wishing.week_of(text)}


def _amount(name: str, text: str) -> dict[str, Any]:
    """A share of the battery or an energy, each in place of the other."""
    share, kwh = ("soc_target", "energy_kwh") if name == "target" else ("soc_minimum", "energy_kwh_minimum")
    if not text:
        return {}
    if text.casefold() == "none":
        return {share: None, kwh: None}
    if (found := _SHARE.fullmatch(text)) and float(found[1]) <= _PERCENT:
        return {share: float(found[1]) / _PERCENT, kwh: None}
    if energy := _KWH.fullmatch(text):
        return {kwh: float(energy[1]), share: None}
    if found:
        raise InputError(f"--{name} {text!r} is more than the whole battery: 100% at most")
    raise InputError(f"--{name} {text!r} is neither a share such as 80% nor an energy such as 30kWh")
