import re
from dataclasses import replace
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd
import pytest

from evenload.report.results import PROFILES
from evenload.report.sections.load import load_chart, profile


def rows(ev: dict[str, list[float]], limit: float = 100.0) -> pd.DataFrame:
    made = [
        {"strategy": name, "base_load": "b", "behaviour": "a", "node": "n", "kind": "system", "day": "mean", "date": "",
         "minute": 720 + 360 * i, "base_kw": 10.0, "ev_kw": kw, "limit_kw": limit, "price_per_kwh": 0.1}
        for name, values in ev.items() for i, kw in enumerate(values)
    ]  # fmt: skip
    return pd.DataFrame(made, columns=list(PROFILES)).astype(PROFILES)


@pytest.fixture
def study(fake: ModuleType) -> Any:
    return fake.results(fake.Size(strategies=("unmanaged", "valley"), seeds=1, transformers=3))


def test_a_total_is_base_plus_cars_and_is_drawn_where_the_axis_says(study: Any) -> None:
    shown = profile(rows({"unmanaged": [0, 90, 0, 0], "valley": [0, 0, 30, 30]}), study.strategies)
    assert shown is not None
    assert shown.total_kw["unmanaged"].tolist() == [10, 100, 10, 10]
    assert shown.middles.tolist() == [900, 1260, 1620, 1980]
    made = load_chart(study, shown, "Load")
    # y runs from 300 (0 kW) to 36 (110 kW, 1.1 x the peak): 100 kW is at 60; x from 54 to 502 over 1440 minutes
    assert f"translate({54 + 448 * 540 / 1440:g} 60)" in made.body
    assert "Unmanaged 100 kW at 18:00" in made.description


def test_means_of_steps_are_drawn_as_steps(study: Any) -> None:
    shown = profile(rows({"unmanaged": [0, 90, 0, 0]}), study.strategies)
    assert shown is not None
    body = load_chart(study, shown, "Load").body
    # 10 kW until 18:00 (x 166), 100 kW until 00:00 (x 278), 10 kW again; 10 kW is at 276, 100 kW at 60
    assert '<path d="M54 276 166 276 166 60 278 60 278 276 502 276" class="line"/>' in body


def test_the_read_out_has_the_numbers_of_the_frame(study: Any) -> None:
    shown = profile(rows({"unmanaged": [0, 90, 0, 0], "valley": [0, 0, 30, 30.125]}), study.strategies)
    assert shown is not None
    reading = load_chart(study, shown, "Load").reading
    assert reading is not None
    values = {one["name"]: one["v"] for one in reading["series"]}
    assert values == {
        "Unmanaged": [10, 100, 10, 10], "Valley": [10, 10, 40, 40.1], "Base load": [10] * 4, "Limit": [100] * 4,
        "Price": [0.1] * 4,
    }  # fmt: skip
    assert reading["at"] == ["12:00", "18:00", "00:00", "06:00"]


def test_a_limit_far_above_is_said_instead_of_drawn(study: Any) -> None:
    shown = profile(rows({"unmanaged": [0, 90, 0, 0]}, limit=900.0), study.strategies)
    assert shown is not None
    body = load_chart(study, shown, "Load").body
    assert 'class="limit"' not in body
    assert "limit 900 kW, above this scale" in body


def test_without_currency_there_is_no_price(study: Any) -> None:
    shown = profile(rows({"unmanaged": [0, 90, 0, 0]}), study.strategies)
    assert shown is not None
    assert "Price, USD per kWh" in load_chart(study, shown, "Load").body
    assert "Price" not in load_chart(replace(study, currency=""), shown, "Load").body


def test_a_node_without_rows_has_no_profile() -> None:
    assert profile(rows({}), ("unmanaged",)) is None


def test_labels_of_the_key_strategies_stand_at_their_peaks(study: Any) -> None:
    shown = profile(rows({"unmanaged": [0, 90, 0, 0], "valley": [0, 0, 0, 30]}), study.strategies)
    assert shown is not None
    texts = re.findall(
        r'x="([\d.]+)" y="([\d.]+)" class="direct k\d"[^>]*>([^<]+)<', load_chart(study, shown, "Load").body
    )
    assert [words for _, _, words in texts] == ["Unmanaged 100", "Valley 40.0"]
    assert np.allclose([float(y) for _, y, _ in texts], [60 - 9, 300 - 264 * 40 / 110 - 9])
