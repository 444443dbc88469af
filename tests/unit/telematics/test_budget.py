from datetime import UTC, datetime, timedelta
from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenload.telematics.budget import FREE, QUOTAS, Account, Allowance, Purse, Quotas, monthly
from evenload.telematics.port import Cost

NOW = datetime(2025, 1, 31, 18, 0, tzinfo=UTC)
# The published limits of one cloud: 120 at once, and 2 more a minute.
PUBLISHED = Allowance(120, 2 / 60)


def test_a_bucket_fills_again() -> None:
    purse = Purse()
    assert all(purse.spend(PUBLISHED, NOW) for _ in range(120))
    assert not purse.spend(PUBLISHED, NOW)
    assert purse.next_at(PUBLISHED, NOW) == NOW + timedelta(seconds=30)
    assert purse.left(PUBLISHED, NOW + timedelta(minutes=5)) == pytest.approx(10.0)
    assert purse.left(PUBLISHED, NOW + timedelta(days=5)) == 120


def test_a_month_that_is_spent_begins_anew_with_the_next() -> None:
    allowance, purse = Allowance(per_month=3), Purse()
    assert [purse.spend(allowance, NOW) for _ in range(4)] == [True, True, True, False]
    assert purse.next_at(allowance, NOW) == datetime(2025, 2, 1, tzinfo=UTC)
    assert purse.spend(allowance, datetime(2025, 2, 1, tzinfo=UTC))


def test_what_is_free_is_never_spent() -> None:
    purse = Purse()
    assert all(purse.spend(FREE, NOW) for _ in range(1000))
    assert purse.left(FREE, NOW) == inf


@given(
    st.integers(1, 20), st.floats(0.001, 1), st.integers(1, 60), st.lists(st.floats(0, 2000), min_size=1, max_size=80)
)
def test_never_more_than_is_allowed_in_any_span(
    burst: int, per_s: float, per_month: int, steps: list[float]
) -> None:  # fmt: skip
    allowance, purse, at = Allowance(burst, per_s, per_month), Purse(), datetime(2025, 3, 1, tzinfo=UTC)
    spent: list[datetime] = []
    for step in steps:
        at += timedelta(seconds=step)
        if purse.spend(allowance, at):
            spent.append(at)
        else:
            again = purse.next_at(allowance, at)
            assert again > at
            assert purse.left(allowance, again + timedelta(milliseconds=1)) >= 1
    assert len(spent) <= per_month
    for i, start in enumerate(spent):
        for j, end in enumerate(spent[i:], i):
            assert j - i + 1 <= burst + per_s * (end - start).total_seconds() + 1e-6


def test_an_account_that_is_told_to_wait_waits() -> None:
    account = Account(Quotas({Cost.READ: PUBLISHED}))
    account.close(NOW + timedelta(minutes=3))
    assert (account.left(Cost.READ, NOW), account.spend(Cost.COMMAND, NOW)) == (0.0, False)
    assert account.next_at(Cost.READ, NOW) == NOW + timedelta(minutes=3)
    assert account.spend(Cost.READ, NOW + timedelta(minutes=3))


def test_the_costs_of_an_account_do_not_touch_each_other() -> None:
    account = Account(Quotas({Cost.READ: Allowance(1, 0.01), Cost.COMMAND: Allowance(1, 0.01)}))
    assert account.spend(Cost.READ, NOW)
    assert not account.spend(Cost.READ, NOW)
    assert account.spend(Cost.COMMAND, NOW)
    assert account.spend(Cost.FREE, NOW)


def test_what_is_set_for_each_cloud_keeps_to_what_is_published() -> None:
    smartcar = QUOTAS[min(one for one in QUOTAS if one == "smartcar")]
    read, told = smartcar.car(Cost.READ), smartcar.car(Cost.COMMAND)
    assert read.per_month + told.per_month <= 500
    assert smartcar.app(Cost.READ).burst + smartcar.app(Cost.COMMAND).burst <= 120
    assert (smartcar.app(Cost.READ).per_s + smartcar.app(Cost.COMMAND).per_s) * 60 <= 2 + 1e-9
    assert monthly(500, 10).per_s * 86400 * 30 == pytest.approx(500)
