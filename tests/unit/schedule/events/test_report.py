"""What came of events, worked by hand: steps of one hour from 18:00."""

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from evenload.base.errors import ColumnsError
from evenload.domain.event import Event, EventKind
from evenload.schedule.events.heed import Heeded, heed
from evenload.schedule.events.report import delivered, event_of_slot
from evenload.schedule.problem import Problem

WITHOUT = np.array([7.0, 7.0, 0.0, 0.0, 4.0, 4.0, 4.0, 2.0])


def event(name: str, first: float, last: float, kind: str = "pause", **more: Any) -> Event:
    start = datetime(2025, 1, 13, 18, tzinfo=UTC)
    return Event(name, EventKind(kind), start + timedelta(hours=first), start + timedelta(hours=last), **more)


@pytest.fixture
def evening(problem_of: Any, car: Any) -> Problem:
    made: Problem = problem_of(car(0, 4, 14.0, 7.0), car(0, 4, 14.0, 7.0), steps=4)
    return made


def test_less_is_counted_from_what_would_be_drawn(evening: Problem) -> None:
    heeded = heed(evening, [event("e7", 0, 3, "limit", power_kw=5.0)])
    (found,) = delivered(heeded, np.array([1.0, 4.0, 2.0, 7.0, 4.0, 4.0, 4.0, 2.0]), WITHOUT)
    assert (found.event_id, found.kind, found.members, found.opted_out) == ("e7", "limit", 2, 0)
    assert found.step.tolist() == [0, 1, 2]
    assert found.baseline_kw.tolist() == [11.0, 11.0, 4.0]
    assert found.power_kw.tolist() == [5.0, 8.0, 6.0]
    assert found.requested_kw.tolist() == [6.0, 6.0, 0.0]  # below the limit already: nothing is asked
    assert found.delivered_kw.tolist() == [6.0, 3.0, -2.0]


def test_a_pause_asks_for_all_of_it_but_not_of_who_opted_out(evening: Problem) -> None:
    heeded = heed(evening, [event("e7", 0, 2)], opt_outs={"e7": ["car1"]})
    (found,) = delivered(heeded, np.array([0.0, 3.0, 4.0, 7.0, 4.0, 4.0, 4.0, 2.0]), WITHOUT)
    assert (found.members, found.opted_out) == (1, 1)
    assert found.requested_kw.tolist() == [7.0, 7.0]
    assert found.delivered_kw.tolist() == [7.0, 4.0]


@pytest.mark.parametrize(("power_kw", "asked"), [(9.0, [5.0, 7.0]), (99.0, [10.0, 12.0]), (np.nan, [10.0, 12.0])])
def test_more_is_asked_up_to_what_cars_can_draw(evening: Problem, power_kw: float, asked: list[float]) -> None:
    heeded = heed(evening, [event("e7", 2, 4, "increase", power_kw=power_kw)])
    (found,) = delivered(heeded, np.array([7.0, 0.0, 7.0, 0.0, 1.0, 4.0, 4.0, 5.0]), WITHOUT)
    assert found.baseline_kw.tolist() == [4.0, 2.0]
    assert found.requested_kw.tolist() == asked
    assert found.delivered_kw.tolist() == [7.0, 3.0]


def test_powers_of_another_problem_are_refused(evening: Problem) -> None:
    with pytest.raises(ColumnsError, match="a plan of 8 slots has powers of shape"):
        delivered(heed(evening, []), np.zeros(7), WITHOUT)


def test_each_slot_knows_the_event_that_asks_of_it(evening: Problem) -> None:
    heeded: Heeded = heed(
        evening, [event("e1", 0, 2), event("e2", 1, 3, mandatory=True), event("e3", 3, 4, "increase")]
    )
    assert event_of_slot(heeded, for_more=False).tolist() == [0, 1, 1, -1] * 2
    assert event_of_slot(heeded, for_more=True).tolist() == [-1, -1, -1, 2] * 2
