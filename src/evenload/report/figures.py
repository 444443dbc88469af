"""Every picture of the report as a standalone SVG file."""

from collections.abc import Sequence
from importlib.resources import files

from markupsafe import Markup

from evenload.report.chart.chart import Chart
from evenload.report.figure import Figure
from evenload.report.palette import picture_palette
from evenload.report.results import StudyResults
from evenload.report.sections import closeup, heat, hosting, overview, peaks, robustness, system
from evenload.report.sheet import sheet
from evenload.report.strategies import look_style, looks


def figures(results: StudyResults) -> dict[str, str]:
    """SVG text by name: "overview", "load-system", "transformer-<strategy>", "heat-<strategy>", "hosting", "ev-peak",
    "snapback" and "base-loads"; what the study cannot show is left out.
    """  # fmt: skip
    look = list(looks(results).values())
    own = picture_palette() + files("evenload.report").joinpath("templates/chart.css").read_text("utf-8")
    style = Markup(own + look_style(look))  # noqa: S704 - our own style sheet, nothing of the study in it
    return {name: chart.standalone(style) for name, chart in sorted(_charts(results).items())}


def _charts(results: StudyResults) -> dict[str, Chart]:
    load = next((case.figures for case in system.system_load(results)), [])
    closeups, place = closeup.closeups(results), closeup.closeup_place(results)
    peak = next((case.figures for case in peaks.peak_figures(results)), [])
    snapback = peaks.snapback_figure(results)
    over = "Transformers over rating"
    sheets = {
        "load-system": ("Load on the system, base load and cars", [load]),
        "hosting": ("Hosting capacity, P50 filled, P90 hollow", _in_rows(hosting.hosting_figures(results))),
        "base-loads": (over, _in_rows(robustness.over_figures(results))),
        "ev-peak": ("EV peak over penetration", [peak]),
        "snapback": ("EV load over the timer hour", [[snapback] if snapback else []]),
    }
    sheets |= {one.name: (f"{place}, cars stacked over base load", [[one]]) for one in closeups}
    sheets |= {one.name: ("Load over rating by transformer and hour", [[one]]) for one in heat.heat_maps(results)}
    look = list(looks(results).values())
    made = {name: sheet(title, rows, look) for name, (title, rows) in sheets.items() if any(rows)}
    whole = overview.overview(results)
    return made | ({"overview": whole} if whole else {})


def _in_rows(made: Sequence[Figure], count: int = 3) -> list[list[Figure]]:
    return [list(made[i : i + count]) for i in range(0, len(made), count)]
