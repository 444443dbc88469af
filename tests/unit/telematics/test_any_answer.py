"""Whatever a cloud answers is understood or refused; nothing breaks."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evenload.domain.vehicle_state import Act, ActKind, CarId, Provider, VehicleState
from evenload.telematics import document
from evenload.telematics.clouds import CLOUDS
from evenload.telematics.http import signature
from evenload.telematics.port import Application, Cloud, Failing, Fault, Home, Link, Response, StateTold, Tokens

NOW = datetime(2025, 1, 13, 18, 0, tzinfo=UTC)
CAR = CarId("town", "v1")
APP = Application("i", "s", "https://example.org", "hook")
_NAMES = [
    "data", "response", "responses", "charge_state", "chargeState", "attributes", "body", "value", "unit", "code",
    "status", "meta", "oemUpdatedAt", "lastUpdated", "timestamp", "batteryLevel", "battery_level", "range", "error",
    "errors", "vehicle", "id", "signals", "key", "vin", "createdAt", "powerDeliveryState", "charging_state",
    "isPluggedIn", "location", "latitude", "longitude", "state", "failureReason", "event", "expires_in",
]  # fmt: skip
_WORDS = ["tractionbattery-stateofcharge", "charge-ischarging", "Charging", "PENDING", "FAILED", "Soc", "VEHICLE_STATE"]
_leaves = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.sampled_from(_WORDS)
_documents = st.recursive(
    _leaves, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(_NAMES), inner, max_size=6)
)
_bodies = _documents.map(lambda one: json.dumps(one).encode()) | st.binary(max_size=30)
_statuses = st.sampled_from([0, 200, 202, 207, 400, 401, 403, 404, 408, 409, 422, 429, 430, 500, 502])
_headers = st.dictionaries(st.sampled_from(["Retry-After", "RateLimit-Reset"]), st.text(max_size=12), max_size=2)


@pytest.mark.parametrize("cloud", CLOUDS.values(), ids=list(CLOUDS))
@given(status=_statuses, headers=_headers, body=_bodies)
@settings(max_examples=150, deadline=None)
def test_any_answer_is_understood_or_refused(cloud: Cloud, status: int, headers: dict[str, str], body: bytes) -> None:
    link = Link(CAR, cloud.provider, "r1", "u1", battery_kwh=60.0, range_km_full=300.0, home=Home(59.9, 10.7))
    response = Response(status, headers, body)
    state = cloud.parse_state(link, response, NOW)
    if isinstance(state, VehicleState):
        assert state.at <= state.received_at == NOW
        assert state.soc is None or 0 <= state.soc <= 1
        assert 0 <= state.soc_confidence <= 1
    else:
        assert state.sentence
        assert state.retry_at is None or state.retry_at >= NOW
    assert isinstance(cloud.parse_tokens(response, NOW), Tokens | Fault)
    assert isinstance(cloud.parse_cars(response, NOW), tuple | Fault)
    for kind in ActKind:
        act = Act("a1", CAR, kind, NOW, NOW + timedelta(minutes=5), 8.0)
        assert cloud.parse_act(act, response, NOW).act_id == "a1"


_SIGNED_BY = {
    Provider.SMARTCAR: ("sc-signature", "sha256"),
    Provider.ENODE: ("x-enode-signature", "sha1"),
    Provider.TESLA: ("x-evenload-signature", "sha256"),
}


@pytest.mark.parametrize("cloud", CLOUDS.values(), ids=list(CLOUDS))
@given(body=_bodies)
@settings(max_examples=150, deadline=None)
def test_any_webhook_is_understood_or_refused(cloud: Cloud, body: bytes) -> None:
    name, method = _SIGNED_BY[cloud.provider]
    webhook = cloud.parse_webhook({name: signature("hook", body, method)}, body, APP, NOW)
    link = Link(CAR, cloud.provider, "r1")
    for one in webhook.told:
        if isinstance(one, StateTold):
            assert isinstance(cloud.parse_told(link, one, NOW), VehicleState | Fault)
    assert not (webhook.refusal and webhook.told)


def test_every_failing_has_a_sentence_and_a_reason() -> None:
    assert all(one.sentence and one.reason.sentence for one in Failing)


@pytest.mark.parametrize("body", [b"[" * 100_000, b'{"a":' * 100_000])
def test_what_is_nested_too_deep_is_no_json(body: bytes) -> None:
    assert document.json_of(body) is None
    assert document.document_of(body) is None
