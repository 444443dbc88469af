"""What is malformed, of an older version, or hostile: a clear problem, and nothing changed."""

from typing import Any

import pytest

from evenload.openadr.v3.access import VEN_SCOPES, Claims

ONE = Claims("home", "one", frozenset(VEN_SCOPES))
OLDER_HOOK = {"objects": ["EVENT"], "operations": ["POST"], "callbackUrl": "https://a.example"}
DEEP = b'{"programID":"id1","targets":' + b"[" * 20_000 + b"]" * 20_000 + b"}"


@pytest.mark.parametrize(("path", "body", "says"), [
    ("/events", b"{", "no JSON"), ("/events", b"\xff", "no JSON"), ("/events", b"", "no JSON"),
    ("/events", [], "Expected `object`"), ("/events", {}, "programID"), ("/events", DEEP, ""),
    ("/events", {"programID": "id1", "intervalPeriod": None}, "intervalPeriod"),
    ("/events", {"programID": "id1", "duration": None}, "duration"),
    ("/events", {"programID": None}, "programID"),
    ("/events", {"programID": "id1", "intervalPeriod": {"start": "2026-01-12T17:00:00"}}, "offset"),
    ("/events", {"programID": "id1", "intervalPeriod": {"start": "2026-13-12T17:00:00Z"}}, "no day or time"),
    ("/events", {"programID": "id1", "intervalPeriod": {"duration": "15 minutes"}}, "ISO 8601"),
    ("/events", {"programID": "id1", "priority": -1}, "priority"),
    ("/events", {"programID": "id1", "targets": ["x" * 129]}, "targets"),
    ("/events", {"programID": "id1", "targets": [{"type": "GROUP", "values": ["a"]}]}, "plain texts since OpenADR 3.1"),
    ("/events", {"programID": "id1", "intervals": [{"id": 2**31, "payloads": []}]}, "intervals[0].id"),
    ("/events", {"programID": "id1", "intervals": [{"id": 0, "payloads": [{"type": "PRICE", "values": [None]}]}]}, ""),
    ("/events", {"programID": "id1", "payloadDescriptors": [
        {"objectType": "REPORT_PAYLOAD_DESCRIPTOR", "payloadType": "USAGE"}]}, "EventPayloadDescriptor"),
    ("/vens", {"venName": "old"}, "since OpenADR 3.1"), ("/resources", {"resourceName": "old"}, "since OpenADR 3.1"),
    ("/subscriptions", {"clientName": "x", "objectOperations": [OLDER_HOOK]}, "since OpenADR 3.1"),
])  # fmt: skip
def test_a_body_that_cannot_be_is_refused(bench: Any, path: str, body: object, says: str) -> None:
    bench.program()
    status, detail = bench.problem("POST", path, body)
    assert status == 400
    assert says in detail
    assert len(bench.objects.rows) == len(bench.objects.done) == 1


def test_nulls_that_the_yaml_allows_are_as_if_left_out(bench: Any) -> None:
    nullable = ("eventName", "priority", "targets", "reportDescriptors", "payloadDescriptors")
    made = bench.post("/events", {"programID": bench.program(), **dict.fromkeys(nullable)})
    assert not set(nullable) & set(made)


def test_a_refused_change_leaves_the_object_as_it_was(bench: Any) -> None:
    event = bench.event(bench.program(), eventName="kept")
    before = bench.get(f"/events/{event}")
    assert bench.problem("PUT", f"/events/{event}", {"programID": "none"})[0] == 409
    assert bench.problem("PUT", f"/events/{event}", b"{")[0] == 400
    assert bench.problem("DELETE", "/events/none")[0] == 404
    assert bench.problem("DELETE", f"/programs/{event}")[0] == 404  # the id of another kind
    assert bench.get(f"/events/{event}") == before


def test_the_same_interval_id_twice_is_kept_as_told(bench: Any) -> None:
    twice = [{"id": 1, "payloads": []}, {"id": 1, "payloads": []}]
    made = bench.post("/events", {"programID": bench.program(), "intervals": twice})
    assert [one["id"] for one in made["intervals"]] == [1, 1]
