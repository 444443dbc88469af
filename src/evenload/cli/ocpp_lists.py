"""`evenload ocpp stations`, `transactions`, `readings`, `orders` and `tail`: what is known of charging stations."""

import time
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from evenload.base.instants import Interval
from evenload.cli.ocpp_words import (
    EVENLOAD_DB,
    Count,
    Database,
    Tenant,
    known_tenant,
    now,
    opened,
    show_table,
    shown_instant,
    shown_number,
)
from evenload.cli.terminal import output
from evenload.domain.station import StationId
from evenload.service import admission
from evenload.service.orders import STANDING
from evenload.service.rows import EventRow, OrderRow, StationRow


def stations(database: Database = EVENLOAD_DB, tenant: Tenant = "home") -> None:
    """List stations: whether they may come in, what they are, when they were last heard of.

    Example:  evenload ocpp stations
    """
    with opened(database) as store, store.reading() as unit:
        rows = unit.stations.of(tenant)
        if not rows:
            known_tenant(store, tenant)
        connectors = unit.stations.connectors(tenant)
    status = {
        row.station: " ".join(f"{one.evse_id}:{one.status}" for one in connectors if one.station == row.station)
        for row in rows
    }
    table = [
        (row.station.identity, _admission(row), _product(row), shown_instant(row.seen_at), status[row.station] or "-",
         shown_number(row.fallback_kw), shown_instant(row.disobeyed_at))
        for row in rows
    ]  # fmt: skip
    columns = ("station", "admission", "product", "last seen", "connectors", "fallback kW", "disobeyed")
    show_table(columns, table, f"Tenant {tenant!r} has no stations yet; nothing has knocked.")
    if held := [row for row in rows if not (row.approved or row.revoked_at)]:
        output.print(
            f"{len(held)} held. To let one in:  evenload ocpp approve {held[0].station.identity}", markup=False
        )


def _admission(row: StationRow) -> str:
    if row.revoked_at:
        return "revoked"
    if not row.approved:
        return f"held (from {row.address})"
    return "connected" if row.connected else "away" if row.booted_at else "approved"


def _product(row: StationRow) -> str:
    return f"{row.details.vendor} {row.details.model} {row.details.firmware}".strip() if row.details else "-"


def transactions(
    database: Database = EVENLOAD_DB,
    tenant: Tenant = "home",
    count: Count = 20,
    only_open: Annotated[bool, typer.Option("--open", help="Only those that go on.")] = False,
) -> None:
    """List the last transactions, the latest first.

    Example:  evenload ocpp transactions --open
    """
    with opened(database) as store, store.reading() as unit:
        rows = unit.transactions.last(tenant, count, only_open=only_open)
        if not rows:
            known_tenant(store, tenant)
    table = [
        (row.station.identity, row.transaction_id, str(row.evse_id), row.token.text if row.token else "-",
         shown_instant(row.started_at), shown_instant(row.ended_at), shown_number(row.energy_kwh, 3),
         str(row.energy_quality or "-"), row.reason or "-")
        for row in rows
    ]  # fmt: skip
    columns = ("station", "transaction", "evse", "token", "start", "end", "kWh", "quality", "reason")
    show_table(columns, table, "No transactions yet.")


def readings(
    identity: Annotated[str, typer.Argument(metavar="[IDENTITY]", help="A station; the latest of all without.")] = "",
    database: Database = EVENLOAD_DB,
    tenant: Tenant = "home",
    count: Count = 20,
    hours: Annotated[float, typer.Option(min=0.01, help="How far back.")] = 24.0,
) -> None:
    """List readings: the latest of every EVSE, or the last ones of a station.

    Example:  evenload ocpp readings CP1 --hours 2
    """
    instant = now()
    window = Interval(instant - timedelta(hours=hours), instant + timedelta(days=1))
    with opened(database) as store, store.reading() as unit:
        if identity:
            admission.known_station(unit, StationId(tenant, identity))
            rows = unit.readings.within(StationId(tenant, identity), window, count)
        else:
            rows = unit.readings.latest(tenant)
        if not rows:
            known_tenant(store, tenant)
    table = [
        (row.station.identity, str(row.evse_id), shown_instant(row.reading.at), str(row.reading.kind),
         shown_number(row.reading.power_kw), shown_number(row.reading.energy_kwh_import, 3),
         shown_number(row.reading.soc), str(row.reading.quality), row.transaction_id or "-")
        for row in rows
    ]  # fmt: skip
    columns = ("station", "evse", "at", "kind", "kW", "kWh", "soc", "quality", "transaction")
    show_table(columns, table, "No readings yet.")


def list_orders(database: Database = EVENLOAD_DB, tenant: Tenant = "home", count: Count = 20) -> None:
    """List the last orders to stations, and how each ended.

    Example:  evenload ocpp orders
    """
    with opened(database) as store, store.reading() as unit:
        rows = unit.orders.last(tenant, count)
        if not rows:
            known_tenant(store, tenant)
    instant = now()
    table = [
        (row.order_id, row.station.identity, str(row.evse_id), row.kind, shown_instant(row.made_at),
         row.settlement or _open_order(row, instant), shown_instant(row.settled_at), row.info or "-")
        for row in rows
    ]  # fmt: skip
    columns = ("order", "station", "evse", "kind", "made", "outcome", "settled", "info")
    show_table(columns, table, "Nothing was ordered yet.")


def _open_order(row: OrderRow, instant: datetime) -> str:
    if row.kind in STANDING and not row.standing:
        return "superseded"
    return "too late" if row.worthless_at is not None and row.worthless_at <= instant else "waits"


def tail(
    database: Database = EVENLOAD_DB,
    tenant: Tenant = "home",
    count: Count = 20,
    station: Annotated[str, typer.Option(help="Only of this station.")] = "",
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on until Ctrl-C.")] = False,
) -> None:
    """Print the last events of stations, and with --follow those to come. Secrets are never kept, so never shown.

    Example:  evenload ocpp tail -f --station CP1
    """
    with opened(database) as store, store.reading() as unit:
        rows = unit.events.last(tenant, count)
        if station and not any(row.station.identity == station for row in rows):
            admission.known_station(unit, StationId(tenant, station))  # one that was removed has events still
        if not rows:
            known_tenant(store, tenant)
    _print_events(rows, station)
    if follow:
        _follow(database, tenant, station, rows[-1].number if rows else 0)


def _follow(database: Path, tenant: str, station: str, number: int) -> None:
    with opened(database) as store:
        while True:
            with store.reading() as unit:
                rows = unit.events.after(tenant, number, 1000)
            _print_events(rows, station)
            number = rows[-1].number if rows else number
            time.sleep(0.5)


def _print_events(rows: Sequence[EventRow], station: str) -> None:
    for row in rows:
        if station in ("", row.station.identity):
            output.print(_event_line(row), markup=False)


def _event_line(row: EventRow) -> str:
    evse = f"/{row.evse_id}" if row.evse_id else ""
    return f"{shown_instant(row.at)} {row.station.identity}{evse} {row.kind} {row.body}"
