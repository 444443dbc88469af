"""`evenload demo`: a live town on this machine, or with `--study` a winter of real charging sessions."""

import json
import socket
import sys
from pathlib import Path
from typing import Annotated, Final

import typer

from evenload.base.errors import EXIT_INTERRUPTED, InputError, InvariantError
from evenload.cli.simulate import CORES, Fresh, Workers, run_and_report
from evenload.cli.terminal import output
from evenload.simulate.api import example

API_PORT: Final = 8000
_SPEED: Final = 360.0
_STATIONS: Final = 450
_HOST: Final = "127.0.0.1"
_LIVE_ONLY: Final = (
    "days", "speed", "real_time", "stations", "cloud_cars", "seed", "port", "api_port", "headless", "as_json",
)  # fmt: skip


def demo(  # noqa: PLR0913 - one parameter an option
    context: typer.Context,
    days: Annotated[
        int | None, typer.Option(min=0, help="Days to live; 0 until Ctrl-C. [0 in a terminal, 1 elsewhere]")
    ] = None,
    speed: Annotated[float, typer.Option(min=1, max=100_000, help="Virtual seconds a second.")] = _SPEED,
    real_time: Annotated[
        bool, typer.Option("--real-time", help="As fast as the world: the same as --speed 1.")
    ] = False,
    stations: Annotated[int, typer.Option(help="Charging stations; the town grows and shrinks with them.")] = _STATIONS,
    cloud_cars: Annotated[
        int | None,
        typer.Option(
            min=0, help="Cars at homes without a station, reached by virtual clouds. [one for three stations]"
        ),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Another seed, another town.")] = 1,
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port for stations; 0 for a free one.")] = 0,
    api_port: Annotated[
        int | None,
        typer.Option(min=0, max=65535, help="Port of the API and the page; 0 for a free one. [8000, if it is free]"),
    ] = None,
    headless: Annotated[bool, typer.Option("--headless", help="Nobody watches: print results only.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the days as one JSON object at the end.")] = False,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Folder for the database or results. [out/town, out/demo]")
    ] = None,
    study: Annotated[bool, typer.Option("--study", help="Study a winter instead, ending in a report.")] = False,
    quick: Annotated[bool, typer.Option("--quick", help="With --study: one seed and three penetrations.")] = False,
    workers: Workers = CORES,
    fresh: Fresh = False,
) -> None:
    """Run a live town: stations over OCPP, cars by their makers' clouds, a feeder, drivers, prices, an evening limit.

    Time is compressed: a day takes four minutes. A page shows load against limit as it happens, and after each day one
    screen compares it with the same day unmanaged. With --study: one winter of real sessions of Norwegian drivers,
    unmanaged, with timers and managed by evenload, ending in a report.

    Example:  evenload demo --days 1 --headless --json
    """
    if study:
        _refuse_live_options(context)
        _study(out or Path("out/demo"), workers, quick=quick, fresh=fresh)
        return
    if quick or fresh:
        raise InputError("--quick and --fresh go with --study")
    alone = headless or as_json
    unseen = alone or not sys.stdout.isatty()
    wanted = days if days is not None else 1 if unseen else 0
    if as_json and not wanted:
        raise InputError("--json prints when the days are over: say how many with --days")
    folder = out or Path("out/town")
    chosen_port = api_port if api_port is not None else 0 if unseen else _free(API_PORT)
    town = stations, cloud_cars, seed
    _live(folder, 1.0 if real_time else speed, wanted, town, (port, chosen_port), (alone, as_json))


def _refuse_live_options(context: typer.Context) -> None:
    """A study has no days, ports or stations of its own: what would have no effect is not taken in silence."""
    for name in _LIVE_ONLY:
        source = context.get_parameter_source(name)
        if source is not None and source.name == "COMMANDLINE":
            option = "--json" if name == "as_json" else f"--{name.replace('_', '-')}"
            raise InputError(f"{option} is of the live town: leave it out, or leave out --study")


def _study(out: Path, workers: int, *, quick: bool, fresh: bool) -> None:
    study = example("norwegian-winter")
    if quick:
        study = study.model_copy(update={"seeds": 1, "penetrations": [0.4, 0.7, 1.0]})
    run_and_report(study, out, Path.cwd(), workers, fresh)
    output.print("Open the report in a browser; it needs no network. To study your own feeder:")
    output.print("  evenload example > study.yaml    then edit it, and:  evenload simulate study.yaml")


def _live(
    folder: Path, speed: float, days: int, of: tuple[int, int | None, int], ports: tuple[int, int],
    how: tuple[bool, bool],
) -> None:  # fmt: skip
    from evenload.app.log import set_up_logs  # noqa: PLC0415 - the server loads when it is needed
    from evenload.app.town.live import TownSettings, live_town  # noqa: PLC0415
    from evenload.app.town.shape import shape_of  # noqa: PLC0415
    from evenload.cli.demo_words import Words  # noqa: PLC0415

    (alone, as_json), (stations, cloud_cars, seed) = how, of
    settings = TownSettings(seed, shape_of(stations, cloud_cars), speed, days, _HOST, ports[0], ports[1], folder)
    folder.mkdir(parents=True, exist_ok=True)
    with (
        (folder / "town.log").open("w", encoding="utf-8") as log,
        Words(settings, alone=alone, silent=as_json) as words,
    ):
        set_up_logs("warning", "text", log)
        report = live_town(settings, words.told)
    if as_json:
        told = {
            "days": [one.to_json() for one in report.days], "broken": report.broken,
            "speed_mean": round(report.speed_mean, 1), "lag_s_worst": round(report.lag_s_worst, 1),
            "seconds": round(report.seconds, 1), "interrupted": report.interrupted,
        }  # fmt: skip
        output.print(json.dumps(told), markup=False)
    else:
        words.end(report)
    if report.broken:
        raise InvariantError("what should never be:\n" + "\n".join(f"  {one}" for one in report.broken))
    if report.interrupted:
        raise typer.Exit(EXIT_INTERRUPTED)


def _free(port: int) -> int:
    """The port, or any free one (0) where it is taken."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((_HOST, port))
        except OSError:
            return 0
        return port
