import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from evenload.domain.vehicle_state import Act, ActKind, ActReason, ActStatus, CarId, PlugState, SocBasis, VehicleState
from evenload.telematics.port import (
    Application,
    ConsentLost,
    Failing,
    Fault,
    Link,
    Response,
    StateTold,
    Tokens,
    WebhookRefusal,
)
from evenload.telematics.smartcar import Smartcar

CLOUD = Smartcar()
NOW = datetime(2025, 1, 13, 18, 0, tzinfo=UTC)
MILLIS = int((NOW - timedelta(minutes=7)).timestamp() * 1000)


def signal(code: str, **body: Any) -> dict[str, Any]:
    group, _, name = code.partition("-")
    attributes = {"code": code, "name": name, "group": group, "status": {"value": "SUCCESS"}, "body": body}
    return {"id": code, "type": "signal", "attributes": attributes, "meta": {"oemUpdatedAt": MILLIS}}


def answer(*signals: dict[str, Any], headers: dict[str, str] | None = None) -> Response:
    return Response(200, headers or {}, json.dumps({"data": list(signals), "meta": {"totalCount": 1}}).encode())


CHARGING = (
    signal("tractionbattery-stateofcharge", unit="percent", value=62),
    signal("tractionbattery-nominalcapacity", capacity=75),
    signal("tractionbattery-range", unit="km", value=250),
    signal("charge-ischarging", value=True),
    signal("charge-ischargingcableconnected", value=True),
    signal("charge-detailedchargingstatus", value="CHARGING"),
    signal("charge-chargelimits", activeLimit=80, unit="percent", values=[]),
    signal("charge-wattage", unit="watts", value=7200),
    signal("charge-energyadded", unit="kilowatt_hours", value=4.5),
    signal("location-preciselocation", latitude=59.9131, longitude=10.7521),
)


@pytest.mark.requirement("R89", "R90")
def test_r89_signals_become_a_state(link: Link) -> None:
    state = CLOUD.parse_state(link, answer(*CHARGING), NOW)
    assert state == VehicleState(
        CarId("town", "v1"), NOW - timedelta(minutes=7), NOW, PlugState.CHARGING, 0.62, 0.95, SocBasis.PERCENT,
        charge_limit_soc=0.8, power_kw=7.2, energy_kwh_added=4.5, is_home=True, range_km=250.0,
    )  # fmt: skip


def one(link: Link, code: str, headers: dict[str, str] | None = None, **body: Any) -> VehicleState:
    state = CLOUD.parse_state(link, answer(signal(code, **body), headers=headers), NOW)
    assert isinstance(state, VehicleState)
    return state


@pytest.mark.requirement("R90")
@pytest.mark.parametrize(
    ("body", "soc", "basis"),
    [
        ({"value": 85, "unit": "percent"}, 0.85, SocBasis.PERCENT),
        ({"percentage": 75}, 0.75, SocBasis.PERCENT),
        ({"value": 85}, 0.85, SocBasis.PERCENT),
        ({"value": 0.4}, 0.4, SocBasis.PERCENT),
        ({"value": 1, "unit": "percent"}, 0.01, SocBasis.PERCENT),
        ({"value": 18, "unit": "kilowatt_hours"}, 0.24, SocBasis.ENERGY),
    ],
)
def test_states_of_charge_in_any_unit(link: Link, body: dict[str, Any], soc: float, basis: SocBasis) -> None:
    state = one(link, "tractionbattery-stateofcharge", **body)
    assert state.soc == pytest.approx(soc)
    assert state.soc_basis is basis


def test_a_share_without_a_unit_is_doubted_and_said(link: Link) -> None:
    state = one(link, "tractionbattery-stateofcharge", value=1)
    assert state.soc == 1.0
    assert state.soc_confidence < 0.5
    assert any("without a unit" in problem for problem in state.problems)


@pytest.mark.parametrize(
    ("body", "headers"), [({"value": 100, "unit": "miles"}, {}), ({"value": 100}, {"SC-Unit-System": "imperial"})]
)
def test_miles_become_kilometres(link: Link, body: dict[str, Any], headers: dict[str, str]) -> None:
    assert one(link, "tractionbattery-range", headers, **body).range_km == pytest.approx(160.9344)


def test_a_car_elsewhere_is_away_and_where_is_not_kept(link: Link) -> None:
    state = CLOUD.parse_state(
        link, answer(CHARGING[0], signal("location-preciselocation", latitude=60.4, longitude=5.3)), NOW
    )
    assert isinstance(state, VehicleState)
    assert state.is_home is False
    assert "60.4" not in repr(state)


@pytest.mark.parametrize(
    ("signals", "plug"),
    [
        ([signal("charge-ischargingcableconnected", value=False)], PlugState.UNPLUGGED),
        ([signal("charge-ischargingcableconnected", value=True)], PlugState.WAITING),
        ([signal("charge-detailedchargingstatus", value="FULLY_CHARGED"),
          signal("charge-ischargingcableconnected", value=True)], PlugState.COMPLETE),
        ([signal("charge-detailedchargingstatus", value="NOT_CHARGING")], PlugState.UNKNOWN),
        ([signal("charge-ischarging", value=None)], PlugState.UNKNOWN),
    ],
)  # fmt: skip
def test_what_the_plug_does(link: Link, signals: list[dict[str, Any]], plug: PlugState) -> None:
    state = CLOUD.parse_state(link, answer(*signals), NOW)
    assert isinstance(state, VehicleState)
    assert state.plug is plug


@pytest.mark.requirement("R90")
def test_the_older_version_is_read_as_the_same(link: Link) -> None:
    age = (NOW - timedelta(minutes=3)).isoformat()
    responses = [
        {"path": "/battery", "code": 200, "headers": {"sc-data-age": age, "sc-unit-system": "imperial"},
         "body": {"percentRemaining": 0.3, "range": 62.5}},
        {"path": "/battery/nominal_capacity", "code": 200, "headers": {}, "body": {"capacity": {"nominal": 75}}},
        {"path": "/charge", "code": 200, "headers": {}, "body": {"isPluggedIn": True, "state": "NOT_CHARGING"}},
        {"path": "/charge/limit", "code": 200, "headers": {}, "body": {"limit": 0.9}},
        {"path": "/location", "code": 403, "headers": {}, "body": {"type": "PERMISSION"}},
    ]  # fmt: skip
    state = CLOUD.parse_state(link, Response(200, {}, json.dumps({"responses": responses}).encode()), NOW)
    assert isinstance(state, VehicleState)
    assert (state.plug, state.soc, state.charge_limit_soc) == (PlugState.WAITING, 0.3, 0.9)
    assert state.range_km == pytest.approx(100.5840)
    assert (state.at, state.is_home) == (NOW - timedelta(minutes=3), None)


@pytest.mark.parametrize(
    ("status", "body", "headers", "failing", "wait_s"),
    [
        (401, {"type": "AUTHENTICATION", "code": "UNAUTHORIZED"}, {}, Failing.UNAUTHORISED, None),
        (403, {"type": "PERMISSION"}, {}, Failing.FORBIDDEN, None),
        (400, {"type": "CONNECTED_SERVICES_ACCOUNT", "code": "AUTHENTICATION_FAILED"}, {}, Failing.REVOKED, None),
        (400, {"type": "CONNECTED_SERVICES_ACCOUNT", "code": "VEHICLE_MISSING"}, {}, Failing.GONE, None),
        (404, {"type": "RESOURCE_NOT_FOUND", "code": "PATH"}, {}, Failing.GONE, None),
        (409, {"type": "VEHICLE_STATE", "code": "ASLEEP"}, {}, Failing.ASLEEP, None),
        (429, {"type": "RATE_LIMIT", "code": "VEHICLE"}, {"Retry-After": "900"}, Failing.RATE_LIMITED, 900),
        (502, {"type": "UPSTREAM", "code": "RATE_LIMIT"}, {}, Failing.RATE_LIMITED, 60),
        (502, {"type": "UPSTREAM", "code": "NO_RESPONSE"}, {}, Failing.UPSTREAM, 60),
        (430, {"type": "BILLING", "code": "VEHICLE_REQUEST_LIMIT"}, {}, Failing.RATE_LIMITED, 1_576_800),
        (501, {"type": "COMPATIBILITY", "code": "VEHICLE_NOT_CAPABLE"}, {}, Failing.FORBIDDEN, None),
        (504, {}, {}, Failing.UPSTREAM, 60),
        (0, {}, {}, Failing.UNREACHABLE, 60),
    ],
)
def test_errors_are_told_apart(
    link: Link, status: int, body: dict[str, str], headers: dict[str, str], failing: Failing, wait_s: float | None
) -> None:  # fmt: skip
    # 18 days and 6 hours from the 13th, 18:00, to the first of February
    for document in (body, {"errors": [body]}):
        found = CLOUD.parse_state(link, Response(status, headers, json.dumps(document).encode()), NOW)
        assert isinstance(found, Fault)
        assert found.failing is failing
        assert found.retry_at == (None if wait_s is None else NOW + timedelta(seconds=wait_s))
        assert found.sentence


def test_consent_is_asked_where_the_driver_logs_in(app: Application) -> None:
    url = urlsplit(CLOUD.consent_url(app, "state-1", "driver-1"))
    query = parse_qs(url.query)
    assert (url.netloc, url.path) == ("connect.smartcar.com", "/oauth/authorize")
    assert (query["state"], query["client_id"], query["redirect_uri"]) == (["state-1"], ["our-id"], [app.redirect_uri])
    assert "control_charge" in query["scope"][0].split()


def test_tokens_of_both_versions(app: Application, tokens: Tokens) -> None:
    assert CLOUD.code_request(app, "c") is None
    asked = CLOUD.app_token_request(app)
    assert asked is not None
    assert (asked.path, b"grant_type=client_credentials" in (asked.body or b"")) == ("/oauth2/token", True)
    older = Application("our-id", "our-secret", signal_version="v2")
    code, renewed = CLOUD.code_request(older, "c"), CLOUD.refresh_request(older, tokens)
    assert code is not None
    assert renewed is not None
    assert code.headers["authorization"] == "Basic b3VyLWlkOm91ci1zZWNyZXQ="
    assert renewed.body == b"grant_type=refresh_token&refresh_token=refresh"


def act(kind: ActKind, value: float | None = None) -> Act:
    return Act("a1", CarId("town", "v1"), kind, NOW, NOW + timedelta(minutes=10), value)


def refused(code: str) -> dict[str, Any]:
    return {"type": "VEHICLE_STATE", "code": code}


def ended(value: str, error: dict[str, Any] | None = None) -> dict[str, Any]:
    return {"data": {"attributes": {"status": {"value": value} | ({"error": error} if error else {})}}}


@pytest.mark.requirement("R91")
def test_r91_acts_become_commands_of_the_driver(app: Application, tokens: Tokens, link: Link) -> None:
    stop = CLOUD.act_request(app, tokens, link, act(ActKind.STOP))
    limit = CLOUD.act_request(app, tokens, link, act(ActKind.SET_CHARGE_LIMIT, 0.4))
    assert stop is not None
    assert limit is not None
    assert (stop.method, stop.path) == ("POST", "/vehicles/remote-1/commands/charge/stop")
    assert (stop.headers["sc-user-id"], stop.idempotency_key) == ("user-1", "a1")
    assert stop.timeout_s > 300
    assert json.loads(limit.body or b"") == {"data": {"attributes": {"percent": 50}}}
    assert CLOUD.act_request(app, tokens, link, act(ActKind.SET_AMPS, 10.0)) is None
    assert CLOUD.act_request(app, tokens, link, act(ActKind.WAKE)) is None


@pytest.mark.parametrize(
    ("kind", "status", "body", "ending", "reason"),
    [
        (ActKind.START, 200, ended("SUCCESS"), ActStatus.CONFIRMED, ActReason.DONE),
        (ActKind.START, 200, {"status": "success", "message": "sent"}, ActStatus.CONFIRMED, ActReason.DONE),
        (ActKind.START, 409, refused("FULLY_CHARGED"), ActStatus.CONFIRMED, ActReason.UNNECESSARY),
        (ActKind.START, 409, refused("CHARGING_IN_PROGRESS"), ActStatus.CONFIRMED, ActReason.UNNECESSARY),
        (ActKind.STOP, 409, refused("NOT_CHARGING"), ActStatus.CONFIRMED, ActReason.UNNECESSARY),
        (ActKind.STOP, 409, refused("CHARGING_IN_PROGRESS"), ActStatus.FAILED, ActReason.PRECONDITION),
        (ActKind.START, 409, refused("CHARGING_PLUG_NOT_CONNECTED"), ActStatus.FAILED, ActReason.NOT_PLUGGED),
        (ActKind.START, 502, {"type": "UPSTREAM", "code": "NO_RESPONSE"}, ActStatus.FAILED, ActReason.UPSTREAM),
        (ActKind.START, 202, ended("FAILURE", refused("ASLEEP") | {"status": 409}), ActStatus.FAILED, ActReason.ASLEEP),
        (ActKind.START, 202, {}, ActStatus.SENT, ActReason.DONE),
    ],
)  # fmt: skip
def test_what_becomes_of_acts(
    kind: ActKind, status: int, body: dict[str, Any], ending: ActStatus, reason: ActReason
) -> None:  # fmt: skip
    found = CLOUD.parse_act(act(kind), Response(status, {}, json.dumps(body).encode()), NOW)
    assert (found.act_id, found.status, found.reason) == ("a1", ending, reason)


def signed(body: bytes, secret: str = "hook-secret") -> dict[str, str]:  # noqa: S107
    return {"SC-Signature": hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()}


@pytest.mark.parametrize(
    "event",
    [{"eventType": "VERIFY", "data": {"challenge": "abc"}}, {"eventName": "verify", "payload": {"challenge": "abc"}}],
)
def test_the_challenge_of_the_setup_is_answered(app: Application, event: dict[str, Any]) -> None:
    webhook = CLOUD.parse_webhook({}, json.dumps(event).encode(), app, NOW)
    expected = hmac.new(b"hook-secret", b"abc", hashlib.sha256).hexdigest()
    assert (webhook.status, json.loads(webhook.answer), webhook.told) == (200, {"challenge": expected}, ())


def test_a_state_that_is_told_is_the_same_as_one_that_is_read(app: Application, link: Link) -> None:
    flat = [one["attributes"] | {"meta": one["meta"]} for one in CHARGING]
    event = {"eventId": "e1", "eventType": "VEHICLE_STATE", "meta": {"deliveredAt": MILLIS},
             "data": {"vehicle": {"id": "remote-1"}, "user": {"id": "user-1"}, "signals": flat}}  # fmt: skip
    body = json.dumps(event).encode()
    webhook = CLOUD.parse_webhook(signed(body), body, app, NOW)
    (told,) = webhook.told
    assert isinstance(told, StateTold)
    assert (told.remote_id, told.event_id) == ("remote-1", "e1")
    assert CLOUD.parse_told(link, told, NOW) == CLOUD.parse_state(link, answer(*CHARGING), NOW)


def test_webhooks_that_are_not_signed_are_not_believed(app: Application) -> None:
    body = json.dumps({"eventType": "VEHICLE_STATE", "data": {"vehicle": {"id": "x"}, "signals": []}}).encode()
    given = [{}, signed(body, "other"), signed(body + b" ")]
    refusals = [CLOUD.parse_webhook(headers, body, app, NOW) for headers in given]
    refusals.append(CLOUD.parse_webhook(signed(body, ""), body, Application("i", "s"), NOW))
    assert [one.refusal for one in refusals] == [
        WebhookRefusal.SIGNATURE_MISSING, WebhookRefusal.SIGNATURE_WRONG, WebhookRefusal.SIGNATURE_WRONG,
        WebhookRefusal.NO_SECRET,
    ]  # fmt: skip
    assert all(one.status == 401 and not one.told for one in refusals)


def test_lost_consent_is_told_until_it_is_resolved(app: Application) -> None:
    def told(state: str) -> tuple[object, ...]:
        error = {"type": "CONNECTED_SERVICES_ACCOUNT", "code": "AUTHENTICATION_FAILED", "state": state}
        data = {"vehicle": {"id": "remote-1"}, "user": {"id": "user-1"}, "errors": [error]}
        body = json.dumps({"eventId": "e2", "eventType": "VEHICLE_ERROR", "data": data}).encode()
        return CLOUD.parse_webhook(signed(body), body, app, NOW).told

    lost = ConsentLost("user-1", "remote-1", "CONNECTED_SERVICES_ACCOUNT:AUTHENTICATION_FAILED", "e2")
    assert told("ERROR") == (lost,)
    assert told("RESOLVED") == ()


def test_connected_cars_are_listed() -> None:
    connections = [
        {"id": "c1", "attributes": {"vehicleId": "r1", "vehicle": {"make": "KIA", "model": "EV6", "year": 2023}}}
    ]
    found = CLOUD.parse_cars(Response(200, {}, json.dumps({"data": connections}).encode()), NOW)
    assert not isinstance(found, Fault)
    (car,) = found
    assert (car.remote_id, car.connection_id, car.make, car.year) == ("r1", "c1", "KIA", 2023)
    older = CLOUD.parse_cars(Response(200, {}, b'{"vehicles":["r1","r2"]}'), NOW)
    assert not isinstance(older, Fault)
    assert [one.remote_id for one in older] == ["r1", "r2"]
