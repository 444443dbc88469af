"""`evenload people`: who pseudonyms are, what they agreed to, copies, erasure, and exports for studies."""

import json
import os
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from evenload.base.errors import InputError
from evenload.base.instants import Interval, parse_instant
from evenload.cli.ocpp_words import EVENLOAD_DB, Database, now, opened, show_table, shown_instant
from evenload.cli.terminal import output
from evenload.service import consents
from evenload.service.access_rows import Role
from evenload.service.people import keep, rights
from evenload.service.people.rows import PersonRow
from evenload.service.people_rows import Channel, ConsentRow, Purpose
from evenload.service.scope import Scope

if TYPE_CHECKING:
    from evenload.app.settings import Settings
    from evenload.store.sql.people_store import SqlPeopleStore
    from evenload.store.sql.store import SqlStore

app = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, help="People: kept apart by pseudonym, with consents; export, erasure."
)

Person = Annotated[str, typer.Argument(metavar="PERSON", help="The pseudonym, such as d-7f3a9c.")]
Tenant = Annotated[str, typer.Option(help="Whose people.")]
_SALT_BYTES: Final = 32
_ID_BYTES: Final = 4
_CONSENT_BYTES: Final = 16


@app.command("add")
def add(  # noqa: PLR0913 - one parameter an option
    person: Annotated[str, typer.Argument(metavar="[PERSON]", help="A pseudonym; one is drawn without it.")] = "",
    name: Annotated[str, typer.Option(help="What they are called.")] = "",
    email: Annotated[str, typer.Option(help="E-mail address.")] = "",
    phone: Annotated[str, typer.Option(help="Telephone number, such as +4712345678.")] = "",
    push: Annotated[list[str] | None, typer.Option(help="Address at the push service that is set up.")] = None,
    account: Annotated[str, typer.Option(help="Account number at the utility.")] = "",
    language: Annotated[str, typer.Option(help="Language of messages, such as en.")] = "en",
    timezone: Annotated[str, typer.Option(help="Time zone, such as Europe/Oslo.")] = "UTC",
    quiet: Annotated[str, typer.Option(help='Local hours without messages; "" for none.')] = "21:00-08:00",
    database: Database = EVENLOAD_DB,
    tenant: Tenant = "home",
) -> None:
    """Keep who somebody is, or change it. Everything else knows them by the pseudonym only.

    Example:  evenload people add --email ann@example.org --timezone Europe/Oslo
    """
    row = PersonRow(
        tenant, person or f"d-{secrets.token_hex(_ID_BYTES)}", name, email, phone, tuple(push or ()), account,
        language, timezone, quiet,
    )  # fmt: skip
    with stores(database, make=True) as (store, people):
        keep.put_person(_operator(tenant), store, people, row, now())
    output.print(f"{row.person_id} is kept. Messages can go by: {', '.join(row.ways) or 'nothing yet'}.", markup=False)


@app.command("list")
def list_people(
    show_contacts: Annotated[
        bool, typer.Option("--show-contacts", help="Show names and addresses too; the audit log notes it.")
    ] = False,
    database: Database = EVENLOAD_DB,
    tenant: Tenant = "home",
) -> None:
    """Show people by their pseudonym.

    Example:  evenload people list
    """
    scope = _operator(tenant)
    with stores(database) as (store, people):
        rows = keep.people(scope, people)
        if show_contacts:
            keep.contacts(scope, store, rows, now())
    columns = ("person", "messages by", "language", "timezone", "quiet", "since")
    cells = [
        (row.person_id, " ".join(row.ways) or "-", row.language, row.timezone, row.quiet or "-",
         shown_instant(row.made_at), *(_contact(row) if show_contacts else ()))
        for row in rows
    ]  # fmt: skip
    show_table((*columns, "name", "email", "phone") if show_contacts else columns, cells, "Nobody yet.")


@app.command("consent")
def consent(  # noqa: PLR0913 - one parameter an option
    person: Person,
    purpose: Annotated[Purpose | None, typer.Argument(help="What is agreed to; without it: the history.")] = None,
    text_version: Annotated[str, typer.Option(help="Which text was agreed to: the evidence.")] = "",
    channel: Annotated[Channel, typer.Option(help="How it was given.")] = Channel.PAPER,
    given: Annotated[str, typer.Option(help="When, such as 2026-03-01T09:00:00+01:00. [now]")] = "",
    days: Annotated[float | None, typer.Option(min=0.001, help="Good for so many days. [until revoked]")] = None,
    revoke: Annotated[bool, typer.Option("--revoke", help="Take it back, at once.")] = False,
    database: Database = EVENLOAD_DB,
    tenant: Tenant = "home",
) -> None:
    """Keep that somebody agreed to a purpose, take it back, or show what there is.

    Example:  evenload people consent d-7f3a9c messages --text-version 2026-03 --days 365
    """
    scope, instant = _operator(tenant), now()
    with opened(database) as store:
        if purpose is None:
            if revoke:
                raise InputError("--revoke needs a purpose: which consent is taken back?")
            _show(consents.consents_of(scope, store, person), instant)
            return
        if revoke:
            consents.revoke(scope, store, person, purpose, instant)
            output.print(f"{person} does not agree to {purpose} any more.", markup=False)
            return
        row = ConsentRow(
            tenant, secrets.token_hex(_CONSENT_BYTES), person, purpose, parse_instant(given) if given else instant,
            text_version, channel, None if days is None else instant + timedelta(days=days),
        )  # fmt: skip
        consents.grant(scope, store, row, instant)
    until = "until it is taken back" if row.expires_at is None else f"until {shown_instant(row.expires_at)}"
    output.print(f"{person} agrees to {purpose} {until}.", markup=False)


@app.command("export")
def export(
    person: Person,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="File to write. [PERSON.json]")] = None,
    show_contacts: Annotated[
        bool, typer.Option("--show-contacts", help="Print it, names and addresses too, in place of a file.")
    ] = False,
    database: Database = EVENLOAD_DB,
    tenant: Tenant = "home",
) -> None:
    """Write everything that is kept of somebody, as JSON, for them.

    Example:  evenload people export d-7f3a9c --out ann.json
    """
    with stores(database) as (store, people):
        told = rights.export(_operator(tenant), store, people, person, now())
    text = json.dumps(told, indent=2, ensure_ascii=False, default=str)
    if show_contacts:
        output.print(text, markup=False, soft_wrap=True)
        return
    file = out or Path(f"{person}.json")
    _write_private(file, text + "\n")
    output.print(f"{file}: everything that is kept of {person}. It says who they are: give it to nobody else.",
                 markup=False)  # fmt: skip


@app.command("erase")
def erase(
    person: Person,
    yes: Annotated[bool, typer.Option("--yes", help="Do it; without it only what would happen is said.")] = False,
    database: Database = EVENLOAD_DB,
    tenant: Tenant = "home",
) -> None:
    """Forget who somebody is, for good. What they charged stays, by pseudonym: accounts add up as before.

    Example:  evenload people erase d-7f3a9c --yes
    """
    with stores(database) as (store, people):
        if not yes:
            rights.check_kept(_operator(tenant), store, people, person)
            output.print(
                f"This would forget who {person} is, end their consents and links, and drop their cards. "
                "Add --yes to do it; nothing brings it back.", markup=False,
            )  # fmt: skip
            return
        done = rights.erase(_operator(tenant), store, people, person, now())
    unlinked = f" Unlinked: {', '.join(done.unlinked)}." if done.unlinked else ""
    output.print(f"Nobody can tell any more who {person} was.{unlinked}", markup=False)


@app.command("study-export")
def study_export(
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder to write to.")],
    start: Annotated[str, typer.Option(help="From then on, such as 2026-03-01T00:00:00+01:00. [30 days ago]")] = "",
    end: Annotated[str, typer.Option(help="Before then. [now]")] = "",
    database: Database = EVENLOAD_DB,
    tenant: Tenant = "home",
) -> None:
    """Write sessions of people who agreed to research, without who they are, by the 15/15 rule.

    Example:  evenload people study-export --start 2026-03-01T00:00:00Z --end 2026-04-01T00:00:00Z --out march
    """
    from evenload.files.study_export import write_study  # noqa: PLC0415 - loads when it is needed
    from evenload.service.people.study import Fate, study  # noqa: PLC0415

    until = parse_instant(end) if end else now()
    window = Interval(parse_instant(start) if start else until - timedelta(days=30), until)
    with opened(database) as store:
        made = study(_operator(tenant), store, window, secrets.token_bytes(_SALT_BYTES), now())
    write_study(out, made)
    groups = sum(one.fate is Fate.PUBLISHED for one in made.groups)
    output.print(f"{out}: {len(made.sessions):,} sessions in {groups} groups", markup=False)
    left = {
        "withheld by the 15/15 rule": made.withheld, "of people who did not agree to research": made.without_consent,
        "of nobody who is known": made.without_person,
    }  # fmt: skip
    for why, count in left.items():
        if count:
            output.print(f"left out: {count:,} {why}", markup=False)


@contextmanager
def stores(database: Path, *, make: bool = False) -> Iterator[tuple["SqlStore", "SqlPeopleStore"]]:
    """The store of a server, and its store of identities."""
    from evenload.app.people import people_of  # noqa: PLC0415 - loads when it is needed

    with opened(database, make=make) as store, people_of(settings_at(database)) as people:
        yield store, people


def settings_at(database: Path) -> "Settings":
    """The settings of the environment; a database that is named goes before."""
    from evenload.app.settings import settings_from  # noqa: PLC0415 - loads when it is needed

    return settings_from(None, os.environ, {} if database == EVENLOAD_DB else {"database": database})


def _operator(tenant: str) -> Scope:
    """Who can reach the database may do everything."""
    return Scope(tenant, "cli", Role.ADMIN)


def _contact(row: PersonRow) -> tuple[str, ...]:
    return row.name or "-", row.email or "-", row.phone or "-"


def _show(rows: Sequence[ConsentRow], instant: datetime) -> None:
    cells = [
        (row.purpose, "yes" if row.holds(instant) else "no", shown_instant(row.granted_at),
         shown_instant(row.expires_at), shown_instant(row.revoked_at), row.text_version, row.channel)
        for row in rows
    ]  # fmt: skip
    columns = ("purpose", "holds", "given", "expires", "taken back", "text", "by")
    show_table(columns, cells, "No consents.")


def _write_private(file: Path, text: str) -> None:
    try:
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as opened_:
            opened_.write(text)
    except OSError as error:
        raise InputError(f"{file} cannot be written: {error.strerror}") from error
