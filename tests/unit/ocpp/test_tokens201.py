"""OCPP 2.0.1: tokens of every kind, asked about before, at and after the start of a transaction (blocks C and E)."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from evenload.domain.station import TokenStatus, Verdict
from evenload.domain.station_events import AuthorisationAsked, TransactionEnded, TransactionStarted
from evenload.ocpp.records import MemoryRecords
from evenload.ocpp.v201 import OCPP201

pytestmark = pytest.mark.requirement("R77")

UNTIL = datetime(2026, 4, 1, tzinfo=UTC)


def records(**verdicts: Verdict) -> MemoryRecords:
    """Tokens by their texts in small letters."""
    return MemoryRecords(tokens=verdicts)


def tell(talk: Any, kind: str, number: int, minute: int = 0, **over: Any) -> Any:
    payload = {
        "eventType": kind, "timestamp": f"2026-03-28T22:{minute:02d}:00Z", "triggerReason": "Authorized",
        "seqNo": number, "transactionInfo": {"transactionId": "tx", **over.pop("info", {})}, "evse": {"id": 1}, **over,
    }  # fmt: skip
    return talk.says("TransactionEvent", payload)


def token(text: str, kind: str = "ISO14443") -> dict[str, str]:
    return {"idToken": text, "type": kind}


@pytest.mark.parametrize("kind", ["Central", "eMAID", "ISO14443", "ISO15693", "KeyCode", "Local", "MacAddress"])
def test_c01_and_c04_and_c06_tokens_of_every_kind_are_answered(booted: Callable[..., Any], kind: str) -> None:
    """An RFID card of either standard, a PIN code, a token the station made up, and the rest."""
    one = booted(OCPP201, records=records(known=Verdict(TokenStatus.ACCEPTED), gone=Verdict(TokenStatus.EXPIRED)))
    for text, status in (("KNOWN", "Accepted"), ("gone", "Expired")):
        assert one.says("Authorize", {"idToken": token(text, kind)}) == {"idTokenInfo": {"status": status}}
        assert one.durable
    assert {event.token.kind for event in one.of(AuthorisationAsked)} == {kind}


def test_c02_a_start_button_brings_no_token(booted: Callable[..., Any]) -> None:
    one = booted(OCPP201)
    assert tell(one, "Started", 0, idToken=token("", "NoAuthorization"))["idTokenInfo"]["status"] == "Accepted"
    [started] = one.of(TransactionStarted)
    assert (started.token.text, started.token.kind) == ("", "NoAuthorization")


def test_c10_an_answer_says_until_when_it_may_be_kept(booted: Callable[..., Any]) -> None:
    one = booted(OCPP201, records=records(card=Verdict(TokenStatus.ACCEPTED, UNTIL)))
    info = one.says("Authorize", {"idToken": token("card")})["idTokenInfo"]
    assert datetime.fromisoformat(info["cacheExpiryDateTime"]) == UNTIL


@pytest.mark.parametrize("offline", [False, True])
def test_e05_and_c12_and_c15_a_token_that_is_not_accepted_after_all_is_told_so(
    booted: Callable[..., Any], offline: bool
) -> None:
    """A station that started on its own judgement, from its cache or offline, learns of the server's."""
    one = booted(OCPP201, records=records(card=Verdict(TokenStatus.BLOCKED)))
    one.now += timedelta(hours=3) if offline else timedelta()
    assert tell(one, "Started", 0, idToken=token("card"), offline=offline) == {"idTokenInfo": {"status": "Blocked"}}
    [started] = one.of(TransactionStarted)
    assert (started.token_status, started.offline) == (TokenStatus.BLOCKED, offline)
    tell(one, "Ended", 1, 5, info={"stoppedReason": "DeAuthorized"})
    [ended] = one.of(TransactionEnded)
    assert ended.reason == "DeAuthorized"


def test_e07_a_token_stops_what_it_started(booted: Callable[..., Any]) -> None:
    one = booted(OCPP201, records=records(card=Verdict(TokenStatus.ACCEPTED, group="fleet")))
    tell(one, "Started", 0, idToken=token("card"))
    answer = tell(one, "Ended", 1, 30, idToken=token("CARD"), info={"stoppedReason": "Local"})
    assert answer["idTokenInfo"]["groupIdToken"]["idToken"] == "fleet"
    [started], [ended] = one.of(TransactionStarted), one.of(TransactionEnded)
    assert (ended.reason, ended.token.key) == ("Local", started.token.key)
