"""The ridge regression, beside a plain one that leaves each day out in turn."""

import numpy as np
import pytest

from evenload.forecast.effects import move


def slow(residual: np.ndarray, past: np.ndarray, today: np.ndarray, weight: np.ndarray, ridge: float) -> np.ndarray:
    """One node and step, without conditions' scales: prediction for today by ordinary normal equations."""
    normal = past.T @ (weight[:, None] * past) + ridge * np.eye(past.shape[1])
    return np.asarray(today @ np.linalg.solve(normal, past.T @ (weight * residual)))


def standardised(conditions: np.ndarray, weight: np.ndarray) -> np.ndarray:
    mean = np.average(conditions[1:], axis=0, weights=weight)
    deviation = np.sqrt(np.average((conditions[1:] - mean) ** 2, axis=0, weights=weight))
    return np.asarray((conditions - mean) / deviation)


def test_shift_and_what_is_left_are_those_of_leaving_each_day_out(noise: np.random.Generator) -> None:
    conditions, residual = noise.normal(size=(12, 2)), noise.normal(size=11)
    weight = 0.5 ** (np.arange(1, 12) / 4.0)
    found = move(residual[None, :, None], conditions[None], weight, 0.3)
    scaled = standardised(conditions, weight)
    ridge = 0.3 * weight.sum()
    assert found.shift_kw[0, 0] == pytest.approx(slow(residual, scaled[1:], scaled[0], weight, ridge))
    for day in range(11):
        others = np.arange(11) != day
        expected = slow(residual[others], scaled[1:][others], scaled[1 + day], weight[others], ridge)
        assert residual[day] - found.left_kw[0, day, 0] == pytest.approx(expected)


def test_a_condition_unknown_today_is_as_if_it_did_not_exist(noise: np.random.Generator) -> None:
    conditions, residual = noise.normal(size=(1, 20, 2)), noise.normal(size=(1, 19, 4))
    weight = np.ones(19)
    unknown = conditions.copy()
    unknown[0, 0, 1] = np.nan
    found, alone = move(residual, unknown, weight, 0.1), move(residual, conditions[:, :, :1], weight, 0.1)
    assert found.shift_kw == pytest.approx(alone.shift_kw)
    assert found.left_kw == pytest.approx(alone.left_kw)


def test_a_condition_that_never_varied_moves_nothing() -> None:
    conditions = np.full((1, 10, 1), 7.0)
    conditions[0, 0, 0] = 99.0
    residual = np.arange(9.0)[None, :, None]
    assert move(residual, conditions, np.ones(9), 0.1).shift_kw == pytest.approx(0.0)


def test_missing_residuals_stay_missing_and_do_not_weaken_the_effect() -> None:
    condition = np.linspace(-1.0, 1.0, 41)
    conditions = np.concatenate([[1.0], condition])[None, :, None]
    residual = np.repeat(condition[None, :, None], 2, axis=2)
    residual[0, ::2, 1] = np.nan
    found = move(residual, conditions, np.ones(41), 0.01)
    assert found.shift_kw[0, 1] == pytest.approx(found.shift_kw[0, 0], rel=0.1)
    assert np.isnan(found.left_kw[0, ::2, 1]).all()
