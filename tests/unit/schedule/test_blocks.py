from typing import Any

import numpy as np
import pytest

from evenload.schedule import blocks as module
from evenload.schedule.blocks import blocks
from evenload.testing import rich_problem


@pytest.mark.parametrize("slots", [1, 3, 10, 1000])
@pytest.mark.parametrize("seed", range(8))
def test_blocks_of_any_size_hold_every_slot_once_with_its_level(
    slots: int, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_SLOTS", slots)
    rng = np.random.default_rng(seed)
    problem = rich_problem(rng, taper=True)
    back_kw = 0.0 if problem.batteries is None else problem.batteries.discharge_kw_max[problem.slot_sessions()]
    power_kw = rng.uniform(-back_kw, problem.cap_kw)
    parts: dict[str, list[Any]] = {"session": [], "step": [], "level_kwh": [], "final_kwh": [], "ceiling_kw": []}
    for block in blocks(problem, power_kw):
        for name, arrays in parts.items():
            arrays.append(getattr(block, name))
        assert (block.step[block.begin] == problem.first_step[block.sessions]).all()
    whole = {name: np.concatenate(arrays) for name, arrays in parts.items()}
    assert whole["session"].tolist() == problem.slot_sessions().tolist()
    assert whole["step"].tolist() == problem.slot_steps().tolist()
    level_kwh = problem.level_kwh(power_kw)
    assert whole["level_kwh"] == pytest.approx(level_kwh)
    assert whole["final_kwh"] == pytest.approx(level_kwh[problem.offset[1:] - 1])
    if problem.batteries is not None:
        for i in range(problem.sessions):  # the ceiling of the first slot is at the level of plug-in
            most = problem.batteries.taper(problem.power_kw_max, np.zeros(problem.sessions))[i]
            first = problem.offset[i]
            assert whole["ceiling_kw"][first] == pytest.approx(min(problem.cap_kw[first], most))
