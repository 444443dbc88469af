"""`evenload audit`: who did what, and whether the log is what was written."""

import json
import re
from typing import Annotated, Final

import typer

from evenload.base.errors import InputError, InvariantError
from evenload.cli.ocpp_words import (
    EVENLOAD_DB,
    Count,
    Database,
    Tenant,
    known_tenant,
    opened,
    show_table,
    shown_instant,
)
from evenload.cli.terminal import output
from evenload.service import audit

app = typer.Typer(no_args_is_help=True, help="Who did what, and whether the log is what was written.")

_BODY_WIDTH: Final = 80
_DIGEST: Final = re.compile(r"[0-9a-f]{64}")


@app.command("verify")
def verify(
    database: Database = EVENLOAD_DB,
    tenant: Tenant = "home",
    digest: Annotated[str, typer.Option(help="A digest noted earlier: it must be in the log.")] = "",
) -> None:
    """Check that no row was changed, taken out or put in since it was written.

    Rows cut off at the end leave no trace. Note the digest that is printed, somewhere else, and give it next time.

    Example:  evenload audit verify --tenant home
    """
    if digest and not _DIGEST.fullmatch(digest):
        raise InputError(f"{digest!r} is no digest: give the 64 digits and letters a to f that were printed")
    with opened(database) as store, store.reading() as unit:
        found = audit.verify(unit, tenant, digest)
        if not found.rows:
            known_tenant(store, tenant)
    if found.broken_number is not None:
        raise InvariantError(
            f"the audit log of {tenant} is broken at row {found.broken_number} ({found.fault}); "
            f"{found.rows} rows before it are as they were written"
        )
    if not found.digest_found:
        raise InvariantError(f"the audit log of {tenant} does not hold the digest {digest}: rows were cut off")
    output.print(f"{found.rows} rows, all as they were written. Last digest: {found.last_digest or '-'}", markup=False)


@app.command("list")
def list_rows(
    database: Database = EVENLOAD_DB,
    tenant: Tenant = "home",
    count: Count = 20,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line, in full.")] = False,
) -> None:
    """Show the last rows, the latest first."""
    with opened(database) as store, store.reading() as unit:
        rows = unit.audit.last(tenant, count)
        if not rows:
            known_tenant(store, tenant)
    if as_json:
        for row in rows:
            told = {
                "number": row.number, "at": row.at.isoformat(), "actor": row.actor, "action": row.action,
                "subject": row.subject, "body": json.loads(row.body) if row.body else None, "digest": row.digest,
            }  # fmt: skip
            output.print(json.dumps(told, ensure_ascii=False), markup=False)
        return
    cells = [
        (str(row.number), shown_instant(row.at), row.actor, row.action, row.subject, _short(row.body)) for row in rows
    ]
    show_table(("row", "at", "by", "did", "to", "what"), cells, "Nothing was done yet.")


def _short(body: str) -> str:
    return body if len(body) <= _BODY_WIDTH else body[: _BODY_WIDTH - 3] + "..."
