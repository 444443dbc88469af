import numpy as np

from evenload.base.units import kw_from_kva, wall_kwh


def test_a_battery_that_wants_9_kwh_at_90_percent_takes_10_from_the_wall() -> None:
    np.testing.assert_allclose(wall_kwh(np.array([9.0, 7.0]), np.array([0.9, 1.0])), [10.0, 7.0])


def test_a_50_kva_transformer_carries_47_5_kw_at_a_power_factor_of_0_95() -> None:
    assert kw_from_kva(50.0, 0.95) == 47.5
