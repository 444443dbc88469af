"""Sessions out of what stations tell, in whatever order and however often."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from evenload.base.instants import Interval
from evenload.domain.station import ConnectorStatus, StationId, Token
from evenload.domain.station_commands import CommandSettled, Settlement
from evenload.domain.station_events import (
    ChargingState,
    MeterSampled,
    NeedDeclared,
    StationEvent,
    StationLost,
    StatusChanged,
    TransactionEnded,
    TransactionStarted,
    TransactionUpdated,
)
from evenload.domain.station_readings import Quality, Reading, ReadingKind
from evenload.service.live_rows import DeviceRow, NeedBasis, SessionRow, SiteRow, VehicleRow
from evenload.service.rows import StationRow
from evenload.service.track import track
from evenload.store.memory import MemoryStore

STATION = StationId("t", "CP1")
NOON = datetime(2026, 1, 10, 12, 0, tzinfo=UTC)


@pytest.fixture
def store() -> MemoryStore:
    made = MemoryStore()
    with made.writing() as unit:
        unit.sites.put([SiteRow("t", "depot", ready_by="17:00")])
        unit.devices.put([DeviceRow("t", "CP1/1", "depot", "CP1"), DeviceRow("t", "CP1/2", "depot", "CP1", evse_id=2)])
        unit.vehicles.put([VehicleRow("t", "van", token="card", energy_kwh_usual=33.0)])  # noqa: S106
    return made


def event(kind: type[StationEvent], minutes: float, told: float | None = None, **fields: Any) -> StationEvent:
    """Something that happened some minutes after noon, and was told then or at another time."""
    at = NOON + timedelta(minutes=minutes)
    received_at = at if told is None else NOON + timedelta(minutes=told)
    return kind(station=STATION, at=at, received_at=received_at, **({"evse_id": 1} | fields))


def status(status: ConnectorStatus, minutes: float, told: float | None = None) -> StationEvent:
    return event(StatusChanged, minutes, told, connector_id=1, status=status)


def metered(
    minutes: float, register_kwh: float, kw: float, transaction_id: str = "7", told: float | None = None
) -> StationEvent:  # fmt: skip
    at = NOON + timedelta(minutes=minutes)
    readings = (
        Reading(at=at, kind=ReadingKind.REGISTER, energy_kwh_import=register_kwh),
        Reading(at=at, kind=ReadingKind.INSTANT, power_kw=kw),
    )
    return event(MeterSampled, minutes, told, readings=readings, transaction_id=transaction_id)


def a_stay() -> list[StationEvent]:
    return [
        status(ConnectorStatus.PREPARING, 0),
        event(TransactionStarted, 1, transaction_id="7", token=Token("CARD"), register_kwh=100.0),
        metered(10, 101.5, 9.0),
        metered(20, 103.0, 9.0),
        event(TransactionEnded, 30, transaction_id="7", register_kwh=104.0, energy_kwh=4.0),
        status(ConnectorStatus.FINISHING, 31),
        status(ConnectorStatus.AVAILABLE, 40),
    ]


def tell(store: MemoryStore, events: Sequence[StationEvent]) -> frozenset[str]:
    with store.writing() as unit:
        return track(unit, events)


def sessions(store: MemoryStore) -> Sequence[SessionRow]:
    with store.reading() as unit:
        return unit.sessions.within("t", Interval(NOON - timedelta(days=2), NOON + timedelta(days=2)))


def test_a_stay_from_plug_in_to_plug_out(store: MemoryStore) -> None:
    assert tell(store, a_stay()) == {"t"}
    (session,) = sessions(store)
    assert (session.plugged_at, session.unplugged_at) == (NOON, NOON + timedelta(minutes=40))
    assert session.energy_kwh_delivered == pytest.approx(4.0)
    assert (session.vehicle_id, session.energy_kwh, session.basis) == ("van", 33.0, NeedBasis.USUAL)


def test_one_by_one_is_as_all_at_once(store: MemoryStore) -> None:
    tell(store, a_stay())
    (at_once,) = sessions(store)
    other = MemoryStore()
    with store.reading() as a, other.writing() as b:
        b.sites.put(a.sites.of("t"))
        b.devices.put(a.devices.of("t"))
        b.vehicles.put(a.vehicles.of("t"))
    for one in a_stay():
        tell(other, [one])
    assert sessions(other) == [at_once]


def test_told_twice_changes_nothing(store: MemoryStore) -> None:
    events = a_stay()[:4]
    tell(store, events)
    before = sessions(store)
    assert tell(store, events) == frozenset()
    assert sessions(store) == before


def test_readings_alone_are_no_news_but_a_full_battery_is(store: MemoryStore) -> None:
    tell(store, a_stay()[:2])
    assert tell(store, [metered(10, 101.0, 9.0)]) == frozenset()
    assert tell(store, [status(ConnectorStatus.SUSPENDED_BY_VEHICLE, 20)]) == {"t"}
    assert sessions(store)[0].suspended_by_vehicle


def test_a_start_dated_a_little_before_the_plug_in_is_of_this_session(store: MemoryStore) -> None:
    tell(store, [status(ConnectorStatus.PREPARING, 0), event(TransactionStarted, -1, transaction_id="9")])
    (session,) = sessions(store)
    assert session.transaction_id == "9"


def test_the_energy_of_two_transactions_of_one_stay_adds_up(store: MemoryStore) -> None:
    again = [
        event(TransactionStarted, 32, transaction_id="8", register_kwh=104.0),
        metered(35, 105.0, 9.0, "8"),
    ]
    tell(store, [*a_stay()[:5], *again])
    assert sessions(store)[0].energy_kwh_delivered == pytest.approx(5.0)


def test_readings_without_a_start_count_from_the_first_of_them(store: MemoryStore) -> None:
    tell(store, [status(ConnectorStatus.CHARGING, 0), metered(5, 500.0, 7.0, ""), metered(10, 500.6, 7.0, "")])
    assert sessions(store)[0].energy_kwh_delivered == pytest.approx(0.6)


def test_a_late_reading_does_not_turn_the_meter_back(store: MemoryStore) -> None:
    tell(store, [*a_stay()[:4], metered(5, 100.7, 3.0)])
    (session,) = sessions(store)
    assert session.energy_kwh_delivered == pytest.approx(3.0)
    assert session.power_kw == 9.0


def test_a_stay_told_of_when_it_is_over_makes_no_second_one(store: MemoryStore) -> None:
    offline = [
        event(TransactionStarted, 1, transaction_id="7", register_kwh=100.0, offline=True),
        event(TransactionEnded, 30, transaction_id="7", energy_kwh=4.0, offline=True),
        status(ConnectorStatus.AVAILABLE, 50),
    ]
    tell(store, offline)
    tell(store, offline)
    (session,) = sessions(store)
    assert session.energy_kwh_delivered == 4.0


@pytest.mark.parametrize("apart", [False, True])
@pytest.mark.parametrize("next_came", [False, True])
def test_a_transaction_that_ends_after_its_car_left_still_counts(
    store: MemoryStore, *, apart: bool, next_came: bool
) -> None:
    left = [*a_stay()[:4], status(ConnectorStatus.AVAILABLE, 30)]
    others = [status(ConnectorStatus.PREPARING, 31)] if next_came else []
    ended = [*others, event(TransactionEnded, 30, transaction_id="7", register_kwh=104.0, energy_kwh=4.0)]
    for events in [left, ended] if apart else [[*left, *ended]]:
        tell(store, events)
    tell(store, ended)
    first, *_ = sorted(sessions(store), key=lambda one: one.plugged_at)
    assert (first.energy_kwh_delivered, first.transaction_id) == (4.0, "")
    assert first.unplugged_at == NOON + timedelta(minutes=30)
    assert len(sessions(store)) == 1 + next_came


def test_what_a_vehicle_tells_is_its_need(store: MemoryStore) -> None:
    tell(store, a_stay()[:2])
    departs_at = NOON + timedelta(hours=3)
    assert tell(store, [event(NeedDeclared, 2, energy_kwh=11.0, departs_at=departs_at, soc=0.4)]) == {"t"}
    (session,) = sessions(store)
    assert (session.energy_kwh, session.departs_at, session.basis, session.soc) == (
        11.0, departs_at, NeedBasis.VEHICLE, 0.4,
    )  # fmt: skip


def test_a_lost_line_is_news_and_ends_no_session(store: MemoryStore) -> None:
    tell(store, a_stay()[:2])
    assert tell(store, [event(StationLost, 5, evse_id=0)]) == {"t"}
    assert sessions(store)[0].unplugged_at is None


def test_stations_nobody_enrolled_have_no_sessions(store: MemoryStore) -> None:
    at = NOON
    stranger = StatusChanged(
        station=StationId("t", "other"), at=at, received_at=at, evse_id=1, connector_id=1,
        status=ConnectorStatus.CHARGING,
    )  # fmt: skip
    assert tell(store, [stranger]) == frozenset()
    assert not sessions(store)


def test_another_car_is_another_session_even_where_nobody_told_that_the_first_left(store: MemoryStore) -> None:
    tell(store, a_stay()[:4])
    others = event(TransactionStarted, 120, transaction_id="8", token=Token("OTHER"), register_kwh=110.0)
    assert tell(store, [others, metered(130, 111.0, 9.0, "8")]) == {"t"}
    first, second = sorted(sessions(store), key=lambda one: one.plugged_at)
    assert first.unplugged_at == NOON + timedelta(minutes=20)
    assert first.energy_quality is Quality.ESTIMATED
    assert (second.token, second.vehicle_id, second.energy_kwh_delivered) == ("other", "", pytest.approx(1.0))


def test_a_visit_that_is_told_of_afterwards_has_an_end(store: MemoryStore) -> None:
    late = [
        status(ConnectorStatus.AVAILABLE, 100),
        event(TransactionStarted, 1, transaction_id="7", register_kwh=100.0, offline=True),
        event(TransactionEnded, 30, transaction_id="7", energy_kwh=4.0, offline=True),
    ]
    tell(store, late)
    (session,) = sessions(store)
    assert (session.unplugged_at, session.energy_kwh_delivered) == (NOON + timedelta(minutes=30), 4.0)


def test_a_stay_that_is_told_of_from_its_end_begins_where_its_transaction_did(store: MemoryStore) -> None:
    late = event(TransactionStarted, -90, transaction_id="7", register_kwh=100.0, offline=True)
    tell(store, [status(ConnectorStatus.CHARGING, 0), late, metered(5, 108.0, 9.0)])
    (session,) = sessions(store)
    assert session.plugged_at == NOON - timedelta(minutes=90)
    assert session.energy_kwh_delivered == pytest.approx(8.0)


def test_a_limit_that_is_not_taken_is_news(store: MemoryStore) -> None:
    settled = event(CommandSettled, 5, command_id="c", settlement=Settlement.REJECTED)
    assert tell(store, [settled]) == {"t"}
    assert tell(store, [event(CommandSettled, 5, command_id="c", settlement=Settlement.DONE)]) == frozenset()


@pytest.mark.parametrize("again", [slice(0, 1), slice(0, 7), slice(1, 2), slice(2, 5)])
def test_what_is_told_again_after_the_end_changes_nothing(store: MemoryStore, again: slice) -> None:
    tell(store, a_stay())
    before = sessions(store)
    assert tell(store, a_stay()[again]) == frozenset()
    with store.writing() as unit:
        unit.stations.put(
            [StationRow(STATION, lost_at=NOON - timedelta(hours=1), back_at=NOON + timedelta(minutes=49))]
        )
    tell(store, [status(ConnectorStatus.CHARGING, 5, told=50)])  # late, and of the same stay
    assert sessions(store) == before


def test_a_transaction_told_again_while_the_car_stays_counts_once(store: MemoryStore) -> None:
    stay = a_stay()
    tell(store, stay[:5])
    before = sessions(store)
    for one in (stay[1], stay[4]):
        assert tell(store, [one]) == frozenset()
    assert sessions(store) == before


@pytest.mark.parametrize("one_by_one", [True, False])
def test_an_end_told_after_its_car_left_is_that_stays(store: MemoryStore, one_by_one: bool) -> None:
    end = event(TransactionEnded, 29, 43, transaction_id="7", energy_kwh=4.0)
    next_car = [status(ConnectorStatus.PREPARING, 41), event(TransactionStarted, 42, transaction_id="8")]
    events = [*a_stay()[:4], status(ConnectorStatus.AVAILABLE, 30), *next_car, end, end]
    for some in [[one] for one in events] if one_by_one else [events]:
        tell(store, some)
    first, second = sorted(sessions(store), key=lambda one: one.plugged_at)
    assert (first.energy_kwh_delivered, first.unplugged_at) == (4.0, NOON + timedelta(minutes=30))
    assert (second.energy_kwh_delivered, second.transaction_id, second.unplugged_at) == (0.0, "8", None)


def test_an_end_told_after_the_next_transaction_began_adds_what_it_still_had(store: MemoryStore) -> None:
    tell(
        store,
        [
            *a_stay()[:3],
            event(TransactionStarted, 32, transaction_id="8", register_kwh=104.0),
            metered(35, 105.0, 9.0, "8"),
            event(TransactionEnded, 31, 36, transaction_id="7", energy_kwh=4.0),
        ],
    )
    assert sessions(store)[0].energy_kwh_delivered == pytest.approx(5.0)  # the meter: 100 to 105
    tell(store, [event(TransactionEnded, 40, transaction_id="8", energy_kwh=3.0)])
    assert sessions(store)[0].energy_kwh_delivered == pytest.approx(7.0)


def test_an_estimated_end_gives_way_to_the_measured_one(store: MemoryStore) -> None:
    supposed = event(TransactionEnded, 20, transaction_id="7", energy_kwh=3.0, quality=Quality.ESTIMATED)
    tell(store, [*a_stay()[:4], supposed, a_stay()[4], supposed])
    assert sessions(store)[0].energy_kwh_delivered == pytest.approx(4.0)


def test_a_meter_that_begins_anew_goes_on_counting(store: MemoryStore) -> None:
    tell(store, [*a_stay()[:4], metered(25, 0.5, 9.0), metered(30, 2.5, 9.0), metered(35, 2.495, 0.0)])
    assert sessions(store)[0].energy_kwh_delivered == pytest.approx(5.0)


def test_free_as_of_before_the_plug_in_ends_nothing(store: MemoryStore) -> None:
    tell(store, [status(ConnectorStatus.PREPARING, 0), status(ConnectorStatus.AVAILABLE, -5, told=1)])
    assert sessions(store)[0].unplugged_at is None


def test_occupied_says_nothing_of_whether_a_car_is_full(store: MemoryStore) -> None:
    full = event(TransactionUpdated, 10, transaction_id="7", state=ChargingState.SUSPENDED_BY_VEHICLE)
    tell(store, [*a_stay()[:2], full, status(ConnectorStatus.OCCUPIED, 20)])
    assert sessions(store)[0].suspended_by_vehicle
    tell(store, [status(ConnectorStatus.CHARGING, 21)])
    assert not sessions(store)[0].suspended_by_vehicle


@pytest.mark.parametrize("minutes_off", [-16, -300, -3_000_000, 55])
def test_a_station_whose_clock_is_wrong_has_sessions_at_the_right_time(store: MemoryStore, minutes_off: float) -> None:
    def wrong(minutes: float) -> float:
        return minutes + minutes_off

    with store.writing() as unit:
        lost_at = NOON - timedelta(days=3)
        unit.stations.put([StationRow(STATION, lost_at=lost_at, back_at=lost_at + timedelta(minutes=1))])
    start = event(TransactionStarted, wrong(1), 1, transaction_id="7", register_kwh=100.0, offline=minutes_off < 0)
    readings = [metered(wrong(one), 100.0 + one, 9.0, told=one) for one in range(10, 50, 10)]
    tell(store, [status(ConnectorStatus.PREPARING, wrong(0), told=0), start, *readings])
    (session,) = sessions(store)
    assert (session.plugged_at, session.departs_at) == (NOON, NOON + timedelta(hours=5))
    assert session.energy_kwh_delivered == pytest.approx(40.0)
    assert session.metered_at == session.heard_at == NOON + timedelta(minutes=40)
    tell(store, [status(ConnectorStatus.AVAILABLE, wrong(60), told=60)])
    assert sessions(store)[0].unplugged_at == NOON + timedelta(hours=1)


def test_one_meter_value_from_the_future_does_not_silence_the_others(store: MemoryStore) -> None:
    tell(store, [*a_stay()[:2], metered(65, 101.0, 9.0, told=10), metered(20, 103.0, 9.0)])
    assert sessions(store)[0].energy_kwh_delivered == pytest.approx(3.0)
