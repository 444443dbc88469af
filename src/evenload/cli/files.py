"""`evenload files`: check, convert and import data files."""

import csv
import gzip
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Annotated, TextIO, cast

import typer
from rich.table import Table as Grid

from evenload.base.errors import InputError, did_you_mean
from evenload.cli.reading import SkipBadRows, read
from evenload.cli.terminal import errors, output
from evenload.files import packaged
from evenload.files.columns import TableSpec
from evenload.files.grid import tree_of
from evenload.files.history import write_history
from evenload.files.importers import asensio, boulder, chargeplace, norway, obd, obd_stays
from evenload.files.importers.outcome import ImportOutcome, Record
from evenload.files.specs import SPECS
from evenload.files.table import write_table

app = typer.Typer(no_args_is_help=True, help="Check, convert and import data files.", rich_markup_mode=None)

KINDS = {spec.name: spec for spec in SPECS}
LAYOUTS: dict[str, Callable[..., ImportOutcome]] = {
    "norway": norway.read_records,
    "asensio": asensio.read_records,
    "boulder": boulder.read_records,
    "chargeplace": chargeplace.read_records,
    "obd": obd_stays.read_records,
}

Kind = Annotated[str, typer.Argument(help=f"What the file holds: {', '.join(KINDS)}.", metavar="KIND")]


@app.command("check")
def check(
    kind: Kind, file: Annotated[Path, typer.Argument(metavar="FILE")], skip_bad_rows: SkipBadRows = False
) -> None:
    """Read a canonical file (.csv, .csv.gz or .parquet) and say what is in it, or what is wrong with it and where.

    Example:  evenload files check sessions tonight.csv
    """
    spec = _spec(kind)
    table = read(file, spec, skip_bad_rows)
    if spec.name == "grid":
        tree_of(table)
    output.print(f"{file}: {len(table):,} good rows of {kind}", markup=False)


@app.command("convert")
def convert(
    kind: Kind,
    source: Annotated[Path, typer.Argument(metavar="SOURCE")],
    target: Annotated[Path, typer.Argument(metavar="TARGET")],
    skip_bad_rows: SkipBadRows = False,
) -> None:
    """Check a canonical file and write it again, as CSV or Parquet by the suffix of TARGET.

    Example:  evenload files convert history sessions.csv sessions.parquet
    """
    spec = _spec(kind)
    table = read(source, spec, skip_bad_rows)
    write_table(target, spec, table.columns)
    output.print(f"{target}: {len(table):,} rows of {kind}", markup=False)


@app.command("import")
def import_(
    layout: Annotated[str, typer.Argument(help=f"Publisher's layout: {', '.join(LAYOUTS)}.", metavar="LAYOUT")],
    file: Annotated[Path, typer.Argument(help="The publisher's CSV, or JSON list of records.", metavar="FILE")],
    out: Annotated[Path, typer.Option("--out", "-o", help="History file to write.")],
    repair_dates: Annotated[
        bool, typer.Option("--repair-dates", help="chargeplace: put exchanged day and month back where provable.")
    ] = False,
    home: Annotated[
        str, typer.Option("--home", help="obd: where home is, LATITUDE,LONGITUDE; kept as home or away only.")
    ] = "",
    battery_kwh: Annotated[
        float | None, typer.Option("--battery-kwh", min=1, help="obd: usable battery, for files without power.")
    ] = None,
) -> None:
    """Import a publisher's or a plug-in logger's charging sessions; every row is accepted, repaired or refused.

    Example:  evenload files import norway Dataset1_charging_reports.csv --out history.parquet
    Example:  evenload files import obd trips.csv --home 42.36,-71.06 --battery-kwh 60 --out history.parquet
    """
    if layout not in LAYOUTS:
        raise InputError(
            f"there is no layout {layout!r}.{did_you_mean(layout, LAYOUTS)} There are: {', '.join(LAYOUTS)}"
        )
    read = LAYOUTS[layout]
    if repair_dates:
        if layout != "chargeplace":
            raise InputError(f"--repair-dates is for the layout chargeplace, not for {layout}")
        read = partial(chargeplace.read_records, repair_dates=True)
    if (home or battery_kwh is not None) and layout != "obd":
        raise InputError(f"--home and --battery-kwh are for the layout obd, not for {layout}")
    if layout == "obd":
        read = partial(obd_stays.read_records, home=obd.home_of(home), battery_kwh=battery_kwh)
    outcome = read(records_of(file), file=file.name)
    for problem in outcome.problems[:5]:
        errors.print(f"refused: {problem}", markup=False)
    if outcome.problems and not len(outcome.history):
        raise InputError(f"no row of {file} could be read in the layout {layout}; is it that publisher's file?")
    write_history(out, outcome.history)
    counts = ", ".join(f"{count:,} {word}" for word, count in outcome.counts().items())
    output.print(f"{out}: {counts}", markup=False)


@app.command("data")
def data() -> None:
    """List the data sets that come with evenload, with their licences."""
    grid = Grid("name", "what", "rows", "licence")
    for name in packaged.names():
        entry = packaged.dataset(name)
        grid.add_row(name, entry.title, f"{entry.rows:,}", entry.licence)
    output.print(grid)


def _spec(kind: str) -> TableSpec:
    if kind not in KINDS:
        raise InputError(f"there is no kind of file {kind!r}.{did_you_mean(kind, KINDS)} There are: {', '.join(KINDS)}")
    return KINDS[kind]


@contextmanager
def _opened(file: Path) -> Iterator[TextIO]:
    """The file as UTF-8 text, unpacked where its name ends in .gz."""
    try:
        if file.suffix == ".gz":
            with gzip.open(file, "rt", encoding="utf-8-sig", newline="") as packed:
                yield packed
        else:
            with file.open(encoding="utf-8-sig", newline="") as plain:
                yield plain
    except (OSError, UnicodeDecodeError, csv.Error, json.JSONDecodeError) as error:
        raise InputError(f"{file} cannot be read: {error}") from error


def records_of(file: Path) -> list[Record]:
    """Raw records of a CSV (comma or semicolon, with a header) or of a JSON list."""
    with _opened(file) as text:
        if file.name.removesuffix(".gz").endswith(".json"):
            records = json.load(text)
            if not isinstance(records, list) or not all(isinstance(record, dict) for record in records):
                raise InputError(f"{file} is not a JSON list of records")
            return records
        header = text.readline()
        text.seek(0)
        delimiter = ";" if header.count(";") > header.count(",") else ","
        return cast(list[Record], list(csv.DictReader(text, delimiter=delimiter)))
