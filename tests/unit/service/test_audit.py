import hashlib
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenload.service import audit
from evenload.service.access_rows import AuditRow, Role
from evenload.service.refusals import ForbiddenError
from evenload.service.scope import Scope
from evenload.store.memory import MemoryStore

NOON = datetime(2026, 1, 12, 12, tzinfo=UTC)
ADMIN = Scope("north", "user:ann", Role.ADMIN)


def written(count: int, tenant: str = "north") -> MemoryStore:
    store = MemoryStore()
    for i in range(count):
        with store.writing() as unit:
            scope = Scope(tenant, "user:ann", Role.ADMIN)
            audit.note(
                unit, scope, NOON + timedelta(seconds=i), "sites.put", f"depot-{i}", {"guard_kw": i, "name": "ø"}
            )
    return store


class Altered:
    """A log somebody wrote over in the database."""

    def __init__(self, rows: list[AuditRow]) -> None:
        self.audit = self
        self._rows = rows

    def after(self, _: str, number: int, count: int) -> list[AuditRow]:
        return [row for row in self._rows if row.number > number][:count]


def rows_of(store: MemoryStore) -> list[AuditRow]:
    with store.reading() as unit:
        return list(unit.audit.after("north", 0, 99))


def test_a_digest_can_be_computed_by_anybody_from_what_the_documentation_says() -> None:
    row = rows_of(written(1))[0]
    covered = {
        "tenant": "north", "at": "2026-01-12T12:00:00+00:00", "actor": "user:ann", "action": "sites.put",
        "subject": "depot-0", "body": '{"guard_kw":0,"name":"ø"}', "previous": "",
    }  # fmt: skip
    text = json.dumps(covered, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert row.digest == hashlib.sha256(text.encode()).hexdigest()


def test_a_log_as_it_was_written_holds() -> None:
    store = written(1203)  # more than are read at once
    with store.reading() as unit:
        found = audit.verify(unit, "north")
        assert (found.rows, found.broken_number, found.last_digest) == (1203, None, unit.audit.last_digest("north"))
        assert audit.verify(unit, "south") == audit.Verified(0, "")


COLUMNS = ("actor", "action", "subject", "body", "previous", "digest", "tenant")


@given(place=st.integers(0, 5), column=st.sampled_from(COLUMNS), text=st.text(max_size=5))
def test_a_row_that_was_changed_is_found(place: int, column: str, text: str) -> None:
    rows = rows_of(written(6))
    if getattr(rows[place], column) != text:
        change: Any = {column: text}
        rows[place] = replace(rows[place], **change)
        assert audit.verify(Altered(rows), "north").broken_number == rows[place].number  # type: ignore[arg-type]


@given(place=st.integers(0, 4))
def test_a_row_taken_out_is_found_at_the_next(place: int) -> None:
    rows = rows_of(written(6))
    gone = rows.pop(place)
    assert audit.verify(Altered(rows), "north").broken_number == gone.number + 1  # type: ignore[arg-type]


def test_rows_cut_off_at_the_end_are_found_by_a_digest_that_was_noted() -> None:
    rows = rows_of(written(6))
    noted = rows[-1].digest
    cut: Any = Altered(rows[:3])
    assert audit.verify(cut, "north").broken_number is None
    assert not audit.verify(cut, "north", noted).digest_found
    whole: Any = Altered(rows)
    assert audit.verify(whole, "north", rows[2].digest).digest_found


def test_chains_of_tenants_are_apart_and_only_administrators_read_them() -> None:
    store = written(2)
    with store.writing() as unit:
        audit.note(unit, Scope("south", "user:bob", Role.ADMIN), NOON, "x", "y")
    with store.reading() as unit:
        assert audit.verify(unit, "south").rows == 1
    assert [row.subject for row in audit.read(ADMIN, store, 0, 9)] == ["depot-0", "depot-1"]
    with pytest.raises(ForbiddenError):
        audit.read(Scope("north", "user:eve", Role.OPERATOR), store, 0, 9)
