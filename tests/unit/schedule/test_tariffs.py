from datetime import UTC, datetime

import numpy as np
import pytest

from evenload.base.errors import SignalError
from evenload.base.horizon import Horizon
from evenload.domain.signal import PlacedSignals, Signal
from evenload.schedule.solver.objective import Objective
from evenload.schedule.tariffs import carbon_of, money_of, overall_per_kwh, tariffs_of

HORIZON = Horizon(datetime(2025, 1, 13, 18, tzinfo=UTC), 60, 2)
EVERYWHERE = Signal(HORIZON, np.array([0.3, 0.1]), "EUR", np.array([100.0, 200.0]), "average")
ON_T1 = Signal(
    HORIZON, np.array([0.5, 0.4]), "EUR", np.array([300.0, 400.0]), "average", np.array([0.2, -0.1])
)  # fmt: skip
PLACED = PlacedSignals(("", "T1"), (EVERYWHERE, ON_T1), np.array([1, 0, 1]), EVERYWHERE)
NOBODY = np.zeros(3, dtype=np.bool_)
ONLY_ON_T1 = np.array([True, False, False])


@pytest.mark.requirement("R31")
def test_each_place_pays_and_earns_its_own() -> None:
    made = tariffs_of(PLACED, ONLY_ON_T1, Objective.PRICE)
    assert made.of_session.tolist() == [1, 0, 1]
    assert made.import_per_kwh.tolist() == [[0.3, 0.1], [0.5, 0.4]]
    assert made.export_per_kwh.tolist() == [[0.3, 0.1], [0.2, -0.1]]  # nobody gives back at the first place


def test_a_price_of_carbon_is_paid_and_earned() -> None:
    made = tariffs_of(PLACED, ONLY_ON_T1, Objective.PRICE, 1.0)
    assert made.import_per_kwh[1] == pytest.approx([0.8, 0.8])
    assert made.export_per_kwh[1] == pytest.approx([0.5, 0.3])


def test_carbon_counts_the_same_both_ways_and_needs_no_price_of_export() -> None:
    made = tariffs_of(PLACED, np.ones(3, dtype=np.bool_), Objective.CARBON)
    assert made.import_per_kwh.tolist() == made.export_per_kwh.tolist() == [[0.1, 0.2], [0.3, 0.4]]


@pytest.mark.parametrize("objective", [Objective.PRICE, Objective.PEAK, Objective.BALANCED])
def test_giving_back_for_money_needs_its_price(objective: Objective) -> None:
    with pytest.raises(SignalError) as refused:
        tariffs_of(PLACED, np.array([False, True, False]), objective)
    assert str(refused.value) == (
        "sessions may give power back (discharge_kw_max), so the signal needs export_price_per_kwh: the same as "
        "price_per_kwh under net metering, 0 where export is not paid"
    )


def test_a_place_without_carbon_is_named() -> None:
    bare = PlacedSignals(("T2",), (Signal(HORIZON, np.ones(2), "EUR"),), np.zeros(3, dtype=np.int64), EVERYWHERE)
    with pytest.raises(SignalError, match="at 'T2': the signal has no carbon_g_per_kwh"):
        tariffs_of(bare, NOBODY, Objective.CARBON)
    assert carbon_of(bare) is None


def test_money_and_carbon_are_there_whatever_the_objective() -> None:
    money, carbon = money_of(PLACED), carbon_of(PLACED)
    assert money.import_per_kwh.tolist() == [[0.3, 0.1], [0.5, 0.4]]
    assert money.export_per_kwh.tolist() == [[0, 0], [0.2, -0.1]]
    assert carbon is not None
    assert carbon.export_per_kwh.tolist() == [[0.1, 0.2], [0.3, 0.4]]


def test_the_overall_price_is_that_of_everywhere_else_or_a_mean() -> None:
    made = tariffs_of(PLACED, NOBODY, Objective.PRICE)
    assert overall_per_kwh(made, PLACED).tolist() == [0.3, 0.1]
    elsewhere = PlacedSignals(("T2", "T1"), PLACED.signals, PLACED.of_session, EVERYWHERE)
    assert overall_per_kwh(made, elsewhere) == pytest.approx([0.4, 0.25])
