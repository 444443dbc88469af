"""A small study every test of a whole run shares."""

from typing import Any

import pytest

from evenload.simulate.study_file import Study, study_of


def small_content() -> dict[str, Any]:
    """Two base loads, two penetrations, two seeds and two behaviours over six nights on three transformers."""
    return {
        "title": "Six nights",
        "span": {"start": "2020-01-10T12:00:00+01:00", "end": "2020-01-16T12:00:00+01:00", "timezone": "Europe/Oslo"},
        "cars": {"source": "history", "dataset": "residential-norway"},
        "grid": {"source": "generated", "transformers": 3, "homes_per_transformer": 10, "transformer_kva": 25},
        "base_load": {"kw_peak_per_home": [0.8, 2]},
        "signal": {
            "price": {"dataset": "day-ahead-nl", "match": "month_weekday", "timezone": "Europe/Amsterdam"},
            "carbon": {
                "dataset": "carbon-avert",
                "region": "AVERT_NE",
                "match": "month_weekday",
                "timezone": "Etc/GMT+5",
            },
        },
        "strategies": ["unmanaged", "timer", "valley"],
        "behaviours": {"actual": {}, "declared": {"departures": "declared"}},
        "penetrations": [0.5, 1.0],
        "seeds": 2,
    }


@pytest.fixture(scope="session")
def small_study() -> Study:
    return study_of(small_content())
