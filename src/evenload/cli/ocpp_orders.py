"""What the commands share that give a station an order: how it is given, waited for, and how its end is told."""

import json
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from evenload.base.errors import EXIT_NOT_DONE
from evenload.cli.ocpp_words import now, opened, show_table, shown_instant
from evenload.cli.terminal import errors, output
from evenload.domain.station import StationId
from evenload.domain.station_commands import Command, Settlement
from evenload.service import orders
from evenload.service.rows import OrderRow

if TYPE_CHECKING:
    from evenload.store.sql.store import SqlStore

Wait = Annotated[float, typer.Option(min=0.5, help="Wait so many seconds for the outcome.")]
NoWait = Annotated[bool, typer.Option("--no-wait", help="Order it and do not wait.")]
Evse = Annotated[int, typer.Option(min=0, help="Which EVSE; 0 is the whole station.")]
ShowValue = Callable[[Any], None]
Ordering = Callable[["SqlStore", StationId, Command, datetime], None]
WAIT_S: Final = 10.0
_EVERY_S: Final = 0.1
_GRACE_S: Final = 2.0
_MOMENT: Final = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Given:
    """Where an order goes, and how long its outcome is waited for; 0 is not at all."""

    database: Path
    station: StationId
    wait_s: float


def given(database: Path, tenant: str, identity: str, wait: float, *, no_wait: bool) -> Given:
    """What the options say."""
    return Given(database, StationId(tenant, identity), 0.0 if no_wait else wait)


def new_id() -> str:
    """The id of a command."""
    return secrets.token_hex(8)


def for_a_moment() -> datetime:
    """When something that is wanted now is not to be done any more: nobody expects it hours later."""
    return now() + _MOMENT


def give(to: Given, command: Command, show: ShowValue | None = None, ordering: Ordering = orders.order) -> int:
    """Order a command, by a way of its own where it has one, wait for its end and tell it; the exit code."""
    with opened(to.database) as store:
        ordering(store, to.station, command, now())
        if to.wait_s <= 0:
            output.print(f"Ordered ({command.command_id}). How it ends:  evenload ocpp orders", markup=False)
            return 0
        row, connected_at = _awaited(store, to, command.command_id)
    if row is not None:
        return _tell(to.station, row, show or show_value)
    errors.print(_unsettled(to, command, connected_at), markup=False)
    return EXIT_NOT_DONE


def _awaited(store: "SqlStore", to: Given, order_id: str) -> tuple[OrderRow | None, str]:
    """The order once it has ended; else since when its station is not connected, ``""`` where it seems to be."""
    began = time.monotonic()
    while True:
        if row := orders.outcome(store, order_id):
            return row, ""
        waited_s = time.monotonic() - began
        away = _away(store, to.station) if waited_s >= min(_GRACE_S, to.wait_s) else ""
        if away or waited_s >= to.wait_s:
            return None, away
        time.sleep(_EVERY_S)


def _away(store: "SqlStore", station: StationId) -> str:
    with store.reading() as unit:
        row = unit.stations.find(station)
    if row is None or row.connected:
        return ""
    return f"last heard of {shown_instant(row.seen_at)}" if row.seen_at else "never heard of"


def _unsettled(to: Given, command: Command, away: str) -> str:
    name = to.station.identity
    if not away:
        return (
            f"{name}: no outcome within {to.wait_s:g} s. Is `evenload serve` running? What comes of it:  "
            "evenload ocpp orders"
        )
    if command.worthless_at is not None:
        return f"{name} is not connected ({away}). If it does not come back within a minute, nothing is done."
    return f"{name} is not connected ({away}). The order waits for it:  evenload ocpp orders"


def _tell(station: StationId, row: OrderRow, show: ShowValue) -> int:
    settlement = Settlement(row.settlement)
    told = f"{station.identity}: {settlement.sentence}{f' ({row.info})' if row.info else ''}."
    if not settlement.good:
        errors.print(told, style="red", markup=False)
        return EXIT_NOT_DONE
    output.print(told, markup=False)
    show(json.loads(row.value) if row.value else None)
    return 0


def show_value(value: Any) -> None:  # noqa: ANN401 - whatever was asked for
    """Print settings as a table, anything else as it is."""
    if isinstance(value, dict):
        rows = [(name, "(not known)" if one is None else str(one)) for name, one in sorted(value.items())]
        show_table(("name", "value"), rows, "It told nothing.")
    elif value is not None:
        output.print(value if isinstance(value, str) else json.dumps(value), markup=False)
