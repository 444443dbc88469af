"""`evenload message`: what messages say, queue one, send what is due, what became of them, try a service."""

import asyncio
import secrets
from contextlib import closing
from typing import TYPE_CHECKING, Annotated

import typer

from evenload.base.errors import EXIT_DONE, EXIT_NOT_DONE, InputError, did_you_mean
from evenload.base.instants import parse_instant
from evenload.cli.ocpp_words import EVENLOAD_DB, Count, Database, now, opened, show_table, shown_instant
from evenload.cli.people import Person, Tenant, settings_at, stores
from evenload.cli.terminal import errors, output
from evenload.service.access_rows import Role
from evenload.service.people.rows import Way
from evenload.service.people_rows import MessageKind
from evenload.service.scope import Scope

if TYPE_CHECKING:
    from evenload.app.messages import Messages
    from evenload.app.settings import Settings
    from evenload.net.notify import Delivery

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Messages to people: texts, queue, log.")

_KEY_BYTES = 8


@app.command("templates")
def templates(
    kind: Annotated[MessageKind | None, typer.Argument(help="Of one kind, in full; without it all, in short.")] = None,
    language: Annotated[str, typer.Option(help="Language, such as en.")] = "en",
) -> None:
    """Show what messages say. Words that begin with $ are filled in.

    Example:  evenload message templates not_ready
    """
    from evenload.files.message_texts import packaged_catalogue  # noqa: PLC0415 - loads when it is needed
    from evenload.service.messages.kinds import SPECS  # noqa: PLC0415

    languages = packaged_catalogue().languages
    if language not in languages:
        near = did_you_mean(language, languages)
        raise InputError(f"there are no texts in {language!r}.{near} There are: {', '.join(sorted(languages))}")
    texts = languages[language].texts
    if kind is None:
        cells = [(one, SPECS[one].purpose, " ".join(SPECS[one].fields), texts[one].subject) for one in MessageKind]
        show_table(("kind", "takes consent to", "fields", "subject"), cells, "")
        return
    fields = ", ".join(f"{name} ({what.replace('_', ' ')})" for name, what in SPECS[kind].fields.items())
    shown = texts[kind]
    output.print(f"fields: {fields}\n\nsubject: {shown.subject}\n\n{shown.text}\n\nshort: {shown.short}", markup=False)


@app.command("send")
def send(
    kind: Annotated[MessageKind, typer.Argument(help="What it is about.")],
    person: Person,
    field: Annotated[list[str] | None, typer.Option(help="A field, as in start=2026-03-01T17:00:00+01:00.")] = None,
    key: Annotated[str, typer.Option(help="What it is about: the same key is never sent twice. [drawn]")] = "",
    before: Annotated[str, typer.Option(help="When it is worth nothing any more. [never]")] = "",
    database: Database = EVENLOAD_DB,
    tenant: Tenant = "home",
) -> None:
    """Queue a message. Whether it is sent depends on consent, quiet hours and limits: see `evenload message log`.

    Example:  evenload message send ready d-7f3a9c --field vehicle=Leaf --field by=2026-03-02T07:00:00Z \
--field "sentence=40 kWh by then."
    """
    from evenload.service.messages import queue  # noqa: PLC0415 - loads when it is needed

    worthless_at = parse_instant(before) if before else None
    drawn = key or f"cli:{secrets.token_hex(_KEY_BYTES)}"
    with opened(database) as store:
        draft = queue.Draft(tenant, person, kind, drawn, dict(map(_pair, field or ())), worthless_at)
        instant = now()
        row = queue.send(_operator(tenant), store, draft, instant)
    if row.made_at < instant:
        output.print(f"There is a message of this key already: {row.message_id}, {row.status}.", markup=False)
        return
    output.print(f"Queued for {person}: {row.message_id}", markup=False)


@app.command("deliver")
def deliver(database: Database = EVENLOAD_DB, tenant: Tenant = "home") -> int:
    """Send what is due now, once. `evenload serve` does so all the time. Exits 4 where some did not go.

    Example:  evenload message deliver
    """
    settings = settings_at(database)
    with stores(database) as (store, people):
        from evenload.app.messages import Messages, MessageSettings  # noqa: PLC0415 - loads when it is needed
        from evenload.app.notifying import notifier_of, policy_of  # noqa: PLC0415
        from evenload.files.message_texts import packaged_catalogue  # noqa: PLC0415

        with closing(notifier_of(settings)) as notifier:
            worker = Messages(
                store, people, (tenant,), now, notifier, packaged_catalogue(),
                MessageSettings(policy_of(settings), settings.notify_per_minute, 0, 0),
            )  # fmt: skip
            asyncio.run(_all(worker))
    _say_dry(settings)
    output.print(f"{worker.sent} sent, {worker.failed} failed", markup=False)
    return EXIT_NOT_DONE if worker.failed else EXIT_DONE


@app.command("log")
def log(
    count: Count = 20,
    person: Annotated[str, typer.Option(help="Of one person.")] = "",
    database: Database = EVENLOAD_DB,
    tenant: Tenant = "home",
) -> None:
    """Show what became of messages, the latest first.

    Example:  evenload message log
    """
    from evenload.service.messages import queue  # noqa: PLC0415 - loads when it is needed

    with opened(database) as store:
        rows = queue.log(_operator(tenant), store, count, person_id=person)
    cells = [
        (shown_instant(row.made_at), row.person_id, row.kind, row.status, row.way or "-",
         f"{row.why}: {row.info}" if row.why else row.info or "-")
        for row in rows
    ]  # fmt: skip
    show_table(("made", "person", "kind", "status", "by", "why"), cells, "No messages yet.")


@app.command("test")
def try_service(
    way: Annotated[Way, typer.Argument(help="By what.")],
    address: Annotated[str, typer.Argument(metavar="ADDRESS", help="Where to: your own.")],
    database: Database = EVENLOAD_DB,
) -> int:
    """Send a message of no meaning, to try a service. Exits 4 where it did not go.

    Example:  evenload message test email me@example.org
    """
    from evenload.app.notifying import notifier_of, policy_of  # noqa: PLC0415 - loads when it is needed
    from evenload.net.notify import masked  # noqa: PLC0415

    settings = settings_at(database)
    if way not in policy_of(settings).ways:
        raise InputError(f"nothing is set up to send {way}: set EVENLOAD_NOTIFY_{way.upper()}_URL")
    with closing(notifier_of(settings)) as notifier:
        text = f"This is a test. {settings.notify_sender} can send by {way}."
        went: Delivery = asyncio.run(notifier.send(way, [address], "A test", text))
    if went.fault:
        errors.print(f"evenload: {way} to {masked(address)} did not go: {went.fault}", style="red", markup=False)
        return EXIT_NOT_DONE
    _say_dry(settings)
    output.print(f"{way} to {masked(address)}: {'not sent' if _is_dry(settings) else 'sent'}", markup=False)
    return EXIT_DONE


async def _all(worker: "Messages") -> None:
    while await worker.round():
        pass


def _is_dry(settings: "Settings") -> bool:
    return settings.dry_run or not settings.notify_urls


def _say_dry(settings: "Settings") -> None:
    if _is_dry(settings):
        where = f"written to {settings.notify_file}" if settings.notify_file else "dropped"
        output.print(f"No service is set up to send by: messages are {where} (EVENLOAD_NOTIFY_*).", markup=False)


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name.strip():
        raise InputError(f"--field {text!r} is not a name and a value, as in start=2026-03-01T17:00:00+01:00")
    return name.strip(), value.strip()


def _operator(tenant: str) -> Scope:
    """Who can reach the database may do everything."""
    return Scope(tenant, "cli", Role.ADMIN)
