import math
from dataclasses import replace
from types import ModuleType

import numpy as np
import pytest

from evenload.report.cases import Case
from evenload.report.sections.hosting import base_alone_fails, capacity, hosting_table, in_words

TEN = np.array([0.2, 0.2, 0.4, 0.4, 0.4, 0.6, 0.6, 0.8, 0.8, 1.0])


def test_the_ends_of_what_was_studied_are_open(fake: ModuleType) -> None:
    study = fake.results()
    words = [in_words(study, value).replace("\u00a0", " ") for value in (-1.0, 0.2, 0.6, 1.0, math.nan)]
    assert words == ["< 20 %", "20 %", "60 %", "≥ 100 %", "–"]


@pytest.mark.requirement("R140")
def test_capacity_is_taken_from_its_own_case(fake: ModuleType) -> None:
    study = fake.results(fake.Size(seeds=10))
    hosting = study.hosting.copy()
    own = (hosting["strategy"] == "timer") & (hosting["base_load"] == "low") & (hosting["behaviour"] == "declared")
    hosting.loc[own, "capacity"] = TEN
    study = replace(study, hosting=hosting)
    found = capacity(study, Case("low", "declared"), "timer")
    assert (found.p50, found.p90) == (0.6, 0.2)
    rows = {row.look.name: row.cells for row in hosting_table(study)}
    assert [words.replace("\u00a0", " ") for words in rows["timer"][5]] == ["60 %", "20 %"]
    assert all(len(cells) == 6 for cells in rows.values())


def test_the_table_follows_the_study_and_not_the_reference(fake: ModuleType) -> None:
    study = fake.results(fake.Size(seeds=1))
    turned = replace(study, reference=replace(study.reference, base_load="low", behaviour="declared"))
    assert hosting_table(turned) == hosting_table(study)


def test_base_load_that_fails_alone_is_said(fake: ModuleType) -> None:
    study = fake.results(fake.Size(seeds=2, transformers=30))
    assert base_alone_fails(study, "low") == ""
    low, first = study.runs["base_load"] == "low", study.runs["seed"] == 0
    over = replace(study, runs=study.runs.assign(transformers_over_base=9 * low + first * low))
    assert (
        base_alone_fails(over, "low") == "Base load alone overloads 9 to 10 of 30 transformers: no strategy can pass."
    )
    assert base_alone_fails(over, "suburban") == ""
    some = replace(study, runs=study.runs.assign(transformers_over_base=9 * (low & first)))
    assert base_alone_fails(some, "low").endswith("9 of 30 transformers in 1 of 2 seeds: no strategy can pass there.")
    allowed = replace(over, over_share=0.5)
    assert base_alone_fails(allowed, "low") == ""
