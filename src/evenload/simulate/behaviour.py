"""What drivers do that a plan cannot know: leave at another time than declared, override, forget to plug in."""

from dataclasses import dataclass
from typing import Annotated, ClassVar, Final, Literal

import numpy as np
from pydantic import ConfigDict, Field

from evenload.base.errors import InputError
from evenload.base.instants import InstantArray
from evenload.base.units import BoolArray, FloatArray, IntArray, TextArray
from evenload.domain.history import History
from evenload.domain.session import Sessions

Share = Annotated[float, Field(ge=0, le=1)]

LEFT_AFTER_DECLARED_H: Final = (
    (0.01, -7.56), (0.05, -4.33), (0.10, -2.56), (0.242, -0.50), (0.50, 0.54), (0.75, 2.44), (0.90, 5.33),
    (0.95, 7.04), (0.99, 10.3),
)  # fmt: skip
"""Quantiles of hours that drivers left after the departure they had declared; negative is earlier.

Aggregate facts of 12,486 sessions of workplace drivers in California who declared a departure (ACN-Data: Lee, Li and
Low, e-Energy 2019). A stand-in for drivers at home, of whom no such data was found."""

DRAWS: Final = 3
"""Uniform numbers each session needs: skipped, declared departure, opted out."""

DECLARED_STAY_MINUTES_LEAST: Final = 30
"""The shortest stay those drivers declared."""


@dataclass(frozen=True, slots=True)
class Behaviour:
    """Settings of drivers' behaviour; keys of a study file.

    ``departures``: ``actual`` = drivers declare the departure they then keep; ``declared`` = what they declare is off
    by ``LEFT_AFTER_DECLARED_H``, or is what the history says they did declare. ``opt_out_share``: part of sessions
    whose driver overrides the plan and charges at once (default 1 %: the Calgary trial's overrides).
    ``skip_plug_in_share``: part of plug-ins not made.
    """

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    departures: Literal["actual", "declared"] = "actual"
    opt_out_share: Share = 0.01
    skip_plug_in_share: Share = 0.0

    def __post_init__(self) -> None:
        if self.departures not in ("actual", "declared"):
            raise InputError(f"departures is {self.departures!r}; it is actual or declared")
        for name in ("opt_out_share", "skip_plug_in_share"):
            if not 0 <= getattr(self, name) <= 1:
                raise InputError(f"{name} must be between 0 and 1, not {getattr(self, name):g}")


@dataclass(frozen=True)
class Behaved:
    """Sessions as drivers make them, one row each in the order of the history.

    ``sessions.departs_at`` is what the driver declares, ``unplugged_at`` what he does. ``energy_kwh_lost`` is the need
    of skipped plug-ins that no later session of the car could take; ``energy_kwh_beyond_power`` what the history
    claims beyond power x stay, which nobody can deliver and which is left out of the needs.
    """

    sessions: Sessions
    unplugged_at: InstantArray
    opted_out: BoolArray
    energy_kwh_lost: float
    energy_kwh_beyond_power: float


def behave(history: History, behaviour: Behaviour, draws: FloatArray) -> Behaved:
    """The sessions drivers of ``history`` would make under ``behaviour``.

    ``energy_kwh`` of the sessions is the metered energy at the connector, with efficiency 1. ``node`` is blank. A
    skipped plug-in adds its energy to the car's next session, up to power x stay of that one. Opt-outs and skips are
    drawn per session, alike for all: ``draws`` (``DRAWS``, sessions) are uniform in [0, 1). Raises ``InputError`` where
    a session's power is unknown.
    """
    unknown = ~(history.power_kw_max > 0)
    if unknown.any():
        raise InputError(f"{int(unknown.sum())} sessions have no power_kw_max, so what they can take is not known")
    most = history.power_kw_max * history.connected_h
    metered = np.minimum(history.energy_kwh_metered, most)
    skipped = draws[0] < behaviour.skip_plug_in_share
    energy, lost = _carried(history, metered, most, skipped)
    kept = ~skipped
    made = history.take(kept)
    declared = _declared(made, draws[1][kept]) if behaviour.departures == "declared" else made.unplugged_at
    sessions = Sessions.of(
        session_id=made.session_id,
        plugged_at=made.plugged_at,
        departs_at=declared,
        energy_kwh=energy[kept],
        power_kw_max=made.power_kw_max,
        user_id=made.user_id,
        site_type=made.site_type,
    )
    beyond = float((history.energy_kwh_metered - metered).sum())
    return Behaved(sessions, made.unplugged_at, draws[2][kept] < behaviour.opt_out_share, lost, beyond)


def _declared(history: History, quantile: FloatArray) -> InstantArray:
    """Declared departures, half an hour after plug-in at least."""
    levels, hours = np.array(LEFT_AFTER_DECLARED_H).T
    seconds = np.rint(3600.0 * np.interp(quantile, levels, hours)).astype("timedelta64[s]")
    earliest = history.plugged_at + np.timedelta64(DECLARED_STAY_MINUTES_LEAST, "m")
    drawn = np.maximum(history.unplugged_at - seconds, earliest)
    known = ~np.isnat(history.departs_at_declared) & (history.departs_at_declared > history.plugged_at)
    return np.where(known, history.departs_at_declared, drawn)


def _carried(
    history: History, energy_kwh: FloatArray, most_kwh: FloatArray, skipped: BoolArray
) -> tuple[FloatArray, float]:
    """Energy of each session with what skipped ones before it left over, and the energy that found no place."""
    order = np.lexsort((history.plugged_at, history.user_id))
    taker = _next_kept(history.user_id[order], skipped[order])
    from_skipped = np.where(skipped, energy_kwh, 0.0)[order]
    placed = (taker >= 0) & (history.user_id[order] != "")
    extra = np.zeros(len(history))
    np.add.at(extra, order[taker[placed]], from_skipped[placed])
    total = np.where(skipped, 0.0, np.minimum(energy_kwh + extra, most_kwh))
    return total, float(energy_kwh.sum() - total.sum())


def _next_kept(user_id: TextArray, skipped: BoolArray) -> IntArray:
    """Position of the first session not skipped, at or after each one of the same user; -1 where there is none."""
    size = skipped.size
    at = np.where(skipped, size, np.arange(size))
    following = np.minimum.accumulate(at[::-1])[::-1]
    found = following < size
    same = np.zeros(size, dtype=np.bool_)
    same[found] = user_id[following[found]] == user_id[found]
    return np.where(same, following, -1)
