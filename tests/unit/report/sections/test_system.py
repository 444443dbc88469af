from dataclasses import replace
from types import ModuleType

import numpy as np
import pandas as pd

from evenload.report.sections.system import feeder_load, system_load, transformer_load, worst_table


def test_every_case_has_its_own_pictures_the_reference_first(fake: ModuleType) -> None:
    made = system_load(fake.results())
    assert len(made) == 6
    assert (made[0].base_load, made[0].behaviour) == ("suburban", "actual")
    assert all([figure.heading for figure in case.figures] == ["Mean day", "Worst day, 2019-01-15"] for case in made)


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


def test_transformer_pictures_follow_the_table(fake: ModuleType) -> None:
    study = fake.results()
    assert [figure.heading for figure in transformer_load(study)] == [row.node for row in worst_table(study)][:4]
    assert feeder_load(study) == []


def test_a_feeder_that_is_the_whole_system_is_not_shown_twice(fake: ModuleType) -> None:
    study = fake.results(fake.Size(seeds=1))
    system = study.profiles[study.profiles["kind"] == "system"]
    same, half = system.assign(node="F1", kind="feeder"), system.assign(node="F2", kind="feeder")
    half = half.assign(ev_kw=half["ev_kw"] / 2)
    made = feeder_load(replace(study, profiles=pd.concat([study.profiles, same, half], ignore_index=True)))
    assert [figure.heading for figure in made] == ["F2"]
