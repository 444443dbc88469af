"""`evenload demo`: the main job on real data, in one command."""

from pathlib import Path
from typing import Annotated

import typer

from evenload.cli.simulate import CORES, Fresh, Workers, run_and_report
from evenload.cli.terminal import output
from evenload.simulate.api import example


def demo(
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for the results.")] = Path("out/demo"),
    workers: Workers = CORES,
    fresh: Fresh = False,
    quick: Annotated[bool, typer.Option("--quick", help="One seed and three penetrations.")] = False,
) -> None:
    """Study one winter of real charging sessions: unmanaged, timers, and managed by evenload.

    Real plug-in and plug-out times of Norwegian drivers, Dutch prices, three levels of household load.
    """
    study = example("norwegian-winter")
    if quick:
        study = study.model_copy(update={"seeds": 1, "penetrations": [0.4, 0.7, 1.0]})
    run_and_report(study, out, Path.cwd(), workers, fresh)
    output.print("Open the report in a browser; it needs no network. To study your own feeder:")
    output.print("  evenload example > study.yaml    then edit it, and:  evenload simulate study.yaml")
