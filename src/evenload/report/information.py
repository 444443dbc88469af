"""The value of information: what planning with what was known costs more than planning in hindsight."""

from typing import Final

import pandas as pd

from evenload.report.cases import mean, of, ratio, reference_case, seed_runs
from evenload.report.numbers import money, percent, quantity
from evenload.report.results import StudyResults
from evenload.report.strategies import HINDSIGHT, OPTIMISED, looks, named, of_kind

CASE: Final = ["base_load", "behaviour", "penetration"]
_LITTLE_KWH: Final = 0.05
MORE: Final = ["cost", "cost_per_kwh", "energy_kwh_unserved"]


def value_of_information(results: StudyResults) -> pd.DataFrame:
    """One row for each optimised strategy and case: ``MORE`` than hindsight, means over seeds.

    ``cost_per_kwh`` is per kWh delivered, NaN where nothing was. It compares plans that serve unequal amounts, which
    ``cost`` does not. Empty where the study lacks one of the two.
    """
    yardstick, strategies = named(results, HINDSIGHT), of_kind(results, OPTIMISED)
    runs = results.runs.assign(cost_per_kwh=ratio(results.runs, "cost", "energy_kwh_delivered"))
    means = runs.groupby(["strategy", *CASE], sort=False)[MORE].mean()
    rows = [means.loc[[name]] - means.loc[yardstick] for name in strategies if yardstick is not None]
    if not rows:
        return pd.DataFrame(columns=["strategy", *CASE, *MORE])
    return pd.concat(rows).reset_index()[["strategy", *CASE, *MORE]]


def sentences(results: StudyResults) -> list[str]:
    """What not knowing the future costs at the reference case, a sentence for each optimised strategy."""
    yardstick = named(results, HINDSIGHT)
    if yardstick is None:
        return []
    runs = seed_runs(results, reference_case(results))
    runs = runs.assign(cost_per_kwh=ratio(runs, "cost", "energy_kwh_delivered"))
    return [_sentence(results, runs, name, yardstick) for name in of_kind(results, OPTIMISED)]


def _sentence(results: StudyResults, runs: pd.DataFrame, name: str, yardstick: str) -> str:
    def more(column: str) -> float:
        return mean(of(runs, name, column)) - mean(of(runs, yardstick, column))

    unserved = more("energy_kwh_unserved")
    words = "as much"
    if abs(unserved) >= _LITTLE_KWH:
        words = f"{quantity(abs(unserved), 'kWh')} {'more' if unserved > 0 else 'less'}"
    left = f"{looks(results)[name].label} leaves {words} unserved {'as' if words == 'as much' else 'than'} hindsight"
    if not results.currency:
        return f"{left}."
    cost, unit = more("cost"), more("cost_per_kwh") / mean(of(runs, yardstick, "cost_per_kwh"))
    total = f"{money(abs(cost), results.currency)} {'more' if cost >= 0 else 'less'}"
    return f"{left} and costs {total}, {percent(abs(unit))} {'more' if unit >= 0 else 'less'} for each kWh delivered."
