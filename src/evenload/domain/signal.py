"""Signals: price and carbon over time, brought onto a horizon without inventing anything."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from evenload.base.errors import SignalError
from evenload.base.horizon import Horizon
from evenload.base.instants import InstantArray, to_datetime
from evenload.base.units import FloatArray, IntArray


@dataclass(frozen=True, slots=True)
class Series:
    """Values that hold from each timestamp to the next (``datetime64[s]`` UTC, strictly increasing).

    The last value holds as long as the interval before it (one hour where there is only one value).
    """

    timestamp: InstantArray
    value: FloatArray
    name: str

    def __post_init__(self) -> None:
        if self.timestamp.size == 0 or self.timestamp.shape != self.value.shape:
            raise SignalError(f"{self.name}: a series needs one value a timestamp, and at least one")
        steps = np.diff(self.timestamp.astype("datetime64[s]").astype(np.int64))
        if steps.size and steps.min() <= 0:
            row = int(np.flatnonzero(steps <= 0)[0]) + 1
            raise SignalError(f"{self.name}: {_text(self.timestamp[row])} is not after the timestamp before it")
        if not np.isfinite(self.value).all():
            row = int(np.flatnonzero(~np.isfinite(self.value))[0])
            raise SignalError(f"{self.name}: no finite value at {_text(self.timestamp[row])}")

    @property
    def step_seconds(self) -> int:
        """Length of the commonest interval, in seconds."""
        steps = np.diff(self.timestamp.astype("datetime64[s]").astype(np.int64))
        lengths, counts = np.unique(steps, return_counts=True)
        return int(lengths[counts.argmax()]) if steps.size else 3600

    def onto(self, horizon: Horizon) -> FloatArray:
        """Mean over each step, shape (steps,): coarser data is held, finer averaged, gaps and short ends refused."""
        seconds = self.timestamp.astype("datetime64[s]").astype(np.int64)
        begins = horizon.starts().astype(np.int64)
        edges = np.append(begins, begins[-1] + 60 * horizon.step_minutes)
        self._refuse_gaps(seconds, int(edges[0]), int(edges[-1]))
        end = seconds[-1] + self.step_seconds
        if edges[0] < seconds[0] or edges[-1] > end:
            raise SignalError(
                f"{self.name} runs from {_text(self.timestamp[0])} to {_text(np.datetime64(int(end), 's'))}; "
                f"the horizon needs {horizon.start.isoformat()} to {horizon.end.isoformat()}"
            )
        bounds = np.append(seconds, end)
        area = np.concatenate([[0.0], np.cumsum(self.value * np.diff(bounds))])
        return np.asarray(np.diff(np.interp(edges, bounds, area)) / (60.0 * horizon.step_minutes))

    def _refuse_gaps(self, seconds: IntArray, start: int, end: int) -> None:
        """Refuse a hole that touches ``[start, end)`` (seconds since 1970); holes elsewhere do not matter here."""
        held_until = seconds[:-1] + self.step_seconds
        gap = np.flatnonzero((seconds[1:] > held_until) & (held_until < end) & (seconds[1:] > start))
        if gap.size:
            row = int(gap[0])
            raise SignalError(
                f"{self.name} has a gap from {_text(self.timestamp[row])} to {_text(self.timestamp[row + 1])}; "
                f"its values are {self.step_seconds // 60} min apart elsewhere"
            )


@dataclass(frozen=True, slots=True)
class Signal:
    """Price and carbon on a horizon, one value a step; carbon, and what power fed in earns, are None where unknown."""

    horizon: Horizon
    price_per_kwh: FloatArray
    currency: str
    carbon_g_per_kwh: FloatArray | None = None
    carbon_kind: str = ""
    export_price_per_kwh: FloatArray | None = None

    def __post_init__(self) -> None:
        for name in ("price_per_kwh", "carbon_g_per_kwh", "export_price_per_kwh"):
            values = getattr(self, name)
            if values is not None and (values.shape != (self.horizon.steps,) or not np.isfinite(values).all()):
                raise SignalError(f"{name} needs {self.horizon.steps} finite values, one a step of the horizon")


@dataclass(frozen=True, slots=True)
class PlacedSignals:
    """Signals of M places of a grid, at least one, and which of them each of S sessions has.

    A place ``""`` is everywhere else.
    ``overall`` is the signal of everywhere else or, where no session has that one, the mean of the places.
    """

    places: tuple[str, ...]
    signals: tuple[Signal, ...]
    of_session: IntArray
    overall: Signal


def mean_signal(signals: Sequence[Signal]) -> Signal:
    """Mean of price, and of carbon where all have it, of signals of one horizon and currency."""
    carbon = [signal.carbon_g_per_kwh for signal in signals if signal.carbon_g_per_kwh is not None]
    whole = len(carbon) == len(signals)
    return Signal(
        signals[0].horizon,
        np.mean([signal.price_per_kwh for signal in signals], axis=0),
        signals[0].currency,
        np.mean(carbon, axis=0) if whole else None,
        signals[0].carbon_kind if whole else "",
    )


def _text(instant: np.datetime64) -> str:
    return to_datetime(instant).isoformat()
