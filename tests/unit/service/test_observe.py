"""What is kept of what happened: late, twice, out of order."""

import json
from datetime import UTC, datetime, timedelta
from itertools import permutations
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evenload.base.errors import EvenloadError
from evenload.base.instants import Interval
from evenload.domain.station import ConnectorStatus, Registration, StationDetails, StationId, Token
from evenload.domain.station_commands import CommandSettled, Settlement
from evenload.domain.station_events import (
    ChargingState,
    FallbackVerified,
    MeterSampled,
    SettingsReported,
    StationBooted,
    StationEvent,
    StationLost,
    StationSeen,
    StatusChanged,
    TransactionEnded,
    TransactionStarted,
    TransactionUpdated,
)
from evenload.domain.station_readings import Quality, Reading, ReadingKind
from evenload.service.observe import observe, restarted
from evenload.service.ports import Store
from evenload.service.rows import OrderRow, StationRow, TransactionRow
from evenload.store.memory import MemoryStore
from evenload.store.sql.store import opened

A, B = StationId("home", "A"), StationId("home", "B")
T0 = datetime(2026, 3, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def told(minutes: int, **rest: Any) -> dict[str, Any]:
    at = T0 + minutes * MINUTE
    return {"station": A, "at": at, "received_at": at, "evse_id": 1} | rest


STARTED = TransactionStarted(**told(0, transaction_id="1", token=Token("t"), register_kwh=10.0, sequence=0))
UPDATED = TransactionUpdated(**told(5, transaction_id="1", state=ChargingState.CHARGING, sequence=1))
ENDED = TransactionEnded(
    **told(9, transaction_id="1", register_kwh=17.0, energy_kwh=7.0, reason="Local", sequence=2)
)  # fmt: skip
CONCLUDED = TransactionEnded(
    **told(5, transaction_id="1", energy_kwh=3.0, energy_quality=Quality.ESTIMATED, quality=Quality.ESTIMATED)
)  # fmt: skip
WHOLE = TransactionRow(
    A, "1", 1, T0, token=Token("t"), register_kwh_start=10.0, last_at=T0 + 9 * MINUTE, sequence=2,
    ended=Quality.MEASURED, ended_at=T0 + 9 * MINUTE, register_kwh_end=17.0, energy_kwh=7.0,
    energy_quality=Quality.MEASURED, reason="Local",
)  # fmt: skip


def kept(store: Store) -> TransactionRow:
    with store.reading() as unit:
        (row,) = unit.transactions.last("home", 9)
    return row


@pytest.mark.parametrize("order", list(permutations([STARTED, CONCLUDED, ENDED])))
def test_a_transaction_is_the_same_in_whatever_order_it_is_told(order: tuple[StationEvent, ...]) -> None:
    together, apart = MemoryStore(), MemoryStore()
    observe(together, order)
    for event in order:
        observe(apart, [event])
    assert kept(together) == kept(apart) == WHOLE


def test_an_end_that_was_concluded_is_taken_back_when_it_goes_on() -> None:
    store = MemoryStore()
    observe(store, [STARTED, CONCLUDED])
    assert kept(store).ended is Quality.ESTIMATED
    observe(store, [TransactionUpdated(**told(6, transaction_id="1", state=ChargingState.CHARGING))])
    row = kept(store)
    assert (row.ended, row.ended_at, row.energy_kwh, row.state) == (None, None, None, "charging")


def test_a_late_update_changes_neither_the_state_nor_the_end() -> None:
    store = MemoryStore()
    observe(store, [STARTED, TransactionUpdated(**told(7, transaction_id="1", state=ChargingState.IDLE)), ENDED])
    observe(store, [UPDATED])
    assert (kept(store).state, kept(store).ended) == ("idle", Quality.MEASURED)


def events() -> st.SearchStrategy[list[StationEvent]]:
    def event(draw: tuple[int, int, StationId]) -> StationEvent:
        kind, minute, station = draw
        told_here = told(minute, station=station)
        reading = Reading(at=T0 + minute * MINUTE, kind=ReadingKind.INSTANT, power_kw=float(minute))
        own_id: dict[str, Any] = {"transaction_id": str(minute % 3)}
        makers = (
            lambda: StatusChanged(**told_here, connector_id=1, status=ConnectorStatus.CHARGING),
            lambda: StationSeen(**told_here),
            lambda: StationLost(**told_here),
            lambda: StationBooted(**told_here, details=DETAILS, registration=Registration.ACCEPTED),
            lambda: MeterSampled(**told_here, readings=(reading,)),
            lambda: TransactionStarted(**told_here, **own_id),
            lambda: TransactionUpdated(**told_here, **own_id, state=ChargingState.CHARGING),
            lambda: TransactionEnded(**told_here, **own_id, energy_kwh=1.0),
        )
        return makers[kind]()

    return st.lists(st.tuples(st.integers(0, 7), st.integers(0, 9), st.sampled_from([A, B])).map(event), max_size=12)


DETAILS = StationDetails("v", "m")


def everything(store: Store) -> tuple[object, ...]:
    with store.reading() as unit:
        return (
            unit.stations.of("home"), unit.stations.connectors("home"), unit.transactions.last("home", 99),
            unit.readings.within(A, Interval(T0, T0 + 99 * MINUTE), 99), unit.readings.latest("home"),
            [(row.station, row.kind, row.body) for row in unit.events.last("home", 99)],
        )  # fmt: skip


@given(events())
def test_the_same_events_again_change_nothing(batch: list[StationEvent]) -> None:
    store = MemoryStore()
    with store.writing() as unit:
        unit.stations.put([StationRow(A), StationRow(B)])
    observe(store, batch)
    before = everything(store)
    observe(store, batch)
    assert everything(store) == before


@settings(max_examples=15)
@given(st.lists(events(), min_size=1, max_size=3))
def test_both_stores_keep_the_same(batches: list[list[StationEvent]]) -> None:
    memory = MemoryStore()
    with TemporaryDirectory() as folder, opened(Path(folder) / "a.db") as sqlite:
        for batch in batches:
            observe(memory, batch)
            observe(sqlite, batch)
        assert everything(memory) == everything(sqlite)


def test_the_life_of_a_station() -> None:
    store = MemoryStore()
    with store.writing() as unit:
        unit.stations.put([StationRow(A, approved=True, address="a")])
    booted = StationBooted(**told(0), details=DETAILS, registration=Registration.ACCEPTED)
    observe(store, [booted, FallbackVerified(**told(1), power_kw=4.2), StationSeen(**told(2))])
    with store.reading() as unit:
        row = unit.stations.find(A)
    assert row == StationRow(
        A, approved=True, address="a", details=DETAILS, booted_at=T0, seen_at=T0 + 2 * MINUTE, fallback_kw=4.2,
        fallbacks_kw={1: 4.2}, back_at=T0 + 2 * MINUTE,
    )  # fmt: skip
    assert row is not None
    assert row.connected
    observe(store, [StationLost(**told(3))])
    other = StationBooted(**told(4), details=StationDetails("v", "another"), registration=Registration.ACCEPTED)
    with store.reading() as unit:
        assert not unit.stations.of("home")[0].connected
    observe(store, [other])
    with store.reading() as unit:
        row = unit.stations.of("home")[0]
    assert row.connected
    assert (row.fallback_kw, row.fallbacks_kw) == (None, {})  # another device: nothing was verified of it
    assert (row.lost_at, row.back_at) == (T0 + 3 * MINUTE, T0 + 4 * MINUTE)


def test_after_a_restart_nobody_is_connected() -> None:
    store = MemoryStore()
    booted = StationBooted(**told(0), details=DETAILS, registration=Registration.ACCEPTED)
    observe(store, [booted, StationBooted(**told(0, station=B), details=DETAILS, registration=Registration.ACCEPTED)])
    observe(store, [StationLost(**told(1, station=B))])
    restarted(store, ["home"])
    with store.reading() as unit:
        assert [row.connected for row in unit.stations.of("home")] == [False, False]
        assert [row.lost_at for row in unit.stations.of("home")] == [T0, T0 + MINUTE]  # since last seen


def test_secrets_and_signs_of_life_are_not_logged() -> None:
    store = MemoryStore()
    values = {"AuthorizationKey": "0badc0de", "SecurityCtrlr.BasicAuthPassword": "0badc0de", "HeartbeatInterval": "60"}
    reading = Reading(at=T0, kind=ReadingKind.INSTANT, power_kw=1.0)
    observe(store, [SettingsReported(**told(0), values=values), StationSeen(**told(1))])
    observe(store, [MeterSampled(**told(1), readings=(reading,))])
    with store.reading() as unit:
        (row,) = unit.events.last("home", 9)
    assert "0badc0de" not in row.body
    assert json.loads(row.body)["values"]["HeartbeatInterval"] == "60"


def test_a_settled_command_is_noted_with_its_order_and_no_others() -> None:
    store = MemoryStore()
    with store.writing() as unit:
        unit.orders.add(OrderRow("x", A, "Reset", 0, "{}", T0))
        unit.orders.add(OrderRow("y", B, "Reset", 0, "{}", T0))
    ends = [CommandSettled(**told(1), command_id=one, settlement=Settlement.DONE, info="ok") for one in "xyz"]
    observe(store, ends)
    with store.reading() as unit:
        assert [(row.order_id, row.settlement) for row in unit.orders.last("home", 9)] == [("x", "done"), ("y", "")]


def test_nothing_of_a_group_is_kept_where_one_of_it_cannot_be(monkeypatch: pytest.MonkeyPatch) -> None:
    store = MemoryStore()

    def full(*_: object) -> None:
        raise EvenloadError("the disk is full")

    monkeypatch.setattr("evenload.store.memory.MemoryReadings.put", full)
    with pytest.raises(EvenloadError, match="the disk is full"):
        observe(store, [STARTED])
    with store.reading() as unit:
        assert unit.transactions.last("home", 9) == []
