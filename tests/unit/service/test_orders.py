"""Orders: kept, standing until another takes their place, read back as they were given."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from evenload.base.errors import InputError
from evenload.base.instants import Interval
from evenload.domain.station import ConnectorStatus, StationId, Token, TokenStatus, Verdict
from evenload.domain.station_commands import (
    ClearProfile,
    Command,
    Reset,
    SetFallback,
    SetProfile,
    SetSettings,
    StartRemotely,
    Trigger,
    UpdateLocalList,
    Wanted,
)
from evenload.domain.station_limits import Limits
from evenload.service import admission, orders
from evenload.service.admission import Credentials
from evenload.service.rows import ConnectorRow, OrderRow
from evenload.store.memory import MemoryStore

A = StationId("home", "A")
T0 = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
BLOCKED = Verdict(TokenStatus.BLOCKED)
LIMITS = Limits.constant(5.0, Interval(T0, T0 + HOUR))


@pytest.fixture
def store() -> MemoryStore:
    made = MemoryStore()
    admission.add(made, A, Credentials(), T0)
    return made


@pytest.mark.parametrize(
    "command",
    [
        SetProfile(command_id="1", evse_id=2, limits=LIMITS),
        SetFallback(command_id="1", power_kw=3.7),
        Reset(command_id="1", at_once=True, worthless_at=T0 + HOUR),
        Trigger(command_id="1", wanted=Wanted.METER),
        SetSettings(command_id="1", values={"a": "b"}),
        StartRemotely(command_id="1", token=Token("t"), remote_start_id=4, limits=LIMITS),
        UpdateLocalList(command_id="1", version=3, entries=((Token("t"), BLOCKED), (Token("u"), None))),
    ],
)  # fmt: skip
def test_a_command_comes_back_as_it_was_given(store: MemoryStore, command: Command) -> None:
    orders.order(store, A, command, T0)
    (row,) = orders.to_give(store, 0, T0)
    assert orders.command_of(row) == command
    assert (row.order_id, row.kind) == ("1", type(command).__name__)


def standing(store: MemoryStore, now: datetime = T0) -> list[str]:
    return [row.order_id for row in orders.to_give(store, 0, now) if row.standing]


def test_a_limit_stands_until_another_of_its_kind_and_evse(store: MemoryStore) -> None:
    orders.order(store, A, SetFallback(command_id="f0", power_kw=4.0), T0)
    orders.order(store, A, SetFallback(command_id="f1", evse_id=1, power_kw=4.0), T0)
    orders.order(store, A, SetProfile(command_id="p0", limits=LIMITS), T0)
    orders.order(store, A, Reset(command_id="r"), T0)
    orders.order(store, A, SetFallback(command_id="f0b", power_kw=5.0), T0)
    assert standing(store) == ["f1", "p0", "f0b"]
    assert standing(store, T0 + HOUR) == ["f1", "f0b"]  # the plan has ended


@pytest.mark.parametrize(
    ("evse_id", "fallback", "left"),
    [(0, True, []), (0, False, ["f1", "f2"]), (1, True, ["f2", "p2"]), (1, False, ["f1", "f2", "p2"])],
)
def test_limits_taken_back_stand_no_more(store: MemoryStore, evse_id: int, fallback: bool, left: list[str]) -> None:
    for evse in (1, 2):
        orders.order(store, A, SetFallback(command_id=f"f{evse}", evse_id=evse, power_kw=4.0), T0)
        orders.order(store, A, SetProfile(command_id=f"p{evse}", evse_id=evse, limits=LIMITS), T0)
    orders.order(store, A, ClearProfile(command_id="c", evse_id=evse_id, fallback=fallback), T0)
    assert sorted(standing(store)) == left


def test_an_order_to_nobody_and_one_nobody_can_read(store: MemoryStore) -> None:
    with pytest.raises(InputError, match="no station 'B'"):
        orders.order(store, StationId("home", "B"), Reset(command_id="r"), T0)
    with pytest.raises(InputError, match="order x of kind 'Dance' cannot be read"):
        orders.command_of(OrderRow("x", A, "Dance", 0, "{}", T0))
    with pytest.raises(InputError, match="cannot be read"):
        orders.command_of(OrderRow("x", A, "SetFallback", 0, "{}", T0))


def test_an_evse_that_is_not_there_is_ordered_nothing_but_to_tell_of_itself(store: MemoryStore) -> None:
    with store.writing() as unit:
        unit.stations.put_connectors([ConnectorRow(A, 1, 1, ConnectorStatus.AVAILABLE, T0)])
    with pytest.raises(InputError, match="'A' has no EVSE 9: it told of 1"):
        orders.order(store, A, SetFallback(command_id="f", evse_id=9, power_kw=5.0), T0)
    with store.reading() as unit:
        assert unit.orders.last("home", 9) == []
    for command in (
        SetFallback(command_id="g", power_kw=5.0),
        Trigger(command_id="t", evse_id=9, wanted=Wanted.STATUS),
    ):
        orders.order(store, A, command, T0)


def test_an_order_that_gave_way_ends_by_that_and_is_not_given_after_a_restart(store: MemoryStore) -> None:
    for name, kw in (("old", 4.2), ("new", 7.0)):
        orders.order(store, A, SetFallback(command_id=name, evse_id=1, power_kw=kw), T0)
    ended = orders.outcome(store, "old")
    assert ended is not None
    assert (ended.settlement, ended.standing, ended.settled_at) == ("superseded", False, T0)
    assert [row.order_id for row in orders.to_give(store, 0, T0)] == ["new"]


def test_what_was_carried_out_before_it_gave_way_was_carried_out(store: MemoryStore) -> None:
    orders.order(store, A, SetFallback(command_id="old", evse_id=1, power_kw=4.2), T0)
    with store.writing() as unit:
        unit.orders.put(replace(row, settlement="done", settled_at=T0) for row in unit.orders.find(["old"]))
    orders.order(store, A, SetFallback(command_id="new", evse_id=1, power_kw=7.0), T0 + HOUR)
    ended = orders.outcome(store, "old")
    assert ended is not None
    assert (ended.settlement, ended.standing, ended.settled_at) == ("done", False, T0)
