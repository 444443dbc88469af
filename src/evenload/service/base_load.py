"""Base load ahead at every circuit, from whatever is metered: each circuit's own sum, and nothing known left out."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

import numpy as np
from numpy.typing import NDArray

from evenload.base.horizon import Horizon
from evenload.base.local_clock import LocalClock
from evenload.base.units import HOURS_PER_DAY, MINUTES_PER_HOUR, BoolArray, FloatArray, IntArray
from evenload.domain.circuit import CircuitTree
from evenload.forecast.class_profile import ClassProfile
from evenload.forecast.conditions import Calendar
from evenload.forecast.forecast import Basis, Forecast
from evenload.forecast.forecaster import fit
from evenload.forecast.history import LoadHistory, NodeFacts
from evenload.forecast.own_history import DAYS_LEAST
from evenload.forecast.recipe import QUANTILES

COLD_DAYS: Final = 3
"""A meter that told of fewer days is taken for so many homes that they would have drawn what it told of."""
_AS_LONG: Final = 0.5
_KNOWN_LEAST: Final = 0.5
_GAPS_MAX: Final = 0.05
_HOURS_PER_YEAR: Final = 8760.0
_MEDIAN: Final = QUANTILES.index(0.5)
_UPPER: Final = slice(_MEDIAN, None)

Members = tuple[int, ...]
Loads = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Metered:
    """Mean loads that M meters told of in T steps, kW, shape (M, T), NaN where nothing was told.

    A meter is at a circuit: of what is connected there, or, where ``is_total`` (M,), of all that flows through it but
    the cars of enrolled devices.
    """

    nodes: tuple[str, ...]
    is_total: BoolArray
    horizon: Horizon
    load_kw: Loads

    @property
    def days(self) -> IntArray:
        """How many of the days that end with the last step each meter told of half of (M,)."""
        return _days(self.load_kw, self.horizon)


@dataclass(slots=True)
class _Rows:
    """Series that are forecast: of one meter, or the sum of several. ``partial``: some of it had to be filled in."""

    metered: Metered
    usual_kw: FloatArray
    place: dict[Members, int] = field(default_factory=dict)
    load_kw: list[FloatArray] = field(default_factory=list)
    partial: list[bool] = field(default_factory=list)

    def of(self, members: Members) -> int:
        """The series of the sum of some meters."""
        if members not in self.place:
            load_kw, partial = self._sum(members)
            self.place[members] = len(self.load_kw)
            self.load_kw.append(load_kw)
            self.partial.append(partial)
        return self.place[members]

    def _sum(self, members: Members) -> tuple[FloatArray, bool]:
        """A step that some meters told nothing of has what those usually draw then; too few of them leave it open."""
        if len(members) == 1:
            return self.metered.load_kw[members[0]].astype(np.float64), False
        slots = self.usual_kw.shape[1]
        total, told = np.zeros(self.metered.horizon.steps), np.zeros(self.metered.horizon.steps)
        most, whole, gaps = 0.0, 0, 0
        for member in members:
            own = self.metered.load_kw[member].astype(np.float64)
            known = np.isfinite(own)
            usual = np.tile(self.usual_kw[member], own.size // slots)
            size = float(np.abs(usual).mean()) + 1e-9
            total += np.where(known, own, usual)
            told += size * known
            most += size
            began = int(known.argmax())
            whole, gaps = whole + own.size - began, gaps + int((~known[began:]).sum())
        return np.where(told >= _KNOWN_LEAST * most, total, np.nan), gaps > _GAPS_MAX * whole


def base_load_ahead(
    metered: Metered, tree: CircuitTree, now: datetime, horizon: Horizon, homes: ClassProfile | None
) -> Forecast | None:
    """Forecasts of every circuit that has anything metered at it or below it; ``None`` where there is none.

    A circuit is forecast as the sum of what is metered below it. Meters that told of it for less than half as long as
    others are forecast on their own and added: a new one takes nothing away. The history of ``metered`` is of whole
    days and ends before the step that contains ``now``. ``homes`` says what homes are like, for meters that are new.
    """
    members = _members(metered, tree)
    if not any(members):
        return None
    known = np.isfinite(metered.load_kw).sum(axis=1)
    rows = _Rows(metered, _usual(metered))
    parts: dict[int, list[int]] = {}
    for node, own in enumerate(members):
        if own:
            longest = known[list(own)].max()
            settled = tuple(one for one in own if known[one] >= _AS_LONG * longest)
            parts[node] = [rows.of(settled), *(rows.of((one,)) for one in own if one not in set(settled))]
    zone = tree.circuits[0].timezone or "UTC"
    found = _forecast(np.stack(rows.load_kw), Calendar(LocalClock(zone)), metered.horizon, now, horizon, homes)
    return _at_circuits(found, rows.partial, parts, tree)


def _members(metered: Metered, tree: CircuitTree) -> list[Members]:
    """For every circuit the meters whose sum flows through it. One of all that does stands for those below it, unless
    they told of much more.
    """
    known = np.isfinite(metered.load_kw).sum(axis=1)
    below: list[list[int]] = [[] for _ in tree.circuits]
    totals: dict[int, int] = {}
    for row, name in enumerate(metered.nodes):
        node = tree.index.get(name)
        if node is not None and known[row]:
            if metered.is_total[row]:
                totals[node] = row
            else:
                below[node].append(row)
    for node in range(len(tree) - 1, -1, -1):
        total = totals.get(node)
        if total is not None and known[total] >= _AS_LONG * max((known[one] for one in below[node]), default=0):
            below[node] = [total]
        if node:
            below[int(tree.parent[node])] += below[node]
    return [tuple(sorted(own)) for own in below]


def _usual(metered: Metered) -> FloatArray:
    """Mean of each meter at each time of the day, (M, slots); its mean of all where it never told of one."""
    slots = _slots(metered.horizon)
    found = np.zeros((len(metered.nodes), slots))
    for row, load_kw in enumerate(metered.load_kw):
        days = load_kw.reshape(-1, slots).astype(np.float64)
        known = np.isfinite(days)
        if known.any():
            count = known.sum(axis=0)
            total = np.where(known, days, 0.0).sum(axis=0)
            found[row] = np.where(count > 0, total / np.maximum(count, 1), total.sum() / count.sum())
    return found


def _forecast(
    load_kw: FloatArray, calendar: Calendar, past: Horizon, now: datetime, horizon: Horizon, homes: ClassProfile | None
) -> Forecast:
    """Each series by its own history, or by that of homes while it is new; gaps of a forecast are filled."""
    history = LoadHistory(tuple(map(str, range(len(load_kw)))), past, load_kw)
    facts = NodeFacts.of(len(load_kw)) if homes is None else _facts(load_kw, calendar, past, homes)
    found = fit(history, calendar, facts=facts, classes=() if homes is None else (homes,)).predict(now, horizon)
    known = np.isfinite(found.load_kw)
    highest = np.where(known, found.load_kw, 0.0).max(axis=2, keepdims=True)  # 0 at least: what may feed in may not
    gaps = ~known & known.any(axis=2, keepdims=True)
    ahead_kw = np.where(gaps, highest, found.load_kw)
    unsure = np.isin(found.basis, (Basis.NONE,))
    ahead_kw[unsure] = np.maximum(ahead_kw[unsure], 0.0)  # NaN stays
    new = np.isin(found.basis, (Basis.CLASS, Basis.CLASS_MEASURED))
    least = np.where(np.isfinite(load_kw), load_kw, np.inf).min(axis=1)  # what is no home may draw as much at any time
    ahead_kw[new, _UPPER] = np.maximum(ahead_kw[new, _UPPER], least[new][:, None, None])
    filled = set(np.flatnonzero(gaps.any(axis=(1, 2))).tolist())
    basis = [Basis.GAPS if row in filled else one for row, one in enumerate(found.basis)]
    return replace(found, load_kw=ahead_kw, basis=tuple(basis))


def _facts(load_kw: FloatArray, calendar: Calendar, past: Horizon, homes: ClassProfile) -> NodeFacts:
    """How large each series is: so large that homes would have drawn in the same steps what it did."""
    starts = past.starts()
    slot = calendar.clock.minute_of_day(starts) // past.step_minutes
    relative = homes.relative_mean[calendar.day_type(calendar.clock.date(starts)), slot]
    known = np.isfinite(load_kw)
    mean_kw = np.where(known, load_kw, 0.0).sum(axis=1) / np.maximum((known * relative).sum(axis=1), 1e-9)
    days = _days(load_kw, past)
    cold = days < COLD_DAYS
    alike = (mean_kw > 0) & (cold | (days >= DAYS_LEAST))
    many = np.where(cold & (mean_kw > 0), np.maximum(mean_kw / homes.kw_per_home, 1.0), np.nan)
    return NodeFacts.of(
        len(load_kw), class_name=np.where(alike, homes.name, ""), annual_kwh=mean_kw * _HOURS_PER_YEAR, homes=many
    )


def _at_circuits(
    found: Forecast, partial: Sequence[bool], parts: dict[int, list[int]], tree: CircuitTree
) -> Forecast:  # fmt: skip
    """Forecasts of series put together at circuits; at none of them less than what is likely of those below it."""
    load_kw = np.full((len(tree), *found.load_kw.shape[1:]), np.nan)
    basis: dict[int, Basis] = {}
    for node, rows in parts.items():
        told = [row for row in rows if found.basis[row] is not Basis.NONE]
        if told:
            load_kw[node] = found.load_kw[told].sum(axis=0)
        whole = len(rows) == 1 and not partial[rows[0]]
        basis[node] = found.basis[rows[0]] if whole or not told else Basis.PARTIAL
    likely = np.full((len(tree), load_kw.shape[2]), -np.inf)
    for node in range(len(tree) - 1, -1, -1):
        if node in parts and basis[node] is not Basis.NONE:
            load_kw[node, _UPPER] = np.maximum(load_kw[node, _UPPER], likely[node])
            likely[node] = load_kw[node, _MEDIAN]
        if node and np.isfinite(likely[node]).all():
            above = tree.parent[node]
            likely[above] = np.where(np.isfinite(likely[above]), likely[above], 0.0) + likely[node]
    nodes = list(parts)
    until = np.array([found.measured_until[rows[0]] for rows in parts.values()], dtype=found.measured_until.dtype)
    names = tuple(tree.circuits[node].node for node in nodes)
    return Forecast(names, found.horizon, QUANTILES, load_kw[nodes], tuple(basis[node] for node in nodes), until)


def _days(load_kw: FloatArray | Loads, horizon: Horizon) -> IntArray:
    known = np.isfinite(load_kw).reshape(len(load_kw), -1, _slots(horizon))
    return np.asarray((known.mean(axis=2) >= _KNOWN_LEAST).sum(axis=1))


def _slots(horizon: Horizon) -> int:
    return HOURS_PER_DAY * MINUTES_PER_HOUR // horizon.step_minutes
