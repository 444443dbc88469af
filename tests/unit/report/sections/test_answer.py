from dataclasses import replace
from types import ModuleType
from typing import Any

import pandas as pd
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


def test_where_nothing_is_needed_nothing_is_missing(fake: ModuleType) -> None:
    study = by_hand(fake)
    words = answer(replace(study, runs=study.runs.assign(energy_kwh_needed=0.0, energy_kwh_unserved=0.0)))
    assert words.endswith("No energy is needed.")
    assert "–" not in words


@pytest.mark.requirement("R7")
def test_circuits_above_their_limit_are_named(fake: ModuleType) -> None:
    study = by_hand(fake)
    loading = {"F12": (1.1, 1.25, 0.9), "S1": (1.05, 0.9, 1.02), "F13": (1.0, 1.0000000000000013, 0.7)}
    rows = study.circuits[(study.circuits["node"] == "T101") & (study.circuits["base_load"] == "suburban")]
    made = [
        rows.assign(
            node=node, kind="feeder", limit_kw=100.0, base_peak_kw=102.0 if node == "S1" else 50.0,
            loading_max=rows["strategy"].map(dict(zip(("unmanaged", "timer", "valley"), values, strict=True))),
        )
        for node, values in loading.items()
    ]  # fmt: skip
    words = answer(replace(study, circuits=pd.concat([study.circuits, *made], ignore_index=True)))
    assert (
        "2 with the timer. Feeder F12 is above its limit unmanaged (110 % at worst) and with the timer (125 %); "
        "feeder S1 is above its limit unmanaged (105 % at worst), with valley (102 %) and even with base load alone "
        "(102 %). 0.20 %" in words.replace("\u00a0", " ")
    )


def test_many_circuits_above_their_limit_are_counted(fake: ModuleType) -> None:
    study = by_hand(fake)
    over = study.circuits[study.circuits["node"].isin([f"T{i}" for i in range(101, 106)])]
    study = replace(study, circuits=over.assign(kind="site", loading_max=1.5, limit_kw=100.0, base_peak_kw=1.0))
    words = answer(study)
    assert words.count("Site T101") == 1
    assert words.count("is above its limit") == 3
    assert "; 2 more are above theirs." in words


def test_without_a_price_no_cost_is_claimed(fake: ModuleType) -> None:
    words = answer(fake.results(fake.Size(currency="", seeds=1)))
    assert "cost" not in words
    assert "unserved" in words


def test_a_reference_that_was_not_run_is_said(fake: ModuleType) -> None:
    study = fake.results(fake.Size(seeds=1))
    assert answer(replace(study, reference=replace(study.reference, penetration=0.99))).endswith("no strategy was run.")
