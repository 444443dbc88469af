"""Units of a study: the same cars for everybody, more of them at a higher penetration, promises kept."""

from pathlib import Path

import numpy as np
import pytest

from evenload.base.errors import InvariantError
from evenload.base.units import FloatArray
from evenload.schedule.problem import Problem
from evenload.schedule.strategies.unmanaged import Unmanaged
from evenload.simulate.inputs import load_inputs
from evenload.simulate.strategies import Choice
from evenload.simulate.study_file import Study, study_of
from evenload.simulate.world import _STREAMS, Unit, _stream, draw_cars, runs_of, units

HERE = Path()


def test_units_cover_every_seed_penetration_and_behaviour_once(small_study: Study) -> None:
    keys = [unit.key for unit in units(small_study)]
    assert len(keys) == len(set(keys)) == 2 * 2 * 2


def test_a_higher_penetration_keeps_the_cars_of_the_lower(small_study: Study) -> None:
    inputs = load_inputs(small_study, HERE)
    few, many = (draw_cars(small_study, inputs, Unit(1, share, "actual")) for share in (0.5, 1.0))
    assert (few.count, many.count) == (15, 30)
    where = dict(zip(many.sessions.session_id.tolist(), many.node.tolist(), strict=True))
    assert 0 < len(few.sessions) < len(many.sessions)
    assert all(
        where[name] == node for name, node in zip(few.sessions.session_id.tolist(), few.node.tolist(), strict=True)
    )


def test_one_car_a_home_at_full_penetration(small_study: Study) -> None:
    inputs = load_inputs(small_study, HERE)
    cars = draw_cars(small_study, inputs, Unit(1, 1.0, "actual"))
    _, first = np.unique(cars.sessions.user_id, return_index=True)
    on_each = np.bincount(cars.node[first], minlength=len(inputs.grid.tree))
    assert on_each.max() <= 10


def test_another_seed_draws_other_cars_and_the_same_seed_the_same(small_study: Study) -> None:
    inputs = load_inputs(small_study, HERE)
    one, again, other = (draw_cars(small_study, inputs, Unit(seed, 1.0, "actual")) for seed in (1, 1, 2))
    assert np.array_equal(one.sessions.plugged_at, again.sessions.plugged_at)
    assert not np.array_equal(one.sessions.plugged_at, other.sessions.plugged_at)


@pytest.mark.requirement("R38", "R40", "R140")
def test_all_strategies_meet_the_same_needs_and_valley_keeps_the_limits(small_study: Study) -> None:
    nobody_opts_out = {"actual": {"opt_out_share": 0}}
    study = study_of(small_study.model_dump(mode="json") | {"behaviours": nobody_opts_out})
    inputs = load_inputs(study, HERE)
    unit = Unit(1, 1.0, "actual")
    runs = list(runs_of(study, inputs, unit, draw_cars(study, inputs, unit)))
    assert len({run.problem.energy_kwh.sum() for run in runs}) == 1
    for run in runs:
        delivered = run.problem.delivered_kwh(run.power_kw)
        assert run.ev_load_kw[0].sum() * 0.25 == pytest.approx(delivered.sum())
        if run.choice.label == "valley":
            over = run.load_kw > np.maximum(run.problem.limit_kw, run.problem.base_load_kw) * (1 + 1e-9)
            assert not over.any()


class _Greedy(Unmanaged):
    """A strategy that promises more than a car can draw."""

    def power_kw(self, problem: Problem, rng: np.random.Generator) -> FloatArray:  # noqa: ARG002
        return problem.cap_kw * 2


def test_a_strategy_that_breaks_physics_stops_the_study(small_study: Study, monkeypatch: pytest.MonkeyPatch) -> None:
    inputs = load_inputs(small_study, HERE)
    unit = Unit(1, 0.5, "actual")
    monkeypatch.setattr(Study, "choices", lambda _: [Choice("greedy", _Greedy())])
    with pytest.raises(InvariantError, match="strategy greedy broke a promise"):
        list(runs_of(small_study, inputs, unit, draw_cars(small_study, inputs, unit)))


@pytest.mark.parametrize("preset", ["residential-2020", "public"])
def test_cars_need_as_much_at_every_penetration(small_study: Study, preset: str) -> None:
    study = study_of(
        small_study.model_dump(mode="json")
        | {"cars": {"source": "preset", "preset": preset}, "grid": {"source": "generated", "transformers": 60}}
    )
    inputs = load_inputs(study, HERE)
    half, whole = (draw_cars(study, inputs, Unit(1, share, "actual")) for share in (0.5, 1.0))
    per_car = [cars.sessions.energy_kwh.sum() / cars.count for cars in (half, whole)]
    assert per_car[0] == pytest.approx(per_car[1], rel=0.12)  # 300 and 600 cars over six nights


def test_a_higher_penetration_keeps_what_drivers_do(small_study: Study) -> None:
    inputs = load_inputs(small_study, HERE)
    few, many = (draw_cars(small_study, inputs, Unit(1, share, "declared")) for share in (0.5, 1.0))
    said = dict(zip(many.sessions.session_id.tolist(), many.sessions.departs_at.tolist(), strict=True))
    assert all(
        said[name] == told
        for name, told in zip(few.sessions.session_id.tolist(), few.sessions.departs_at.tolist(), strict=True)
    )


def test_streams_of_different_purposes_are_independent() -> None:
    draws = [_stream(1, purpose).random(1000) for purpose in _STREAMS]
    correlation = np.abs(np.corrcoef(draws) - np.eye(len(draws)))
    assert correlation.max() < 0.15
