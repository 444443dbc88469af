"""OCPP 2.0.1: what a station still holds after a restart or a lost line, held against what should be there (K09)."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from evenload.base.instants import Interval
from evenload.domain.station_commands import SetFallback, SetProfile
from evenload.domain.station_events import LimitReported
from evenload.domain.station_limits import Limits
from evenload.ocpp.composite import Purpose
from evenload.ocpp.profiles import id_of, place_of
from evenload.ocpp.v201 import OCPP201

pytestmark = pytest.mark.requirement("R77", "R79")
WORDS = {
    Purpose.STATION_MAX: "ChargingStationMaxProfile",
    Purpose.TX_DEFAULT: "TxDefaultProfile",
    Purpose.TX: "TxProfile",
}
EXTERNAL = "ChargingStationExternalConstraints"


def held(talk: Any, profile_id: int, purpose: str, level: int, kw: float = 5.0, **rest: Any) -> dict[str, Any]:
    schedule = {
        "id": 1, "chargingRateUnit": "W", "startSchedule": talk.now.isoformat(),
        "chargingSchedulePeriod": [{"startPeriod": 0, "limit": kw * 1000}],
    }  # fmt: skip
    return {
        "id": profile_id, "stackLevel": level, "chargingProfilePurpose": purpose, "chargingProfileKind": "Absolute",
        "chargingSchedule": [schedule], **rest,
    }  # fmt: skip


def own(talk: Any, purpose: Purpose, level: int, evse_id: int, **rest: Any) -> dict[str, Any]:
    return held(talk, id_of(purpose, level, evse_id), WORDS[purpose], level, **rest)


def report(talk: Any, source: str, evse_id: int, *rows: dict[str, Any], request_id: int = 2, tbc: bool = False) -> None:
    answer = talk.says("ReportChargingProfiles", {
        "requestId": request_id, "chargingLimitSource": source, "evseId": evse_id, "chargingProfile": list(rows),
        "tbc": tbc,
    })  # fmt: skip
    assert answer == {}


def cleared(talk: Any) -> list[int]:
    return [payload["chargingProfileId"] for action, payload in talk.answer_all() if action == "ClearChargingProfile"]


def begin(talk: Any) -> None:
    talk.says("TransactionEvent", {
        "eventType": "Started", "timestamp": talk.now.isoformat(), "triggerReason": "CablePluggedIn", "seqNo": 0,
        "transactionInfo": {"transactionId": "tx"}, "evse": {"id": 1, "connectorId": 1},
    })  # fmt: skip


def plan(talk: Any, minutes: float) -> SetProfile:
    window = Interval(talk.now, talk.now + timedelta(minutes=minutes))
    return SetProfile(command_id="p", evse_id=1, limits=Limits.constant(9.0, window))


def test_ids_are_read_back() -> None:
    for purpose in WORDS:
        for level in (0, 1):
            for evse_id in range(4):
                assert place_of(id_of(purpose, level, evse_id)) == (purpose, level, evse_id)
    assert [place_of(one) for one in (-3, 0, 7, 8)] == [None] * 4


def test_k09_and_k10_what_is_left_over_from_here_is_cleared_and_nothing_else(booted: Callable[..., Any]) -> None:
    one = booted(OCPP201)
    begin(one)
    one.orders(SetFallback(command_id="f", evse_id=1, power_kw=4.2))
    one.orders(plan(one, 60))
    one.answer_all()
    report(
        one, "CSO", 1, own(one, Purpose.TX_DEFAULT, 0, 1), own(one, Purpose.TX_DEFAULT, 1, 1),
        own(one, Purpose.TX, 1, 1, transactionId="tx"), own(one, Purpose.TX, 0, 1, transactionId="before"),
        tbc=True,
    )  # fmt: skip
    assert cleared(one) == [id_of(Purpose.TX, 0, 1)]
    report(one, "CSO", 2, own(one, Purpose.TX_DEFAULT, 0, 2), own(one, Purpose.TX_DEFAULT, 1, 2))
    assert cleared(one) == [id_of(Purpose.TX_DEFAULT, 0, 2), id_of(Purpose.TX_DEFAULT, 1, 2)]
    report(one, "CSO", 0, held(one, 900, WORDS[Purpose.TX_DEFAULT], 3), held(one, 1, WORDS[Purpose.TX_DEFAULT], 0))
    report(one, "EMS", 2, own(one, Purpose.TX_DEFAULT, 1, 2))
    assert cleared(one) == []


def test_a_plan_that_ended_is_cleared_and_a_fallback_is_left_to_who_knows_nothing_yet(
    booted: Callable[..., Any],
) -> None:
    one = booted(OCPP201)
    report(one, "CSO", 1, own(one, Purpose.TX_DEFAULT, 0, 1))
    assert cleared(one) == []
    one.orders(plan(one, 10))
    one.answer_all()
    one.wait(601)
    report(one, "CSO", 1, own(one, Purpose.TX_DEFAULT, 1, 1))
    assert cleared(one) == [id_of(Purpose.TX_DEFAULT, 1, 1)]


def boots_again(talk: Any, status: str) -> None:
    talk.says("BootNotification", {"reason": "PowerUp", "chargingStation": {"vendorName": "Acme", "model": "One"}})
    talk.answer_all({"GetChargingProfiles": {"status": status}})


def limit_kw(talk: Any) -> float:
    talk.desk.dossier.saw(1)
    return float(talk.desk.dossier.charging.limit_kw(1, talk.now, talk.now))


@pytest.mark.parametrize("order", [("EMS", "SO"), ("SO", "EMS")])
def test_k11_fr_01_and_k12_fr_01_of_limits_of_two_sources_the_lower_holds_until_its_own_source_lifts_it(
    booted: Callable[..., Any], order: tuple[str, str]
) -> None:
    one, kw = booted(OCPP201), {"EMS": 8.0, "SO": 6.0}
    for source in order:
        schedule = held(one, 1, EXTERNAL, 0, kw[source])["chargingSchedule"]
        limit = {"chargingLimitSource": source}
        one.says("NotifyChargingLimit", {"chargingLimit": limit, "chargingSchedule": schedule, "evseId": 1})
    assert limit_kw(one) == 6.0
    one.says("ClearedChargingLimit", {"chargingLimitSource": "SO", "evseId": 1})
    assert limit_kw(one) == 8.0


def test_k09_of_one_source_the_highest_level_holds(booted: Callable[..., Any]) -> None:
    one = booted(OCPP201)
    report(one, "EMS", 1, held(one, 900, EXTERNAL, 0, 5.0), held(one, 901, EXTERNAL, 2, 7.0), request_id=1)
    assert limit_kw(one) == 7.0


def test_k09_a_limit_from_outside_that_is_gone_after_a_restart_is_lifted(booted: Callable[..., Any]) -> None:
    one = booted(OCPP201)
    report(one, "EMS", 0, held(one, 900, EXTERNAL, 0, 8.0), request_id=1)
    assert limit_kw(one) == 8.0
    boots_again(one, "NoProfiles")
    assert limit_kw(one) == float("inf")
    [_, lifted] = one.of(LimitReported)
    assert (lifted.lifted, lifted.evse_id, str(lifted.source)) == (True, 0, "energy_management")


def test_k09_of_limits_from_outside_those_told_again_stay(booted: Callable[..., Any]) -> None:
    one = booted(OCPP201)
    report(one, "EMS", 0, held(one, 900, EXTERNAL, 0, 8.0), request_id=1, tbc=True)
    report(one, "SO", 0, held(one, 901, EXTERNAL, 0, 6.0), request_id=1)
    boots_again(one, "Accepted")
    report(one, "EMS", 0, held(one, 900, EXTERNAL, 0, 7.0), request_id=1, tbc=True)
    assert [event.lifted for event in one.of(LimitReported)] == [False] * 3  # more is to come
    report(one, "Other", 0, held(one, 902, EXTERNAL, 0, 7.5), request_id=1)
    [lifted] = [event for event in one.of(LimitReported) if event.lifted]
    assert str(lifted.source) == "grid_operator"
    assert limit_kw(one) == 7.0
