"""What every store promises of the objects of OpenADR 3."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from evenload.openadr.v3.objects import Asked, ClientRow, ObjectRow
from evenload.openadr.v3.parts import ObjectType, Operation
from evenload.service.ports import Store

T0 = datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=UTC)
HOUR = timedelta(hours=1)
EVENT = ObjectRow(
    "home", "b", ObjectType.EVENT, T0, T0 + HOUR, b'{"id":"b"}', "", "p", "", "bl", "", ("north", "vip"), T0 + HOUR,
    by_business=True,
)  # fmt: skip
VEN = ObjectRow("home", "v", ObjectType.VEN, T0, T0, b"{}", "ven", client_id="one", targets=("north",))


def put(store: Store, *rows: ObjectRow, operation: Operation = Operation.CREATE) -> None:
    with store.writing() as unit:
        for row in rows:
            unit.openadr3.put(row, operation, row.modified_at, "bl")


def found(store: Store, **asked: object) -> list[str]:
    with store.reading() as unit:
        wanted = Asked(ObjectType.EVENT, **asked)  # type: ignore[arg-type]
        rows = unit.openadr3.page("home", wanted)
        assert unit.openadr3.bodies("home", wanted) == [(row.body, row.targets) for row in rows]
        return [row.object_id for row in rows]


def test_an_object_comes_back_as_it_was_and_only_to_its_tenant(store: Store) -> None:
    put(store, EVENT, VEN)
    with store.reading() as unit:
        assert unit.openadr3.find("home", ObjectType.EVENT, "b") == EVENT
        assert unit.openadr3.find("home", ObjectType.PROGRAM, "b") is None
        assert unit.openadr3.find("depot", ObjectType.EVENT, "b") is None
        assert unit.openadr3.page("depot", Asked(ObjectType.EVENT)) == []


def test_what_is_asked_for_in_order(store: Store) -> None:
    first = replace(EVENT, object_id="z", created_at=T0 - HOUR, targets=(), ends_at=None, program_id="q")
    south = replace(EVENT, object_id="a", targets=("south",), client_name="n", parent_id="e", name="x", client_id="c")
    put(store, EVENT, first, south, VEN)
    assert found(store) == ["z", "a", "b"]
    assert found(store, skip=1, count=1) == ["a"]
    assert found(store, count=0) == []
    assert found(store, count=None) == ["z", "a", "b"]
    assert found(store, targets=("north", "vip")) == ["b"]
    assert found(store, targets=("north", "south")) == ["a", "b"]
    assert found(store, targets=()) == ["z"]
    assert found(store, active_at=T0 + HOUR) == ["z"]
    assert found(store, active_at=T0) == ["z", "a", "b"]
    for asked in ({"client_name": "n"}, {"parent_id": "e"}, {"name": "x"}, {"client_id": "c"}):
        assert found(store, **asked) == ["a"]
    assert found(store, program_id="q", targets=()) == ["z"]
    assert found(store, program_id="q", targets=("north",)) == []


def test_targets_change_with_the_object_and_what_is_removed_stays_as_evidence(store: Store) -> None:
    put(store, EVENT)
    put(store, moved := replace(EVENT, targets=("south",), body=b"2"), operation=Operation.UPDATE)
    assert (found(store, targets=("north",)), found(store, targets=("south",))) == ([], ["b"])
    put(store, replace(moved, removed_at=T0), operation=Operation.DELETE)
    assert found(store) == found(store, targets=("south",)) == []
    with store.reading() as unit:
        assert unit.openadr3.find("home", ObjectType.EVENT, "b") == replace(moved, removed_at=T0)
        done = unit.openadr3.history("home", "b")
        assert unit.openadr3.history("depot", "b") == []
    assert [one.operation for one in done] == [Operation.CREATE, Operation.UPDATE, Operation.DELETE]
    assert [one.body for one in done] == [b'{"id":"b"}', b"2", b"2"]
    assert sorted({one.number for one in done}) == [one.number for one in done]


def test_what_a_clients_vens_and_resources_were_granted(store: Store) -> None:
    resource = replace(VEN, object_id="r", kind=ObjectType.RESOURCE, targets=("south", "north"))
    gone = replace(VEN, object_id="g", targets=("gone",), removed_at=T0)
    put(store, VEN, resource, gone, replace(EVENT, client_id="one"), replace(VEN, object_id="o", client_id="two"))
    with store.reading() as unit:
        assert unit.openadr3.granted("home", "one") == {"north", "south"}
        assert unit.openadr3.granted("depot", "one") == unit.openadr3.granted("home", "none") == frozenset()


def test_clients_by_id_in_whatever_tenant(store: Store) -> None:
    one = ClientRow("one", "home", "hash", ("read_targets",), T0)
    with store.writing() as unit:
        unit.openadr3.put_clients([replace(one, client_id="b"), one, replace(one, client_id="c", tenant="depot")])
        unit.openadr3.put_clients([revoked := replace(one, revoked_at=T0)])
    with store.reading() as unit:
        assert unit.openadr3.client("one") == revoked
        assert unit.openadr3.client("none") is None
        assert [row.client_id for row in unit.openadr3.clients("home")] == ["b", "one"]


def _put_and_fail(store: Store) -> None:
    with store.writing() as unit:
        unit.openadr3.put(EVENT, Operation.CREATE, T0, "bl")
        raise RuntimeError("stop")


def test_a_unit_that_fails_keeps_nothing(store: Store) -> None:
    with pytest.raises(RuntimeError, match="stop"):
        _put_and_fail(store)
    assert found(store) == []
