"""Redaction: nothing secret of nasty frames is shown, and what is not secret stays readable."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenload.domain.station import StationId
from evenload.domain.station_commands import CommandSettled, Settlement
from evenload.domain.station_events import DataReceived
from evenload.service.event_text import row_of
from evenload.service.frame_text import redacted, without_secrets

NEVER = "hunter2-s3cr3t"
CARD = "04A2B7C1D2E3"
T0 = datetime(2026, 3, 1, 12, tzinfo=UTC)
A = StationId("home", "A")


def call(action: str, payload: Any) -> list[Any]:
    return [2, "17", action, payload]


def variable(name: str, component: str = "SecurityCtrlr", **rest: Any) -> dict[str, Any]:
    return {"component": {"name": component}, "variable": {"name": name}, **rest}


NASTY: list[Any] = [
    call("ChangeConfiguration", {"key": "AuthorizationKey", "value": NEVER}),
    call("ChangeConfiguration", {"value": NEVER, "key": "authorizationKey"}),
    call("ChangeConfiguration", {"key": "Vendor.Wifi-Password", "value": NEVER}),
    call("changeconfiguration", {"KEY": "AUTHORIZATION_KEY", "VALUE": NEVER}),
    [3, "17", {"configurationKey": [{"key": "AuthorizationKey", "readonly": False, "value": NEVER}]}],
    call("SetVariables", {"setVariableData": [variable("BasicAuthPassword", attributeValue=NEVER)]}),
    call("SetVariables", {"setVariableData": [variable("X", "PasswordCtrlr", attributeValue=NEVER)]}),
    [3, "17", {"getVariableResult": [variable("BasicAuthPassword", attributeValue=NEVER)]}],
    call("NotifyReport", {"reportData": [variable("BasicAuthPassword", variableAttribute=[{"value": NEVER}])]}),
    call("NotifyEvent", {"eventData": [variable("BasicAuthPassword", actualValue=NEVER)]}),
    call("SetNetworkProfile", {"connectionData": {"vpn": {"key": NEVER, "user": "u", "password": NEVER}}}),
    call("SetNetworkProfile", {"connectionData": {"apn": {"apnPassword": NEVER, "simPin": 90210}}}),
    call("SetNetworkProfile", {"connectionData": {"ocppCsmsUrl": f"wss://user:{NEVER}@host/x"}}),
    call("GetDiagnostics", {"location": f"ftp://u:{NEVER}@host/in"}),
    call("UpdateFirmware", {"location": f"https://host/fw.bin?a=1&sig={NEVER}"}),
    call("GetLog", {"log": {"remoteLocation": f"sftp://u:p/{NEVER}@h/x".replace("p/", "p")}}),
    call("DataTransfer", {"vendorId": "v", "messageId": "SetPassword", "data": NEVER}),
    call("DataTransfer", {"vendorId": "v", "data": json.dumps({"wifi": {"psk": NEVER}})}),
    call("DataTransfer", {"vendorId": "v", "data": json.dumps({"data": json.dumps({"secret": NEVER})})}),
    call("DataTransfer", {"vendorId": "v", "data": json.dumps({"ssid": "home", "key": NEVER, "wifiKey": NEVER})}),
    call("DataTransfer", {"vendorId": "v", "data": f"password={NEVER}"}),
    call("DataTransfer", {"vendorId": "v", "data": {"credentials": {"user": "u", "x": [NEVER, {"y": NEVER}]}}}),
    call("DataTransfer", {"vendorId": "v", "data": f"Authorization: Basic {NEVER}"}),
    call("DataTransfer", {"vendorId": "v", "data": f"-----BEGIN PRIVATE KEY-----\n{NEVER}"}),
    call("DataTransfer", {"vendorId": "v", "data": {"password " + NEVER: 1}}),
    call("NotifyCustomerInformation", {"data": f"Jane Doe {NEVER}", "seqNo": 0, "requestId": 1}),
    call("StatusNotification", {"info": f"the password is {NEVER}"}),
    [4, "17", "SecurityError", f"bad password {NEVER}", {"password": NEVER}],
    call("Get15118EVCertificate", {"exiRequest": NEVER}),
    call("Deep", json.loads("[" * 60 + json.dumps({"password": NEVER}) + "]" * 60)),
    [2, f"password {NEVER}", "X", {}],
    {"password": NEVER},
]


@pytest.mark.parametrize("frame", NASTY, ids=lambda one: json.dumps(one)[:60])
@pytest.mark.parametrize("show_tokens", [False, True])
def test_no_secret_of_a_nasty_frame_is_shown(frame: Any, show_tokens: bool) -> None:
    assert NEVER in json.dumps(frame) or "90210" in json.dumps(frame)
    shown = redacted(json.dumps(frame).encode(), show_tokens=show_tokens)
    assert "hunter2" not in shown
    assert "90210" not in shown
    json.loads(shown)


@pytest.mark.parametrize(
    "text",
    [
        '[2,"17","ChangeConfiguration",{"key":"AuthorizationKey","value":"' + NEVER + '"',
        "{'password': '" + NEVER + "'}",
        NEVER,
        '[2,"1","X",{"a":"\udcff"' + NEVER,
        "[" * 100_000 + NEVER,
    ],
)
def test_of_what_is_no_json_the_outline_is_shown(text: str) -> None:
    shown = redacted(text.encode(errors="surrogateescape"))
    assert not any(letter.isalnum() and letter != "x" for letter in shown)
    assert len(shown) <= 2000


TOKENS: list[Any] = [
    call("StartTransaction", {"connectorId": 1, "idTag": CARD}),
    call("Authorize", {"idToken": {"idToken": CARD, "type": "ISO14443"}}),
    call("TransactionEvent", {"idToken": {"idToken": "x" * 9, "additionalInfo": [{"additionalIdToken": CARD}]}}),
    [3, "17", {"idTagInfo": {"status": "Accepted", "parentIdTag": CARD}}],
    [3, "17", {"idTokenInfo": {"status": "Accepted", "groupIdToken": {"idToken": CARD, "type": "Central"}}}],
    call("SendLocalList", {"localAuthorizationList": [{"idTag": CARD, "idTagInfo": {"status": "Accepted"}}]}),
    call("SetVariables", {"setVariableData": [variable("MasterPassGroupId", "AuthCtrlr", attributeValue=CARD)]}),
    call("ChangeConfiguration", {"key": "FreevendIdTag", "value": CARD}),
    call("CustomerInformation", {"customerIdentifier": CARD}),
    call("DataTransfer", {"vendorId": "v", "data": json.dumps({"id_tag": CARD})}),
]


@pytest.mark.parametrize("frame", TOKENS, ids=lambda one: json.dumps(one)[:60])
def test_tokens_are_shown_by_their_last_four_unless_told_otherwise(frame: Any) -> None:
    text = json.dumps(frame).encode()
    shown = redacted(text)
    assert CARD not in shown
    assert "****" + CARD[-4:] in shown
    assert CARD in redacted(text, show_tokens=True)


def test_short_tokens_are_hidden_whole() -> None:
    assert "CARD7" not in redacted(json.dumps(call("Authorize", {"idTag": "CARD7"})).encode())


PLAIN: list[Any] = [
    call("BootNotification", {"reason": "PowerUp", "chargingStation": {"vendorName": "Acme", "model": "One"}}),
    call("ChangeConfiguration", {"key": "HeartbeatInterval", "value": "300"}),
    call("GetConfiguration", {"key": ["AuthorizationKey", "HeartbeatInterval"]}),
    call("SetVariables", {"setVariableData": [variable("Interval", "AlignedDataCtrlr", attributeValue="900")]}),
    call("UpdateFirmware", {"location": "https://host/fw.bin", "retrieveDate": "2026-03-01T12:00:00Z"}),
    [3, "17", {"idTagInfo": {"status": "Accepted", "expiryDate": "2026-03-01T12:00:00Z"}}],
    [3, "17", {"status": "Accepted"}],
    [4, "17", "NotSupported", "this is not done here", {}],
    call("MeterValues", {"meterValue": [{"sampledValue": [{"value": "1.5", "unit": "kWh"}]}], "n": [1, 1e300, None]}),
]


@pytest.mark.parametrize("frame", PLAIN, ids=lambda one: json.dumps(one)[:60])
def test_what_is_not_secret_is_shown_as_it_is(frame: Any) -> None:
    assert json.loads(redacted(json.dumps(frame).encode())) == frame


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(), lambda of: st.lists(of) | st.dictionaries(st.text(), of),
    max_leaves=8,
)  # fmt: skip
secret_names = st.sampled_from(["password", "AuthorizationKey", "client_secret", "apnPassword", "privateKey"])


@given(json_values, secret_names, st.lists(st.sampled_from(["list", "object", "text"]), max_size=5))
def test_a_secret_is_hidden_however_deep_it_lies(beside: Any, name: str, wraps: list[str]) -> None:
    held: Any = {"beside": beside, name: ["zq9" + NEVER]}
    for wrap in wraps:
        held = [held] if wrap == "list" else {"x": held} if wrap == "object" else json.dumps(held)
    assert NEVER not in redacted(json.dumps([2, "1", "DataTransfer", {"data": held}]).encode())


@given(st.binary(max_size=200))
def test_any_bytes_give_a_text_without_control_characters(frame: bytes) -> None:
    assert all(" " <= one <= "\x7f" for one in redacted(frame))


def test_the_log_of_events_holds_no_secret_a_command_brought_back() -> None:
    told: dict[str, Any] = {"station": A, "at": T0, "received_at": T0}
    settled = CommandSettled(
        **told, command_id="1", settlement=Settlement.DONE, value={"AuthorizationKey": NEVER, "HeartbeatInterval": "9"}
    )
    body = row_of(settled).body
    assert NEVER not in body
    assert '"HeartbeatInterval":"9"' in body
    assert NEVER not in row_of(DataReceived(**told, vendor="v", message="SetPassword", data=NEVER)).body
    assert without_secrets({"a": [CARD]}) == {"a": [CARD]}
