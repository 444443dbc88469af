"""The VTN without I/O: who may do what, names, filters, what is told to whom."""

from typing import Any

import msgspec
import pytest

from evenload.openadr.v3.access import VEN_SCOPES, Claims
from evenload.openadr.v3.notices import Broker
from evenload.openadr.v3.parts import ObjectType, Operation
from evenload.openadr.v3.wire import Notification

ONE = Claims("home", "one", frozenset(VEN_SCOPES))
TWO = Claims("home", "two", frozenset(VEN_SCOPES))
ELSEWHERE = Claims("depot", "bl", frozenset({"read_all", "write_programs", "write_events"}))


def ids(found: list[dict[str, Any]]) -> list[str]:
    return [str(one["id"]) for one in found]


def test_an_object_is_made_read_changed_and_removed_with_what_the_vtn_says_of_it(bench: Any) -> None:
    program = bench.program(id="mine", createdDateTime="1999-01-01T00:00:00Z", objectType="EVENT", extra={"a": None})
    read = bench.get(f"/programs/{program}")
    assert read["objectType"] == "PROGRAM"
    assert read["id"] == program != "mine"
    assert read["createdDateTime"] == read["modificationDateTime"] == "2026-01-12T17:00:00.001000Z"
    assert "extra" not in read
    changed = msgspec.json.decode(bench.ask("PUT", f"/programs/{program}", {"programName": "new"}).body)
    assert (changed["programName"], changed["createdDateTime"]) == ("new", read["createdDateTime"])
    assert changed["modificationDateTime"] > read["modificationDateTime"]
    assert bench.ask("DELETE", f"/programs/{program}").status == 200
    assert bench.problem("GET", f"/programs/{program}")[0] == 404
    assert bench.get("/programs") == []


def test_evidence_stays_after_an_event_was_removed(bench: Any) -> None:
    event = bench.event(bench.program(), eventName="e7")
    bench.ask("PUT", f"/events/{event}", {"programID": "id1", "eventName": "e8"})
    bench.ask("DELETE", f"/events/{event}")
    done = bench.objects.history("home", event)
    assert [one.operation for one in done] == [Operation.CREATE, Operation.UPDATE, Operation.DELETE]
    assert [msgspec.json.decode(one.body)["eventName"] for one in done] == ["e7", "e8", "e8"]
    assert {one.client_id for one in done} == {"bl"}
    late = {"eventID": event, "clientName": "one", "resources": []}
    assert bench.post("/reports", late, ONE)["clientID"] == "one"


@pytest.mark.parametrize(("method", "path", "claims", "status"), [
    ("GET", "/programs", None, 401), ("POST", "/programs", ONE, 403), ("POST", "/events", ONE, 403),
    ("GET", "/notifiers/mqtt/topics/events", ONE, 404), ("PATCH", "/events", None, 401), ("GET", "/nothing", ONE, 404),
    ("GET", "/vens/x/resources", ONE, 404), ("PUT", "/events", Claims("home", "bl", frozenset({"write_events"})), 405),
    ("GET", "/reports", Claims("home", "x", frozenset({"read_targets"})), 403),
    ("GET", "/events", Claims("home", "x", frozenset({"read_ven_objects"})), 403),
])  # fmt: skip
def test_what_is_not_allowed_is_a_problem(
    bench: Any, method: str, path: str, claims: Claims | None, status: int
) -> None:
    assert bench.problem(method, path, {"programName": "a"}, claims)[0] == status
    assert not bench.objects.rows


def test_a_ven_sees_what_its_targets_allow_and_no_other_targets(bench: Any) -> None:
    program = bench.program()
    both = bench.event(program, targets=["north", "south"])
    south = bench.event(program, targets=["south"])
    open_to_all = bench.event(program)
    ven = bench.ven("one", "north", "vip")
    bench.ven("two", "south")

    assert ids(bench.get("/events")) == [both, south, open_to_all]
    assert ids(bench.get("/events", ONE)) == [open_to_all]
    assert ids(bench.get("/events?targets=north&targets=south", ONE)) == [both]
    assert ids(bench.get("/events?targets=south", ONE)) == []
    assert bench.get("/events?targets=north&targets=south", ONE)[0]["targets"] == ["north"]
    assert bench.get(f"/events/{both}", TWO)["targets"] == ["south"]
    assert bench.problem("GET", f"/events/{south}", claims=ONE)[0] == 404
    assert ids(bench.get("/events?targets=south")) == [both, south]

    resource = {"objectType": "BL_RESOURCE_REQUEST", "clientID": "one", "resourceName": "r", "venID": ven}
    bench.post("/resources", resource | {"targets": ["south"]})
    assert ids(bench.get("/events?targets=south", ONE)) == [both, south]
    assert bench.get("/events", ELSEWHERE) == []
    assert bench.problem("GET", f"/events/{both}", claims=ELSEWHERE)[0] == 404


def test_vens_reports_and_subscriptions_are_their_clients_own(bench: Any) -> None:
    mine = bench.post("/vens", {"objectType": "VEN_VEN_REQUEST", "venName": "a"}, ONE)["id"]
    bench.ven("two")
    assert ids(bench.get("/vens", ONE)) == [mine]
    assert len(bench.get("/vens")) == 2
    assert bench.problem("DELETE", f"/vens/{mine}", claims=TWO)[0] == 404
    taken = {"objectType": "VEN_RESOURCE_REQUEST", "resourceName": "r", "venID": mine}
    assert bench.problem("POST", "/resources", taken, TWO)[0] == 404
    asked = {"objectType": "BL_VEN_REQUEST", "clientID": "one", "venName": "b", "targets": ["vip"]}
    assert bench.problem("POST", "/vens", asked, ONE)[0] == 403


def test_what_a_ven_tells_leaves_its_targets_as_the_business_said(bench: Any) -> None:
    ven = bench.ven("one", "north")
    answer = bench.ask("PUT", f"/vens/{ven}", {"objectType": "VEN_VEN_REQUEST", "venName": "renamed"}, ONE)
    told = msgspec.json.decode(answer.body)
    assert (told["venName"], told["targets"], told["clientID"]) == ("renamed", ["north"], "one")
    stolen = {"objectType": "BL_VEN_REQUEST", "clientID": "two", "venName": "renamed"}
    assert bench.problem("PUT", f"/vens/{ven}", stolen)[0] == 409


def test_names_are_unique_where_the_definition_says(bench: Any) -> None:
    bench.program("a")
    assert bench.problem("POST", "/programs", {"programName": "a"})[0] == 409
    other = bench.program("b")
    assert bench.problem("PUT", f"/programs/{other}", {"programName": "a"})[0] == 409
    assert bench.ask("PUT", f"/programs/{other}", {"programName": "b"}).status == 200
    ven = bench.post("/vens", {"objectType": "VEN_VEN_REQUEST", "venName": "v"}, ONE)["id"]
    assert bench.problem("POST", "/vens", {"objectType": "VEN_VEN_REQUEST", "venName": "v"}, TWO)[0] == 409
    room = {"objectType": "VEN_RESOURCE_REQUEST", "resourceName": "r", "venID": ven}
    bench.post("/resources", room, ONE)
    assert bench.problem("POST", "/resources", room, ONE)[0] == 409
    second = bench.post("/vens", {"objectType": "VEN_VEN_REQUEST", "venName": "w"}, ONE)["id"]
    bench.post("/resources", room | {"venID": second}, ONE)
    bench.ask("DELETE", f"/vens/{ven}", claims=ONE)
    bench.post("/vens", {"objectType": "VEN_VEN_REQUEST", "venName": "v"}, TWO)
    assert len(bench.get("/resources", ONE)) == 1


def test_references_must_be_there(bench: Any) -> None:
    assert bench.problem("POST", "/events", {"programID": "none"})[0] == 409
    assert bench.problem("POST", "/reports", {"eventID": "none", "clientName": "x", "resources": []}, ONE)[0] == 409
    program = bench.program("secret", targets=["vip"])
    hidden = bench.event(program, targets=["vip"])
    report = {"eventID": hidden, "clientName": "x", "resources": []}
    refusals = [
        bench.problem("POST", "/reports", report | {"eventID": one}, ONE)[1].replace(one, "E")
        for one in (hidden, "none")
    ]
    assert refusals[0] == refusals[1]  # nobody can find out what there is
    bench.ask("DELETE", f"/programs/{program}")
    assert bench.get("/events") == []


def test_filters_pages_and_what_is_over(bench: Any) -> None:
    program, other = bench.program("a"), bench.program("b")
    hour = {"duration": "PT1H"}
    past = bench.event(program, intervalPeriod={"start": "2026-01-12T10:00:00Z", **hour},
                       intervals=[{"id": 0, "payloads": []}])  # fmt: skip
    looping = bench.event(program, duration="P9999Y", intervalPeriod={"start": "2020-01-01T00:00:00Z", **hour},
                          intervals=[{"id": 0, "payloads": []}])  # fmt: skip
    called_off = bench.event(program, intervalPeriod={"start": "0001-01-01", "duration": "PT0S"})
    report_only = bench.event(other)
    assert ids(bench.get("/events?active=true")) == [looping, report_only]
    assert ids(bench.get("/events?active=false")) == [past, looping, called_off, report_only]
    assert ids(bench.get(f"/events?programID={other}")) == [report_only]
    assert ids(bench.get("/events?skip=1&limit=2")) == [looping, called_off]
    assert bench.get("/events?limit=0") == []
    for _ in range(60):
        bench.event(other)
    assert len(bench.get("/events")) == 50
    assert len(bench.get("/events?skip=50")) == 14


@pytest.mark.parametrize("query", [
    "limit=51", "limit=-1", "skip=a", "skip=1&skip=2", "active=1", "programID=a%20b", "targets=", "programID=",
    f"targets={'x' * 129}", "programID=%FF", "limit=%D9%A1",
])  # fmt: skip
def test_parameters_that_cannot_be_are_named(bench: Any, query: str) -> None:
    status, detail = bench.problem("GET", f"/events?{query}")
    assert status == 400
    assert query.split("=", maxsplit=1)[0] in detail or "query" in detail


def hook(*objects: str, operations: tuple[str, ...] = ("CREATE", "UPDATE", "DELETE"), **more: object) -> Any:
    one = {"objects": objects, "operations": operations, "callbackUrl": "https://ven.example/cb", "bearerToken": "t"}
    return {"clientName": "x", "objectOperations": [one], **more}


def test_webhooks_tell_a_ven_what_it_may_know(bench: Any) -> None:
    program = bench.program()
    bench.ven("one", "north")
    bench.post("/subscriptions", hook("EVENT", targets=["north"]), ONE)
    bench.post("/subscriptions", hook("EVENT", operations=("DELETE",)))
    made = bench.ask("POST", "/events", {"programID": program, "targets": ["north", "south"]})
    (call,) = made.webhooks
    told = msgspec.json.decode(call.body, type=Notification)
    assert (told.object_type, told.operation, told.targets) == (ObjectType.EVENT, Operation.CREATE, ("north",))
    assert told.object.targets == ("north",)
    assert (call.url, call.bearer_token) == ("https://ven.example/cb", "t")
    assert bench.ask("POST", "/events", {"programID": program, "targets": ["south"]}).webhooks == ()
    assert len(bench.ask("POST", "/events", {"programID": program}).webhooks) == 1
    gone = bench.ask("DELETE", f"/events/{msgspec.json.decode(made.body)['id']}")
    assert [msgspec.json.decode(one.body)["operation"] for one in gone.webhooks] == ["DELETE", "DELETE"]


def test_a_subscription_to_a_program_is_told_of_it_only(bench: Any) -> None:
    first, second = bench.program("a"), bench.program("b")
    bench.post("/subscriptions", hook("EVENT", "PROGRAM", "REPORT", programID=first))
    assert len(bench.ask("POST", "/events", {"programID": first}).webhooks) == 1
    assert bench.ask("POST", "/events", {"programID": second}).webhooks == ()
    assert len(bench.ask("PUT", f"/programs/{first}", {"programName": "a"}).webhooks) == 1
    assert ids(bench.get("/subscriptions?objects=REPORT&clientName=x"))
    assert bench.get("/subscriptions?objects=VEN") == []
    assert bench.problem("POST", "/subscriptions", hook("EVENT") | {"programID": "none"})[0] == 409
    bad = hook("EVENT")
    bad["objectOperations"][0]["callbackUrl"] = "file:///etc/passwd"
    assert bench.problem("POST", "/subscriptions", bad)[0] == 400


def test_topics_and_what_is_published(bench: Any) -> None:
    assert bench.get("/notifiers", ONE) == {"WEBHOOK": True}
    bench.broker = Broker(("mqtts://broker.example",), {"method": "ANONYMOUS"}, "home/")
    assert bench.get("/notifiers", ONE)["MQTT"]["URIS"] == ["mqtts://broker.example"]
    program, ven, other = bench.program(), bench.ven("one", "north"), bench.ven("two", "south")
    topics = bench.get(f"/notifiers/mqtt/topics/vens/{ven}/events", ONE)["topics"]
    assert topics["CREATE"] == f"home/vens/{ven}/events/create"
    assert "CREATE" not in bench.get(f"/notifiers/mqtt/topics/programs/{program}")["topics"]
    assert bench.problem("GET", f"/notifiers/mqtt/topics/vens/{other}/events", claims=ONE)[0] == 404
    assert bench.problem("GET", "/notifiers/mqtt/topics/events", claims=ONE)[0] == 403
    made = bench.ask("POST", "/events", {"programID": program, "targets": ["north", "vip"]})
    published = {one.topic: msgspec.json.decode(one.body) for one in made.publications}
    assert set(published) == {
        "home/events/create", f"home/programs/{program}/events/create", f"home/vens/{ven}/events/create",
    }  # fmt: skip
    assert published[f"home/vens/{ven}/events/create"]["object"]["targets"] == ["north"]
    everybody = {one.topic for one in bench.ask("POST", "/events", {"programID": program}).publications}
    assert {f"home/vens/{ven}/events/create", f"home/vens/{other}/events/create"} <= everybody
