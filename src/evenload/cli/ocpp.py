"""`evenload ocpp`: the charging stations of a server."""

import secrets
from datetime import timedelta
from typing import Annotated

import typer

from evenload.base.errors import InputError
from evenload.base.instants import Interval
from evenload.cli import ocpp_admission, ocpp_lists
from evenload.cli.ocpp_words import EVENLOAD_DB, Database, Identity, Tenant, now, opened
from evenload.cli.terminal import output
from evenload.domain.station import StationId
from evenload.domain.station_commands import ClearProfile, Command, SetFallback, SetProfile
from evenload.domain.station_limits import Limits
from evenload.service import orders

app = typer.Typer(
    no_args_is_help=True, help="Charging stations of `evenload serve`: see them, let them in, limit them."
)
app.command("stations")(ocpp_lists.stations)
app.command("transactions")(ocpp_lists.transactions)
app.command("readings")(ocpp_lists.readings)
app.command("tail")(ocpp_lists.tail)
app.command("orders")(ocpp_lists.list_orders)
app.command("add")(ocpp_admission.add)
app.command("approve")(ocpp_admission.approve)
app.command("token")(ocpp_admission.put_token)

Evse = Annotated[int, typer.Option(min=0, help="Which EVSE; 0 is the whole station.")]


@app.command("set-limit")
def set_limit(
    identity: Identity,
    kw: Annotated[float | None, typer.Option(min=0, help="At most so many kW.")] = None,
    evse: Evse = 0,
    minutes: Annotated[
        float | None, typer.Option(min=1, help="For so long; without it whenever nothing else was said.")
    ] = None,
    clear: Annotated[bool, typer.Option("--clear", help="Take limits back.")] = False,
    database: Database = EVENLOAD_DB,
    tenant: Tenant = "home",
) -> None:
    """Limit a station. The limit is kept, given to it as soon as it is connected, and again when it comes back.

    Example:  evenload ocpp set-limit CP1 --kw 7.4 --evse 1 --minutes 90
    """
    if (kw is None) != clear:
        raise InputError("say --kw KW for a limit or --clear to take limits back")
    if clear and minutes is not None:
        raise InputError("--clear takes limits back at once: leave out --minutes")
    instant, command_id = now(), secrets.token_hex(8)
    command: Command
    if kw is None:
        command = ClearProfile(command_id=command_id, evse_id=evse, fallback=True)
    elif minutes is None:
        command = SetFallback(command_id=command_id, evse_id=evse, power_kw=kw)
    else:
        window = Interval(instant, instant + timedelta(minutes=minutes))
        command = SetProfile(command_id=command_id, evse_id=evse, limits=Limits.constant(kw, window))
    with opened(database) as store:
        orders.order(store, StationId(tenant, identity), command, instant)
    output.print(f"Ordered ({command_id}). How it ends:  evenload ocpp orders", markup=False)
