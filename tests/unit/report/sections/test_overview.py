import re
from dataclasses import replace
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from evenload.report.figures import figures
from evenload.report.sections.overview import overview


@pytest.fixture
def study(fake: ModuleType) -> Any:
    made = fake.results(fake.Size(strategies=("unmanaged", "timer", "price", "valley"), seeds=2, transformers=6))
    own = made.runs["strategy"]
    peaks = own.map({"unmanaged": 831.0, "timer": 887.0, "price": 892.0, "valley": 680.0})
    over = own.map({"unmanaged": 3, "timer": 2, "price": 2, "valley": 0})
    return replace(made, runs=made.runs.assign(system_peak_kw=peaks, transformers_over=over))


def loads(study: Any, node: str, timer_kw: float) -> Any:
    """The study with another load of cars under the timer on one transformer."""
    at = (study.profiles["node"] == node) & (study.profiles["strategy"] == "timer")
    return replace(study, profiles=study.profiles.assign(ev_kw=study.profiles["ev_kw"].where(~at, timer_kw)))


@pytest.mark.requirement("R140")
def test_the_key_strategies_stand_above_with_their_numbers(study: Any) -> None:
    made = overview(study)
    assert made is not None
    words = made.body.replace("\u00a0", " ")
    assert [words.index(f">{kw} kW<") for kw in (831, 887, 680)] == sorted(
        words.index(f">{kw} kW<") for kw in (831, 887, 680)
    )
    assert "892" not in words
    assert "3 of 6 transformers over rating" in words
    assert "evenload (valley)" in words
    assert "Timer at 23:00" in words


def test_it_shows_the_transformer_the_timer_loads_most(study: Any) -> None:
    for node in ("T102", "T103"):
        made = overview(loads(study, node, 90.0))
        assert made is not None
        assert f"Transformer {node}, night of 2019-01-15" in made.body
        assert made.body.count('class="over"') == 1
        # only those of the transformer's panels, whose left edge is at 604: the system may have a limit of its own
        assert len(re.findall(r'<path d="M604 [^"]*" class="limit"', made.body)) == 2


def test_two_nights_share_one_scale(study: Any) -> None:
    made = overview(loads(study, "T102", 90.0))
    assert made is not None
    first, second = re.findall(r'<path d="M604 ([\d.]+) 932 \1" class="limit"', made.body)
    assert float(second) - float(first) == pytest.approx(162, abs=0.2)  # the distance between the two panels


@pytest.mark.parametrize("strategies", [("unmanaged",), ("price", "mine"), ("timer", "valley"), ("a", "b", "c", "d")])
def test_other_strategies_make_a_picture_too(fake: ModuleType, strategies: tuple[str, ...]) -> None:
    made = overview(fake.results(fake.Size(strategies=strategies, seeds=1, transformers=4)))
    assert made is not None
    assert "nan" not in made.body.lower().replace("unmanaged", "")


def test_gaps_no_limits_and_generation_are_drawn(study: Any) -> None:
    gaps = study.profiles.copy()
    gaps.loc[gaps["minute"].between(900, 1000), ["base_kw", "ev_kw"]] = np.nan
    for profiles in (
        gaps, study.profiles.assign(limit_kw=np.inf), study.profiles.assign(base_kw=study.profiles["base_kw"] - 900.0)
    ):  # fmt: skip
        assert overview(replace(study, profiles=profiles)) is not None


def test_without_transformers_there_is_no_overview(study: Any) -> None:
    rows = study.profiles[study.profiles["kind"] != "transformer"]
    assert overview(replace(study, profiles=rows)) is None
    assert "overview" not in figures(replace(study, profiles=rows))


def test_it_carries_its_own_ground_and_fits_a_readme(study: Any) -> None:
    picture = figures(study)["overview"]
    assert 'class="paper"' in picture
    assert 'width="960"' in picture
    assert len(picture.encode()) < 100_000
