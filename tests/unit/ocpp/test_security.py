"""Passwords and certificates in both versions: what is said to a station, and what is kept of it."""

from collections.abc import Callable
from typing import Any

import pytest

from evenload.domain.station_commands import (
    ChangePassword,
    Disconnect,
    InstallSignedCertificate,
    Settlement,
    Trigger,
    Wanted,
)
from evenload.domain.station_events import CertificateRequested
from evenload.ocpp.dialect import Dialect
from evenload.ocpp.v16 import OCPP16
from evenload.ocpp.v201 import OCPP201

pytestmark = pytest.mark.requirement("R79")

BOTH = pytest.mark.parametrize("dialect", [OCPP16, OCPP201], ids=["16", "201"])
SECRET = "0123456789abcdef0123456789abcdef01234567"  # noqa: S105
PASSWORD = ChangePassword(command_id="c", password=SECRET)


def reply(dialect: Dialect, status: str) -> dict[str, Any]:
    if dialect is OCPP16:
        return {"status": status}
    names = {"component": {"name": "SecurityCtrlr"}, "variable": {"name": "BasicAuthPassword"}}
    info = {"reasonCode": "X", "additionalInfo": f"told {SECRET}"}
    return {"setVariableResult": [{"attributeStatus": status, "attributeStatusInfo": info, **names}]}


@BOTH
@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("Accepted", Settlement.DONE),
        ("RebootRequired", Settlement.AFTER_REBOOT),
        ("Rejected", Settlement.REJECTED),
    ],
)
def test_a01_and_16_a01_a_password_is_set_and_not_kept(
    booted: Callable[..., Any], dialect: Dialect, status: str, expected: Settlement
) -> None:
    one = booted(dialect)
    one.orders(PASSWORD)
    action, payload = one.next_call()
    if dialect is OCPP16:
        assert (action, payload) == ("ChangeConfiguration", {"key": "AuthorizationKey", "value": SECRET})
    else:
        assert action == "SetVariables"
        [told] = payload["setVariableData"]
        assert (told["component"]["name"], told["variable"]["name"]) == ("SecurityCtrlr", "BasicAuthPassword")
        assert told["attributeValue"] == SECRET
    one.answer(reply(dialect, status))
    assert one.settled("c").settlement is expected
    assert SECRET not in repr(one.events)
    assert SECRET not in repr(one.desk.dossier.settings)


@BOTH
def test_a01_and_16_a01_a_station_that_says_it_again_in_an_error_is_not_repeated(
    booted: Callable[..., Any], dialect: Dialect
) -> None:
    one = booted(dialect)
    one.orders(PASSWORD)
    message_id, *_ = one.calls.pop(0)
    one.connection.take([4, message_id, "PropertyConstraintViolation", f"{SECRET} is too long", {}], one.seconds)
    one.collect()
    settled = one.settled("c")
    assert settled.settlement is Settlement.REJECTED
    assert "(hidden) is too long" in settled.info


@BOTH
@pytest.mark.parametrize("command", [ChangePassword(command_id="c"), Disconnect(command_id="c")])
def test_orders_that_are_for_the_server_are_not_said_to_a_station(
    booted: Callable[..., Any], dialect: Dialect, command: Any
) -> None:
    one = booted(dialect)
    one.orders(command)
    assert one.settled("c").settlement is Settlement.NOT_SUPPORTED
    assert one.calls == []


@pytest.mark.parametrize(
    ("dialect", "signs", "use", "expected"),
    [
        (OCPP16, False, None, "Rejected"),
        (OCPP16, True, None, "Accepted"),
        (OCPP201, False, None, "Rejected"),
        (OCPP201, True, None, "Accepted"),
        (OCPP201, True, "ChargingStationCertificate", "Accepted"),
        (OCPP201, True, "V2GCertificate", "Rejected"),
    ],
)
def test_a02_to_a03_and_16_a02_and_16_a03_a_request_is_taken_on_only_where_somebody_signs(
    booted: Callable[..., Any], dialect: Dialect, signs: bool, use: str | None, expected: str
) -> None:
    one = booted(dialect, signs_certificates=signs)
    request = {"csr": "PEM"} | ({"certificateType": use} if use else {})
    assert one.says("SignCertificate", request) == {"status": expected}
    [asked] = one.of(CertificateRequested)
    assert (asked.request_pem, asked.use) == ("PEM", use or "")


@BOTH
def test_a02_and_16_a02_a_station_is_asked_to_ask_and_given_what_was_signed(
    booted: Callable[..., Any], dialect: Dialect
) -> None:
    one = booted(dialect, signs_certificates=True)
    one.orders(Trigger(command_id="t", wanted=Wanted.CERTIFICATE))
    action, payload = one.next_call()
    assert action == ("ExtendedTriggerMessage" if dialect is OCPP16 else "TriggerMessage")
    own = "SignChargePointCertificate" if dialect is OCPP16 else "SignChargingStationCertificate"
    assert payload["requestedMessage"] == own
    one.answer({"status": "Accepted"})
    assert one.settled("t").settlement is Settlement.DONE
    one.orders(InstallSignedCertificate(command_id="i", chain_pem="CHAIN", use="ChargingStationCertificate"))
    action, payload = one.next_call()
    assert (action, payload["certificateChain"]) == ("CertificateSigned", "CHAIN")
    one.answer({"status": "Rejected"})
    assert one.settled("i").settlement is Settlement.REJECTED
