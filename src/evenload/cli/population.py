"""`evenload population`: draw the sessions of any number of cars."""

from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from evenload.base.instants import parse_instant
from evenload.base.local_clock import LocalClock
from evenload.cli.terminal import output
from evenload.files.history import write_history
from evenload.simulate.population import preset


def population(
    name: Annotated[str, typer.Argument(metavar="PRESET", help="residential-2020, residential-work-from-home, ...")],
    cars: Annotated[int, typer.Option(min=1, max=1_000_000, help="Number of cars.")],
    start: Annotated[str, typer.Option(help="Start, such as 2025-01-06T12:00:00+01:00.")],
    end: Annotated[str, typer.Option(help="End, such as 2025-01-13T12:00:00+01:00.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="History file to write (.csv, .csv.gz or .parquet).")],
    seed: Annotated[int, typer.Option(min=0, help="Seed: the same seed gives the same file.")] = 1,
    timezone: Annotated[str, typer.Option(help="Time zone the drivers live in.")] = "Europe/Oslo",
) -> None:
    """Generate the charging sessions of any number of cars, fitted to real drivers.

    Example:  evenload population residential-2020 --cars 500 --start 2025-01-06T12:00+01:00
    --end 2025-01-13T12:00+01:00 --out week.parquet
    """
    begin, finish = parse_instant(start), parse_instant(end)
    history = preset(name).draw(cars, begin, finish, np.random.default_rng(seed), LocalClock(timezone))
    write_history(out, history)
    days = (finish - begin).total_seconds() / 86400
    per_car = history.energy_kwh_metered.sum() / cars / days
    output.print(f"{len(history):,} sessions of {cars:,} cars in {out}: {per_car:.1f} kWh per car and day")
