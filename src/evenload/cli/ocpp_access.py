"""`evenload ocpp new-password`, `renew-certificate`, `revoke` and `remove`: access of stations that are known."""

import secrets
from typing import Annotated

import typer

from evenload.cli.ocpp_words import EVENLOAD_DB, Database, Identity, Tenant, now, opened
from evenload.cli.terminal import output
from evenload.domain.station import StationId
from evenload.service import station_access


def new_password(identity: Identity, database: Database = EVENLOAD_DB, tenant: Tenant = "home") -> None:
    """Have the server draw another password and give it to a station, which comes back by it. Nobody gets to see it.

    The one it has holds until it took the other. One that sits in a charger that is not connected is changed there:
    `evenload ocpp approve IDENTITY --new-password` prints one to type in.

    Example:  evenload ocpp new-password CP1
    """
    command_id = secrets.token_hex(8)
    with opened(database) as store:
        station_access.order_password(store, StationId(tenant, identity), command_id, now())
    _say_ordered(command_id)


def renew_certificate(identity: Identity, database: Database = EVENLOAD_DB, tenant: Tenant = "home") -> None:
    """Have a station ask for another certificate, which a server with --stations-ca-key signs.

    Example:  evenload ocpp renew-certificate CP1
    """
    command_id = secrets.token_hex(8)
    with opened(database) as store:
        station_access.order_renewal(store, StationId(tenant, identity), command_id, now())
    _say_ordered(command_id)


def revoke(identity: Identity, database: Database = EVENLOAD_DB, tenant: Tenant = "home") -> None:
    """Keep a station out from now on; its connection ends within seconds. `evenload ocpp approve` takes it back.

    Example:  evenload ocpp revoke CP1
    """
    with opened(database) as store:
        station_access.revoke(store, StationId(tenant, identity), secrets.token_hex(8), now())
    output.print(f"{identity} may not come in any more.", markup=False)


def remove(
    identity: Identity,
    database: Database = EVENLOAD_DB,
    tenant: Tenant = "home",
    force: Annotated[bool, typer.Option("--force", help="Also while transactions go on, which end by that.")] = False,
) -> None:
    """Forget a station. Its transactions, readings and events stay. It is unknown when it knocks again.

    Example:  evenload ocpp remove CP1
    """
    with opened(database) as store:
        ended = station_access.remove(store, StationId(tenant, identity), secrets.token_hex(8), now(), force=force)
    output.print(f"{identity} is forgotten.", markup=False)
    if ended:
        output.print(f"{ended} of its transactions went on; they ended by what is known of them.", markup=False)


def _say_ordered(command_id: str) -> None:
    output.print(f"Ordered ({command_id}). How it ends:  evenload ocpp orders", markup=False)
