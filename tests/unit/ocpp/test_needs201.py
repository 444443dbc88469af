"""OCPP 2.0.1: limits from outside, and what vehicles need (K09, K12 to K17)."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from evenload.domain.station_commands import SetFallback, SetProfile
from evenload.domain.station_events import DisobedienceFound, LimitReported, NeedDeclared, VehicleScheduleReported
from evenload.domain.station_limits import Limits, LimitSource, LimitStep
from evenload.ocpp.v201 import OCPP201

pytestmark = pytest.mark.requirement("R77", "R79")

AC = {
    "requestedEnergyTransfer": "AC_three_phase",
    "departureTime": "2026-03-29T06:00:00Z",
    "acChargingParameters": {"energyAmount": 40000, "evMinCurrent": 6, "evMaxCurrent": 16, "evMaxVoltage": 230},
}
DC = {
    "requestedEnergyTransfer": "DC",
    "dcChargingParameters": {
        "evMaxCurrent": 200, "evMaxVoltage": 400, "evMaxPower": 50000, "energyAmount": 30000, "stateOfCharge": 20,
        "evEnergyCapacity": 60000,
    },
}  # fmt: skip


def begin(talk: Any) -> None:
    talk.says("TransactionEvent", {
        "eventType": "Started", "timestamp": talk.now.isoformat(), "triggerReason": "CablePluggedIn", "seqNo": 0,
        "transactionInfo": {"transactionId": "tx"}, "evse": {"id": 1, "connectorId": 1},
    })  # fmt: skip


def plan(talk: Any, *powers_kw: float, minutes: float = 15) -> SetProfile:
    starts = [talk.now + timedelta(minutes=minutes * i) for i in range(len(powers_kw) + 1)]
    steps = tuple(LimitStep(start, power_kw) for start, power_kw in zip(starts[:-1], powers_kw, strict=True))
    return SetProfile(command_id="p", evse_id=1, limits=Limits(steps, starts[-1]))


def schedule(limit: float, unit: str = "W", start: datetime | None = None, **rest: Any) -> dict[str, Any]:
    begin = {"startSchedule": start.isoformat()} if start else {}
    return {
        "id": 1, "chargingRateUnit": unit, "chargingSchedulePeriod": [{"startPeriod": 0, "limit": limit}],
        **begin, **rest,
    }  # fmt: skip


def test_k15_fr_02_and_fr_03_and_fr_07_and_fr_08_and_fr_18_needs_are_answered_at_once_in_periods_the_vehicle_takes(
    booted: Callable[..., Any],
) -> None:
    one = booted(OCPP201)
    begin(one)
    one.orders(plan(one, 11.04, 7.0, 9.0, 11.04))
    one.answer_all()
    answer = one.says("NotifyEVChargingNeeds", {"evseId": 1, "chargingNeeds": AC, "maxScheduleTuples": 2})
    assert answer == {"status": "Accepted"}
    assert one.durable
    action, payload = one.next_call()
    assert action == "SetChargingProfile"
    profile = payload["chargingProfile"]
    assert (profile["chargingProfilePurpose"], profile["transactionId"]) == ("TxProfile", "tx")
    [only] = profile["chargingSchedule"]  # K15.FR.18
    assert [period["limit"] for period in only["chargingSchedulePeriod"]] == [16.0, 10.1]


def test_k15_needs_are_the_driver_s(booted: Callable[..., Any]) -> None:
    one = booted(OCPP201)
    begin(one)
    one.says("NotifyEVChargingNeeds", {"evseId": 1, "chargingNeeds": AC})
    one.says("NotifyEVChargingNeeds", {"evseId": 1, "chargingNeeds": DC})
    ac, dc = one.of(NeedDeclared)
    assert (ac.energy_kwh, ac.power_kw_max, ac.power_kw_min, ac.phases) == (40.0, 11.04, 4.14, 3)
    assert (ac.transaction_id, ac.departs_at) == ("tx", datetime.fromisoformat("2026-03-29T06:00:00+00:00"))
    assert (dc.energy_kwh, dc.power_kw_max, dc.power_kw_min, dc.phases) == (30.0, 50.0, None, None)
    assert (dc.soc, dc.battery_kwh, dc.departs_at) == (0.2, 60.0, None)


def test_k15_without_a_plan_the_fallback_is_the_answer(booted: Callable[..., Any]) -> None:
    one = booted(OCPP201)
    one.orders(SetFallback(command_id="f", evse_id=1, power_kw=4.2))
    one.answer_all()
    begin(one)
    assert one.says("NotifyEVChargingNeeds", {"evseId": 1, "chargingNeeds": AC}) == {"status": "Accepted"}
    [only] = one.next_call()[1]["chargingProfile"]["chargingSchedule"]
    assert [period["limit"] for period in only["chargingSchedulePeriod"]] == [6.0]


def test_k15_fr_05_without_any_limit_the_plan_is_still_to_come(booted: Callable[..., Any]) -> None:
    one = booted(OCPP201)
    begin(one)
    assert one.says("NotifyEVChargingNeeds", {"evseId": 1, "chargingNeeds": AC}) == {"status": "Processing"}
    assert not one.calls


def test_k15_fr_11_and_k16_fr_06_a_vehicle_s_schedule_within_the_limits_is_accepted(booted: Callable[..., Any]) -> None:
    one = booted(OCPP201)
    begin(one)
    one.orders(plan(one, 11.04, minutes=60))
    one.answer_all()
    told = {"evseId": 1, "timeBase": one.now.isoformat(), "chargingSchedule": schedule(9000, duration=1800)}
    assert one.says("NotifyEVChargingSchedule", told) == {"status": "Accepted"}
    [event] = one.of(VehicleScheduleReported)
    assert event.within_limits
    assert event.limits.at(one.now) == 9.0


def test_k15_fr_12_and_fr_13_and_k16_fr_07_and_fr_08_one_beyond_them_is_rejected_and_negotiated_again(
    booted: Callable[..., Any],
) -> None:
    one = booted(OCPP201)
    begin(one)
    one.orders(plan(one, 5.0, minutes=60))
    one.answer_all()
    told = {"evseId": 1, "timeBase": one.now.isoformat(), "chargingSchedule": schedule(9000, duration=1800)}
    assert one.says("NotifyEVChargingSchedule", told) == {"status": "Rejected"}
    assert one.next_call()[0] == "SetChargingProfile"


def test_k17_fr_03_and_fr_07_and_fr_08_new_needs_of_a_vehicle_are_answered_with_what_is_planned_by_now(
    booted: Callable[..., Any],
) -> None:
    one = booted(OCPP201)
    begin(one)
    one.orders(plan(one, 11.04, minutes=60))
    one.answer_all()
    one.says("NotifyEVChargingNeeds", {"evseId": 1, "chargingNeeds": AC})
    one.answer_all()
    one.now += timedelta(minutes=5)
    one.orders(plan(one, 6.9, minutes=60))
    one.answer_all()
    less = {**AC, "acChargingParameters": {**AC["acChargingParameters"], "energyAmount": 9000}}
    assert one.says("NotifyEVChargingNeeds", {"evseId": 1, "chargingNeeds": less}) == {"status": "Accepted"}
    assert [need.energy_kwh for need in one.of(NeedDeclared)] == [40.0, 9.0]
    action, payload = one.next_call()
    profile = payload["chargingProfile"]
    assert (action, profile["chargingProfilePurpose"], profile["transactionId"]) == (
        "SetChargingProfile",
        "TxProfile",
        "tx",
    )
    [only] = profile["chargingSchedule"]
    assert [period["limit"] for period in only["chargingSchedulePeriod"]] == [10.0]


def test_k11_fr_02_and_fr_03_a_limit_from_outside_holds_for_a_transaction_that_goes_on(
    booted: Callable[..., Any],
) -> None:
    one = booted(OCPP201)
    begin(one)
    one.orders(plan(one, 11.04, minutes=60))
    one.answer_all()
    charging = one.desk.dossier.charging
    assert charging.limit_kw(1, one.now, one.now) == pytest.approx(11.04)
    rows = [schedule(6.0, "A", duration=1800)]
    told = {"evseId": 1, "chargingLimit": {"chargingLimitSource": "SO"}, "chargingSchedule": rows}
    assert one.says("NotifyChargingLimit", told) == {}
    assert one.durable
    assert [event.evse_id for event in one.of(LimitReported)] == [1]
    assert charging.limit_kw(1, one.now, one.now) == pytest.approx(4.14)


@pytest.mark.parametrize(
    ("word", "source"),
    [("EMS", LimitSource.ENERGY_MANAGEMENT), ("SO", LimitSource.GRID_OPERATOR), ("Other", LimitSource.OTHER)],
)
def test_k12_and_k13_a_limit_from_outside_is_told_in_kilowatts_until_it_is_lifted(
    booted: Callable[..., Any], word: str, source: LimitSource
) -> None:
    one = booted(OCPP201)
    one.desk.dossier.saw(1)
    limit = {"chargingLimitSource": word, "isGridCritical": True}
    rows = [schedule(10.0, "A", duration=3600)]
    one.says("NotifyChargingLimit", {"chargingLimit": limit, "chargingSchedule": rows})
    [event] = one.of(LimitReported)
    assert event.limits is not None
    assert (event.source, event.grid_critical, event.evse_id) == (source, True, 0)
    assert (event.limits.at(one.now), event.limits.end) == (pytest.approx(6.9), one.now + timedelta(hours=1))
    charging = one.desk.dossier.charging
    assert charging.limit_kw(1, one.now, one.now) == pytest.approx(6.9)
    one.says("ClearedChargingLimit", {"chargingLimitSource": word})
    assert one.of(LimitReported)[-1].lifted
    assert charging.limit_kw(1, one.now, one.now) == float("inf")


def test_k12_a_limit_without_numbers_is_told_as_unknown_and_not_as_lifted(booted: Callable[..., Any]) -> None:
    one = booted(OCPP201)
    one.says("NotifyChargingLimit", {"chargingLimit": {"chargingLimitSource": "SO"}, "evseId": 2})
    [event] = one.of(LimitReported)
    assert (event.limits, event.lifted, event.evse_id) == (None, False, 2)


def test_k09_of_profiles_reported_those_from_outside_are_limits(booted: Callable[..., Any]) -> None:
    one = booted(OCPP201)

    def profile(purpose: str, watts: float) -> dict[str, Any]:
        return {
            "id": 900, "stackLevel": 0, "chargingProfilePurpose": purpose, "chargingProfileKind": "Absolute",
            "chargingSchedule": [schedule(watts, start=one.now)],
        }  # fmt: skip

    rows = [profile("ChargingStationExternalConstraints", 8000), profile("TxDefaultProfile", 3000)]
    report = {"requestId": 1, "chargingLimitSource": "EMS", "evseId": 0, "chargingProfile": rows}
    assert one.says("ReportChargingProfiles", report) == {}
    [event] = one.of(LimitReported)
    assert event.limits is not None
    assert event.limits.at(one.now + timedelta(days=300)) == 8.0


def test_k09_fr_03_the_station_is_asked_once_who_else_limits_it_and_what_it_has_from_here(
    talk: Callable[..., Any],
) -> None:
    one = talk(OCPP201)
    one.says("BootNotification", {"reason": "PowerUp", "chargingStation": {"vendorName": "Acme", "model": "One"}})
    asked = [payload for action, payload in one.answer_all() if action == "GetChargingProfiles"]
    assert asked == [
        {"requestId": 1, "chargingProfile": {"chargingProfilePurpose": "ChargingStationExternalConstraints"}},
        {"requestId": 2, "chargingProfile": {"chargingLimitSource": ["CSO"]}},
    ]


def test_k08_a_limit_from_outside_explains_a_lower_composite_schedule(booted: Callable[..., Any]) -> None:
    one = booted(OCPP201)
    begin(one)
    one.orders(plan(one, 11.04, minutes=60))
    answer = {
        "status": "Accepted",
        "schedule": {
            "evseId": 1, "duration": 4200, "scheduleStart": one.now.isoformat(), "chargingRateUnit": "A",
            "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 6.0, "numberPhases": 3}],
        },
    }  # fmt: skip
    one.answer_all({"GetCompositeSchedule": answer})
    assert not one.of(DisobedienceFound)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    powers_kw=st.lists(st.floats(0.0, 22.0), min_size=1, max_size=8),
    tuples_max=st.none() | st.integers(1, 10),
    wants=st.integers(1, 100_000),
)
def test_k15_the_answer_never_allows_more_than_the_plan_whatever_the_vehicle_wants(
    booted: Callable[..., Any], powers_kw: list[float], tuples_max: int | None, wants: int
) -> None:
    one = booted(OCPP201)
    begin(one)
    planned = plan(one, *powers_kw)
    one.orders(planned)
    one.answer_all()
    needs = AC | {"acChargingParameters": {"energyAmount": wants, "evMinCurrent": 6, "evMaxCurrent": 32,
                                           "evMaxVoltage": 230}}  # fmt: skip
    asked = {"evseId": 1, "chargingNeeds": needs} | ({"maxScheduleTuples": tuples_max} if tuples_max else {})
    assert one.says("NotifyEVChargingNeeds", asked)["status"] == "Accepted"
    [need] = one.of(NeedDeclared)
    assert (need.energy_kwh, need.departs_at) == (wants / 1000, datetime.fromisoformat("2026-03-29T06:00:00+00:00"))
    profile = one.next_call()[1]["chargingProfile"]
    [only] = profile["chargingSchedule"]
    assert (profile["chargingProfilePurpose"], only["chargingRateUnit"]) == ("TxProfile", "A")
    assert len(only["chargingSchedulePeriod"]) <= (tuples_max or 24)
    start = datetime.fromisoformat(only["startSchedule"])
    begun = [(start + timedelta(seconds=each["startPeriod"]), each["limit"]) for each in only["chargingSchedulePeriod"]]
    ends = [*(at for at, _ in begun[1:]), start + timedelta(seconds=only["duration"])]
    for step in planned.limits.steps:
        for (at, amperes), end in zip(begun, ends, strict=True):
            if at < step.start + timedelta(minutes=15) and end > step.start:  # they overlap
                assert amperes * 0.69 <= step.power_kw + 1e-6
