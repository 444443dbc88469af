"""`evenload driver`: who drives what, and links to come in by. What drivers wish and are told is beside this."""

import secrets
from datetime import timedelta
from typing import Annotated, Final

import typer

from evenload.base.errors import InputError
from evenload.cli import driver_shown, driver_wishes
from evenload.cli.driver_words import AsJson, DriverName, Tenant, operator, tell_json
from evenload.cli.ocpp_words import EVENLOAD_DB, Database, known_tenant, now, opened, show_table, shown_instant
from evenload.cli.terminal import output
from evenload.service import access, vehicles
from evenload.service.driver_rows import DriverRow
from evenload.service.drivers import keeping, links
from evenload.service.live_rows import VehicleRow
from evenload.service.ports import Store

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    help="Drivers: what they wish and choose, what they are told, and links for them.",
    epilog="Start with:  evenload driver add ann --vehicle leaf --battery-kwh 45",
)
app.command("wish")(driver_wishes.wish)
app.command("skip")(driver_wishes.skip)
app.command("boost")(driver_wishes.boost)
app.command("opt-out")(driver_wishes.opt_out)
app.command("vacation")(driver_wishes.vacation)
app.command("choices")(driver_wishes.choices)
app.command("why")(driver_shown.why)
app.command("forecast")(driver_shown.forecast)
app.command("quote")(driver_shown.quote)
app.command("history")(driver_shown.history)
app.command("suggestions")(driver_shown.suggestions)

_LINK_ID_BYTES: Final = 6
_SECRET_BYTES: Final = 32


@app.command("add")
def add(  # noqa: PLR0913 - one parameter an option
    driver: DriverName,
    vehicle: Annotated[list[str] | None, typer.Option(help="A vehicle; once for each.")] = None,
    site: Annotated[str, typer.Option(help="The site where they charge usually: its clocks are theirs.")] = "",
    user: Annotated[str, typer.Option(metavar="EMAIL", help="The account they log in with.")] = "",
    battery_kwh: Annotated[float | None, typer.Option(min=1, help="Of the vehicle, which is added if new.")] = None,
    token: Annotated[str, typer.Option(help="What the vehicle identifies with, which is added if new.")] = "",
    language: Annotated[str, typer.Option(help="Language, such as en or nb.")] = "en",
    currency: Annotated[str, typer.Option(help="Currency, such as EUR.")] = "",
    database: Database = EVENLOAD_DB,
    tenant: Tenant = "home",
) -> None:
    """Add a driver, or put another in place of it. Names and addresses are not kept here: see `evenload people`.

    Example:  evenload driver add ann --vehicle leaf --battery-kwh 45 --site home
    """
    names = tuple(vehicle or ())
    if (battery_kwh or token) and len(names) != 1:
        raise InputError("--battery-kwh and --token are of one vehicle: give exactly one --vehicle with them")
    with opened(database, make=True) as store:
        if battery_kwh or token:
            _put_vehicle(store, tenant, names[0], battery_kwh, token)
        user_id = _user_id(store, tenant, user) if user else ""
        row = DriverRow(tenant, driver, user_id, names, site, language, currency.upper())
        keeping.put_driver(operator(tenant), store, row, now())
    output.print(f"{driver} drives {', '.join(names) or 'nothing yet'}.", markup=False)


@app.command("list")
def list_drivers(as_json: AsJson = False, database: Database = EVENLOAD_DB, tenant: Tenant = "home") -> None:
    """Show the drivers of a tenant."""
    with opened(database) as store:
        rows = keeping.drivers(operator(tenant), store)
        if not rows:
            known_tenant(store, tenant)
    if as_json:
        tell_json(*rows)
        return
    cells = [
        (row.driver_id, ", ".join(row.vehicles) or "-", row.site_id or "-", row.language, row.currency or "-",
         shown_instant(row.made_at)) for row in rows
    ]  # fmt: skip
    show_table(("driver", "vehicles", "site", "language", "currency", "since"), cells, "No drivers yet.")


@app.command("remove")
def remove(driver: DriverName, database: Database = EVENLOAD_DB, tenant: Tenant = "home") -> None:
    """Forget a driver with all wishes, choices, links and promises. What was charged is kept.

    Example:  evenload driver remove ann
    """
    with opened(database) as store:
        keeping.remove_driver(operator(tenant), store, driver, now())
    output.print(f"{driver} is forgotten.", markup=False)


@app.command("link")
def link(
    driver: DriverName,
    days: Annotated[float, typer.Option(min=0.001, max=links.DAYS_MAX, help="Good for so many days.")] = 30,
    show: Annotated[bool, typer.Option("--list", help="Show the links there are instead.")] = False,
    revoke: Annotated[str, typer.Option(metavar="LINK", help="Take a link back: the part after evd_.")] = "",
    database: Database = EVENLOAD_DB,
    tenant: Tenant = "home",
) -> None:
    """Make a link that lets its bearer speak for a driver, without a password. It is printed once.

    Example:  evenload driver link ann --days 7
    """
    scope, instant = operator(tenant), now()
    with opened(database) as store:
        if revoke:
            links.revoke_link(scope, store, driver, revoke, instant)
            output.print(f"The link {revoke} is worth nothing any more.", markup=False)
            return
        if show:
            rows = links.links(scope, store, driver)
            cells = [
                (row.link_id, row.made_by, shown_instant(row.made_at), shown_instant(row.expires_at),
                 shown_instant(row.revoked_at)) for row in rows
            ]  # fmt: skip
            show_table(("link", "made by", "made", "good until", "taken back"), cells, f"No links of {driver} yet.")
            return
        link_id, secret = secrets.token_hex(_LINK_ID_BYTES), secrets.token_hex(_SECRET_BYTES)
        until = instant + timedelta(days=days)
        text = links.add_link(scope, store, driver, link_id, secret, instant, until)
    output.print(f"Link, shown this once:  {text}", markup=False)
    output.print(f"It lets its bearer speak for {driver} until {shown_instant(until)}.", markup=False)


def _put_vehicle(store: Store, tenant: str, name: str, battery_kwh: float | None, token: str) -> None:
    with store.reading() as unit:
        row = unit.vehicles.find(tenant, name) or VehicleRow(tenant, name)
    changed = VehicleRow(
        tenant, name, row.name, token or row.token, battery_kwh or row.battery_kwh, row.power_kw_max, row.ready_by,
        row.energy_kwh_usual, row.energy_kwh_minimum,
    )  # fmt: skip
    vehicles.put_vehicle(operator(tenant), store, changed, now())


def _user_id(store: Store, tenant: str, email: str) -> str:
    for row in access.users(operator(tenant), store):
        if row.email.casefold() == email.casefold():
            return row.user_id
    raise InputError(f"there is no account {email!r}: add it with `evenload user add {email} --role driver`")
