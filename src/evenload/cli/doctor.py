"""`evenload doctor`: the settings in force, where they come from, and whether they work."""

import json
import os
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from evenload.base.errors import EXIT_DONE, InputError, MissingRequirementError
from evenload.cli.ocpp_words import now
from evenload.cli.terminal import output

if TYPE_CHECKING:
    from evenload.app.doctor import Finding
    from evenload.app.settings import Settings

_COLOURS: Final = {"ok": "green", "warn": "yellow", "fail": "red"}


def doctor(
    settings: Annotated[Path | None, typer.Option(help="Settings file, TOML or YAML.")] = None,
    database: Annotated[Path | None, typer.Option(help="SQLite file, in place of that of the settings.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> int:
    """Explain the settings of `evenload serve` and try them; nothing is changed.

    Says of each where its value comes from, then whether ports, certificates, database, clock and the rest work, and
    what to do where they do not. Exits 3 where something fails.

    Example:  evenload doctor --settings evenload.toml
    """
    from evenload.app.doctor import Finding, Grade, examine  # noqa: PLC0415 - the database library loads when needed
    from evenload.app.settings import settings_from, told_by  # noqa: PLC0415

    given = {"database": database}
    try:
        chosen = settings_from(settings, os.environ, given)
        shown = _shown(chosen, told_by(settings, os.environ, given))
    except InputError as error:
        shown, findings = {}, [Finding("settings", Grade.FAIL, str(error), "Correct it; nothing else was tried.")]
    else:
        findings = list(examine(chosen, os.environ, now))
    if as_json:
        told = {"settings": shown, "checks": [asdict(one) for one in findings]}
        output.print(json.dumps(told, indent=2), markup=False)
    else:
        _print(shown, findings)
    return MissingRequirementError.exit_code if any(one.grade is Grade.FAIL for one in findings) else EXIT_DONE


def _shown(chosen: "Settings", sources: dict[str, str]) -> dict[str, dict[str, str]]:
    """Values and where they come from; secrets hidden."""
    values = {
        name: "(hidden)" if not field.repr and getattr(chosen, name) else _text(getattr(chosen, name))
        for name, field in type(chosen).model_fields.items()
    }
    return {name: {"value": value, "from": sources[name]} for name, value in values.items()}


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Path):
        return str(value.absolute())
    return ", ".join(value) if isinstance(value, tuple) else str(value)


def _print(shown: dict[str, dict[str, str]], findings: "list[Finding]") -> None:
    width = max(map(len, shown), default=0)
    broad = max((len(one["value"]) for one in shown.values()), default=0)
    for name, one in shown.items():
        output.print(f"{name:{width}}  {one['value'] or '-':{broad}}  {one['from']}", markup=False)
    output.print()
    for finding in findings:
        output.print(f"{finding.grade:4}", style=_COLOURS[finding.grade], end="  ")
        output.print(f"{finding.name}: {finding.text}", markup=False)
        if finding.advice:
            output.print(f"      {finding.advice}", markup=False)
