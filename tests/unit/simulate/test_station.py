"""Virtual stations against the desks of both versions, in memory, on a virtual clock."""

import itertools
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evenload.base.instants import Interval
from evenload.domain.station import StationId, Token
from evenload.domain.station_commands import (
    CommandSettled,
    GetCompositeSchedule,
    Reset,
    SetFallback,
    SetProfile,
    Settlement,
    StartRemotely,
    StopRemotely,
    Trigger,
    Wanted,
)
from evenload.domain.station_events import (
    DisobedienceFound,
    MeterSampled,
    StationBooted,
    StationEvent,
    StationLost,
    StatusChanged,
    TransactionEnded,
    TransactionStarted,
)
from evenload.domain.station_limits import Limits
from evenload.ocpp.action import Role
from evenload.ocpp.composite import Kind, Period, Profile, Purpose, Unit
from evenload.ocpp.connection import Connection
from evenload.ocpp.dossier import DeskPolicy
from evenload.ocpp.records import MemoryRecords
from evenload.ocpp.v16.desk import desk16
from evenload.ocpp.v201.desk import desk201
from evenload.ocpp.versions import DIALECTS
from evenload.simulate.station import VirtualStation
from evenload.simulate.station_car import Car
from evenload.simulate.station_far_end import DeskEnd
from evenload.simulate.station_fleet import MemoryFleet
from evenload.simulate.station_profiles import Held
from evenload.simulate.station_spec import StationSpec, Vices

pytestmark = pytest.mark.requirement("R77", "R79")

EPOCH = datetime(2026, 3, 1, 18, tzinfo=UTC)
VERSIONS = ("ocpp1.6", "ocpp2.0.1")
HOUR = 3600.0


class World:
    """One station, its desk, which outlives connections, and all that happened."""

    def __init__(self, version: str, **more: Any) -> None:
        self.events: list[StationEvent] = []
        self.station = VirtualStation(StationSpec("CP1", version, **more), EPOCH, np.random.default_rng(1))
        make = desk16 if version == "ocpp1.6" else desk201
        self.desk = make(StationId("t", "CP1"), MemoryRecords(), DeskPolicy())
        self.end: DeskEnd | None = None
        self.answers = True
        self._ids = itertools.count()
        self.fleet = MemoryFleet([self.station], self._dial)

    def _dial(self, station: VirtualStation, _now: float) -> DeskEnd | None:
        if not self.answers:
            return None
        dialect = DIALECTS[station.spec.subprotocol]
        connection = Connection(dialect, Role.CSMS, lambda: f"c{next(self._ids)}")
        self.end = DeskEnd(connection, self.desk, EPOCH, self.events.extend)
        return self.end

    def run(self, seconds: float) -> None:
        self.fleet.run(self.fleet.now + seconds)

    @property
    def now(self) -> datetime:
        return EPOCH + timedelta(seconds=self.fleet.now)

    def plug_in(self, car: Car | None = None, token: str = "tag") -> Car:  # noqa: S107
        car = car or Car()
        self.station.plug_in(1, car, self.fleet.now, token)
        self.fleet.attend("CP1")
        return car

    def unplug(self) -> None:
        self.station.unplug(1, self.fleet.now)
        self.fleet.attend("CP1")

    def order(self, kind: Any, **more: Any) -> Settlement:
        assert self.end is not None
        name = f"command {next(self._ids)}"
        self.end.order(kind(command_id=name, **more), self.now)
        self.fleet.attend("CP1")
        self.run(1)
        return next(one.settlement for one in self.of(CommandSettled) if one.command_id == name)

    def limit(self, power_kw: float, hours: float = 10.0) -> Settlement:
        window = Interval(self.now, self.now + timedelta(hours=hours))
        return self.order(SetProfile, evse_id=1, limits=Limits.constant(power_kw, window))

    def of(self, kind: type[Any]) -> list[Any]:
        return [event for event in self.events if isinstance(event, kind)]

    @property
    def power_kw(self) -> float:
        return self.station.outlets[1].power_kw


@pytest.fixture(params=VERSIONS)
def version(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def energies(events: Sequence[StationEvent]) -> list[float]:
    return [
        event.energy_kwh for event in events if isinstance(event, TransactionEnded) and event.energy_kwh is not None
    ]


def test_e02_and_e09_and_j02_and_16_4_7_and_16_4_8_and_16_4_10_a_day_at_a_station(version: str) -> None:
    world = World(version)
    world.run(10)
    assert world.of(StationBooted)[0].details.model == "virtual"
    car = world.plug_in(Car(battery_kwh=60, soc=0.3, current_a_max=16, phases=3, efficiency=0.9))
    world.run(HOUR)
    # 16 A on three phases of 230 V for an hour
    assert world.power_kw == pytest.approx(11.04)
    assert world.station.outlets[1].register_kwh == pytest.approx(11.04, rel=1e-3)
    assert car.soc == pytest.approx(0.3 + 11.04 * 0.9 / 60, rel=1e-3)
    readings = [reading for event in world.of(MeterSampled) for reading in event.readings]
    assert {round(one.power_kw, 2) for one in readings if one.power_kw is not None} >= {11.04}
    world.unplug()
    world.run(10)
    [started], [ended] = world.of(TransactionStarted), world.of(TransactionEnded)
    assert started.transaction_id == ended.transaction_id
    assert ended.energy_kwh == pytest.approx(world.station.outlets[1].register_kwh, abs=2e-3)
    assert world.station.owed == 0
    assert world.station.violations == []
    assert world.end is not None
    assert world.end.violations == []


@pytest.mark.parametrize(
    ("limit_kw", "expected_kw"),
    [
        (22.0, 11.04),  # the car takes no more
        (6.9, 6.9),  # 10 A on three phases
        (4.14, 4.14),  # 6 A, the least
        (4.0, 0.0),  # less than 6 A on three phases is nothing
        (0.0, 0.0),
    ],
)
def test_k01_fr_02_and_16_5_16_it_obeys_limits_physically(version: str, limit_kw: float, expected_kw: float) -> None:
    world = World(version)
    world.run(10)
    world.plug_in()
    world.run(120)
    assert world.limit(limit_kw) is Settlement.DONE
    world.run(120)
    assert world.power_kw <= limit_kw + 1e-9
    # One decimal of an ampere may be lost on three phases of 230 V.
    assert world.power_kw == pytest.approx(expected_kw, abs=0.07)


def test_k02_fr_08_and_16_3_13_a_limit_ends_when_it_is_over_and_the_fallback_holds(version: str) -> None:
    world = World(version)
    world.run(10)
    assert world.order(SetFallback, evse_id=1, power_kw=4.2).good
    world.plug_in()
    world.run(60)
    assert world.power_kw == pytest.approx(4.2, abs=0.07)
    assert world.limit(9.0, hours=0.5) is Settlement.DONE
    world.run(60)
    assert world.power_kw == pytest.approx(9.0, abs=0.07)
    world.run(HOUR)
    assert world.power_kw == pytest.approx(4.2, abs=0.07)


def test_a_one_phase_car_gets_its_amperes_on_one_phase(version: str) -> None:
    world = World(version)
    world.run(10)
    world.plug_in(Car(current_a_max=32, phases=1))
    world.run(120)
    assert world.power_kw == pytest.approx(7.36)
    assert (world.station.outlets[1].phases_used, world.station.outlets[1].current_a) == (1, 32.0)


def test_a_car_tapers_and_stops_when_it_is_full(version: str) -> None:
    world = World(version)
    world.run(10)
    car = world.plug_in(Car(battery_kwh=40, soc=0.84, knee_soc=0.85, soc_target=0.98, efficiency=1.0))
    world.run(60)
    assert world.power_kw == pytest.approx(11.04)
    world.run(0.25 * HOUR)
    tapered_kw = world.power_kw
    assert tapered_kw == pytest.approx(11.04 * (1 - 0.95 * (car.soc - 0.85) / 0.15), rel=0.02)
    world.run(3 * HOUR)
    assert (world.power_kw, car.soc) == (0.0, pytest.approx(0.98))
    assert world.station.outlets[1].register_kwh == pytest.approx(0.14 * 40)
    assert "suspended_by_vehicle" in [str(event.status) for event in world.of(StatusChanged)] or version != "ocpp1.6"


def test_c05_and_f01_to_f03_and_16_5_11_and_16_5_12_remote_start_before_and_after_the_car_and_remote_stop(
    version: str,
) -> None:
    world = World(version, outlets=2)
    world.run(10)
    assert world.order(StartRemotely, evse_id=1, token=Token("far"), remote_start_id=7) is Settlement.DONE
    assert world.of(TransactionStarted) == []
    world.plug_in(token="")
    world.run(5)
    [started] = world.of(TransactionStarted)
    assert started.token.text == "far"
    assert world.order(StopRemotely, evse_id=1, transaction_id=started.transaction_id) is Settlement.DONE
    assert len(world.of(TransactionEnded)) == 1
    assert world.power_kw == 0.0
    assert world.order(StartRemotely, evse_id=1, token=Token("far"), remote_start_id=8) is Settlement.DONE
    assert len(world.of(TransactionStarted)) == 2


def test_k04_fr_05_and_16_3_13_two_outlets_share_what_the_station_may_take(version: str) -> None:
    world = World(version, outlets=2)
    world.run(10)
    for evse_id in (1, 2):
        world.station.plug_in(evse_id, Car(), world.fleet.now, "tag")
        world.fleet.attend("CP1")
    world.run(60)
    window = Interval(world.now, world.now + timedelta(hours=2))
    assert world.order(SetProfile, evse_id=0, limits=Limits.constant(11.04, window)) is Settlement.DONE
    world.run(60)
    powers = [outlet.power_kw for outlet in world.station.outlets.values()]
    assert sum(powers) <= 11.04 + 1e-9
    assert powers == [pytest.approx(5.52, abs=0.07)] * 2


def test_e04_and_e08_and_e12_and_16_3_5_what_happens_offline_is_told_in_order_and_at_its_own_time(version: str) -> None:
    world = World(version)
    world.run(10)
    world.station.drop(world.fleet.now, 3 * HOUR)
    world.fleet.attend("CP1")
    world.run(60)
    assert len(world.of(StationLost)) == 1
    began = world.now
    world.plug_in()
    world.run(HOUR)
    world.unplug()
    ended = world.now
    assert world.station.owed > 50
    assert world.of(TransactionStarted) == []
    world.run(2.5 * HOUR)
    assert world.station.owed == 0
    [start], [end] = world.of(TransactionStarted), world.of(TransactionEnded)
    assert abs(start.at - began) < timedelta(seconds=1)
    assert abs(end.at - ended) < timedelta(seconds=1)
    assert end.energy_kwh == pytest.approx(11.04, rel=1e-3)
    assert len(world.of(StationBooted)) == 1  # only the line was lost
    times = [event.readings[0].at for event in world.of(MeterSampled)]
    assert times == sorted(times)


def test_k06_fr_01_and_16_3_13_a_plan_holds_while_the_station_is_offline(version: str) -> None:
    world = World(version)
    world.run(10)
    world.order(SetFallback, evse_id=1, power_kw=4.2)
    world.plug_in()
    world.run(60)
    assert world.limit(7.0, hours=2) is Settlement.DONE
    world.station.drop(world.fleet.now, 3 * HOUR)
    world.fleet.attend("CP1")
    world.run(HOUR)
    assert world.power_kw == pytest.approx(7.0, abs=0.07)
    world.run(1.5 * HOUR)  # the plan has ended meanwhile
    assert world.power_kw == pytest.approx(4.2, abs=0.07)
    assert len(world.of(StationLost)) == 1


def test_k07_fr_01_and_16_3_13_who_plugs_in_offline_gets_the_default(version: str) -> None:
    world = World(version)
    world.run(10)
    assert world.order(SetFallback, evse_id=1, power_kw=4.2).good
    world.station.drop(world.fleet.now, 2 * HOUR)
    world.fleet.attend("CP1")
    world.run(60)
    world.plug_in()
    world.run(HOUR)
    assert world.of(TransactionStarted) == []
    assert world.power_kw == pytest.approx(4.2, abs=0.07)


def test_b01_and_16_4_2_a_power_cut_ends_the_transaction_and_boots_anew(version: str) -> None:
    world = World(version)
    world.run(10)
    world.plug_in()
    world.run(0.5 * HOUR)
    world.station.power_cut(world.fleet.now)
    world.fleet.attend("CP1")
    world.run(120)
    [ended] = world.of(TransactionEnded)
    assert "power" in ended.reason.casefold()
    assert ended.energy_kwh == pytest.approx(5.52, rel=1e-2)
    assert len(world.of(StationBooted)) == 2


def test_b11_and_16_5_14_a_reset_answers_first_and_then_restarts(version: str) -> None:
    world = World(version)
    world.run(10)
    assert world.order(Reset, at_once=True) is Settlement.DONE
    world.run(60)
    assert world.station.reboots == 1
    assert len(world.of(StationBooted)) == 2


def test_a_station_that_ignores_profiles_is_found_out(version: str) -> None:
    world = World(version, vices=Vices(ignores_profiles=True))
    world.run(10)
    world.plug_in()
    world.run(60)
    assert world.limit(5.0) is Settlement.DONE
    world.run(600)
    assert world.power_kw == pytest.approx(11.04)
    assert next(event.found_kw for event in world.of(DisobedienceFound)) == pytest.approx(11.04, rel=1e-2)


def test_whole_amperes_and_mislabelled_power(version: str) -> None:
    world = World(version, vices=Vices(rounds_to_whole_amperes=True, mislabels_power=True))
    world.run(10)
    world.plug_in()
    world.run(60)
    world.limit(6.8)  # 9.85 A
    world.run(60)
    assert world.power_kw == pytest.approx(9 * 3 * 0.23)
    assert world.station.duties.power.samples(1)[1].value == pytest.approx(6.21)  # "W"


def test_16_4_2_and_16_4_6_a_clock_that_runs_fast_is_set_by_boot_and_heartbeats() -> None:
    worlds = [
        World("ocpp1.6", vices=Vices(clock_offset_s=-900, clock_drift=0.01, never_synchronises=never))
        for never in (False, True)
    ]
    for world in worlds:
        world.run(HOUR)
    right, wrong = (world.station.wall() - world.now for world in worlds)
    assert abs(right) <= timedelta(seconds=300 * 0.01 + 1)
    assert wrong == timedelta(seconds=-900 + 0.01 * HOUR)


def test_k01_fr_27_profiles_are_kept_or_forgotten_over_a_power_cut() -> None:
    for forgets in (False, True):
        world = World("ocpp2.0.1", vices=Vices(forgets_profiles=forgets))
        world.run(10)
        world.order(SetFallback, evse_id=1, power_kw=5.0)
        world.answers = False  # nobody is there to say it again
        world.station.power_cut(world.fleet.now)
        world.fleet.attend("CP1")
        assert (len(world.station.duties.power.shelf) == 0) is forgets


def test_f06_and_k08_and_16_5_7_and_16_5_17_triggers_and_composite_schedules(version: str) -> None:
    world = World(version)
    world.run(10)
    beats = len(world.of(StatusChanged))
    assert world.order(Trigger, wanted=Wanted.STATUS, evse_id=1) is Settlement.DONE
    assert len(world.of(StatusChanged)) == beats + 1
    assert world.order(Trigger, wanted=Wanted.FIRMWARE) is not Settlement.DONE
    world.plug_in()
    world.limit(7.0)
    assert world.order(GetCompositeSchedule, evse_id=1, duration_s=600) is Settlement.DONE


def profile(number: int, purpose: Purpose, limit: float, level: int = 0, evse_id: int = 1, tx: str = "") -> Held:
    made = Profile(purpose, level, Kind.RELATIVE, Unit.A, [Period(0, limit)], evse_id)
    return Held(number, made, tx)


def test_k01_fr_05_and_fr_09_and_fr_33_and_k02_fr_05_profiles_replace_rank_and_end_with_their_transaction(
    version: str,
) -> None:
    world = World(version)
    world.run(10)
    duties = world.station.duties
    default, own = profile(1, Purpose.TX_DEFAULT, 14.0), profile(2, Purpose.TX, 10.0)
    assert duties.hold(default)
    assert not duties.hold(own)  # nothing goes on that it could be for
    assert not duties.hold(profile(3, Purpose.TX_DEFAULT, 9.0, level=9))
    assert not duties.hold(profile(3, Purpose.TX_DEFAULT, 9.0, evse_id=2))
    world.plug_in()
    world.run(5)
    charge = duties.charge_at(1)
    assert charge is not None
    assert not duties.hold(profile(2, Purpose.TX, 10.0, tx="another"))
    assert duties.hold(profile(2, Purpose.TX, 10.0, tx=charge.local_id))
    assert world.station.outlets[1].current_a == 10.0
    assert duties.hold(profile(4, Purpose.TX, 12.0))  # the same level: it replaces
    assert [one.profile_id for one in duties.power.shelf.held] == [1, 4]
    assert world.station.outlets[1].current_a == 12.0
    world.unplug()
    assert [one.profile_id for one in duties.power.shelf.held] == [1]
    assert not duties.clear(7, None, None, None)
    assert duties.clear(None, 1, Purpose.TX_DEFAULT, 0)
    assert len(duties.power.shelf) == 0


MISHAPS = st.lists(st.tuples(st.sampled_from(["plug", "unplug", "drop", "cut", "hang up", "wait"]), st.integers(1, 40)))


@settings(deadline=None, max_examples=40)
@given(st.sampled_from(VERSIONS), MISHAPS, st.sampled_from([Vices(), Vices(repeats=0.3), Vices(swaps=0.5)]))
def test_no_energy_is_lost_or_told_twice_whatever_happens(
    version: str, mishaps: list[tuple[str, int]], vices: Vices
) -> None:
    world = World(version, vices=vices)
    world.run(10)
    for what, minutes in mishaps:
        plugged = world.station.outlets[1].car is not None
        if what == "plug" and not plugged:
            world.plug_in(Car(battery_kwh=500))
        elif what == "unplug" and plugged:
            world.unplug()
        elif what == "drop":
            world.station.drop(world.fleet.now, minutes * 60.0)
            world.fleet.attend("CP1")
        elif what == "cut":
            world.station.power_cut(world.fleet.now)
            world.fleet.attend("CP1")
        elif what == "hang up":
            world.fleet.cut("CP1")
            world.fleet.attend("CP1")
        world.run(minutes * 60.0)
    if world.station.outlets[1].car is not None:
        world.unplug()
    world.run(2 * HOUR)
    assert world.station.owed == 0
    started, ended = world.of(TransactionStarted), world.of(TransactionEnded)
    assert len({one.transaction_id for one in started}) == len(started) == len(ended)
    assert sum(energies(ended)) == pytest.approx(world.station.outlets[1].register_kwh, abs=2e-3 * (1 + len(ended)))


@pytest.mark.slow
def test_a_thousand_stations_for_an_hour_in_one_process() -> None:
    begun = 0

    def happened(events: Sequence[StationEvent]) -> None:
        nonlocal begun
        begun += sum(isinstance(event, TransactionStarted) for event in events)

    stations = [
        VirtualStation(StationSpec(f"CP{n}", VERSIONS[n % 2], meter_s=300), EPOCH, np.random.default_rng(n))
        for n in range(1000)
    ]
    ids = itertools.count()

    def dial(station: VirtualStation, _now: float) -> DeskEnd:
        make = desk16 if station.spec.subprotocol == "ocpp1.6" else desk201
        desk = make(StationId("t", station.spec.identity), MemoryRecords(), DeskPolicy(sample_s=300))
        connection = Connection(DIALECTS[station.spec.subprotocol], Role.CSMS, lambda: f"c{next(ids)}")
        return DeskEnd(connection, desk, EPOCH, happened)

    fleet = MemoryFleet(stations, dial)
    fleet.run(10)
    for station in stations:
        station.plug_in(1, Car(), fleet.now, "tag")
        fleet.attend(station.spec.identity)
    fleet.run(HOUR)
    assert begun == 1000
    assert all(station.outlets[1].register_kwh == pytest.approx(11.01, rel=1e-2) for station in stations)
