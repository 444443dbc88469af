from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenload.base.errors import InputError
from evenload.base.money import Money

AMOUNTS = st.decimals(-(10**9), 10**9, allow_nan=False, allow_infinity=False)
MICROS = st.integers(-(10**15), 10**15)


@given(AMOUNTS)
def test_an_amount_is_rounded_once_to_the_nearest_millionth_ties_to_even(amount: Decimal) -> None:
    assert Money.of(amount, "EUR").micro == round(Fraction(amount) * 1_000_000)  # exact; Python rounds ties to even


@given(MICROS, MICROS)
def test_adding_and_taking_away_are_exact(a: int, b: int) -> None:
    one, other = Money(a, "NOK"), Money(b, "NOK")
    assert (one + other).micro == a + b
    assert one + other - other == one
    assert one - one == Money(0, "NOK") == one + -one


@given(MICROS)
def test_amount_and_back_is_the_same_money(micro: int) -> None:
    assert Money.of(Money(micro, "USD").amount, "USD") == Money(micro, "USD")


def test_ties_and_many_digits_by_hand() -> None:
    assert Money.of(Decimal("0.0000005"), "EUR").micro == 0
    assert Money.of(Decimal("0.0000015"), "EUR").micro == 2
    assert Money.of(Decimal("0.00000050000000000000000000000000000000001"), "EUR").micro == 1
    assert str(Money.of(Decimal("12.345"), "EUR")) == "12.34 EUR"


@pytest.mark.parametrize("amount", [0.5, 1, "1"])
def test_only_a_decimal_can_say_what_is_owed(amount: object) -> None:
    with pytest.raises(InputError, match="an amount owed must be a Decimal, not"):
        Money.of(amount, "EUR")  # type: ignore[arg-type]


@pytest.mark.parametrize("amount", ["NaN", "Infinity", "1e30"])
def test_what_cannot_be_counted_is_refused(amount: str) -> None:
    with pytest.raises(InputError, match=r"is not an amount|more digits"):
        Money.of(Decimal(amount), "EUR")


@pytest.mark.parametrize("micro", [1.0, True, None])
def test_micro_units_are_whole(micro: object) -> None:
    with pytest.raises(InputError, match="whole micro-units, not in"):
        Money(micro, "EUR")  # type: ignore[arg-type]


@pytest.mark.parametrize("currency", ["", "EU", "eur", "EURO", "E1R", "ÆØÅ", "EUR\n"])
def test_a_currency_is_three_capital_letters(currency: str) -> None:
    with pytest.raises(InputError, match="is not a currency code"):
        Money(1, currency)


def test_two_currencies_do_not_mix() -> None:
    with pytest.raises(InputError, match="cannot combine EUR with NOK"):
        Money(1, "EUR") + Money(1, "NOK")
    with pytest.raises(InputError, match="cannot combine EUR with NOK"):
        Money(1, "EUR") - Money(1, "NOK")
