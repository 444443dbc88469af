"""Charges of a site: prices of peaks worked by hand, and hours by the wall clock."""

from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenload.base.errors import InputError
from evenload.base.horizon import Horizon
from evenload.domain.site_tariff import ChargeHours, DemandCharge, SiteTariff, Subscription

ZONE = "America/Los_Angeles"
BEV_2 = Subscription(block_kw=50.0, per_block=95.56, overage_per_kw=3.82)
"""PG&E Business EV, secondary voltage: 95.56 USD a block of 50 kW, 3.82 USD per kW above (PG&E's rate calculator)."""


def week(start: datetime, days: int = 7, minutes: int = 15) -> Horizon:
    return Horizon(start, minutes, days * 24 * 60 // minutes)


@pytest.mark.parametrize(
    ("peak_kw", "blocks", "cost"),
    [
        (0.0, 0, 0.0),
        (10.0, 0, 38.2),
        (25.0, 0, 95.5),  # 3.82 is twice 95.56 / 50: half a block is where the next one begins to pay
        (26.0, 1, 95.56),
        (50.0, 1, 95.56),
        (60.0, 1, 95.56 + 38.2),
        (120.0, 2, 191.12 + 76.4),
        (140.0, 3, 286.68),
    ],
)
def test_blocks_of_pge_bev_2(peak_kw: float, blocks: int, cost: float) -> None:
    assert float(BEV_2.blocks_for(peak_kw)) == blocks
    assert float(BEV_2.cost(peak_kw)) == pytest.approx(cost)


@given(
    peak=st.floats(0, 5000),
    block=st.floats(1, 100),
    per_block=st.floats(0, 200),
    overage=st.floats(0, 50),
)
def test_blocks_are_the_cheapest_number(peak: float, block: float, per_block: float, overage: float) -> None:
    subscription = Subscription(block, per_block, overage)
    counts = np.arange(int(peak / block) + 3)
    costs = counts * per_block + overage * np.maximum(peak - counts * block, 0.0)
    assert float(subscription.cost(peak)) == pytest.approx(costs.min(), rel=1e-9, abs=1e-9)
    assert float(subscription.cost(peak)) >= subscription.relaxed_per_kw * peak * (1 - 1e-9)


def test_blocks_subscribed_to_are_paid_whatever_the_peak() -> None:
    two = Subscription(50.0, 95.56, 3.82, blocks=2)
    assert two.cost(np.array([0.0, 100.0, 110.0])) == pytest.approx([191.12, 191.12, 191.12 + 38.2])
    assert two.floor_kw(500.0) == 100.0


def test_a_ratchet_bills_a_share_of_what_was_highest() -> None:
    charge = DemandCharge("demand", 10.0, ratchet_share=0.8)
    assert charge.floor_kw(200.0) == pytest.approx(160.0)
    assert charge.cost(np.array([-5.0, 160.0])) == pytest.approx([0.0, 1600.0])


def test_hours_follow_the_wall_clock_over_a_change_of_clocks() -> None:
    """Weekdays 16:00 to 21:00 in Los Angeles; clocks went forward on Sunday 2019-03-10."""
    horizon = week(datetime(2019, 3, 4, 8, tzinfo=UTC), days=14, minutes=60)  # Monday 00:00 local
    counted = ChargeHours(16 * 60, 21 * 60, frozenset(range(5))).counted(horizon, ZONE)
    by_day = [np.flatnonzero(counted[d * 24 - (d > 6) : (d + 1) * 24 - (d > 5)]) for d in range(13)]
    assert [hours.tolist() for hours in by_day] == [[] if d % 7 > 4 else list(range(16, 21)) for d in range(13)]


def test_hours_over_midnight_belong_to_the_day_they_are_in() -> None:
    horizon = week(datetime(2019, 6, 3, tzinfo=UTC), days=2, minutes=60)  # Monday, Tuesday
    counted = ChargeHours(22 * 60, 2 * 60, frozenset({1})).counted(horizon, "UTC")
    assert np.flatnonzero(counted).tolist() == [24, 25, 46, 47]


def test_months_bound_hours() -> None:
    horizon = week(datetime(2019, 5, 31, tzinfo=UTC), days=2, minutes=60)
    assert ChargeHours(months=frozenset({6, 7, 8, 9})).counted(horizon, "UTC").sum() == 24


def test_demand_is_the_mean_of_a_quarter_hour() -> None:
    horizon = Horizon(datetime(2019, 6, 3, tzinfo=UTC), 5, 6)
    load = np.array([0.0, 3.0, 9.0, 6.0, 6.0, 6.0])
    assert SiteTariff().demand_kw(horizon, load) == pytest.approx([4.0] * 3 + [6.0] * 3)


def test_an_interval_counts_as_its_first_step_does() -> None:
    charge = DemandCharge("late", 1.0, ChargeHours(start_minute=10, end_minute=20))
    horizon = Horizon(datetime(2019, 6, 3, tzinfo=UTC), 5, 6)
    assert SiteTariff((charge,)).counted(charge, horizon, "UTC").tolist() == [False] * 3 + [True] * 3


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: ChargeHours(600, 600), "from 10:00 to 10:00 never occur"),
        (lambda: ChargeHours(weekdays=frozenset()), "weekdays .* never occur; give one or more of 0 to 6"),
        (lambda: ChargeHours(weekdays=frozenset({7})), "weekdays"),
        (lambda: ChargeHours(months=frozenset({0})), "months .* 1 to 12"),
        (lambda: ChargeHours(end_minute=1441), "minute"),
        (lambda: DemandCharge("d", -1.0), "d: per_kw must be a number of 0 or more, not -1"),
        (lambda: DemandCharge("d", float("nan")), "per_kw"),
        (lambda: DemandCharge("d", 1.0, ratchet_share=1.2), "ratchet_share must be between 0 and 1, not 1.2"),
        (lambda: Subscription(-50.0, 1.0, 1.0), "block_kw must be above 0, not -50"),
        (lambda: Subscription(50.0, -1.0, 1.0), "per_block"),
        (lambda: Subscription(50.0, 1.0, 1.0, blocks=-1), "blocks must be 0 to 100,000, not -1"),
        (lambda: SiteTariff((DemandCharge("a", 1.0), DemandCharge("a", 2.0))), "two charges named 'a'"),
        (lambda: SiteTariff(demand_minutes=7), "averaged"),
        (lambda: SiteTariff(fixed_per_period=-1.0), "fixed_per_period"),
    ],
)
def test_what_cannot_be_is_refused(make: Any, says: str) -> None:
    with pytest.raises(InputError, match=says):
        make()


@pytest.mark.parametrize(
    ("horizon", "says"),
    [
        (Horizon(datetime(2019, 6, 3, tzinfo=UTC), 30, 2), "steps of 30 min do not show"),
        (Horizon(datetime(2019, 6, 3, 0, 5, tzinfo=UTC), 5, 3), "not made of whole intervals"),
        (Horizon(datetime(2019, 6, 3, tzinfo=UTC), 5, 4), "not made of whole intervals"),
    ],
)
def test_steps_that_do_not_show_demand_are_refused(horizon: Horizon, says: str) -> None:
    with pytest.raises(InputError, match=says):
        SiteTariff().steps_per_mean(horizon)
