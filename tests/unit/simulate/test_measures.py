"""Shortfalls by reason, nights and peaks, worked by hand."""

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from evenload.base.horizon import Horizon
from evenload.domain.circuit import Circuit, CircuitKind, CircuitTree
from evenload.domain.reason import UnservedReason
from evenload.schedule.problem import Problem
from evenload.simulate.inputs import load_inputs
from evenload.simulate.measures import Nights, unserved_by_reason
from evenload.simulate.study_file import study_of


def problem(energy_kwh: list[float], slots: list[int], declared: list[int]) -> Problem:
    """Cars of 4 kW on one circuit, plugged in for `slots` hours and declared for `declared` hours."""
    horizon = Horizon(datetime(2020, 1, 1, tzinfo=UTC), 60, 24)
    size = len(energy_kwh)
    tree = CircuitTree.of([Circuit("root", "", CircuitKind.SYSTEM)])
    return Problem(
        horizon=horizon,
        session_id=np.array([f"s{i}" for i in range(size)]),
        node=np.zeros(size, dtype=np.int64),
        first_step=np.zeros(size, dtype=np.int64),
        offset=np.concatenate([[0], np.cumsum(slots)]),
        cap_kw=np.full(sum(slots), 4.0),
        declared_slots=np.array(declared),
        energy_kwh=np.array(energy_kwh),
        power_kw_max=np.full(size, 4.0),
        opted_out=np.zeros(size, dtype=bool),
        tree=tree,
        base_load_kw=np.zeros((1, 24)),
        limit_kw=np.full((1, 1), np.inf),
        price_per_kwh=np.zeros(24),
        minute_of_day=np.arange(24) * 60,
    )


@pytest.mark.requirement("R46")
def test_every_missing_kwh_has_its_reason() -> None:
    # need 20, 12, 12, 12 kWh; delivered 8, 6, 12 (met), 6 by some strategy
    world = problem([20.0, 12.0, 12.0, 12.0], slots=[2, 2, 4, 4], declared=[2, 5, 4, 4])
    missing = np.array([12.0, 6.0, 0.0, 6.0])
    reasons = unserved_by_reason(world, missing, UnservedReason.CIRCUIT_LIMIT, np.array([0.0, 3.0, 0.0, 0.0]))
    assert reasons == {
        UnservedReason.TOO_SHORT: pytest.approx(12.0),  # 2 h of 4 kW give 8 of 20
        UnservedReason.LEFT_EARLY: pytest.approx(6.0),  # 5 h were declared, 2 kept
        UnservedReason.CIRCUIT_LIMIT: pytest.approx(6.0),  # 4 h of 4 kW would have done
        UnservedReason.OUTSIDE_HOURS: 0.0,
        UnservedReason.TOO_COARSE: 0.0,
    }


def test_reasons_add_up_to_what_is_missing() -> None:
    rng = np.random.default_rng(5)
    slots, declared = rng.integers(1, 8, 40), rng.integers(1, 8, 40)
    world = problem(rng.uniform(0, 30, 40).tolist(), slots.tolist(), declared.tolist())
    delivered = world.delivered_kwh(world.cap_kw * rng.uniform(0, 1, world.cap_kw.size))
    missing = np.maximum(world.energy_kwh - delivered, 0)
    early_h = np.maximum(declared - slots, 0).astype(np.float64)
    reasons = unserved_by_reason(world, missing, UnservedReason.OUTSIDE_HOURS, early_h)
    assert sum(reasons.values()) == pytest.approx(missing.sum())


@pytest.mark.parametrize(
    ("start", "end", "steps"),
    [
        ("2020-03-26T12:00:00+01:00", "2020-04-01T12:00:00+02:00", [96, 92, 96, 96]),
        ("2020-10-22T12:00:00+02:00", "2020-10-28T12:00:00+01:00", [96, 100, 96, 96]),
    ],
)
def test_nights_run_from_noon_to_noon_also_when_the_clocks_change(start: str, end: str, steps: list[int]) -> None:
    study = study_of(
        {
            "title": "clocks",
            "span": {"start": start, "end": end, "timezone": "Europe/Oslo", "settle_days": 1},
            "cars": {"source": "history", "dataset": "residential-norway"},
            "grid": {"source": "generated", "transformers": 1},
            "signal": {"price": {"dataset": "day-ahead-nl", "match": "month_weekday", "timezone": "Europe/Amsterdam"}},
        }
    )
    nights = Nights.of(load_inputs(study, Path()), study.span.settle_days)
    assert np.bincount(nights.number[nights.measured]).tolist() == steps
    assert (nights.minute[nights.measured].min(), nights.minute[nights.measured].max()) == (720, 2145)
