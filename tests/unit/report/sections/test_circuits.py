from dataclasses import replace
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd
import pytest

from evenload.report.sections.circuits import exceeded, loading_words, worst_table


def with_circuit(study: Any, node: str, loading: dict[str, float], kind: str = "feeder", **changed: float) -> Any:
    """The study with one more circuit of 500 kW under the strategies of ``loading``."""
    rows = study.circuits.drop_duplicates(["strategy", "base_load", "behaviour"])
    rows = rows[rows["strategy"].isin(list(loading))]
    limits: dict[str, float] = {"limit_kw": 500.0, "base_peak_kw": 250.0, "cars": 40, **changed}
    rows = rows.assign(node=node, kind=kind, loading_max=rows["strategy"].map(loading), **limits)
    return replace(study, circuits=pd.concat([study.circuits, rows], ignore_index=True))


@pytest.fixture
def study(fake: ModuleType) -> Any:
    return fake.results(fake.Size(strategies=("unmanaged", "valley"), seeds=1))


def test_the_worst_transformers_come_first_with_their_marks(fake: ModuleType) -> None:
    study = fake.results(fake.Size(strategies=("unmanaged", "valley"), seeds=1))
    circuits = study.circuits.copy()
    circuits.loc[circuits["node"] == "T107", ["loading_max", "limit_kw", "base_peak_kw"]] = [9.0, 10.0, 4.0]
    circuits.loc[circuits["node"] == "T101", "limit_kw"] = np.inf
    table = worst_table(replace(study, circuits=circuits))
    assert len(table) == 10
    assert (table[0].node, table[0].limit, table[0].base.replace("\u00a0", " ")) == ("T107", "10.0", "40 %")
    assert [over for _, over in table[0].loading] == [True, True]
    assert "T101" not in [row.node for row in table]


@pytest.mark.requirement("R7")
def test_a_feeder_above_its_limit_is_in_the_table_however_bad_the_transformers_are(study: Any) -> None:
    study = replace(study, circuits=study.circuits.assign(loading_max=3.0))
    made = with_circuit(study, "F12", {"unmanaged": 1.1, "valley": 1.0})
    made = with_circuit(made, "F13", {"unmanaged": 0.9, "valley": 0.8})
    table = worst_table(made)
    assert [row.kind for row in table] == ["transformer"] * 10 + ["feeder"]
    assert (table[-1].node, table[-1].cars, table[-1].limit) == ("F12", "40", "500")
    assert [(words.replace("\u00a0", " "), over) for words, over in table[-1].loading] == [
        ("110 %", True),
        ("100 %", False),
    ]


def test_what_exceeds_is_found_with_its_strategies_the_worst_first(study: Any) -> None:
    made = with_circuit(study, "F1", {"unmanaged": 1.1, "valley": 1 + 1e-12})
    made = with_circuit(made, "S1", {"unmanaged": 1.3, "valley": 1.2}, "substation", base_peak_kw=525.0)
    made = with_circuit(made, "F2", {"unmanaged": 1.0000000000000013})
    made = with_circuit(made, "F3", {"unmanaged": 0.0}, limit_kw=np.inf)
    found = [(one.node, one.kind, one.loading, one.base) for one in exceeded(made)]
    assert found == [
        ("S1", "substation", {"unmanaged": 1.3, "valley": 1.2}, 1.05),
        ("F1", "feeder", {"unmanaged": 1.1}, 0.0),
    ]


def test_the_worst_of_all_seeds_counts(study: Any) -> None:
    made = with_circuit(study, "F1", {"unmanaged": 0.9})
    other = made.circuits[made.circuits["node"] == "F1"].assign(seed=1, loading_max=1.2)
    made = replace(made, circuits=pd.concat([made.circuits, other], ignore_index=True))
    assert [one.loading for one in exceeded(made)] == [{"unmanaged": 1.2}]
    assert [(row.node, row.loading[0][1]) for row in worst_table(made) if row.kind == "feeder"] == [("F1", False)]


def test_transformers_are_not_named_one_by_one(study: Any) -> None:
    assert exceeded(replace(study, circuits=study.circuits.assign(loading_max=2.0))) == []


def test_above_the_limit_never_reads_as_at_it() -> None:
    words = [loading_words(value).replace("\u00a0", " ") for value in (1.0, 1.0000000000000013, 1.004, 1.1, 0.996)]
    assert words == ["100 %", "100 %", "> 100 %", "110 %", "100 %"]
