"""Expected base load on the steps of a plan: sums of what is known, and a day that is held."""

from datetime import UTC, datetime, timedelta

import numpy as np

from evenload.base.horizon import Horizon
from evenload.domain.circuit import Circuit, CircuitKind, CircuitTree
from evenload.service.expected import base_load
from evenload.service.snapshot import Expected

START = datetime(2026, 3, 2, 18, tzinfo=UTC)
TREE = CircuitTree.of(
    [
        Circuit("ALL", "", CircuitKind.SYSTEM),
        Circuit("F", "ALL", CircuitKind.FEEDER, 60.0),
        Circuit("G", "ALL", CircuitKind.FEEDER, 60.0),
        Circuit("a", "F", CircuitKind.SITE),
        Circuit("b", "F", CircuitKind.SITE),
    ]
)
PLAN = Horizon(START, 15, 144)


def expected(nodes: dict[str, float], steps: int = 148, start: datetime = START) -> Expected:
    load_kw = np.array(list(nodes.values()))[:, None] + np.arange(steps) / 100
    return Expected(tuple(nodes), start, 15, load_kw)


def test_a_circuit_without_a_forecast_has_that_of_those_below_it() -> None:
    found = base_load(TREE, PLAN, expected({"a": 30.0, "b": 5.0}))
    assert found.load_kw[:, 0].tolist() == [35.0, 35.0, 0.0, 30.0, 5.0]
    assert (found.without, found.steps_held) == (("G",), 0)


def test_its_own_forecast_goes_before_that_sum() -> None:
    found = base_load(TREE, PLAN, expected({"F": 33.0, "a": 30.0, "b": 5.0}))
    assert found.load_kw[:, 0].tolist() == [33.0, 33.0, 0.0, 30.0, 5.0]


def test_nothing_known_is_said_of_every_circuit() -> None:
    found = base_load(TREE, PLAN, None)
    assert not found.load_kw.any()
    assert found.without == ("ALL", "F", "G", "a", "b")


def test_beyond_its_end_the_last_day_goes_on_and_is_said_to() -> None:
    old = expected({"a": 0.0}, steps=148, start=START - timedelta(hours=30))
    found = base_load(TREE, PLAN, old)
    assert found.steps_held == 144 - 28
    own = found.load_kw[3]
    assert own[0] == 1.20
    assert own[27] == 1.47  # the last step of the forecast
    assert own[28] == 1.48 - 0.96  # the same time of the day before
    assert own[28 + 96] == own[28]


def test_a_forecast_of_less_than_a_day_is_held_as_it_is() -> None:
    found = base_load(TREE, PLAN, expected({"a": 2.0}, steps=4))
    assert found.load_kw[3, [0, 3, 4, 143]].tolist() == [2.0, 2.03, 2.0, 2.03]
    assert found.steps_held == 140
