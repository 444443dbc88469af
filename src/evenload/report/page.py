"""The whole report as one HTML file that asks nothing of any network."""

from importlib.metadata import version
from typing import Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from evenload.report.cases import reference_sentence
from evenload.report.chart.marks import HATCH
from evenload.report.glossary import GLOSSARY
from evenload.report.information import sentences
from evenload.report.numbers import tied
from evenload.report.palette import page_palette
from evenload.report.results import StudyResults
from evenload.report.sections import (
    answer,
    circuits,
    closeup,
    headline,
    heat,
    hosting,
    ledger,
    peaks,
    robustness,
    system,
)
from evenload.report.sheet import swatch
from evenload.report.strategies import key_strategies, look_style, looks

_P90_IS_WORST_BELOW: Final = 10
"""With fewer seeds than this, what 90 % of them support is what all of them support."""


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
    environment.filters["tied"] = tied
    return environment.get_template("report.html.j2").render(_context(results))


def _context(results: StudyResults) -> dict[str, Any]:
    look = looks(results)
    shown = heat.heat_rows(results)
    return {
        "study": results,
        "version": version("evenload"),
        "looks": list(look.values()),
        "key_looks": {look[name].key for name in key_strategies(results)},
        "swatch": swatch,
        "reference": reference_sentence(results),
        "answer": answer.answer(results),
        "tiles": headline.tiles(results),
        "seeds_in_words": headline.seeds_in_words(results),
        "system_load": system.system_load(results),
        "feeder_load": system.feeder_load(results),
        "transformer_load": system.transformer_load(results),
        "worst": circuits.worst_table(results),
        "closeups": closeup.closeups(results),
        "closeup_place": closeup.closeup_place(results),
        "heat_maps": heat.heat_maps(results),
        "heat_scale": heat.heat_scale(),
        "heat_shown": min(len(shown), heat.ROWS_AT_MOST),
        "heat_all": len(shown),
        "peaks": peaks.peak_figures(results),
        "snapback": peaks.snapback_figure(results),
        "ev_nights": peaks.ev_nights_figure(results),
        "hosting": hosting.hosting_figures(results),
        "hosting_table": hosting.hosting_table(results),
        "few_seeds": results.runs["seed"].nunique() < _P90_IS_WORST_BELOW,
        "ledger": ledger.ledger(results),
        "information": sentences(results),
        "system_peaks": robustness.peak_figures(results),
        "base_loads": robustness.over_figures(results),
        "behaviour_tables": robustness.behaviour_tables(results),
        "measures": robustness.MEASURES,
        "verdict": robustness.verdict(results),
        "agreeing": sum(one.agrees for one in results.comparisons),
        "glossary": GLOSSARY,
        "palette": Markup(page_palette() + look_style(list(look.values()))),  # noqa: S704 - ours, nothing of the study
        "hatch": HATCH,
    }
