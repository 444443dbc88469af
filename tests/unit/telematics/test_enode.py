import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from evenload.domain.vehicle_state import Act, ActKind, ActReason, ActStatus, CarId, PlugState, SocBasis, VehicleState
from evenload.telematics.enode import Enode
from evenload.telematics.port import (
    ActTold,
    Application,
    CarChanged,
    ConsentLost,
    Failing,
    Fault,
    Link,
    Response,
    StateTold,
    Tokens,
    WebhookRefusal,
)

CLOUD = Enode()
NOW = datetime(2025, 1, 13, 18, 0, tzinfo=UTC)
VEHICLE: dict[str, Any] = {
    "id": "remote-1", "userId": "user-1", "vendor": "TESLA", "isReachable": True,
    "lastSeen": "2025-01-13T17:59:00.000Z",
    "information": {"vin": "5YJ3", "brand": "Tesla", "model": "Model 3", "year": 2021},
    "chargeState": {
        "batteryLevel": 66, "range": 228, "isPluggedIn": True, "isCharging": True, "isFullyCharged": False,
        "batteryCapacity": 48.1, "chargeLimit": 90, "chargeRate": 6.9, "chargeTimeRemaining": 85,
        "lastUpdated": "2025-01-13T17:58:13.000Z", "maxCurrent": 16, "powerDeliveryState": "PLUGGED_IN:CHARGING",
    },
    "location": {"longitude": 10.7522, "latitude": 59.9139, "lastUpdated": "2025-01-13T17:58:13.000Z"},
    "capabilities": {
        "startCharging": {"isCapable": True, "interventionIds": []},
        "stopCharging": {"isCapable": True, "interventionIds": []},
        "setMaxCurrent": {"isCapable": False, "interventionIds": []},
    },
}  # fmt: skip


def changed(**told: Any) -> dict[str, Any]:
    return VEHICLE | {"chargeState": VEHICLE["chargeState"] | told}


def read(link: Link, vehicle: dict[str, Any]) -> VehicleState:
    state = CLOUD.parse_state(link, Response(200, {}, json.dumps(vehicle).encode()), NOW)
    assert isinstance(state, VehicleState)
    return state


@pytest.mark.requirement("R89", "R90")
def test_r89_a_vehicle_becomes_a_state(link: Link) -> None:
    assert read(link, VEHICLE) == VehicleState(
        CarId("town", "v1"), datetime(2025, 1, 13, 17, 58, 13, tzinfo=UTC), NOW, PlugState.CHARGING, 0.66, 0.95,
        SocBasis.PERCENT, charge_limit_soc=0.9, power_kw=6.9, is_home=True, range_km=228.0,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("word", "plug"),
    [
        ("UNPLUGGED", PlugState.UNPLUGGED),
        ("PLUGGED_IN:INITIALIZING", PlugState.WAITING),
        ("PLUGGED_IN:STOPPED", PlugState.WAITING),
        ("PLUGGED_IN:NO_POWER", PlugState.WAITING),
        ("PLUGGED_IN:COMPLETE", PlugState.COMPLETE),
        ("PLUGGED_IN:FAULT", PlugState.FAULT),
        ("PLUGGED_IN:DISCHARGING", PlugState.WAITING),
    ],
)
def test_what_the_plug_does(link: Link, word: str, plug: PlugState) -> None:
    assert read(link, changed(powerDeliveryState=word)).plug is plug


@pytest.mark.parametrize(
    ("plugged", "charging", "full", "plug"),
    [
        (False, False, False, PlugState.UNPLUGGED),
        (True, True, False, PlugState.CHARGING),
        (True, False, True, PlugState.COMPLETE),
        (True, False, None, PlugState.WAITING),
        (None, None, None, PlugState.UNKNOWN),
    ],
)
def test_older_answers_tell_it_in_flags(
    link: Link, plugged: bool | None, charging: bool | None, full: bool | None, plug: PlugState
) -> None:  # fmt: skip
    flags = {"isPluggedIn": plugged, "isCharging": charging, "isFullyCharged": full, "powerDeliveryState": None}
    assert read(link, changed(**flags)).plug is plug


def test_nulls_are_not_told(link: Link) -> None:
    nulls: dict[str, Any] = dict.fromkeys(VEHICLE["chargeState"])
    state = read(link, VEHICLE | {"chargeState": nulls, "location": None})
    assert (state.soc, state.power_kw, state.is_home, state.range_km) == (None, None, None, None)
    assert state.at == datetime(2025, 1, 13, 17, 59, tzinfo=UTC)  # last seen


def test_a_stale_state_keeps_its_age_and_one_of_the_future_is_said(link: Link) -> None:
    assert read(link, changed(lastUpdated="2025-01-10T18:00:00Z")).age(NOW) == timedelta(days=3)
    ahead = read(link, changed(lastUpdated="2025-01-13T19:00:00Z"))
    assert ahead.at == NOW
    assert ahead.problems == ("the car's clock is 3600 s ahead of ours: taken as measured now",)


def test_a_car_out_of_reach_is_said(link: Link) -> None:
    assert read(link, VEHICLE | {"isReachable": False}).problems == ("the cloud cannot reach the car",)


def act(kind: ActKind, value: float | None = None) -> Act:
    return Act("a1", CarId("town", "v1"), kind, NOW, NOW + timedelta(minutes=10), value)


@pytest.mark.requirement("R91")
def test_r91_acts_are_actions(app: Application, tokens: Tokens, link: Link) -> None:
    start = CLOUD.act_request(app, tokens, link, act(ActKind.START))
    amps = CLOUD.act_request(app, tokens, link, act(ActKind.SET_AMPS, 10.0))
    assert start is not None
    assert amps is not None
    assert (start.method, start.path, json.loads(start.body or b"")) == (
        "POST", "/vehicles/remote-1/charging", {"action": "START"},
    )  # fmt: skip
    assert (amps.path, json.loads(amps.body or b"")) == ("/vehicles/remote-1/max-current", {"maxCurrent": 10.0})
    assert CLOUD.act_request(app, tokens, link, act(ActKind.WAKE)) is None


def action(state: str, failure: str = "", kind: str = "START") -> dict[str, Any]:
    reason = {"type": failure, "detail": "why"} if failure else None
    return {"id": "act-9", "state": state, "targetId": "remote-1", "targetType": "vehicle", "kind": kind,
            "failureReason": reason}  # fmt: skip


@pytest.mark.parametrize(
    ("told", "ending", "reason", "again"),
    [
        (action("PENDING"), ActStatus.SENT, ActReason.DONE, False),
        (action("CONFIRMED"), ActStatus.CONFIRMED, ActReason.DONE, False),
        (action("FAILED", "UNNECESSARY"), ActStatus.CONFIRMED, ActReason.UNNECESSARY, False),
        (action("FAILED", "NO_RESPONSE"), ActStatus.FAILED, ActReason.NO_ANSWER, True),
        (action("FAILED", "FAILED_PRECONDITION"), ActStatus.FAILED, ActReason.PRECONDITION, False),
        (action("FAILED", "CONFLICT"), ActStatus.FAILED, ActReason.CONFLICT, True),
        (action("FAILED", "NOT_FOUND"), ActStatus.FAILED, ActReason.GONE, False),
        (action("CANCELLED"), ActStatus.FAILED, ActReason.SUPERSEDED, False),
        (action("FAILED"), ActStatus.FAILED, ActReason.REFUSED, False),
    ],
)
def test_what_becomes_of_actions(told: dict[str, Any], ending: ActStatus, reason: ActReason, *, again: bool) -> None:
    found = CLOUD.parse_act(act(ActKind.START), Response(200, {}, json.dumps(told).encode()), NOW)
    assert (found.act_id, found.status, found.reason, found.remote_act_id) == ("a1", ending, reason, "act-9")
    assert (found.retry_at is not None) is again


@pytest.mark.parametrize(
    ("status", "failing", "reason"),
    [
        (401, Failing.UNAUTHORISED, ActReason.UNAUTHORISED),
        (403, Failing.FORBIDDEN, ActReason.NOT_SUPPORTED),
        (404, Failing.GONE, ActReason.GONE),
        (422, Failing.REFUSED, ActReason.PRECONDITION),
        (429, Failing.RATE_LIMITED, ActReason.RATE_LIMITED),
        (500, Failing.UPSTREAM, ActReason.UPSTREAM),
        (0, Failing.UNREACHABLE, ActReason.UNREACHABLE),
    ],
)
def test_errors_are_told_apart(link: Link, status: int, failing: Failing, reason: ActReason) -> None:
    response = Response(status, {}, b'{"type":"https://docs/problem","title":"T","detail":"why"}')
    found, outcome = CLOUD.parse_state(link, response, NOW), CLOUD.parse_act(act(ActKind.STOP), response, NOW)
    assert isinstance(found, Fault)
    assert (found.failing, found.info) == (failing, "why")
    assert (outcome.status, outcome.reason) == (ActStatus.FAILED, reason)


def test_consent_is_a_link_session(app: Application, tokens: Tokens) -> None:
    assert CLOUD.consent_url(app, "s") == ""
    asked = CLOUD.consent_request(app, tokens, "s/1", "user 1")
    assert asked is not None
    body = json.loads(asked.body or b"")
    assert asked.path == "/users/user%201/link"
    assert (body["vendorType"], body["redirectUri"]) == ("vehicle", "https://example.org/back?state=s%2F1")
    came = Response(200, {}, b'{"linkUrl":"https://link/x","linkToken":"t"}')
    assert CLOUD.parse_consent(came, NOW) == "https://link/x"


def test_cars_are_listed_with_what_they_can_do() -> None:
    for body in ([VEHICLE], {"data": [VEHICLE], "pagination": {"after": None}}):
        found = CLOUD.parse_cars(Response(200, {}, json.dumps(body).encode()), NOW)
        assert not isinstance(found, Fault)
        (car,) = found
        assert (car.remote_id, car.vin, car.battery_kwh) == ("remote-1", "5YJ3", 48.1)
        assert (car.capabilities.can_start_stop, car.capabilities.can_set_amps) == (True, False)


def told(app: Application, *events: dict[str, Any]) -> tuple[object, ...]:
    body = json.dumps(list(events)).encode()
    signature = "sha1=" + hmac.new(b"hook-secret", body, hashlib.sha1).hexdigest()
    webhook = CLOUD.parse_webhook({"X-Enode-Signature": signature}, body, app, NOW)
    assert webhook.refusal is None
    return webhook.told


def test_one_webhook_brings_many_events(app: Application, link: Link) -> None:
    user = {"id": "user-1"}
    found = told(
        app,
        {"event": "system:heartbeat", "pendingEvents": 0},
        {"event": "user:vehicle:updated", "user": user, "vehicle": VEHICLE, "createdAt": "2025-01-13T17:59:00Z"},
        {"event": "user:vendor-action:updated", "user": user, "vendorAction": action("FAILED", "UNNECESSARY")},
        {"event": "user:credentials:invalidated", "user": user, "vendor": "TESLA"},
        {"event": "user:vehicle:deleted", "user": user, "vehicle": VEHICLE},
        {"event": "user:charger:updated", "user": user},
    )
    state, ended, lost, gone = found
    assert isinstance(state, StateTold)
    assert CLOUD.parse_told(link, state, NOW) == read(link, VEHICLE)
    assert isinstance(ended, ActTold)
    assert (ended.remote_act_id, ended.outcome.status) == ("act-9", ActStatus.CONFIRMED)
    assert lost == ConsentLost("user-1", info="TESLA")
    assert gone == CarChanged("remote-1", "user-1", is_there=False)


@pytest.mark.parametrize(
    ("headers", "refusal"),
    [
        ({}, WebhookRefusal.SIGNATURE_MISSING),
        ({"x-enode-signature": "sha1=" + "0" * 40}, WebhookRefusal.SIGNATURE_WRONG),
        ({"x-enode-signature": "sha256=" + hmac.new(b"hook-secret", b"[]", hashlib.sha256).hexdigest()},
         WebhookRefusal.SIGNATURE_WRONG),
    ],
)  # fmt: skip
def test_webhooks_that_are_not_signed_are_not_believed(
    app: Application, headers: dict[str, str], refusal: WebhookRefusal
) -> None:  # fmt: skip
    assert CLOUD.parse_webhook(headers, b"[]", app, NOW).refusal is refusal
