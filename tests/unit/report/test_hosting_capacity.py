import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenload.report.hosting_capacity import supported


@pytest.mark.parametrize(
    ("capacities", "p50", "p90"),
    [
        ((0.2, 0.2, 0.4, 0.4, 0.4, 0.6, 0.6, 0.8, 0.8, 1.0), 0.6, 0.2),  # 0.6 or more: five of ten; 0.4 or more: eight
        ((0.2, 0.4, 0.6, 0.8, 1.0), 0.6, 0.2),  # three of five have 0.6 or more, two have 0.8 or more
        ((1.0, 0.2, 0.8, 0.6), 0.8, 0.2),  # two of four have 0.8 or more; nine tenths of four are all four
        ((0.4,), 0.4, 0.4),
        ((-1.0, 0.4), 0.4, -1.0),
        ((-1.0, -1.0, 0.4), -1.0, -1.0),
        ((-1.0, 0.4, 0.6), 0.4, -1.0),
    ],
)
@pytest.mark.requirement("R140")
def test_p50_and_p90_by_hand(capacities: tuple[float, ...], p50: float, p90: float) -> None:
    assert supported(capacities, 0.5) == p50
    assert supported(capacities, 0.9) == p90


def test_without_seeds_nothing_is_known() -> None:
    assert math.isnan(supported([], 0.5))
    assert math.isnan(supported([math.nan], 0.5))


@given(st.lists(st.sampled_from([-1.0, 0.2, 0.4, 0.6, 0.8, 1.0]), min_size=1, max_size=40), st.sampled_from([0.5, 0.9]))
def test_it_is_the_highest_penetration_enough_seeds_support(capacities: list[float], share: float) -> None:
    found = supported(capacities, share)
    support = {level: sum(c >= level for c in capacities) / len(capacities) for level in set(capacities)}
    assert support[found] >= share - 1e-12
    assert all(support[level] < share for level in support if level > found)
