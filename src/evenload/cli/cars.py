"""`evenload cars`: cars that are managed through their makers' clouds."""

import os
import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from evenload.base.errors import InputError
from evenload.cli import cars_shown
from evenload.cli.cars_words import AsJson, Tenant, VehicleId, among, operator, shown_link, tell_json
from evenload.cli.ocpp_words import EVENLOAD_DB, Database, now, opened, shown_instant
from evenload.cli.terminal import output
from evenload.domain.vehicle_state import Provider
from evenload.service.cars import links
from evenload.telematics.port import Home

if TYPE_CHECKING:
    from evenload.app.settings import Settings

app = typer.Typer(
    no_args_is_help=True,
    help="Cars by their makers' clouds: link them, see how they are, what they were asked, and end links.",
    epilog="Start with:  evenload cars link ann-leaf --cloud smartcar --site house",
)
app.command("links")(cars_shown.list_links)
app.command("state")(cars_shown.state)
app.command("acts")(cars_shown.list_acts)
app.command("source")(cars_shown.source)

_HERE: Final = ("127.0.0.1", "::1", "localhost")
SettingsFile = Annotated[Path | None, typer.Option(help="Settings file of the server, TOML or YAML.")]


@app.command("link")
def link(  # noqa: PLR0913 - one parameter an option
    vehicle: VehicleId,
    cloud: Annotated[Provider, typer.Option(help="Which cloud the car is reached by.")],
    site: Annotated[str, typer.Option(help="The site where it charges.")],
    home: Annotated[
        str, typer.Option(metavar="LAT,LON", help="Where it is at home (degrees); kept sealed, shown to nobody.")
    ] = "",
    settings: SettingsFile = None,
    as_json: AsJson = False,
    database: Database = EVENLOAD_DB,
    tenant: Tenant = "home",
) -> None:
    """Print where a driver consents to a car being read and told when to charge. Send it to that driver only.

    The address is good once and for a day. When the driver has consented the car is linked: `evenload cars links`.
    The server needs its id and secret at that cloud (settings cars_smartcar_client_id and so on), and has to be
    reached by the driver's browser (setting public_url).

    Example:  evenload cars link ann-leaf --cloud smartcar --site house --home 52.370,4.900
    """
    from evenload.app.cars.aside import linking  # noqa: PLC0415 - loads when it is needed

    where, chosen = _home(home), _settings(settings, database)
    with opened(database) as store, among(store, tenant):
        asked = linking(
            chosen, store, now, _draw, lambda one: one.begin(operator(tenant), cloud, vehicle, site, where)
        )  # fmt: skip
    if as_json:
        tell_json({"vehicle_id": vehicle, "cloud": cloud, "url": asked.url, "expires_at": asked.expires_at})
        return
    output.print(f"Until {shown_instant(asked.expires_at)} the driver of {vehicle} consents at:", markup=False)
    output.print(f"  {asked.url}", markup=False, soft_wrap=True)
    if chosen.host in _HERE and not chosen.public_url:
        output.print("Only a browser on this machine comes back from there: set public_url for drivers elsewhere.")


@app.command("revoke")
def revoke(
    vehicle: VehicleId,
    why: Annotated[str, typer.Option(help="Why, for the record.")] = "",
    settings: SettingsFile = None,
    as_json: AsJson = False,
    database: Database = EVENLOAD_DB,
    tenant: Tenant = "home",
) -> None:
    """End a link at once: the car is asked nothing any more; its tokens and its last state are forgotten.

    Access is given back to the cloud where it takes that. What was charged and asked stays on record.

    Example:  evenload cars revoke ann-leaf --why "moved away"
    """
    from evenload.app.cars.aside import linking  # noqa: PLC0415 - loads when it is needed

    chosen = _settings(settings, database)
    with opened(database) as store, among(store, tenant):
        before = links.link(operator(tenant), store, vehicle)
        row = linking(chosen, store, now, _draw, lambda one: one.revoke(operator(tenant), vehicle, why))
    if as_json:
        tell_json(shown_link(row, now()))
        return
    if before.revoked_at is not None:
        output.print(f"The link of {vehicle} had ended already, on {shown_instant(row.revoked_at)}.", markup=False)
        return
    output.print(f"{vehicle} is not linked any more: nothing is asked of it.", markup=False)
    if row.provider is Provider.TESLA:
        output.print("Tesla keeps the consent until its driver takes it back there: Account, Third-party apps.")


def _home(text: str) -> Home | None:
    if not text:
        return None
    try:
        latitude, longitude = (float(one) for one in text.split(","))
    except ValueError as error:
        raise InputError(
            f"--home {text!r} is no place such as 52.370,4.900: latitude and longitude in degrees"
        ) from error
    if not (-90 <= latitude <= 90 and -180 <= longitude <= 180):
        raise InputError(f"--home {text!r} is nowhere: latitudes are -90 to 90, longitudes -180 to 180 degrees")
    return Home(latitude, longitude)


def _settings(file: Path | None, database: Path) -> "Settings":
    from evenload.app.settings import settings_from  # noqa: PLC0415 - loads when it is needed

    return settings_from(file, os.environ, {"database": None if database == EVENLOAD_DB else database})


def _draw() -> str:
    return secrets.token_hex(16)
