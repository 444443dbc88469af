"""The VTN over HTTP on a database: tokens, bounds, restarts; our VEN at our VTN."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from evenload.net.openadr3_client import OpenAdrHttp
from evenload.net.openadr3_tokens import Tokens, secret_fits, secret_hash
from evenload.openadr.v3.access import BUSINESS_SCOPES, VEN_SCOPES, Claims
from evenload.openadr.v3.objects import ClientRow
from evenload.openadr.v3.ven import Credentials, OpenAdrVen, VtnError
from evenload.openadr.v3.vtn import BASE_PATH, Request, Vtn
from evenload.store.memory import MemoryStore
from evenload.store.sql.store import opened

T0 = datetime(2026, 1, 12, 17, tzinfo=UTC)
URL = f"http://vtn.example{BASE_PATH}"


@pytest.fixture
def door(door_at: Any) -> Any:
    return door_at(MemoryStore(), "ven1")


def test_where_tokens_are_and_what_one_allows(door: Any) -> None:
    assert door.ask("GET", "/auth/server").json() == {"tokenURL": f"{URL}/auth/token"}
    answer = door.token("ven1")
    assert answer.headers["cache-control"] == "no-store"
    told = answer.json()
    assert (told["token_type"], told["expires_in"]) == ("Bearer", 3600)
    assert set(told["scope"].split()) == set(VEN_SCOPES)
    assert door.ask("GET", "/events", token=told["access_token"]).json() == []
    refused = door.ask("POST", "/programs", {"programName": "a"}, told["access_token"])
    assert (refused.status_code, refused.json()["status"]) == (403, 403)
    assert door.ask("GET", "/events").headers["www-authenticate"] == "Bearer"


def test_a_token_for_fewer_scopes(door: Any) -> None:
    token = door.token("ven1", scope="read_targets").json()["access_token"]
    assert door.ask("GET", "/events", token=token).status_code == 200
    assert door.ask("GET", "/vens", token=token).status_code == 403
    more = door.token("ven1", scope="read_all")
    assert (more.status_code, more.json()["error"]) == (400, "invalid_scope")


def test_credentials_in_the_header(door: Any) -> None:
    request = httpx.Request("POST", f"{URL}/auth/token", data={"grant_type": "client_credentials"},
                            headers={"Authorization": "Basic dmVuMTp2ZW4xLXNlY3JldA=="})  # fmt: skip
    assert door.send(request)[0].status_code == 200


@pytest.mark.parametrize(("form", "status", "error"), [
    ({"client_secret": "wrong"}, 401, "invalid_client"), ({"client_id": "nobody"}, 401, "invalid_client"),
    ({"grant_type": "password"}, 400, "unsupported_grant_type"), ({"grant_type": ""}, 400, "invalid_request"),
    ({"client_secret": ""}, 400, "invalid_request"), ({"client_id": "x" * 5000}, 400, "invalid_request"),
])  # fmt: skip
def test_who_is_not_known_gets_no_token(door: Any, form: dict[str, str], status: int, error: str) -> None:
    answer = door.token("ven1", **form)
    assert (answer.status_code, answer.json()["error"], answer.json()["status"]) == (status, error, status)


def test_guessing_is_made_slow(door_at: Any) -> None:
    door = door_at(MemoryStore(), "ven1")
    app = door.app()

    async def tries() -> list[int]:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app)) as http:
            form = {"grant_type": "client_credentials", "client_id": "ven1"}
            found = [
                (await http.post(f"{URL}/auth/token", data=form | {"client_secret": secret})).status_code
                for secret in ("a", "b", "ven1-secret")
            ]
            door.seconds = 2.0
            last = await http.post(f"{URL}/auth/token", data=form | {"client_secret": "ven1-secret"})
            return [*found, last.status_code]

    assert asyncio.run(tries()) == [401, 429, 429, 200]


def test_tokens_run_out_are_signed_and_end_with_their_client(door: Any) -> None:
    token = door.token("ven1").json()["access_token"]
    for bad in (
        token[:-4] + "AAAA",
        token + "x",
        "a.b.c",
        Tokens(b"other").made("ven1", VEN_SCOPES, door.now),
    ):
        assert door.ask("GET", "/events", token=bad).status_code == 401
    with door.store.writing() as unit:
        (row,) = [one for one in unit.openadr3.clients("home") if one.client_id == "ven1"]
        unit.openadr3.put_clients([ClientRow("ven1", "home", row.secret_hash, ("read_targets",), row.made_at)])
    assert door.ask("GET", "/vens", token=token).status_code == 403  # what it lost since
    with door.store.writing() as unit:
        unit.openadr3.put_clients(
            [ClientRow("ven1", "home", row.secret_hash, VEN_SCOPES, row.made_at, revoked_at=door.now)]
        )
    assert door.ask("GET", "/events", token=token).status_code == 401
    assert door.token("ven1").status_code == 401
    token = door.token("bl").json()["access_token"]
    door.now += timedelta(hours=1)
    assert door.ask("GET", "/events", token=token).status_code == 401


def test_secrets() -> None:
    assert secret_fits("ä", secret_hash("ä"))
    assert not secret_fits("a", secret_hash("ä"))


@pytest.mark.parametrize("headers", [{}, {"content-length": "99999999"}, {"content-length": "x"}])
def test_a_body_that_is_too_long_is_not_read(door_at: Any, headers: dict[str, str]) -> None:
    door = door_at(MemoryStore(), body_bytes_max=1000)
    token = door.token("bl").json()["access_token"]

    async def parts() -> Any:
        for _ in range(100):
            yield b"x" * 100

    request = httpx.Request("POST", f"{URL}/programs", content=parts(), headers={"Authorization": f"Bearer {token}"})
    request.headers.update(headers)
    (answer,) = door.send(request)
    assert (answer.status_code, answer.json()["status"]) == (413, 413)
    assert door.ask("GET", "/programs", token=token).json() == []


def test_what_is_to_be_sent_is_handed_on_once_it_is_kept(door: Any) -> None:
    token = door.token("bl").json()["access_token"]
    hook = {"objects": ["PROGRAM"], "operations": ["CREATE"], "callbackUrl": "https://bl.example/cb"}
    door.ask("POST", "/subscriptions", {"clientName": "bl", "objectOperations": [hook]}, token)
    door.ask("POST", "/programs", {"programName": "a"}, token)
    door.ask("POST", "/programs", {"programName": "a"}, token)
    (sent,) = door.delivered
    assert [one.url for one in sent.webhooks] == ["https://bl.example/cb"]


def run(door: Any, errand: Any) -> Any:
    async def carried_out() -> Any:
        http = OpenAdrHttp(URL, transport=httpx.ASGITransport(app=door.app()))
        try:
            return await http.run(errand)
        finally:
            await http.close()

    return asyncio.run(carried_out())


@pytest.mark.requirement("R12")
def test_our_ven_at_our_vtn_over_http(door_at: Any, tmp_path: Path) -> None:
    with opened(tmp_path / "vtn.db") as store:
        door = door_at(store, "ven1")
        bl = door.token("bl").json()["access_token"]
        program = door.ask("POST", "/programs", {"programName": "tou"}, bl).json()["id"]
        ven = OpenAdrVen(Credentials("ven1", "ven1-secret"), "ven1")
        assert set(run(door, ven.register(door.now, ["r"])).resources) == {"r"}
        assert run(door, ven.sync(door.now)).new == ()
        event = door.ask("POST", "/events", {"programID": program}, bl).json()["id"]
        assert [one.event.id for one in run(door, ven.sync(door.now)).new] == [event]
        assert [one.program_name for one in run(door, ven.programs(door.now))] == ["tou"]
        door.ask("DELETE", f"/events/{event}", token=bl)
        assert [one.event.id for one in run(door, ven.sync(door.now)).cancelled] == [event]


def test_no_answer_is_an_error_that_says_so() -> None:
    def away(_: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused")

    async def asked() -> None:
        http = OpenAdrHttp(URL, transport=httpx.MockTransport(away))
        try:
            await http.run(OpenAdrVen(Credentials("a", "b"), "a").sync(T0))
        finally:
            await http.close()

    with pytest.raises(VtnError, match="no answer from the VTN"):
        asyncio.run(asked())


@pytest.mark.slow
@pytest.mark.requirement("R12")
def test_a_restart_with_ten_thousand_open_events_loses_none(door_at: Any, tmp_path: Path) -> None:
    where = tmp_path / "vtn.db"
    numbers = iter(range(10_001))
    vtn, bl = Vtn(lambda: f"e{next(numbers)}"), Claims("home", "bl", frozenset(BUSINESS_SCOPES))
    event = b'{"programID":"e0","intervalPeriod":{"start":"2026-06-01T00:00:00Z","duration":"PT1H"}}'
    with opened(where) as store:
        door = door_at(store, "ven1")
        token = door.token("bl").json()["access_token"]
        assert door.ask("POST", "/programs", {"programName": "p"}, token).json()["id"] == "o1"
        with store.writing() as unit:
            vtn.answer(Request("POST", "/programs", body=b'{"programName":"q"}'), bl, unit.openadr3, door.now)
        for _ in range(20):
            with store.writing() as unit:
                made = [
                    vtn.answer(Request("POST", "/events", "", event), bl, unit.openadr3, door.now) for _ in range(500)
                ]
            assert {one.status for one in made} == {201}
    with opened(where) as store:
        door = door_at(store, "ven1")
        pages = [
            door.ask("GET", f"/events?active=true&skip={skip}", token=token).json() for skip in range(0, 10_050, 50)
        ]
    found = [one["id"] for page in pages for one in page]  # the token from before holds as well
    assert sorted(found) == sorted(f"e{number}" for number in range(1, 10_001))
