from dataclasses import replace
from types import ModuleType
from typing import Any

import pandas as pd
import pytest

from evenload.report.results import CLOSEUP
from evenload.report.sections.closeup import closeups


def study(fake: ModuleType, layers: dict[str, dict[str, list[float]]], limit: float = 20.0) -> Any:
    made = [
        {"strategy": name, "node": "T1", "date": "2019-01-15", "minute": 720 + 360 * i, "layer": layer, "power_kw": kw,
         "limit_kw": limit}
        for name, stack in layers.items() for layer, values in stack.items() for i, kw in enumerate(values)
    ]  # fmt: skip
    frame = pd.DataFrame(made, columns=list(CLOSEUP)).astype(CLOSEUP)
    return replace(fake.results(fake.Size(seeds=1, transformers=2)), closeup=frame)


BASE = [10.0, 10.0, 10.0, 10.0]


@pytest.mark.requirement("R7")
def test_energy_over_the_rating_by_hand(fake: ModuleType) -> None:
    layers = {
        "timer": {"base": BASE, "Car 1": [0, 0, 7, 0], "Car 2": [0, 0, 7, 7]},
        "valley": {"base": BASE, "Car 1": [0, 0, 7, 0]},
    }
    timer, valley = closeups(study(fake, layers))
    assert timer.note == "Peak 24.0 kW, 24.0 kWh over the rating"  # 4 kW over 20 kW for 6 hours
    assert valley.note == "Peak 17.0 kW, never over the rating"
    assert 'class="over"' in timer.chart.body
    assert 'class="over"' not in valley.chart.body


def test_all_pictures_share_one_scale_and_each_car_is_a_layer(fake: ModuleType) -> None:
    layers = {
        "timer": {"base": BASE, "Car 1": [0, 0, 7, 0], "Car 2": [0, 0, 7, 7], "Car 3": [0, 0, 0, 0]},
        "valley": {"base": BASE},
    }
    timer, valley = closeups(study(fake, layers))
    assert timer.chart.body.count('class="layer') == 2
    rating = [figure.chart.body.split('class="limit"')[0].rsplit("<path d=", 1)[1] for figure in (timer, valley)]
    assert rating[0] == rating[1]


def test_key_strategies_come_first_and_toggle_with_their_colour(fake: ModuleType) -> None:
    made = closeups(study(fake, {name: {"base": BASE} for name in ("price", "valley", "unmanaged")}))
    assert [(one.name, one.key) for one in made] == [
        ("transformer-unmanaged", "k0"), ("transformer-valley", "k4"), ("transformer-price", "k2"),
    ]  # fmt: skip


def test_a_wide_layer_carries_its_name(fake: ModuleType) -> None:
    (one,) = closeups(study(fake, {"timer": {"base": BASE, "Car 1": [7, 7, 7, 7]}}))
    assert ">Car 1<" in one.chart.body


def test_a_load_at_its_rating_but_for_noise_is_never_over(fake: ModuleType) -> None:
    (one,) = closeups(study(fake, {"valley": {"base": BASE, "Car 1": [10.0 + 3e-14, 10, 0, 0]}}))
    assert one.note == "Peak 20.0 kW, never over the rating"
    assert 'class="over"' not in one.chart.body
