"""`evenload cable`: which car stands at which charger, what is wrong between them, and files of plug-in loggers."""

from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from evenload.base.errors import InputError
from evenload.base.instants import Interval, parse_instant
from evenload.cli.driver_words import operator
from evenload.cli.files import records_of
from evenload.cli.ocpp_words import EVENLOAD_DB, Database, Tenant, now, opened, show_table, shown_instant
from evenload.cli.people import settings_at
from evenload.cli.terminal import errors, output
from evenload.files.importers import obd, obd_stays
from evenload.service.cable import logged, said, sources
from evenload.service.cable.ems_kept import put_manager
from evenload.service.cable_rows import EnergyManagerRow
from evenload.service.live_rows import DeviceRow

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    help="Both ends of the cable: which car stands at which charger, and what is wrong between them.",
    epilog="Start with:  evenload cable list",
)

SessionId = Annotated[str, typer.Argument(metavar="SESSION", help="A charger's session.")]
VehicleId = Annotated[str, typer.Argument(metavar="VEHICLE", help="A vehicle.")]


@app.command("list")
def list_ends(database: Database = EVENLOAD_DB, tenant: Tenant = "home") -> None:
    """Show which cars stand at which chargers, how sure that is, and what is wrong now.

    Example:  evenload cable list
    """
    with opened(database) as store:
        pairs, wrong = said.ends_going_on(operator(tenant), store)
    show_table(
        ("session", "vehicle", "state", "sure", "why"),
        [(one.session_id, one.vehicle_id, one.state, f"{one.confidence:.0%}", one.why) for one in pairs],
        "No car is known to stand at a charger.",
    )
    for one in wrong:
        output.print(f"{one.session_id}: {one.why}: {one.to_do}", markup=False)


@app.command("show")
def show(session: SessionId, database: Database = EVENLOAD_DB, tenant: Tenant = "home") -> None:
    """Show the cars that were held to be at a session, and all that was wrong.

    Example:  evenload cable show bay-1@20260110T180000
    """
    with opened(database) as store:
        found = said.ends_of(operator(tenant), store, session)
    show_table(
        ("vehicle", "state", "sure", "since", "why"),
        [(one.vehicle_id, one.state, f"{one.confidence:.0%}", shown_instant(one.made_at), one.why)
         for one in found.pairs],
        f"No car is known to have been at {session}.",
    )  # fmt: skip
    for one in found.conflicts:
        ended = f", until {shown_instant(one.ended_at)}" if one.ended_at else ""
        output.print(f"{shown_instant(one.since)}{ended}: {one.why}: {one.to_do}", markup=False)


@app.command("say")
def say(
    session: SessionId,
    vehicle: VehicleId,
    is_not: Annotated[bool, typer.Option("--not", help="It is any vehicle but this one.")] = False,
    database: Database = EVENLOAD_DB,
    tenant: Tenant = "home",
) -> None:
    """Say which vehicle a session is of, or of which it is not; it stands above what is worked out.

    Example:  evenload cable say bay-1@20260110T180000 leaf
    """
    with opened(database) as store:
        row = said.say(operator(tenant), store, session, vehicle, now(), is_it=not is_not)
    output.print(f"{session}: {row.why}", markup=False)


@app.command("history")
def history(
    vehicle: VehicleId,
    since: Annotated[str, typer.Option(help="From this instant on.")] = "2000-01-01T00:00:00Z",
    database: Database = EVENLOAD_DB,
    tenant: Tenant = "home",
) -> None:
    """Show a vehicle's stays over all its sources, logger, cloud and charger, each kWh once.

    Example:  evenload cable history leaf
    """
    with opened(database) as store:
        window = Interval(parse_instant(since), now())
        found = sources.history(operator(tenant), store, vehicle, window)
    rows = [
        (shown_instant(one.session.plugged_at), shown_instant(one.session.unplugged_at), one.source,
         f"{one.session.energy_kwh_delivered:.2f}", one.session.energy_quality)
        for one in found
    ]  # fmt: skip
    show_table(("plugged in", "unplugged", "source", "kWh", "quality"), rows, f"Nothing is known of {vehicle}.")


@app.command("add-manager")
def add_manager(  # noqa: PLR0913 - one parameter an option
    device: Annotated[str, typer.Argument(metavar="DEVICE", help="What it is called here.")],
    site: Annotated[str, typer.Argument(metavar="SITE", help="Where its cars stand.")],
    address: Annotated[
        str, typer.Argument(metavar="ADDRESS", help="https://..., or modbus:HOST:PORT/UNIT/REGISTER?limit=REGISTER.")
    ],
    power_kw_max: Annotated[float, typer.Option(min=1, help="What its cars can draw together.")],
    fallback_kw: Annotated[float, typer.Option(min=0, help="What they may draw when its line is lost.")],
    cars: Annotated[float, typer.Option(min=0, help="How many cars come usually.")] = 0.0,
    kwh_a_car: Annotated[float, typer.Option(min=0, help="What each needs usually.")] = 0.0,
    ready_by: Annotated[str, typer.Option(help="When they are to be ready, by the site's clocks.")] = "17:00",
    heartbeat_s: Annotated[float, typer.Option(help="How often it is told that somebody is there.")] = 30.0,
    secret: Annotated[
        str | None,
        typer.Option(
            envvar="EVENLOAD_MANAGER_SECRET",
            help="Bearer token, for REST; kept sealed with the server's secret_file. [the one that is kept]",
        ),
    ] = None,
    database: Database = EVENLOAD_DB,
    tenant: Tenant = "home",
) -> None:
    """Enrol the energy manager of a building or parking lot, which takes one limit for many cars.

    Example:  evenload cable add-manager lot depot https://lot.example/api --power-kw-max 150 --fallback-kw 20
    """
    from evenload.app.ems_door import EmsDoor  # noqa: PLC0415 - loads when it is needed
    from evenload.app.secret import secret_of  # noqa: PLC0415 - loads when it is needed

    row = EnergyManagerRow(tenant, device, address, cars, kwh_a_car, ready_by, heartbeat_s)
    door = EmsDoor(secret_of(settings_at(database).secret_file) if secret else b"")
    row = door.sealed(row, secret or "")
    made = DeviceRow(tenant, device, site, "", power_kw_max=power_kw_max, fallback_kw=fallback_kw)
    with opened(database, make=True) as store:
        put_manager(operator(tenant), store, row, made, now(), keeps_secret=secret is None)
    output.print(f"{device} at {site} is asked every {heartbeat_s:g} s.", markup=False)


@app.command("import-logger")
def import_logger(
    vehicle: VehicleId,
    site: Annotated[str, typer.Argument(metavar="SITE", help="The vehicle's home.")],
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The logger's CSV, or JSON list of records.")],
    home: Annotated[
        str, typer.Option("--home", help="Where home is, LATITUDE,LONGITUDE; kept as home or away only.")
    ] = "",
    battery_kwh: Annotated[float | None, typer.Option(min=1, help="Usable battery, for files without power.")] = None,
    database: Database = EVENLOAD_DB,
    tenant: Tenant = "home",
) -> None:
    """Keep a plug-in logger's stays in the history of a vehicle; the same file again changes nothing.

    Example:  evenload cable import-logger leaf home trips.csv --home 42.36,-71.06
    """
    read = partial(obd_stays.read_stays, home=obd.home_of(home), battery_kwh=battery_kwh)
    found = read(records_of(file), file.name)
    for problem in found.problems[:5]:
        errors.print(f"refused: {problem}", markup=False)
    others = {name for name, _ in found.stays} - {"", vehicle}
    if others:
        raise InputError(f"{file} tells of {', '.join(sorted(others))}; import each vehicle's own file")
    with opened(database) as store:
        told = logged.import_stays(operator(tenant), store, vehicle, site, [one for _, one in found.stays], now())
    output.print(
        f"{vehicle}: {told.kept} stays kept, {told.absorbed} of them counted by another source, {told.known} known "
        f"before; {len(found.problems)} rows refused",
        markup=False,
    )
