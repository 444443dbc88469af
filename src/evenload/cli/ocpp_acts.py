"""`evenload ocpp reset`, `start`, `stop`, `unlock`, `availability`, `trigger`, `send-data`: what a station is to do."""

import json
import secrets
from datetime import timedelta
from enum import StrEnum
from typing import Annotated

import typer

from evenload.base.errors import InputError
from evenload.base.instants import Interval
from evenload.cli.ocpp_orders import WAIT_S, Evse, NoWait, Wait, for_a_moment, give, given, new_id
from evenload.cli.ocpp_words import EVENLOAD_DB, Database, Identity, Tenant, now
from evenload.domain.station import Token
from evenload.domain.station_commands import (
    ChangeAvailability,
    Reset,
    SendData,
    StartRemotely,
    StopRemotely,
    Trigger,
    UnlockConnector,
    Wanted,
)
from evenload.domain.station_limits import Limits

OneEvse = Annotated[int, typer.Option(min=1, help="Which EVSE (of OCPP 1.6: which connector).")]
OneConnector = Annotated[int, typer.Option(min=1, help="Which connector of the EVSE; OCPP 1.6 has one each.")]
Connector = Annotated[int, typer.Option(min=0, help="Which connector of the EVSE; 0 for all.")]
_REMOTE_START_IDS = 2**31 - 1


class Service(StrEnum):
    """Whether something may be used."""

    IN = "in"
    OUT = "out"


def reset(
    identity: Identity,
    at_once: Annotated[
        bool,
        typer.Option("--at-once/--when-idle", "--hard/--soft", "--immediate/--on-idle",
                     help="Restart in the midst of transactions, or after they were ended in order."),
    ] = False,
    evse: Evse = 0,
    wait: Wait = WAIT_S,
    no_wait: NoWait = False,
    database: Database = EVENLOAD_DB,
    tenant: Tenant = "home",
) -> int:  # fmt: skip
    """Restart a station: soft (1.6) or when idle (2.0.1), hard or immediately with --at-once.

    Example:  evenload ocpp reset CP1 --at-once
    """
    command = Reset(command_id=new_id(), evse_id=evse, at_once=at_once, worthless_at=for_a_moment())
    return give(given(database, tenant, identity, wait, no_wait=no_wait), command)


def start(  # noqa: PLR0913 - one parameter an option
    identity: Identity,
    token: Annotated[str, typer.Option(help="The token that charges.")],
    evse: Evse = 0,
    kw: Annotated[float | None, typer.Option(min=0, help="From the start at most so many kW; needs --evse.")] = None,
    hours: Annotated[float, typer.Option(min=0.1, help="How long --kw holds.")] = 24.0,
    token_kind: Annotated[str, typer.Option(help="Kind of the token (2.0.1), such as ISO14443 or Central.")] = "",
    wait: Wait = WAIT_S,
    no_wait: NoWait = False,
    database: Database = EVENLOAD_DB,
    tenant: Tenant = "home",
) -> int:
    """Start a transaction.

    Example:  evenload ocpp start CP1 --token 04A2B7C1 --evse 1 --kw 7.4
    """
    if kw is not None and not evse:
        raise InputError("--kw limits a transaction at one EVSE: say which with --evse")
    instant = now()
    limits = None if kw is None else Limits.constant(kw, Interval(instant, instant + timedelta(hours=hours)))
    command = StartRemotely(
        command_id=new_id(), evse_id=evse, token=Token(token, token_kind), limits=limits,
        remote_start_id=1 + secrets.randbelow(_REMOTE_START_IDS), worthless_at=for_a_moment(),
    )  # fmt: skip
    return give(given(database, tenant, identity, wait, no_wait=no_wait), command)


def stop(
    identity: Identity,
    transaction: Annotated[str, typer.Argument(help="Its id, as `evenload ocpp transactions --open` lists it.")],
    wait: Wait = WAIT_S,
    no_wait: NoWait = False,
    database: Database = EVENLOAD_DB,
    tenant: Tenant = "home",
) -> int:
    """Stop a transaction.

    Example:  evenload ocpp stop CP1 17
    """
    command = StopRemotely(command_id=new_id(), transaction_id=transaction, worthless_at=for_a_moment())
    return give(given(database, tenant, identity, wait, no_wait=no_wait), command)


def unlock(
    identity: Identity,
    evse: OneEvse = 1,
    connector: OneConnector = 1,
    wait: Wait = WAIT_S,
    no_wait: NoWait = False,
    database: Database = EVENLOAD_DB,
    tenant: Tenant = "home",
) -> int:
    """Unlock a cable.

    Example:  evenload ocpp unlock CP1 --evse 2
    """
    command = UnlockConnector(command_id=new_id(), evse_id=evse, connector_id=connector, worthless_at=for_a_moment())
    return give(given(database, tenant, identity, wait, no_wait=no_wait), command)


def availability(  # noqa: PLR0913 - one parameter an option
    identity: Identity,
    service: Annotated[Service, typer.Argument(help="In or out of service.")],
    evse: Evse = 0,
    connector: Connector = 0,
    wait: Wait = WAIT_S,
    no_wait: NoWait = False,
    database: Database = EVENLOAD_DB,
    tenant: Tenant = "home",
) -> int:
    """Take a station or an EVSE out of service, or back in. It waits for a station that is not connected.

    Example:  evenload ocpp availability CP1 out --evse 2
    """
    command = ChangeAvailability(
        command_id=new_id(), evse_id=evse, connector_id=connector, operative=service is Service.IN
    )
    return give(given(database, tenant, identity, wait, no_wait=no_wait), command)


def trigger(  # noqa: PLR0913 - one parameter an option
    identity: Identity,
    message: Annotated[Wanted, typer.Argument(help="Which message.")],
    evse: Evse = 0,
    connector: Connector = 0,
    wait: Wait = WAIT_S,
    no_wait: NoWait = False,
    database: Database = EVENLOAD_DB,
    tenant: Tenant = "home",
) -> int:
    """Have a station send a message now.

    Example:  evenload ocpp trigger CP1 meter --evse 1
    """
    command = Trigger(
        command_id=new_id(), evse_id=evse, connector_id=connector, wanted=message, worthless_at=for_a_moment()
    )
    return give(given(database, tenant, identity, wait, no_wait=no_wait), command)


def send_data(  # noqa: PLR0913 - one parameter an option
    identity: Identity,
    vendor: Annotated[str, typer.Argument(help="The vendor's id.")],
    message: Annotated[str, typer.Argument(help="The message's id.")] = "",
    data: Annotated[str | None, typer.Option(help="What to send with it, as text.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="--data is JSON.")] = False,
    wait: Wait = WAIT_S,
    no_wait: NoWait = False,
    database: Database = EVENLOAD_DB,
    tenant: Tenant = "home",
) -> int:
    """Send a vendor's own message (DataTransfer) and print the answer.

    Example:  evenload ocpp send-data CP1 com.example SetLight --data '{"level": 3}' --json
    """
    try:
        content = json.loads(data) if as_json and data is not None else data
    except json.JSONDecodeError as error:
        raise InputError(f"--data is not JSON: {error}") from error
    command = SendData(command_id=new_id(), vendor=vendor, message=message, data=content, worthless_at=for_a_moment())
    return give(given(database, tenant, identity, wait, no_wait=no_wait), command)
