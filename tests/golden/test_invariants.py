"""Promises that hold in any study, on random small ones: what is checked is counted anew, session by session.

Grids of up to three levels, limits that may be out of reach, base load that may exceed them, drivers who override, lie
or forget; days of 23, 24 and 25 hours.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import inf
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evenload.base.horizon import Horizon
from evenload.base.local_clock import LocalClock
from evenload.base.units import FloatArray, IntArray
from evenload.domain.circuit import Circuit, CircuitKind, CircuitTree
from evenload.domain.history import History
from evenload.domain.reason import UnservedReason
from evenload.domain.signal import Signal
from evenload.grid.build import HomeGrid
from evenload.simulate.inputs import StudyInputs
from evenload.simulate.measures import Nights, Scene, circuit_rows, run_row
from evenload.simulate.population import resample
from evenload.simulate.study_file import Study, study_of
from evenload.simulate.world import Run, draw_cars, runs_of, units

ZONE = "Europe/Oslo"
DAYS = (datetime(2024, 1, 15, 12), datetime(2024, 3, 30, 12), datetime(2024, 10, 26, 12))  # noqa: DTZ001 - wall clock
SMALL = 1e-6
STRATEGIES: list[str | dict[str, Any]] = [
    "unmanaged", "price", "balanced", "timer", "valley",
    {"strategy": "timer", "label": "timer that waits", "start": "22:30", "spread_hours": 2, "too_short": "wait"},
    {"strategy": "valley", "label": "valley and price", "price_weight": 0.5, "tick_minutes": 60},
]  # fmt: skip
ALWAYS_IN_TIME = {"unmanaged", "price", "balanced", "timer"}
"""Who serves every need where drivers leave when they said."""


@dataclass(frozen=True)
class Small:
    """A small study with everything read, and the instants its sessions lie between."""

    study: Study
    inputs: StudyInputs


@st.composite
def small_studies(draw: st.DrawFn) -> Small:
    begin = draw(st.sampled_from(DAYS))
    start, end = (
        (begin + timedelta(days=days)).replace(tzinfo=ZoneInfo(ZONE)).astimezone(UTC)
        for days in (0, draw(st.integers(1, 2)))
    )
    horizon = Horizon.between(start, end, draw(st.sampled_from((15, 30, 60))))
    clock = LocalClock(ZONE)
    history = draw(histories(start, int((end - start).total_seconds()) // 60))
    tree = draw(trees())
    rng = np.random.default_rng(draw(st.integers(0, 2**16)))
    base = rng.uniform(-2, 6, (len(tree), horizon.steps)) * draw(st.sampled_from((0.0, 0.5, 1.0)))
    inputs = StudyInputs(
        horizon=horizon,
        clock=clock,
        grid=HomeGrid.of(tree, draw(st.integers(1, 3))),
        signal=Signal(horizon, rng.uniform(-0.2, 0.5, horizon.steps).round(2), "NOK", np.full(horizon.steps, 250.0)),
        profiles_kw=np.ones((1, 24)),
        load_kw=tree.sum_up(base),
        draw_cars=lambda cars, begins, ends, stream: resample(history, cars, begins, ends, stream, clock),
        histories={},
    )
    return Small(study_of(draw(settings_of(horizon))), inputs)


@st.composite
def settings_of(draw: st.DrawFn, horizon: Horizon) -> dict[str, Any]:
    """A study file's content; nothing it names is read."""
    behaviour = {
        "departures": draw(st.sampled_from(("actual", "declared"))),
        "opt_out_share": draw(st.sampled_from((0.0, 0.3, 1.0))),
        "skip_plug_in_share": draw(st.sampled_from((0.0, 0.0, 0.4))),
    }
    return {
        "title": "small",
        "span": {
            "start": horizon.start, "end": horizon.end, "step_minutes": horizon.step_minutes, "timezone": ZONE,
            "settle_days": 0,
        },
        "cars": {"source": "history", "path": "none"},
        "grid": {"source": "file", "path": "none"},
        "base_load": {"path": "none"},
        "signal": {"price": {"path": "none"}},
        "strategies": STRATEGIES,
        "behaviours": {"drawn": behaviour},
        "penetrations": [draw(st.sampled_from((0.4, 1.0, 2.0)))],
        "first_seed": draw(st.integers(0, 1000)),
    }  # fmt: skip


@st.composite
def histories(draw: st.DrawFn, start: datetime, minutes: int) -> History:
    """Up to four drivers with up to three sessions each, to the minute; needs up to power x stay."""
    rows = []
    for driver in range(draw(st.integers(1, 4))):
        for _ in range(draw(st.integers(1, 3))):
            plug = draw(st.integers(0, minutes - 20))
            stay = draw(st.integers(10, minutes - plug))
            power = draw(st.sampled_from((1.4, 3.7, 7.2, 11.0, 22.0)))
            share = draw(st.sampled_from((0.0, 0.05, 0.3, 0.9, 1.0)))
            rows.append((f"d{driver}", plug, plug + stay, power, share * power * stay / 60))
    user, plugs, unplugs, powers, energies = (np.array(column) for column in zip(*rows, strict=True))
    origin = np.datetime64(start.replace(tzinfo=None), "s")
    return History.of(
        session_id=np.array([f"s{i}" for i in range(len(rows))]),
        plugged_at=origin + plugs * np.timedelta64(60, "s"),
        unplugged_at=origin + unplugs * np.timedelta64(60, "s"),
        energy_kwh_metered=energies,
        power_kw_max=powers,
        user_id=user,
    )


@st.composite
def trees(draw: st.DrawFn) -> CircuitTree:
    limits = st.sampled_from((2.0, 6.0, 15.0, 40.0, inf))
    circuits = [Circuit("system", "", CircuitKind.SYSTEM, draw(limits))]
    for feeder in range(draw(st.integers(1, 2))):
        circuits.append(Circuit(f"F{feeder}", "system", CircuitKind.FEEDER, draw(limits)))
        for number in range(draw(st.integers(1, 2))):
            name = f"T{feeder}{number}"
            circuits.append(Circuit(name, f"F{feeder}", CircuitKind.TRANSFORMER, draw(limits)))
    return CircuitTree.of(circuits)


def scene_and_runs(small: Small) -> tuple[Scene, list[Run]]:
    (unit,) = units(small.study)
    cars = draw_cars(small.study, small.inputs, unit)
    nights = Nights.of(small.inputs, small.study.span.settle_days)
    return Scene(small.study, small.inputs, unit, cars, nights), list(runs_of(small.study, small.inputs, unit, cars))


def session_powers(run: Run) -> list[tuple[int, IntArray, FloatArray]]:
    """Session, steps of its window and power in them, kW."""
    ends = zip(run.problem.offset[:-1].tolist(), run.problem.offset[1:].tolist(), strict=True)
    return [
        (i, int(run.problem.first_step[i]) + np.arange(end - begin), run.power_kw[begin:end])
        for i, (begin, end) in enumerate(ends)
    ]


def loads(scene: Scene, run: Run, chosen: set[int] | None = None) -> FloatArray:
    """Load of sessions (all, or the chosen) through each node, kW: every session added to its circuit and all above."""
    tree = scene.inputs.grid.tree
    total = np.zeros((len(tree), scene.inputs.horizon.steps))
    for i, steps, kw in session_powers(run):
        if chosen is None or i in chosen:
            for node in tree.path(int(scene.cars.node[i])):
                total[node, steps] += kw
    return total


def check_sessions(scene: Scene, run: Run, row: dict[str, Any]) -> None:
    """No car draws while it is away, more than it can, or more than it needs; totals are the sum of sessions."""
    sessions, horizon = scene.cars.sessions, scene.inputs.horizon
    starts = horizon.starts()
    length = np.timedelta64(60 * horizon.step_minutes, "s")
    delivered = []
    for i, steps, kw in session_powers(run):
        begin = np.maximum(starts[steps], sessions.plugged_at[i])
        end = np.minimum(starts[steps] + length, scene.cars.unplugged_at[i])
        present = (end - begin) / length
        assert (present > 0).all()
        assert (kw >= -SMALL).all()
        assert (kw <= sessions.power_kw_max[i] * present + SMALL).all()
        delivered.append(kw.sum() * horizon.hours_per_step)
        assert delivered[-1] <= sessions.energy_kwh[i] + SMALL
    assert row["sessions"] == len(delivered)
    assert row["energy_kwh_needed"] == pytest.approx(sessions.energy_kwh.sum(), abs=SMALL)
    assert row["energy_kwh_delivered"] == pytest.approx(sum(delivered), abs=SMALL)
    assert row["sessions_short"] == (sessions.energy_kwh - np.array(delivered) > 0.01).sum()


def check_reasons(scene: Scene, run: Run, row: dict[str, Any]) -> None:
    """Every kWh missing has a reason, and one that can be true."""
    kwh = {reason: row[f"unserved_kwh_{reason.value}"] for reason in UnservedReason}
    assert row["energy_kwh_needed"] == pytest.approx(
        row["energy_kwh_delivered"] + row["energy_kwh_unserved"], abs=SMALL
    )
    assert sum(kwh.values()) == pytest.approx(row["energy_kwh_unserved"], abs=SMALL)
    assert min(kwh.values()) >= 0
    actual = scene.study.behaviours[scene.unit.behaviour].departures == "actual"
    label = run.choice.label
    assert kwh[UnservedReason.CIRCUIT_LIMIT] <= SMALL or label.startswith("valley")
    assert kwh[UnservedReason.OUTSIDE_HOURS] <= SMALL or label.startswith("timer")
    if actual:
        assert kwh[UnservedReason.TOO_SHORT] <= SMALL  # needs never exceed power x stay
        assert kwh[UnservedReason.LEFT_EARLY] <= SMALL
    if label == "unmanaged" or (actual and label in ALWAYS_IN_TIME) or bool(run.problem.opted_out.all()):
        assert row["energy_kwh_unserved"] <= SMALL


def check_circuits(scene: Scene, run: Run, row: dict[str, Any]) -> None:
    """Loads are sums up the tree; valley is above a limit only where base load and overriding drivers are."""
    base, limit = scene.inputs.load_kw, scene.inputs.grid.tree.limit_kw[:, None]
    assert base is not None
    load = base + loads(scene, run)
    rows = circuit_rows(scene, run)
    measured = scene.nights.measured
    assert measured.all()
    assert [found["peak_kw"] for found in rows] == pytest.approx(load.max(axis=1), abs=SMALL)
    over_kwh = (
        np.where(np.isfinite(limit), np.maximum(load - limit, 0), 0).sum(axis=1) * run.problem.horizon.hours_per_step
    )
    assert [found["overload_kwh"] for found in rows] == pytest.approx(over_kwh, abs=1e-3)  # at a limit is not over
    transformers = [found for found in rows if found["kind"] == "transformer"]
    assert row["transformers"] == len(transformers)
    assert row["transformers_over"] <= sum(found["minutes_over_longest"] >= 60 for found in transformers)
    assert row["system_peak_kw"] == pytest.approx(load[0].max(), abs=SMALL)
    if run.choice.label.startswith("valley"):
        overriding = loads(scene, run, set(np.flatnonzero(run.problem.opted_out).tolist()))
        assert (load <= np.maximum(limit, base + overriding) + SMALL).all()


def check_money(scene: Scene, run: Run, row: dict[str, Any]) -> None:
    """Cost and carbon are those of the energy drawn in each step."""
    ev_kwh = loads(scene, run)[0] * scene.inputs.horizon.hours_per_step
    assert row["cost"] == pytest.approx((ev_kwh * scene.inputs.signal.price_per_kwh).sum(), abs=SMALL)
    assert row["carbon_kg"] == pytest.approx(row["energy_kwh_delivered"] * 0.25, abs=SMALL)


@pytest.mark.slow
@pytest.mark.requirement("R30", "R38", "R40", "R140")
@settings(max_examples=150)
@given(small=small_studies())
def test_energy_window_limit_and_reasons_hold_in_any_study(small: Small) -> None:
    scene, runs = scene_and_runs(small)
    rows = [run_row(scene, run) for run in runs]
    assert len({row["energy_kwh_needed"] for row in rows}) == 1
    for run, row in zip(runs, rows, strict=True):
        check_sessions(scene, run, row)
        check_reasons(scene, run, row)
        check_circuits(scene, run, row)
        check_money(scene, run, row)
