"""Rows of a dot strip: one for each strategy, its values over seeds and their mean in words."""

from collections.abc import Callable

import numpy as np
import pandas as pd

from evenload.base.units import FloatArray
from evenload.report.cases import mean, of
from evenload.report.chart.dots import DotRow
from evenload.report.numbers import quantity
from evenload.report.results import StudyResults
from evenload.report.strategies import looks


def strip_rows(
    results: StudyResults, runs: pd.DataFrame, column: str, write: Callable[[float], str] = quantity
) -> list[DotRow]:
    """A row for each strategy, in the order of the study."""
    made = []
    for name, look in looks(results).items():
        values = of(runs, name, column)
        made.append(DotRow(look.label, look.key, look.marker, values, write(mean(values))))
    return made


def base_row(values: FloatArray, write: Callable[[float], str] = quantity) -> list[DotRow]:
    """A row for base load alone, to stand above those of the strategies; none where nothing is known."""
    known = bool(np.isfinite(values).any())
    return [DotRow("Base load alone", "", "bar", values, write(mean(values)))] if known else []


def in_words(rows: list[DotRow]) -> str:
    """The rows as part of a sentence."""
    return "; ".join(f"{row.label} {row.words}" for row in rows)
