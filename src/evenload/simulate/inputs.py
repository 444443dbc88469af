"""What a study needs before it can run: grid, prices, carbon, household profiles and the cars' origin."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

import numpy as np

from evenload.base.errors import InputError, LoadError, SignalError
from evenload.base.horizon import Horizon
from evenload.base.local_clock import LocalClock
from evenload.base.units import FloatArray
from evenload.domain.history import History
from evenload.domain.signal import Series, Signal
from evenload.files import packaged
from evenload.files.grid import read_grid
from evenload.files.history import read_history
from evenload.files.load import read_load
from evenload.files.signal import read_signal
from evenload.grid.build import GridShape, HomeGrid, from_transformers
from evenload.simulate.matched_signal import matched
from evenload.simulate.population import active, preset, resample, watched
from evenload.simulate.study_file import (
    FileGrid,
    GeneratedGrid,
    HistoryCars,
    PackagedGrid,
    PresetCars,
    SeriesSource,
    Study,
)

_PERFECT_FORECAST: Final = (
    "Strategies that plan know base load and prices of the whole period exactly, as a perfect forecast; of cars only "
    "those plugged in."
)
_ABSURD_LOADING: Final = 20.0
"""Base load this many times a limit is a wrong unit, not an overload."""

DrawCars = Callable[[int, datetime, datetime, np.random.Generator], History]
"""Sessions of so many cars between two instants."""


@dataclass(frozen=True, slots=True)
class StudyInputs:
    """Everything read from files and packages, ready for any number of runs.

    ``profiles_kw`` (profiles, slots of the day) are household profiles to draw from; ``load_kw`` (nodes, steps) is the
    base load through each node where the study names a load file. ``histories`` are what strategies count on, by the
    path the study names. ``notes`` are assumptions the data forced, for the
    report.
    """

    horizon: Horizon
    clock: LocalClock
    grid: HomeGrid
    signal: Signal
    profiles_kw: FloatArray
    load_kw: FloatArray | None
    draw_cars: DrawCars
    histories: Mapping[str, History]
    notes: tuple[str, ...] = ()


def load_inputs(study: Study, folder: Path) -> StudyInputs:
    """Read what the study names; relative paths start at ``folder``, the study file's own."""
    horizon, clock = study.span.horizon(), study.span.clock()
    grid = _grid(study.grid, folder)
    draw, notes = _cars(study.cars, horizon, clock, folder)
    return StudyInputs(
        horizon=horizon,
        clock=clock,
        grid=grid,
        signal=_signal(study, horizon, clock, folder),
        profiles_kw=packaged.households(study.base_load.dataset),
        load_kw=_load(study.base_load.path, grid, horizon, folder),
        draw_cars=draw,
        histories=_histories(study, folder),
        notes=(_PERFECT_FORECAST, *notes),
    )


def _histories(study: Study, folder: Path) -> dict[str, History]:
    """What strategies count on, by the path the study names."""
    known = [choice.knows for choice in study.choices()]
    found = {path: read_history(folder / path) for path in sorted({path for one in known for path in one.paths()})}
    for one in known:
        one.refuse(found)
    return found


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


def _exact(series: Series, name: str, horizon: Horizon) -> FloatArray:
    """Values at their own dates; where there are none, say what can be done."""
    try:
        return series.onto(horizon)
    except SignalError as error:
        raise SignalError(f"{name}: {error}; with `match: month_weekday` it lends days of another year") from error


def _load(path: str, grid: HomeGrid, horizon: Horizon, folder: Path) -> FloatArray | None:
    """Base load through each node from a load file; what is absurd beside the limits is taken for a wrong unit."""
    if not path:
        return None
    through = grid.tree.sum_up(read_load(folder / path, horizon, grid.tree))
    times = through.max(axis=1) / grid.tree.limit_kw
    worst = int(times.argmax())
    if times[worst] > _ABSURD_LOADING:
        raise LoadError(
            f"{path}: base load reaches {through[worst].max():g} kW at {grid.tree.circuits[worst].node}, "
            f"{times[worst]:.0f} times its limit of {grid.tree.limit_kw[worst]:g} kW; is it in W?"
        )
    return through


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
        return values, signal.currency or "units"
    currency = packaged.dataset(source.dataset).currency
    try:
        series = packaged.series(source.dataset, quantity, node=source.region)
    except InputError as error:
        raise InputError(
            f"{error} (the key of a study file is `region`)" if "node" in str(error) else str(error)
        ) from error
    if source.match == "exact":
        return _exact(series, source.dataset, horizon), currency
    return matched(series, LocalClock(source.timezone or clock.zone), horizon, clock), currency


def _cars(
    source: HistoryCars | PresetCars, horizon: Horizon, clock: LocalClock, folder: Path
) -> tuple[DrawCars, list[str]]:
    """How cars are drawn, and what the report has to say about it."""
    if isinstance(source, HistoryCars):
        history = packaged.history(source.dataset) if source.dataset else read_history(folder / source.path)
        name = source.dataset or source.path
        if not (history.user_id != "").any():
            raise InputError(
                f"{name}: no row has a user_id; a study replays drivers and needs to know whose a session is"
            )
        notes = [_watched_note(history, name, horizon), *_notes(history, name)]
        return lambda cars, start, end, rng: resample(history, cars, start, end, rng, clock), notes
    targets = (source.energy_kwh_per_day, source.energy_kwh_per_session, source.connected_h_mean)
    chosen = preset(source.preset)
    drawn = chosen if targets == (None, None, None) else chosen.calibrated(*targets)
    notes = [f"Cars of {source.preset}. Measured: {chosen.measured} Made up: {chosen.synthetic}"]
    return lambda cars, start, end, rng: drawn.draw(cars, start, end, rng, clock), notes


def _watched_note(history: History, name: str, horizon: Horizon) -> str:
    """Who can stand in for a car: a driver who joined late or left soon would charge too little."""
    seen, kept = (len(drivers(history, horizon.start, horizon.end)) for drivers in (active, watched))
    if kept < seen:
        return (
            f"{name}: {kept} of {seen} drivers active in the period are on record from start to end; these are drawn."
        )
    return f"{name}: all {seen} drivers active in the period are drawn, also if their record begins late or ends soon."


def _notes(history: History, name: str) -> list[str]:
    """What a history does not say or a study does not use."""
    notes = []
    unknown = int(np.isnan(history.power_kw_max).sum())
    if unknown:
        notes.append(
            f"{name}: charging power of {unknown:,} of {len(history):,} sessions is not known; it is taken from the "
            "driver's other sessions, else estimated from below by his fastest ones, so unmanaged peaks may be too low."
        )
    if (history.node != "").any():
        notes.append(f"{name}: the column node is not used; drivers are drawn and hung on homes at random.")
    return notes
