"""What the commands of `evenload cars` share: options, and how links, states and acts are shown."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer

from evenload.cli.ocpp_words import known_tenant
from evenload.cli.terminal import output
from evenload.service.access_rows import Role
from evenload.service.car_rows import CarActRow, CarLinkRow, CarStateRow
from evenload.service.refusals import NotFoundError
from evenload.service.scope import Scope

if TYPE_CHECKING:
    from evenload.store.sql.store import SqlStore

VehicleId = Annotated[str, typer.Argument(metavar="VEHICLE", help="What the vehicle is called here.")]
VehicleIdOrNone = Annotated[str, typer.Argument(metavar="[VEHICLE]", help="One vehicle; all without.")]
Tenant = Annotated[str, typer.Option(help="Whose cars.")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object a line.")]


def operator(tenant: str) -> Scope:
    """Who can reach the database may do everything."""
    return Scope(tenant, "cli", Role.ADMIN)


@contextmanager
def among(store: "SqlStore", tenant: str) -> Iterator[None]:
    """What is not found is so for another reason where there is no such tenant."""
    try:
        yield
    except NotFoundError:
        known_tenant(store, tenant)
        raise


def tell_json(*rows: Mapping[str, Any]) -> None:
    """Print each as a line of JSON."""
    for row in rows:
        output.print(json.dumps(row, default=_plain, ensure_ascii=False), markup=False, soft_wrap=True)


def _plain(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


def shown_link(row: CarLinkRow, instant: datetime) -> dict[str, Any]:
    """A link without what is sealed or hashed."""
    return {
        "vehicle_id": row.vehicle_id, "cloud": row.provider, "site_id": row.site_id, "device_id": row.device_id,
        "model": row.model, "consent": row.consent(instant), "granted_at": row.granted_at,
        "expires_at": row.expires_at, "revoked_at": row.revoked_at, "revoked_why": row.revoked_why,
        "linked_by": row.linked_by,
    }  # fmt: skip


def shown_state(row: CarStateRow, instant: datetime) -> dict[str, Any]:
    """A state with its age."""
    told = {name: value for name, value in asdict(row).items() if name != "tenant"}
    return told | {"age_s": round(row.age(instant).total_seconds(), 1)}


def shown_act(row: CarActRow) -> dict[str, Any]:
    """An act with why it ended so."""
    told = {name: value for name, value in asdict(row).items() if name != "tenant"}
    return told | {"why": row.reason.sentence if row.reason else ""}


def shown_age(age: timedelta) -> str:
    """An age in the unit that fits."""
    seconds = age.total_seconds()
    for unit, length_s in (("d", 86400.0), ("h", 3600.0), ("min", 60.0)):
        if seconds >= 2 * length_s:
            return f"{seconds / length_s:.0f} {unit}"
    return f"{seconds:.0f} s"


def shown_share(value: float | None) -> str:
    """A share in per cent, ``-`` where there is none."""
    return "-" if value is None else f"{value:.0%}"
