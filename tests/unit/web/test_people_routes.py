"""People, consents, messages and surveys over the API."""

from typing import Any

import pytest
from fastapi.testclient import TestClient

from evenload.service.access_rows import Role

CONSENT = {"purpose": "research", "text_version": "2026-01", "channel": "app"}
SURVEY = {
    "title": "How was it?",
    "questions": [
        {"question_id": "ready", "text": "Was it ready?"},
        {"question_id": "how", "text": "How?", "kind": "choice", "choices": ["home", "work"]},
    ],
}


def test_names_are_shown_to_administrators_who_ask_for_them(asks: Any, bench: Any) -> None:
    operator, admin = asks(Role.OPERATOR), asks(Role.ADMIN)
    body = {"name": "Bea", "email": "bea@example.org", "push": ["topic"], "timezone": "Europe/Oslo"}
    put = operator.put("/v1/people/p-bea", json=body)
    assert (put.status_code, put.json()["ways"], put.json()["contact"]) == (200, ["push", "email"], None)
    for path in ("/v1/people", "/v1/people/p-bea"):
        assert "bea@" not in operator.get(path).text
        assert operator.get(f"{path}?contacts=true").status_code == 403
        answer = admin.get(f"{path}?contacts=true")
        assert "bea@example.org" in answer.text
    with bench.store.reading() as unit:
        assert [one.subject for one in unit.audit.last("north", 3)] == ["p-bea", "p-north", "p-bea"]
    changed = operator.put("/v1/people/p-bea", json=body, headers={"If-Match": '"other"'})
    assert changed.status_code == 412
    assert operator.put("/v1/people/p-bea", json={"email": "nobody"}).status_code == 422


def test_consents_are_given_seen_and_taken_back(asks: Any) -> None:
    agent = asks(Role.DRIVER_AGENT)
    made = agent.post("/v1/people/p-bea/consents", json=CONSENT)
    assert (made.status_code, made.json()["holds"], made.json()["channel"]) == (201, True, "app")
    ended = agent.delete("/v1/people/p-bea/consents/research")
    assert [one["holds"] for one in ended.json()] == [False]
    assert agent.delete("/v1/people/p-bea/consents/research").status_code == 404
    assert agent.delete("/v1/people/p-bea/consents/everything").status_code == 422
    assert [one["consent_id"] for one in agent.get("/v1/people/p-bea/consents").json()] == [made.json()["consent_id"]]
    late = agent.post("/v1/people/p-bea/consents", json=CONSENT | {"expires_at": "2026-01-01T00:00:00Z"})
    assert (late.status_code, "allows nothing" in late.json()["detail"]) == (422, True)


def test_drivers_speak_for_themselves_and_nobody_else(asks: Any) -> None:
    driver = asks(Role.DRIVER)
    own, other = "/v1/people/driver-north/consents", "/v1/people/p-north/consents"
    assert driver.post(own, json=CONSENT).status_code == 201
    assert [one["purpose"] for one in driver.get(own).json()] == ["research"]
    assert driver.delete(f"{own}/research").status_code == 200
    for answer in (driver.post(other, json=CONSENT), driver.get(other), driver.delete(f"{other}/messages")):
        assert answer.status_code == 404
    assert driver.get("/v1/people").status_code == 403


@pytest.mark.requirement("R103")
def test_a_copy_and_being_forgotten(asks: Any) -> None:
    admin = asks(Role.ADMIN)
    told = admin.get("/v1/people/p-north/export")
    assert told.json()["identity"]["email"] == "ann@north.example"
    assert told.headers["cache-control"] == "no-store"
    assert admin.delete("/v1/people/p-north").json()["had_identity"] is True
    assert admin.get("/v1/people/p-north").status_code == 404
    left = admin.get("/v1/people/p-north/export").json()
    assert left["identity"] == {}
    assert [one["revoked_at"] is None for one in left["consents"]] == [False]


def test_a_survey_from_question_to_result(asks: Any, bench: Any) -> None:
    operator = asks(Role.OPERATOR)
    people = [f"p-{n}" for n in range(5)]
    for one in people:
        asks(Role.DRIVER_AGENT).post(f"/v1/people/{one}/consents", json=CONSENT)
    assert operator.put("/v1/surveys/first", json=SURVEY).status_code == 200
    assert operator.post("/v1/surveys/first/invitations", json={}).json()["people"] == people
    with bench.store.reading() as unit:
        tokens = [one.fields.rpartition("/")[2].partition('"')[0] for one in unit.messages.last("north", 9)]
    nobody = TestClient(bench.app())
    assert nobody.get(f"/v1/answers/{tokens[0]}").json()["title"] == "How was it?"
    for token in tokens:
        assert nobody.post(f"/v1/answers/{token}", json={"answers": {"ready": 4, "how": "home"}}).status_code == 204
    assert nobody.post(f"/v1/answers/{tokens[0]}", json={"answers": {"ready": 4}}).status_code == 404
    assert nobody.post("/v1/answers/nonsense", json={"answers": {}}).status_code == 422
    found = operator.get("/v1/surveys/first/results").json()
    assert (found["invited"], found["answers"], found["questions"][0]["mean"]) == (5, 5, 4.0)
    assert operator.put("/v1/surveys/first", json=SURVEY).status_code == 409
    assert {one["kind"] for one in operator.get("/v1/messages").json()["items"]} == {"survey"}
    first = operator.get("/v1/messages?count=2").json()
    rest = operator.get(f"/v1/messages?after={first['next']}").json()["items"]
    assert len({one["message_id"] for one in first["items"] + rest}) == 5
    assert "evs_" not in operator.get("/v1/messages").text


def test_a_server_that_keeps_nobody_says_so(asks: Any, bench: Any) -> None:
    client = asks(Role.ADMIN)
    bench.people = None
    bench.app()
    answer = client.get("/v1/people")
    assert (answer.status_code, answer.json()["reason"]) == (503, "no_people")
