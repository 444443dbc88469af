"""`evenload program`: check program documents, and ask whether an event may be called."""

import json
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from evenload.base.errors import EXIT_DONE, InputError, did_you_mean
from evenload.base.instants import Interval, parse_instant
from evenload.cli.ocpp_words import now, show_table
from evenload.cli.terminal import output
from evenload.domain.event import EventKind

if TYPE_CHECKING:
    from evenload.program.document import ProgramDocument
    from evenload.program.refusal import Refusal
    from evenload.program.rules import CalledEvent

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    help="Program documents: what is offered to whom, when events may be called, what is paid.",
    epilog="Start with:  evenload catalog document P08 > p08.yaml && evenload program check p08.yaml",
)

ProgramFile = Annotated[Path, typer.Argument(metavar="FILE", help="Program document, YAML.")]


@app.command("check")
def check(file: ProgramFile) -> None:
    """Check a program document. Says what its source leaves open; a fault is told with its key and what is expected.

    Example:  evenload program check p08.yaml
    """
    from evenload.files.program_file import read_program_file  # noqa: PLC0415 - loads when it is needed

    document = read_program_file(file)
    output.print(f"{file}: {document}, {document.name}: {document.archetype}, {document.stage}", markup=False)
    for line in (*_parts(document), *_unknown_makers(document)):
        output.print(f"  {line}", markup=False)
    if document.unstated:
        output.print(f"  left open, and nothing assumed: {', '.join(document.unstated)}", markup=False)


@app.command("when")
def when(  # noqa: PLR0913 - one parameter an option
    file: ProgramFile,
    event: Annotated[str, typer.Option(metavar="START", help="Start, such as 2026-07-14T17:00:00-04:00.")],
    length: Annotated[float, typer.Option(metavar="HOURS", min=0, help="Length, hours of elapsed time.")],
    kind: Annotated[EventKind, typer.Option(help="What is asked for.")] = EventKind.PAUSE,
    notified: Annotated[str, typer.Option(metavar="INSTANT", help="When customers are told. [now]")] = "",
    mandatory: Annotated[bool, typer.Option("--mandatory", help="The event binds.")] = False,
    power_share: Annotated[
        float | None, typer.Option(min=0, max=1, help="Share of its power that a car keeps, of kind limit.")
    ] = None,
    called: Annotated[
        list[str] | None, typer.Option(metavar="START/HOURS", help="An event called already; give one each.")
    ] = None,
    warning: Annotated[
        list[str] | None, typer.Option(metavar="START/HOURS", help="When severe weather is warned of.")
    ] = None,
    timezone: Annotated[str, typer.Option(help="Time zone, of a document that does not say it.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print the answer as JSON.")] = False,
) -> int:
    """Say whether an event may be called, and each rule against it. Exits 2 where it may not.

    Example:  evenload program when p08.yaml --event 2026-07-14T17:00:00-04:00 --length 2
    """
    from evenload.files.program_file import read_program_file  # noqa: PLC0415 - loads when it is needed
    from evenload.program.rules import EventAsked, may_call  # noqa: PLC0415

    document = _in_zone(read_program_file(file), timezone)
    start, told = parse_instant(event), parse_instant(notified) if notified else now()
    asked = EventAsked(kind, start, _after(event, start, length), told, mandatory, power_share)
    warnings = [Interval(*_span("--warning", one)) for one in warning or ()]
    refused = may_call(document, asked, [_called(one) for one in called or ()], warnings)
    if as_json:
        _tell_json(document, refused)
    else:
        _tell(document, refused)
    return InputError.exit_code if refused else EXIT_DONE


@app.command("history")
def history(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Documents of one program, oldest first.")],
) -> None:
    """Show how a program changed: documents that supersede each other, and from when to when each is in force.

    Example:  evenload program history tou.yaml events.yaml continuous.yaml
    """
    from evenload.files.program_file import read_program_file  # noqa: PLC0415 - loads when it is needed
    from evenload.program.evolution import Evolution  # noqa: PLC0415

    evolution = Evolution(tuple(read_program_file(file) for file in files))
    rows = [
        (str(one), one.stage, str(one.starts_on or "adopted"), str(evolution.until(one) or "further notice"))
        for one in evolution.documents
    ]
    show_table(("document", "stage", "from", "until"), rows, "")


def _in_zone(document: "ProgramDocument", timezone: str) -> "ProgramDocument":
    if not timezone:
        return document
    if document.timezone and document.timezone != timezone:
        raise InputError(f"{document} says its time zone, {document.timezone}; leave out --timezone {timezone}")
    return replace(document, timezone=timezone)


def _parts(document: "ProgramDocument") -> list[str]:
    """What it holds, a line each."""
    held = [f"for {', '.join(document.eligibility.segments)}"]
    if document.consents:
        held.append(f"consents: {', '.join(term.kind for term in document.consents)}")
    if document.arms:
        held.append(f"arms: {', '.join(f'{arm.name} {arm.share:%}' for arm in document.arms)}")
    if document.incentives:
        held.append(f"incentives: {', '.join(term.label for term in document.incentives)}")
    held.append("may call events" if document.event_bearing else "calls no events")
    return held


def _unknown_makers(document: "ProgramDocument") -> list[str]:
    """Makers of approved chargers that the catalogue does not know: perhaps newer than it, perhaps misspelt."""
    from evenload.files.catalog import packaged_catalog  # noqa: PLC0415 - loads when it is needed

    known = [maker.manufacturer for maker in packaged_catalog().makers]
    devices = document.eligibility.devices.approved if document.eligibility.devices else ()
    named = [*devices, *(document.voucher.devices if document.voucher else ())]
    folded = {name.casefold() for name in known}
    unknown = dict.fromkeys(one.maker for one in named if one.maker.casefold() not in folded)
    return [f"maker {name!r} is not in the catalogue of 2021.{did_you_mean(name, known)}" for name in unknown]


def _after(text: str, start: datetime, hours: float) -> datetime:
    try:
        return start + timedelta(hours=hours)
    except OverflowError as error:
        raise InputError(f"{hours:g} hours after {text} is beyond the calendar") from error


def _span(option: str, text: str) -> tuple[datetime, datetime]:
    start, slash, hours = text.partition("/")
    try:
        length = float(hours)
    except ValueError as error:
        raise InputError(f"{option} {text!r} is no START/HOURS such as 2026-07-13T17:00:00-04:00/2") from error
    begins = parse_instant(start)
    if not (slash and 0 < length < 10_000):
        raise InputError(f"{option} {text!r} has to last more than 0 and less than 10,000 hours")
    return begins, _after(start, begins, length)


def _called(text: str) -> "CalledEvent":
    from evenload.program.rules import CalledEvent  # noqa: PLC0415 - loads when it is needed

    return CalledEvent(text, *_span("--called", text))


def _open_rules(document: "ProgramDocument") -> list[str]:
    return [path for path in document.unstated if path.split(".")[0] in ("events", "timezone")]


def _tell(document: "ProgramDocument", refused: "tuple[Refusal, ...]") -> None:
    verdict = "may not be called" if refused else "may be called"
    output.print(f"{document}: the event {verdict}", markup=False)
    for refusal in refused:
        output.print(f"  {refusal.why}: {refusal.sentence}", markup=False)
    if left_open := _open_rules(document):
        output.print(f"  left open by the document: {', '.join(left_open)}", markup=False)


def _tell_json(document: "ProgramDocument", refused: "tuple[Refusal, ...]") -> None:
    content = {
        "program_id": document.program_id,
        "version": document.version,
        "may_be_called": not refused,
        "refusals": [{"rule": refusal.why, "sentence": refusal.sentence} for refusal in refused],
        "left_open": _open_rules(document),
    }
    typer.echo(json.dumps(content, indent=2))
