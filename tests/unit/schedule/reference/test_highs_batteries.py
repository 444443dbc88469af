"""The reference on batteries that give back, worked by hand."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from evenload.domain.circuit import Circuit, CircuitKind
from evenload.schedule.problem import Problem
from evenload.schedule.problem_parts import Batteries, Tariffs
from evenload.schedule.reference.highs import least_cost

CHEAP_THEN_DEAR = np.array([1.0, 3.0])
ANY_EXPORT = np.array([[np.inf]])


@pytest.fixture
def v2g(problem_of: Callable[..., Any], car: Any) -> Callable[..., Problem]:
    """One car of 10 kW both ways, full again at 10 kWh, that loses a fifth on the way through the battery."""

    def make(
        need_kwh: float = 0.0,
        price: Any = CHEAP_THEN_DEAR,
        last_share: float = 1.0,
        limit_kw: float = np.inf,
        base_kw: Any = 0.0,
        export_limit_kw: Any = ANY_EXPORT,
        **battery: float,
    ) -> Problem:
        steps = len(price)
        problem: Problem = problem_of(
            car(0, steps, need_kwh, 10.0, last_share=last_share),
            steps=steps,
            price=np.array(price),
            circuits=(Circuit("T", "", CircuitKind.TRANSFORMER, limit_kw),),
            base_kw=np.broadcast_to(np.asarray(base_kw, dtype=np.float64), (1, steps)),
        )
        columns = {"discharge_kw_max": 10.0, "round_trip": 0.8, "up_kwh": 10.0} | battery
        given = {name: np.array([value]) for name, value in columns.items()}
        batteries = replace(Batteries.charging_only(1), **given)
        return replace(problem, batteries=batteries, export_limit_kw=export_limit_kw)

    return make


@pytest.mark.parametrize(
    ("asked", "power_kw", "objective"),
    [
        ({"wear_per_kwh": 0.5}, [10.0, -8.0], 10 * 1 - 8 * 2.5),
        ({"wear_per_kwh": 2.0}, [0.0, 0.0], 0.0),  # 8 kWh would earn 8, and cost 10
        ({"up_kwh": 5.0}, [5.0, -4.0], 5 * 1 - 4 * 3),
        ({"discharge_kw_max": 4.0}, [5.0, -4.0], 5 * 1 - 4 * 3),
        ({"last_share": 0.25}, [3.125, -2.5], 3.125 * 1 - 2.5 * 3),
        ({"need_kwh": 3.0}, [10.0, -5.6], 10 * 1 - 5.6 * 3),
        ({"price": [3.0, 1.0]}, [0.0, 0.0], 0.0),  # nothing in the battery that could be lent
        ({"price": [3.0, 1.0], "down_kwh": 6.0}, [-4.8, 6.0], 6 * 1 - 4.8 * 3),
        ({"price": [3.0, 1.0], "down_kwh": np.inf}, [-8.0, 10.0], 10 * 1 - 8 * 3),  # charged again at the most
    ],
)
def test_energy_is_bought_cheap_and_sold_dear_as_far_as_the_battery_allows(
    v2g: Callable[..., Problem], asked: dict[str, Any], power_kw: list[float], objective: float
) -> None:
    answer = least_cost(v2g(**asked))
    assert answer.power_kw == pytest.approx(power_kw, abs=1e-7)
    assert answer.objective == pytest.approx(objective)
    assert answer.energy_kwh_unserved == pytest.approx(0.0, abs=1e-7)


def test_half_hours_move_half_the_energy(v2g: Callable[..., Problem]) -> None:
    problem = v2g()
    halves = replace(problem, horizon=replace(problem.horizon, step_minutes=30))
    answer = least_cost(halves)
    assert answer.power_kw == pytest.approx([10.0, -8.0])
    assert answer.objective == pytest.approx((10 * 1 - 8 * 3) / 2)


@pytest.mark.parametrize(
    ("asked", "power_kw"),
    [
        ({"export_limit_kw": np.array([[3.0]])}, [3.75, -3.0]),
        ({"export_limit_kw": np.array([[9.0, 3.0]])}, [3.75, -3.0]),
        ({"export_limit_kw": np.array([[3.0]]), "base_kw": 2.0}, [6.25, -5.0]),
        ({"export_limit_kw": None, "base_kw": 2.0}, [2.5, -2.0]),
        ({"export_limit_kw": np.array([[3.0]]), "base_kw": [0.0, -5.0]}, [0.0, 0.0]),  # the sun alone exports too much
        ({"limit_kw": 6.0}, [6.0, -4.8]),
        ({"limit_kw": 6.0, "base_kw": [0.0, 9.0]}, [6.0, -4.8]),  # above the limit: discharging relieves
        ({"limit_kw": 6.0, "base_kw": [9.0, 9.0]}, [0.0, 0.0]),
    ],
)
def test_flow_stays_inside_both_limits_of_a_circuit(
    v2g: Callable[..., Problem], asked: dict[str, Any], power_kw: list[float]
) -> None:
    assert least_cost(v2g(**asked)).power_kw == pytest.approx(power_kw, abs=1e-7)


def test_one_car_feeds_another_below_a_full_circuit(problem_of: Callable[..., Any], car: Any) -> None:
    feeder = Circuit("F", "", CircuitKind.FEEDER, 4.0)
    site = Circuit("S", "F", CircuitKind.SITE)
    problem = problem_of(car(0, 2, 0.0), car(1, 1, 6.0), steps=2, circuits=(feeder, site), price=np.ones(2))
    charging_only = least_cost(problem)
    assert charging_only.energy_kwh_unserved == pytest.approx(2.0)
    lender = replace(Batteries.charging_only(2), discharge_kw_max=np.array([7.4, 0.0]), round_trip=np.array([0.5, 1.0]))
    answer = least_cost(replace(problem, batteries=lender))
    assert answer.energy_kwh_unserved == pytest.approx(0.0, abs=1e-7)
    assert answer.power_kw == pytest.approx([4.0, -2.0, 6.0])


@pytest.mark.parametrize(
    ("price", "band", "relaxed", "exclusive"),
    [
        ([-1.0], 0.0, -10 + 8, 0.0),
        ([-1.0, -1.0], 10.0, 2 * (-10 + 8), -10 + 8),  # relaxed: in both steps; else charge in one, give in the other
    ],
)
def test_burning_energy_at_negative_prices_takes_charging_and_discharging_at_once(
    v2g: Callable[..., Problem], price: list[float], band: float, relaxed: float, exclusive: float
) -> None:
    problem = v2g(price=price, up_kwh=band)
    assert least_cost(problem, exclusive=False).objective == pytest.approx(relaxed)
    answer = least_cost(problem)
    assert answer.objective == pytest.approx(exclusive, abs=1e-7)
    assert problem.money(answer.power_kw) == pytest.approx(exclusive, abs=1e-7)


def test_export_that_earns_more_than_import_costs_is_no_money_machine(v2g: Callable[..., Problem]) -> None:
    problem = replace(v2g(), tariffs=Tariffs(np.array([0]), np.array([[1.0, 1.0]]), np.array([[2.0, 2.0]])))
    assert least_cost(problem, exclusive=False).objective == pytest.approx(2 * (10 * 1 - 8 * 2))
    answer = least_cost(problem)
    assert answer.power_kw == pytest.approx([10.0, -8.0])
    assert answer.objective == pytest.approx(10 * 1 - 8 * 2)


def test_each_session_pays_and_earns_by_its_own_tariff(problem_of: Callable[..., Any], car: Any) -> None:
    bought = np.array([[1.0, 3.0, 9.0], [3.0, 1.0, 9.0]])
    sold = np.array([[0.0, 0.0, 2.0], [0.0, 0.0, 4.0]])
    problem = problem_of(car(0, 3, 2.0, 4.0), car(0, 3, 2.0, 4.0), steps=3)
    batteries = replace(
        Batteries.charging_only(2), discharge_kw_max=np.full(2, 4.0), round_trip=np.full(2, 0.5), up_kwh=np.full(2, 4.0)
    )
    problem = replace(
        problem, tariffs=Tariffs(np.array([1, 0]), bought, sold), batteries=batteries, export_limit_kw=ANY_EXPORT
    )
    answer = least_cost(problem)
    # 2 kWh more in the battery cost 2 and give 1 kWh back: worth it at 4, and neither here nor there at 2
    assert answer.power_kw[:3] == pytest.approx([0.0, 4.0, -1.0])
    assert answer.objective == pytest.approx((4 * 1 - 1 * 4) + 2 * 1)
