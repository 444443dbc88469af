import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenload.report.numbers import amount, count, money, percent, plural, quantity, span, tied


@pytest.mark.parametrize(
    ("value", "words"),
    [(0, "0"), (0.6283, "0.63"), (1.194, "1.19"), (12.34, "12.3"), (1234.5, "1,234"), (0.0213, "0.021"),
     (0.0002, "< 0.001"), (-0.101, "−0.10"), (-1e-9, "0"), (-0.0002, "> −0.001"), (math.nan, "–"), (math.inf, "–")],
)  # fmt: skip
def test_quantity(value: float, words: str) -> None:
    assert quantity(value) == words


def test_units_do_not_part_from_their_number() -> None:
    assert quantity(5.0, "kW") == "5.00\u00a0kW"
    assert percent(0.5) == "50\u00a0%"


@pytest.mark.parametrize(
    ("share", "words"),
    [
        (0, "0 %"),
        (0.6, "60 %"),
        (0.025, "2.5 %"),
        (0.0003, "0.03 %"),
        (0.0016, "0.16 %"),
        (0.00002, "< 0.01 %"),
        (1e-12, "0 %"),
        (1.234, "123 %"),
        (math.nan, "–"),
    ],
)
def test_percent(share: float, words: str) -> None:
    assert percent(share).replace("\u00a0", " ") == words


def test_money_needs_a_currency() -> None:
    assert money(1234.5, "EUR") == "EUR\u00a01,234"
    assert money(3.14159, "EUR") == "EUR\u00a03.14"
    assert money(3.0, "") == money(math.nan, "EUR") == "–"


def test_numbers_are_tied_to_their_units() -> None:
    tie = "\u00a0"
    assert tied("at most 1 % for 60 min or more, 5 to 7") == f"at most 1{tie}% for 60{tie}min or more, 5{tie}to 7"


def test_counts() -> None:
    assert [count(6.0), count(5.875), count(0.04), count(math.nan)] == ["6", "5.9", "< 0.1", "–"]
    assert [plural(0, "car"), plural(1, "car"), plural(1200, "car")] == ["no cars", "1 car", "1,200 cars"]


def test_span_leaves_out_what_is_not_finite() -> None:
    assert span([2.0, math.nan, 1.0]) == "1.00 to 2.00"
    assert span([2.0, 2.0]) == span([math.nan]) == ""
    assert span([655.25, 57.5], amount) == "57.50 to 655"


@given(st.floats(allow_nan=True, allow_infinity=True))
def test_no_number_is_ever_written_as_nan_or_inf(value: float) -> None:
    written = [quantity(value), percent(value), money(value, "USD"), count(value), amount(value), span([value, 1.0])]
    assert not any("nan" in words or "inf" in words for words in written)
