"""What desks are told of what is kept, and a desk that begins anew from it."""

from datetime import UTC, datetime, timedelta

from evenload.domain.station import StationId, Token, TokenStatus, Verdict
from evenload.domain.station_readings import Quality
from evenload.ocpp.records import KnownTransaction
from evenload.service.admission import put_token
from evenload.service.records import StoreRecords, TransactionNumbers
from evenload.service.rows import TransactionRow
from evenload.store.memory import MemoryStore

A = StationId("home", "A")
T0 = datetime(2026, 3, 1, 12, tzinfo=UTC)


def records(store: MemoryStore, otherwise: TokenStatus = TokenStatus.ACCEPTED) -> StoreRecords:
    return StoreRecords(store, A, TransactionNumbers(store, "home"), lambda: T0, otherwise)


def test_tokens_are_judged_by_the_list_and_others_by_the_setting() -> None:
    store = MemoryStore()
    put_token(store, "home", Token("Good"), TokenStatus.ACCEPTED, T0 + timedelta(hours=1))
    put_token(store, "home", Token("old"), TokenStatus.ACCEPTED, T0)
    put_token(store, "home", Token("bad"), TokenStatus.BLOCKED, T0)
    asked = records(store, TokenStatus.UNKNOWN)
    assert asked.authorise(Token("GOOD"), 1, T0) == Verdict(TokenStatus.ACCEPTED, T0 + timedelta(hours=1))
    assert asked.authorise(Token("old"), 1, T0).status is TokenStatus.EXPIRED
    assert asked.authorise(Token("bad"), 1, T0).status is TokenStatus.BLOCKED
    assert asked.authorise(Token("none"), 1, T0).status is TokenStatus.UNKNOWN
    assert records(store).authorise(Token("none"), 1, T0).status is TokenStatus.ACCEPTED


def test_numbers_are_never_given_twice_not_even_by_another_run() -> None:
    store = MemoryStore()
    first = [records(store).next_transaction_id() for _ in range(3)]
    one = records(store)
    second = [one.next_transaction_id() for _ in range(2500)]
    assert len({*first, *second}) == 2503
    assert min(first) > 0


def test_a_desk_knows_what_goes_on_and_what_ended_lately() -> None:
    open_long = TransactionRow(
        A, "1", 2, T0 - timedelta(days=90), token=Token("T7"), register_kwh_start=1.5, sequence=4
    )
    lately = TransactionRow(A, "2", 1, T0 - timedelta(days=6), ended=Quality.MEASURED, ended_at=T0 - timedelta(days=6))
    long_ago = TransactionRow(
        A, "3", 1, T0 - timedelta(days=9), ended=Quality.MEASURED, ended_at=T0 - timedelta(days=8)
    )
    elsewhere = TransactionRow(StationId("depot", "A"), "4", 1, T0)
    store = MemoryStore()
    with store.writing() as unit:
        unit.transactions.put([open_long, lately, long_ago, elsewhere])
    assert list(records(store).known_transactions()) == [
        KnownTransaction("1", 2, open_long.started_at, "t7", 1.5, sequence=4),
        KnownTransaction("2", 1, lately.started_at, ended=True),
    ]
