"""What the meters of a tenant told in the last weeks, as means of steps, read from the store bit by bit."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final

import numpy as np

from evenload.base.horizon import Horizon
from evenload.base.instants import Interval, to_datetime64
from evenload.service.base_load import Loads, Metered
from evenload.service.live_rows import LoadKind
from evenload.service.load_means import means_kw
from evenload.service.ports import Store, Unit
from evenload.service.problem_of import STEP_MINUTES, horizon_at

PAST: Final = timedelta(days=42)
_STEP: Final = timedelta(minutes=STEP_MINUTES)
_STEPS: Final = PAST // _STEP
_AGAIN: Final = ((PAST, timedelta(days=1)), (timedelta(days=3), timedelta(hours=1)), (timedelta(hours=2), timedelta(0)))
"""How far back to read, and how often: loads may come late, but most do not."""
_LONGEST: Final = timedelta(hours=2)
"""A load that began so long before what is read may reach into it."""
_LOADS_AT_ONCE: Final = 50_000
_FEW: Final = 4
_MUCH: Final = 500_000
_AT_FIRST: Final = timedelta(days=8)
_CARS_TOLD: Final = timedelta(minutes=5)
"""So long after a quarter of an hour what cars drew in it is known."""

Meter = tuple[str, bool]
"""At which circuit, and whether it counts all that flows through it."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Loads to be read: of some meters, in the steps of ``part``, as they are known ``now``.

    Each tells about ``rows_per_step`` at most.
    """

    tenant: str
    meters: tuple[Meter, ...]
    part: Horizon
    now: datetime
    rows_per_step: int

    @property
    def size(self) -> int:
        """How many loads that may be."""
        return len(self.meters) * self.part.steps * self.rows_per_step

    def portions(self) -> "Iterator[tuple[slice, slice, Wanted]]":
        """The same some meters and steps at a time: rows take far more room than what is kept of them."""
        steps = max(1, min(self.part.steps, _LOADS_AT_ONCE // self.rows_per_step))
        count = max(1, _LOADS_AT_ONCE // (steps * self.rows_per_step))
        for meter in range(0, len(self.meters), count):
            meters = slice(meter, meter + count)
            for step in range(0, self.part.steps, steps):
                length = min(steps, self.part.steps - step)
                part = Horizon(self.part.start + step * _STEP, STEP_MINUTES, length)
                yield meters, slice(step, step + length), replace(self, meters=self.meters[meters], part=part)


class LoadMemory:
    """The last weeks of every meter; not for several threads at once."""

    def __init__(self) -> None:
        self._rows: dict[Meter, int] = {}
        self._load_kw: Loads = np.zeros((0, _STEPS), dtype=np.float32)
        self._horizon: Horizon | None = None
        self._read_at: dict[timedelta, datetime] = {}

    @property
    def metered(self) -> Metered:
        """All that was taken."""
        horizon = self._horizon or Horizon(datetime(1970, 1, 1, tzinfo=UTC), STEP_MINUTES, _STEPS)
        is_total = np.array([total for _, total in self._rows], dtype=np.bool_)
        return Metered(tuple(node for node, _ in self._rows), is_total, horizon, self._load_kw)

    def due(self, now: datetime, rows: int) -> tuple[timedelta, ...]:
        """How far back to read now, one after the other: where there is much to read at first, the last days before."""
        found = next(span for span, every in _AGAIN if span not in self._read_at or now - self._read_at[span] >= every)
        at_first = not self._read_at and rows * _STEPS > _MUCH
        return (_AT_FIRST, found) if at_first else (found,)

    def wanted(self, tenant: str, meters: Mapping[Meter, int], now: datetime, span: timedelta) -> Iterator[Wanted]:
        """What to read: all meters that far back, and those that are new from their beginning.

        ``meters`` says how many loads each tells of a step. Those that tell many are read apart.
        """
        past = self._move_on(now)
        fresh = tuple(one for one in meters if one not in self._rows)
        if fresh:
            self._load_kw = np.vstack([self._load_kw, np.full((len(fresh), _STEPS), np.nan, dtype=np.float32)])
            self._rows |= {one: len(self._rows) + place for place, one in enumerate(fresh)}
        first = max((now - span - past.start) // _STEP, 0)
        parts = [(tuple(meters), Horizon(past.start + first * _STEP, STEP_MINUTES, _STEPS - first))]
        if fresh and self._read_at:
            parts.append((fresh, past))
        for asked, part in parts:
            for dense in (False, True):
                some = tuple(one for one in asked if (meters[one] > _FEW) is dense)
                if some:
                    yield Wanted(tenant, some, part, now, max(meters[one] for one in some))
        self._read_at |= {shorter: now for shorter, _ in _AGAIN if shorter <= span}

    def take(self, wanted: Wanted, load_kw: Loads) -> None:
        """Put in what was read; where nothing was told, what was known stays."""
        rows = [self._rows[one] for one in wanted.meters]
        first = _STEPS - wanted.part.steps
        self._load_kw[rows, first:] = np.where(np.isfinite(load_kw), load_kw, self._load_kw[rows, first:])

    def _move_on(self, now: datetime) -> Horizon:
        """Forget what is too old: the last step is the one before that which goes on now."""
        horizon = Horizon(horizon_at(now).start - PAST, STEP_MINUTES, _STEPS)
        before = self._horizon or horizon
        moved = min((horizon.start - before.start) // _STEP, _STEPS)
        if moved > 0:
            fresh = np.full((len(self._rows), moved), np.nan, dtype=np.float32)
            self._load_kw = np.hstack([self._load_kw[:, moved:], fresh])
        self._horizon = max(before, horizon, key=lambda one: one.start)
        return self._horizon


def meters_of(store: Store, tenant: str) -> dict[Meter, int]:
    """The meters of a tenant that ever told anything, and about how many loads of a step."""
    with store.reading() as unit:
        return {
            (one.node, one.kind is LoadKind.TOTAL): max(1, round(_STEP.total_seconds() / max(one.duration_s, 1.0)))
            for one in unit.loads.latest(tenant)
        }


def read_loads(store: Store, wanted: Wanted) -> Loads:
    """Means of steps, (meters, steps)."""
    found = np.full((len(wanted.meters), wanted.part.steps), np.nan, dtype=np.float32)
    for meters, steps, some in wanted.portions():
        with store.reading() as unit:
            found[meters, steps] = _read(unit, some)
    return found


def _read(unit: Unit, wanted: Wanted) -> Loads:
    part, meters = wanted.part, wanted.meters
    places = {meter: place for place, meter in enumerate(meters)}
    window = Interval(part.start - _LONGEST, part.end)
    rows = unit.loads.within(wanted.tenant, window, {node for node, _ in meters})
    told = [(place, one) for one in rows if (place := places.get((one.node, one.kind is LoadKind.TOTAL))) is not None]
    found = means_kw([one for _, one in told], [place for place, _ in told], len(meters), part).astype(np.float32)
    settled = (wanted.now - _CARS_TOLD - part.start) // _STEP
    for place, (node, is_total) in enumerate(meters):
        if is_total:
            found[place] -= _cars_kw(unit, wanted.tenant, node, part)
            found[place, max(settled, 0) :] = np.nan
    return found


def _cars_kw(unit: Unit, tenant: str, node: str, part: Horizon) -> Loads:
    """What enrolled devices below a circuit drew in each step; 0 where they told nothing."""
    found = np.zeros(part.steps, dtype=np.float32)
    rows = unit.slots.of_circuit(tenant, node, Interval(part.start, part.end))
    if rows:
        at = part.position(np.array([to_datetime64(one.at) for one in rows])).astype(np.int64)
        found[at] = [one.power_kw for one in rows]
    return found
