"""Logins at an issuer of our own on the loopback, and tokens that are not good."""

import base64
import hashlib
import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from fastapi.testclient import TestClient
from joserfc import jwt
from joserfc.jwk import RSAKey

from evenload.service import access
from evenload.service.access_rows import Role, UserRow
from evenload.service.scope import Scope
from evenload.web.options import ApiOptions, OidcOptions

SECRET = "a secret/of:the client"  # noqa: S105
CALLBACK = "http://testserver/v1/oidc/callback"


def now() -> int:
    """Seconds since 1970 when a token is made: tests may run long after they were collected."""
    return int(time.time())  # noqa: TID251 - what verifies reads the same clock


class OwnIssuer:
    """An issuer with one key; ``codes`` are logins people made there, by code."""

    def __init__(self) -> None:
        self.key = RSAKey.generate_key(2048, {"kid": "k1", "use": "sig"})
        self.codes: dict[str, dict[str, Any]] = {}
        self.asked: list[str] = []
        issuer = self

        class Answers(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                issuer.asked.append(self.path)
                self.say(issuer.discovery() if "well-known" in self.path else issuer.keys())

            def do_POST(self) -> None:
                form = parse_qs(self.rfile.read(int(self.headers["content-length"])).decode())
                told = issuer.redeem({name: one[0] for name, one in form.items()}, self.headers["authorization"])
                self.say(told, 200 if "id_token" in told else 400)

            def say(self, told: Any, status: int = 200) -> None:
                body = json.dumps(told).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def discovery(self) -> dict[str, str]:
        return {
            "issuer": self.url, "jwks_uri": f"{self.url}/keys", "token_endpoint": f"{self.url}/token",
            "authorization_endpoint": f"{self.url}/authorise?prompt=login",
        }  # fmt: skip

    def keys(self) -> dict[str, Any]:
        return {"keys": [self.key.as_dict(private=False)]}

    def log_in(self, url: str, **claims: Any) -> str:
        """What a browser is sent back to after somebody logged in; checks what was asked."""
        asked = {name: one[0] for name, one in parse_qs(urlsplit(url).query).items()}
        assert url.startswith(f"{self.url}/authorise?")
        assert (asked["response_type"], asked["client_id"], asked["redirect_uri"]) == ("code", "evenload", CALLBACK)
        assert (asked["code_challenge_method"], asked["prompt"]) == ("S256", "login")
        self.codes["c-1"] = {"challenge": asked["code_challenge"], "nonce": asked["nonce"], **claims}
        return f"{CALLBACK}?code=c-1&state={asked['state']}"

    def redeem(self, form: dict[str, str], authorization: str) -> dict[str, Any]:
        wanted = base64.b64encode(b"evenload:a+secret%2Fof%3Athe+client").decode()
        login = self.codes.pop(form.get("code", ""), None)
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        if authorization != f"Basic {wanted}" or login is None or challenge != login.pop("challenge"):
            return {"error": "invalid_grant"}
        return {"access_token": "x", "token_type": "Bearer", "id_token": self.token(**login)}

    def token(self, key: RSAKey | None = None, header: dict[str, Any] | None = None, **claims: Any) -> str:
        told = {"iss": self.url, "sub": "s-1", "aud": "evenload", "exp": now() + 300} | claims
        kept = {name: value for name, value in told.items() if value is not None}
        return jwt.encode(header or {"alg": "RS256", "kid": "k1"}, kept, key or self.key)


@pytest.fixture(scope="module")
def issuer() -> Iterator[OwnIssuer]:
    made = OwnIssuer()
    thread = threading.Thread(target=made.server.serve_forever)
    thread.start()
    yield made
    made.server.shutdown()
    made.server.server_close()
    thread.join()


@pytest.fixture
def browser(bench: Any, issuer: OwnIssuer) -> TestClient:
    admin = Scope("north", "test", Role.ADMIN)
    access.add_user(admin, bench.store, UserRow("north", "eve", "eve@north.example", Role.OPERATOR), bench.now)
    oidc = OidcOptions(issuer.url, "evenload", SECRET)
    bench.options = ApiOptions(b"k" * 32, public_url="http://testserver", oidc=oidc)
    return TestClient(bench.app(), follow_redirects=False)


def come_back(browser: TestClient, issuer: OwnIssuer, **claims: Any) -> Any:
    sent = browser.get("/v1/oidc/login")
    assert sent.status_code == 307
    return browser.get(issuer.log_in(sent.headers["location"], **claims))


EVE = {"sub": "s-1", "email": "eve@north.example", "email_verified": True}


def test_a_login_elsewhere_binds_an_account_that_waits_for_its_address(browser: TestClient, issuer: OwnIssuer) -> None:
    answer = come_back(browser, issuer, **EVE)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert browser.get("/v1/me").json() == {"tenant": "north", "actor": "user:eve", "role": "operator", "driver_id": ""}
    assert "evenload_oidc" not in browser.cookies
    assert come_back(browser, issuer, sub="s-1").status_code == 303  # from then on by its subject alone


@pytest.mark.parametrize("claims", [EVE | {"email_verified": False}, EVE | {"email": "x@y.z"}, {"sub": "s-1"}])
def test_an_address_that_was_not_verified_or_is_not_known_lets_nobody_in(
    browser: TestClient, issuer: OwnIssuer, claims: dict[str, Any]
) -> None:
    answer = come_back(browser, issuer, **claims)
    assert (answer.status_code, "no account here" in answer.json()["detail"]) == (401, True)
    assert browser.get("/v1/me").status_code == 401


def test_what_was_not_begun_here_is_refused(browser: TestClient, issuer: OwnIssuer) -> None:
    back = issuer.log_in(browser.get("/v1/oidc/login").headers["location"], **EVE)
    assert TestClient(browser.app).get(back).status_code == 401  # another browser
    assert browser.get(f"{CALLBACK}?code=c-1&state=other").status_code == 401
    assert browser.get(f"{CALLBACK}?error=access_denied&state=x").status_code == 401
    assert browser.get(back).status_code == 303
    assert browser.get(back).status_code == 401  # a second time


def test_a_token_for_another_login_is_refused(browser: TestClient, issuer: OwnIssuer) -> None:
    back = issuer.log_in(browser.get("/v1/oidc/login").headers["location"], **EVE)
    issuer.codes["c-1"]["nonce"] = "of another login"
    assert browser.get(back).status_code == 401


def bearer(browser: TestClient, token: str) -> Any:
    return TestClient(browser.app).get("/v1/me", headers={"Authorization": f"Bearer {token}"})


def test_a_token_of_the_issuer_is_good_for_who_logged_in_once(browser: TestClient, issuer: OwnIssuer) -> None:
    assert bearer(browser, issuer.token()).status_code == 401
    come_back(browser, issuer, **EVE)
    assert bearer(browser, issuer.token()).json()["actor"] == "user:eve"
    assert bearer(browser, issuer.token(aud=["other", "evenload"])).status_code == 200
    before = len(issuer.asked)
    assert bearer(browser, issuer.token()).status_code == 200
    assert len(issuer.asked) == before  # its keys are known


def test_a_token_that_is_not_good_is_refused(browser: TestClient, issuer: OwnIssuer) -> None:
    come_back(browser, issuer, **EVE)
    stranger = RSAKey.generate_key(2048, {"kid": "k1"})
    unsigned = ".".join(
        base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()
        for part in ({"alg": "none"}, {"iss": issuer.url, "sub": "s-1", "aud": "evenload", "exp": 2**40})
    )
    public = issuer.key.as_pem(private=False)
    bad = {
        "another key": issuer.token(key=stranger),
        "unsigned": unsigned + ".",
        "signed with what everybody knows": confused(issuer, public),
        "for another server": issuer.token(aud="other"),
        "of another issuer": issuer.token(iss="https://evil.example"),
        "expired": issuer.token(exp=now() - 120),
        "without an end": issuer.token(exp=None),
        "of nobody": issuer.token(sub=None),
        "not yet": issuer.token(nbf=now() + 600),
        "no token": "x.y.z",
    }
    for name, token in bad.items():
        assert bearer(browser, token).status_code == 401, name


def confused(issuer: OwnIssuer, public: bytes) -> str:
    """A token signed by HMAC with the public key as its secret."""
    import hmac  # noqa: PLC0415

    parts = ({"alg": "HS256", "kid": "k1"}, {"iss": issuer.url, "sub": "s-1", "aud": "evenload", "exp": 2**40})
    text = ".".join(base64.urlsafe_b64encode(json.dumps(one).encode()).rstrip(b"=").decode() for one in parts)
    mac = hmac.new(public, text.encode(), hashlib.sha256).digest()
    return f"{text}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}"


def test_a_new_key_of_the_issuer_is_fetched_but_not_for_every_token(
    bench: Any, browser: TestClient, issuer: OwnIssuer
) -> None:
    come_back(browser, issuer, **EVE)
    old, issuer.key = issuer.key, RSAKey.generate_key(2048, {"kid": "k2", "use": "sig"})
    header = {"alg": "RS256", "kid": "k2"}
    try:
        assert bearer(browser, issuer.token(header=header)).status_code == 401  # asked a moment ago
        bench.seconds += 11
        assert bearer(browser, issuer.token(header=header)).status_code == 200
        before = len(issuer.asked)
        for _ in range(5):
            assert bearer(browser, issuer.token(key=old)).status_code == 401
        assert len(issuer.asked) == before
    finally:
        issuer.key = old


def test_an_issuer_that_is_not_there_or_not_itself_lets_nobody_in(bench: Any, issuer: OwnIssuer) -> None:
    for url in ("http://127.0.0.1:9", issuer.url + "/"):
        oidc = OidcOptions(url, "evenload")
        bench.options = ApiOptions(b"k" * 32, public_url="http://testserver", oidc=oidc)
        client = TestClient(bench.app(), follow_redirects=False)
        assert client.get("/v1/oidc/login").status_code == 401
        assert bearer(client, issuer.token()).status_code == 401


def test_without_an_issuer_there_is_no_such_door(bench: Any) -> None:
    client = TestClient(bench.app())
    assert client.get("/v1/oidc/login").status_code == 404
    assert client.get("/v1/oidc/callback").status_code == 404
