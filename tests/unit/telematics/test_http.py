from datetime import UTC, datetime, timedelta

import pytest

from evenload.telematics.http import is_signed, retry_at, signature, tokens_of
from evenload.telematics.port import Failing, Fault, Response, Tokens

NOW = datetime(2025, 1, 13, 18, 0, tzinfo=UTC)


def test_signatures_are_those_of_the_published_vectors() -> None:
    # RFC 4231, test case 2, and RFC 2202, test case 2
    key, data = "Jefe", b"what do ya want for nothing?"
    assert signature(key, data) == "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
    assert signature(key, data, "sha1") == "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79"


@pytest.mark.parametrize("form", ["{}", "sha256={}", "SHA256={}"])
def test_a_signature_may_name_its_method(form: str) -> None:
    assert is_signed("secret", b"body", form.format(signature("secret", b"body")))


@pytest.mark.parametrize("given", ["", "sha256=", "sha1=" + "0" * 40, "0" * 64, "sha512=abc", "ü"])
def test_what_does_not_fit_is_not_signed(given: str) -> None:
    assert not is_signed("secret", b"body", given)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "120"}, 120.0),
        ({"retry-after": "Mon, 13 Jan 2025 18:05:00 GMT"}, 300.0),
        ({"RateLimit-Reset": "60"}, 60.0),
        ({"X-RateLimit-Reset": str(int(NOW.timestamp()) + 90)}, 90.0),
        ({"Retry-After": "Mon, 13 Jan 2025 17:00:00 GMT"}, 0.0),
        ({"Retry-After": "1e300"}, 31 * 86400.0),
    ],
)
def test_when_to_ask_again(headers: dict[str, str], seconds: float) -> None:
    assert retry_at(Response(429, headers), NOW) == NOW + timedelta(seconds=seconds)


@pytest.mark.parametrize("value", ["", "soon", "-5", "nan"])
def test_a_wait_that_means_nothing_is_none(value: str) -> None:
    assert retry_at(Response(429, {"Retry-After": value}), NOW) is None


def test_tokens_are_read() -> None:
    body = b'{"access_token":"a","refresh_token":"r","expires_in":7200,"token_type":"Bearer","scope":"x y"}'
    assert tokens_of(Response(200, {}, body), NOW) == Tokens("a", NOW + timedelta(hours=2), "r", ("x", "y"))


@pytest.mark.parametrize(
    ("response", "failing"),
    [
        (Response(400, {}, b'{"error":"invalid_grant"}'), Failing.REVOKED),
        (Response(401, {}, b'{"error":"login_required"}'), Failing.REVOKED),
        (Response(401, {}, b'{"error":"invalid_client"}'), Failing.REFUSED),
        (Response(429, {"Retry-After": "10"}, b""), Failing.RATE_LIMITED),
        (Response(503, {}, b"<html>"), Failing.UPSTREAM),
        (Response(0), Failing.UNREACHABLE),
        (Response(200, {}, b"{}"), Failing.UNREADABLE),
    ],
)
def test_tokens_that_do_not_come_say_why(response: Response, failing: Failing) -> None:
    found = tokens_of(response, NOW)
    assert isinstance(found, Fault)
    assert found.failing is failing


def test_secrets_are_not_shown() -> None:
    assert "hidden" not in repr(Tokens("hidden", NOW, "hidden"))
