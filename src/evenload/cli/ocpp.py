"""`evenload ocpp`: the charging stations of a server."""

from datetime import timedelta
from typing import Annotated

import typer

from evenload.base.errors import InputError
from evenload.base.instants import Interval
from evenload.cli import ocpp_access, ocpp_acts, ocpp_admission, ocpp_frames, ocpp_lists, ocpp_settings
from evenload.cli.ocpp_orders import WAIT_S, Evse, NoWait, Wait, give, given, new_id
from evenload.cli.ocpp_words import EVENLOAD_DB, Database, Identity, Tenant, now
from evenload.domain.station_commands import ClearProfile, Command, SetFallback, SetProfile
from evenload.domain.station_limits import Limits

app = typer.Typer(
    no_args_is_help=True, help="Charging stations of `evenload serve`: see them, let them in, limit them, command them."
)
app.command("stations")(ocpp_lists.stations)
app.command("transactions")(ocpp_lists.transactions)
app.command("readings")(ocpp_lists.readings)
app.command("tail")(ocpp_lists.tail)
app.command("orders")(ocpp_lists.list_orders)
app.command("frames")(ocpp_frames.frames)
app.command("add")(ocpp_admission.add)
app.command("approve")(ocpp_admission.approve)
app.command("new-password")(ocpp_access.new_password)
app.command("renew-certificate")(ocpp_access.renew_certificate)
app.command("revoke")(ocpp_access.revoke)
app.command("remove")(ocpp_access.remove)
app.command("token")(ocpp_admission.put_token)
app.command("start")(ocpp_acts.start)
app.command("stop")(ocpp_acts.stop)
app.command("unlock")(ocpp_acts.unlock)
app.command("reset")(ocpp_acts.reset)
app.command("availability")(ocpp_acts.availability)
app.command("trigger")(ocpp_acts.trigger)
app.command("send-data")(ocpp_acts.send_data)
app.command("get")(ocpp_settings.get)
app.command("set")(ocpp_settings.set_values)
app.command("composite")(ocpp_settings.composite)
app.command("send-list")(ocpp_settings.send_list)
app.command("clear-cache")(ocpp_settings.clear_cache)


@app.command("set-limit")
def set_limit(  # noqa: PLR0913 - one parameter an option
    identity: Identity,
    kw: Annotated[float | None, typer.Option(min=0, help="At most so many kW.")] = None,
    evse: Evse = 0,
    minutes: Annotated[
        float | None, typer.Option(min=1, help="For so long; without it whenever nothing else was said.")
    ] = None,
    clear: Annotated[bool, typer.Option("--clear", help="Take limits back.")] = False,
    wait: Wait = WAIT_S,
    no_wait: NoWait = False,
    database: Database = EVENLOAD_DB,
    tenant: Tenant = "home",
) -> int:
    """Limit a station. The limit is kept, given to it as soon as it is connected, and again when it comes back.

    Example:  evenload ocpp set-limit CP1 --kw 7.4 --evse 1 --minutes 90
    """
    if (kw is None) != clear:
        raise InputError("say --kw KW for a limit or --clear to take limits back")
    if clear and minutes is not None:
        raise InputError("--clear takes limits back at once: leave out --minutes")
    command: Command
    if kw is None:
        command = ClearProfile(command_id=new_id(), evse_id=evse, fallback=True)
    elif minutes is None:
        command = SetFallback(command_id=new_id(), evse_id=evse, power_kw=kw)
    else:
        window = Interval(instant := now(), instant + timedelta(minutes=minutes))
        command = SetProfile(command_id=new_id(), evse_id=evse, limits=Limits.constant(kw, window))
    return give(given(database, tenant, identity, wait, no_wait=no_wait), command)
