"""Canonical files as commands read them: bad rows stop the command, or are set aside and counted aloud."""

from pathlib import Path
from typing import Annotated

import typer

from evenload.cli.terminal import errors
from evenload.files.columns import TableSpec
from evenload.files.table import Table, read_table

SkipBadRows = Annotated[
    bool, typer.Option("--skip-bad-rows", help="Set bad rows aside in FILE.rejected.csv instead of stopping.")
]


def read(file: Path, spec: TableSpec, skip_bad_rows: bool) -> Table:
    """Read a canonical file; see ``read_table`` for what is refused."""
    rejects = file.with_name(file.name + ".rejected.csv") if skip_bad_rows else None
    table = read_table(file, spec, rejects=rejects)
    if table.rejected:
        errors.print(f"{table.rejected:,} bad rows set aside in {rejects}", markup=False)
    return table
