"""A driver sees and changes what is the driver's own, by link or account, and nothing else of anybody."""

import logging
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient

from evenload.service import access
from evenload.service.access_rows import Role, UserRow
from evenload.service.driver_rows import ChoiceKind, ChoiceRow, DriverRow, WishRow
from evenload.service.drivers import links
from evenload.service.live_rows import SessionRow, VehicleRow
from evenload.service.scope import Scope

pytestmark = pytest.mark.requirement("R106")

BOB = "/v1/drivers/bob"
TO_BOB: list[tuple[str, str, Any]] = [
    ("GET", BOB, None), ("PUT", BOB, {"vehicles": ["bobs"], "language": "nb"}), ("GET", f"{BOB}/why", None),
    ("GET", f"{BOB}/forecast", None), ("DELETE", f"{BOB}/links/bobslink", None), ("GET", f"{BOB}/wishes", None),
    ("PUT", f"{BOB}/wishes", {"energy_kwh": 9.0}), ("POST", f"{BOB}/wishes/undo", {}), ("GET", f"{BOB}/choices", None),
    ("DELETE", f"{BOB}/choices/c-bob", None), ("POST", f"{BOB}/skip", {}), ("POST", f"{BOB}/boost", {}),
    ("POST", f"{BOB}/opt-outs", {}), ("POST", f"{BOB}/vacation", {"end": "2026-02-01T00:00:00Z"}),
    ("GET", f"{BOB}/history", None), ("GET", f"{BOB}/quote", None), ("GET", f"{BOB}/suggestions", None),
    ("POST", f"{BOB}/suggestions/x/accept", {}), ("POST", f"{BOB}/suggestions/x/dismiss", {}),
]  # fmt: skip
MINE = "/v1/drivers/driver-north"
CROSSED: list[tuple[str, str, Any]] = [
    ("DELETE", f"{MINE}/choices/c-bob", None), ("DELETE", f"{MINE}/links/bobslink", None),
    ("PUT", f"{MINE}/wishes", {"vehicle_id": "bobs", "energy_kwh": 1.0}),
    ("POST", f"{MINE}/skip", {"vehicle_id": "bobs"}),
    ("POST", f"{MINE}/boost", {"vehicle_id": "bobs"}), ("POST", f"{MINE}/opt-outs", {"vehicle_id": "bobs"}),
    ("GET", f"{MINE}/why?vehicle_id=bobs", None), ("GET", f"{MINE}/history?vehicle_id=bobs", None),
    ("GET", f"{MINE}/quote?vehicle_id=bobs", None), ("GET", f"{MINE}/forecast?vehicle_id=bobs", None),
]  # fmt: skip
FORBIDDEN: list[tuple[str, str, Any]] = [
    ("DELETE", MINE, None), ("POST", f"{MINE}/links", {}), ("GET", f"{MINE}/links", None),
    ("PUT", MINE, {"vehicles": ["van-north", "bobs"]}),
    ("PUT", MINE, {"vehicles": ["van-north"], "site_id": "depot-north"}),
    ("PUT", MINE, {"vehicles": ["van-north"], "user_id": "ann-north"}),
    ("GET", "/v1/sessions", None), ("GET", "/v1/sessions/s-bob", None), ("GET", "/v1/sessions/s-bob/explanation", None),
    ("POST", "/v1/sessions/s-bob/boost", {}), ("POST", "/v1/sessions/s-bob/opt-out", {}),
    ("POST", "/v1/sessions/session-north/declare", {"energy_kwh": 1}), ("GET", "/v1/vehicles", None),
    ("GET", "/v1/vehicles/bobs", None), ("PUT", "/v1/vehicles/van-north", {}), ("GET", "/v1/decisions", None),
    ("GET", "/v1/plans/latest", None), ("GET", "/v1/signals", None), ("GET", "/v1/state", None),
    ("GET", "/v1/stream?topics=nothing", None), ("GET", "/v1/audit", None), ("GET", "/v1/users", None),
    ("GET", "/v1/readings?device_id=CP-north:1", None), ("GET", "/v1/sites", None), ("GET", "/v1/keys", None),
]  # fmt: skip


def kept(bench: Any) -> list[Any]:
    with bench.store.reading() as unit:
        return [
            unit.drivers.of("north"), unit.wishes.of("north", "bob", past=True), unit.wishes.choices("north", "bob"),
            unit.driver_links.of("north", "bob"), unit.sessions.going_on("north"), unit.vehicles.of("north"),
            unit.audit.last("north", 99), unit.decisions.last("north", 99),
        ]  # fmt: skip


@pytest.fixture
def neighbours(bench: Any, asks: Any) -> TestClient:
    """The driver of north, who has a neighbour of whom everything is kept."""
    with bench.store.writing() as unit:
        unit.vehicles.put([VehicleRow("north", "bobs", battery_kwh=50.0)])
        unit.drivers.put([DriverRow("north", "bob", vehicles=("bobs",))])
        unit.wishes.put([WishRow("north", "w-bob", "bob", "bobs", energy_kwh=20.0, made_at=bench.now)])
        unit.wishes.put_choices(
            [ChoiceRow("north", "c-bob", "bob", ChoiceKind.SKIP, bench.now, bench.now + timedelta(hours=9))]
        )
        session = SessionRow(
            "north", "s-bob", "CP-north:1", "depot-north", bench.now, bench.now + timedelta(hours=8), 20.0
        )
        unit.sessions.put([replace(session, vehicle_id="bobs")])
    admin = Scope("north", "test", Role.ADMIN)
    links.add_link(admin, bench.store, "bob", "bobslink", "s" * 40, bench.now, bench.now + timedelta(days=1))
    client: TestClient = asks(Role.DRIVER, "north")
    return client


@pytest.mark.parametrize("asked", TO_BOB, ids=lambda asked: f"{asked[0]} {asked[1]}")
def test_another_driver_of_the_tenant_is_as_if_not_there(bench: Any, neighbours: TestClient, asked: Any) -> None:
    before = kept(bench)
    method, path, body = asked
    there, nobody = (neighbours.request(method, one, json=body) for one in (path, path.replace("bob", "zoe", 1)))
    assert (there.status_code, there.json()["reason"]) == (404, "unknown")
    assert there.json()["detail"] == nobody.json()["detail"].replace("zoe", "bob")  # nothing tells them apart
    assert kept(bench) == before


@pytest.mark.parametrize("asked", CROSSED, ids=lambda asked: f"{asked[0]} {asked[1]}")
def test_things_of_another_driver_are_not_reached_by_ones_own_address(
    bench: Any, neighbours: TestClient, asked: Any
) -> None:
    before = kept(bench)
    answer = neighbours.request(asked[0], asked[1], json=asked[2])
    assert answer.status_code == 404
    assert "bob has" not in answer.text
    assert kept(bench) == before


@pytest.mark.parametrize("asked", FORBIDDEN, ids=lambda asked: f"{asked[0]} {asked[1]}")
def test_what_is_not_for_drivers_is_forbidden(bench: Any, neighbours: TestClient, asked: Any) -> None:
    before = kept(bench)
    answer = neighbours.request(asked[0], asked[1], json=asked[2])
    assert (answer.status_code, answer.json()["reason"]) == (403, "role")
    assert kept(bench) == before


def test_what_is_ones_own_is_there(neighbours: TestClient) -> None:
    assert neighbours.get("/v1/me").json() == {
        "tenant": "north", "actor": neighbours.get("/v1/me").json()["actor"], "role": "driver",
        "driver_id": "driver-north",
    }  # fmt: skip
    assert [one["driver_id"] for one in neighbours.get("/v1/drivers").json()["items"]] == ["driver-north"]
    assert neighbours.put(MINE, json={"vehicles": ["van-north"], "language": "nb"}).json()["language"] == "nb"
    wish = neighbours.put(f"{MINE}/wishes", json={"energy_kwh": 12.0, "ready_by": {"mon": "06:30"}})
    assert wish.status_code == 200
    assert neighbours.get(f"{MINE}/wishes").json()["items"][0]["ready_by"]["mon"] == "06:30"
    skip = neighbours.post(f"{MINE}/skip", json={"reason": "on foot"})
    assert (skip.status_code, skip.json()["kind"]) == (201, "skip")
    assert neighbours.delete(f"{MINE}/choices/{skip.json()['choice_id']}").json()["settled"]
    assert neighbours.get(f"{MINE}/why").json()["items"][0]["code"] == "not_plugged_in"


@pytest.mark.usefixtures("neighbours")
def test_a_viewer_reads_and_changes_nothing(bench: Any, asks: Any) -> None:
    viewer, before = asks(Role.VIEWER, "north"), None
    for method, path, body in TO_BOB:
        before = kept(bench)
        answer = viewer.request(method, path, json=body)
        assert answer.status_code in ((200, 409) if method == "GET" else (403,)), path
        assert kept(bench) == before


def test_a_link_that_was_taken_back_or_is_over_is_worth_nothing(bench: Any, asks: Any) -> None:
    client, agent = asks(Role.DRIVER, "north"), asks(Role.DRIVER_AGENT, "north")
    made = agent.post(f"{MINE}/links", json={"days": 2.0})
    assert (made.status_code, made.headers["cache-control"]) == (201, "no-store")
    text = made.json()["text"]
    client.headers["Authorization"] = f"Bearer {text}"
    assert client.get("/v1/me").status_code == 200
    for wrong in (
        text[:-1] + ("a" if text[-1] != "a" else "b"),
        text.replace("evd_", "evl_"),
        "evd_x_y",
        text + "0" * 99,
    ):
        client.headers["Authorization"] = f"Bearer {wrong}"
        assert client.get("/v1/me").status_code == 401
    client.headers["Authorization"] = f"Bearer {text}"
    bench.now += timedelta(days=2)
    assert client.get("/v1/me").json()["reason"] == "expired"
    bench.now -= timedelta(days=1)
    link_id = made.json()["link_id"]
    assert agent.delete(f"{MINE}/links/{link_id}").json()["revoked_at"]
    assert client.get("/v1/me").json()["reason"] == "expired"
    assert [one["link_id"] for one in agent.get(f"{MINE}/links").json()["items"]] != []
    assert text not in agent.get(f"{MINE}/links").text


def test_a_driver_who_is_no_more_has_no_links(asks: Any) -> None:
    client = asks(Role.DRIVER, "north")
    assert asks(Role.OPERATOR, "north").delete(MINE).status_code == 204
    assert client.get("/v1/me").status_code == 401


def test_a_link_is_neither_logged_nor_kept(bench: Any, asks: Any, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    agent = asks(Role.DRIVER_AGENT, "north")
    text = agent.post(f"{MINE}/links", json={}, headers={"Idempotency-Key": "once"}).json()["text"]
    client = asks(Role.DRIVER, "north")
    client.headers["Authorization"] = f"Bearer {text}"
    assert client.get(f"{MINE}/why").status_code == 200
    assert client.post(f"{MINE}/boost", json={}).status_code == 409
    secret = text.rpartition("_")[2]
    assert secret not in caplog.text
    with bench.store.reading() as unit:
        assert secret not in repr([unit.audit.last("north", 99), unit.driver_links.of("north", "driver-north")])
        assert unit.replies.find("north", "once") is None


def test_an_account_with_the_role_of_a_driver_is_bound_to_one(bench: Any) -> None:
    admin = Scope("north", "test", Role.ADMIN)
    row = UserRow("north", "u-ann", "driver@north.example", Role.DRIVER, "", "quick:correct horse battery")
    access.add_user(admin, bench.store, row, bench.now)
    client = TestClient(bench.app(), raise_server_exceptions=False)
    body = {"email": "driver@north.example", "password": "correct horse battery"}
    assert client.post("/v1/login", json=body).status_code == 200
    assert client.get("/v1/me").status_code == 403
    assert "of no driver yet" in client.get("/v1/drivers").json()["detail"]
    with bench.store.writing() as unit:
        mine = unit.drivers.find("north", "driver-north")
        unit.drivers.put([replace(mine, user_id="u-ann"), DriverRow("south", "twin", "u-ann")])
    assert client.get("/v1/me").json()["driver_id"] == "driver-north"
    assert client.get(f"{MINE}/why").status_code == 200
    assert client.get("/v1/drivers/twin").status_code == 404
    assert client.get("/v1/sessions").status_code == 403


def test_a_key_cannot_be_a_drivers(asks: Any) -> None:
    answer = asks(Role.ADMIN).post("/v1/keys", json={"name": "x", "role": "driver"})
    assert answer.status_code == 422
    assert "evenload driver link" in answer.json()["detail"]
