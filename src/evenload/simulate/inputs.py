"""What a study needs before it can run: grid, prices, carbon, household profiles and the cars' origin."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np

from evenload.base.errors import SignalError
from evenload.base.horizon import Horizon
from evenload.base.local_clock import LocalClock
from evenload.base.units import FloatArray
from evenload.domain.history import History
from evenload.domain.signal import Signal
from evenload.files import packaged
from evenload.files.grid import read_grid
from evenload.files.history import read_history
from evenload.files.load import read_load
from evenload.files.signal import read_signal
from evenload.grid.build import GridShape, HomeGrid, from_transformers
from evenload.simulate.matched_signal import matched
from evenload.simulate.population import preset, resample
from evenload.simulate.study_file import (
    FileGrid,
    GeneratedGrid,
    HistoryCars,
    PackagedGrid,
    PresetCars,
    SeriesSource,
    Study,
)

DrawCars = Callable[[int, datetime, datetime, np.random.Generator], History]
"""Sessions of so many cars between two instants."""


@dataclass(frozen=True, slots=True)
class StudyInputs:
    """Everything read from files and packages, ready for any number of runs.

    ``profiles_kw`` (profiles, slots of the day) are household profiles to draw from; ``load_kw`` (nodes, steps) is the
    base load through each node where the study names a load file.
    """

    horizon: Horizon
    clock: LocalClock
    grid: HomeGrid
    signal: Signal
    profiles_kw: FloatArray
    load_kw: FloatArray | None
    draw_cars: DrawCars


def load_inputs(study: Study, folder: Path) -> StudyInputs:
    """Read what the study names; relative paths start at ``folder``, the study file's own."""
    horizon, clock = study.span.horizon(), study.span.clock()
    grid = _grid(study.grid, folder)
    path = study.base_load.path
    return StudyInputs(
        horizon=horizon,
        clock=clock,
        grid=grid,
        signal=_signal(study, horizon, clock, folder),
        profiles_kw=packaged.households(study.base_load.dataset),
        load_kw=grid.tree.sum_up(read_load(folder / path, horizon, grid.tree)) if path else None,
        draw_cars=_cars(study.cars, clock, folder),
    )


def _grid(source: GeneratedGrid | PackagedGrid | FileGrid, folder: Path) -> HomeGrid:
    if isinstance(source, FileGrid):
        return HomeGrid.of(read_grid(folder / source.path), source.homes_per_transformer)
    if isinstance(source, PackagedGrid):
        table = packaged.feeder(source.feeder).service
        return from_transformers(
            table.transformer, table.rating_kva, table.customers, power_factor=source.power_factor,
            transformers_per_feeder=len(table.transformer), feeder_kva=source.feeder_kva,
        )  # fmt: skip
    kva = source.transformer_kva
    return GridShape(
        transformers=source.transformers,
        homes_per_transformer=source.homes_per_transformer,
        transformer_kva=tuple(kva) if isinstance(kva, list) else (kva,),
        transformers_per_feeder=source.transformers_per_feeder,
        power_factor=source.power_factor,
        feeder_kva=source.feeder_kva,
    ).build()


def _signal(study: Study, horizon: Horizon, clock: LocalClock, folder: Path) -> Signal:
    price, currency = _values(study.signal.price, "price_per_kwh", horizon, clock, folder)
    if study.signal.carbon is None:
        return Signal(horizon, price, currency)
    carbon, _ = _values(study.signal.carbon, "carbon_g_per_kwh", horizon, clock, folder)
    return Signal(horizon, price, currency, carbon, "marginal")


def _values(
    source: SeriesSource, quantity: str, horizon: Horizon, clock: LocalClock, folder: Path
) -> tuple[FloatArray, str]:
    """Values of each step and, for prices, their currency."""
    if source.path:
        signal = read_signal(folder / source.path, horizon)
        values = getattr(signal, quantity)
        if values is None:
            raise SignalError(f"{source.path} has no column {quantity}")
        return values, signal.currency
    series = packaged.series(source.dataset, quantity, node=source.region)
    currency = packaged.dataset(source.dataset).currency
    if source.match == "exact":
        return series.onto(horizon), currency
    return matched(series, LocalClock(source.timezone or clock.zone), horizon, clock), currency


def _cars(source: HistoryCars | PresetCars, clock: LocalClock, folder: Path) -> DrawCars:
    if isinstance(source, HistoryCars):
        history = packaged.history(source.dataset) if source.dataset else read_history(folder / source.path)
        return lambda cars, start, end, rng: resample(history, cars, start, end, rng, clock)
    targets = (source.energy_kwh_per_day, source.energy_kwh_per_session, source.connected_h_mean)
    chosen = preset(source.preset)
    drawn = chosen if targets == (None, None, None) else chosen.calibrated(*targets)
    return lambda cars, start, end, rng: drawn.draw(cars, start, end, rng, clock)
