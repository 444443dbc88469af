"""Virtual stations of OCPP 2.0.1: what they say of the profiles they hold, and what a server makes of that (K09)."""

import itertools
from datetime import UTC, datetime, timedelta
from math import inf
from typing import Any

import numpy as np
import pytest

from evenload.base.instants import Interval
from evenload.domain.station import StationId
from evenload.domain.station_commands import CommandSettled, SetFallback, SetProfile, Settlement
from evenload.domain.station_events import LimitReported, StationEvent
from evenload.domain.station_limits import Limits
from evenload.ocpp.action import Role
from evenload.ocpp.composite import Kind, Period, Profile, Purpose, Unit
from evenload.ocpp.connection import Connection
from evenload.ocpp.dossier import DeskPolicy
from evenload.ocpp.profiles import FALLBACK_LEVEL, PLAN_LEVEL
from evenload.ocpp.records import MemoryRecords
from evenload.ocpp.v201 import OCPP201
from evenload.ocpp.v201.desk import desk201
from evenload.ocpp.v201.wire import smart_charging as smart
from evenload.ocpp.v201.wire.datatypes import ChargingProfilePurposeEnum
from evenload.simulate.station import VirtualStation
from evenload.simulate.station_acts201 import ACTS
from evenload.simulate.station_car import Car
from evenload.simulate.station_far_end import DeskEnd
from evenload.simulate.station_fleet import MemoryFleet
from evenload.simulate.station_profiles import Held
from evenload.simulate.station_profiles201 import held_profile
from evenload.simulate.station_spec import StationSpec

pytestmark = pytest.mark.requirement("R77", "R79")
EPOCH = datetime(2026, 3, 1, 18, tzinfo=UTC)


class World:
    """One station and the desk it talks to, in frames; ``other_server`` is a desk that knows nothing."""

    def __init__(self) -> None:
        self.events: list[StationEvent] = []
        self.station = VirtualStation(
            StationSpec("CP1", "ocpp2.0.1", outlets=2, stack_level_max=3), EPOCH, np.random.default_rng(1)
        )
        self._ids = itertools.count()
        self.other_server()
        self.fleet = MemoryFleet([self.station], self._dial)
        self.run(10)

    def other_server(self) -> None:
        self.desk = desk201(StationId("t", "CP1"), MemoryRecords(), DeskPolicy())

    def _dial(self, _station: VirtualStation, _now: float) -> DeskEnd:
        connection = Connection(OCPP201, Role.CSMS, lambda: f"c{next(self._ids)}")
        self.end = DeskEnd(connection, self.desk, EPOCH, self.events.extend)
        return self.end

    @property
    def now(self) -> datetime:
        return EPOCH + timedelta(seconds=self.fleet.now)

    def run(self, seconds: float) -> None:
        self.fleet.run(self.fleet.now + seconds)

    def order(self, kind: Any, **more: Any) -> None:
        name = f"command {next(self._ids)}"
        self.end.order(kind(command_id=name, **more), self.now)
        self.fleet.attend("CP1")
        self.run(1)
        settled = next(one for one in self.of(CommandSettled) if one.command_id == name)
        assert settled.settlement is Settlement.DONE

    def restart(self) -> None:
        self.station.power_cut(self.fleet.now)
        self.fleet.attend("CP1")
        self.run(120)
        assert self.station.registered

    def of(self, kind: type[Any]) -> list[Any]:
        return [event for event in self.events if isinstance(event, kind)]

    def limit_kw(self, evse_id: int) -> float:
        return self.desk.dossier.charging.limit_kw(evse_id, self.now, self.now)

    def from_outside(self, source: str, kw: float, number: int, evse_id: int = 0) -> None:
        periods = [Period(0.0, kw * 1000.0)]
        profile = Profile(
            Purpose.EXTERNAL, 0, Kind.ABSOLUTE, Unit.W, periods, evse_id, EPOCH, source=source, duration_s=86400.0
        )
        assert self.station.duties.hold(Held(number, profile))

    def placed(self) -> list[tuple[Purpose, int, int]]:
        held = (one.profile for one in self.station.duties.held)
        return sorted(
            (one.purpose, one.stack_level, one.evse_id) for one in held if one.purpose is not Purpose.EXTERNAL
        )


def test_k09_and_k10_what_a_server_of_before_left_is_found_after_a_restart_and_cleared() -> None:
    world = World()
    window = Interval(world.now, world.now + timedelta(hours=10))
    for evse_id in (1, 2):
        world.order(SetFallback, evse_id=evse_id, power_kw=5.0)
        world.order(SetProfile, evse_id=evse_id, limits=Limits.constant(9.0, window))
    assert len(world.placed()) == 4
    world.other_server()
    world.restart()
    default = Purpose.TX_DEFAULT
    assert world.placed() == [(default, FALLBACK_LEVEL, 1), (default, FALLBACK_LEVEL, 2)]
    world.order(SetFallback, evse_id=1, power_kw=4.2)
    world.order(SetProfile, evse_id=1, limits=Limits.constant(8.0, window))
    world.restart()
    assert world.placed() == [(default, FALLBACK_LEVEL, 1), (default, PLAN_LEVEL, 1)]


def test_k09_and_k12_fr_01_limits_from_outside_are_told_after_a_restart_obeyed_and_lifted_when_told_no_more() -> None:
    world = World()
    world.from_outside("EMS", 12.0, 900)
    world.from_outside("SO", 9.0, 901)
    world.from_outside("SO", 4.5, 902, evse_id=2)
    world.restart()
    told = [(str(one.source), one.evse_id, one.limits.at(world.now)) for one in world.of(LimitReported)]
    assert sorted(told) == [("energy_management", 0, 12.0), ("grid_operator", 0, 9.0), ("grid_operator", 2, 4.5)]
    assert [world.limit_kw(evse_id) for evse_id in (1, 2)] == [9.0, 4.5]
    for evse_id in (1, 2):
        world.station.plug_in(evse_id, Car(), world.fleet.now, "tag")
    world.fleet.attend("CP1")
    world.run(60)
    drawn_kw = [world.station.outlets[evse_id].power_kw for evse_id in (1, 2)]
    assert 8.0 < sum(drawn_kw) <= 9.0
    assert 0.0 < drawn_kw[1] <= 4.5
    world.station.duties.clear(901, None, None, None)
    world.restart()
    lifted = [(str(one.source), one.evse_id) for one in world.of(LimitReported) if one.lifted]
    assert lifted == [("grid_operator", 0)]
    assert [world.limit_kw(evse_id) for evse_id in (1, 2)] == [12.0, 4.5]
    world.station.duties.power.shelf.forget()
    world.restart()
    assert [world.limit_kw(evse_id) for evse_id in (1, 2)] == [inf, inf]


@pytest.mark.parametrize("kind", list(Kind))
@pytest.mark.parametrize("purpose", [Purpose.STATION_MAX, Purpose.TX_DEFAULT, Purpose.EXTERNAL])
def test_what_is_reported_is_what_is_held(kind: Kind, purpose: Purpose) -> None:
    duties = World().station.duties
    duties.power.shelf.forget()
    start = None if kind is Kind.RELATIVE else EPOCH
    source = "SO" if purpose is Purpose.EXTERNAL else ""
    periods = [Period(0, 16.0, 1), Period(900, 8.0)]
    kept = Held(7, Profile(purpose, 2, kind, Unit.A, periods, 1, start, 3600, EPOCH, EPOCH + timedelta(days=1), source))
    assert duties.hold(kept)
    answer = ACTS[smart.GetChargingProfilesRequest](duties, asking())
    assert answer.status is smart.GetChargingProfileStatusEnum.ACCEPTED
    [report] = duties.to_say
    assert isinstance(report, smart.ReportChargingProfilesRequest)
    assert (report.request_id, report.evse_id, report.charging_limit_source) == (5, 1, source or "CSO")
    back = held_profile(report.charging_profile[0], report.evse_id)
    assert (back.profile_id, back.transaction_id) == (7, "")
    for field in set(Profile.__slots__) - {"source"}:
        assert getattr(back.profile, field) == getattr(kept.profile, field), field


def asking(evse_id: int | None = None, **which: Any) -> smart.GetChargingProfilesRequest:
    criterion = smart.ChargingProfileCriterion(**which)
    return smart.GetChargingProfilesRequest(request_id=5, evse_id=evse_id, charging_profile=criterion)


def test_only_what_is_asked_for_is_reported_in_a_message_for_each_source_and_evse() -> None:
    duties = World().station.duties
    duties.power.shelf.forget()
    ranked = itertools.product((Purpose.STATION_MAX, Purpose.TX_DEFAULT), (0, 1), (0, 1))
    for number, (purpose, level, evse_id) in enumerate(ranked, start=1):
        profile = Profile(purpose, level, Kind.RELATIVE, Unit.A, [Period(0, 10.0)], evse_id)
        assert duties.hold(Held(number, profile))

    def ids(evse_id: int | None = None, **which: Any) -> list[list[int]]:
        duties.to_say.clear()
        answer = ACTS[smart.GetChargingProfilesRequest](duties, asking(evse_id, **which))
        none = smart.GetChargingProfileStatusEnum.NO_PROFILES
        assert (answer.status is none) is (not duties.to_say)
        said = [one for one in duties.to_say if isinstance(one, smart.ReportChargingProfilesRequest)]
        assert [one.tbc for one in said] == [True] * (len(said) - 1) + [False] * bool(said)
        return [sorted(one.id for one in report.charging_profile) for report in said]

    words = ChargingProfilePurposeEnum
    assert ids() == [[1, 3, 5, 7], [2, 4, 6, 8]]
    assert ids(evse_id=1) == [[2, 4, 6, 8]]
    assert ids(evse_id=0, stack_level=1) == [[3, 7]]
    assert ids(charging_profile_purpose=words.TX_DEFAULT_PROFILE, evse_id=1) == [[6, 8]]
    assert ids(charging_profile_id=(2, 8, 99)) == [[2, 8]]
    assert ids(charging_limit_source=(smart.ChargingLimitSourceEnum.EMS,)) == []
    assert ids(charging_profile_purpose=words.TX_PROFILE) == []


def test_k01_fr_22_a_station_takes_no_limit_from_outside_from_a_server() -> None:
    duties = World().station.duties
    duties.power.shelf.forget()
    assert duties.hold(Held(1, Profile(Purpose.TX_DEFAULT, 0, Kind.RELATIVE, Unit.A, [Period(0, 10.0)])))
    ACTS[smart.GetChargingProfilesRequest](duties, asking())
    report = duties.to_say[-1]
    assert isinstance(report, smart.ReportChargingProfilesRequest)
    outside = ChargingProfilePurposeEnum.CHARGING_STATION_EXTERNAL_CONSTRAINTS
    told = report.charging_profile[0]
    for purpose, status in ((outside, "Rejected"), (told.charging_profile_purpose, "Accepted")):
        profile = type(told)(
            id=9, stack_level=0, charging_profile_purpose=purpose, charging_profile_kind=told.charging_profile_kind,
            charging_schedule=told.charging_schedule,
        )  # fmt: skip
        request = smart.SetChargingProfileRequest(evse_id=0, charging_profile=profile)
        assert ACTS[smart.SetChargingProfileRequest](duties, request).status == status
