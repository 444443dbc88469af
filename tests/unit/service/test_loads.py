from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from evenload.base.errors import LoadError
from evenload.base.instants import Interval
from evenload.domain.circuit import Circuit, CircuitKind
from evenload.domain.station_readings import Quality
from evenload.service import grid, loads
from evenload.service.access_rows import Role
from evenload.service.live_rows import LoadRow
from evenload.service.loads import FROZEN_VALUES, LoadFault
from evenload.service.scope import Scope
from evenload.store.memory import MemoryStore

NOON = datetime(2026, 1, 12, 12, tzinfo=UTC)
STEP = timedelta(minutes=15)
OPERATOR = Scope("north", "key:gateway", Role.OPERATOR)
DAY = Interval(NOON - timedelta(days=1), NOON + timedelta(days=1))


def furnished() -> MemoryStore:
    store = MemoryStore()
    circuits = [Circuit("F", "", CircuitKind.FEEDER, 400.0), Circuit("T", "F", CircuitKind.TRANSFORMER, 50.0),
                Circuit("H", "T", CircuitKind.SITE)]  # fmt: skip
    grid.put_circuits(OPERATOR, store, circuits, NOON)
    return store


def told(count: int, load_kw: float, first: datetime = NOON - 24 * STEP) -> list[LoadRow]:
    return [LoadRow("north", "T", first + i * STEP, 900.0, load_kw) for i in range(count)]


@pytest.mark.parametrize("node", ["T", "H"])
def test_watts_told_as_kilowatts_are_refused_by_the_limit_there_or_above(node: str) -> None:
    store = furnished()
    row = LoadRow("north", node, NOON, 900.0, 12.5)
    loads.put_loads(OPERATOR, store, [row], NOON)
    for load_kw in (12_500.0, -12_500.0):
        with pytest.raises(LoadError, match=r"more than 20 times the limit of T \(50 kW\): is it in watts\?"):
            loads.put_loads(OPERATOR, store, [replace(row, at=NOON + STEP / 15), replace(row, load_kw=load_kw)], NOON)
    assert [one.load_kw for one in loads.loads(OPERATOR, store, DAY)] == [12.5]


def test_an_overload_is_no_mistake() -> None:
    assert loads.put_loads(OPERATOR, furnished(), told(1, 150.0), NOON) == []


def test_a_node_that_is_not_there_and_a_time_to_come_are_refused() -> None:
    store = furnished()
    with pytest.raises(LoadError, match="node 'Q' is not in the grid"):
        loads.put_loads(OPERATOR, store, [LoadRow("north", "Q", NOON, 900.0, 1.0)], NOON)
    with pytest.raises(LoadError, match="is the clock right"):
        loads.put_loads(OPERATOR, store, [LoadRow("north", "T", NOON + STEP, 900.0, 1.0)], NOON)


def test_a_meter_that_hangs_is_flagged_from_the_eighth_value_on_and_told_once() -> None:
    store = furnished()
    rows = told(FROZEN_VALUES + 2, 17.31)
    assert loads.put_loads(OPERATOR, store, rows[: FROZEN_VALUES - 1], NOON) == []
    for row in rows[FROZEN_VALUES - 1 :]:
        [flag] = loads.put_loads(OPERATOR, store, [row], NOON)
        assert (flag.node, flag.fault) == ("T", LoadFault.METER_FROZEN)
    kept = [one.quality for one in loads.loads(OPERATOR, store, DAY)]
    assert kept == [Quality.MEASURED] * (FROZEN_VALUES - 1) + [Quality.ESTIMATED] * 3
    with store.reading() as unit:
        decisions = unit.decisions.last("north", 9)
    assert [one.kind for one in decisions] == ["meter_frozen"]
    assert "17.31 kW" in decisions[0].why


def test_a_meter_that_hangs_within_one_batch_is_flagged_and_recovers() -> None:
    store = furnished()
    [flag] = loads.put_loads(OPERATOR, store, told(12, 17.31), NOON)
    assert flag.since == NOON - 24 * STEP
    assert loads.put_loads(OPERATOR, store, told(1, 17.32, NOON - 12 * STEP), NOON) == []
    assert loads.latest_loads(OPERATOR, store)[0].quality is Quality.MEASURED


def test_nothing_connected_is_no_meter_that_hangs() -> None:
    assert loads.put_loads(OPERATOR, furnished(), told(20, 0.0), NOON) == []
