"""`evenload db`: the database of a server; its version, its size, its history."""

import os
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from evenload.base.errors import InputError
from evenload.base.instants import Interval, parse_instant
from evenload.cli.ocpp_words import EVENLOAD_DB, Database, Tenant, now, opened, show_table, shown_instant
from evenload.cli.terminal import errors, output

if TYPE_CHECKING:
    from evenload.store.sql.upkeep import Retention

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    help="The database of `evenload serve`: an SQLite file, or the server that EVENLOAD_DATABASE_URL names.",
)

_DAYS = Annotated[
    float | None, typer.Option(min=0, help="Keep so many days, 0 for good; without it as the settings say.")
]


@app.command("upgrade")
def upgrade(database: Database = EVENLOAD_DB) -> None:
    """Make the tables, or bring them up to date. `evenload serve` does so too when it starts.

    Example:  evenload db upgrade
    """
    from evenload.store.sql.schema import HEAD  # noqa: PLC0415 - loads when it is needed

    with opened(database, make=True) as store:
        output.print(f"{store.name} is at revision {HEAD}", markup=False)


@app.command("check")
def check(database: Database = EVENLOAD_DB) -> int:
    """Compare the tables with what this evenload expects. Exits 1 where they differ.

    Example:  evenload db check
    """
    from evenload.store.sql.versions import differences, revision  # noqa: PLC0415 - loads when it is needed

    with opened(database) as store, store.reading_connection() as connection:
        found = differences(connection)
        for one in found:
            errors.print(f"differs: {one}", markup=False)
        told = f"{store.name} is at revision {revision(connection)}"
    output.print(f"{told}: {len(found)} differences" if found else f"{told}, as it should be", markup=False)
    return 1 if found else 0


@app.command("info")
def info(database: Database = EVENLOAD_DB) -> None:
    """Say how much is in the database, and how far history goes back.

    Example:  evenload db info
    """
    from evenload.store.sql.inventory import inventory  # noqa: PLC0415 - loads when it is needed

    with opened(database) as store:
        found = inventory(store)
        output.print(f"{store.name}, {found.size_bytes / 1e6:,.1f} MB", markup=False)
    show_table(("table", "rows"), [(name, f"{count:,}") for name, count in found.rows.items()], "Nothing.")
    output.print(
        f"Readings from {shown_instant(found.first)} to {shown_instant(found.last)}, "
        f"{found.packed_days:,} days of EVSEs packed",
        markup=False,
    )


@app.command("pack")
def pack(
    database: Database = EVENLOAD_DB,
    hot: Annotated[float, typer.Option(min=0, help="Leave days alone that ended less than so many days ago.")] = 2.0,
) -> None:
    """Pack the readings of closed days: one row an EVSE and day. `evenload serve` does so by itself.

    Reads as before; may be broken off and run again; others may write meanwhile.

    Example:  evenload db pack
    """
    from evenload.store.sql.pack import pack as run  # noqa: PLC0415 - loads when it is needed

    with opened(database) as store:
        done = run(store, now(), timedelta(days=hot), _tell)
    output.print(f"{done.rows:,} readings of {done.days} days packed", markup=False)


def _tell(rows: int) -> None:
    errors.print(f"{rows:,} readings", markup=False)


@app.command("prune")
def prune(
    database: Database = EVENLOAD_DB,
    readings: _DAYS = None,
    slots: _DAYS = None,
    events: _DAYS = None,
    settings: Annotated[Path | None, typer.Option(help="Settings file, TOML or YAML.")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do it; without it only what would go is said.")] = False,
) -> None:
    """Forget what is older than the settings of `evenload serve` say, or the options. Sessions, transactions and the
    audit log stay.

    Example:  evenload db prune --readings 90 --yes
    """
    from evenload.app.settings import settings_from  # noqa: PLC0415 - loads when it is needed
    from evenload.app.upkeep import retention_of  # noqa: PLC0415
    from evenload.store.sql.upkeep import prune as run  # noqa: PLC0415

    kept = retention_of(settings_from(settings, os.environ, {}))
    if readings is not None:
        kept = replace(kept, readings=readings or None)
    if slots is not None:
        kept = replace(kept, slots=slots or None, loads=slots or None)
    if events is not None:
        kept = replace(kept, events=events or None, orders=events or None, decisions=events or None)
    if not yes:
        told = ", ".join(f"{name} {_before(days)}" for name, days in _kept_days(kept))
        output.print(f"This would forget {told}. Add --yes to do it.", markup=False)
        return
    with opened(database) as store:
        output.print(f"{run(store, now(), kept):,} rows forgotten", markup=False)


def _kept_days(kept: "Retention") -> tuple[tuple[str, float | None], ...]:
    return (
        ("readings", kept.readings), ("quarter hours and loads", kept.slots), ("events", kept.events),
        ("orders", kept.orders), ("decisions", kept.decisions), ("plans", kept.plans),
    )  # fmt: skip


def _before(days: float | None) -> str:
    return "never" if days is None else f"before {shown_instant(now() - timedelta(days=days))}"


@app.command("export")
def export(
    out: Annotated[Path, typer.Option("--out", "-o", help="Parquet file to write.")],
    start: Annotated[str, typer.Option(help="From then on, such as 2026-03-01T00:00:00+01:00. [30 days ago]")] = "",
    end: Annotated[str, typer.Option(help="Before then. [now]")] = "",
    database: Database = EVENLOAD_DB,
    tenant: Tenant = "home",
) -> None:
    """Write readings as a canonical Parquet file, which `evenload files check readings` takes.

    Example:  evenload db export --start 2026-03-01T00:00:00Z --end 2026-04-01T00:00:00Z --out march.parquet
    """
    from evenload.store.sql.export import export_readings  # noqa: PLC0415 - loads when it is needed

    if not out.name.endswith(".parquet"):
        raise InputError(f"{out} must end in .parquet")
    until = parse_instant(end) if end else now()
    window = Interval(parse_instant(start) if start else until - timedelta(days=30), until)
    with opened(database) as store:
        done = export_readings(store, tenant, window, out)
    note = f" ({done.left_out:,} hold only currents or voltages and are left out)" if done.left_out else ""
    output.print(f"{out}: {done.rows:,} readings of tenant {tenant!r}{note}", markup=False)
