"""A season: calls and opt-outs add up, tiring does what the model says, and choosing beats calling everybody."""

import numpy as np
import pytest

from evenload.base.errors import InputError
from evenload.base.units import IntArray
from evenload.program.season import Lived, Season, by_chance, everybody, hot_summer, live, rested_first
from evenload.program.selection import Pool


def season(events: int = 40, drivers: int = 2000, **more: float) -> Season:
    return Season(starts_h=hot_summer(events, np.random.default_rng(1)), drivers=drivers, **more)  # type: ignore[arg-type]


def lived(of: Season, seed: int = 2) -> dict[str, Lived]:
    choices = {"all": everybody, "chance": by_chance(np.random.default_rng(9)), "rested": rested_first}
    return {name: live(of, choice, np.random.default_rng(seed)) for name, choice in choices.items()}


@pytest.mark.requirement("R25")
@pytest.mark.parametrize("seed", [2, 3, 4])
def test_choosing_moves_more_per_opt_out_and_keeps_more_drivers(seed: int) -> None:
    found = lived(season(), seed)
    rested, chance, everyone = found["rested"], found["chance"], found["all"]
    assert rested.kwh_per_opt_out > 1.3 * chance.kwh_per_opt_out > 2.0 * everyone.kwh_per_opt_out
    assert rested.energy_kwh / rested.opted_out > 2.0 * everyone.energy_kwh / everyone.opted_out
    assert rested.drivers_left > chance.drivers_left > everyone.drivers_left
    assert rested.met >= 0.9
    assert rested.calls_most - rested.calls_least <= 2 < chance.calls_most - chance.calls_least


def test_without_tiring_everybody_opts_out_as_often_as_they_are_prone_to() -> None:
    far_apart = Season(
        starts_h=np.arange(30) * 72.0, drivers=3000, tiring=0.0, leaving=1e-12, opt_out=0.08, close_calls=1.0
    )
    found = live(far_apart, everybody, np.random.default_rng(5))
    assert found.called == 90_000
    assert found.opted_out / found.called == pytest.approx(0.08, abs=0.006)
    assert found.drivers_left == 3000


def test_events_less_than_a_day_apart_have_30_percent_less_participation() -> None:
    """The number of the report, with all else of the model switched off."""

    def share(apart_h: float) -> float:
        of = Season(starts_h=np.arange(20) * apart_h, drivers=3000, tiring=0.0, leaving=1e-12)
        found = live(of, everybody, np.random.default_rng(5))
        return 1 - found.opted_out / found.called

    assert share(25.0) / share(48.0) == pytest.approx(0.7 * 19 / 20 + 1 / 20, abs=0.01)


def test_energy_is_that_of_those_called() -> None:
    def nobody(pool: Pool, wanted_kw: float) -> IntArray:
        assert wanted_kw > 0
        return np.zeros(0, dtype=np.int64) if len(pool) else np.zeros(1, dtype=np.int64)

    found = live(season(events=3), nobody, np.random.default_rng(1))
    assert (found.called, found.opted_out, found.energy_kwh, found.met) == (0, 0, 0.0, 0.0)
    assert found.wanted_kwh > 0


def test_the_same_generator_gives_the_same_season() -> None:
    assert lived(season(5)) == lived(season(5))


def test_starts_come_in_runs_of_days() -> None:
    starts = hot_summer(100, np.random.default_rng(1))
    assert starts.size == 100
    gaps = np.diff(starts)
    assert gaps.min() == 24.0
    assert gaps.max() >= 48.0


def test_a_season_needs_events_in_order() -> None:
    with pytest.raises(InputError, match="each starting after"):
        Season(starts_h=np.array([24.0, 0.0]))
    with pytest.raises(InputError, match="leaving"):
        Season(starts_h=np.array([0.0]), leaving=2.0)
