"""The benchmark's grid full of cars is what its description says, and what others measured on."""

import sys
from collections.abc import Callable
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

BENCH = Path(__file__).resolve().parents[3] / "bench"


@pytest.fixture
def load(monkeypatch: pytest.MonkeyPatch) -> Callable[[Path], ModuleType]:
    """Import a file that is in no package, for one test."""

    def loaded(path: Path) -> ModuleType:
        spec = spec_from_file_location(f"bench_{path.stem}", path)
        assert spec is not None
        assert spec.loader is not None
        module = module_from_spec(spec)
        monkeypatch.setitem(sys.modules, spec.name, module)
        spec.loader.exec_module(module)
        return module

    return loaded


def test_charging_flat_fits_every_limit_and_charging_in_the_cheapest_none(
    load: Callable[[Path], ModuleType],
) -> None:
    problem = load(BENCH / "tree_instance.py").TreeInstance.draw(2000, per_feeder=100).problem()
    lengths = np.diff(problem.offset)
    head = problem.limit_kw - problem.base_load_kw
    flat = np.repeat(problem.energy_kwh / (lengths * problem.horizon.hours_per_step), lengths)
    assert (problem.ev_load_kw(flat) <= head + 0.01).all()
    cheapest = np.zeros(problem.cap_kw.size)
    for i in range(problem.sessions):
        left, begin = problem.energy_kwh[i] / problem.horizon.hours_per_step, problem.offset[i]
        for k in np.argsort(problem.price_per_kwh[problem.first_step[i] :][: lengths[i]]):
            cheapest[begin + k] = min(left, problem.cap_kw[begin + k])
            left -= cheapest[begin + k]
    over = (problem.ev_load_kw(cheapest) > head).any(axis=1)
    assert over[:3].all()  # substation and both feeders
    assert over.mean() > 0.95


@pytest.mark.shared_data
@pytest.mark.parametrize(
    ("cars", "seed", "per_transformer", "per_feeder"), [(1000, 20250113, 10, 500), (900, 7, 4, 50)]
)
def test_it_is_the_instance_that_the_reference_measurements_used(
    load: Callable[[Path], ModuleType], shared_data: Path, cars: int, seed: int, per_transformer: int, per_feeder: int
) -> None:
    theirs = load(shared_data.parent / "bench" / "tree.py").make("tree", cars, seed, per_transformer, per_feeder)
    ours = load(BENCH / "tree_instance.py").TreeInstance.draw(cars, seed, per_transformer, per_feeder)
    assert np.array_equal(ours.arrival_step, theirs["arr"])
    assert np.array_equal(ours.departure_step, theirs["dep"])
    assert ours.energy_kwh == pytest.approx(theirs["need"] / theirs["eff"], rel=1e-12)
    assert ours.limit_kw == pytest.approx([node[3] for node in theirs["nodes"]], abs=2e-3)
    assert ours.base_kw == pytest.approx(theirs["base"], abs=2e-3)
    assert np.array_equal(ours.price_per_kwh, theirs["price"])
