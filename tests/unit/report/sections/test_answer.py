from dataclasses import replace
from types import ModuleType

import pytest

from evenload.report.sections.answer import answer


@pytest.mark.requirement("R140")
def test_the_answer_by_hand(fake: ModuleType) -> None:
    study = fake.results(fake.Size(strategies=("unmanaged", "timer", "valley"), seeds=2, penetrations=(0.6,)))
    first = (study.runs["base_load"] == "suburban") & (study.runs["behaviour"] == "actual") & (study.runs["seed"] == 0)
    runs = study.runs.copy()
    numbers = {
        "unmanaged": (1.24, "18:45", 14, 3.0, 655.4),
        "timer": (3.9, "23:15", 31, 3.0, 500.0),
        "valley": (0.62, "03:00", 0, 2.0, 412.2),
    }
    for name, (peak, clock, over, unserved, cost) in numbers.items():
        at = first & (runs["strategy"] == name)
        columns = ["ev_peak_kw_per_car", "ev_peak_clock", "transformers_over", "energy_kwh_unserved", "cost"]
        runs.loc[at, columns] = [peak, clock, over, unserved, cost]
        runs.loc[at, ["cars", "energy_kwh_needed"]] = [144, 1000.0]
    words = answer(replace(study, runs=runs)).replace("\u00a0", " ")
    assert words == (
        "At 60 % penetration (144 cars), unmanaged charging peaks at 1.24 kW per car around 18:45 with 14 of "
        "60 transformers over rating; a timer at 23:00 peaks at 3.90 kW per car around 23:15 with 31 of "
        "60 transformers over rating; evenload (valley) peaks at 0.62 kW per car around 03:00 with 0 of "
        "60 transformers over rating, leaves 0.2 % of the energy unserved and costs USD 412 "
        "(unmanaged charging: 0.3 % and USD 655)."
    )


def test_without_a_price_no_cost_is_claimed(fake: ModuleType) -> None:
    words = answer(fake.results(fake.Size(currency="", seeds=1)))
    assert "cost" not in words
    assert "unserved" in words


def test_a_missing_reference_seed_is_said(fake: ModuleType) -> None:
    study = fake.results(fake.Size(seeds=1))
    assert answer(replace(study, reference=replace(study.reference, seed=99))).endswith("no strategy was run.")
