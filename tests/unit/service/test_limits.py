from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from evenload.base.errors import InputError
from evenload.base.instants import Interval
from evenload.domain.circuit import Circuit, CircuitKind
from evenload.service import grid, limits
from evenload.service.access_rows import Role
from evenload.service.live_rows import LimitRow
from evenload.service.refusals import ConflictError, NotFoundError
from evenload.service.scope import Scope
from evenload.store.memory import MemoryStore

NOON = datetime(2026, 1, 12, 12, tzinfo=UTC)
OPERATOR = Scope("north", "user:ann", Role.OPERATOR)
EVENING = Interval(NOON + timedelta(hours=5), NOON + timedelta(hours=8))
LIMIT = LimitRow("north", "L1", "F", EVENING.start, EVENING.end, 250.0, "peak")


def furnished() -> MemoryStore:
    store = MemoryStore()
    grid.put_circuits(OPERATOR, store, [Circuit("F", "", CircuitKind.FEEDER, 400.0)], NOON)
    return store


def test_posting_the_same_again_changes_nothing_and_something_else_is_refused() -> None:
    store = furnished()
    first = limits.post_limit(OPERATOR, store, LIMIT, NOON)
    assert first == replace(LIMIT, made_by="user:ann", made_at=NOON)
    assert limits.post_limit(OPERATOR, store, LIMIT, NOON + timedelta(minutes=1)) == first
    with pytest.raises(ConflictError, match="another limit 'L1'"):
        limits.post_limit(OPERATOR, store, replace(LIMIT, limit_kw=1.0), NOON)
    assert limits.limits(OPERATOR, store, EVENING) == [first]


def test_a_limit_of_the_past_or_nowhere_or_no_time_is_refused() -> None:
    store = furnished()
    with pytest.raises(InputError, match="ended before it was posted"):
        limits.post_limit(OPERATOR, store, LIMIT, EVENING.end)
    with pytest.raises(NotFoundError, match="no circuit 'G'"):
        limits.post_limit(OPERATOR, store, replace(LIMIT, node="G"), NOON)
    with pytest.raises(InputError, match="must end after it starts"):
        limits.post_limit(OPERATOR, store, replace(LIMIT, end=LIMIT.start), NOON)


def test_a_limit_is_cancelled_once_and_kept_and_not_after_its_end() -> None:
    store = furnished()
    limits.post_limit(OPERATOR, store, LIMIT, NOON)
    with pytest.raises(ConflictError, match="has ended"):
        limits.cancel_limit(OPERATOR, store, "L1", EVENING.end)
    assert limits.cancel_limit(OPERATOR, store, "L1", NOON).cancelled_at == NOON
    assert limits.cancel_limit(OPERATOR, store, "L1", EVENING.end).cancelled_at == NOON
    assert limits.limits(OPERATOR, store, EVENING) == []
    assert [one.limit_id for one in limits.limits(OPERATOR, store, EVENING, cancelled=True)] == ["L1"]
    with pytest.raises(NotFoundError):
        limits.cancel_limit(OPERATOR, store, "L2", NOON)
