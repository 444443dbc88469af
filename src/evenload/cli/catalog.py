"""`evenload catalog`: programs of utilities, makers of chargers and networks, as they were in 2021."""

import json
from collections.abc import Mapping
from dataclasses import asdict, fields
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Final

import typer

from evenload.cli.ocpp_words import show_table

if TYPE_CHECKING:
    from evenload.program.catalog import CatalogProgram, CatalogRecord

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    help="71 managed charging programs, 64 makers of chargers and 43 networks, as they were in 2021.",
    epilog="Start with:  evenload catalog programs --state CA    Then:  evenload catalog document P37 > p37.yaml",
)

AsJson = Annotated[bool, typer.Option("--json", help="Print whole records, one JSON object a line.")]
Text = Annotated[str, typer.Option(help="Words that all stand somewhere in the record, in any case.")]
Protocol = Annotated[
    str, typer.Option(help="A protocol with all its versions, such as OCPP, or one version, OCPP 1.6.")
]
Managed = Annotated[bool | None, typer.Option("--managed/--unmanaged", help="With or without managed charging.")]
RecordId = Annotated[str, typer.Argument(metavar="ID", help="Such as P32, E07 or N01.")]
_WIDTH_MAX: Final = 44


@app.command("programs")
def programs(
    state: Annotated[str, typer.Option(help="Two letters, such as CA.")] = "",
    incentive: Annotated[str, typer.Option(help="Such as rebate, demand_response or simple_off_peak.")] = "",
    archetype: Annotated[str, typer.Option(help="Such as direct_load_control_telematics.")] = "",
    segment: Annotated[str, typer.Option(help="Such as residential or fleet.")] = "",
    text: Text = "",
    complete: Annotated[
        bool | None, typer.Option("--complete/--incomplete", help="With or without a program document.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """List programs of utilities. Those that lack terms say which: nothing is assumed for them.

    Example:  evenload catalog programs --state CA --incentive demand_response
    """
    from evenload.files.catalog import packaged_catalog  # noqa: PLC0415 - loads when it is needed
    from evenload.program.catalog_queries import programs_with  # noqa: PLC0415
    from evenload.program.missing import missing_terms  # noqa: PLC0415

    found = programs_with(
        packaged_catalog().programs,
        state=state, incentive=incentive, archetype=archetype, segment=segment, text=text,
    )  # fmt: skip
    if complete is not None:
        found = tuple(one for one in found if complete is not bool(missing_terms(one)))
    if as_json:
        _tell_json(*({**_plain(one), "incomplete": missing_terms(one)} for one in found))
        return
    rows = [
        (
            one.id,
            " ".join(one.state),
            _short(one.utility),
            _short(one.program_name),
            " ".join(one.incentives),
            _state(one),
        )
        for one in found
    ]
    show_table(("id", "state", "utility", "program", "incentives", "document"), rows, "No program has all of these.")


@app.command("makers")
def makers(
    protocol: Protocol = "",
    level: Annotated[str, typer.Option(help="L1, L2 or DCFC.")] = "",
    managed: Managed = None,
    v2g: Annotated[bool | None, typer.Option("--v2g/--no-v2g", help="With or without vehicle-to-grid.")] = None,
    text: Text = "",
    as_json: AsJson = False,
) -> None:
    """List makers of chargers.

    Example:  evenload catalog makers --protocol "OCPP 1.6" --level L2
    """
    from evenload.files.catalog import packaged_catalog  # noqa: PLC0415 - loads when it is needed
    from evenload.program.catalog_queries import makers_with  # noqa: PLC0415

    found = makers_with(
        packaged_catalog().makers, protocol=protocol, level=level, managed=managed, v2g=v2g, text=text
    )  # fmt: skip
    if as_json:
        _tell_json(*map(_plain, found))
        return
    rows = [
        (
            one.id,
            one.manufacturer,
            " ".join(one.levels),
            _yes(one.managed_charging_capable),
            _yes(one.v2g),
            ", ".join(one.protocols),
        )
        for one in found
    ]
    show_table(("id", "maker", "levels", "managed", "v2g", "protocols"), rows, "No maker has all of these.")


@app.command("networks")
def networks(protocol: Protocol = "", managed: Managed = None, text: Text = "", as_json: AsJson = False) -> None:
    """List network service providers.

    Example:  evenload catalog networks --protocol OpenADR
    """
    from evenload.files.catalog import packaged_catalog  # noqa: PLC0415 - loads when it is needed
    from evenload.program.catalog_queries import networks_with  # noqa: PLC0415

    found = networks_with(packaged_catalog().networks, protocol=protocol, managed=managed, text=text)
    if as_json:
        _tell_json(*map(_plain, found))
        return
    rows = [
        (
            one.id,
            one.provider,
            _short(one.platform),
            _yes(one.managed_charging_capable),
            one.service_type,
            ", ".join(one.protocols),
        )
        for one in found
    ]
    show_table(("id", "network", "platform", "managed", "service", "protocols"), rows, "No network has all of these.")


@app.command("show")
def show(record_id: RecordId, as_json: AsJson = False) -> None:
    """Show all that is known of a program, a maker or a network. What the source does not say is left out.

    Example:  evenload catalog show P32
    """
    from evenload.files.catalog import packaged_catalog  # noqa: PLC0415 - loads when it is needed
    from evenload.program.catalog import CatalogProgram  # noqa: PLC0415

    record = packaged_catalog().record(record_id)
    if as_json:
        _tell_json(_plain(record))
        return
    rows = [(name, _cell(value)) for name, value in _plain(record).items() if value not in (None, "", [])]
    if isinstance(record, CatalogProgram):
        rows.append(("document", _state(record)))
    show_table(("", record.id), rows, "")


@app.command("document")
def document(record_id: RecordId) -> None:
    """Print the program document of a program, to run it or to start from; what its source leaves open it names.

    Example:  evenload catalog document P01 > p01.yaml
    """
    from evenload.files.catalog import document_text  # noqa: PLC0415 - loads when it is needed

    typer.echo(document_text(record_id), nl=False)


@app.command("states")
def states(as_json: AsJson = False) -> None:
    """Count programs by state; one of two states counts in both.

    Example:  evenload catalog states
    """
    from evenload.files.catalog import packaged_catalog  # noqa: PLC0415 - loads when it is needed
    from evenload.program.catalog_queries import states_of  # noqa: PLC0415

    counts = states_of(packaged_catalog().programs)
    if as_json:
        _tell_json(counts)
        return
    show_table(("state", "programs"), [(state or "not printed", str(count)) for state, count in counts.items()], "")


def _state(program: "CatalogProgram") -> str:
    from evenload.program.missing import missing_terms  # noqa: PLC0415 - loads when it is needed

    missing = missing_terms(program)
    return f"incomplete: [{', '.join(missing)}]" if missing else "yes"


def _plain(record: "CatalogRecord") -> dict[str, object]:
    """A record as JSON has it, its fields in order; amounts are numbers with the digits they have."""
    cells = asdict(record)
    return {field.name: _value(cells[field.name]) for field in fields(record)}


def _value(cell: object) -> object:
    if isinstance(cell, Decimal):
        return int(cell) if cell == cell.to_integral_value() else float(cell)
    return [_value(part) for part in cell] if isinstance(cell, tuple) else cell


def _cell(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _short(text: str) -> str:
    return text if len(text) <= _WIDTH_MAX else f"{text[: _WIDTH_MAX - 3].rstrip()}..."


def _yes(flag: bool | None) -> str:
    return "-" if flag is None else "yes" if flag else "no"


def _tell_json(*rows: Mapping[str, object]) -> None:
    for row in rows:
        typer.echo(json.dumps(row, ensure_ascii=False))
