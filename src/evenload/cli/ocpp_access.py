"""`evenload ocpp new-password`, `renew-certificate`, `revoke` and `remove`: access of stations that are known."""

from typing import Annotated

import typer

from evenload.cli.ocpp_orders import WAIT_S, NoWait, Wait, give, given, new_id
from evenload.cli.ocpp_words import EVENLOAD_DB, Database, Identity, Tenant, now, opened
from evenload.cli.terminal import output
from evenload.domain.station import StationId
from evenload.domain.station_commands import ChangePassword, Trigger, Wanted
from evenload.service import station_access


def new_password(
    identity: Identity,
    wait: Wait = WAIT_S,
    no_wait: NoWait = False,
    database: Database = EVENLOAD_DB,
    tenant: Tenant = "home",
) -> int:
    """Have the server draw another password and give it to a station, which comes back by it. Nobody gets to see it.

    The one it has holds until it took the other. Where it cannot come in any more, `evenload ocpp approve IDENTITY
    --new-password` prints one to type in.

    Example:  evenload ocpp new-password CP1
    """
    to, command = given(database, tenant, identity, wait, no_wait=no_wait), ChangePassword(command_id=new_id())
    return give(to, command, ordering=station_access.order_password)


def renew_certificate(
    identity: Identity,
    wait: Wait = WAIT_S,
    no_wait: NoWait = False,
    database: Database = EVENLOAD_DB,
    tenant: Tenant = "home",
) -> int:
    """Have a station ask for another certificate, which a server with --stations-ca-key signs.

    Example:  evenload ocpp renew-certificate CP1
    """
    command = Trigger(command_id=new_id(), wanted=Wanted.CERTIFICATE)
    return give(
        given(database, tenant, identity, wait, no_wait=no_wait), command, ordering=station_access.order_renewal
    )


def revoke(identity: Identity, database: Database = EVENLOAD_DB, tenant: Tenant = "home") -> None:
    """Keep a station out from now on; its connection ends within seconds. `evenload ocpp approve` takes it back.

    Example:  evenload ocpp revoke CP1
    """
    with opened(database) as store:
        station_access.revoke(store, StationId(tenant, identity), new_id(), now())
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
        ended = station_access.remove(store, StationId(tenant, identity), new_id(), now(), force=force)
    output.print(f"{identity} is forgotten.", markup=False)
    if ended:
        output.print(f"{ended} of its transactions went on; they ended by what is known of them.", markup=False)
