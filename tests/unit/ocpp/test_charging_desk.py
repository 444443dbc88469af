"""Smart charging end to end at a desk, both versions: plan, profile, composite schedule, meter."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from evenload.base.instants import Interval
from evenload.domain.station import Token
from evenload.domain.station_commands import (
    ClearProfile,
    CommandSettled,
    CompositeReported,
    GetCompositeSchedule,
    SetFallback,
    SetProfile,
    Settlement,
    StartRemotely,
    Trigger,
    Wanted,
)
from evenload.domain.station_events import DisobedienceFound, FallbackVerified
from evenload.domain.station_limits import Disobedience, Limits, LimitStep
from evenload.ocpp.dialect import Dialect
from evenload.ocpp.v16 import OCPP16
from evenload.ocpp.v201 import OCPP201

pytestmark = pytest.mark.requirement("R15", "R77")

BOTH = pytest.mark.parametrize("dialect", [OCPP16, OCPP201], ids=["16", "201"])


def iso(instant: datetime) -> str:
    return instant.isoformat().replace("+00:00", "Z")


def profile_of(payload: Any) -> Any:
    return payload.get("csChargingProfiles") or payload["chargingProfile"]


def schedule_of(payload: Any) -> Any:
    schedule = profile_of(payload)["chargingSchedule"]
    return schedule[0] if isinstance(schedule, list) else schedule


def amps_of(payload: Any) -> list[float]:
    return [period["limit"] for period in schedule_of(payload)["chargingSchedulePeriod"]]


def begin(talk: Any, evse_id: int = 1) -> str:
    """Start a transaction as the station does; its id."""
    if talk.desk.dossier.subprotocol == "ocpp1.6":
        request = {"connectorId": evse_id, "idTag": "T", "meterStart": 0, "timestamp": iso(talk.now)}
        return str(talk.says("StartTransaction", request)["transactionId"])
    talk.says("TransactionEvent", {
        "eventType": "Started", "timestamp": iso(talk.now), "triggerReason": "CablePluggedIn", "seqNo": 0,
        "transactionInfo": {"transactionId": "tx"}, "evse": {"id": evse_id, "connectorId": 1},
    })  # fmt: skip
    return "tx"


def meter(talk: Any, power_kw: float, own_id: str, *, amps: tuple[float, ...] = ()) -> None:
    """Sample power, and currents of the phases, of EVSE 1 as the station does."""
    sixteen = talk.desk.dossier.subprotocol == "ocpp1.6"
    samples: list[dict[str, Any]] = [{"measurand": "Power.Active.Import", "value": power_kw * 1000}]
    samples += [{"measurand": "Current.Import", "value": a, "phase": f"L{i + 1}"} for i, a in enumerate(amps)]
    if sixteen:
        samples = [{**one, "value": str(one["value"])} for one in samples]
    value = {"timestamp": iso(talk.now), "sampledValue": samples}
    if sixteen:
        talk.says("MeterValues", {"connectorId": 1, "transactionId": int(own_id), "meterValue": [value]})
        return
    talk.says("TransactionEvent", {
        "eventType": "Updated", "timestamp": iso(talk.now), "triggerReason": "MeterValuePeriodic",
        "seqNo": next(talk.numbers), "transactionInfo": {"transactionId": own_id}, "meterValue": [value],
    })  # fmt: skip


def plan(talk: Any, power_kw: float, command_id: str = "p", minutes: float = 30, evse_id: int = 1) -> SetProfile:
    window = Interval(talk.now, talk.now + timedelta(minutes=minutes))
    return SetProfile(command_id=command_id, evse_id=evse_id, limits=Limits.constant(power_kw, window))


def composite(dialect: Dialect, start: datetime, periods: list[tuple[int, float]], seconds: int = 3600) -> Any:
    """A station's answer about its schedule in amperes on three phases."""
    rows = [{"startPeriod": at, "limit": limit, "numberPhases": 3} for at, limit in periods]
    if dialect is OCPP16:
        schedule = {"chargingRateUnit": "A", "chargingSchedulePeriod": rows, "duration": seconds}
        return {"status": "Accepted", "connectorId": 1, "scheduleStart": iso(start), "chargingSchedule": schedule}
    schedule = {
        "evseId": 1, "duration": seconds, "scheduleStart": iso(start), "chargingRateUnit": "A",
        "chargingSchedulePeriod": rows,
    }  # fmt: skip
    return {"status": "Accepted", "schedule": schedule}


@BOTH
def test_k01_fr_03_and_fr_16_and_k02_fr_03_and_16_5_16_a_plan_for_a_transaction_is_one_profile_of_its_own(
    booted: Callable[..., Any], dialect: Dialect
) -> None:
    one = booted(dialect)
    own_id = begin(one)
    assert one.orders(plan(one, 11.04)) == []
    action, payload = one.next_call()
    assert action == "SetChargingProfile"
    profile = profile_of(payload)
    assert profile["chargingProfilePurpose"] == "TxProfile"
    assert str(profile["transactionId"]) == own_id
    assert payload[{"ocpp1.6": "connectorId", "ocpp2.0.1": "evseId"}[dialect.subprotocol]] == 1
    assert schedule_of(payload)["chargingSchedulePeriod"] == [{"startPeriod": 0, "limit": 16.0, "numberPhases": 3}]
    assert schedule_of(payload)["chargingRateUnit"] == "A"
    one.answer({"status": "Accepted"})
    assert one.settled("p").settlement is Settlement.DONE
    assert len(one.calls) == 1  # and the question what it follows now


@BOTH
def test_k01_fr_08_and_16_5_16_without_a_transaction_the_plan_is_for_whoever_plugs_in(
    booted: Callable[..., Any], dialect: Dialect
) -> None:
    one = booted(dialect)
    one.orders(plan(one, 11.04))
    profile = profile_of(one.next_call()[1])
    assert (profile["chargingProfilePurpose"], profile["stackLevel"]) == ("TxDefaultProfile", 1)
    assert "transactionId" not in profile


@BOTH
def test_k01_fr_22_and_k04_fr_03_and_16_5_16_a_limit_of_the_station_is_never_an_external_constraint(
    booted: Callable[..., Any], dialect: Dialect
) -> None:
    one = booted(dialect)
    one.orders(plan(one, 22.08, evse_id=0))
    purpose = {"ocpp1.6": "ChargePointMaxProfile", "ocpp2.0.1": "ChargingStationMaxProfile"}[dialect.subprotocol]
    payload = one.next_call()[1]
    assert profile_of(payload)["chargingProfilePurpose"] == purpose
    assert amps_of(payload) == [32.0]


@BOTH
def test_the_same_plan_again_is_not_sent_again(booted: Callable[..., Any], dialect: Dialect) -> None:
    one = booted(dialect)
    begin(one)
    one.orders(plan(one, 11.04))
    one.answer_all()
    one.now += timedelta(minutes=5)
    one.orders(plan(one, 11.1, "near", minutes=26))
    assert not one.calls
    assert one.settled("near").settlement is Settlement.UNCHANGED
    one.orders(plan(one, 10.5, "lower", minutes=26))
    assert amps_of(one.next_call()[1]) == [15.2]


@BOTH
def test_a_plan_is_sent_again_before_it_ends(booted: Callable[..., Any], dialect: Dialect) -> None:
    one = booted(
        dialect,
    )
    begin(one)
    one.orders(plan(one, 11.04, minutes=30))
    one.answer_all()
    one.now += timedelta(minutes=24)
    one.orders(plan(one, 11.04, "early", minutes=30))
    assert not one.calls
    one.now += timedelta(minutes=2)
    one.orders(plan(one, 11.04, "due", minutes=30))
    assert one.calls


@BOTH
def test_a_plan_that_ends_sooner_is_sent(booted: Callable[..., Any], dialect: Dialect) -> None:
    one = booted(dialect)
    begin(one)
    one.orders(plan(one, 11.04, minutes=30))
    one.answer_all()
    one.orders(plan(one, 11.04, "shorter", minutes=20))
    assert one.calls


@BOTH
def test_k01_and_16_5_16_a_refused_profile_does_not_count_as_installed(
    booted: Callable[..., Any], dialect: Dialect
) -> None:
    one = booted(dialect)
    begin(one)
    one.orders(plan(one, 11.04))
    called = []
    while one.calls:  # the lowest level, then the other unit, then it gives up
        called.append(
            (profile_of(one.next_call()[1])["stackLevel"], schedule_of(one.next_call()[1])["chargingRateUnit"])
        )
        one.answer({"status": "Rejected"})
    assert called == [(1, "A"), (0, "A"), (0, "W")]
    assert one.settled("p").settlement is Settlement.REJECTED
    one.orders(plan(one, 11.04, "again"))
    payload = one.next_call()[1]  # nothing was learned, nothing is installed
    assert (profile_of(payload)["stackLevel"], schedule_of(payload)["chargingRateUnit"]) == (1, "A")


@BOTH
def test_what_a_station_took_at_last_is_what_it_is_given_from_then_on(
    booted: Callable[..., Any], dialect: Dialect
) -> None:
    one = booted(dialect)
    begin(one)
    one.orders(plan(one, 11.04))
    one.answer({"status": "Rejected"})
    one.refuse("PropertyConstraintViolation")
    payload = one.next_call()[1]
    assert schedule_of(payload)["chargingRateUnit"] == "W"
    assert amps_of(payload) == [11040.0]
    one.answer_all()
    assert one.settled("p").settlement is Settlement.DONE
    one.orders(plan(one, 7.0, "next"))
    assert (profile_of(one.next_call()[1])["stackLevel"], amps_of(one.next_call()[1])) == (0, [7000.0])


@pytest.mark.requirement("R147")
@BOTH
def test_k01_fr_10_and_k08_and_16_5_7_and_16_5_16_the_fallback_is_stored_and_verified(
    booted: Callable[..., Any], dialect: Dialect
) -> None:
    one = booted(dialect)
    one.orders(SetFallback(command_id="f", evse_id=1, power_kw=4.2))
    payload = one.next_call()[1]
    profile, schedule = profile_of(payload), schedule_of(payload)
    assert (profile["chargingProfilePurpose"], profile["stackLevel"]) == ("TxDefaultProfile", 0)
    assert not {"validTo", "validFrom"} & set(profile)
    assert "duration" not in schedule
    assert amps_of(payload) == [6.0]
    one.answer({"status": "Accepted"})
    assert one.settled("f").settlement is Settlement.DONE
    action, payload = one.next_call()
    assert action == "GetCompositeSchedule"
    one.answer(composite(dialect, one.now, [(0, 6.0)], payload["duration"]))
    [event] = one.of(FallbackVerified)
    assert (event.evse_id, event.power_kw) == (1, 4.2)


@pytest.mark.requirement("R147")
@BOTH
def test_the_fallback_is_verified_under_a_plan(booted: Callable[..., Any], dialect: Dialect) -> None:
    """The question reaches past the end of the plan; an answer that goes on with the plan's limit proves nothing."""
    one = booted(dialect)
    one.orders(plan(one, 11.04, minutes=10))
    one.answer_all()
    one.orders(SetFallback(command_id="f", evse_id=1, power_kw=4.2))
    one.answer({"status": "Accepted"})
    payload = one.next_call()[1]
    assert payload["duration"] == 600 + 600
    one.answer(composite(dialect, one.now, [(0, 16.0)], payload["duration"]))
    assert not one.of(FallbackVerified)
    [event] = one.of(DisobedienceFound)
    assert (event.how, round(event.found_kw, 2), round(event.limit_kw, 2)) == (Disobedience.COMPOSITE, 11.04, 4.14)
    one.orders(GetCompositeSchedule(command_id="c", evse_id=1, duration_s=1200))
    one.answer(composite(dialect, one.now, [(0, 16.0), (600, 6.0)], 1200))
    assert len(one.of(FallbackVerified)) == 1


@pytest.mark.requirement("R147")
@BOTH
def test_k01_and_k08_and_16_3_13_after_a_restart_fallback_and_plan_are_said_again_and_verified(
    booted: Callable[..., Any], dialect: Dialect
) -> None:
    one = booted(dialect)
    one.orders(SetFallback(command_id="f", evse_id=1, power_kw=4.2))
    one.orders(plan(one, 11.04))
    one.answer_all()
    boot = {"ocpp1.6": {"chargePointVendor": "Acme", "chargePointModel": "One"},
            "ocpp2.0.1": {"reason": "PowerUp", "chargingStation": {"vendorName": "Acme", "model": "One"}}}  # fmt: skip
    one.now += timedelta(minutes=1)
    one.says("BootNotification", boot[dialect.subprotocol])
    told = [(0, 16.0), (1740, 6.0)]
    answer = {"GetCompositeSchedule": lambda asked: composite(dialect, one.now, told, asked["duration"])}
    called = [action for action, _ in one.answer_all(answer)]
    assert called.count("SetChargingProfile") == 2
    assert one.of(FallbackVerified)
    assert not one.of(DisobedienceFound)


@BOTH
def test_k02_and_16_3_13_a_station_that_accepts_and_does_not_obey_is_found_at_the_second_sample(
    booted: Callable[..., Any], dialect: Dialect
) -> None:
    one = booted(dialect)
    own_id = begin(one)
    one.orders(plan(one, 4.2, minutes=60))
    one.answer_all()
    one.wait(60)
    meter(one, 11.0, own_id)
    assert not one.of(DisobedienceFound)
    one.wait(60)
    meter(one, 11.0, own_id)
    [event] = one.of(DisobedienceFound)
    assert (event.how, event.found_kw, event.evse_id) == (Disobedience.METER, 11.0, 1)
    assert round(event.limit_kw, 2) == 4.14  # 6 A of the 6.08 that were meant
    for _ in range(3):
        one.wait(60)
        meter(one, 11.0, own_id)
    assert len(one.of(DisobedienceFound)) == 1  # told once
    one.orders(plan(one, 4.2, "again", minutes=60))
    assert one.calls  # and not taken for granted any more


@BOTH
def test_a_station_that_obeys_within_the_tolerance_is_left_alone(booted: Callable[..., Any], dialect: Dialect) -> None:
    one = booted(dialect)
    own_id = begin(one)
    one.orders(plan(one, 4.2, minutes=60))
    one.answer_all()
    for power_kw in (11.0, 4.3, 11.0, 4.3, 4.4, 4.5):  # one sample above now and then is no proof
        one.wait(60)
        meter(one, power_kw, own_id)
    assert not one.of(DisobedienceFound)


@BOTH
def test_a_sample_right_after_a_lower_limit_is_no_proof(booted: Callable[..., Any], dialect: Dialect) -> None:
    one = booted(dialect)
    own_id = begin(one)
    one.orders(plan(one, 11.04, minutes=60))
    one.answer_all()
    one.wait(60)
    one.orders(plan(one, 4.2, "low", minutes=60))
    one.answer_all()
    one.wait(5)
    meter(one, 11.0, own_id)
    one.wait(60)
    meter(one, 11.0, own_id)
    assert not one.of(DisobedienceFound)
    one.wait(60)
    meter(one, 11.0, own_id)
    assert len(one.of(DisobedienceFound)) == 1


@BOTH
def test_a_one_phase_vehicle_at_a_three_phase_evse_is_judged_by_its_current(
    booted: Callable[..., Any], dialect: Dialect
) -> None:
    """32 A on one phase are 7.4 kW, less than the 11 kW three phases of 16 A allow: the current is twice the limit."""
    one = booted(dialect)
    own_id = begin(one)
    one.orders(plan(one, 11.04, minutes=60))
    one.answer_all()
    for _ in range(2):
        one.wait(60)
        meter(one, 7.36, own_id, amps=(32.0, 0.0, 0.0))
    assert len(one.of(DisobedienceFound)) == 1


@BOTH
def test_k01_fr_51_amperes_are_computed_with_the_phases_that_were_metered(
    booted: Callable[..., Any], dialect: Dialect
) -> None:
    """A one-phase car: three phases are assumed until two samples show one, then 3.68 kW are 16 A and not 5.3."""
    one = booted(dialect)
    own_id = begin(one)
    for _ in range(2):
        one.wait(60)
        meter(one, 1.4, own_id, amps=(6.1, 0.0, 0.0))
    one.orders(plan(one, 3.68))
    payload = one.next_call()[1]
    assert schedule_of(payload)["chargingSchedulePeriod"] == [{"startPeriod": 0, "limit": 16.0, "numberPhases": 1}]


@BOTH
def test_k02_fr_05_and_16_3_13_what_was_set_for_a_transaction_ends_with_it(
    booted: Callable[..., Any], dialect: Dialect
) -> None:
    one = booted(dialect)
    own_id = begin(one)
    one.orders(plan(one, 11.04))
    one.answer_all()
    one.now += timedelta(minutes=1)
    if dialect is OCPP16:
        one.says("StopTransaction", {"transactionId": int(own_id), "meterStop": 5, "timestamp": iso(one.now)})
    else:
        one.says("TransactionEvent", {
            "eventType": "Ended", "timestamp": iso(one.now), "triggerReason": "EVDeparted", "seqNo": 900,
            "transactionInfo": {"transactionId": own_id},
        })  # fmt: skip
    assert one.desk.dossier.charging.installed == {}
    one.orders(plan(one, 11.04, "next"))
    assert profile_of(one.next_call()[1])["chargingProfilePurpose"] == "TxDefaultProfile"


@BOTH
def test_k08_and_16_5_7_a_composite_schedule_is_told_in_kilowatts(booted: Callable[..., Any], dialect: Dialect) -> None:
    one = booted(dialect)
    one.orders(GetCompositeSchedule(command_id="c", evse_id=1, duration_s=900))
    assert one.next_call()[1]["duration"] == 900
    one.answer(composite(dialect, one.now, [(0, 32.0), (300, -1.0)], 900))
    [event] = one.of(CompositeReported)
    steps = [(step.start - one.now, round(step.power_kw, 2)) for step in event.limits.steps]
    assert steps == [(timedelta(0), 22.08), (timedelta(seconds=300), float("inf"))]
    assert one.settled("c").value == event.limits


@BOTH
def test_whole_seconds_of_a_station_are_no_disobedience(booted: Callable[..., Any], dialect: Dialect) -> None:
    """A station counts its periods in whole seconds from its own start: a step down may come 0.4 s late in it."""
    one = booted(dialect)
    begin(one)
    steps = tuple(LimitStep(one.now + timedelta(minutes=at), kw) for at, kw in ((0, 11.04), (15, 6.9)))
    one.orders(SetProfile(command_id="p", evse_id=1, limits=Limits(steps, one.now + timedelta(minutes=30))))
    one.answer({"status": "Accepted"})
    start = one.now + timedelta(seconds=0.4)
    one.answer(composite(dialect, start, [(0, 16.0), (900, 10.0)], 1700))
    assert not one.of(DisobedienceFound)


@BOTH
@pytest.mark.parametrize("seconds", [-5, 5])
def test_seconds_too_many_are(booted: Callable[..., Any], dialect: Dialect, seconds: int) -> None:
    """A step down that comes late, or a step up that comes early, by more than whole seconds explain."""
    one = booted(dialect)
    begin(one)
    powers = (11.04, 6.9) if seconds > 0 else (6.9, 11.04)
    steps = tuple(LimitStep(one.now + timedelta(minutes=15 * n), kw) for n, kw in enumerate(powers))
    one.orders(SetProfile(command_id="p", evse_id=1, limits=Limits(steps, one.now + timedelta(minutes=30))))
    one.answer({"status": "Accepted"})
    amperes = [round(kw * 1000 / 690, 1) for kw in powers]
    one.answer(composite(dialect, one.now, [(0, amperes[0]), (900 + seconds, amperes[1])], 1700))
    [found] = one.of(DisobedienceFound)
    assert (found.found_kw, found.limit_kw) == (pytest.approx(11.04), pytest.approx(6.9))


@BOTH
def test_k10_fr_02_and_16_5_5_clearing_a_plan_leaves_the_fallback(booted: Callable[..., Any], dialect: Dialect) -> None:
    one = booted(dialect)
    begin(one)
    one.orders(SetFallback(command_id="f", evse_id=1, power_kw=4.2))
    one.answer_all()
    one.orders(plan(one, 11.04))
    one.answer_all()
    one.orders(ClearProfile(command_id="x", evse_id=1))
    called = one.answer_all()
    key = {"ocpp1.6": "id", "ocpp2.0.1": "chargingProfileId"}[dialect.subprotocol]
    assert {action for action, _ in called} == {"ClearChargingProfile"}
    cleared = {payload[key] for _, payload in called}
    held = {placement.profile_id for placement in one.desk.dossier.charging.installed.values()}
    assert cleared
    assert not cleared & held
    assert [placement.profile.stack_level for placement in one.desk.dossier.charging.installed.values()] == [0]
    assert one.settled("x").settlement is Settlement.DONE


@BOTH
def test_a_late_acceptance_counts(booted: Callable[..., Any], dialect: Dialect) -> None:
    one = booted(dialect)
    begin(one)
    one.orders(plan(one, 11.04))
    one.wait(31)
    assert one.settled("p").settlement is Settlement.NO_ANSWER
    assert one.desk.dossier.charging.installed == {}
    one.answer({"status": "Accepted"})
    assert len(one.desk.dossier.charging.installed) == 1
    assert len(one.of(CommandSettled)) == 1


@BOTH
def test_k05_fr_01_and_fr_02_and_f01_and_16_5_11_a_remote_start_carries_its_limits_for_the_transaction_that_comes(
    booted: Callable[..., Any], dialect: Dialect
) -> None:
    one = booted(dialect)
    limits = plan(one, 11.04).limits
    token = Token("Tag-A", "" if dialect is OCPP16 else "ISO14443")
    one.orders(StartRemotely(command_id="s", evse_id=1, token=token, remote_start_id=7, limits=limits))
    action, payload = one.next_call()
    assert action in ("RemoteStartTransaction", "RequestStartTransaction")
    assert payload["chargingProfile"]["chargingProfilePurpose"] == "TxProfile"
    assert "transactionId" not in payload["chargingProfile"]
    one.answer({"status": "Accepted"})
    one.now += timedelta(seconds=20)
    own_id = begin(one)
    [placement] = one.desk.dossier.charging.installed.values()
    assert placement.transaction_id == own_id


@BOTH
def test_a_limit_that_is_due_leaves_before_what_waits(booted: Callable[..., Any], dialect: Dialect) -> None:
    one = booted(dialect)
    begin(one)
    for wanted in (Wanted.HEARTBEAT, Wanted.METER):
        one.orders(Trigger(command_id=wanted, evse_id=1, wanted=wanted))
    one.orders(plan(one, 11.04))
    called = [action for action, _ in one.answer_all()]
    assert called[:2] == ["TriggerMessage", "SetChargingProfile"]


def test_16_5_16_limits_of_several_steps_become_periods(booted: Callable[..., Any]) -> None:
    one = booted(OCPP16)
    begin(one)
    steps = tuple(LimitStep(one.now + timedelta(minutes=at), kw) for at, kw in ((0, 11.04), (15, 0.0), (30, 7.0)))
    limits = Limits(steps, one.now + timedelta(minutes=45))
    one.orders(SetProfile(command_id="p", evse_id=1, limits=limits))
    periods = schedule_of(one.next_call()[1])["chargingSchedulePeriod"]
    assert [(one["startPeriod"], one["limit"]) for one in periods] == [(0, 16.0), (960, 0.0), (1860, 10.1)]


@BOTH
def test_a_plan_that_is_on_its_way_is_not_sent_twice(booted: Callable[..., Any], dialect: Dialect) -> None:
    one = booted(dialect)
    begin(one)
    one.orders(plan(one, 11.04))
    one.orders(plan(one, 11.04, "again"))
    assert len(one.answer_all({})) == 2  # the profile and the question
    one.now += timedelta(hours=1)
    one.orders(plan(one, 11.04, "later"))
    one.wait(31)
    one.orders(plan(one, 11.04, "after no answer"))
    assert len(one.calls) == 2


@BOTH
def test_what_a_station_was_found_to_take_is_remembered_when_it_boots_again(
    booted: Callable[..., Any], dialect: Dialect
) -> None:
    one = booted(dialect)
    begin(one)
    one.orders(plan(one, 11.04))
    one.answer({"status": "Rejected"})
    one.answer_all()
    boot = {"ocpp1.6": {"chargePointVendor": "Acme", "chargePointModel": "One", "firmwareVersion": "1.2"},
            "ocpp2.0.1": {"reason": "PowerUp", "chargingStation": {"vendorName": "Acme", "model": "One"}}}  # fmt: skip
    one.says("BootNotification", boot[dialect.subprotocol])
    placed = [payload for action, payload in one.answer_all() if action == "SetChargingProfile"]
    assert [profile_of(payload)["stackLevel"] for payload in placed] == [0]


@BOTH
def test_a_lost_connection_settles_what_was_never_sent_and_asserts_again_on_the_next(
    booted: Callable[..., Any], dialect: Dialect
) -> None:
    one = booted(dialect)
    one.orders(SetFallback(command_id="f", evse_id=1, power_kw=4.2))
    one.answer_all()
    one.events += one.desk.order(plan(one, 11.04, "late"), one.now)
    one.events += one.desk.lost(one.now)
    assert one.settled("late").settlement is Settlement.NO_ANSWER
    one.says("Heartbeat", {})
    called = [action for action, _ in one.answer_all()]
    assert called.count("SetChargingProfile") == 2


@pytest.mark.requirement("R147")
@BOTH
def test_a_fallback_that_was_refused_is_not_verified_by_an_answer_above_it(
    booted: Callable[..., Any], dialect: Dialect
) -> None:
    one = booted(dialect)
    one.orders(SetFallback(command_id="f", evse_id=1, power_kw=4.2))
    while one.calls:
        one.answer({"status": "Rejected"})
    assert one.settled("f").settlement is Settlement.REJECTED
    for amps, verified in ((32.0, False), (6.0, True)):
        one.orders(GetCompositeSchedule(command_id=f"c{amps}", evse_id=1))
        one.answer(composite(dialect, one.now, [(0, amps)]))
        assert bool(one.of(FallbackVerified)) == verified
    assert not one.of(DisobedienceFound)  # it took nothing that it could disobey


def test_readings_after_the_end_are_no_disobedience(booted: Callable[..., Any]) -> None:
    one = booted(OCPP16)
    one.orders(SetFallback(command_id="f", evse_id=1, power_kw=4.2))
    one.answer_all()
    own_id = begin(one)
    one.wait(60)
    one.says("StopTransaction", {"transactionId": int(own_id), "meterStop": 5, "timestamp": iso(one.now)})
    for _ in range(3):
        one.wait(60)
        meter(one, 11.0, own_id)
    assert not one.of(DisobedienceFound)


@pytest.mark.parametrize("samples", [1, 3])
def test_a_limit_in_watts_from_outside_stays_what_it_is_whatever_the_phases(
    booted: Callable[..., Any], samples: int
) -> None:
    one = booted(OCPP201)
    own_id = begin(one)
    rows = [{"id": 1, "chargingRateUnit": "W", "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 4600.0}]}]
    one.says("NotifyChargingLimit", {"chargingLimit": {"chargingLimitSource": "SO"}, "chargingSchedule": rows})
    charging = one.desk.dossier.charging
    for _ in range(samples):
        assert charging.limit_kw(1, one.now, one.now) == pytest.approx(4.6)
        one.wait(60)
        meter(one, 1.4, own_id, amps=(6.1, 0.0, 0.0))
    assert charging.electrics(1).supply.phases == (1 if samples > 1 else 3)
    assert charging.limit_kw(1, one.now, one.now) == pytest.approx(4.6)


def test_the_next_vehicle_is_not_taken_for_a_one_phase_one(booted: Callable[..., Any]) -> None:
    """3.68 kW on one phase were 16 A; of a vehicle nobody knows yet they are 5.3 A on three, which is nothing."""
    one = booted(OCPP16)
    own_id = begin(one)
    for _ in range(2):
        one.wait(60)
        meter(one, 1.4, own_id, amps=(6.1, 0.0, 0.0))
    one.says("StopTransaction", {"transactionId": int(own_id), "meterStop": 5, "timestamp": iso(one.now)})
    one.wait(60)
    begin(one)
    one.orders(plan(one, 3.68))
    assert schedule_of(one.next_call()[1])["chargingSchedulePeriod"] == [
        {"startPeriod": 0, "limit": 0.0, "numberPhases": 3}
    ]


def test_readings_from_before_a_limit_are_not_held_against_it(booted: Callable[..., Any]) -> None:
    """Samples of a time when 11 kW were allowed come late, after the limit was lowered twice."""
    one = booted(OCPP16)
    own_id = begin(one)
    for power_kw in (11.04, 7.0, 4.2):
        one.wait(600)
        one.orders(plan(one, power_kw, f"p{power_kw}", minutes=60))
        one.answer_all()
    now = one.now
    for minutes in (15, 14, 13):
        one.now = now - timedelta(minutes=minutes)
        at = iso(one.now)
        one.now = now
        sample = {"measurand": "Power.Active.Import", "value": "11000"}
        value = {"timestamp": at, "sampledValue": [sample]}
        one.says("MeterValues", {"connectorId": 1, "transactionId": int(own_id), "meterValue": [value]})
    assert not one.of(DisobedienceFound)


def test_a_station_that_tells_its_register_only_is_found_too(booted: Callable[..., Any]) -> None:
    one = booted(OCPP16)
    own_id = begin(one)
    one.orders(plan(one, 4.2, minutes=60))
    one.answer_all()
    for minute in range(1, 4):  # 11 kW are 183 Wh a minute
        one.wait(60)
        value = {"timestamp": iso(one.now), "sampledValue": [{"value": str(11000 / 60 * minute)}]}
        one.says("MeterValues", {"connectorId": 1, "transactionId": int(own_id), "meterValue": [value]})
    [event] = one.of(DisobedienceFound)
    assert event.found_kw == pytest.approx(11.0)


@pytest.mark.parametrize(("reason", "tries"), [("TxNotFound", 1), ("UnknownEvse", 1), ("InvalidStackLevel", 3)])
def test_a_refusal_that_is_not_about_the_wording_is_not_argued_with(
    booted: Callable[..., Any], reason: str, tries: int
) -> None:
    one = booted(OCPP201)
    begin(one)
    one.orders(plan(one, 11.04))
    answer = {"status": "Rejected", "statusInfo": {"reasonCode": reason}}
    assert len(one.answer_all({"SetChargingProfile": answer})) == tries
    assert reason in one.settled("p").info
