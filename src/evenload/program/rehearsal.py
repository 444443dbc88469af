"""A dry run of an event: what it would move in each quarter hour, who is called, who would go short, what comes back.

Out of arrays and a capacity forecast; nobody is told and nothing is drawn by chance. Requirements R17, R46, R96, R97.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from statistics import NormalDist
from typing import Final

import numpy as np

from evenload.base.errors import ColumnsError, InputError
from evenload.base.horizon import Horizon
from evenload.base.units import BoolArray, FloatArray, TextArray
from evenload.domain.columns import Columns
from evenload.program.event_call import Call, CallKind

_NOTHING_KWH: Final = 1e-6
CALLED: Final = "called"
AT_RISK: Final = "called, its need cannot be met"


@dataclass(frozen=True)
class Drivers(Columns):
    """Those an event may be for, one a row, as far as they are known.

    ``power_kw``: what the car draws while it charges; ``opt_out`` (0-1): how probably they opt out; ``energy_kwh``:
    what it needs from the start of the event on; ``after_h``: hours from the end of the event to its departure (0: it
    leaves before); ``circuit``: the one whose return is looked at; ``why_not``: why they are not called, blank for
    those who are.
    """

    participant_id: TextArray
    power_kw: FloatArray
    opt_out: FloatArray
    energy_kwh: FloatArray
    after_h: FloatArray
    circuit: TextArray
    why_not: TextArray

    def _check(self) -> None:
        for name in ("power_kw", "energy_kwh", "after_h"):
            value = getattr(self, name)
            self._first_bad(~((value >= 0) & np.isfinite(value)), name, "must be 0 or more", "participant_id")
        self._first_bad(~((self.opt_out >= 0) & (self.opt_out <= 1)), "opt_out", "must be 0 to 1", "participant_id")


@dataclass(frozen=True, slots=True)
class Snapback:
    """What comes back below a circuit after the event: kW at once if nothing held it, and the minutes it takes under
    its cap (0 where it has none)."""

    circuit: str
    energy_kwh: float
    power_kw: float
    minutes: float


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """What a dry run found. Powers (T,) are moved on average, and at least with ``confidence``; ``at_risk`` names those
    whose need cannot be met, who leave a voluntary event by themselves; ``counts`` is by reason, all rows together."""

    horizon: Horizon
    called: TextArray
    expected_kw: FloatArray
    assured_kw: FloatArray
    snapback: tuple[Snapback, ...]
    at_risk: TextArray
    counts: Mapping[str, int]
    sentence: str

    @property
    def peak_kw(self) -> float:
        """The most that is expected to move, which approvals are counted by."""
        return float(self.expected_kw.max(initial=0.0))


def rehearse(
    call: Call,
    horizon: Horizon,
    drivers: Drivers,
    there: FloatArray,
    caps_kw_per_minute: Mapping[str, float] | None = None,
    confidence: float = 0.9,
) -> Rehearsal:
    """Run an event dry. ``there`` (N, T): how probably each would draw its power in each step of the event's horizon
    without it (for one that asks for more: how probably it could and would not).

    A group limit moves what lies above it. Voluntary events do not count on those at risk. Raises ``ColumnsError`` for
    shapes and ``InputError`` for shares that cannot be.
    """
    if there.shape != (len(drivers), horizon.steps):
        raise ColumnsError(f"there has shape {there.shape}, expected ({len(drivers)}, {horizon.steps})")
    if not ((there >= 0) & (there <= 1)).all() or not 0.5 <= confidence < 1:
        raise InputError("there needs shares from 0 to 1, confidence one from 0.5 up to below 1")
    called = drivers.why_not == ""
    risk = called & at_risk(call, drivers, horizon.steps * horizon.hours_per_step)
    counted = called & (call.mandatory | ~risk)
    rows = np.flatnonzero(counted & (call.kind is not CallKind.ALERT))
    each = _each_kw(call, drivers.power_kw[rows])
    chance = there[rows] * (1.0 - drivers.opt_out[rows])[:, None]
    could = each @ chance
    mean = _taken_kw(call, could)
    share = np.divide(mean, could, out=np.zeros_like(mean), where=could > 0)
    assured = _taken_kw(call, could - NormalDist().inv_cdf(confidence) * np.sqrt(each**2 @ (chance * (1.0 - chance))))
    back = _snapback(
        call, drivers.take(rows), each[:, None] * chance * share, caps_kw_per_minute or {}, horizon
    )  # fmt: skip
    counts = dict(Counter(np.where(called, np.where(risk, AT_RISK, CALLED), drivers.why_not).tolist()))
    assured = np.maximum(assured, 0.0)
    return Rehearsal(
        horizon, drivers.participant_id[called], mean, assured, back, drivers.participant_id[risk], counts,
        _sentence(call, mean, assured, confidence, counts),
    )  # fmt: skip


def at_risk(call: Call, drivers: Drivers, length_h: float) -> BoolArray:
    """Whose need cannot be met: what the event leaves them, and all power afterwards, is less than they need."""
    if call.asks_for_more or not call.steers:
        return np.zeros(len(drivers), dtype=np.bool_)
    kept = _kept_kw(call, drivers.power_kw)
    return drivers.energy_kwh > kept * length_h + drivers.power_kw * drivers.after_h + _NOTHING_KWH


def _kept_kw(call: Call, power_kw: FloatArray) -> FloatArray:
    """What each may draw in the event; a limit over all together, and a price, forbid nobody to."""
    return np.array([call.device_kw_max(kw) for kw in power_kw.tolist()], dtype=np.float64)


def _each_kw(call: Call, power_kw: FloatArray) -> FloatArray:
    """What of each device's power may move, kW."""
    whole = call.asks_for_more or call.kind in (CallKind.GROUP_LIMIT, CallKind.PRICE)
    return power_kw if whole else power_kw - _kept_kw(call, power_kw)


def _taken_kw(call: Call, sum_kw: FloatArray) -> FloatArray:
    """What moves of all that could: a group limit leaves what lies below it, an increase has an end."""
    if call.power_kw is None:
        return sum_kw
    if call.kind is CallKind.GROUP_LIMIT:
        return np.maximum(sum_kw - call.power_kw, 0.0)
    return np.minimum(sum_kw, call.power_kw) if call.kind is CallKind.INCREASE else sum_kw


def _snapback(
    call: Call, drivers: Drivers, held_kw: FloatArray, caps: Mapping[str, float], horizon: Horizon
) -> tuple[Snapback, ...]:
    """What was held back (N, T) and is still needed comes back with all the power that was held at the end."""
    if call.asks_for_more or not call.steers or not len(drivers):
        return ()
    held_kwh = np.minimum(held_kw.sum(axis=1) * horizon.hours_per_step, drivers.energy_kwh)
    back_kw = np.where((drivers.after_h > 0) & (held_kwh > _NOTHING_KWH), held_kw[:, -1], 0.0)
    circuits, of = np.unique(drivers.circuit, return_inverse=True)
    kwh = np.bincount(of, weights=held_kwh, minlength=circuits.size).tolist()
    kw = np.bincount(of, weights=back_kw, minlength=circuits.size).tolist()
    return tuple(
        Snapback(name, kwh[row], kw[row], kw[row] / caps[name] if name in caps else 0.0)
        for row, name in enumerate(circuits.tolist())
    )


def _sentence(call: Call, mean: FloatArray, assured: FloatArray, confidence: float, counts: Mapping[str, int]) -> str:
    risk = counts.get(AT_RISK, 0)
    called = counts.get(CALLED, 0) + risk
    short = f"; {risk} would not have what they need" if risk else ""
    return (
        f"event {call.event_id}: {called} called, {sum(counts.values()) - called} not; {mean.min():.0f} to "
        f"{mean.max():.0f} kW on average, {assured.min():.0f} kW at least with {confidence:.0%} confidence{short}"
    )
