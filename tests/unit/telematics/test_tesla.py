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
    Cost,
    Failing,
    Fault,
    Link,
    Response,
    StateTold,
    Tokens,
    WebhookRefusal,
)
from evenload.telematics.tesla import Tesla

CLOUD = Tesla()
NOW = datetime(2025, 1, 13, 18, 0, tzinfo=UTC)
CHARGE_STATE: dict[str, Any] = {
    "battery_level": 42, "battery_range": 133.99, "charge_energy_added": 48.45, "charge_limit_soc": 90,
    "charger_actual_current": 16, "charger_phases": 2, "charger_power": 11, "charger_voltage": 230,
    "charging_state": "Charging", "scheduled_charging_mode": "StartAt",
    "scheduled_charging_start_time": 1736812800, "timestamp": 1736791140000,
}  # fmt: skip
VEHICLE: dict[str, Any] = {
    "vin": "5YJ3E1EA4KF000001", "state": "online", "charge_state": CHARGE_STATE,
    "drive_state": {"latitude": 59.9130, "longitude": 10.7520},
}  # fmt: skip


def read(link: Link, **told: Any) -> VehicleState:
    vehicle = VEHICLE | {"charge_state": CHARGE_STATE | told}
    state = CLOUD.parse_state(link, Response(200, {}, json.dumps({"response": vehicle}).encode()), NOW)
    assert isinstance(state, VehicleState)
    return state


@pytest.mark.requirement("R89", "R90")
def test_r89_vehicle_data_become_a_state(link: Link) -> None:
    # 133.99 miles are 215.64 km; three phases of 16 A at 230 V are 11.04 kW; 1736812800 is midnight UTC
    state = read(link)
    assert state.range_km == pytest.approx(215.636, abs=1e-3)
    assert state == VehicleState(
        CarId("town", "v1"), datetime(2025, 1, 13, 17, 59, tzinfo=UTC), NOW, PlugState.CHARGING, 0.42, 0.95,
        SocBasis.PERCENT, charge_limit_soc=0.9, power_kw=11.04, current_a=16.0, voltage_v=230.0,
        energy_kwh_added=48.45, is_home=True, range_km=state.range_km, is_asleep=False,
        timer_start=datetime(2025, 1, 14, tzinfo=UTC),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("word", "plug"),
    [
        ("Disconnected", PlugState.UNPLUGGED),
        ("NoPower", PlugState.WAITING),
        ("Stopped", PlugState.WAITING),
        ("Starting", PlugState.CHARGING),
        ("Complete", PlugState.COMPLETE),
        (None, PlugState.UNKNOWN),
    ],
)
def test_what_the_plug_does(link: Link, word: str | None, plug: PlugState) -> None:
    assert read(link, charging_state=word).plug is plug


def test_what_was_charged_is_still_told_when_unplugged(link: Link) -> None:
    state = read(link, charging_state="Disconnected")
    assert (state.energy_kwh_added, state.power_kw) == (48.45, None)


def test_power_in_whole_kilowatts_where_nothing_better_is_told(link: Link) -> None:
    assert read(link, charger_phases=None).power_kw == 11.0


@pytest.mark.parametrize(
    ("status", "body", "headers", "failing", "wait_s"),
    [
        (401, {"error": "token expired (401)"}, {}, Failing.UNAUTHORISED, None),
        (401, {"error": "login_required"}, {}, Failing.REVOKED, None),
        (403, {"error": "Unauthorized missing scopes"}, {}, Failing.FORBIDDEN, None),
        (404, {"error": "not_found"}, {}, Failing.GONE, None),
        (408, {"error": "vehicle unavailable: vehicle is offline or asleep"}, {}, Failing.ASLEEP, None),
        (500, {"error": "vehicle unavailable: vehicle is offline or asleep"}, {}, Failing.ASLEEP, None),
        (429, {}, {"RateLimit-Reset": "30"}, Failing.RATE_LIMITED, 30),
        (503, {}, {}, Failing.UPSTREAM, 60),
        (0, {}, {}, Failing.UNREACHABLE, 60),
        (412, {"error": "not_a_vehicle"}, {}, Failing.REFUSED, None),
    ],
)
def test_errors_are_told_apart(
    link: Link, status: int, body: dict[str, str], headers: dict[str, str], failing: Failing, wait_s: float | None
) -> None:  # fmt: skip
    found = CLOUD.parse_state(link, Response(status, headers, json.dumps(body).encode()), NOW)
    assert isinstance(found, Fault)
    assert found.failing is failing
    assert found.retry_at == (None if wait_s is None else NOW + timedelta(seconds=wait_s))


def act(kind: ActKind, value: float | None = None) -> Act:
    return Act("a1", CarId("town", "v1"), kind, NOW, NOW + timedelta(minutes=10), value)


@pytest.mark.requirement("R91")
@pytest.mark.parametrize(
    ("kind", "value", "path", "body", "cost"),
    [
        (ActKind.START, None, "command/charge_start", {}, Cost.COMMAND),
        (ActKind.STOP, None, "command/charge_stop", {}, Cost.COMMAND),
        (ActKind.SET_AMPS, 10.0, "command/set_charging_amps", {"charging_amps": 10}, Cost.COMMAND),
        (ActKind.SET_CHARGE_LIMIT, 0.3, "command/set_charge_limit", {"percent": 50}, Cost.COMMAND),
        (ActKind.WAKE, None, "wake_up", {}, Cost.WAKE),
    ],
)
def test_r91_acts_become_commands(
    app: Application, tokens: Tokens, link: Link, kind: ActKind, value: float | None, path: str, body: dict[str, int],
    cost: Cost,
) -> None:  # fmt: skip
    request = CLOUD.act_request(app, tokens, link, act(kind, value))
    assert request is not None
    assert request.path == f"/api/1/vehicles/remote-1/{path}"
    assert (json.loads(request.body or b""), request.cost) == (body, cost)


@pytest.mark.parametrize(
    ("kind", "response", "ending", "reason", "wakes"),
    [
        (ActKind.START, {"result": True, "reason": ""}, ActStatus.CONFIRMED, ActReason.DONE, False),
        (ActKind.START, {"result": False, "reason": "complete"}, ActStatus.CONFIRMED, ActReason.UNNECESSARY, False),
        (ActKind.START, {"result": False, "reason": "is_charging"}, ActStatus.CONFIRMED, ActReason.UNNECESSARY, False),
        (ActKind.STOP, {"result": False, "reason": "not_charging"}, ActStatus.CONFIRMED, ActReason.UNNECESSARY, False),
        (ActKind.START, {"result": False, "reason": "disconnected"}, ActStatus.FAILED, ActReason.NOT_PLUGGED, False),
        (ActKind.START, {"result": False, "reason": "no_power"}, ActStatus.FAILED, ActReason.PRECONDITION, False),
        (ActKind.START, {"result": False, "reason": "could_not_wake_buses"}, ActStatus.FAILED, ActReason.ASLEEP, True),
        (ActKind.WAKE, {"state": "online"}, ActStatus.CONFIRMED, ActReason.DONE, False),
        (ActKind.WAKE, {"state": "asleep"}, ActStatus.SENT, ActReason.DONE, False),
    ],
)
def test_what_becomes_of_acts(
    kind: ActKind, response: dict[str, Any], ending: ActStatus, reason: ActReason, *, wakes: bool
) -> None:  # fmt: skip
    found = CLOUD.parse_act(act(kind), Response(200, {}, json.dumps({"response": response}).encode()), NOW)
    assert (found.status, found.reason, found.needs_wake) == (ending, reason, wakes)


def test_a_car_asleep_is_woken_for_a_command_but_never_to_be_read(app: Application, tokens: Tokens, link: Link) -> None:
    asleep = Response(408, {}, b'{"error":"vehicle unavailable: vehicle is offline or asleep"}')
    assert CLOUD.parse_act(act(ActKind.STOP), asleep, NOW).needs_wake
    assert not CLOUD.parse_act(act(ActKind.WAKE), asleep, NOW).needs_wake
    request = CLOUD.state_request(app, tokens, link)
    assert (request.method, request.cost, "wake" in request.path) == ("GET", Cost.READ, False)


def test_consent_and_tokens(app: Application, tokens: Tokens) -> None:
    url = urlsplit(CLOUD.consent_url(app, "s1"))
    assert (url.netloc, url.path) == ("auth.tesla.com", "/oauth2/v3/authorize")
    assert "offline_access" in parse_qs(url.query)["scope"][0].split()
    code, renewed = CLOUD.code_request(app, "c"), CLOUD.refresh_request(app, tokens)
    assert code is not None
    assert renewed is not None
    assert parse_qs((code.body or b"").decode())["audience"] == ["https://fleet-api.prd.na.vn.cloud.tesla.com"]
    assert parse_qs((renewed.body or b"").decode())["refresh_token"] == ["refresh"]


def record(*data: tuple[str, dict[str, Any]]) -> dict[str, Any]:
    told = [{"key": key, "value": value} for key, value in data]
    return {"data": told, "createdAt": "2025-01-13T17:59:30Z", "vin": "5YJ3E1EA4KF000001"}


TYPED = record(
    ("DetailedChargeState", {"detailedChargeStateValue": "DetailedChargeStateCharging"}),
    ("Soc", {"doubleValue": 47.25}),
    ("ACChargingPower", {"doubleValue": 7.1}),
    ("ACChargingEnergyIn", {"doubleValue": 3.2}),
    ("Location", {"locationValue": {"latitude": 59.913, "longitude": 10.752}}),
    ("ChargerVoltage", {"invalid": True}),
)
AS_TEXT = record(
    ("ChargeState", {"stringValue": "Charging"}),
    ("Soc", {"stringValue": "47.25"}),
    ("ACChargingPower", {"stringValue": "7.1"}),
    ("ACChargingEnergyIn", {"stringValue": "3.2"}),
    ("Location", {"locationValue": {"latitude": 59.913, "longitude": 10.752}}),
)


@pytest.mark.parametrize("told", [TYPED, AS_TEXT])
def test_records_of_the_stream_typed_or_as_text(app: Application, link: Link, told: dict[str, Any]) -> None:
    body = json.dumps(told).encode()
    headers = {"X-Evenload-Signature": "sha256=" + hmac.new(b"hook-secret", body, hashlib.sha256).hexdigest()}
    (one,) = CLOUD.parse_webhook(headers, body, app, NOW).told
    assert isinstance(one, StateTold)
    assert one.remote_id == "5YJ3E1EA4KF000001"
    state = CLOUD.parse_told(link, one, NOW)
    assert isinstance(state, VehicleState)
    assert (state.plug, state.soc, state.power_kw, state.energy_kwh_added) == (PlugState.CHARGING, 0.4725, 7.1, 3.2)
    assert (state.is_home, state.is_partial, state.voltage_v) == (True, True, None)


def test_records_that_are_not_signed_are_not_believed(app: Application) -> None:
    assert CLOUD.parse_webhook({}, b"{}", app, NOW).refusal is WebhookRefusal.SIGNATURE_MISSING
    wrong = {"x-evenload-signature": "0" * 64}
    assert CLOUD.parse_webhook(wrong, b"{}", app, NOW).refusal is WebhookRefusal.SIGNATURE_WRONG
