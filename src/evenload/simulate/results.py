"""From the frames of finished units to the frozen results a report shows."""

from dataclasses import fields
from typing import Any

import numpy as np
import pandas as pd

from evenload.base.units import MINUTES_PER_HOUR
from evenload.files import packaged
from evenload.grid.loading import hosting_capacity
from evenload.report.results import HOSTING, StudyResults
from evenload.simulate.inputs import StudyInputs
from evenload.simulate.population import preset
from evenload.simulate.published import comparisons
from evenload.simulate.strategies import Choice
from evenload.simulate.study_file import GeneratedGrid, HistoryCars, PackagedGrid, PresetCars, Study
from evenload.simulate.unit_run import Frames, reference


def assemble(study: Study, inputs: StudyInputs, frames: Frames) -> StudyResults:
    """Freeze what a study found, with everything a reader needs to judge it."""
    shown = reference(study)
    hosting = hosting_frame(study, frames["runs"])
    return StudyResults(
        title=study.title,
        question=study.question,
        currency=inputs.signal.currency,
        timezone=study.span.timezone,
        period=_period(study),
        criterion=study.criterion.text(),
        over_minutes=study.criterion.minutes,
        over_share=study.criterion.transformers_share,
        ev_kw_per_home=study.criterion.ev_kw_per_home,
        timer_clock=study.snapback_clock(),
        reference=shown,
        strategies=tuple(choice.label for choice in study.choices()),
        kinds=tuple(choice.strategy.name for choice in study.choices()),
        settings=tuple(_settings(choice) for choice in study.choices()),
        base_loads=tuple(study.base_load.labels()),
        behaviours=tuple(study.behaviours),
        facts=_facts(study, inputs, frames["runs"]),
        assumptions=(*study.assumptions, *inputs.notes),
        attribution=tuple(packaged.dataset(name).attribution for name in datasets(study)),
        comparisons=comparisons(study, shown, frames["runs"], hosting),
        hosting=hosting,
        **frames,
    )


def hosting_frame(study: Study, runs: pd.DataFrame) -> pd.DataFrame:
    """Hosting capacity of every strategy, base load, behaviour and seed (``report.results.HOSTING``)."""
    case = ["strategy", "base_load", "behaviour", "seed"]
    rows = [
        dict(zip(case, key, strict=True))
        | {
            "capacity": hosting_capacity(
                group["penetration"].to_numpy(),
                (group["transformers_over"] / group["transformers"].clip(lower=1)).to_numpy(),
                study.criterion.transformers_share,
            )
        }
        for key, group in runs.groupby(case, sort=False)
    ]
    return pd.DataFrame(rows)[list(HOSTING)].astype(HOSTING)


def datasets(study: Study) -> list[str]:
    """Packaged data sets a study draws on, in the order the reader meets them."""
    names = [study.cars.dataset] if isinstance(study.cars, HistoryCars) else []
    if isinstance(study.cars, PresetCars):
        names.append(preset(study.cars.preset).dataset)
    if isinstance(study.grid, PackagedGrid):
        names.append(study.grid.feeder)
    names.append("" if study.base_load.path else study.base_load.dataset)
    names.append(study.signal.price.dataset)
    names.append(study.signal.carbon.dataset if study.signal.carbon else "")
    return list(dict.fromkeys(name for name in names if name))


def _period(study: Study) -> str:
    start, end = (study.span.start.date().isoformat(), study.span.end.date().isoformat())
    return f"{start} to {end}, steps of {study.span.step_minutes} min, local time {study.span.timezone}"


def _settings(choice: Choice) -> str:
    """Settings that differ from the defaults, in words such as "spread hours 2"; "" where none does."""
    chosen: Any = choice.strategy  # every strategy is a dataclass, which a Protocol cannot promise
    values = [(field, getattr(chosen, field.name)) for field in fields(chosen)]
    words = [
        f"{field.name.replace('_', ' ')} {format(value, 'g') if isinstance(value, float) else value}"
        for field, value in values
        if value != field.default
    ]
    return ", ".join([*words, *choice.knows.words()])


def _facts(study: Study, inputs: StudyInputs, runs: pd.DataFrame) -> tuple[tuple[str, str], ...]:
    """What was simulated, in numbers."""
    shown = runs[runs["penetration"] == max(study.penetrations)]
    days = inputs.horizon.steps * inputs.horizon.step_minutes / MINUTES_PER_HOUR / 24
    cars = int(shown["cars"].max())
    per_car = float((shown["energy_kwh_needed"] / shown["cars"]).mean()) / days
    transformers = int(runs["transformers"].max())
    facts = [
        ("homes", f"{inputs.grid.homes:,}"),
        ("cars at most", f"{cars:,}"),
        ("transformers", f"{transformers:,}"),
        ("days", f"{days:.0f}"),
        ("runs", f"{len(runs):,}"),
        ("charging sessions, all runs", f"{int(runs['sessions'].sum()):,}"),
        ("energy per car and day", f"{per_car:.1f} kWh"),
    ]
    if isinstance(study.grid, GeneratedGrid) and not isinstance(study.grid.transformer_kva, list):
        facts.append(("transformer rating", f"{study.grid.transformer_kva:g} kVA"))
    price = inputs.signal.price_per_kwh
    facts.append(("mean price", f"{np.mean(price):.3f} {inputs.signal.currency}/kWh"))
    return tuple(facts)
