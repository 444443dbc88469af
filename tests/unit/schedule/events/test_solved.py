"""Random events over random problems: a plan that keeps every promise, mandatory events kept, voluntary ones as far as
energy allows, measured by a general solver; and no snapback.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from math import nan
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evenload.base.units import FloatArray
from evenload.domain.circuit import Circuit, CircuitKind
from evenload.domain.event import Event, EventKind
from evenload.schedule.audit import audit
from evenload.schedule.events.absorb import absorb
from evenload.schedule.events.heed import Heeded, heed
from evenload.schedule.events.limits import limit_of_slot
from evenload.schedule.events.outages import Outage, with_outages
from evenload.schedule.events.release import ramp_of, released
from evenload.schedule.problem import Problem
from evenload.schedule.reference.highs import least_cost
from evenload.schedule.solver.optimum import Settings, Solution, solve
from evenload.testing import rich_problem

SEEDS = st.integers(0, 2**32 - 1)
TOLERANCE_KW = 1e-6
QUICK = Settings(sweeps_max=60)


def drawn(seed: int, **parts: bool) -> tuple[Problem, list[Event], Any]:
    """A problem, one to four events that may overlap, be cancelled or lie outside, and groups."""
    rng = np.random.default_rng(seed)
    problem = rich_problem(rng, **parts)
    events = [_event(f"e{k}", problem, rng) for k in range(int(rng.integers(1, 5)))]
    return problem, events, rng.choice(["a", "b", ""], problem.sessions)


def _event(name: str, problem: Problem, rng: np.random.Generator) -> Event:
    def at(step: float) -> datetime:
        return problem.horizon.start + timedelta(minutes=round(step * problem.horizon.step_minutes))

    first = rng.uniform(-1, problem.horizon.steps)
    last = first + rng.uniform(0.3, problem.horizon.steps)
    kind = EventKind(str(rng.choice([kind.value for kind in EventKind])))
    power = float(rng.choice([0.0, 0.2, 0.5, 1.0]) * problem.power_kw_max.sum())
    return Event(
        name, kind, at(first), at(last),
        node=str(rng.choice([circuit.node for circuit in problem.tree.circuits] + [""])),
        group=str(rng.choice(["", "", "a", "b"])),
        power_kw=nan if kind is not EventKind.LIMIT and rng.random() < 0.4 else power,
        mandatory=bool(rng.random() < 0.5),
        notified_at=at(first - rng.uniform(0, 5)) if rng.random() < 0.5 else None,
        cancelled_at=at(rng.uniform(first, last)) if rng.random() < 0.15 else None,
    )  # fmt: skip


def members_kw(problem: Problem, session: Any, power_kw: FloatArray) -> FloatArray:
    """Power of sessions together a step, slot by slot."""
    total = np.zeros(problem.horizon.steps)
    for i in session.tolist():
        for k in range(problem.offset[i], problem.offset[i + 1]):
            total[problem.first_step[i] + k - problem.offset[i]] += power_kw[k]
    return total


def check_mandatory(heeded: Heeded, solution: Solution) -> None:
    """Members of mandatory events for less draw no more than asked, and their minimum where that is more."""
    for one in heeded.asked:
        if one.event.kind.asks_for_more or not one.event.mandatory:
            continue
        for session, step in one.pieces:
            minimum = members_kw(heeded.plain, session, solution.minimum_kw)[step]
            power = members_kw(heeded.plain, session, solution.plan.power_kw)[step]
            if one.event.kind is EventKind.PAUSE:
                assert power == pytest.approx(minimum, abs=TOLERANCE_KW)
            else:
                assert (power <= np.maximum(one.event.power_kw, minimum) + TOLERANCE_KW).all()


def check(heeded: Heeded) -> None:
    solution = solve(heeded.problem, QUICK)
    assert audit(heeded.problem, solution.plan.power_kw, solution.minimum_kw) == ()
    check_mandatory(heeded, solution)
    more = absorb(heeded, solution.plan.power_kw, QUICK)
    assert audit(more.problem, solution.plan.power_kw + more.extra_kw, solution.minimum_kw) == ()
    assert (more.extra_kw >= 0).all()
    for values in (solution.plan.power_kw, solution.unserved_kwh, more.extra_kw):
        assert np.isfinite(values).all()


@pytest.mark.requirement("R13", "R14", "R19", "R22")
@settings(max_examples=40)
@given(SEEDS, st.booleans(), st.booleans(), st.booleans(), st.booleans())
def test_whatever_events_ask_there_is_a_plan_and_mandatory_ones_are_kept(
    seed: int, smoothing: bool, peak: bool, minimum: bool, taper: bool
) -> None:
    problem, events, groups = drawn(seed, smoothing=smoothing, peak=peak, minimum=minimum, taper=taper)
    check(heed(problem, events, groups))


@pytest.mark.slow
@pytest.mark.requirement("R13", "R14", "R19", "R22")
@settings(max_examples=400)
@given(SEEDS, st.booleans(), st.booleans(), st.booleans(), st.booleans())
def test_there_is_a_plan_for_many_events(seed: int, smoothing: bool, peak: bool, minimum: bool, taper: bool) -> None:
    problem, events, groups = drawn(seed, smoothing=smoothing, peak=peak, minimum=minimum, taper=taper)
    check(heed(problem, events, groups))


def without_money(problem: Problem) -> Problem:
    """The problem in which nothing but energy and events counts."""
    batteries = problem.batteries and replace(problem.batteries, wear_per_kwh=np.zeros(problem.sessions))
    return replace(
        problem, price_per_kwh=np.zeros(problem.horizon.steps), tariffs=None, terms=None, batteries=batteries
    )


@pytest.mark.slow
@settings(max_examples=150)
@given(SEEDS, st.booleans(), st.booleans())
def test_money_never_buys_out_of_a_voluntary_event(seed: int, smoothing: bool, peak: bool) -> None:
    """The price of leaving events is high enough: least cost with money leaves them no more than without any money."""
    problem, events, groups = drawn(seed, smoothing=smoothing, peak=peak, discharging=False)
    heeded, alone = heed(problem, events, groups), heed(without_money(problem), events, groups)

    def left_kwh(power_kw: FloatArray) -> float:
        return (alone.problem.money(power_kw) + over_cost(alone.problem, power_kw)) / alone.above_money_per_kwh

    with_money, least = least_cost(heeded.problem), least_cost(alone.problem)
    assert with_money.energy_kwh_unserved == pytest.approx(least.energy_kwh_unserved, abs=1e-5)
    assert left_kwh(with_money.power_kw) == pytest.approx(left_kwh(least.power_kw), rel=1e-3, abs=1e-3)


def over_cost(problem: Problem, power_kw: FloatArray) -> float:
    """What going above limits across the tree costs."""
    across = problem.across
    if across is None:
        return 0.0
    soft = np.isfinite(across.over_per_kwh) & np.isfinite(across.limit_kw)
    above = problem.across_kw(power_kw)[soft] - across.limit_kw[soft]
    return float(np.maximum(above, 0.0) @ across.over_per_kwh[soft]) * problem.horizon.hours_per_step


# -- released in turns -------------------------------------------------------------------------------------------------


@pytest.fixture
def night(problem_of: Any, car: Any) -> Problem:
    """Thirty cars from 18:00 to 06:00 in quarters, 7 to 24 kWh each, half price from 23:00 on."""
    rng = np.random.default_rng(5)
    first, last = rng.integers(0, 16, 30), rng.integers(36, 49, 30)
    needs = rng.uniform(7.0, 24.0, 30)
    cars = [car(int(a), int(b - a), float(e), 7.4, node="T") for a, b, e in zip(first, last, needs, strict=True)]
    circuits = (Circuit("F", "", CircuitKind.FEEDER), Circuit("T", "F", CircuitKind.TRANSFORMER, 200.0))
    price = np.where(np.arange(48) < 20, 0.3, 0.15)
    made: Problem = problem_of(*cars, steps=48, step_minutes=15, circuits=circuits, price=price)
    return made


def rise_kw(problem: Problem, power_kw: FloatArray) -> float:
    """Largest rise of the feeder's load from a step to the next."""
    return float(np.diff(problem.ev_load_kw(power_kw)[0]).max())


@pytest.mark.requirement("R7", "R20")
def test_a_fall_in_price_brings_no_snapback_and_costs_nothing(night: Problem) -> None:
    at_once = solve(night)
    problem, notes = released(heed(night, []), [ramp_of(night, 15.0, "F")], at_once.plan.power_kw)
    in_turns = solve(problem, previous=at_once)
    assert rise_kw(night, at_once.plan.power_kw) > 100.0
    assert rise_kw(night, in_turns.plan.power_kw) <= 15.0 * 1.2  # it has a price, met within the gap
    assert night.money(in_turns.plan.power_kw) == pytest.approx(night.money(at_once.plan.power_kw), rel=1e-3)
    assert in_turns.certificate.energy_kwh_unserved == pytest.approx(at_once.certificate.energy_kwh_unserved)
    assert len(notes) == 1


@pytest.mark.requirement("R20")
def test_after_a_mandatory_event_and_an_outage_no_step_rises_faster(night: Problem) -> None:
    def at(step: int) -> datetime:
        return night.horizon.start + timedelta(minutes=15 * step)

    outages = [Outage("T", at(28), at(32))]
    flat = replace(night, price_per_kwh=np.full(48, 0.2))
    heeded = heed(with_outages(flat, outages), [Event("e7", EventKind.PAUSE, at(8), at(24), mandatory=True)])
    first = solve(heeded.problem)
    problem, notes = released(heeded, [ramp_of(night, 15.0, "F")], first.plan.power_kw, outages)
    second = solve(problem, previous=first)
    assert audit(problem, second.plan.power_kw) == ()
    assert rise_kw(night, first.plan.power_kw) > 100.0
    load = night.ev_load_kw(second.plan.power_kw)[0]
    assert not load[8:24].any()
    assert not load[28:32].any()
    assert np.diff(load)[[*range(23, 28), *range(31, 36)]].max() <= 15.0 + 1e-6
    assert [note.rsplit(", ", 1)[1] for note in notes] == ["after event e7", "after the outage at T"]
    held = limit_of_slot(problem, second.plan.power_kw)
    names = {str(problem.across.name[row]) for row in np.unique(held) if row >= 0} if problem.across else set()
    assert names == {"after event e7 (F)", "after the outage at T (F)"}


@pytest.mark.requirement("R22")
def test_a_voluntary_limit_is_left_for_the_target_alone(problem_of: Callable[..., Problem], car: Any) -> None:
    """Two cars of 7 kW for two hours and four, 14 and 7 kWh, asked to stay below 5 kW together for two hours."""
    problem = problem_of(car(0, 2, 14.0, 7.0), car(0, 4, 7.0, 7.0), steps=4, price=np.array([0.1, 0.1, 9.0, 9.0]))
    start = problem.horizon.start
    asked = Event("e7", EventKind.LIMIT, start, start + timedelta(hours=2), power_kw=5.0)
    heeded = heed(problem, [asked])
    solution = solve(heeded.problem, Settings(gap=1e-6))
    # the first car leaves the event for its need; the second waits for the dear hours
    assert solution.plan.power_kw[:4] == pytest.approx([7.0, 7.0, 0.0, 0.0], abs=1e-3)
    assert solution.certificate.energy_kwh_unserved == pytest.approx(0.0)


def test_a_mandatory_limit_of_a_group_is_kept_whatever_it_leaves(problem_of: Callable[..., Problem], car: Any) -> None:
    problem = problem_of(car(0, 2, 14.0, 7.0), car(0, 2, 14.0, 7.0), car(0, 2, 14.0, 7.0), steps=2)
    start = problem.horizon.start
    asked = Event("e7", EventKind.LIMIT, start, start + timedelta(hours=1), group="homes", power_kw=5.0, mandatory=True)
    solution = solve(heed(problem, [asked], np.array(["homes", "homes", "depot"])).problem, Settings(gap=1e-6))
    load = solution.plan.power_kw.reshape(3, 2)
    assert load[:2, 0].sum() == pytest.approx(5.0)
    assert load[:, 1] == pytest.approx([7.0, 7.0, 7.0])
    assert solution.certificate.energy_kwh_unserved == pytest.approx(9.0)


def test_an_event_for_more_earns_nothing_above_what_it_asks(problem_of: Callable[..., Problem], car: Any) -> None:
    problem = problem_of(car(0, 4, 14.0, 7.0), car(0, 4, 14.0, 7.0), steps=4, price=np.array([0.5, 0.5, 0.1, 0.1]))
    start = problem.horizon.start
    asked = Event("e7", EventKind.INCREASE, start, start + timedelta(hours=2), power_kw=9.0)
    heeded = heed(problem, [asked])
    solution = solve(heeded.problem, Settings(gap=1e-6))
    load = solution.plan.power_kw.reshape(2, 4).sum(axis=0)
    assert load[:2] == pytest.approx([9.0, 9.0], abs=1e-3)
    assert load.sum() == pytest.approx(28.0)
    assert not absorb(heeded, solution.plan.power_kw).extra_kw.any()
