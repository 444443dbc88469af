"""Which nodes, days and cases the load charts show, and the table of the worst transformers."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from evenload.report.cases import Case, reference_case, reference_first
from evenload.report.figure import CaseFigures, Figure, names
from evenload.report.numbers import NOTHING, count, percent, quantity
from evenload.report.results import StudyResults
from evenload.report.sections.load import load_chart, profile
from evenload.report.strategies import UNMANAGED, named

_DAYS: Final = (("mean", "Mean day"), ("peak", "Worst day"))
_FEEDERS_AT_MOST: Final = 4
_TRANSFORMERS_AT_MOST: Final = 6
_TABLE_ROWS: Final = 10


@dataclass(frozen=True, slots=True)
class WorstRow:
    """One transformer of the table: texts, and for each strategy its loading and whether it is over the rating."""

    node: str
    cars: str
    limit: str
    base: str
    loading: list[tuple[str, bool]]


def system_load(results: StudyResults) -> list[CaseFigures]:
    """Mean and worst day of the top node, for each case that has profiles."""
    node = top_node(results)
    made = [CaseFigures(c.base_load, c.behaviour, _days(results, c, node)) for c in reference_first(results)]
    return [case for case in made if case.figures]


def feeder_load(results: StudyResults) -> list[Figure]:
    """Worst day of each further feeder; one that carries all of the system's load is the system."""
    rows = reference_case(results).rows(results.profiles)
    inner = rows[(rows["kind"] != "transformer") & (rows["node"] != top_node(results))]
    nodes = [node for node in dict.fromkeys(inner["node"].tolist()) if not _same_load(rows, node, top_node(results))]
    return _worst_days(results, nodes[:_FEEDERS_AT_MOST], "feeder")


def transformer_load(results: StudyResults) -> list[Figure]:
    """Worst day of the worst transformers that have profiles, the worst first."""
    rows = reference_case(results).rows(results.profiles)
    nodes = list(dict.fromkeys(rows.loc[rows["kind"] == "transformer", "node"].tolist()))
    rank = {node: i for i, node in enumerate(ranked_transformers(results).index.tolist())}
    nodes.sort(key=lambda node: rank.get(node, len(rank)))
    return _worst_days(results, nodes[:_TRANSFORMERS_AT_MOST], "transformer-load")


def ranked_transformers(results: StudyResults) -> pd.DataFrame:
    """Loading (rows nodes, columns strategies) at the reference, the highest first; unlimited ones left out."""
    rows = _reference_circuits(results)
    rows = rows[(rows["kind"] == "transformer") & np.isfinite(rows["limit_kw"])]
    table = rows.pivot_table(index="node", columns="strategy", values="loading_max", aggfunc="max", observed=True)
    table = table.reindex(columns=list(results.strategies))
    unmanaged = named(results, UNMANAGED)
    key = table[unmanaged] if unmanaged in table and table[unmanaged].notna().any() else table.max(axis=1)
    worst = key.fillna(-1.0).to_dict()
    ranked: pd.DataFrame = table.reindex(sorted(worst, key=lambda node: (-worst[node], str(node))))
    return ranked


def worst_table(results: StudyResults) -> list[WorstRow]:
    """The worst transformers in words."""
    circuits = _reference_circuits(results).drop_duplicates("node").set_index("node")
    cars, limits, bases = (circuits[name].to_dict() for name in ("cars", "limit_kw", "base_peak_kw"))
    ranked = ranked_transformers(results).head(_TABLE_ROWS)
    made = []
    for node, loading in zip(ranked.index, ranked.to_numpy(dtype=np.float64).tolist(), strict=True):
        limit, base = float(limits[node]), float(bases[node])
        cells = [(percent(value, 0), value > 1) for value in loading]
        alone = percent(base / limit, 0) if limit > 0 else NOTHING
        made.append(WorstRow(str(node), count(float(cars[node])), quantity(limit), alone, cells))
    return made


def _same_load(rows: pd.DataFrame, node: str, other: str) -> bool:
    one, two = (rows.loc[rows["node"] == name, ["base_kw", "ev_kw"]].to_numpy() for name in (node, other))
    return one.shape == two.shape and bool(np.allclose(one, two, equal_nan=True))


def _reference_circuits(results: StudyResults) -> pd.DataFrame:
    rows = reference_case(results).rows(results.circuits)
    same = np.isclose(rows["penetration"], results.reference.penetration)
    return rows[same & (rows["seed"] == results.reference.seed)]


def top_node(results: StudyResults) -> str:
    """The node that carries all load, "" where there are no profiles."""
    nodes = results.profiles.drop_duplicates("node")
    for kind in ("system", "substation", "feeder"):
        if (nodes["kind"] == kind).any():
            return str(nodes.loc[nodes["kind"] == kind, "node"].iloc[0])
    return str(nodes["node"].iloc[0]) if len(nodes) else ""


def _days(results: StudyResults, case: Case, node: str) -> list[Figure]:
    rows = case.rows(results.profiles)
    rows = rows[rows["node"] == node]
    made = []
    for day, words in _DAYS:
        own = rows[rows["day"] == day]
        shown = profile(own, results.strategies)
        if shown is not None:
            heading = words if day == "mean" else f"{words}, {own['date'].iloc[0]}"
            chart = load_chart(results, shown, f"{heading}, load of {node}")
            made.append(Figure(f"load-{day}", heading, chart))
    return made


def _worst_days(results: StudyResults, nodes: list[str], prefix: str) -> list[Figure]:
    rows = reference_case(results).rows(results.profiles)
    made = []
    for node, name in zip(nodes, names(prefix, nodes), strict=True):
        own = rows[(rows["node"] == node) & (rows["day"] == "peak")]
        shown = profile(own, results.strategies)
        if shown is not None:
            chart = load_chart(results, shown, f"Worst day of {node}", with_price=False)
            made.append(Figure(name, node, chart, f"Worst day, {own['date'].iloc[0]}"))
    return made
