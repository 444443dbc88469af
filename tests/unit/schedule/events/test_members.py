"""Whom events ask, and who gives way, worked by hand: steps of one hour from 18:00."""

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from evenload.base.errors import CircuitError, InputError
from evenload.domain.circuit import Circuit, CircuitKind
from evenload.domain.event import Event, EventKind
from evenload.schedule.events.members import Asked, asked_of, settled
from evenload.schedule.problem import Problem

CIRCUITS = (
    Circuit("F", "", CircuitKind.FEEDER),
    Circuit("T1", "F", CircuitKind.TRANSFORMER),
    Circuit("T2", "F", CircuitKind.TRANSFORMER),
)
GROUPS = np.array(["homes", "homes", "depot", "depot"])


def event(name: str, first: float, last: float, kind: str = "pause", **more: Any) -> Event:
    """An event between two hours after 18:00."""
    start = datetime(2025, 1, 13, 18, tzinfo=UTC)
    return Event(name, EventKind(kind), start + timedelta(hours=first), start + timedelta(hours=last), **more)


@pytest.fixture
def problem(problem_of: Any, car: Any) -> Problem:
    """Car 0 at T1, 1 and 2 at T2 of which 1 leaves at 20:00 and 2 comes then, 3 at F; 3 has opted out of it all."""
    cars = (car(0, 8, 7.4, node="T1"), car(0, 2, 7.4, node="T2"), car(2, 6, 7.4, node="T2"))
    made: Problem = problem_of(*cars, car(0, 8, 7.4, node="F", opted_out=True), circuits=CIRCUITS)
    return made


def pieces(one: Asked) -> list[tuple[list[int], list[int]]]:
    return [(piece.session.tolist(), piece.step.tolist()) for piece in one.pieces]


@pytest.mark.requirement("R14")
@pytest.mark.parametrize(
    ("asked", "sessions", "steps"),
    [
        (event("all", 0, 8), [0, 1, 2], range(8)),
        (event("node", 0, 8, node="T2"), [1, 2], range(8)),
        (event("early", 0, 2, node="T2"), [1], range(2)),
        (event("late", 2, 3, node="T2"), [2], [2]),
        (event("group", 0, 8, group="homes"), [0, 1], range(8)),
        (event("both", 0, 8, node="T2", group="homes"), [1], range(8)),
        (event("touched", 2.5, 3.1), [0, 2], [2, 3]),  # a step an event touches is its own as a whole
        (event("before", -5, 1), [0, 1], [0]),
        (event("beyond", 7, 20), [0, 2], [7]),
    ],
)
def test_an_event_asks_those_of_its_circuit_and_group_that_are_plugged_in(
    problem: Problem, asked: Event, sessions: list[int], steps: Any
) -> None:
    found, notes = asked_of(problem, [asked], GROUPS, {})
    assert pieces(found[0]) == [(sessions, list(steps))]
    assert notes == []


@pytest.mark.requirement("R21")
def test_who_opted_out_of_an_event_is_not_asked_by_it_and_is_by_others(problem: Problem) -> None:
    found, _ = asked_of(problem, [event("e1", 0, 8), event("e2", 0, 8)], None, {"e1": {"car0", "car2", "gone"}})
    assert [pieces(one)[0][0] for one in found] == [[1], [0, 1, 2]]
    assert [one.opted_out for one in found] == [3, 1]  # car 3 opted out of managed charging altogether


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        (event("e1", 2, 3, cancelled_at=datetime(2025, 1, 13, 20, tzinfo=UTC)), "it was called off before it began"),
        (event("e1", 20, 30), "it is outside the horizon"),
        (event("e1", -5, 0), "it is outside the horizon"),
        (event("e1", 0, 8, group="busses"), "no session of its circuit and group is plugged in then"),
        (event("e1", 0, 1, node="F", group="depot"), "all 1 drivers opted out"),
    ],
)
def test_an_event_that_asks_nobody_says_why(problem: Problem, asked: Event, why: str) -> None:
    assert asked_of(problem, [asked], GROUPS, {}) == ([], [f"event e1 asks nobody: {why}"])


def test_no_groups_are_known_unless_they_are_said(problem: Problem) -> None:
    assert asked_of(problem, [event("e1", 0, 8, group="homes")], None, {})[0] == []


def test_an_unknown_circuit_or_event_is_refused(problem: Problem) -> None:
    with pytest.raises(CircuitError, match=r"event 'e1' is for node 'T3', which is not in the grid\."):
        asked_of(problem, [event("e1", 0, 8, node="T3")], None, {})
    with pytest.raises(InputError, match=r"opt-outs of event 'e11', .* Did you mean 'e1'\?"):
        asked_of(problem, [event("e1", 0, 8)], None, {"e11": ["car0"]})


def test_slots_are_those_of_the_pieces(problem: Problem) -> None:
    found, _ = asked_of(problem, [event("e1", 1, 4, node="T2")], None, {})
    # car 0 has slots 0-7, car 1 slots 8-9 (steps 0-1), car 2 slots 10-15 (steps 2-7)
    assert found[0].slots(problem).tolist() == [9, 10, 11]


def held(problem: Problem, *events: Event) -> tuple[list[Asked], list[str]]:
    return settled(asked_of(problem, events, GROUPS, {})[0], problem.horizon)


def test_events_of_one_direction_all_hold(problem: Problem) -> None:
    kept, notes = held(problem, event("e1", 0, 4), event("e2", 2, 8, "limit", power_kw=3.0, mandatory=True))
    assert [pieces(one) for one in kept] == [[([0, 1, 2], [0, 1, 2, 3])], [([0, 2], [2, 3, 4, 5, 6, 7])]]
    assert notes == []


def test_of_opposite_wishes_the_mandatory_one_holds_where_both_ask(problem: Problem) -> None:
    more, less = event("more", 0, 4, "increase", mandatory=True), event("less", 2, 8, node="T2")
    kept, notes = held(problem, less, more)
    assert [one.event.event_id for one in kept] == ["less", "more"]
    # of the pause nothing is left but car 2 from 22:00 on
    assert pieces(kept[0]) == [([2], [4, 5, 6, 7])]
    assert pieces(kept[1]) == [([0, 1, 2], [0, 1, 2, 3])]
    assert notes == [
        "events more and less ask opposite things of 1 session between 2025-01-13T20:00:00Z and "
        "2025-01-13T22:00:00Z: more holds, being mandatory"
    ]


def test_who_is_asked_by_the_loser_alone_still_is(problem: Problem) -> None:
    kept, notes = held(problem, event("more", 0, 4, "increase"), event("less", 2, 3, node="T2"))
    # the pause is for less: it takes car 2 out of the increase for an hour, and leaves car 0 in it
    assert pieces(kept[0]) == [([0, 1, 2], [0, 1, 3]), ([0, 1], [2])]
    assert notes[0].endswith("less holds, being the one for less")


def test_the_later_of_two_voluntary_events_holds(problem: Problem) -> None:
    noon = datetime(2025, 1, 13, 12, tzinfo=UTC)
    less, more = event("less", 0, 4, notified_at=noon), event("more", 0, 4, "increase", notified_at=noon + timedelta(1))
    kept, notes = held(problem, less, more)
    assert [one.event.event_id for one in kept] == ["more"]
    assert notes[0].endswith("more holds, being the later one")
