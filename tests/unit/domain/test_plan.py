from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenload.base.errors import ColumnsError
from evenload.base.horizon import Horizon
from evenload.domain.plan import Plan
from evenload.domain.reason import UnservedReason

HORIZON = Horizon(datetime(2020, 1, 6, 12, tzinfo=UTC), 15, 40)
WINDOWS = st.lists(
    st.tuples(st.integers(0, 20), st.lists(st.floats(-11, 22), max_size=20)), max_size=6
)  # first step and powers of each session


def plan_of(windows: list[tuple[int, list[float]]]) -> Plan:
    lengths = [len(powers) for _, powers in windows]
    return Plan(
        HORIZON,
        session_id=np.array([f"s{i}" for i in range(len(windows))], dtype=np.str_),
        first_step=np.array([first for first, _ in windows], dtype=np.int64),
        offset=np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
        power_kw=np.array([power for _, powers in windows for power in powers], dtype=np.float64),
    )


@given(WINDOWS)
def test_slots_and_energy_are_what_a_loop_over_sessions_gives(windows: list[tuple[int, list[float]]]) -> None:
    plan = plan_of(windows)
    steps = [first + k for first, powers in windows for k in range(len(powers))]
    owners = [i for i, (_, powers) in enumerate(windows) for _ in powers]
    assert plan.slot_steps().tolist() == steps
    assert plan.slot_sessions().tolist() == owners
    np.testing.assert_allclose(plan.energy_kwh(), [sum(powers) / 4 for _, powers in windows], atol=1e-9)


def test_two_sessions_by_hand() -> None:
    plan = plan_of([(3, [4.0, 8.0]), (0, [2.0])])
    assert plan.energy_kwh().tolist() == [3.0, 0.5]
    assert plan.slot_steps().tolist() == [3, 4, 0]


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"first_step": np.array([0])}, "one first step a session and one offset more"),
        ({"offset": np.array([0, 2])}, "one first step a session and one offset more"),
        ({"offset": np.array([1, 2, 3])}, "start at 0 and never fall"),
        ({"offset": np.array([0, 4, 3])}, "start at 0 and never fall"),
        ({"first_step": np.array([0, 40])}, "reaches outside its horizon"),
        ({"first_step": np.array([-1, 0])}, "reaches outside its horizon"),
        ({"power_kw": np.array([1.0])}, "a plan of 3 slots has 1 powers"),
        ({"power_kw": np.array([1.0, np.nan, 1.0])}, "a power that is not a number"),
        ({"power_kw": np.array([1.0, np.inf, 1.0])}, "a power that is not a number"),
    ],
)
def test_parts_that_do_not_belong_together_are_refused(changed: dict[str, object], sentence: str) -> None:
    parts = {
        "session_id": np.array(["a", "b"]), "first_step": np.array([0, 1]), "offset": np.array([0, 2, 3]),
        "power_kw": np.ones(3),
    }  # fmt: skip
    with pytest.raises(ColumnsError, match=sentence):
        Plan(HORIZON, **(parts | changed))  # type: ignore[arg-type]


def test_every_reason_is_a_different_sentence() -> None:
    assert len({reason.sentence for reason in UnservedReason}) == len(UnservedReason)
