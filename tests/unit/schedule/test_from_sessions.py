from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenload.base.errors import CircuitError, InputError
from evenload.base.horizon import Horizon
from evenload.domain.circuit import Circuit, CircuitKind, CircuitTree
from evenload.domain.session import Sessions
from evenload.schedule.batteries import Taper
from evenload.schedule.from_sessions import clip, problem_from
from evenload.schedule.problem import Problem

HORIZON = Horizon(datetime(2025, 1, 13, 18, tzinfo=UTC), 60, 4)
TREE = CircuitTree.of([Circuit("F", "", CircuitKind.FEEDER, 50.0), Circuit("T1", "F", CircuitKind.TRANSFORMER, 10.0)])


def sessions(*windows: tuple[str, str], **known: Any) -> Sessions:
    """Sessions on T1 between clock times of 13 January, each needing 9 kWh at up to 6 kW."""
    size = len(windows)
    columns = {"node": np.full(size, "T1"), "energy_kwh": np.full(size, 9.0), "power_kw_max": np.full(size, 6.0)}
    return Sessions.of(
        session_id=np.array([f"s{i}" for i in range(size)], dtype=np.str_),
        plugged_at=np.array([f"2025-01-13T{start}" for start, _ in windows], dtype="datetime64[s]"),
        departs_at=np.array([f"2025-01-13T{end}" for _, end in windows], dtype="datetime64[s]"),
        **(columns | known),
    )


def problem(given_sessions: Sessions, horizon: Horizon = HORIZON) -> Problem:
    steps = horizon.steps
    price, base, limit = np.arange(1.0, steps + 1), np.ones((2, steps)), TREE.limit_kw[:, None]
    return problem_from(given_sessions, TREE, horizon, base, limit, price, np.arange(steps))


def test_sessions_outside_the_horizon_are_left_out_and_counted() -> None:
    clipped = clip(sessions(("16:00", "18:00"), ("22:00", "23:00"), ("17:00", "17:30"), ("19:00", "20:00")), HORIZON)
    assert clipped.sessions.session_id.tolist() == ["s3"]
    assert (clipped.outside, clipped.cut) == (3, 0)


def test_sessions_over_an_end_are_cut_and_keep_their_need() -> None:
    clipped = clip(sessions(("17:00", "19:00"), ("20:00", "23:00"), ("10:00", "23:30"), ("18:00", "22:00")), HORIZON)
    assert (clipped.outside, clipped.cut) == (0, 3)
    starts, ends = clipped.sessions.plugged_at, clipped.sessions.departs_at
    assert [str(instant)[11:16] for instant in starts] == ["18:00", "20:00", "18:00", "18:00"]
    assert [str(instant)[11:16] for instant in ends] == ["19:00", "22:00", "22:00", "22:00"]
    assert clipped.sessions.energy_kwh.tolist() == [9.0] * 4


def test_a_problem_says_what_the_file_says() -> None:
    made = problem(sessions(("18:30", "20:15"), ("21:00", "22:00"), efficiency=np.array([0.9, 1.0])))
    assert made.session_id.tolist() == ["s0", "s1"]
    assert made.node.tolist() == [1, 1]
    assert (made.first_step.tolist(), made.offset.tolist()) == ([0, 3], [0, 3, 4])
    assert made.cap_kw.tolist() == [3.0, 6.0, 1.5, 6.0]  # half an hour, an hour, a quarter of an hour
    assert made.energy_kwh.tolist() == [10.0, 9.0]  # 9 kWh into the battery
    assert made.declared_slots.tolist() == [2, 1]
    assert not made.opted_out.any()
    assert made.price_per_kwh.tolist() == [1, 2, 3, 4]
    assert (made.base_load_kw == 1).all()
    assert made.limit_kw.tolist() == [[50.0], [10.0]]


def test_no_sessions_are_a_problem_too() -> None:
    assert problem(sessions()).sessions == 0
    assert problem(sessions(("10:00", "11:00"))).offset.tolist() == [0]


TWO = (("18:00", "20:00"), ("19:00", "22:00"))


def test_sessions_that_only_charge_make_the_simplest_problem() -> None:
    made = problem(sessions(*TWO, battery_kwh=np.full(2, 50.0), soc_at_plug_in=np.full(2, 0.5)))
    assert (made.minimum_kwh, made.batteries, made.devices, made.tariffs, made.terms) == (None,) * 5


def test_a_minimum_is_brought_to_the_connector() -> None:
    made = problem(sessions(*TWO, energy_kwh_minimum=np.array([0.0, 4.5]), efficiency=np.array([1.0, 0.9])))
    assert made.minimum_kwh is not None
    assert made.minimum_kwh.tolist() == pytest.approx([0.0, 5.0])  # 4.5 kWh into the battery


def test_a_minimum_above_the_need_is_refused_with_both_numbers() -> None:
    with pytest.raises(InputError) as refused:
        problem(sessions(*TWO, energy_kwh_minimum=np.array([9.0, 9.5])))
    assert str(refused.value) == (
        "session 's1', energy_kwh_minimum = 9.5: is more than energy_kwh 9.0, of which it is a part; lower the one or "
        "raise the other"
    )


@pytest.mark.parametrize(
    ("column", "value"), [("control", "on_off"), ("power_kw_min", 1.4), ("fallback_kw", 2.0), ("priority", 3)]
)
def test_what_a_device_says_comes_along(column: str, value: Any) -> None:
    default = {"control": "continuous", "fallback_kw": np.nan}.get(column, 0)
    made = problem(sessions(*TWO, **{column: np.array([default, value])}))
    assert made.devices is not None
    assert getattr(made.devices, column).tolist()[1] == value
    assert made.devices.control.shape == made.devices.priority.shape == (2,)


def test_what_lies_outside_the_horizon_refuses_nothing() -> None:
    outside = sessions(("10:00", "12:00"), ("18:00", "19:00"), energy_kwh_minimum=np.array([99.0, 0.0]))
    assert problem(outside).sessions == 1


def test_a_battery_that_gives_back_comes_along_with_its_wear() -> None:
    known = {"discharge_kw_max": [0, 5.0], "battery_kwh": [np.nan, 40.0], "soc_at_plug_in": [np.nan, 0.5]}
    given_sessions = sessions(*TWO, **{name: np.array(values) for name, values in known.items()})
    bases = (TREE, HORIZON, np.zeros((2, 4)), TREE.limit_kw[:, None], np.ones(4), np.arange(4))
    made = problem_from(given_sessions, *bases, wear_per_kwh=0.07, taper=Taper(0.8, 1.0))
    assert made.batteries is not None
    assert made.batteries.discharge_kw_max.tolist() == [0, 5]
    assert made.batteries.wear_per_kwh.tolist() == [0.07, 0.07]
    assert made.batteries.knee_kwh.tolist() == pytest.approx([np.inf, 12.0])  # from 50 % to 80 % of 40 kWh


def test_a_node_that_is_not_in_the_grid_is_refused_with_the_session() -> None:
    with pytest.raises(CircuitError, match="session 's1' is at node 'T8', which is not in the grid"):
        problem(sessions(("18:00", "19:00"), ("18:00", "19:00"), node=np.array(["T1", "T8"])))


@given(st.lists(st.tuples(st.integers(-300, 600), st.integers(1, 500)), max_size=6), st.sampled_from([5, 15, 60]))
def test_power_is_possible_exactly_while_plugged_in_and_inside(
    windows: list[tuple[int, int]], step_minutes: int
) -> None:
    start, steps = np.datetime64("2025-01-13T18:00", "s"), 240 // step_minutes
    horizon = Horizon(HORIZON.start, step_minutes, steps)
    plugged = start + np.array([begin for begin, _ in windows], dtype="timedelta64[m]")
    departs = plugged + np.array([minutes for _, minutes in windows], dtype="timedelta64[m]")
    size = len(windows)
    given_sessions = Sessions.of(
        session_id=np.array([f"s{i}" for i in range(size)], dtype=np.str_), node=np.full(size, "T1"),
        plugged_at=plugged, departs_at=departs, energy_kwh=np.ones(size), power_kw_max=np.full(size, 6.0),
    )  # fmt: skip
    made = problem(given_sessions, horizon)
    shared = {f"s{i}": min(begin + minutes, 240) - max(begin, 0) for i, (begin, minutes) in enumerate(windows)}
    inside = {name: 6 * minutes / 60 for name, minutes in shared.items() if minutes > 0}
    most = dict(zip(made.session_id.tolist(), made.delivered_kwh(made.cap_kw).tolist(), strict=True))
    assert most == pytest.approx(inside)
    clipped = clip(given_sessions, horizon)
    assert clipped.outside == size - len(inside)
    assert clipped.cut == sum(
        shared[f"s{i}"] > 0 and (begin < 0 or begin + minutes > 240) for i, (begin, minutes) in enumerate(windows)
    )
