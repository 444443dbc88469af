"""The page of canonical files, made of the specs that read and write them.

`tools/files_reference.py` writes docs/reference/files.md; `--check` writes nothing and exits 1 where it is stale.
"""

import argparse
import re
from math import isfinite, isinf
from pathlib import Path

from evenload.files.columns import Column, Kind, TableSpec
from evenload.files.specs import SPECS

ROOT = Path(__file__).resolve().parent.parent
_PLACEHOLDER = re.compile(r" \{\w+\}")
HEAD = """\
# Files

<!-- Made by tools/files_reference.py from src/evenload/files/specs.py. Do not edit. -->

What goes into evenload and comes out of it, as CSV (`.csv`), gzipped CSV (`.csv.gz`) or Parquet (`.parquet`) with the
same columns; the suffix decides. CSV is UTF-8, separated by commas, with one line of column names.

- Timestamps are ISO 8601 with an offset, such as `2020-01-06T17:00:00+01:00` or `2020-01-06T16:00:00Z`. Fractions of
  a second are dropped. Parquet timestamps carry a time zone.
- A column in **bold** must be there, the others may be left out. An empty cell means what the last column of the table
  says; where it says nothing, an empty cell is refused.
- Columns that are not in the table are refused, so that a misspelt one is noticed.
- A number outside its range is refused, so that a wrong unit is noticed.
- A bad row is refused with file, line, column, value and reason. `--skip-bad-rows` sets bad rows aside into a file of
  their own, with the reason beside each, and says how many there were.
- Positive power flows from the grid into the vehicle.
"""


def main(arguments: list[str] | None = None) -> int:
    """Write the page, or with `--check` compare it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 where the page is stale")
    parser.add_argument("--root", type=Path, default=ROOT, help=argparse.SUPPRESS)
    chosen = parser.parse_args(arguments)
    page = chosen.root / "docs" / "reference" / "files.md"
    text = page_text()
    if page.exists() and page.read_text(encoding="utf-8") == text:
        return 0
    if chosen.check:
        print("docs/reference/files.md is stale; run tools/files_reference.py")
        return 1
    page.parent.mkdir(parents=True, exist_ok=True)
    page.write_text(text, encoding="utf-8")
    return 0


def page_text() -> str:
    """The whole page."""
    return "\n".join([HEAD, *(_section(spec) for spec in SPECS)])


def _section(spec: TableSpec) -> str:
    lines = [f"## {spec.name}", "", f"{spec.text} No two rows share {_listed(spec.key)}.", ""]
    lines += ["| column | holds | range | what it is | blank means |", "|---|---|---|---|---|"]
    lines += [_row(column) for column in spec.columns]
    if spec.rules:
        lines += ["", "A row is refused, too, where:", ""]
        lines += [f"- {rule.column} {_PLACEHOLDER.sub('', rule.sentence).partition(';')[0]}" for rule in spec.rules]
    return "\n".join([*lines, ""])


def _row(column: Column) -> str:
    name = f"**{column.name}**" if column.required else column.name
    holds = ", ".join(column.words) if column.kind is Kind.WORD else column.kind.value
    return f"| {name} | {holds} | {_range(column)} | {column.text} | {_blank(column)} |"


def _range(column: Column) -> str:
    if not isfinite(column.low):
        return column.unit
    return f"{column.low:,.15g} to {column.high:,.15g} {column.unit}".rstrip()


def _blank(column: Column) -> str:
    if column.blank is None:
        return ""
    if column.kind is Kind.FLAG:
        return "true" if column.blank else "false"
    if column.kind in {Kind.TEXT, Kind.WORD}:
        return str(column.blank) or "not given"
    if column.kind is Kind.INSTANT:
        return "not known"
    value = float(str(column.blank))
    if isinf(value):
        return "unlimited"
    return f"{value:.15g}" if isfinite(value) else "not known"


def _listed(names: tuple[str, ...]) -> str:
    return " and ".join([", ".join(names[:-1]), names[-1]]) if names[1:] else f"a {names[0]}"


if __name__ == "__main__":
    raise SystemExit(main())
