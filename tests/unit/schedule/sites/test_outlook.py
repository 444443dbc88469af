"""What a peak is expected to cost: by simulation, and its convex form."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenload.base.units import FloatArray
from evenload.domain.site_tariff import Charge, DemandCharge, Subscription
from evenload.schedule.sites.outlook import Outlook, convex_slopes

BEV_2 = Subscription(50.0, 95.56, 3.82)
NOTHING = np.zeros(0)
levels = st.lists(st.floats(0, 300), max_size=12).map(lambda each: np.array(sorted(each), dtype=np.float64))
charges = st.one_of(
    st.builds(DemandCharge, st.just("d"), st.floats(0.1, 30)),
    st.builds(Subscription, st.floats(5, 60), st.floats(1, 100), st.floats(0.5, 10)),
)


def in_pieces(outlook: Outlook, level_kw: FloatArray) -> FloatArray:
    """What the terms make of a level, beyond what is paid."""
    return np.asarray(sum((price * np.maximum(level_kw - kw, 0.0) for kw, price in outlook.pieces()), 0 * level_kw))


def test_on_the_last_day_a_kilowatt_costs_its_price() -> None:
    assert Outlook(DemandCharge("d", 15.51), 30.0, 0, np.array([80.0])).pieces() == [(30.0, 15.51)]


def test_a_kilowatt_is_not_counted_again_each_day() -> None:
    """Four days left, of comparable ones half needed 40 kW and half 60: one of four reaches 60 but for 1 in 16."""
    outlook = Outlook(DemandCharge("d", 16.0), 20.0, 4, np.array([40.0, 60.0]))
    assert np.array(outlook.pieces()) == pytest.approx(np.array([(40.0, 1.0), (60.0, 15.0)]))
    assert outlook.target_kw == 60.0


@pytest.mark.parametrize(
    ("paid", "pieces"),
    [
        (0.0, [(0.0, 95.56 / 50)]),
        (30.0, [(50.0, 95.56 / 50)]),  # the block is paid: up to its edge a kW costs nothing
        (10.0, [(10.0, (95.56 - 38.2) / 40), (50.0, 95.56 / 50 - (95.56 - 38.2) / 40)]),
    ],
)
def test_a_staircase_becomes_the_slope_below_it(paid: float, pieces: list[tuple[float, float]]) -> None:
    assert np.array(Outlook(BEV_2, paid, 0, NOTHING).pieces()) == pytest.approx(np.array(pieces))


@given(charge=charges, paid=st.floats(0, 200), needed=levels, days=st.integers(0, 30), level=st.floats(0, 400))
def test_expected_cost_is_that_of_days_drawn(
    charge: Charge, paid: float, needed: FloatArray, days: int, level: float
) -> None:
    outlook = Outlook(charge, paid, days, needed)
    now = max(level, paid)
    if not days or not needed.size:
        expected = float(charge.cost(now))
    else:  # the highest of so many draws is the k-th of the sorted with probability (k/D)^n - ((k-1)/D)^n
        rank = np.arange(1, needed.size + 1) / needed.size
        chance = rank**days - (rank - 1 / needed.size) ** days
        expected = float(sum(p * charge.cost(max(now, m)) for p, m in zip(chance, needed, strict=True)))
    assert float(outlook.expected_cost(np.array([level]))[0]) == pytest.approx(expected, rel=1e-9, abs=1e-9)


@given(charge=charges, paid=st.floats(0, 200), needed=levels)
def test_pieces_are_convex_and_on_the_last_day_never_above_the_cost(
    charge: Charge, paid: float, needed: FloatArray
) -> None:
    outlook = Outlook(charge, paid, 0, needed)
    level = np.linspace(paid, paid + 500, 201)
    beyond = outlook.expected_cost(level) - float(outlook.expected_cost(np.array([paid]))[0])
    assert (in_pieces(outlook, level) <= beyond + 1e-6 * (1 + np.abs(beyond))).all()
    assert all(price > 0 for _, price in outlook.pieces())


@given(charge=charges, paid=st.floats(0, 200), needed=levels, days=st.integers(0, 30))
def test_a_kilowatt_never_costs_more_than_in_the_long_run_and_all_of_it_far_up(
    charge: Charge, paid: float, needed: FloatArray, days: int
) -> None:
    pieces = Outlook(charge, paid, days, needed).pieces()
    assert sum(price for _, price in pieces) == pytest.approx(charge.relaxed_per_kw)
    assert all(level >= paid for level, _ in pieces)


def test_fewer_days_left_make_a_kilowatt_dearer() -> None:
    charge, needed = DemandCharge("d", 10.0), np.arange(20.0, 60.0)

    def price_at(level: float, days: int) -> float:
        return sum(price for kw, price in Outlook(charge, 0.0, days, needed).pieces() if kw <= level)

    prices = [price_at(50.0, days) for days in (30, 10, 3, 1, 0)]
    assert prices == sorted(prices)
    assert prices[0] < 1.0 < prices[-1] == 10.0


def test_convex_slopes_by_hand() -> None:
    level, cost = np.array([0.0, 1.0, 2.0, 4.0]), np.array([0.0, 2.0, 2.0, 8.0])
    assert convex_slopes(level, cost, 5.0).tolist() == [1.0, 1.0, 3.0, 5.0]


def test_the_target_is_what_is_paid_where_nothing_is_known() -> None:
    empty: Any = Outlook(BEV_2, 42.0, 20, NOTHING)
    assert empty.target_kw == 42.0
