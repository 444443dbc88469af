import math
from dataclasses import replace
from types import ModuleType

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenload.report.cases import Case
from evenload.report.sections.hosting import capacity, hosting_table, in_words, supported_by

TEN = np.array([0.2, 0.2, 0.4, 0.4, 0.4, 0.6, 0.6, 0.8, 0.8, 1.0])


def test_p50_and_p90_by_hand() -> None:
    assert supported_by(TEN, 0.5) == 0.6  # 0.6, 0.6, 0.8, 0.8, 1.0: five of ten support 60 %
    assert supported_by(TEN, 0.9) == 0.2  # eight support 40 %, only 20 % is supported by nine or more
    assert supported_by(np.array([0.4]), 0.9) == 0.4
    assert supported_by(np.array([-1.0, 0.4]), 0.5) == 0.4
    assert supported_by(np.array([-1.0, 0.4]), 0.9) == -1
    assert math.isnan(supported_by(np.array([np.nan]), 0.5))


@given(st.lists(st.sampled_from([-1.0, 0.2, 0.4, 0.6, 0.8, 1.0]), min_size=1, max_size=40), st.sampled_from([0.5, 0.9]))
def test_it_is_the_highest_penetration_enough_seeds_support(capacities: list[float], share: float) -> None:
    found = supported_by(np.array(capacities), share)
    support = {level: sum(c >= level for c in capacities) / len(capacities) for level in set(capacities)}
    assert support[found] >= share - 1e-12
    assert all(support[level] < share for level in support if level > found)


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
    rows = {(case.base_load, case.behaviour): cells for case, cells in hosting_table(study)}
    assert rows["low", "declared"][1].replace("\u00a0", " ") == "60 % (P90 20 %)"
    assert len(rows) == 6
