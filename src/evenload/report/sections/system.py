"""Which nodes, days and cases the load charts show."""

from typing import Final

import numpy as np
import pandas as pd

from evenload.report.cases import Case, reference_case, reference_first
from evenload.report.figure import CaseFigures, Figure, names
from evenload.report.results import StudyResults
from evenload.report.sections.circuits import TRANSFORMER, ranked_circuits
from evenload.report.sections.load import load_chart, profile

_DAYS: Final = (("mean", "Mean day"), ("peak", "Worst day"))
_FEEDERS_AT_MOST: Final = 4
_TRANSFORMERS_AT_MOST: Final = 6


def system_load(results: StudyResults) -> list[CaseFigures]:
    """Mean and worst day of the top node, for each case that has profiles."""
    node = top_node(results)
    made = [CaseFigures(c.base_load, c.behaviour, _days(results, c, node)) for c in reference_first(results)]
    return [case for case in made if case.figures]


def feeder_load(results: StudyResults) -> list[Figure]:
    """Worst day of each further feeder; one without a limit that carries all of the system's load is the system."""
    rows = reference_case(results).rows(results.profiles)
    top = top_node(results)
    inner = rows[(rows["kind"] != TRANSFORMER) & (rows["node"] != top)]
    limited = set(inner.loc[np.isfinite(inner["limit_kw"]), "node"].tolist())
    nodes = [n for n in dict.fromkeys(inner["node"].tolist()) if n in limited or not _same_load(rows, n, top)]
    nodes.sort(key=lambda node: node not in limited)
    return _worst_days(results, nodes[:_FEEDERS_AT_MOST], "feeder")


def transformer_load(results: StudyResults) -> list[Figure]:
    """Worst day of the worst transformers that have profiles, the worst first."""
    rows = reference_case(results).rows(results.profiles)
    nodes = list(dict.fromkeys(rows.loc[rows["kind"] == TRANSFORMER, "node"].tolist()))
    rank = {node: i for i, node in enumerate(ranked_circuits(results).index.tolist())}
    nodes.sort(key=lambda node: rank.get(node, len(rank)))
    return _worst_days(results, nodes[:_TRANSFORMERS_AT_MOST], "transformer-load")


def _same_load(rows: pd.DataFrame, node: str, other: str) -> bool:
    one, two = (rows.loc[rows["node"] == name, ["base_kw", "ev_kw"]].to_numpy() for name in (node, other))
    return one.shape == two.shape and bool(np.allclose(one, two, equal_nan=True))


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
