"""Circuits against their limits: the table of the worst, and those above the transformers that exceed theirs."""

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd

from evenload.base.units import FloatArray
from evenload.report.cases import reference_case
from evenload.report.limits import is_above
from evenload.report.numbers import NOTHING, count, percent, quantity
from evenload.report.results import StudyResults
from evenload.report.strategies import UNMANAGED, named

TRANSFORMER: Final = "transformer"
_TABLE_ROWS: Final = 10
_OTHERS_AT_MOST: Final = 10


@dataclass(frozen=True, slots=True)
class WorstRow:
    """One circuit of the table: texts, and for each strategy its loading and whether it is above the limit."""

    node: str
    kind: str
    cars: str
    limit: str
    base: str
    loading: list[tuple[str, bool]]


@dataclass(frozen=True, slots=True)
class Exceeded:
    """A circuit other than a transformer that is above its limit: highest loading over seeds where above it.

    ``loading`` holds the strategies in the order of the study; ``base`` is base load alone, 0 where it is not above.
    """

    node: str
    kind: str
    loading: dict[str, float]
    base: float

    @property
    def worst(self) -> float:
        """Highest loading under any strategy."""
        return max(self.loading.values())


def ranked_circuits(results: StudyResults) -> pd.DataFrame:
    """Loading (rows nodes, columns strategies) at the reference, the highest first; unlimited ones left out."""
    rows = _limited(results)
    rows = rows[rows["seed"] == results.reference.seed]
    table = rows.pivot_table(index="node", columns="strategy", values="loading_max", aggfunc="max", observed=True)
    table = table.reindex(columns=list(results.strategies))
    unmanaged = named(results, UNMANAGED)
    key = table[unmanaged] if unmanaged in table and table[unmanaged].notna().any() else table.max(axis=1)
    worst = key.fillna(-1.0).to_dict()
    ranked: pd.DataFrame = table.reindex(sorted(worst, key=lambda node: (-worst[node], str(node))))
    return ranked


def worst_table(results: StudyResults) -> list[WorstRow]:
    """The worst circuits in words; whatever exceeds its limit above the transformers is among them."""
    rows = _limited(results)
    rows = rows[rows["seed"] == results.reference.seed].drop_duplicates("node")
    named_too = {one.node for one in exceeded(results)[:_OTHERS_AT_MOST]}
    facts = {str(row["node"]): row for row in rows.to_dict(orient="records")}
    ranked = ranked_circuits(results)
    loading = zip(ranked.index.astype(str).tolist(), ranked.to_numpy(dtype=np.float64), strict=True)
    return [
        _row(facts[node], values) for i, (node, values) in enumerate(loading) if i < _TABLE_ROWS or node in named_too
    ]


def exceeded(results: StudyResults) -> list[Exceeded]:
    """Circuits other than transformers above their limit under some strategy and seed, the worst first."""
    rows = _limited(results)
    rows = rows[rows["kind"] != TRANSFORMER]
    over = rows[is_above(rows["loading_max"].to_numpy(dtype=np.float64))]
    found = []
    for node, own in over.groupby("node", sort=False):
        highest = own.groupby("strategy")["loading_max"].max().to_dict()
        loading = {name: float(highest[name]) for name in results.strategies if name in highest}
        base = float((own["base_peak_kw"] / own["limit_kw"]).max())
        above = bool(is_above(np.asarray(base)))
        found.append(Exceeded(str(node), str(own["kind"].iloc[0]), loading, base if above else 0.0))
    return sorted(found, key=lambda one: (-one.worst, one.node))


def loading_words(loading: float) -> str:
    """A loading as percent; what is above the limit never reads as at it."""
    words = percent(loading, 0)
    return f"> {words}" if bool(is_above(np.asarray(loading))) and words == percent(1.0, 0) else words


def _row(facts: dict[Hashable, Any], loading: FloatArray) -> WorstRow:
    limit, base = float(facts["limit_kw"]), float(facts["base_peak_kw"])
    cells = [
        (loading_words(value), over) for value, over in zip(loading.tolist(), is_above(loading).tolist(), strict=True)
    ]
    alone = loading_words(base / limit) if limit > 0 else NOTHING
    cars = count(float(facts["cars"]))
    return WorstRow(str(facts["node"]), str(facts["kind"]), cars, quantity(limit), alone, cells)


def _limited(results: StudyResults) -> pd.DataFrame:
    """Circuits with a limit, of the reference case and penetration and every seed."""
    rows = reference_case(results).rows(results.circuits)
    same = np.isclose(rows["penetration"], results.reference.penetration)
    limited: pd.DataFrame = rows[same & np.isfinite(rows["limit_kw"])]
    return limited
