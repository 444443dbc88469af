from types import ModuleType
from typing import Any

import pytest

from evenload.report.information import MORE, sentences, value_of_information
from evenload.report.page import render

# cost, delivered and unserved: 0.12 against 0.1 a kWh
OPTIMISED, HINDSIGHT = (119.4, 995.0, 5.0), (100.0, 1000.0, 0.0)


def study(fake: ModuleType, numbers: dict[str, tuple[float, float, float]], **size: Any) -> Any:
    made = fake.results(fake.Size(strategies=("unmanaged", *numbers), seeds=2, transformers=3, **size))
    for name, row in numbers.items():
        own = made.runs["strategy"] == name
        made.runs.loc[own, ["cost", "energy_kwh_delivered", "energy_kwh_unserved"]] = row
    return made


def test_it_is_what_optimised_costs_more_than_hindsight_in_every_case(fake: ModuleType) -> None:
    made = study(fake, {"optimised": OPTIMISED, "hindsight": HINDSIGHT})
    worth = value_of_information(made)
    assert len(worth) == 3 * 2 * 5  # base loads, behaviours, penetrations
    assert set(worth["strategy"]) == {"optimised"}
    for row in worth[MORE].to_numpy().tolist():
        assert row == pytest.approx([19.4, 0.02, 5.0])


def test_it_is_said_in_a_sentence_and_on_the_page(fake: ModuleType) -> None:
    made = study(fake, {"optimised": OPTIMISED, "hindsight": HINDSIGHT})
    (said,) = sentences(made)
    words = "Optimised leaves 5.00 kWh more unserved than hindsight and costs USD 19.40 more, 20 % more"
    assert said.replace("\u00a0", " ") == f"{words} for each kWh delivered."
    assert "What not knowing the future costs" in render(made)


def test_a_plan_that_serves_less_may_cost_less_in_all_and_more_a_kwh(fake: ModuleType) -> None:
    (said,) = sentences(study(fake, {"optimised": (99.0, 825.0, 175.0), "hindsight": HINDSIGHT}))
    words = "Optimised leaves 175 kWh more unserved than hindsight and costs USD 1.00 less, 20 % more"
    assert said.replace("\u00a0", " ") == f"{words} for each kWh delivered."


def test_as_much_unserved_is_said_so_and_without_prices_nothing_is_said_of_them(fake: ModuleType) -> None:
    numbers = {"optimised": (0.0, 1000.0, 1e-3), "hindsight": (0.0, 1000.0, 0.0)}
    assert sentences(study(fake, numbers, currency="")) == ["Optimised leaves as much unserved as hindsight."]


@pytest.mark.parametrize("lone", ["optimised", "hindsight"])
def test_it_takes_both(fake: ModuleType, lone: str) -> None:
    made = study(fake, {lone: OPTIMISED})
    assert sentences(made) == []
    assert value_of_information(made).empty
    assert "What not knowing the future costs" not in render(made)
