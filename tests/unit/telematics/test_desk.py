from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from math import inf

import pytest

from evenload.base.errors import InputError
from evenload.base.instants import Interval
from evenload.domain.station import ConnectorStatus
from evenload.domain.station_events import (
    ChargingState,
    DisobedienceFound,
    DriverOverrode,
    MeterFaultFound,
    MeterSampled,
    StationBooted,
    StationEvent,
    StationLost,
    StatusChanged,
    TransactionEnded,
    TransactionStarted,
    TransactionUpdated,
)
from evenload.domain.station_limits import Limits, LimitStep
from evenload.domain.station_readings import MeterFault, Quality, ReadingKind
from evenload.domain.vehicle_state import (
    Act,
    ActKind,
    ActReason,
    ActStatus,
    Capabilities,
    CarId,
    PlugState,
    VehicleState,
)
from evenload.telematics.budget import Allowance
from evenload.telematics.desk import CarDesk, Turn
from evenload.telematics.memory import DeskMemory
from evenload.telematics.polling import Situation
from evenload.telematics.port import ActOutcome, Failing, Fault
from evenload.telematics.terms import Terms

NOW = datetime(2025, 1, 13, 18, 0, tzinfo=UTC)
ON_OFF = Terms(
    car=CarId("town", "v1"), capabilities=Capabilities(can_start_stop=True), power_kw_max=7.4, battery_kwh=75.0,
    commands_max=6,
)  # fmt: skip
AMPS = replace(ON_OFF, capabilities=Capabilities(True, True, can_wake=True, current_a_max=32.0))
Tell = Callable[..., VehicleState]


def at(minutes: float) -> datetime:
    return NOW + timedelta(minutes=minutes)


def limit(power_kw: float, start: float = 0.0, end: float = 600.0) -> Limits:
    return Limits.constant(power_kw, Interval(at(start), at(end)))


def kinds(turn: Turn) -> list[type[StationEvent]]:
    return [type(one) for one in turn.events]


def one(turn: Turn) -> Act:
    (act,) = turn.acts
    return act


def done(desk: CarDesk, turn: Turn, minutes: float, reason: ActReason = ActReason.DONE) -> Turn:
    return desk.settle(ActOutcome(one(turn).act_id, ActStatus.CONFIRMED, reason), at(minutes))


def stopped(told: Tell, terms: Terms = ON_OFF) -> CarDesk:
    """A desk of a car that charged, was told to stop at 1 minute, and confirmed at 2."""
    desk = CarDesk(terms)
    desk.receive(told(0, PlugState.CHARGING, power_kw=7.2))
    done(desk, desk.want(limit(0.0), at(1)), 2)
    return desk


# a car as a station


@pytest.mark.requirement("R89")
def test_r89_plugging_in_begins_a_transaction_and_unplugging_ends_it(told: Tell) -> None:
    desk = CarDesk(ON_OFF)
    assert kinds(desk.receive(told(0, PlugState.UNPLUGGED))) == [StationBooted, StatusChanged]
    plugged = desk.receive(told(10, PlugState.WAITING))
    assert kinds(plugged) == [StatusChanged, TransactionStarted, TransactionUpdated, MeterSampled]
    started = plugged.events[1]
    assert isinstance(started, TransactionStarted)
    assert (started.evse_id, started.at, started.quality) == (1, at(10), Quality.MEASURED)
    assert started.token is not None
    assert started.token.text == "car:v1"
    desk.receive(told(20, PlugState.CHARGING, power_kw=7.2, energy_kwh_added=0.0))
    desk.receive(told(50, PlugState.CHARGING, power_kw=7.2, energy_kwh_added=3.5))
    left = desk.receive(told(60, PlugState.UNPLUGGED))
    assert kinds(left) == [TransactionEnded, StatusChanged]
    ended, free = left.events
    assert isinstance(ended, TransactionEnded)
    assert isinstance(free, StatusChanged)
    assert (ended.transaction_id, ended.energy_quality) == (started.transaction_id, Quality.ESTIMATED)
    assert ended.energy_kwh == pytest.approx(3.5)
    assert free.status is ConnectorStatus.AVAILABLE


def test_a_car_that_was_not_seen_for_long_began_at_a_time_nobody_told(told: Tell) -> None:
    desk = CarDesk(ON_OFF)
    desk.receive(told(0, PlugState.UNPLUGGED))
    (started,) = [e for e in desk.receive(told(120)).events if isinstance(e, TransactionStarted)]
    assert started.quality is Quality.ESTIMATED


def test_the_same_state_again_and_an_older_one_change_nothing(told: Tell) -> None:
    desk = CarDesk(ON_OFF)
    state = told(0, PlugState.CHARGING, power_kw=7.2)
    assert desk.receive(state).events
    before = desk.encoded()
    assert desk.receive(state) == Turn()
    assert desk.receive(replace(state, received_at=at(30))) == Turn()
    assert desk.receive(told(-20, PlugState.UNPLUGGED)) == Turn()
    assert desk.encoded() == before


@pytest.mark.parametrize(
    ("plug", "status", "charging"),
    [
        (PlugState.CHARGING, ConnectorStatus.CHARGING, ChargingState.CHARGING),
        (PlugState.COMPLETE, ConnectorStatus.SUSPENDED_BY_VEHICLE, ChargingState.SUSPENDED_BY_VEHICLE),
        (PlugState.WAITING, ConnectorStatus.PREPARING, ChargingState.CONNECTED),
        (PlugState.FAULT, ConnectorStatus.FAULTED, ChargingState.IDLE),
    ],
)
def test_what_the_plug_does_in_the_words_of_stations(
    told: Tell, plug: PlugState, status: ConnectorStatus, charging: ChargingState
) -> None:  # fmt: skip
    events = CarDesk(ON_OFF).receive(told(0, plug)).events
    (changed,) = [e for e in events if isinstance(e, StatusChanged)]
    (updated,) = [e for e in events if isinstance(e, TransactionUpdated)]
    assert (changed.status, updated.state) == (status, charging)


def test_a_car_that_was_stopped_is_suspended_by_the_station(told: Tell) -> None:
    desk = stopped(told)
    (changed,) = [e for e in desk.receive(told(6)).events if isinstance(e, StatusChanged)]
    assert changed.status is ConnectorStatus.SUSPENDED_BY_STATION


def test_readings_have_power_register_and_state_of_charge(told: Tell) -> None:
    desk = CarDesk(ON_OFF)
    desk.receive(told(0, PlugState.CHARGING, power_kw=7.2))
    (sampled,) = [
        e for e in desk.receive(told(15, PlugState.CHARGING, power_kw=7.2)).events if isinstance(e, MeterSampled)
    ]
    instant, register = sampled.readings
    assert (instant.kind, instant.power_kw, instant.soc) == (ReadingKind.INSTANT, 7.2, 0.5)
    assert register.kind is ReadingKind.REGISTER
    assert register.energy_kwh_import == pytest.approx(1.8)
    assert {one.quality for one in sampled.readings} == {Quality.ESTIMATED}


def test_without_power_energy_follows_the_battery(told: Tell) -> None:
    # 10 % of 75 kWh at 90 % efficiency are 8.33 kWh at the connector
    desk = CarDesk(ON_OFF)
    desk.receive(told(0, PlugState.CHARGING, soc=0.5))
    desk.receive(told(90, PlugState.CHARGING, soc=0.6))
    assert desk.memory.register_kwh == pytest.approx(75 * 0.1 / 0.9)


def test_what_was_charged_after_the_last_look_follows_the_battery(told: Tell) -> None:
    desk = CarDesk(ON_OFF)
    desk.receive(told(0, PlugState.CHARGING, soc=0.5, power_kw=7.2))
    ended = desk.receive(told(60, PlugState.UNPLUGGED, soc=0.55)).events[0]
    assert isinstance(ended, TransactionEnded)
    assert ended.energy_kwh == pytest.approx(75 * 0.05 / 0.9, abs=1e-3)


def test_energy_that_a_car_still_tells_of_the_time_before_is_not_counted(told: Tell) -> None:
    desk = CarDesk(ON_OFF)
    desk.receive(told(0, PlugState.UNPLUGGED))
    desk.receive(told(10, PlugState.WAITING, energy_kwh_added=31.0))
    turn = desk.receive(told(20, PlugState.CHARGING, energy_kwh_added=0.4, power_kw=7.2))
    assert MeterFaultFound not in kinds(turn)
    desk.receive(told(50, PlugState.CHARGING, energy_kwh_added=3.9, power_kw=7.2))
    assert desk.memory.register_kwh == pytest.approx(3.5)


def test_the_register_goes_on_over_stays(told: Tell) -> None:
    desk = CarDesk(ON_OFF)
    for start in (0, 100):
        desk.receive(told(start, PlugState.CHARGING, power_kw=6.0))
        desk.receive(told(start + 30, PlugState.CHARGING, power_kw=6.0))
        desk.receive(told(start + 40, PlugState.UNPLUGGED))
    assert desk.memory.register_kwh == pytest.approx(6.0)


def test_a_car_that_charges_elsewhere_is_not_at_this_station_and_is_told_nothing(told: Tell) -> None:
    desk = CarDesk(ON_OFF)
    desk.want(limit(0.0), at(0))
    turn = desk.receive(told(0, PlugState.CHARGING, is_home=False, power_kw=7.0))
    assert (kinds(turn), turn.acts, desk.tick(at(5)).acts) == ([StationBooted, StatusChanged], (), ())
    home = desk.receive(told(60, PlugState.CHARGING, power_kw=7.0))
    assert TransactionStarted in kinds(home)
    assert one(home).kind is ActKind.STOP


def test_a_car_whose_place_is_not_known_is_where_it_was(told: Tell) -> None:
    desk = CarDesk(replace(ON_OFF, assumes_home=False))
    assert TransactionStarted not in kinds(desk.receive(told(0, is_home=None)))
    assert TransactionStarted in kinds(desk.receive(told(10)))
    assert TransactionEnded not in kinds(desk.receive(told(20, is_home=None)))


def test_a_record_that_draws_power_charges_although_nobody_told_of_the_plug(told: Tell) -> None:
    desk = CarDesk(ON_OFF)
    desk.receive(told(0, PlugState.UNPLUGGED))
    turn = desk.receive(told(5, PlugState.UNKNOWN, power_kw=7.3, is_partial=True))
    assert TransactionStarted in kinds(turn)
    assert desk.state is not None
    assert desk.state.plug is PlugState.CHARGING
    unknown = CarDesk(ON_OFF)
    unknown.receive(told(0, PlugState.UNKNOWN, is_partial=True))
    assert unknown.situation(at(1)) is Situation.NEW


def test_a_car_that_was_away_and_charges_now_has_to_tell_where_it_is(told: Tell) -> None:
    desk = CarDesk(ON_OFF)
    desk.receive(told(0, PlugState.UNPLUGGED, is_home=False))
    turn = desk.receive(told(60, PlugState.UNKNOWN, power_kw=7.3, is_home=None, is_partial=True))
    assert TransactionStarted not in kinds(turn)
    assert desk.situation(at(61)) is Situation.NEW
    assert TransactionStarted not in kinds(desk.receive(told(62, PlugState.UNKNOWN, is_home=None, is_partial=True)))
    assert TransactionStarted in kinds(desk.receive(told(65, PlugState.CHARGING)))


def test_a_battery_that_fills_although_unplugged_is_worth_a_read(told: Tell) -> None:
    desk = CarDesk(ON_OFF)
    desk.receive(told(0, PlugState.UNPLUGGED, soc=0.5))
    situations = []
    for minutes, soc in ((60, 0.42), (65, 0.43), (70, 0.445)):
        desk.receive(told(minutes, PlugState.UNKNOWN, soc=soc, is_partial=True))
        situations.append(desk.situation(at(minutes)))
    assert situations == [Situation.ELSEWHERE, Situation.ELSEWHERE, Situation.NEW]
    assert TransactionStarted in kinds(desk.receive(told(72, PlugState.CHARGING, soc=0.45)))


def test_a_car_that_never_tells_its_place_is_taken_to_be_at_home(told: Tell) -> None:
    desk = CarDesk(ON_OFF)
    turn = desk.receive(told(60, PlugState.CHARGING, is_home=None, is_partial=True))
    assert TransactionStarted in kinds(turn)


def test_what_is_told_when_unplugged_is_still_counted(told: Tell) -> None:
    desk = CarDesk(ON_OFF)
    desk.receive(told(0, PlugState.CHARGING, energy_kwh_added=1.0))
    desk.receive(told(30, PlugState.CHARGING, energy_kwh_added=4.0))
    ended = desk.receive(told(60, PlugState.UNPLUGGED, energy_kwh_added=7.0)).events[0]
    assert isinstance(ended, TransactionEnded)
    assert ended.energy_kwh == pytest.approx(6.0)
    desk.receive(told(400, PlugState.CHARGING, energy_kwh_added=7.0))  # not begun anew yet
    assert desk.memory.register_kwh == pytest.approx(6.0)


def test_power_counts_for_hours_where_the_battery_tells_nothing(told: Tell) -> None:
    desk = CarDesk(ON_OFF)
    for hours in (0, 2, 4):
        desk.receive(told(60 * hours, PlugState.CHARGING, soc=0.0, power_kw=7.0))
    assert desk.memory.register_kwh == pytest.approx(28.0)


def test_a_car_that_was_driven_between_two_looks_had_two_stays(told: Tell) -> None:
    desk = CarDesk(ON_OFF)
    desk.receive(told(0, PlugState.COMPLETE, soc=0.8))
    turn = desk.receive(told(120, PlugState.CHARGING, soc=0.6, power_kw=7.2))
    assert kinds(turn)[:4] == [TransactionEnded, StatusChanged, StatusChanged, TransactionStarted]
    ended = turn.events[0]
    assert isinstance(ended, TransactionEnded)
    assert ended.quality is Quality.ESTIMATED


def test_a_part_of_a_state_leaves_the_rest_as_it_was(told: Tell) -> None:
    desk = CarDesk(ON_OFF)
    desk.receive(told(0, PlugState.CHARGING, power_kw=7.2, charge_limit_soc=0.8))
    desk.receive(told(5, PlugState.UNKNOWN, soc=None, soc_confidence=0.0, is_home=None, power_kw=7.0, is_partial=True))
    assert desk.state is not None
    assert (desk.state.plug, desk.state.soc, desk.state.charge_limit_soc, desk.state.power_kw) == (
        PlugState.CHARGING, 0.5, 0.8, 7.0,
    )  # fmt: skip


def test_a_car_that_tells_nothing_any_more_is_out_of_reach_once_and_comes_back(told: Tell) -> None:
    desk = CarDesk(ON_OFF)
    desk.receive(told(0))
    assert not desk.is_stale(at(59))
    assert desk.is_stale(at(61))
    assert desk.tick(at(179)).events == ()
    assert kinds(desk.tick(at(181))) == [StationLost]
    assert desk.tick(at(190)).events == ()
    assert desk.receive(replace(told(0), received_at=at(200))) == Turn()  # the same again is no sign of life
    assert kinds(desk.receive(told(210)))[0] is StationBooted


# what cannot be


def faults(turn: Turn) -> list[MeterFault]:
    return [e.fault for e in turn.events if isinstance(e, MeterFaultFound)]


def test_a_car_that_tells_0_percent_for_ever_is_not_believed(told: Tell) -> None:
    desk = CarDesk(ON_OFF)
    assert faults(desk.receive(told(0, PlugState.CHARGING, soc=0.0, power_kw=7.2))) == []
    assert faults(desk.receive(told(15, PlugState.CHARGING, soc=0.0, power_kw=7.2))) == []
    assert faults(desk.receive(told(30, PlugState.CHARGING, soc=0.0, power_kw=7.2))) == []
    assert faults(desk.receive(told(45, PlugState.CHARGING, soc=0.0, power_kw=7.2))) == [MeterFault.OUT_OF_RANGE]
    assert desk.state is not None
    assert desk.state.soc is None
    assert desk.state.problems == ("the battery is told to be at 0 % although 3.6 kWh were charged since",)
    assert faults(desk.receive(told(60, PlugState.CHARGING, soc=0.0, power_kw=7.2))) == []  # told once


def test_0_percent_for_a_day_is_not_believed_although_nothing_is_charged(told: Tell) -> None:
    desk = CarDesk(ON_OFF)
    found = [faults(desk.receive(told(60 * hour, soc=0.0))) for hour in range(26)]
    assert found[:24] == [[]] * 24
    assert found[24:] == [[MeterFault.OUT_OF_RANGE], []]


def test_a_jump_is_believed_only_when_it_is_told_again(told: Tell) -> None:
    desk = CarDesk(ON_OFF)
    told_of = (0.3, 0.95, 0.2, 0.95, 0.95)
    turns = [desk.receive(told(10 * i, soc=soc)) for i, soc in enumerate(told_of[:2])]
    assert [faults(one) for one in turns] == [[], [MeterFault.OUT_OF_RANGE]]
    believed = []
    for i, soc in enumerate(told_of[2:], 2):
        desk.receive(told(10 * i, soc=soc))
        believed.append(desk.state and desk.state.soc)
    assert believed == [0.2, None, 0.95]


def test_energy_that_goes_backwards_is_said_and_not_counted(told: Tell) -> None:
    desk = CarDesk(ON_OFF)
    desk.receive(told(0, PlugState.CHARGING, energy_kwh_added=1.0))
    desk.receive(told(30, PlugState.CHARGING, energy_kwh_added=4.0))
    turn = desk.receive(told(60, PlugState.CHARGING, energy_kwh_added=2.0))
    assert faults(turn) == [MeterFault.REGISTER_FELL]
    assert desk.memory.register_kwh == pytest.approx(3.0)


def test_more_energy_than_can_be_is_cut(told: Tell) -> None:
    desk = CarDesk(ON_OFF)
    desk.receive(told(0, PlugState.CHARGING, energy_kwh_added=0.0))
    turn = desk.receive(told(60, PlugState.CHARGING, energy_kwh_added=50.0))
    assert faults(turn) == [MeterFault.OUT_OF_RANGE]
    assert desk.memory.register_kwh < 10


def test_a_state_of_the_future_counts_as_of_now(told: Tell) -> None:
    desk = CarDesk(ON_OFF)
    turn = desk.receive(replace(told(300), received_at=at(0)))
    assert faults(turn) == [MeterFault.TIME_IMPLAUSIBLE]
    assert desk.state is not None
    assert desk.state.at == at(0)
    assert desk.receive(told(10)).events  # the next true one is not taken for an old one


# acts


@pytest.mark.requirement("R91")
def test_r91_a_limit_of_nothing_stops_a_car_and_the_end_of_it_lets_it_go(told: Tell) -> None:
    desk = CarDesk(ON_OFF)
    desk.receive(told(0, PlugState.CHARGING))
    turn = desk.want(limit(0.0, end=60), at(1))
    stop = one(turn)
    assert (stop.kind, stop.made_at, stop.deadline) == (ActKind.STOP, at(1), at(11))
    assert done(desk, turn, 2).ended[0].status is ActStatus.CONFIRMED
    desk.receive(told(6))
    assert desk.tick(at(59)).acts == ()
    start = one(desk.tick(at(60)))
    assert start.kind is ActKind.START
    assert start.act_id != stop.act_id


def test_the_same_wish_again_is_no_act(told: Tell) -> None:
    desk = stopped(told)
    for minutes in range(3, 60, 5):
        desk.receive(told(minutes))
        assert desk.want(limit(0.0), at(minutes + 1)).acts == ()


@pytest.mark.parametrize(
    ("plug", "power_kw", "kind"),
    [
        (PlugState.WAITING, 7.4, ActKind.START),
        (PlugState.CHARGING, 7.4, None),
        (PlugState.CHARGING, 3.0, ActKind.STOP),
        (PlugState.WAITING, 3.0, None),
        (PlugState.COMPLETE, 7.4, None),
        (PlugState.FAULT, 7.4, None),
        (PlugState.WAITING, inf, None),
        (PlugState.UNPLUGGED, 7.4, None),
    ],
)
def test_what_an_on_off_car_is_told(told: Tell, plug: PlugState, power_kw: float, kind: ActKind | None) -> None:
    desk = CarDesk(ON_OFF)
    desk.receive(told(0, plug))
    assert [one.kind for one in desk.want(limit(power_kw), at(1)).acts] == ([kind] if kind else [])


def test_nothing_is_told_before_limits_begin(told: Tell) -> None:
    desk = CarDesk(ON_OFF)
    desk.receive(told(0, PlugState.CHARGING))
    assert desk.want(limit(0.0, start=30), at(1)).acts == ()
    assert desk.next_tick_at(at(16)) == at(30)
    assert one(desk.tick(at(30))).kind is ActKind.STOP


def test_amperes_are_rounded_down_and_come_before_a_start(told: Tell) -> None:
    # 3 kW at 230 V on one phase are 13.04 A
    desk = CarDesk(AMPS)
    desk.receive(told(0))
    turn = desk.want(limit(3.0), at(1))
    assert (one(turn).kind, one(turn).value) == (ActKind.SET_AMPS, 13.0)
    turn = done(desk, turn, 2)
    assert one(turn).kind is ActKind.START
    done(desk, turn, 3)
    desk.receive(told(10, PlugState.CHARGING, power_kw=2.9))
    more = desk.want(limit(5.0), at(11))
    assert (one(more).kind, one(more).value) == (ActKind.SET_AMPS, 21.0)
    done(desk, more, 12)
    assert one(desk.want(limit(1.0), at(13))).kind is ActKind.STOP  # less than 6 A


def test_a_deadline_is_no_later_than_the_next_change_of_mind(told: Tell) -> None:
    desk = CarDesk(ON_OFF)
    desk.receive(told(0, PlugState.CHARGING))
    steps = (LimitStep(at(0), 0.0), LimitStep(at(3), 0.1), LimitStep(at(5), 7.4))
    assert one(desk.want(Limits(steps, at(60)), at(1))).deadline == at(5)


def test_a_car_is_never_left_standing_for_want_of_a_command(told: Tell) -> None:
    desk = CarDesk(replace(ON_OFF, commands_max=2))
    desk.receive(told(0, PlugState.CHARGING))
    done(desk, desk.want(limit(0.0), at(1)), 2)
    desk.receive(told(10))
    done(desk, desk.want(limit(7.4), at(11)), 12)
    desk.receive(told(20, PlugState.CHARGING))
    assert desk.commands_left() == 0
    assert desk.want(limit(0.0), at(21)).acts == ()
    one_left = CarDesk(replace(ON_OFF, commands_max=1))
    one_left.receive(told(0, PlugState.CHARGING))
    assert one_left.want(limit(0.0), at(1)).acts == ()  # a stop without a start after it


def test_none_are_told_to_a_car_that_may_be_told_nothing(told: Tell) -> None:
    desk = CarDesk(replace(ON_OFF, commands_max=0))
    desk.receive(told(0))
    assert desk.want(limit(7.4), at(1)).acts == ()


def test_dwell_is_kept(told: Tell) -> None:
    desk = stopped(told, replace(ON_OFF, dwell=timedelta(minutes=30)))
    desk.receive(told(6))
    assert desk.want(limit(7.4), at(7)).acts == ()
    assert desk.next_tick_at(at(20)) == at(31)
    assert one(desk.tick(at(31))).kind is ActKind.START


def test_already_full_is_success(told: Tell) -> None:
    desk = CarDesk(ON_OFF)
    desk.receive(told(0))
    turn = done(desk, desk.want(limit(7.4), at(1)), 2, ActReason.UNNECESSARY)
    assert turn.ended[0].status is ActStatus.CONFIRMED
    assert desk.receive(told(10, PlugState.COMPLETE)).acts == ()


def failed(act: Act, failing: Failing, retry: float | None = None, *, needs_wake: bool = False) -> ActOutcome:
    fault = Fault(failing, retry_at=None if retry is None else at(retry))
    return ActOutcome(
        act.act_id, ActStatus.FAILED, failing.reason, retry_at=fault.retry_at, needs_wake=needs_wake, fault=fault
    )


def test_a_failure_that_passes_is_tried_again_as_the_same_act(told: Tell) -> None:
    desk = CarDesk(ON_OFF)
    desk.receive(told(0, PlugState.CHARGING))
    stop = one(desk.want(limit(0.0), at(1)))
    assert desk.settle(failed(stop, Failing.RATE_LIMITED, 3), at(2)) == Turn()
    assert desk.tick(at(2.5)).acts == ()
    assert one(desk.tick(at(3))) == stop


def test_an_act_that_never_succeeds_is_given_up_and_left_alone_for_a_while(told: Tell) -> None:
    desk = CarDesk(ON_OFF)
    desk.receive(told(0, PlugState.CHARGING))
    stop = one(desk.want(limit(0.0), at(1)))
    ended: tuple[ActOutcome, ...] = ()
    minutes = 1.0
    while not ended:
        minutes += 1
        ended = desk.settle(failed(stop, Failing.UPSTREAM), at(minutes)).ended
        assert desk.tick(at(minutes + 0.6)).acts == (() if ended else (stop,))
    assert (ended[0].status, ended[0].reason) == (ActStatus.FAILED, ActReason.UPSTREAM)
    assert desk.tick(at(minutes + 4.9)).acts == ()
    assert one(desk.tick(at(minutes + 5))).act_id != stop.act_id


def test_a_refusal_for_good_is_not_tried_again_at_once(told: Tell) -> None:
    desk = CarDesk(ON_OFF)
    desk.receive(told(0, PlugState.CHARGING))
    turn = desk.settle(failed(one(desk.want(limit(0.0), at(1))), Failing.FORBIDDEN), at(2))
    assert (turn.ended[0].reason, turn.acts) == (ActReason.NOT_SUPPORTED, ())


def test_no_answer_until_the_deadline_is_late_and_a_late_confirmation_still_counts(told: Tell) -> None:
    desk = CarDesk(ON_OFF)
    desk.receive(told(0, PlugState.CHARGING))
    stop = one(desk.want(limit(0.0), at(1)))
    desk.settle(ActOutcome(stop.act_id, ActStatus.SENT, remote_act_id="r"), at(2))
    assert desk.tick(at(10)).ended == ()
    (late,) = desk.tick(at(11)).ended
    assert (late.status, late.remote_act_id) == (ActStatus.LATE, "r")
    desk.settle(ActOutcome(stop.act_id, ActStatus.CONFIRMED), at(14))
    assert desk.tick(at(17)).acts == ()  # it is stopped, as far as is known
    desk.receive(told(20))
    assert desk.tick(at(30)).acts == ()


def test_what_a_car_does_confirms_an_act_whose_answer_was_lost(told: Tell) -> None:
    desk = CarDesk(ON_OFF)
    desk.receive(told(0, PlugState.CHARGING))
    stop = one(desk.want(limit(0.0, end=60), at(1)))
    desk.settle(ActOutcome(stop.act_id, ActStatus.SENT), at(2))
    (ended,) = desk.receive(told(6)).ended
    assert (ended.act_id, ended.status) == (stop.act_id, ActStatus.CONFIRMED)
    assert one(desk.tick(at(60))).kind is ActKind.START


@pytest.mark.parametrize("failing", [None, Failing.UPSTREAM])
def test_a_car_that_stopped_after_all_is_let_go_when_the_limit_is_over(told: Tell, failing: Failing | None) -> None:
    desk = CarDesk(ON_OFF)
    desk.receive(told(0, PlugState.CHARGING))
    stop = one(desk.want(limit(0.0, end=60), at(1)))
    minutes = 2.0
    while desk.under_way is not None:
        if failing is not None:
            desk.settle(failed(stop, failing), at(minutes))
        desk.tick(at(minutes + 0.6))
        minutes += 1
    desk.receive(told(20))
    assert [act.kind for act in desk.tick(at(60)).acts] == [ActKind.START]


def test_a_wish_that_changed_while_waiting_is_superseded(told: Tell) -> None:
    desk = CarDesk(ON_OFF)
    desk.receive(told(0, PlugState.CHARGING))
    stop = one(desk.want(limit(0.0), at(1)))
    desk.settle(failed(stop, Failing.UPSTREAM, 5), at(2))
    desk.want(limit(7.4), at(3))
    turn = desk.tick(at(5))
    assert (turn.acts, turn.ended[0].reason) == ((), ActReason.SUPERSEDED)


def test_a_car_asleep_is_woken_once_for_an_act(told: Tell) -> None:
    desk = CarDesk(AMPS)
    desk.receive(told(0, PlugState.WAITING))
    start = one(desk.want(limit(7.4), at(1)))
    wake = one(desk.settle(failed(start, Failing.ASLEEP, needs_wake=True), at(2)))
    assert (wake.kind, wake.act_id) == (ActKind.WAKE, f"{start.act_id}-wake")
    assert desk.wakes_left(at(2)) == pytest.approx(1)
    assert one(desk.settle(ActOutcome(wake.act_id, ActStatus.CONFIRMED), at(2.5))) == start
    again = desk.settle(failed(start, Failing.ASLEEP, 3, needs_wake=True), at(2.7))
    assert again.acts == ()
    assert one(desk.tick(at(3))) == start


def test_a_car_that_sleeps_is_not_woken_to_be_stopped(told: Tell) -> None:
    desk = CarDesk(AMPS)
    desk.receive(told(0, PlugState.CHARGING))
    stop = one(desk.want(limit(0.0), at(1)))
    turn = desk.settle(failed(stop, Failing.ASLEEP, needs_wake=True), at(2))
    assert (turn.acts, turn.ended[0].status) == ((), ActStatus.CONFIRMED)
    assert desk.wakes_left(at(2)) == pytest.approx(2)


def test_what_lets_a_car_go_is_told_however_often_it_was_told_something(told: Tell) -> None:
    desk = CarDesk(replace(ON_OFF, commands_max=2))
    desk.receive(told(0, PlugState.CHARGING))
    done(desk, desk.want(limit(0.0), at(1)), 2)
    desk.receive(told(6, PlugState.WAITING))
    start = one(desk.want(limit(7.4), at(7)))
    desk.settle(failed(start, Failing.UPSTREAM), at(8))
    again = [act for minute in range(9, 180, 10) for act in desk.tick(at(minute)).acts]
    assert again
    assert {act.kind for act in again} == {ActKind.START}


def test_a_car_that_could_not_be_woken_again_is_not_stopped(told: Tell) -> None:
    desk = CarDesk(replace(AMPS, wakes=Allowance(0, 0, 0)))
    desk.receive(told(0, PlugState.CHARGING))
    least = one(desk.want(limit(0.0), at(1)))
    assert (least.kind, least.value) == (ActKind.SET_AMPS, AMPS.capabilities.current_a_min)


def test_a_start_of_a_car_that_sleeps_on_is_not_told_over_and_over(told: Tell) -> None:
    desk = CarDesk(replace(AMPS, wakes=Allowance(1, 0, 1)))
    desk.receive(told(0, PlugState.WAITING))
    start = one(desk.want(limit(7.4), at(1)))
    desk.memory.wakes.spend(desk.terms.wakes, at(1))
    turn = desk.settle(failed(start, Failing.ASLEEP, 1, needs_wake=True), at(2))
    assert [(each.status, each.reason) for each in turn.ended] == [(ActStatus.FAILED, ActReason.ASLEEP)]
    assert desk.tick(at(3)).acts == ()


def test_calls_that_are_spent_wait_for_more(told: Tell) -> None:
    desk = CarDesk(replace(ON_OFF, commands=Allowance(1, 1 / 3600)))
    desk.receive(told(0, PlugState.CHARGING))
    done(desk, desk.want(limit(0.0), at(1)), 2)
    desk.receive(told(6))
    assert desk.want(limit(7.4), at(7)).acts == ()
    assert one(desk.tick(at(62))).kind is ActKind.START


def test_unplugging_ends_the_act_under_way(told: Tell) -> None:
    desk = CarDesk(ON_OFF)
    desk.receive(told(0, PlugState.CHARGING))
    desk.want(limit(0.0), at(1))
    turn = desk.receive(told(2, PlugState.UNPLUGGED))
    assert (turn.ended[0].status, turn.ended[0].reason) == (ActStatus.GIVEN_UP, ActReason.NOT_PLUGGED)


@pytest.mark.requirement("R80")
def test_consent_that_is_withdrawn_ends_everything(told: Tell) -> None:
    desk = CarDesk(ON_OFF)
    desk.receive(told(0, PlugState.CHARGING))
    stop = one(desk.want(limit(0.0), at(1)))
    turn = desk.settle(failed(stop, Failing.REVOKED), at(2))
    assert kinds(turn) == [StationLost]
    assert (turn.ended[0].reason, desk.situation(at(3)), desk.tick(at(30)).acts) == (
        ActReason.REVOKED,
        Situation.OUT,
        (),
    )
    desk.connect_again()
    assert kinds(desk.receive(told(60, PlugState.CHARGING)))[0] is StationBooted


# who does not obey


@pytest.mark.requirement("R21")
def test_r21_a_driver_who_starts_a_stopped_car_has_opted_out(told: Tell) -> None:
    desk = stopped(told)
    desk.receive(told(6))
    turn = desk.receive(told(20, PlugState.CHARGING, power_kw=7.2))
    (overrode,) = [e for e in turn.events if isinstance(e, DriverOverrode)]
    assert overrode.transaction_id
    assert DisobedienceFound not in kinds(turn)
    assert (turn.acts, desk.tick(at(60)).acts) == ((), ())
    desk.receive(told(70, PlugState.UNPLUGGED))
    assert one(desk.receive(told(100, PlugState.CHARGING))).kind is ActKind.STOP  # for that stay only


def test_a_driver_can_be_back_in(told: Tell) -> None:
    desk = stopped(told)
    desk.receive(told(6, PlugState.CHARGING, is_overridden=True))
    assert desk.tick(at(10)).acts == ()
    assert one(desk.manage_again(at(11))).kind is ActKind.STOP


def test_the_cars_own_timer_is_no_driver(told: Tell) -> None:
    desk = stopped(told)
    desk.receive(told(6, timer_start=at(15)))
    turn = desk.receive(told(20, PlugState.CHARGING, power_kw=7.2))
    assert DriverOverrode not in kinds(turn)
    assert one(turn).kind is ActKind.STOP


def test_a_car_that_never_stops_does_not_obey_and_is_told_again_ever_more_seldom(told: Tell) -> None:
    desk = stopped(told)
    assert DisobedienceFound not in kinds(desk.receive(told(4, PlugState.CHARGING, power_kw=7.2)))  # it may react yet
    first = desk.receive(told(10, PlugState.CHARGING, power_kw=7.2))
    assert (DisobedienceFound in kinds(first), one(first).kind) == (False, ActKind.STOP)
    done(desk, first, 11)
    second = desk.receive(told(20, PlugState.CHARGING, power_kw=7.2))
    (found,) = [e for e in second.events if isinstance(e, DisobedienceFound)]
    assert (found.limit_kw, found.found_kw) == (0.0, 7.2)
    done(desk, second, 21)
    desk.receive(told(25, PlugState.CHARGING, power_kw=7.2))
    assert desk.tick(at(30)).acts == ()
    assert DriverOverrode not in kinds(desk.receive(told(40, PlugState.CHARGING, power_kw=7.2)))


def test_a_car_that_draws_more_than_its_amperes_does_not_obey(told: Tell) -> None:
    desk = CarDesk(AMPS)
    desk.receive(told(0, PlugState.CHARGING, power_kw=7.2))
    done(desk, desk.want(limit(2.3), at(1)), 2)
    found = [kinds(desk.receive(told(m, PlugState.CHARGING, power_kw=7.2))) for m in (4, 10, 20)]
    assert [DisobedienceFound in one for one in found] == [False, False, True]


def test_a_car_that_does_not_stay_on_is_not_told_for_ever(told: Tell) -> None:
    desk = CarDesk(replace(ON_OFF, commands_max=None))
    desk.receive(told(0))
    turn, minutes, starts = desk.want(limit(7.4), at(1)), 1.0, 0
    while minutes < 600:
        if turn.acts:
            starts += 1
            done(desk, turn, minutes)
        minutes += 1
        turn = desk.receive(told(minutes))
    assert 3 <= starts <= 12


# after a restart


def test_a_desk_goes_on_after_a_restart(told: Tell) -> None:
    desk = CarDesk(AMPS)
    desk.receive(told(0, PlugState.CHARGING, power_kw=7.0, timer_start=at(300), problems=("odd",)))
    desk.want(Limits((LimitStep(at(0), 0.0), LimitStep(at(60), inf)), at(120)), at(1))
    again = CarDesk(AMPS, DeskMemory.decoded(desk.encoded()))
    assert again.memory == desk.memory
    for minutes, plug in ((5, PlugState.CHARGING), (12, PlugState.CHARGING), (61, PlugState.WAITING)):
        assert again.receive(told(minutes, plug)) == desk.receive(told(minutes, plug))
        assert again.tick(at(minutes + 2)) == desk.tick(at(minutes + 2))
    assert again.encoded() == desk.encoded()


def test_a_memory_that_is_none_is_refused() -> None:
    with pytest.raises(InputError, match="cannot be read"):
        DeskMemory.decoded(b'{"register_kwh":"much"}')


@pytest.mark.parametrize(
    ("plug", "home", "situation"),
    [
        (PlugState.CHARGING, True, Situation.CHARGING),
        (PlugState.WAITING, True, Situation.WAITING),
        (PlugState.UNPLUGGED, True, Situation.ELSEWHERE),
        (PlugState.CHARGING, False, Situation.ELSEWHERE),
    ],
)
def test_what_makes_a_car_worth_reading(told: Tell, plug: PlugState, home: bool, situation: Situation) -> None:
    desk = CarDesk(ON_OFF)
    assert desk.situation(at(0)) is Situation.NEW
    desk.receive(told(0, plug, is_home=home))
    assert desk.situation(at(1)) is situation


def test_after_a_command_a_car_has_to_show_that_it_did(told: Tell) -> None:
    desk = stopped(told)
    assert desk.situation(at(3)) is Situation.COMMANDED
    assert desk.situation(at(18)) is Situation.CHARGING  # for a while only
    desk.receive(told(6))
    assert desk.situation(at(7)) is Situation.WAITING
