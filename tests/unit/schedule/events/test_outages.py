"""Outages, worked by hand: steps of one hour from 18:00."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from math import exp
from typing import Any

import numpy as np
import pytest

from evenload.base.errors import CircuitError, InputError
from evenload.domain.circuit import Circuit, CircuitKind
from evenload.schedule.events.outages import Outage, with_outages
from evenload.schedule.problem import Problem

START = datetime(2025, 1, 13, 18, tzinfo=UTC)
HOUR = timedelta(hours=1)
CIRCUITS = (
    Circuit("F", "", CircuitKind.FEEDER, 30.0),
    Circuit("T1", "F", CircuitKind.TRANSFORMER),
    Circuit("T2", "F", CircuitKind.TRANSFORMER),
)


@pytest.fixture
def evening(problem_of: Any, car: Any) -> Problem:
    """F carries 1 kW of its own, T1 2 kW and T2 a generation of 5 kW."""
    base = np.repeat([[-2.0], [2.0], [-5.0]], 4, axis=1)
    cars = (car(0, 4, 14.0, 7.0, node="T1"), car(0, 4, 14.0, 7.0, node="T2"))
    made: Problem = problem_of(*cars, steps=4, circuits=CIRCUITS, base_kw=base)
    return made


def test_nothing_flows_below_a_circuit_without_power(evening: Problem) -> None:
    dark = with_outages(evening, [Outage("T1", START + HOUR, START + 2 * HOUR)])
    assert dark.cap_kw.tolist() == [7.0, 0.0, 7.0, 7.0, 7.0, 7.0, 7.0, 7.0]
    assert dark.base_load_kw.tolist() == [[-2.0, -4.0, -2.0, -2.0], [2.0, 0.0, 2.0, 2.0], [-5.0] * 4]


def test_other_load_comes_back_higher_and_generation_does_not(evening: Problem) -> None:
    dark = with_outages(evening, [Outage("F", START, START + 1.5 * HOUR, pickup_factor=3.0, pickup_minutes=60.0)])
    # the mean of exp(-t) over the first and the second hour after the steps that are dark
    first, second = 1 - exp(-1), exp(-1) - exp(-2)
    assert dark.base_load_kw[1] == pytest.approx([0.0, 0.0, 2 * (1 + 2 * first), 2 * (1 + 2 * second)])
    assert dark.base_load_kw[2] == pytest.approx([0.0, 0.0, -5.0, -5.0])
    assert dark.base_load_kw[0] == pytest.approx([0.0, 0.0, 3 * (1 + 2 * first) - 5, 3 * (1 + 2 * second) - 5])


def test_outages_before_and_after_the_horizon_are_nothing_but_their_pickup(evening: Problem) -> None:
    assert with_outages(evening, []) is evening
    for outage in (Outage("F", START - 9 * HOUR, START), Outage("F", START + 4 * HOUR, START + 9 * HOUR)):
        same = with_outages(evening, [outage])
        assert same.cap_kw.tolist() == evening.cap_kw.tolist()
        assert same.base_load_kw == pytest.approx(evening.base_load_kw)
    before = with_outages(evening, [Outage("T1", START - 9 * HOUR, START, 2.0, 60.0)])
    assert before.base_load_kw[1, 0] == pytest.approx(2 * (2 - exp(-1)))


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        ({"end": START}, "outage at 'F': end .* is not after start"),
        ({"pickup_factor": 0.5}, "outage at 'F': pickup_factor = 0.5 must be 1 or more"),
        ({"pickup_factor": np.nan}, "pickup_factor = nan"),
        ({"pickup_minutes": 0.0}, "outage at 'F': pickup_minutes = 0.0 must be above 0"),
    ],
)
def test_an_outage_that_cannot_be_is_refused(more: dict[str, Any], sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        replace(Outage("F", START, START + HOUR), **more)


def test_an_outage_of_an_unknown_circuit_is_refused(evening: Problem) -> None:
    with pytest.raises(CircuitError, match=r"an outage is at node 'T12', which is not in the grid\. Did you mean"):
        with_outages(evening, [Outage("T12", START, START + HOUR)])


def test_minimum_energy_does_not_flow_without_power(evening: Problem) -> None:
    asking = replace(evening, minimum_kwh=np.array([7.0, 7.0]))
    assert with_outages(asking, [Outage("F", START, START + HOUR)]).cap_kw[0] == 0.0
