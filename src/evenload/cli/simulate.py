"""`evenload simulate`: run a study and write its report."""

import os
from pathlib import Path
from typing import Annotated

import typer

from evenload.cli.summary_table import summary_table
from evenload.cli.terminal import output, progress_bar
from evenload.report.results import StudyResults
from evenload.simulate.output import write_results
from evenload.simulate.study import run_study
from evenload.simulate.study_file import Study, read_study

Out = Annotated[Path | None, typer.Option("--out", "-o", help="Folder for the results.  [default: the study's name]")]
Workers = Annotated[int, typer.Option("--workers", "-j", min=1, max=256, help="Processes.  [default: all cores]")]
CORES = os.cpu_count() or 1

Fresh = Annotated[bool, typer.Option("--fresh", help="Start over instead of going on from finished runs.")]


def simulate(
    study: Annotated[Path, typer.Argument(help="Study file (YAML).", metavar="STUDY.yaml")],
    out: Out = None,
    workers: Workers = CORES,
    fresh: Fresh = False,
) -> None:
    """Simulate a study: every strategy, seed and penetration, ending in one offline HTML report.

    Writes report.html, summary.json, runs.parquet, circuits.parquet, tables/*.csv and figures/*.svg.
    Ctrl-C keeps the finished runs; the same command goes on from there.

    Example:  evenload example > study.yaml && evenload simulate study.yaml --out winter
    """
    chosen = read_study(study)
    run_and_report(chosen, out or Path(study.stem), study.parent, workers, fresh)


def run_and_report(study: Study, out: Path, folder: Path, workers: int, fresh: bool) -> StudyResults:
    """Run a study with a progress bar, write its results and print the main table."""
    with progress_bar("simulating") as tell:
        results = run_study(study, out, folder=folder, workers=workers, fresh=fresh, progress=tell)
    report = write_results(results, out)
    output.print(summary_table(results))
    output.print(f"Report: {report}", markup=False)
    return results
