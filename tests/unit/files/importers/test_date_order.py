from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenload.files.importers.date_order import DateOrder, FilePeriod, exchanged, order_of

DAYS = st.dates(date(2016, 1, 1), date(2019, 12, 31))


@given(DAYS)
def test_exchanging_twice_changes_nothing(day: date) -> None:
    assert exchanged(exchanged(day)) == day
    assert exchanged(day).year == day.year


@given(st.lists(DAYS, max_size=30))
def test_the_true_order_is_never_contradicted(days: list[date]) -> None:
    newest_first = sorted(days, reverse=True)
    assert order_of(newest_first) is not DateOrder.EXCHANGED
    assert order_of([exchanged(day) for day in newest_first]) is not DateOrder.PLAIN


def test_a_month_decides_and_a_single_row_does_not() -> None:
    august = [date(2017, 8, day) for day in range(31, 0, -1)]
    assert order_of(august) is DateOrder.PLAIN
    assert order_of([exchanged(day) for day in august]) is DateOrder.EXCHANGED
    assert order_of([date(2017, 12, 8)]) is DateOrder.UNDECIDED


def test_a_file_in_no_order_decides_nothing() -> None:
    assert order_of([date(2017, 5, 20), date(2017, 6, 20), date(2017, 4, 3)]) is DateOrder.UNDECIDED


@pytest.mark.parametrize(
    ("name", "first", "last"),
    [
        ("September 2016 - August 2017", date(2016, 9, 1), date(2017, 8, 31)),
        ("September 2017-August 2018", date(2017, 9, 1), date(2018, 8, 31)),
        ("January 2016 - February 2016", date(2016, 1, 1), date(2016, 2, 29)),
        ("Charging Sessions Dundee 010917 - 011217", date(2017, 9, 1), date(2017, 12, 1)),
    ],
)
def test_period_is_read_from_the_name(name: str, first: date, last: date) -> None:
    period = FilePeriod.named(name)
    assert period == FilePeriod(first, last)
    assert first in period
    assert last in period


@pytest.mark.parametrize("name", ["", "sessions.csv", "Sometember 2016 - August 2017", "990917 - 011217"])
def test_other_names_give_no_period(name: str) -> None:
    assert FilePeriod.named(name) is None
