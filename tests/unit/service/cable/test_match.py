"""Who stands where: the best assignment against all there are, and what speaks for a pair and what against."""

from dataclasses import replace
from datetime import timedelta
from itertools import permutations
from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.service.cable.conftest import T, at

from evenload.service.cable.assignment import assign, losses, weight_of
from evenload.service.cable.clocks import ahead_s, learned
from evenload.service.cable.evidence import UNKNOWN_GAP, ClockGap, weigh
from evenload.service.cable.match import CERTAIN, match
from evenload.service.cable.stays import CarStay, ChargerStay, Moment
from evenload.service.cable_rows import PairReason, PairRow, PairState, Sample

Weights = dict[tuple[int, int], float]


def best_of_all(rows: int, columns: int, weights: Weights, forced: tuple[int, int | None] | None = None) -> float:
    """The highest sum over every way there is."""
    best = -inf
    for way in permutations([*range(columns), *([None] * rows)], rows):
        if forced is not None and way[forced[0]] != forced[1]:
            continue
        pairs = [(row, to) for row, to in enumerate(way) if to is not None]
        if all(pair in weights for pair in pairs):
            best = max(best, sum(weights[pair] for pair in pairs))
    return best


@st.composite
def problems(draw: st.DrawFn) -> tuple[int, int, Weights]:
    rows, columns = draw(st.integers(1, 4)), draw(st.integers(1, 4))
    cells = [(row, column) for row in range(rows) for column in range(columns)]
    values = draw(st.lists(st.one_of(st.none(), st.floats(0.01, 20)), min_size=len(cells), max_size=len(cells)))
    return rows, columns, {cell: value for cell, value in zip(cells, values, strict=True) if value is not None}


@given(problems())
def test_no_other_assignment_is_better(problem: tuple[int, int, Weights]) -> None:
    rows, columns, weights = problem
    found = assign(rows, columns, weights)
    assert len(set(found.values())) == len(found)
    assert weight_of(found, weights) == pytest.approx(best_of_all(rows, columns, weights))


@given(problems())
def test_what_another_place_costs_is_what_all_assignments_say(problem: tuple[int, int, Weights]) -> None:
    rows, columns, weights = problem
    found = assign(rows, columns, weights)
    best = weight_of(found, weights)
    for (row, to), loss in losses(rows, columns, weights, found).items():
        true = best - best_of_all(rows, columns, weights, (row, to))
        assert loss == pytest.approx(true, abs=1e-6)


def charger(name: str = "d", minutes: float = 0.0, kw: float = 7.2, hours: float = 2.0) -> ChargerStay:
    """Plugged in at an instant, charging from a minute later on, metered every five minutes."""
    times = range(0, int(hours * 60) + 60, 5)
    samples = tuple(
        Sample(at(minutes + one), kw if 0 < one < hours * 60 else 0.0, kw * min(one, hours * 60) / 60) for one in times
    )
    return ChargerStay(f"{name}@", name, "home", at(minutes), samples=samples, until=samples[-1].at)


def car(name: str = "v", minutes: float = 0.0, kw: float = 7.2, every: float = 30.0, hours: float = 2.0) -> CarStay:
    """The same by a car that is asked every half hour, ten minutes after it came first."""
    times = [minutes + 10 + every * n for n in range(int(hours * 60 / every) + 1)]
    samples = tuple(Sample(at(one), kw if one - minutes < hours * 60 else 0.0) for one in times)
    return CarStay(name, Moment(at(times[0] - every), at(times[0])), None, True, "home", samples=samples)


def test_a_pair_that_fits_is_certain_and_says_why() -> None:
    (found,) = match([replace(charger(), neighbours=1)], [car()])
    assert found.is_certain
    assert found.charger is not None
    assert found.reason in (PairReason.POWER, PairReason.PLACE)
    assert found.why.startswith("v at d, ")


def test_who_comes_an_hour_apart_does_not_belong_together() -> None:
    (found,) = match([charger(minutes=60.0)], [car()])
    assert found.charger is None
    assert found.reason is PairReason.NONE


def test_other_powers_speak_against_a_pair() -> None:
    same, other = weigh(charger(), car()), weigh(charger(kw=3.6), car())
    assert same.power > 0 > other.power
    (found,) = match([replace(charger(kw=3.6), neighbours=1)], [car()])
    assert not found.is_certain


def test_one_car_has_one_charger_and_one_charger_one_car() -> None:
    chargers = [charger("a", kw=7.2), charger("b", kw=11.0), charger("c", kw=3.6)]
    found = match(chargers, [car("x", kw=11.0), car("y", kw=7.2)])
    assert [one.charger.device_id if one.charger else "" for one in found] == ["b", "a"]


def test_two_that_are_alike_are_not_certain_and_say_so() -> None:
    found = match([charger("a"), charger("b")], [car("x"), car("y")])
    assert all(one.confidence <= 0.55 and not one.is_certain for one in found)
    assert {one.reason for one in found} == {PairReason.ALIKE}


def test_the_same_stays_give_the_same_answer_in_any_order() -> None:
    chargers, cars = [charger("a"), charger("b", kw=11.0)], [car("x"), car("y", kw=11.0)]
    told = {one.car.vehicle_id: (one.charger, one.confidence) for one in match(chargers, cars)}
    again = {one.car.vehicle_id: (one.charger, one.confidence) for one in match(chargers[::-1], cars[::-1])}
    assert {name: where for name, (where, _) in told.items()} == {name: where for name, (where, _) in again.items()}
    assert all(told[name][1] == pytest.approx(again[name][1]) for name in told)


def test_who_is_barred_is_never_matched_and_who_is_held_always() -> None:
    chargers, cars = [charger("a"), charger("b", minutes=40.0, kw=3.6)], [car("x")]
    assert match(chargers, cars, barred=frozenset([("a@", "x")]))[0].charger is None
    (held,) = match(chargers, cars, held=frozenset([("b@", "x")]))
    assert held.charger is not None
    assert held.charger.device_id == "b"
    assert held.confidence > CERTAIN


@given(st.floats(-240, 240), st.floats(-1, 30))
def test_what_speaks_for_plug_in_times_falls_with_how_far_clocks_would_be_apart(off_s: float, more_min: float) -> None:
    near = weigh(replace(charger(), plugged_at=at(-5) + timedelta(seconds=off_s)), car(), UNKNOWN_GAP)
    far = weigh(replace(charger(), plugged_at=at(40 + max(more_min, 0))), car(), UNKNOWN_GAP)
    assert near.times > far.times


# clocks


def stay_pair(gap_s: float, seen_after_s: float, wide_s: float = 1800.0) -> PairRow:
    high = gap_s + seen_after_s
    return PairRow(T, "s", "v", "d", at(0), PairState.ENDED, 1.0, PairReason.TIMES,
                   ahead_s_low=high - wide_s, ahead_s_high=high)  # fmt: skip


@given(st.floats(-300, 300), st.lists(st.floats(0, 1800), min_size=4, max_size=12))
def test_clocks_are_learned_from_what_all_stays_allow(gap_s: float, seen: list[float]) -> None:
    found = learned([stay_pair(gap_s, one) for one in seen])
    low, high = gap_s + max(seen[-10:]) - 1800, gap_s + min(seen[-10:])
    if found.is_learned:
        assert low - 1e-6 <= found.ahead_s <= high + 1e-6
        assert abs(found.ahead_s - gap_s) <= high - low + 1e-6


def test_a_clock_that_was_set_anew_is_learned_from_the_latest_stays() -> None:
    old = [stay_pair(600.0, one, 60.0) for one in (10, 20, 30)]
    new = [stay_pair(0.0, one, 60.0) for one in (10, 20, 30)]
    assert learned(old).ahead_s == pytest.approx(600, abs=30)
    assert learned(old + new).ahead_s == pytest.approx(0, abs=30)


def test_nothing_is_learned_from_stays_that_were_undone_or_say_too_little() -> None:
    undone = [replace(stay_pair(300.0, 5.0, 30.0), state=PairState.UNDONE)]
    assert learned(undone) == UNKNOWN_GAP
    assert learned([stay_pair(0.0, 900.0)]) == UNKNOWN_GAP
    assert ClockGap(60.0).to_charger(at(1)) == at(0)


def test_a_cars_clock_is_ahead_by_between_its_two_looks() -> None:
    assert ahead_s(charger(), car()) == (-1200.0, 600.0)
