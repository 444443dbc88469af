"""What the commands of `evenload ocpp` share: the options every one has, and how instants and tables are shown."""

import os
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from evenload.base.errors import InputError, did_you_mean
from evenload.cli.terminal import output

if TYPE_CHECKING:
    from evenload.store.sql.store import SqlStore

Database = Annotated[
    Path,
    typer.Option(
        envvar="EVENLOAD_DATABASE",
        help="The database of `evenload serve`: an SQLite file. One at a server is named by EVENLOAD_DATABASE_URL.",
    ),
]
Tenant = Annotated[str, typer.Option(help="Whose stations.")]
Identity = Annotated[str, typer.Argument(metavar="IDENTITY", help="The station's own name, as its path ends.")]
Count = Annotated[int, typer.Option("--count", "-n", min=1, help="How many at most.")]
EVENLOAD_DB = Path("evenload.db")


def opened(database: Path, *, make: bool = False) -> "SqlStore":
    """The store of a server. A file that is named goes before EVENLOAD_DATABASE_URL."""
    from evenload.store.sql.store import opened as at  # noqa: PLC0415 - loads when it is needed

    url = os.environ.get("EVENLOAD_DATABASE_URL") if database == EVENLOAD_DB else None
    return at(url or database, make=make)


def known_tenant(store: "SqlStore", tenant: str) -> None:
    """``InputError`` where nothing is kept of a tenant, but of others: its name is wrong."""
    from evenload.store.sql.tenants import tenants_of  # noqa: PLC0415 - loads when it is needed

    known = tenants_of(store)
    if known and tenant not in known:
        names = ", ".join(known)
        raise InputError(
            f"there is no tenant {tenant!r} in {store.name}.{did_you_mean(tenant, known)} It holds those of {names}"
        )


def now() -> datetime:
    """This instant."""
    from evenload.app.clock import utc_now  # noqa: PLC0415 - loads when it is needed

    return utc_now()


def shown_instant(instant: datetime | None) -> str:
    """An instant in UTC to the second, ``-`` where there is none."""
    return instant.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%SZ") if instant else "-"


def shown_number(value: float | None, digits: int = 2) -> str:
    """A number, ``-`` where there is none."""
    return "-" if value is None else f"{value:.{digits}f}"


def show_table(columns: Sequence[str], rows: Sequence[Sequence[str]], otherwise: str) -> None:
    """Print rows below their names, or a sentence where there are none."""
    if not rows:
        output.print(otherwise, markup=False)
        return
    widths = [max(len(row[place]) for row in (columns, *rows)) for place in range(len(columns))]
    for row in (columns, *rows):  # never cut short: who reads it may be a program
        cells = (one.ljust(width) for one, width in zip(row, widths, strict=True))
        output.print("  ".join(cells).rstrip(), markup=False)
