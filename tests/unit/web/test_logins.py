"""Passwords, cookies, pages of other sites, and how often one may try."""

from typing import Any

import pytest
from fastapi.testclient import TestClient

from evenload.service.access_rows import Role
from evenload.web.attempts import Attempts
from evenload.web.options import ApiOptions
from evenload.web.passwords import Argon2

ANN = {"email": "ann@north.example", "password": "correct horse battery"}


def browser(bench: Any) -> TestClient:
    return TestClient(bench.app(), follow_redirects=False)


def logged_in(bench: Any) -> TestClient:
    client = browser(bench)
    assert client.post("/v1/login", json=ANN).json() == {
        "tenant": "north",
        "actor": "user:ann-north",
        "role": "admin",
        "driver_id": "",
    }
    return client


def test_a_login_lasts_until_it_is_ended(bench: Any) -> None:
    client = logged_in(bench)
    assert client.get("/v1/me").json()["actor"] == "user:ann-north"
    assert client.post("/v1/logout").status_code == 204
    assert client.get("/v1/me").status_code == 401


def test_the_cookie_is_out_of_reach_for_scripts_and_goes_over_tls_only_where_there_is_tls(bench: Any) -> None:
    bench.options = ApiOptions(b"k" * 32, public_url="https://testserver")
    cookie = browser(bench).post("/v1/login", json=ANN).headers["set-cookie"]
    assert {"HttpOnly", "Secure", "SameSite=lax", "Path=/"} <= set(cookie.split("; "))


def test_a_cookie_that_was_altered_or_signed_elsewhere_is_worth_nothing(bench: Any) -> None:
    client = logged_in(bench)
    good = client.cookies["evenload_login"]
    bench.options = ApiOptions(b"x" * 32, public_url="http://testserver")
    for text, app in ((good[:-2] + "AA", client.app), (good, bench.app()), ("x", client.app)):
        other = TestClient(app, cookies={"evenload_login": text})
        assert other.get("/v1/me").status_code == 401


def test_another_password_ends_every_login_but_the_one_that_set_it(bench: Any) -> None:
    here, there = logged_in(bench), logged_in(bench)
    body = {"old": ANN["password"], "new": "another password"}
    assert here.put("/v1/me/password", json=body).status_code == 200
    assert here.get("/v1/me").status_code == 200
    assert there.get("/v1/me").json()["detail"] == "the password was changed: log in again"
    assert browser(bench).post("/v1/login", json=ANN).status_code == 401


def test_a_disabled_account_is_out_at_once(bench: Any, asks: Any) -> None:
    client = logged_in(bench)
    admin = asks(Role.ADMIN)
    refused = admin.patch("/v1/users/ann-north", json={"disabled": True})
    assert (refused.status_code, refused.json()["reason"]) == (409, "last_admin")
    admin.post("/v1/users", json={"email": "bob@north.example", "role": "admin"})
    assert admin.patch("/v1/users/ann-north", json={"disabled": True}).status_code == 200
    assert client.get("/v1/me").status_code == 401


@pytest.mark.parametrize(
    ("headers", "allowed"),
    [
        ({}, True),
        ({"Sec-Fetch-Site": "same-origin"}, True),
        ({"Sec-Fetch-Site": "cross-site"}, False),
        ({"Sec-Fetch-Site": "same-site"}, False),
        ({"Origin": "http://testserver"}, True),
        ({"Origin": "http://evil.example"}, False),
        ({"Origin": "null"}, False),
        ({"Origin": "http://testserver", "Sec-Fetch-Site": "cross-site"}, False),
    ],
)
def test_a_page_of_another_site_changes_nothing(bench: Any, headers: dict[str, str], allowed: bool) -> None:
    client = logged_in(bench)
    answer = client.put("/v1/vehicles/van", json={}, headers=headers)
    assert (answer.status_code == 200) == allowed
    if not allowed:
        assert answer.json()["reason"] == "cross_site"
        assert client.post("/v1/login", json=ANN, headers=headers).status_code == 403
    assert client.get("/v1/me", headers=headers).status_code == 200


def test_a_key_is_not_bound_to_a_site(asks: Any) -> None:
    headers = {"Sec-Fetch-Site": "cross-site"}
    assert asks(Role.OPERATOR).put("/v1/vehicles/van", json={}, headers=headers).status_code == 200


def test_tries_are_bounded_and_come_back_with_time(bench: Any) -> None:
    client = browser(bench)
    wrong = ANN | {"password": "wrong"}
    answers = [client.post("/v1/login", json=wrong).status_code for _ in range(11)]
    assert answers == [401] * 10 + [429]
    late = client.post("/v1/login", json=ANN)
    assert (late.status_code, late.headers["retry-after"]) == (429, "7")
    bench.seconds += 6.1
    assert client.post("/v1/login", json=ANN).status_code == 200


def test_a_bucket_fills_again_and_names_do_not_share_it() -> None:
    now = 0.0
    attempts = Attempts(60, lambda: now)
    assert [attempts.take("a") for _ in range(61)] == [0.0] * 60 + [1.0]
    assert attempts.take("b") == 0
    assert attempts.take("b", "a") == 1  # and takes none of b
    now = 1.5
    assert [attempts.take("a"), attempts.take("a")] == [0.0, pytest.approx(0.5)]


def test_argon2_verifies_what_it_hashed_and_an_empty_hash_matches_nothing() -> None:
    from argon2 import PasswordHasher  # noqa: PLC0415

    hasher = Argon2(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    hashed = hasher.hash("correct horse")
    assert hashed.startswith("$argon2id$")
    assert hasher.verify("correct horse", hashed)
    assert not hasher.verify("correct house", hashed)
    assert not hasher.verify("nobody's password", "")
    assert not hasher.verify("x", "$argon2id$nonsense")
