"""Both ends of cables and energy managers over REST: what is answered, and what never is."""

from typing import Any

import pytest

from evenload.service.access_rows import Role

LOT = {"site_id": "depot-north", "address": "https://lot.example/api", "power_kw_max": 90.0, "fallback_kw": 9.0}
SECRET = "tell-nobody-0123"  # noqa: S105 - made up


def test_who_stands_where_is_told_with_how_sure_that_is_and_why(asks: Any) -> None:
    client = asks(Role.VIEWER)
    (pair,) = client.get("/v1/cables").json()["items"]
    assert (pair["session_id"], pair["vehicle_id"], pair["state"]) == ("session-north", "van-north", "possible")
    assert (pair["confidence"], pair["reason"]) == (0.6, "alike")
    assert pair["reason_text"] == "another car or charger fits as well: what both tell next will decide"
    (wrong,) = client.get("/v1/cables/conflicts").json()["items"]
    assert (wrong["kind"], wrong["why"], wrong["to_do"]) == ("car_timer", "van-north waits", "end its timer")
    ends = client.get("/v1/cables/session-north").json()
    assert (ends["pairs"], ends["conflicts"], ends["vehicle_id"]) == ([pair], [wrong], "")


def test_what_somebody_says_stands_above_what_was_worked_out(bench: Any, asks: Any) -> None:
    client = asks(Role.OPERATOR)
    said = client.post("/v1/cables/session-north/say", json={"vehicle_id": "van-north"})
    assert (said.status_code, said.json()["state"], said.json()["confidence"]) == (200, "matched", 1.0)
    assert client.get("/v1/sessions/session-north").json()["vehicle_id"] == "van-north"
    assert bench.changes[-1] == ("north", "cables")
    unsaid = client.post("/v1/cables/session-north/say", json={"vehicle_id": "van-north", "is_it": False})
    assert unsaid.json()["state"] == "undone"
    assert client.get("/v1/sessions/session-north").json()["vehicle_id"] == ""
    nobody = client.post("/v1/cables/session-north/say", json={"vehicle_id": "vn-north"})
    assert (nobody.status_code, "van-north" in nobody.json()["detail"]) == (404, True)


def test_a_secret_is_taken_and_never_answered(bench: Any, asks: Any) -> None:
    client = asks(Role.ADMIN)
    made = client.put("/v1/energy-managers/lot", json=LOT | {"secret": SECRET})
    assert (made.status_code, made.json()["has_secret"], made.json()["connected"]) == (200, True, False)
    assert bench.changes[-1] == ("north", "energy-managers")
    assert client.get("/v1/devices/lot").json()["identity"] == "ems:lot"
    with bench.store.reading() as unit:
        kept = repr([(one, one.secret_sealed) for one in unit.cables.energy_managers("north")])
    told = [client.get(f"/v1/{one}").text for one in ("energy-managers", "energy-managers/lot", "audit", "events")]
    refused = client.put("/v1/energy-managers/lot", json=LOT | {"secret": SECRET, "nam": "x", "heartbeat_s": SECRET})
    assert refused.status_code == 422
    assert SECRET not in "".join([made.text, kept, *told, refused.text])


def test_a_secret_stays_at_its_own_address_only(asks: Any) -> None:
    client = asks(Role.OPERATOR)
    client.put("/v1/energy-managers/lot", json=LOT | {"secret": SECRET})
    tag = client.get("/v1/energy-managers/lot").headers["etag"]
    again = client.put("/v1/energy-managers/lot", json=LOT | {"fallback_kw": 8.0}, headers={"If-Match": tag})
    assert (again.json()["has_secret"], again.json()["fallback_kw"]) == (True, 8.0)
    assert client.put("/v1/energy-managers/lot", json=LOT, headers={"If-Match": tag}).status_code == 412
    moved = client.put("/v1/energy-managers/lot", json=LOT | {"address": "https://eve.example"})
    assert (moved.status_code, "say its secret too" in moved.json()["detail"]) == (422, True)
    bare = client.put("/v1/energy-managers/lot", json=LOT | {"address": "https://eve.example", "secret": ""})
    assert bare.json()["has_secret"] is False


@pytest.mark.parametrize(
    ("name", "change", "status", "words"),
    [
        ("lot", {"address": "https://me:word@lot.example"}, 422, "leave user and password out"),
        ("lot", {"address": "ftp://lot.example"}, 422, "ftp"),
        ("lot", {"address": "modbus:10.0.0.7:502/1/100"}, 422, "limit=200"),
        ("lot", {"site_id": "depot-south"}, 404, "depot-south"),
        ("l" * 45, {}, 422, "at most 44 characters"),
        ("lot:1", {}, 422, "no colon"),
    ],
)
def test_what_cannot_be_is_refused(asks: Any, name: str, change: dict[str, Any], status: int, words: str) -> None:
    answer = asks(Role.OPERATOR).put(f"/v1/energy-managers/{name}", json=LOT | change)
    assert (answer.status_code, words in answer.json()["detail"]) == (status, True), answer.json()


def test_one_that_is_removed_leaves_its_device(asks: Any) -> None:
    client = asks(Role.OPERATOR)
    assert client.delete("/v1/energy-managers/lot-north").status_code == 204
    assert client.get("/v1/energy-managers").json()["items"] == []
    assert client.get("/v1/energy-managers/lot-north").status_code == 404
    assert client.get("/v1/devices/lot-north").json()["retired_at"] is None
