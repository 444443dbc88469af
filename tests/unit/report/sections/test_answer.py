from dataclasses import replace
from types import ModuleType
from typing import Any

import pytest

from evenload.report.sections.answer import answer


def by_hand(fake: ModuleType, base_over: int = 0) -> Any:
    """Two seeds whose means are round numbers."""
    size = fake.Size(strategies=("unmanaged", "timer", "valley"), seeds=2, penetrations=(0.6,))
    study = fake.results(size)
    runs = study.runs.copy()
    first = (runs["base_load"] == "suburban") & (runs["behaviour"] == "actual")
    numbers = {
        "unmanaged": ((800.0, 860.0), (3, 4), (0.0, 6.0), (650.0, 660.0)),
        "timer": ((880.0, 900.0), (2, 2), (0.0, 0.0), (500.0, 500.0)),
        "valley": ((670.0, 690.0), (base_over, base_over), (2.0, 2.0), (412.0, 412.0)),
    }
    for name, values in numbers.items():
        at = first & (runs["strategy"] == name)
        for column, of_seeds in zip(
            ("system_peak_kw", "transformers_over", "energy_kwh_unserved", "cost"), values, strict=True
        ):
            runs.loc[at, column] = of_seeds
        runs.loc[at, ["cars", "energy_kwh_needed"]] = [144, 1000.0]
        runs.loc[at, ["system_base_peak_kw", "transformers_over_base"]] = [650.0, base_over]
    return replace(study, runs=runs)


@pytest.mark.requirement("R140")
def test_the_answer_by_hand(fake: ModuleType) -> None:
    words = answer(by_hand(fake)).replace("\u00a0", " ")
    assert words == (
        "At 60 % penetration (144 cars, means over 2 seeds), the system peaks at 680 kW with evenload (valley), "
        "against 830 kW unmanaged, 890 kW with a timer at 23:00 and 650 kW with base load alone. "
        "No transformer is over its rating, against 3.5 of 60 unmanaged and 2 with the timer. "
        "0.20 % of the energy is left unserved, against 0.30 % unmanaged and 0 % with the timer; "
        "charging costs USD 412, against USD 655 unmanaged and USD 500 with the timer."
    )


def test_what_base_load_overloads_is_not_blamed_on_cars(fake: ModuleType) -> None:
    words = answer(by_hand(fake, base_over=2))
    assert "2 of 60 transformers are over their rating" in words
    assert "and 2 with base load alone." in words


def test_nothing_unserved_is_said_once(fake: ModuleType) -> None:
    study = by_hand(fake)
    words = answer(replace(study, runs=study.runs.assign(energy_kwh_unserved=0.0)))
    assert "No energy is left unserved; charging costs" in words
    assert "0\u00a0%" not in words.replace("60\u00a0%", "")


def test_without_a_price_no_cost_is_claimed(fake: ModuleType) -> None:
    words = answer(fake.results(fake.Size(currency="", seeds=1)))
    assert "cost" not in words
    assert "unserved" in words


def test_a_reference_that_was_not_run_is_said(fake: ModuleType) -> None:
    study = fake.results(fake.Size(seeds=1))
    assert answer(replace(study, reference=replace(study.reference, penetration=0.99))).endswith("no strategy was run.")
