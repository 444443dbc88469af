from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenload.base.errors import InputError
from evenload.base.horizon import Horizon
from evenload.base.units import FloatArray
from evenload.domain.plan import Plan
from evenload.files.plan import read_plan, write_plan

HORIZON = Horizon(datetime(2020, 1, 6, 12, tzinfo=UTC), 15, 8)


def dense(plan: Plan) -> dict[str, list[float]]:
    """Power of every session in every step of the horizon, sessions without any left out."""
    power: FloatArray = np.zeros((plan.session_id.size, plan.horizon.steps))
    power[plan.slot_sessions(), plan.slot_steps()] = plan.power_kw
    rows = zip(plan.session_id.tolist(), power.tolist(), strict=True)
    return {name: row for name, row in rows if any(row)}


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    """Sessions with windows anywhere in the horizon, often idle, sometimes discharging."""
    first = draw(st.lists(st.integers(0, 7), max_size=5))
    lengths = [draw(st.integers(1, 8 - step)) for step in first]
    offset = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    power = draw(st.lists(st.just(0.0) | st.floats(-11, 22), min_size=int(offset[-1]), max_size=int(offset[-1])))
    names = np.array([f"s{i}" for i in range(len(first))], dtype=np.str_)
    return Plan(HORIZON, names, np.array(first, dtype=np.int64), offset, np.array(power, dtype=np.float64))


@given(plans(), st.sampled_from([".csv", ".parquet"]))
def test_a_plan_survives_writing_and_reading(tmp_path_factory: pytest.TempPathFactory, plan: Plan, suffix: str) -> None:
    path = tmp_path_factory.getbasetemp() / f"plan{suffix}"
    write_plan(path, plan)
    assert dense(read_plan(path, HORIZON)) == dense(plan)


def test_only_what_is_not_0_is_written(tmp_path: Path) -> None:
    plan = Plan(HORIZON, np.array(["a", "b"]), np.array([0, 6]), np.array([0, 3, 4]), np.array([7.2, 0, 3.6, 0]))
    write_plan(tmp_path / "plan.csv", plan)
    assert (tmp_path / "plan.csv").read_text() == (
        "session_id,timestamp,power_kw\na,2020-01-06T12:00:00+00:00,7.2\na,2020-01-06T12:30:00+00:00,3.6\n"
    )


@pytest.mark.parametrize("clock", ["11:45", "14:00", "12:05"])
def test_a_row_of_another_step_is_refused(write: Callable[[str, str], Path], clock: str) -> None:
    path = write("plan.csv", f"session_id,timestamp,power_kw\na,2020-01-06T{clock}:00Z,3\n")
    with pytest.raises(InputError) as refused:
        read_plan(path, HORIZON)
    expected = (
        f"{path}: 2020-01-06T{clock}:00+00:00 is not the start of a step: the horizon has 8 steps of 15 min from "
    )
    assert str(refused.value).startswith(expected)


def test_long_names_by_the_hundred_thousand_are_written(tmp_path: Path) -> None:
    horizon, name = Horizon(HORIZON.start, 1, 100_000), "s" * 200  # more text than Arrow keeps in one piece
    plan = Plan(horizon, np.array([name]), np.array([0]), np.array([0, horizon.steps]), np.ones(horizon.steps))
    write_plan(tmp_path / "plan.parquet", plan)
    assert read_plan(tmp_path / "plan.parquet", horizon).energy_kwh().tolist() == pytest.approx([horizon.steps / 60])


@pytest.mark.parametrize(
    ("names", "power_kw", "sentence"),
    [
        (["a", "a"], [1.0, 1.0], "the same session_id and timestamp"),
        (["a", " "], [1.0, 1.0], "the cell is blank"),
        (["a", "b"], [1.0, -1200.0], "-1200 is outside -1000 to 1000 kW; is it in W?"),
    ],
)
def test_a_plan_that_could_not_be_read_back_is_not_written(
    tmp_path: Path, names: list[str], power_kw: list[float], sentence: str
) -> None:
    plan = Plan(HORIZON, np.array(names), np.array([0, 4]), np.array([0, 1, 2]), np.array(power_kw))
    with pytest.raises(InputError, match=sentence):
        write_plan(tmp_path / "plan.csv", plan)
    assert not (tmp_path / "plan.csv").exists()
