"""`evenload driver why`, `forecast`, `quote`, `history`, `suggestions`: what drivers are told."""

from dataclasses import asdict
from datetime import timedelta
from typing import Annotated, Any

import typer

from evenload.base.errors import InputError
from evenload.base.instants import Interval
from evenload.cli.driver_words import AsJson, DriverName, Tenant, Vehicle, local, new_id, operator, tell_json, zone
from evenload.cli.ocpp_words import EVENLOAD_DB, Database, now, opened, show_table
from evenload.cli.terminal import output
from evenload.service.drivers import asking, quoting
from evenload.service.drivers import history as past
from evenload.service.drivers import suggestions as learning
from evenload.service.drivers.history import By, Sums, gaps_of

_GRAMS: float = 1000.0


def why(
    driver: DriverName, vehicle: Vehicle = "", as_json: AsJson = False, database: Database = EVENLOAD_DB,
    tenant: Tenant = "home",
) -> None:  # fmt: skip
    """Say why a driver's car is charging, or not.

    Example:  evenload driver why ann
    """
    with opened(database) as store:
        found = asking.ask(operator(tenant), store, driver, now(), vehicle)
    for one in found:
        if as_json:
            tell_json({"vehicle_id": one.vehicle_id, "session_id": one.session.session_id if one.session else "",
                       "plan_id": one.plan_id, **asdict(one.why)})  # fmt: skip
        else:
            output.print(f"{one.vehicle_id}: {one.why.sentence}" if one.vehicle_id else one.why.sentence, markup=False)


def forecast(
    driver: DriverName, vehicle: Vehicle = "", as_json: AsJson = False, database: Database = EVENLOAD_DB,
    tenant: Tenant = "home",
) -> None:  # fmt: skip
    """Say what a car that is plugged in will have when it leaves, as its driver was told last.

    Example:  evenload driver forecast ann
    """
    with opened(database) as store:
        rows = asking.forecast(operator(tenant), store, driver, now(), vehicle)
    if as_json:
        tell_json(*rows)
        return
    for row in rows:
        output.print(f"{row.vehicle_id}: {row.sentence}", markup=False)
    if not rows:
        output.print(f"No car of {driver} is plugged in, so there is nothing to promise.", markup=False)


def quote(
    driver: DriverName, vehicle: Vehicle = "", as_json: AsJson = False, database: Database = EVENLOAD_DB,
    tenant: Tenant = "home",
) -> None:  # fmt: skip
    """Estimate what a boost or an opt-out would cost now. Nothing is changed.

    Example:  evenload driver quote ann
    """
    with opened(database) as store:
        found = quoting.quote(operator(tenant), store, driver, now(), vehicle)
        zone_name = zone(store, tenant, driver)
    if as_json:
        tell_json(asdict(found) | {"cost_more_estimate": found.cost_more_estimate,
                                   "carbon_g_more_estimate": found.carbon_g_more_estimate})  # fmt: skip
        return
    rows = [
        ("as planned", _money(found.cost_planned_estimate, found.currency), _kg(found.carbon_g_planned_estimate),
         local(found.ready_at_planned, zone_name)),
        ("at once", _money(found.cost_at_once_estimate, found.currency), _kg(found.carbon_g_at_once_estimate),
         local(found.ready_at_once, zone_name)),
        ("more", _money(found.cost_more_estimate, found.currency), _kg(found.carbon_g_more_estimate), ""),
    ]  # fmt: skip
    output.print(f"{found.vehicle_id}: {found.energy_kwh:.1f} kWh still missing; estimates:", markup=False)
    show_table(("", "cost", "carbon", "ready"), rows, "")
    for gap in found.gaps:
        output.print(f"Not known: {gap}.", markup=False)


def history(
    driver: DriverName,
    days: Annotated[int, typer.Option(min=1, max=366, help="So many days back.")] = 30,
    by: Annotated[By, typer.Option(help="What it is summed up by.")] = By.SESSION,
    vehicle: Vehicle = "",
    as_json: AsJson = False,
    database: Database = EVENLOAD_DB,
    tenant: Tenant = "home",
) -> None:
    """Show what a driver's cars charged, its cost and carbon, and what charging at once would have cost.

    Example:  evenload driver history ann --by month --days 366
    """
    at = now()
    with opened(database) as store:
        window = Interval(at - timedelta(days=days), at)
        found = past.history(operator(tenant), store, driver, window, by, at, vehicle)
    if as_json:
        tell_json(*({"name": one.name, "start": one.start, "end": one.end, "vehicle_id": one.vehicle_id,
                     "currency": found.currency, **_figures(one.sums)} for one in found.entries))  # fmt: skip
        return
    rows = [(_name(one, found.timezone), *_cells(one.sums, found.currency)) for one in found.entries]
    if rows:
        rows.append(("in all", *_cells(found.total, found.currency)))
    show_table(
        (str(by), "kWh", "cost", "carbon", "at once", "saved"), rows, f"{driver} charged nothing in {days} days."
    )
    for gap in gaps_of(found.total):
        output.print(f"Not known: {gap}.", markup=False)


def suggestions(
    driver: DriverName,
    accept: Annotated[str, typer.Option(metavar="SUGGESTION", help="Take it over as a wish.")] = "",
    dismiss: Annotated[str, typer.Option(metavar="SUGGESTION", help="Do not hear of it again soon.")] = "",
    as_json: AsJson = False,
    database: Database = EVENLOAD_DB,
    tenant: Tenant = "home",
) -> None:
    """Show what a car's departures suggest to be ready by. Nothing changes before one is accepted.

    Example:  evenload driver suggestions ann --accept leaf.fri.0640
    """
    if accept and dismiss:
        raise InputError("accept or dismiss: one at a time")
    scope, at = operator(tenant), now()
    with opened(database) as store:
        if accept or dismiss:
            done = learning.answer(scope, store, driver, accept or dismiss, new_id(), at, accept=bool(accept))
            does = f"is to be ready by {done.ready_by} on {done.weekday}" if accept else "stays as it is"
            output.print(f"{done.vehicle_id} {does}.", markup=False)
            return
        rows = learning.suggestions(scope, store, driver, at)
    if as_json:
        tell_json(*(asdict(row) | {"sentence": row.sentence} for row in rows))
        return
    for row in rows:
        output.print(f"{row.suggestion_id}  {row.sentence}", markup=False)
    if not rows:
        output.print(f"Nothing to suggest to {driver}: too few departures, or all as wished for.", markup=False)


def _name(entry: past.Entry, zone_name: str) -> str:
    return f"{local(entry.start, zone_name)} {entry.vehicle_id}" if entry.vehicle_id else entry.name


def _cells(sums: Sums, currency: str) -> tuple[str, ...]:
    is_known = sums.energy_kwh_priced > 0 or sums.energy_kwh == 0
    return (
        f"{sums.energy_kwh:.1f}", _money(sums.cost if is_known else None, currency),
        _kg(sums.carbon_g if sums.energy_kwh_with_carbon > 0 else None),
        _money(sums.cost_at_once_estimate if is_known else None, currency),
        _money(sums.saved_estimate if is_known else None, currency),
    )  # fmt: skip


def _figures(sums: Sums) -> dict[str, Any]:
    more = {"saved_estimate": sums.saved_estimate, "carbon_g_saved_estimate": sums.carbon_g_saved_estimate}
    return asdict(sums) | more | {"gaps": list(gaps_of(sums))}


def _money(value: float | None, currency: str) -> str:
    return "-" if value is None else f"{value:.2f} {currency}".strip()


def _kg(grams: float | None) -> str:
    return "-" if grams is None else f"{grams / _GRAMS:.1f} kg"
