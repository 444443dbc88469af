"""Which transaction a message belongs to, and how much energy one took."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenload.domain.station_readings import Quality
from evenload.ocpp.records import KnownTransaction
from evenload.ocpp.sequences import Sequences
from evenload.ocpp.transactions import ENDED_KEPT_MAX, Transaction, Transactions

pytestmark = pytest.mark.requirement("R77")

START = datetime(2026, 1, 1, tzinfo=UTC)


def later(minutes: float) -> datetime:
    return START + timedelta(minutes=minutes)


def test_energy_is_the_difference_of_the_registers() -> None:
    one = Transaction("1", 1, START, register_kwh_start=100.0)
    one.count(104.0, later(10))
    assert one.energy(107.5) == (7.5, Quality.MEASURED)


def test_without_a_register_at_the_start_only_what_was_seen_counts() -> None:
    one = Transaction("1", 1, START)
    assert one.energy(None) == (None, Quality.ESTIMATED)
    one.count(100.0, later(1))
    one.count(103.0, later(2))
    assert one.energy(103.0) == (3.0, Quality.ESTIMATED)


def test_a_register_that_falls_is_noticed_once_and_counted_on_from_there() -> None:
    one = Transaction("1", 1, START, register_kwh_start=100.0)
    assert [one.count(kwh, later(i)) for i, kwh in enumerate((101, 0.5, 2.5), 1)] == [False, True, False]
    assert one.energy(2.5) == (3.0, Quality.ESTIMATED)


def test_an_end_below_the_start_is_no_measurement() -> None:
    """The end came late, by its own time: nothing was seen to fall."""
    one = Transaction("1", 1, START, register_kwh_start=100.0)
    one.count(103.0, later(10))
    assert not one.count(40.0, later(9))
    assert one.energy(40.0) == (3.0, Quality.ESTIMATED)
    assert one.energy(99.995) == (0.0, Quality.MEASURED)  # noise


def test_a_sample_that_comes_late_does_not_look_like_a_register_that_fell() -> None:
    one = Transaction("1", 1, START, register_kwh_start=0.0)
    one.count(5.0, later(10))
    assert not one.count(3.0, later(5))
    assert one.energy(8.0) == (8.0, Quality.MEASURED)


@given(st.lists(st.floats(0, 50), min_size=1, max_size=20))
def test_what_is_counted_from_rising_registers_is_their_difference(steps: list[float]) -> None:
    one, register_kwh = Transaction("1", 1, START, register_kwh_start=10.0), 10.0
    for i, step in enumerate(steps):
        register_kwh += step
        assert not one.count(register_kwh, later(i))
    assert one.counted_kwh == pytest.approx(register_kwh - 10.0)


def test_known_transactions_are_found_again_and_open_ones_are_open() -> None:
    known = [KnownTransaction("1", 1, START, "a", 5.0), KnownTransaction("2", 2, START, "b", 6.0, ended=True)]
    transactions = Transactions(known)
    assert [one.transaction_id for one in transactions.open()] == ["1"]
    found = transactions.began(2, START, "b", 6.0)
    assert found is not None
    assert found.transaction_id == "2"


def test_of_ended_ones_the_oldest_are_forgotten_and_open_ones_never() -> None:
    transactions = Transactions()
    transactions.begin(Transaction("open", 9, START))
    for i in range(ENDED_KEPT_MAX + 10):
        transactions.begin(Transaction(str(i), 1, later(i), ended=Quality.MEASURED))
    assert transactions.find("open") is not None
    assert transactions.find("9") is None
    assert transactions.find("10") is not None


def test_a_late_start_does_not_end_what_began_after_it() -> None:
    transactions = Transactions()
    transactions.begin(Transaction("now", 1, later(60)))
    assert transactions.superseded(1, later(30)) == []
    assert [one.transaction_id for one in transactions.superseded(1, later(90))] == ["now"]


@given(st.permutations(range(12)))
def test_numbers_that_come_in_any_order_leave_nothing_missing(order: list[int]) -> None:
    sequences, found = Sequences(), set()
    for number in order:
        found |= set(sequences.gap(number))
    assert not sequences.missing
    assert sequences.highest == 11
    assert found <= set(range(12))


def test_a_wild_number_does_not_fill_memory() -> None:
    sequences = Sequences()
    assert len(sequences.gap(2**31)) <= 1000
    assert len(sequences.missing) <= 1000


def test_after_a_restart_of_ours_numbers_go_on_from_where_they_were_or_from_anywhere() -> None:
    known = [KnownTransaction("1", 1, START, sequence=5), KnownTransaction("2", 2, START)]
    transactions = Transactions(known)
    one, two = transactions.find("1"), transactions.find("2")
    assert one is not None
    assert two is not None
    assert list(one.sequences.gap(7)) == [6]
    assert list(two.sequences.gap(40)) == []
    assert list(two.sequences.gap(42)) == [41]
