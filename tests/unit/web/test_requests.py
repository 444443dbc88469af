"""Pages of lists, repeated requests, states that were seen, problems and bounds."""

import json
from dataclasses import replace
from typing import Any

import pytest
from fastapi.testclient import TestClient

from evenload.service.access_rows import Role
from evenload.service.ports import StoreError
from evenload.web.fields import Resource
from evenload.web.options import ApiOptions

LIMIT = {"node": "feeder-north", "start": "2026-01-12T17:00:00Z", "end": "2026-01-12T18:00:00Z", "limit_kw": 10}

WITHOUT_EXAMPLE = {"CredentialsBody", "EventsBody"}


def test_pages_follow_each_other_and_name_every_item_once(asks: Any) -> None:
    client = asks(Role.OPERATOR)
    names = [f"bay-{i:02}" for i in range(7)] + ["depot-north"]
    for name in names[:7]:
        answer = client.put(f"/v1/sites/{name}", json={"circuit": {"parent": "feeder-north"}})
        assert answer.status_code == 200
    seen: list[str] = []
    url = "/v1/sites?count=3"
    while url:
        answer = client.get(url)
        seen += [one["site_id"] for one in answer.json()["items"]]
        url = answer.links.get("next", {}).get("url", "")
        assert bool(url) == (answer.json()["next"] is not None)
    assert seen == names
    circuits = client.get("/v1/circuits?count=5&after=bay-03").json()
    assert [one["node"] for one in circuits["items"]][:2] == ["bay-04", "bay-05"]
    assert circuits["next"] is None


def test_numbered_lists_go_on_from_a_number(asks: Any) -> None:
    client = asks(Role.ADMIN)
    for limit_kw in range(1, 6):
        assert client.post("/v1/limits", json=LIMIT | {"limit_kw": limit_kw}).status_code == 201
    first = client.get("/v1/audit?count=4").json()
    rest = client.get(f"/v1/audit?after={first['next']}").json()
    numbers = [one["number"] for one in first["items"] + rest["items"]]
    assert numbers == sorted(set(numbers))
    assert [one["body"]["limit_kw"] for one in rest["items"]][-1] == 5
    assert client.get("/v1/audit?after=x").json()["detail"] == "after 'x' is not the `next` of a page of this list"


def test_a_repeated_request_is_done_once(bench: Any, asks: Any) -> None:
    client = asks(Role.OPERATOR)
    headers = {"Idempotency-Key": "peak-1"}
    first = client.post("/v1/limits", json=LIMIT, headers=headers)
    again = client.post("/v1/limits", json=LIMIT, headers=headers)
    assert (first.status_code, again.status_code) == (201, 201)
    assert (again.content, again.headers["etag"]) == (first.content, first.headers["etag"])
    assert again.headers["location"] == first.headers["location"]
    assert again.headers["idempotency-replayed"] == "true"
    assert len(client.get("/v1/limits").json()["items"]) == 1
    assert bench.changes == [("north", "limits")]
    other = client.post("/v1/limits", json=LIMIT | {"limit_kw": 11}, headers=headers)
    assert (other.status_code, other.json()["reason"]) == (422, "key_reused")
    theirs = asks(Role.OPERATOR).post("/v1/limits", json=LIMIT, headers=headers)  # another key: its own words
    assert theirs.json()["limit_id"] != first.json()["limit_id"]


def test_a_repeated_request_whose_answer_was_lost_makes_nothing_twice(bench: Any, asks: Any) -> None:
    client = asks(Role.OPERATOR)
    first = client.post("/v1/limits", json=LIMIT, headers={"Idempotency-Key": "peak-1"})
    with bench.store.writing() as unit:
        unit.replies.prune(bench.now.replace(year=2027))
    again = client.post("/v1/limits", json=LIMIT, headers={"Idempotency-Key": "peak-1"})
    assert again.json() == first.json()
    assert len(client.get("/v1/limits").json()["items"]) == 1


def test_an_answer_with_a_secret_is_not_kept(bench: Any, asks: Any) -> None:
    client = asks(Role.ADMIN)
    headers = {"Idempotency-Key": "k"}
    text = client.post("/v1/keys", json={"name": "x"}, headers=headers).json()["text"]
    with bench.store.reading() as unit:
        assert unit.replies.find("north", f"{client.get('/v1/me').json()['actor']} k") is None
    assert text not in client.post("/v1/keys", json={"name": "x"}, headers=headers).text


def test_who_has_it_already_is_told_so(asks: Any) -> None:
    client = asks(Role.VIEWER)
    for path in ("/v1/sites/depot-north", "/v1/sites"):
        tag = client.get(path).headers["etag"]
        again = client.get(path, headers={"If-None-Match": f'"other", {tag}'})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
        assert client.get(path, headers={"If-None-Match": '"other"'}).status_code == 200


def test_a_change_of_another_state_is_refused(asks: Any) -> None:
    client = asks(Role.OPERATOR)
    tag = client.get("/v1/sites/depot-north").headers["etag"]
    changed = client.put("/v1/sites/depot-north", json={"name": "a"}, headers={"If-Match": tag})
    assert changed.status_code == 200
    stale = client.put("/v1/sites/depot-north", json={"name": "b"}, headers={"If-Match": tag})
    assert (stale.status_code, stale.json()["reason"]) == (412, "changed")
    assert client.get("/v1/sites/depot-north").headers["etag"] == changed.headers["etag"]
    new = client.put("/v1/sites/depot-north", json={}, headers={"If-None-Match": "*"})
    assert new.status_code == 412
    missing = client.put("/v1/vehicles/v", json={}, headers={"If-Match": "*"})
    assert missing.status_code == 412
    assert client.delete("/v1/sites/depot-north", headers={"If-Match": '"x"'}).status_code == 412


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "detail"),
    [
        ("GET", "/v1/nowhere", None, 404, "there is nothing at /v1/nowhere. What there is: /docs"),
        ("GET", "/v1/site", None, 404, "Did you mean 'sites'?"),
        ("GET", "/v1/limits/x/y/z", None, 404, "there is nothing at /v1/limits/x/y/z"),
        ("GET", "/v1/sites/depo-north", None, 404, "Did you mean 'depot-north'?"),
        ("PATCH", "/v1/sites", None, 405, "/v1/sites takes GET, not PATCH"),
        ("PUT", "/v1/sites/x", {"nam": "y"}, 422, "body.nam: is not known here"),
        ("PUT", "/v1/sites/x", {"guard_kw": True}, 422, "body.guard_kw: must be a number"),
        ("POST", "/v1/limits", LIMIT | {"limit_kw": -1}, 422, "body.limit_kw: must be 0 or more"),
        ("POST", "/v1/limits", LIMIT | {"start": "2026-01-12T17:00:00"}, 422, "body.start: needs an offset from UTC"),
        ("POST", "/v1/limits", LIMIT | {"node": "?"}, 422, "body.node: must be a name"),
        ("POST", "/v1/limits", LIMIT | {"node": "F9"}, 404, "there is no circuit 'F9'"),
        (
            "GET",
            "/v1/limits?start=2026-01-12T17:00:00Z&end=2026-01-12T17:00:00Z",
            None,
            422,
            "must end after it starts",
        ),
        ("GET", "/v1/sites?count=1001", None, 422, "query.count"),
    ],
)
def test_every_error_is_a_problem(asks: Any, method: str, path: str, body: Any, status: int, detail: str) -> None:
    answer = asks(Role.OPERATOR).request(method, path, json=body)
    assert answer.headers["content-type"] == "application/problem+json"
    told = answer.json()
    assert set(told) == {"type", "title", "status", "detail", "reason", "errors"}
    assert (answer.status_code, told["status"]) == (status, status)
    assert detail in told["detail"]


class Gone:
    """A store that is gone."""

    def reading(self) -> Any:
        raise StoreError("/var/lib/secret.db is locked")

    writing = reading


def test_a_store_that_is_gone_is_said_without_its_name(bench: Any, asks: Any) -> None:
    client = asks()
    assert client.get("/readyz").status_code == 200
    bench.store = Gone()
    client.app.state.services = bench.services()
    answer = client.get("/v1/sites")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert "secret" not in answer.text
    ready = client.get("/readyz")
    assert (ready.status_code, ready.json()) == (503, {"faults": ["the store does not answer"], "notes": []})
    assert client.get("/healthz").status_code == 200


def test_what_runs_beside_counts_for_readiness(bench: Any, asks: Any) -> None:
    client = asks()
    bench.faults.append("no plan for 20 minutes")
    assert client.get("/readyz").json() == {"faults": ["no plan for 20 minutes"], "notes": []}


def test_a_request_may_not_be_too_long_said_or_not(bench: Any) -> None:
    bench.options = ApiOptions(b"k" * 32, public_url="http://testserver", body_bytes_max=1000)
    client = TestClient(bench.app(), headers={"Authorization": f"Bearer {bench.key('north', Role.ADMIN)}"})
    headers = {"Content-Type": "application/json"}
    said = client.put("/v1/sites/x", content=b" " * 1001, headers=headers)
    unsaid = client.put("/v1/sites/x", content=iter([b" " * 600, b" " * 600]), headers=headers)
    for answer in (said, unsaid):
        assert (answer.status_code, answer.json()["status"]) == (413, 413)
    assert client.put("/v1/vehicles/x", content=b"{}".ljust(1000), headers=headers).status_code == 200


def test_a_defect_is_a_problem_that_tells_nothing(bench: Any, asks: Any) -> None:
    client = asks()
    bench.store = None
    client.app.state.services = bench.services()
    answer = client.get("/v1/sites")
    assert (answer.status_code, answer.json()["detail"]) == (
        500,
        "a defect of evenload; it is in the log of the server",
    )


def test_metrics_count_requests_by_route_and_take_their_token(bench: Any) -> None:
    bench.options = ApiOptions(b"k" * 32, public_url="http://testserver", metrics_token="m" * 20)
    client = TestClient(bench.app())
    client.get("/v1/sites/depot-north")
    client.get("/v1/sites/other")
    assert client.get("/metrics").status_code == 401
    text = client.get("/metrics", headers={"Authorization": "Bearer " + "m" * 20}).text
    assert 'evenload_http_requests_total{method="GET",route="/v1/sites/{site_id}",status="401"} 2.0' in text


@pytest.mark.requirement("R87")
def test_every_operation_is_described(bench: Any) -> None:
    told = bench.app().openapi()
    assert told["openapi"].startswith("3.1")
    operations = [one for path in told["paths"].values() for one in path.values()]
    assert all(one.get("description") for one in operations)
    assert all(one["tags"] for one in operations)
    problems = [code for one in operations for code in one["responses"] if code[0] in "45" and code != "503"]
    assert len(problems) > 200
    bodies = {name: one for name, one in told["components"]["schemas"].items() if name.endswith("Body")}
    for name, schema in bodies.items():
        assert schema.get("description"), name
        assert schema["additionalProperties"] is False, name
        assert schema.get("examples") or name in WITHOUT_EXAMPLE, name


def test_the_examples_are_ones_that_would_be_taken(bench: Any) -> None:
    models = {one.__name__: one for one in descendants(Resource)}
    schemas = bench.app().openapi()["components"]["schemas"]
    told = {name: one["examples"] for name, one in schemas.items() if "examples" in one}
    assert len(told) > 15
    for name, examples in told.items():
        for one in examples:
            models[name].model_validate_json(json.dumps(one))


def descendants(kind: type) -> list[Any]:
    return [one for below in kind.__subclasses__() for one in (below, *descendants(below))]


def test_the_documentation_page_asks_no_other_host(bench: Any) -> None:
    page = TestClient(bench.app()).get("/docs").text
    assert "http://" not in page.replace("http://testserver", "")
    assert "https://" not in page


@pytest.mark.parametrize(
    ("path", "body", "detail"),
    [
        ("/v1/sites/x", {"ready_by": "25:30"}, "body.ready_by: must be a time of day such as 07:00"),
        ("/v1/sites/x", {"meter": "foo"}, "body.meter: must say where a meter is: rest"),
        ("/v1/sites/..x", {}, "path.site_id: must be a name"),
        ("/v1/devices/d", {"site_id": "s", "identity": "C P"}, "body.identity: must be a station's name"),
        ("/v1/vehicles/v", {"ready_by": "7"}, "body.ready_by: must be a time of day"),
    ],
)
def test_no_regular_expression_is_shown_to_people(asks: Any, path: str, body: Any, detail: str) -> None:
    assert asks(Role.OPERATOR).put(path, json=body).json()["detail"].startswith(detail)


def test_currencies_and_topics_are_told_in_words(asks: Any) -> None:
    signal = {"at": "2026-01-12T17:00:00Z", "price_per_kwh": 0.2, "currency": "euro"}
    told = asks(Role.OPERATOR).post("/v1/signals", json={"signals": [signal]}).json()["detail"]
    assert told == "body.signals.0.currency: must be a currency by its three capital letters, such as EUR"
    assert "must be topics with commas between them, of load, sessions" in asks().get("/v1/stream?topics=x").text


def test_a_body_that_is_no_json_is_told_what_to_send(asks: Any) -> None:
    client = asks(Role.OPERATOR)
    broken = client.put("/v1/sites/x", content='{"name": }', headers={"Content-Type": "application/json"}).json()
    assert broken["detail"] == "body: is no JSON: Expecting value, at character 9"
    text = client.put("/v1/sites/x", content='{"name": "x"}', headers={"Content-Type": "text/plain"}).json()
    assert text["detail"] == "body: must be JSON, sent with the header Content-Type: application/json"


def test_the_way_in_leads_to_the_pages_and_the_documentation(asks: Any) -> None:
    client = asks()
    told = client.get("/", headers={"Accept": "application/json"}).json()
    assert {"/live", "/docs", "/openapi.json"} <= set(told["places"])
    page = client.get("/", headers={"Accept": "text/html,*/*"})
    assert page.headers["content-type"].startswith("text/html")
    for path in told["places"]:
        assert f'<a href="{path}">' in page.text
        assert client.get(path).status_code in (200, 401)


def test_readiness_says_what_is_unusual_and_is_ready_all_the_same(bench: Any, asks: Any) -> None:
    client = asks()
    client.app.state.services = replace(bench.services(), notes=("a dry run: nobody is told anything",))
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["notes"]) == (200, ["a dry run: nobody is told anything"])
