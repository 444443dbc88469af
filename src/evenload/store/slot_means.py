"""Means of quarter hours from readings of whatever kind.

What meters counted over an interval goes before differences of their registers, and these before powers of a moment
that are held until the next; each where it tells of about as much of the quarter as any. Time nobody told of counts as
0 kW: stations meter while a car is there. ``covered`` is the share that was told of.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

SLOT_US: Final = 900_000_000
SLOTS_A_DAY: Final = 96
LOOK_BACK_US: Final = 3_600_000_000
"""How far before a quarter there may be a reading that still tells of it."""
_HOLD_US: Final = {"register": 3_600_000_000, "instant": 900_000_000}
_KINDS: Final = ("interval", "register", "instant")
_ABOUT: Final = 0.9
_US_AN_HOUR: Final = 3.6e9

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class SlotMeans:
    """Means of quarters; arrays of shape (meters, quarters)."""

    meters: Ints
    power_kw: Floats
    covered: Floats
    estimated: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class _Columns:
    at: Ints
    lane: Ints
    kind: NDArray[Any]
    duration_s: Floats
    power_kw: Floats
    energy_import: Floats
    energy_export: Floats
    estimated: NDArray[np.bool_]

    def only(self, kind: str) -> "_Columns":
        chosen = self.kind == kind
        return _Columns(*(getattr(self, name)[chosen] for name in self.__slots__))

    @property
    def energy_kwh(self) -> Floats:
        """Net of what is fed back; NaN where neither is told."""
        told = ~(np.isnan(self.energy_import) & np.isnan(self.energy_export))
        return np.where(told, np.nan_to_num(self.energy_import) - np.nan_to_num(self.energy_export), np.nan)


@dataclass(frozen=True, slots=True)
class _Spans:
    """What is told of spans of time on one axis, in order and apart."""

    start: Ints
    end: Ints
    energy_kwh: Floats
    estimated: NDArray[np.bool_]


def slot_means(rows: Sequence[tuple[Any, ...]], start: int, count: int) -> SlotMeans:
    """Means of ``count`` quarters from ``start`` (microseconds) by readings in the order of ``packing.COLUMNS``."""
    in_order = sorted(rows, key=lambda row: (row[1], row[0]))
    at, meter, kind, duration, power, taken, fed, _, quality, *_ = zip(*in_order, strict=True)
    meters, lane = np.unique(np.array(meter, dtype=np.int64), return_inverse=True)
    columns = _Columns(
        np.array(at, dtype=np.int64) - start, lane.astype(np.int64), np.array(kind), _floats(duration), _floats(power),
        _floats(taken), _floats(fed), np.array(quality) != "measured",
    )  # fmt: skip
    width = 2 * 24 * LOOK_BACK_US + count * SLOT_US  # of the lane of one meter on the axis of all
    edges = (np.arange(count + 1) * SLOT_US)[None, :] + (np.arange(len(meters)) * width)[:, None]
    told = [_at_edges(_spans(columns.only(kind), kind, width), edges) for kind in _KINDS]
    covered = np.stack([one[1] for one in told])
    chosen = np.argmax(covered >= covered.max(axis=0) * _ABOUT, axis=0)[None]
    energy, share, estimated = (np.take_along_axis(np.stack(one), chosen, 0)[0] for one in zip(*told, strict=True))
    return SlotMeans(meters, energy * (_US_AN_HOUR / SLOT_US), share, estimated > 0)


def _floats(column: Sequence[float | None]) -> Floats:
    return np.array(column, dtype=np.float64)


def _spans(of: _Columns, kind: str, width: int) -> _Spans:
    at = of.at + of.lane * width
    if kind == "interval":
        hours = of.duration_s / 3600
        energy = np.where(np.isnan(of.energy_kwh), of.power_kw * hours, of.energy_kwh)
        good = ~np.isnan(energy) & (of.duration_s > 0) & (of.duration_s <= 86_400)
        end = at[good] + np.rint(of.duration_s[good] * 1e6).astype(np.int64)
        return _apart(_Spans(at[good], end, energy[good], of.estimated[good]))
    length = np.diff(at)
    if kind == "register":
        energy, estimated = np.diff(of.energy_kwh), of.estimated[1:] | of.estimated[:-1]
        grows = (np.diff(np.nan_to_num(of.energy_import)) >= 0) & (np.diff(np.nan_to_num(of.energy_export)) >= 0)
    else:
        energy, estimated = of.power_kw[:-1] * length / _US_AN_HOUR, np.ones(len(length), dtype=np.bool_)
        grows = np.ones(len(length), dtype=np.bool_)
    same = (np.diff(of.lane) == 0) & (length <= _HOLD_US[kind])
    good = ~np.isnan(energy) & same & grows
    return _Spans(at[:-1][good], at[1:][good], energy[good], estimated[good])


def _apart(spans: _Spans) -> _Spans:
    """Spans that end where the next begins, at the latest."""
    end = np.minimum(spans.end, np.append(spans.start[1:], np.iinfo(np.int64).max))
    share = (end - spans.start) / np.maximum(spans.end - spans.start, 1)
    return _Spans(spans.start, end, spans.energy_kwh * share, spans.estimated)


def _at_edges(spans: _Spans, edges: Ints) -> tuple[Floats, Floats, Floats]:
    """Energy, the share covered, and the share that is estimated, between edges."""
    if not len(spans.start):
        nothing = np.zeros((edges.shape[0], edges.shape[1] - 1))
        return nothing, nothing, nothing
    points = np.stack((spans.start, spans.end), axis=1).ravel().astype(np.float64)
    length = (spans.end - spans.start) / SLOT_US
    amounts = (spans.energy_kwh, length, np.where(spans.estimated, length, 0.0))
    return tuple(_between(points, one, edges) for one in amounts)  # type: ignore[return-value]


def _between(points: Floats, amounts: Floats, edges: Ints) -> Floats:
    sums = np.cumsum(amounts)
    heights = np.stack((np.append(0.0, sums[:-1]), sums), axis=1).ravel()
    return np.diff(np.interp(edges, points, heights), axis=1)
