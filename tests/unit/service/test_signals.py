from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from evenload.base.errors import SignalError
from evenload.base.instants import Interval
from evenload.domain.circuit import Circuit, CircuitKind
from evenload.service import grid, signals
from evenload.service.access_rows import Role
from evenload.service.live_rows import SignalRow
from evenload.service.refusals import NotFoundError
from evenload.service.scope import Scope
from evenload.store.memory import MemoryStore

NOON = datetime(2026, 1, 12, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
OPERATOR = Scope("north", "user:ann", Role.OPERATOR)
VALUE = SignalRow("north", "", NOON, 3600.0, price_per_kwh=0.2, currency="EUR")
DAY = Interval(NOON, NOON + 24 * HOUR)


def test_values_are_kept_and_replaced_and_touching_ones_do_not_overlap() -> None:
    store = MemoryStore()
    later = replace(VALUE, at=NOON + HOUR, price_per_kwh=0.3)
    assert signals.put_signals(OPERATOR, store, [later, VALUE], NOON) == 2
    signals.put_signals(OPERATOR, store, [replace(VALUE, price_per_kwh=-0.1)], NOON)
    assert [row.price_per_kwh for row in signals.signals(OPERATOR, store, DAY)] == [-0.1, 0.3]


@pytest.mark.parametrize(
    ("rows", "why"),
    [
        ([VALUE, replace(VALUE, at=NOON + HOUR / 2)], "holds until"),
        ([VALUE, VALUE], "holds until"),
        ([replace(VALUE, price_per_kwh=None)], "neither a price nor carbon"),
        ([replace(VALUE, currency="")], "without a currency"),
        ([VALUE, replace(VALUE, at=NOON + HOUR, currency="NOK")], "prices in EUR and NOK"),
    ],
)
def test_values_that_do_not_go_together_are_refused(rows: list[SignalRow], why: str) -> None:
    store = MemoryStore()
    with pytest.raises(SignalError, match=why):
        signals.put_signals(OPERATOR, store, rows, NOON)
    assert signals.signals(OPERATOR, store, DAY) == []


def test_another_currency_than_around_is_refused() -> None:
    store = MemoryStore()
    grid.put_circuits(OPERATOR, store, [Circuit("F", "", CircuitKind.FEEDER)], NOON)
    signals.put_signals(OPERATOR, store, [VALUE], NOON)
    with pytest.raises(SignalError, match="prices in EUR and NOK"):
        signals.put_signals(OPERATOR, store, [replace(VALUE, node="F", currency="NOK")], NOON)
    carbon = SignalRow("north", "F", NOON, 3600.0, carbon_g_per_kwh=300.0)
    assert signals.put_signals(OPERATOR, store, [carbon], NOON) == 1
    with pytest.raises(NotFoundError, match="no circuit 'G'"):
        signals.put_signals(OPERATOR, store, [replace(carbon, node="G")], NOON)


@pytest.mark.parametrize("price", [300.0, -10.5])
def test_a_price_that_is_one_of_another_unit_is_refused(price: float) -> None:
    for field in ({"price_per_kwh": price}, {"export_price_per_kwh": price}):
        with pytest.raises(SignalError, match=f"{price:g} per kWh, beyond 10: is it one of a MWh"):
            signals.put_signals(OPERATOR, MemoryStore(), [replace(VALUE, **field)], NOON)  # type: ignore[arg-type]
    assert signals.put_signals(OPERATOR, MemoryStore(), [replace(VALUE, price_per_kwh=10.0)], NOON) == 1


def test_another_currency_than_the_one_in_use_is_refused_until_that_is_no_more() -> None:
    store = MemoryStore()
    signals.put_signals(OPERATOR, store, [VALUE], NOON)
    tomorrow = replace(VALUE, at=NOON + 24 * HOUR, currency="USD")
    with pytest.raises(SignalError, match="prices in EUR and USD"):
        signals.put_signals(OPERATOR, store, [tomorrow], NOON)
    assert signals.put_signals(OPERATOR, store, [replace(VALUE, currency="USD"), tomorrow], NOON) == 2  # all replaced
    assert signals.put_signals(OPERATOR, store, [replace(tomorrow, at=NOON + 48 * HOUR, currency="EUR")],
                               NOON + 25 * HOUR) == 1  # fmt: skip  # those before are over
