"""What the commands of `evenload driver` share: options, times as they are typed, and how things are shown."""

import json
import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from evenload.base.errors import InputError
from evenload.base.instants import as_utc, time_zone
from evenload.cli.terminal import output
from evenload.service.access_rows import Role
from evenload.service.drivers.choosing import zone_of
from evenload.service.drivers.owning import seen
from evenload.service.scope import Scope

if TYPE_CHECKING:
    from evenload.store.sql.store import SqlStore

DriverName = Annotated[str, typer.Argument(metavar="DRIVER", help="The driver's id.")]
Vehicle = Annotated[str, typer.Option(help="Which vehicle, where the driver has several.")]
Tenant = Annotated[str, typer.Option(help="Whose driver.")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object a line.")]
Reason = Annotated[str, typer.Option(help="Why, in a few words.")]
Undo = Annotated[bool, typer.Option("--undo", help="Take the last one back.")]

_ID_BYTES: Final = 16
_DAY: Final = re.compile(r"\d{4}-\d\d-\d\d")


def operator(tenant: str) -> Scope:
    """Who can reach the database may do everything."""
    return Scope(tenant, "cli", Role.ADMIN)


def new_id() -> str:
    """An id for what is made."""
    return secrets.token_hex(_ID_BYTES)


def zone(store: "SqlStore", tenant: str, driver_id: str) -> str:
    """A driver's time zone."""
    with store.reading() as unit:
        return zone_of(unit, seen(unit, operator(tenant), driver_id))


def instant(name: str, text: str, zone_name: str, *, is_end: bool = False) -> datetime:
    """An instant as it is typed: with an offset, or by the driver's clocks; of a day alone its start, or its end."""
    try:
        told = datetime.fromisoformat(text)
    except ValueError as error:
        raise InputError(
            f"{name} {text!r} is not a day or time such as 2026-07-04, 2026-07-04T08:00 or 2026-07-04T08:00+02:00"
        ) from error
    if told.tzinfo is None:
        if is_end and _DAY.fullmatch(text):
            told += timedelta(days=1)
        told = told.replace(tzinfo=time_zone(zone_name))
    return as_utc(told)


def local(at: datetime | None, zone_name: str) -> str:
    """An instant by a zone's clocks, ``-`` where there is none."""
    return at.astimezone(time_zone(zone_name)).strftime("%Y-%m-%d %H:%M") if at else "-"


def tell_json(*told: Any) -> None:  # noqa: ANN401 - any row
    """Print rows as JSON, one a line."""
    for one in told:
        row = one if isinstance(one, Mapping) else asdict(one)
        output.print(json.dumps(_plain(row), ensure_ascii=False), markup=False)


def _plain(value: Any) -> Any:  # noqa: ANN401 - any value
    if isinstance(value, Mapping):
        return {name: _plain(one) for name, one in value.items() if name != "tenant"}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_plain(one) for one in value]
    return value.isoformat() if isinstance(value, datetime) else value
