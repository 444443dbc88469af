"""What every store promises."""

import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from evenload.base.instants import Interval
from evenload.domain.station import ConnectorStatus, StationDetails, StationId, Token, TokenStatus
from evenload.domain.station_readings import Quality, Reading, ReadingKind, SampleContext
from evenload.service.ports import Store
from evenload.service.rows import (
    ConnectorRow,
    EventRow,
    OrderRow,
    ReadingRow,
    StationRow,
    TokenRow,
    TransactionRow,
)

A, B, OTHER = StationId("home", "A'; DROP TABLE stations;--"), StationId("home", "B"), StationId("depot", "B")
T0 = datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
HASH = "sha256$x$y"
FULL = StationRow(
    A, approved=True, profile=2, password_hash=HASH, certificate_name="cn", address="10.0.0.1:5",
    noted_at=T0, details=StationDetails("Vendor", "Modell Ä", "s", "1.2"), booted_at=T0, seen_at=T0, lost_at=T0,
    fallback_kw=4.2, disobeyed_at=T0, fallbacks_kw={0: 22.0, 2: 4.2}, back_at=T0,
)  # fmt: skip


def test_a_station_comes_back_as_it_was_put(store: Store) -> None:
    with store.writing() as unit:
        unit.stations.put([FULL, StationRow(B), StationRow(OTHER)])
    with store.reading() as unit:
        assert unit.stations.find(A) == FULL
        assert unit.stations.find(StationId("depot", A.identity)) is None
        assert unit.stations.of("home") == [FULL, StationRow(B)]
        assert unit.stations.of("home", count=1) == [FULL]
        assert unit.stations.of("home", after=A.identity, count=9) == [StationRow(B)]
        assert (unit.stations.held("home"), unit.stations.held("nobody")) == (1, 0)


def test_when_a_station_was_seen_never_goes_back(store: Store) -> None:
    with store.writing() as unit:
        unit.stations.put([StationRow(A), StationRow(B)])
        unit.stations.saw({A: T0, OTHER: T0})
        unit.stations.saw({A: T0 - MINUTE, B: T0 - MINUTE})
    with store.reading() as unit:
        assert [row.seen_at for row in unit.stations.of("home")] == [T0, T0 - MINUTE]
        assert unit.stations.find(OTHER) is None


def test_since_when_a_station_is_back(store: Store) -> None:
    with store.writing() as unit:
        unit.stations.put([StationRow(A)])
    told = [(0, None, 0), (1, None, 0), (1, 2, 0), (3, 2, 3), (4, 2, 3), (2, 2, 3), (4, 5, 3), (4, 5, 3), (7, 5, 7)]
    for seen, lost, back in told:
        with store.writing() as unit:
            row = unit.stations.find(A)
            assert row is not None
            unit.stations.put([replace(row, lost_at=None if lost is None else T0 + lost * MINUTE)])
            unit.stations.saw({A: T0 + seen * MINUTE})
            found = unit.stations.find(A)
        assert found is not None
        assert found.back_at == T0 + back * MINUTE


def test_connectors_are_replaced_and_in_order(store: Store) -> None:
    first = ConnectorRow(A, 2, 1, ConnectorStatus.FAULTED, T0, "GroundFailure")
    rows = [first, ConnectorRow(A, 1, 1, ConnectorStatus.AVAILABLE, T0), ConnectorRow(OTHER, 1, 1, first.status, T0)]
    after = replace(rows[1], status=ConnectorStatus.CHARGING, at=T0 + MINUTE)
    with store.writing() as unit:
        unit.stations.put_connectors(rows)
        unit.stations.put_connectors([after])
    with store.reading() as unit:
        assert unit.stations.connectors("home") == [after, first]


def test_tokens_are_found_by_their_key(store: Store) -> None:
    row = TokenRow("home", Token(" Card7 ", "eMAID"), TokenStatus.BLOCKED, T0, "group")
    with store.writing() as unit:
        unit.tokens.put([TokenRow("home", Token("card7")), row, TokenRow("depot", Token("z"))])
    with store.reading() as unit:
        assert unit.tokens.find("home", "card7") == row
        assert unit.tokens.find("depot", "card7") is None
        assert unit.tokens.of("home") == [row]


def transaction(station: StationId, name: str, minutes: int) -> TransactionRow:
    return TransactionRow(station, name, 1, T0 + minutes * MINUTE)


def test_transactions(store: Store) -> None:
    ended = replace(
        transaction(A, "1", 0), connector_id=2, token=Token("t", "k"), register_kwh_start=0.1, state="charging",
        last_at=T0, sequence=7, ended=Quality.ESTIMATED, ended_at=T0 + MINUTE, register_kwh_end=1.25,
        energy_kwh=1.15, energy_quality=Quality.MEASURED, reason="Local", began=Quality.ESTIMATED,
    )  # fmt: skip
    goes_on, twin, elsewhere = transaction(A, "2", 2), transaction(B, "1", 3), transaction(OTHER, "1", 4)
    with store.writing() as unit:
        unit.transactions.put([twin, goes_on, ended, elsewhere])
    with store.reading() as unit:
        found = unit.transactions.find([ended.key, twin.key, (A, "none")] + [(A, str(n)) for n in range(9, 2000)])
        assert found == {ended.key: ended, twin.key: twin}
        assert unit.transactions.at_station(A, T0) == [ended, goes_on]
        assert unit.transactions.at_station(A, T0 + 2 * MINUTE) == [goes_on]
        assert unit.transactions.last("home", 9) == [twin, goes_on, ended]
        assert unit.transactions.last("home", 1) == [twin]
        assert unit.transactions.last("home", 9, only_open=True) == [twin, goes_on]


def test_numbers_are_given_once(store: Store) -> None:
    given: list[int] = []

    def take() -> None:
        for _ in range(20):
            with store.writing() as unit:
                first = unit.transactions.reserve_ids("home", 3)
            given.extend(range(first, first + 3))

    threads = [threading.Thread(target=take) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(given) == list(range(1, 241))
    with store.writing() as unit:
        assert unit.transactions.reserve_ids("depot", 3) == 1


def reading(minutes: int, kind: ReadingKind = ReadingKind.INSTANT, **values: float) -> Reading:
    return Reading(at=T0 + minutes * MINUTE, kind=kind, **values)  # type: ignore[arg-type]


def test_a_reading_comes_back_as_it_was_put(store: Store) -> None:
    row = ReadingRow(
        A, 2,
        Reading(
            at=T0, kind=ReadingKind.INTERVAL, quality=Quality.ESTIMATED, context=SampleContext.CLOCK, duration_s=900.0,
            power_kw=7.1, energy_kwh_import=1.5, energy_kwh_export=0.25, soc=0.5, power_kw_of_phase=(2.3, None, 2.5),
            current_a=(10.0, 0.0, 11.0), voltage_v=(400.0, 401.0, 402.0), voltage_is_between_phases=True,
            power_kw_offered=11.0, current_a_offered=16.0,
        ),
        "17",
    )  # fmt: skip
    with store.writing() as unit:
        unit.readings.put([row])
    with store.reading() as unit:
        assert unit.readings.within(A, Interval(T0, T0 + MINUTE), 9) == [row]
        assert unit.readings.latest("home") == [row]


def test_readings_of_one_instant_complete_each_other(store: Store) -> None:
    with store.writing() as unit:
        unit.readings.put([ReadingRow(A, 1, reading(0, power_kw=7.0))])
        unit.readings.put([ReadingRow(A, 1, reading(0, soc=0.4)), ReadingRow(A, 1, reading(0, soc=0.5))])
        unit.readings.put([ReadingRow(A, 1, reading(0, ReadingKind.REGISTER, energy_kwh_import=3.0))])
    with store.reading() as unit:
        rows = unit.readings.within(A, Interval(T0, T0 + MINUTE), 9)
    assert [row.reading for row in rows] == [
        reading(0, power_kw=7.0, soc=0.5), reading(0, ReadingKind.REGISTER, energy_kwh_import=3.0),
    ]  # fmt: skip


def test_readings_of_a_window_and_the_latest(store: Store) -> None:
    rows = [ReadingRow(A, 1, reading(n, power_kw=float(n))) for n in range(5)]
    others = [ReadingRow(B, 1, reading(9)), ReadingRow(OTHER, 1, reading(9)), ReadingRow(A, 2, reading(1))]
    with store.writing() as unit:
        unit.readings.put([*rows[:3], *others])
        unit.readings.put(reversed(rows[2:]))
        unit.readings.put(rows[:1])  # late
    with store.reading() as unit:
        one_evse = [
            row for row in unit.readings.within(A, Interval(T0 + MINUTE, T0 + 4 * MINUTE), 9) if row.evse_id == 1
        ]
        assert one_evse == rows[1:4]
        assert unit.readings.within(A, Interval(T0, T0 + 9 * MINUTE), 2) == rows[3:]
        assert unit.readings.latest("home") == [rows[4], others[2], others[0]]


def test_events_are_kept_once_and_in_order(store: Store) -> None:
    rows = [EventRow(A, T0 + n * MINUTE, T0, 1, "StatusChanged", f'{{"n":{n}}}') for n in range(4)]
    with store.writing() as unit:
        unit.events.add(rows[:3])
        unit.events.add([replace(rows[1], received_at=T0 + MINUTE), EventRow(OTHER, T0, T0, 1, "x", "{}"), rows[3]])
    with store.reading() as unit:
        kept = unit.events.after("home", 0, 99)
        assert [replace(row, number=0) for row in kept] == rows
        assert [row.number for row in kept] == sorted({row.number for row in kept})
        assert unit.events.after("home", kept[1].number, 1) == [kept[2]]
        assert unit.events.last("home", 2) == kept[2:]


def test_orders_wait_until_they_are_answered(store: Store) -> None:
    plain = OrderRow("a", A, "Reset", 0, "{}", T0, T0 + MINUTE)
    standing = OrderRow("b", A, "SetFallback", 1, "{}", T0, standing=True)
    elsewhere = OrderRow("c", OTHER, "SetFallback", 1, "{}", T0, standing=True)
    with store.writing() as unit:
        for row in (plain, standing, elsewhere):
            unit.orders.add(row)
    with store.reading() as unit:
        a, b, c = unit.orders.to_give(0)
        assert [replace(row, number=0) for row in (a, b, c)] == [plain, standing, elsewhere]
        assert unit.orders.to_give(a.number) == [b, c]
        assert unit.orders.standing(A) == [b]
        assert unit.orders.last("home", 1) == [b]
    done = replace(a, settlement="done", info="ok", settled_at=T0)
    unanswered = replace(c, settlement="no_answer", standing=False)
    with store.writing() as unit:
        unit.orders.put([done, replace(b, settlement="done"), unanswered])
    with store.reading() as unit:
        assert [row.order_id for row in unit.orders.to_give(0)] == ["b", "c"]
        assert unit.orders.find(["a", "none"]) == [done]


def test_a_unit_of_work_that_fails_leaves_nothing(store: Store) -> None:
    def fail() -> None:
        with store.writing() as unit:
            unit.stations.put([FULL])
            unit.readings.put([ReadingRow(A, 1, reading(0))])
            unit.events.add([EventRow(A, T0, T0, 0, "x", "{}")])
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    with store.reading() as unit:
        assert unit.stations.of("home") == []
        assert unit.readings.latest("home") == []
        assert unit.events.last("home", 9) == []


def test_a_reading_of_an_evse_whose_first_one_failed_is_kept(store: Store) -> None:
    def fail() -> None:
        with store.writing() as unit:
            unit.readings.put([ReadingRow(A, 1, reading(0)), ReadingRow(A, 1, reading(1))])
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    rows = [ReadingRow(B, 1, reading(2)), ReadingRow(A, 1, reading(3))]
    for row in rows:
        with store.writing() as unit:
            unit.readings.put([row])
    with store.reading() as unit:
        assert unit.readings.latest("home") == rows[::-1]


def test_a_reader_sees_nothing_of_a_unit_under_way(store: Store) -> None:
    with store.writing() as writing:
        writing.stations.put([FULL])
        with store.reading() as unit:
            assert unit.stations.find(A) is None
