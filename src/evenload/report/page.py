"""The whole report as one HTML file that asks nothing of any network."""

from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from evenload.report.cases import cases, reference_sentence
from evenload.report.chart.marks import HATCH
from evenload.report.glossary import GLOSSARY
from evenload.report.palette import page_palette
from evenload.report.results import StudyResults
from evenload.report.sections import answer, closeup, headline, heat, hosting, ledger, peaks, robustness, system
from evenload.report.sheet import swatch
from evenload.report.strategies import looks


def render(results: StudyResults) -> str:
    """The report as HTML text; the same results give the same bytes."""
    environment = Environment(
        loader=PackageLoader("evenload.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    return environment.get_template("report.html.j2").render(_context(results))


def _context(results: StudyResults) -> dict[str, Any]:
    look = looks(results)
    shown = heat.heat_rows(results)
    return {
        "study": results,
        "looks": list(look.values()),
        "swatch": swatch,
        "cases": cases(results),
        "reference": reference_sentence(results),
        "answer": answer.answer(results),
        "tiles": headline.tiles(results),
        "system_load": system.system_load(results),
        "feeder_load": system.feeder_load(results),
        "transformer_load": system.transformer_load(results),
        "worst": system.worst_table(results),
        "closeups": closeup.closeups(results),
        "closeup_place": closeup.closeup_place(results),
        "heat_maps": heat.heat_maps(results),
        "heat_scale": heat.heat_scale(),
        "heat_shown": min(len(shown), heat.ROWS_AT_MOST),
        "heat_all": len(shown),
        "peaks": peaks.peak_figures(results),
        "snapback": peaks.snapback_figure(results),
        "hosting": hosting.hosting_figures(results),
        "hosting_table": hosting.hosting_table(results),
        "ledger": ledger.ledger(results),
        "base_loads": robustness.base_load_figures(results),
        "case_table": robustness.case_table(results),
        "glossary": GLOSSARY,
        "palette": Markup(page_palette()),  # noqa: S704 - constants of ours, nothing of the study in it
        "hatch": HATCH,
    }
