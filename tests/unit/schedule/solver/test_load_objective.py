"""Objectives of loads: hand-worked figures, and what they make of plans by a general solver."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest

from evenload.base.horizon import Horizon
from evenload.base.units import FloatArray
from evenload.domain.circuit import Circuit, CircuitKind, CircuitTree
from evenload.schedule.problem import Problem
from evenload.schedule.problem_parts import Batteries, Tariffs
from evenload.schedule.reference.highs import least_cost
from evenload.schedule.solver.load_objective import aimed, terms_for
from evenload.schedule.solver.objective import Objective

HORIZON = Horizon(datetime(2025, 1, 13, 18, tzinfo=UTC), 60, 4)
TREE = CircuitTree.of(
    [
        Circuit("F", "", CircuitKind.FEEDER),
        Circuit("T1", "F", CircuitKind.TRANSFORMER, 10.0),
        Circuit("T2", "F", CircuitKind.TRANSFORMER, 20.0),
        Circuit("T3", "F", CircuitKind.TRANSFORMER, 5.0),
    ]
)


def problem(base_kw: list[float] | None = None, **parts: Any) -> Problem:
    """Two cars there all the time: 12 kWh on T1 and 8 kWh on T2, up to 10 kW; nobody on T3; base load on T1."""
    direct = np.zeros((4, 4))
    direct[1] = [0.0, 0.0, 0.0, 0.0] if base_kw is None else base_kw
    columns: dict[str, Any] = {
        "horizon": HORIZON, "session_id": np.array(["a", "b"]), "node": np.array([1, 2]), "offset": np.array([0, 4, 8]),
        "first_step": np.zeros(2, dtype=np.int64), "cap_kw": np.full(8, 10.0), "declared_slots": np.full(2, 4),
        "energy_kwh": np.array([12.0, 8.0]), "power_kw_max": np.full(2, 10.0), "opted_out": np.zeros(2, dtype=np.bool_),
        "tree": TREE, "base_load_kw": TREE.sum_up(direct), "limit_kw": TREE.limit_kw[:, None],
        "price_per_kwh": np.array([0.4, 0.1, 0.2, 0.3]), "minute_of_day": np.zeros(4, dtype=np.int64),
    }  # fmt: skip
    return Problem(**(columns | parts))


def loads_kw(made: Problem) -> FloatArray:
    """Loads of circuits in the best plan there is, by HiGHS."""
    return made.base_load_kw + made.ev_load_kw(least_cost(made).power_kw)


@pytest.mark.parametrize("objective", [Objective.PRICE, Objective.CARBON])
def test_money_and_carbon_have_no_loads_in_them(objective: Objective) -> None:
    given = problem()
    assert terms_for(objective, given) is None
    assert aimed(given, objective) is given


def test_the_peak_is_the_roots_and_each_kw_counts_one() -> None:
    terms = terms_for(Objective.PEAK, problem())
    assert terms is not None
    assert (terms.node.tolist(), terms.peak_per_kw.tolist(), terms.smoothing_per_kw2h.tolist()) == ([0], [1.0], [0.0])
    assert terms.peak_kw_so_far.tolist() == [-np.inf]


def test_balanced_is_load_over_size_at_the_root_and_where_cars_are() -> None:
    terms = terms_for(Objective.BALANCED, problem())
    assert terms is not None
    assert terms.node.tolist() == [0, 1, 2]  # T3 has no cars, F no limit: its mean load with all needs is 5 kW
    assert terms.smoothing_per_kw2h == pytest.approx([1 / 5, 1 / 10, 1 / 20])
    assert not terms.peak_per_kw.any()


def test_a_limit_over_time_counts_with_its_mean_and_a_limit_of_0_not_at_all() -> None:
    limit = np.repeat(TREE.limit_kw[:, None], 4, axis=1)
    limit[1], limit[2] = [10, 10, 20, np.inf], 0.0
    terms = terms_for(Objective.BALANCED, problem(limit_kw=limit, base_load_kw=np.full((4, 4), 16.0)))
    assert terms is not None
    assert terms.node.tolist() == [0, 1]
    assert terms.smoothing_per_kw2h == pytest.approx([1 / 21, 3 / 40])  # F: 16 kW and 20 kWh in 4 h


def test_all_the_money_there_is_counts_one_percent() -> None:
    """The flat plan has 5 kW; 20 kWh at the dearest 0.4 are 8 of money, so 0.05 over 8 a unit of it."""
    made = aimed(problem(), Objective.PEAK)
    assert made.price_per_kwh == pytest.approx(np.array([0.4, 0.1, 0.2, 0.3]) * 0.05 / 8)
    balanced = aimed(problem(), Objective.BALANCED)  # 4 h x (5 x 5/5 + 3 x 3/10 + 2 x 2/20) = 24.4
    assert balanced.price_per_kwh == pytest.approx(np.array([0.4, 0.1, 0.2, 0.3]) * 0.244 / 8)


def test_tariffs_and_wear_are_scaled_together() -> None:
    batteries = replace(
        Batteries.charging_only(2), discharge_kw_max=np.array([0.0, 1.0]), down_kwh=np.array([0.0, 3.0]),
        up_kwh=np.array([12.0, 8.0]), wear_per_kwh=np.full(2, 0.2),
    )  # fmt: skip
    tariffs = Tariffs(np.array([0, 1]), np.full((2, 4), 0.3), np.full((2, 4), -0.5))
    made = aimed(problem(tariffs=tariffs, batteries=batteries), Objective.PEAK)
    assert made.tariffs is not None
    assert made.batteries is not None
    scale = 0.05 / (0.5 * (20 + 2 * 4))  # dearest 0.5; b may give 4 kWh back in 4 h, a swing of its battery is 11
    assert made.tariffs.import_per_kwh == pytest.approx(np.full((2, 4), 0.3 * scale))
    assert made.tariffs.export_per_kwh == pytest.approx(np.full((2, 4), -0.5 * scale))
    assert made.batteries.wear_per_kwh == pytest.approx([0.2 * scale] * 2)
    assert made.batteries.up_kwh.tolist() == [12, 8]


def test_energy_without_a_price_is_no_trouble() -> None:
    made = aimed(problem(price_per_kwh=np.zeros(4)), Objective.BALANCED)
    assert made.price_per_kwh.tolist() == [0] * 4
    nobody = problem(
        session_id=np.array([], dtype=np.str_), node=np.zeros(0, dtype=np.int64), offset=np.zeros(1, dtype=np.int64),
        first_step=np.zeros(0, dtype=np.int64), cap_kw=np.zeros(0), declared_slots=np.zeros(0, dtype=np.int64),
        energy_kwh=np.zeros(0), power_kw_max=np.zeros(0), opted_out=np.zeros(0, dtype=np.bool_),
    )  # fmt: skip
    assert aimed(nobody, Objective.PEAK).price_per_kwh.tolist() == [0] * 4


@pytest.mark.requirement("R48", "R106")
def test_the_highest_load_is_the_least_and_money_decides_below_it() -> None:
    """Base load of 8 kW at 18:00 is a peak none can help; 20 kWh fit below it at the cheapest hours: 8, 8 and 4 kW."""
    made = aimed(problem([8.0, 0.0, 0.0, 0.0]), Objective.PEAK)
    assert loads_kw(made)[0] == pytest.approx([8, 8, 8, 4], abs=1e-6)


@pytest.mark.requirement("R106")
def test_without_base_load_the_least_peak_is_the_mean() -> None:
    made = aimed(problem(), Objective.PEAK)
    assert loads_kw(made)[0] == pytest.approx([5, 5, 5, 5], abs=1e-6)


def test_balanced_loads_are_about_flat_and_money_bends_them_a_little() -> None:
    made = aimed(problem(), Objective.BALANCED)
    flat = np.concatenate([np.full(4, 3.0), np.full(4, 2.0)])
    best = least_cost(made)
    assert made.money(best.power_kw) + made.terms_cost(best.power_kw) <= made.money(flat) + made.terms_cost(flat)
    assert made.terms_cost(best.power_kw) <= 1.01 * made.terms_cost(flat)
    assert loads_kw(made)[0] == pytest.approx([5, 5, 5, 5], rel=0.1)
    assert made.money(best.power_kw) < made.money(flat)
