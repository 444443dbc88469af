"""Who was short before, from plan to plan: `evenload plan --shortages FILE` reads the file, counts, and adds to it."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from evenload.base.errors import InputError
from evenload.base.horizon import Horizon
from evenload.base.instants import InstantArray, to_datetime64
from evenload.base.units import BoolArray, FloatArray, TextArray
from evenload.cli.reading import read
from evenload.domain.session import Sessions
from evenload.files.shortages import SHORTAGES
from evenload.files.table import write_table
from evenload.schedule.fairness.fatigue import fatigue_of
from evenload.schedule.why.shortfalls import shortfalls
from evenload.schedule.why.summary import Outcome

_SECONDS_PER_DAY: Final = 86_400.0
_HALF_LIVES_KEPT: Final = 10.0
"""A shortage is forgotten when a thousandth of it counts."""

_LEAST_KWH: Final = 0.01


@dataclass(frozen=True, slots=True)
class Shortages:
    """The file as it was before a plan; ``columns`` are empty where it does not exist yet."""

    path: Path
    half_life_days: float
    columns: dict[str, NDArray[Any]]
    is_new: bool

    def weights(self, sessions: Sessions, horizon: Horizon) -> FloatArray:
        """How much a shortage of each session counts (S,): more where its driver was short in stays that are over."""
        if not (sessions.user_id != "").any():
            raise InputError(
                "no session has a user_id, by which --shortages knows who was short before; give that column"
            )
        over = self.columns["departs_at"] <= to_datetime64(horizon.start)
        needed, lacked = (self.columns[name][over] for name in ("energy_kwh", "energy_kwh_unserved"))
        share = np.divide(lacked, needed, out=np.zeros(needed.size), where=needed > 0)
        return fatigue_of(
            sessions.user_id, self.columns["user_id"][over], share, self._days_ago(horizon)[over], self.half_life_days
        )

    def write(self, sessions: Sessions, outcome: Outcome, scarcity: BoolArray) -> int:
        """Put what a plan of ``sessions`` (the first of its problem) leaves short in place of what was known of these
        stays; returns how many are short.
        """
        lacked = _held_back_kwh(outcome, scarcity)[: len(sessions)]
        planned = _stays(sessions.user_id, sessions.departs_at)
        kept = ~np.isin(_stays(self.columns["user_id"], self.columns["departs_at"]), planned)
        kept &= self._days_ago(outcome.problem.horizon) <= _HALF_LIVES_KEPT * self.half_life_days
        short = np.flatnonzero((lacked > _LEAST_KWH) & (sessions.user_id != ""))
        _, first = np.unique(planned[short], return_index=True)  # a driver with two cars that leave at once counts once
        short = short[np.sort(first)]
        need = outcome.problem.energy_kwh[: len(sessions)]
        new = {
            "user_id": sessions.user_id[short], "departs_at": sessions.departs_at[short], "energy_kwh": need[short],
            "energy_kwh_unserved": np.minimum(lacked, need)[short],
        }  # fmt: skip
        write_table(
            self.path, SHORTAGES, {name: np.concatenate([old[kept], new[name]]) for name, old in self.columns.items()}
        )
        return int(short.size)

    def _days_ago(self, horizon: Horizon) -> FloatArray:
        ago = to_datetime64(horizon.start) - self.columns["departs_at"]
        return np.asarray(ago.astype("timedelta64[s]").astype(np.int64) / _SECONDS_PER_DAY)


def read_shortages(path: Path | None, half_life_days: float, skip_bad_rows: bool) -> Shortages | None:
    """The file, or a new one where there is none at the path; None without a path."""
    if path is None:
        return None
    if path.exists():
        return Shortages(path, half_life_days, read(path, SHORTAGES, skip_bad_rows).columns, False)
    empty = {column.name: np.zeros(0, dtype=column.kind.dtype) for column in SHORTAGES.columns}
    return Shortages(path, half_life_days, empty, True)


def weighed(sessions: Sessions, shortages: Shortages | None, horizon: Horizon) -> tuple[Sessions, tuple[str, ...]]:
    """Sessions whose ``weight`` counts earlier shortages, and for how many it does."""
    if shortages is None:
        return sessions, ()
    more = shortages.weights(sessions, horizon)
    count = int((more > 1).sum())
    notes = (f"an earlier shortage counts for {count:,} of {len(sessions):,} sessions",) * bool(count)
    return replace(sessions, weight=sessions.weight * more), notes


def _held_back_kwh(outcome: Outcome, scarcity: BoolArray) -> FloatArray:
    """What circuits keep from each session, kWh (S,); what no power could bring in its time is nobody's shortage."""
    found = shortfalls(outcome, scarcity)
    held = (found.node >= 0) & ~found.coarse
    return np.bincount(found.session[held], weights=found.energy_kwh[held], minlength=outcome.problem.sessions).astype(
        np.float64
    )


def _stays(user_id: TextArray, departs_at: InstantArray) -> TextArray:
    return np.char.add(np.char.add(user_id, " "), departs_at.astype("datetime64[s]").astype(np.str_))
