from datetime import UTC, datetime

import numpy as np
import pytest

from evenload.base.errors import InputError, SignalError
from evenload.base.horizon import Horizon
from evenload.domain.signal import Signal
from evenload.schedule.solver.objective import Objective, export_per_kwh, objective_per_kwh

HORIZON = Horizon(datetime(2025, 1, 13, 18, tzinfo=UTC), 60, 2)
SIGNAL = Signal(HORIZON, np.array([0.3, -0.1]), "EUR", np.array([100.0, 250.0]), "marginal")


def test_money_is_the_signals_price() -> None:
    assert objective_per_kwh(SIGNAL, Objective.PRICE).tolist() == [0.3, -0.1]


def test_carbon_is_in_kilograms() -> None:
    assert objective_per_kwh(SIGNAL, Objective.CARBON).tolist() == [0.1, 0.25]


def test_a_price_of_carbon_is_added_to_the_money() -> None:
    # 80 per tonne: 100 g cost 0.008
    assert objective_per_kwh(SIGNAL, Objective.PRICE, 0.08).tolist() == pytest.approx([0.308, -0.08])


@pytest.mark.parametrize(("objective", "carbon_price"), [(Objective.CARBON, 0.0), (Objective.PRICE, 0.1)])
def test_carbon_that_is_not_known_is_not_taken_for_none(objective: Objective, carbon_price: float) -> None:
    with pytest.raises(SignalError, match="has no carbon_g_per_kwh"):
        objective_per_kwh(Signal(HORIZON, SIGNAL.price_per_kwh, "EUR"), objective, carbon_price)


@pytest.mark.parametrize("carbon_price", [-0.1, np.nan, np.inf])
def test_a_price_of_carbon_is_a_number_of_0_or_more(carbon_price: float) -> None:
    with pytest.raises(InputError, match="0 or more per kg"):
        objective_per_kwh(SIGNAL, Objective.PRICE, carbon_price)


def test_carbon_alone_takes_no_price_of_it() -> None:
    with pytest.raises(InputError, match="belongs to the objective price"):
        objective_per_kwh(SIGNAL, Objective.CARBON, 0.1)


def test_what_is_given_back_earns_its_price_and_the_price_of_carbon() -> None:
    signal = Signal(HORIZON, np.zeros(2), "EUR", np.array([100.0, 250.0]), "marginal", np.array([0.2, -0.1]))
    assert export_per_kwh(SIGNAL, Objective.PRICE) is None
    for carbon_price, expected in ((0.0, [0.2, -0.1]), (1.0, [0.3, 0.15])):
        earned = export_per_kwh(signal, Objective.PRICE, carbon_price)
        assert earned is not None
        assert earned.tolist() == pytest.approx(expected)
    carbon = export_per_kwh(SIGNAL, Objective.CARBON)
    assert carbon is not None
    assert carbon.tolist() == [0.1, 0.25]


@pytest.mark.parametrize("objective", [Objective.PEAK, Objective.BALANCED])
def test_loads_take_no_price_of_carbon(objective: Objective) -> None:
    with pytest.raises(InputError, match=f"the objective {objective} looks at loads first"):
        objective_per_kwh(SIGNAL, objective, 0.1)
    assert objective_per_kwh(SIGNAL, objective).tolist() == [0.3, -0.1]


def test_every_objective_has_a_unit() -> None:
    assert [objective.unit("EUR") for objective in Objective] == ["EUR", "kg CO2", "kW", "kWh"]
