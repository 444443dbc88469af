"""The pages of the command line and of the study file, and the published JSON Schemas, made of the program itself.

`tools/reference.py` writes docs/reference/{cli,study}.md and {study,summary,plan}.schema.json; `--check` writes nothing
and exits 1 where one is stale.
"""

import argparse
import json
from dataclasses import fields
from pathlib import Path
from typing import Any

import typer.main

from evenload.cli.main import app
from evenload.simulate.knowledge import ArrivalsAsked, CautionAsked
from evenload.simulate.schemas import schemas
from evenload.simulate.strategies import known

ROOT = Path(__file__).resolve().parent.parent
MADE = "<!-- Made by tools/reference.py from the program. Do not edit. -->"


def main() -> int:
    """Write the pages, or with `--check` compare them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 where a page is stale")
    check = parser.parse_args().check
    published = schemas()
    pages = {
        "cli.md": cli_page(),
        "study.md": study_page(published["study"]),
        **{f"{name}.schema.json": json.dumps(schema, indent=2) + "\n" for name, schema in published.items()},
    }
    stale = False
    for name, text in pages.items():
        page = ROOT / "docs" / "reference" / name
        if page.exists() and page.read_text(encoding="utf-8") == text:
            continue
        stale = True
        if check:
            print(f"docs/reference/{name} is stale; run tools/reference.py")
        else:
            page.write_text(text, encoding="utf-8")
    return int(stale and check)


def cli_page() -> str:
    """Every command with its help, arguments and options."""
    root: Any = typer.main.get_command(app)
    lines = ["# Command line", "", MADE, "", "Exit codes: 0 done, 1 a promise of evenload broke, 2 bad input,"]
    lines += [
        "3 something needed is missing, 130 interrupted. Results go to standard output, the rest to standard error.",
        "",
    ]
    for words, command in _commands(root, ("evenload",)):
        lines += [f"## {' '.join(words)}", "", *_help(command), ""]
        rows = [_parameter(parameter) for parameter in command.params if parameter.name != "help"]
        if rows:
            lines += ["| | | default |", "|---|---|---|", *rows, ""]
    return "\n".join(lines)


def _commands(group: Any, words: tuple[str, ...]) -> list[tuple[tuple[str, ...], Any]]:
    found: list[tuple[tuple[str, ...], Any]] = []
    for name in sorted(group.commands):
        command = group.commands[name]
        below = (*words, name)
        found += _commands(command, below) if hasattr(command, "commands") else [(below, command)]
    return found


def _help(command: Any) -> list[str]:
    """Help as it is printed, with the example as code."""
    lines = []
    for paragraph in (command.help or "").split("\n\n"):
        text = " ".join(paragraph.split())
        if text.startswith("Example:"):
            lines += ["```text", text.removeprefix("Example:").strip(), "```", ""]
        else:
            lines += [text, ""]
    return lines[:-1]


def _parameter(parameter: Any) -> str:
    argument = parameter.param_type_name == "argument"
    name = (parameter.metavar or parameter.name).strip("[]") if argument else ", ".join(parameter.opts)
    text = " ".join((parameter.help or "").split()).replace(" [default:", " (default:").replace("]", ")")
    shown = parameter.default not in (None, False) and not parameter.required and "default:" not in text
    default = f"`{parameter.default}`" if shown else ""
    return f"| `{name}` | {text or '&nbsp;'} | {'required' if parameter.required else default} |"


WHAT_A_STUDY_NAMES = """
## Files a study can name

A `path` is relative to the folder of the study file. Of the [canonical files](files.md) a study can name four:

| file | named by | instead of |
|---|---|---|
| [history](files.md#history) | `cars: {source: history, path: ...}` | a packaged `dataset`, or a population |
| [grid](files.md#grid) | `grid: {source: file, path: ...}` | a generated grid or a packaged feeder |
| [load](files.md#load) | `base_load: {path: ...}` | packaged household profiles |
| [signal](files.md#signal) | `signal: {price: {path: ...}, carbon: {path: ...}}` | packaged prices and emissions |

The others are not for studies: sessions, limits and plan belong to `evenload plan`, events and readings to commands
still to come. `evenload files check` reads all of them.

## Words

**Penetration** is cars per home: 0.5 is a car at every second home, 1.5 three cars at every two. A study draws the
cars of the highest one listed and keeps a part of them for the lower ones, so a higher penetration adds cars and
takes none away.

**Seeds** are independent random draws of everything that is chance: which drivers, at which homes, what they do,
which base load. `seeds: 5` with `first_seed: 1` runs 1 to 5. All strategies meet the same draw, and the same seed
gives the same result. One seed is an anecdote; with fewer than ten, what 90 % of the seeds support is simply the
worst of them.

**settle_days** are simulated at either end of the span and left out of peaks and overloads, because cars that came
before the start or leave after the end are missing there. Energy and cost cover the whole span. Nights are measured
whole, from noon to noon on the local clock: let the span start and end at noon, since a half night at either end is
never measured and takes the place of a settling one.

**shown** picks the one case of the report's large pictures: by default the highest penetration, the middle of the
base loads as listed and the first behaviour, always at the first seed. Tables and the other charts have every case.

**timer_clock** is the clock time at which the report looks for the jump of load called snapback. It measures and
moves nothing: when a timer starts is the strategy's own setting `start`. By default it is the start of the first
timer listed, else 23:00. Write it in quotes, `"23:00"`.
"""


def study_page(schema: dict[str, Any]) -> str:
    """Every key of a study file."""
    parts = schema["$defs"]
    lines = ["# Study file", "", MADE, "", schema["description"], ""]
    lines += [
        "The JSON Schemas are [study.schema.json](study.schema.json) and, of what a study finds,",
        "[summary.schema.json](summary.schema.json). That of a plan's summary is [plan.schema.json](plan.schema.json).",
    ]
    lines += ["", *WHAT_A_STUDY_NAMES.strip().splitlines(), "", "## Top level", "", *_keys(schema)]
    for name in sorted(parts):
        lines += ["", f"## {name}", "", " ".join(parts[name].get("description", "").split()), "", *_keys(parts[name])]
    lines += [
        "",
        "## Strategies",
        "",
        "An entry is a name, or a mapping with `strategy`, an optional `label` and settings.",
    ]
    for name, point in sorted(known().items()):
        kind = point.load()
        settings = ", ".join(f"`{field.name}: {field.default}`" for field in fields(kind))
        first = " ".join((kind.__doc__ or "").split("\n\n")[0].split())
        lines += ["", f"- **{name}**: {first} {f'Settings and defaults: {settings}.' if settings else 'No settings.'}"]
    for key, kind in (("caution", CautionAsked), ("arrivals", ArrivalsAsked)):
        text = " ".join((kind.__doc__ or "").split())
        lines += ["", f"### `{key}` of optimised", "", text, "", *_keys(kind.model_json_schema())]
    return "\n".join(lines) + "\n"


def _keys(part: dict[str, Any]) -> list[str]:
    """A table of a part's keys; with a column of meanings where any key has one."""
    required = part.get("required", [])
    keys = part.get("properties", {})
    explained = any("description" in value for value in keys.values())
    rows = ["| key | value | default |", "|---|---|---|"]
    if explained:
        rows = [rows[0] + " meaning |", rows[1] + "---|"]
    for key, value in keys.items():
        default = "required" if key in required else f"`{json.dumps(value.get('default'))}`"
        row = f"| `{key}` | {_kind(value)} | {default} |"
        meaning = " ".join(value.get("description", "").split()).replace("|", "\\|")
        rows.append(f"{row} {meaning or '&nbsp;'} |" if explained else row)
    return rows


def _kind(value: dict[str, Any]) -> str:
    """What a key takes, in words."""
    for many in ("anyOf", "oneOf"):
        if many in value:
            return " or ".join(_kind(one) for one in value[many] if one.get("type") != "null")
    if "$ref" in value:
        name = value["$ref"].rsplit("/", 1)[-1]
        return f"[{name}](#{name.lower()})"
    if "const" in value:
        return f"`{value['const']}`"
    if "enum" in value:
        return ", ".join(f"`{word}`" for word in value["enum"])
    if value.get("type") == "array":
        return f"list of {_kind(value['items'])}"
    if value.get("type") == "object":
        inner = value.get("additionalProperties")
        return f"mapping to {_kind(inner)}" if isinstance(inner, dict) else "mapping"
    bounds = [f"{sign} {value[key]:,.10g}" for key, sign in _BOUNDS.items() if key in value]
    kind = "instant with offset" if value.get("format") == "date-time" else value.get("type", "any")
    return " ".join([kind, ", ".join(bounds)]).strip()


_BOUNDS = {"minimum": "≥", "exclusiveMinimum": ">", "maximum": "≤", "exclusiveMaximum": "<"}


if __name__ == "__main__":
    raise SystemExit(main())
