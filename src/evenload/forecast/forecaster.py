"""The forecaster: fitted to a history, it answers for any instant with what was known by then."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import numpy as np

from evenload.base.errors import LoadError
from evenload.base.horizon import Horizon
from evenload.base.instants import InstantArray, as_utc, to_datetime64
from evenload.base.units import HOURS_PER_DAY, MINUTES_PER_HOUR, FloatArray, IntArray
from evenload.forecast.class_pool import ClassPool
from evenload.forecast.class_profile import ClassForecast, ClassProfile, from_profile
from evenload.forecast.cold_start import Answer
from evenload.forecast.conditions import Calendar, Weather
from evenload.forecast.forecast import Forecast
from evenload.forecast.history import LoadHistory, NodeFacts
from evenload.forecast.origins import Origins, Window, steps_of
from evenload.forecast.own_history import Setting, own_forecasts
from evenload.forecast.recent import weather_ahead
from evenload.forecast.recipe import LOAD, PV, QUANTILES, WEEK_DAYS

AHEAD_MOST: Final = timedelta(days=7)
"""Beyond a week the method has nothing to say that a calendar would not."""


def fit(
    history: LoadHistory,
    calendar: Calendar,
    weather: Weather | None = None,
    facts: NodeFacts | None = None,
    classes: Sequence[ClassProfile] = (),
) -> "Forecaster":
    """Prepare forecasts of the nodes of a history.

    ``weather`` has the history's steps and should reach over what will be forecast; ``facts`` are in the order of the
    nodes; ``classes`` stand in for those that too few nodes with history belong to.

    Raises:
        LoadError: where the parts do not fit together.
    """
    known = NodeFacts.of(len(history.nodes)) if facts is None else facts
    if len(known) != len(history.nodes):
        raise LoadError(f"there are facts of {len(known)} nodes and a history of {len(history.nodes)}")
    if weather is not None:
        _require_same_steps(weather.horizon, history.horizon, "the weather")
    slots = HOURS_PER_DAY * MINUTES_PER_HOUR // history.horizon.step_minutes
    for profile in classes:
        if profile.relative.shape[-1] != slots:
            raise LoadError(f"class {profile.name!r} has {profile.relative.shape[-1]} values a day, expected {slots}")
    return Forecaster(history, calendar, weather, known, {profile.name: profile for profile in classes})


@dataclass(frozen=True, slots=True)
class Forecaster:
    """A history and all that explains it; nothing here changes, so one forecaster serves any number of instants."""

    history: LoadHistory
    calendar: Calendar
    weather: Weather | None
    facts: NodeFacts
    classes: Mapping[str, ClassProfile]

    def predict(self, now: datetime, horizon: Horizon) -> Forecast:
        """Forecast every node on ``horizon`` from what was measured before the step that contains ``now``.

        The history at and after that step is not looked at; the weather is, as its forecast.

        Raises:
            LoadError: where ``horizon`` has other steps than the history, begins before that step, or ends more than
                a week after now.
        """
        window = self._window(now, horizon)
        answer = Answer.of(len(self.history.nodes), horizon.steps)
        for is_pv in (False, True):
            rows = np.flatnonzero(self.facts.is_pv == is_pv)
            if rows.size:
                self._fill(answer, rows, self._setting(window, is_pv), window)
        measured_until = self._measured_until(int(steps_of(self.history.horizon, window.columns[window.before :])[0]))
        return Forecast(self.history.nodes, horizon, QUANTILES, answer.load_kw, tuple(answer.basis), measured_until)

    def _fill(self, answer: Answer, rows: IntArray, setting: Setting, window: Window) -> None:
        pool = ClassPool(self.facts)
        for part in own_forecasts(self.history.load_kw, rows, self.facts, setting):
            answer.take(part)
            pool.add(part)
        answer.borrow(rows, self.facts, lambda name: pool.ahead(name) or self._from_profile(name, window))

    def _from_profile(self, name: str, window: Window) -> ClassForecast | None:
        if name not in self.classes:
            return None
        ahead, clock = window.columns[window.first :], self.calendar.clock
        slot = clock.minute_of_day(ahead) // self.history.horizon.step_minutes
        return from_profile(self.classes[name], self.calendar.day_type(clock.date(ahead)), slot)

    def _window(self, now: datetime, horizon: Horizon) -> Window:
        _require_same_steps(horizon, self.history.horizon, "the forecast")
        step = timedelta(minutes=horizon.step_minutes)
        before = HOURS_PER_DAY * MINUTES_PER_HOUR // horizon.step_minutes
        lead = -((as_utc(now) - horizon.start) // step)
        if lead < 0 or horizon.end - as_utc(now) > AHEAD_MOST:
            raise LoadError(
                f"a forecast made at {now.isoformat()} cannot run from {horizon.start.isoformat()} to "
                f"{horizon.end.isoformat()}; it begins with the step that contains now or later and ends within a week"
            )
        offsets = np.arange(-before - lead, horizon.steps) * np.timedelta64(60 * horizon.step_minutes, "s")
        return Window(to_datetime64(horizon.start) + offsets, before, before + lead)

    def _setting(self, window: Window, is_pv: bool) -> Setting:
        steps = self.history.horizon
        recipe = PV if is_pv else LOAD
        days = recipe.days + WEEK_DAYS
        origins = window.by_the_sun(steps, days) if is_pv else window.on_the_wall_clock(self.calendar, steps, days)
        offset = 0 if self.weather is None else -int(steps_of(steps, self.weather.horizon.starts()[:1])[0])
        sun = self._irradiance(origins, offset) if is_pv else None
        ahead = weather_ahead(None if is_pv else self.weather, origins, offset)
        return Setting(origins, ahead, sun, MINUTES_PER_HOUR // steps.step_minutes, recipe)

    def _irradiance(self, origins: Origins, offset: int) -> FloatArray | None:
        """Irradiance around now and on earlier days (R, C); None where it is not known for all that is forecast."""
        if self.weather is None or self.weather.irradiance_w_m2 is None:
            return None
        around = origins.gather(self.weather.irradiance_w_m2, offset)
        return None if np.isnan(around[0, origins.first :]).any() else around

    def _measured_until(self, now: int) -> InstantArray:
        """When the last known step of each node ended, among those before step ``now``; NaT where none is known."""
        ends = np.full(len(self.history.nodes), np.datetime64("NaT", "s"))
        start = to_datetime64(self.history.horizon.start)
        length = np.timedelta64(60 * self.history.horizon.step_minutes, "s")
        for node, row in enumerate(self.history.load_kw):  # by row: a mask of the whole is large
            backwards = ~np.isnan(row[: max(now, 0)][::-1])
            if backwards.any():
                ends[node] = start + (backwards.size - int(backwards.argmax())) * length
        return ends


def _require_same_steps(found: Horizon, wanted: Horizon, what: str) -> None:
    if found.step_minutes != wanted.step_minutes:
        raise LoadError(
            f"{what} has steps of {found.step_minutes} min, the load history of {wanted.step_minutes}; use one length"
        )
