"""Cars that charge at home and away: one population whose home share of energy is a stated fact."""

from typing import Final

import numpy as np

from evenload.base.errors import InputError
from evenload.base.units import BoolArray
from evenload.domain.history import History

HOME_SHARE: Final = 0.82
"""The report: more than 80 % of charging is done at home."""


def blend(home: History, away: History, rng: np.random.Generator, home_share: float = HOME_SHARE) -> History:
    """All of ``home`` and as many sessions of ``away`` as make its energy ``home_share`` of the whole; by plug-in.

    Cars are matched by ``user_id``: ``car000007`` away is ``car000007`` at home. An away session that overlaps a
    home session of its car cannot happen and is left out first; of the others a random part is taken. Home sessions
    are left as they are: what is charged away comes on top. Raises ``InputError`` where even all of the away sessions
    do not bring the home share that low, naming the share they reach.
    """
    if not 0 < home_share <= 1:
        raise InputError(f"home_share must be above 0 and at most 1, not {home_share:g}")
    away = away.take(_apart(home, away))
    home_kwh = float(home.energy_kwh_metered.sum())
    wanted = home_kwh * (1 / home_share - 1)
    order = rng.permutation(len(away))
    running = np.cumsum(away.energy_kwh_metered[order])
    available = float(running[-1]) if order.size else 0.0
    if available < wanted:
        raise InputError(
            f"home_share {home_share:g} is out of reach: all away sessions that fit leave "
            f"{home_kwh / (home_kwh + available):.3f} at home"
        )
    taken = away.take(np.sort(order[: int(np.searchsorted(running, wanted))]))
    both = History.concatenate([home, taken])
    both = both.take(np.argsort(both.plugged_at, kind="stable"))
    names = np.array([f"s{i:07d}" for i in range(len(both))], dtype=np.str_)
    return History(**(both.columns() | {"session_id": names}))


def _apart(home: History, away: History) -> BoolArray:
    """Away sessions that overlap no home session of the same car."""
    cars = np.unique(home.user_id)
    known = np.isin(away.user_id, cars)
    spread = 2**40
    begins = np.searchsorted(cars, home.user_id) * spread + home.plugged_at.astype(np.int64)
    order = np.argsort(begins)
    begins, ends = begins[order], begins[order] + (home.unplugged_at - home.plugged_at).astype(np.int64)[order]
    car = np.searchsorted(cars, away.user_id) * spread
    next_home = np.searchsorted(begins, car + away.unplugged_at.astype(np.int64), side="left")
    last_end = np.concatenate([[-1], ends])[next_home]
    return np.asarray(known & (last_end <= car + away.plugged_at.astype(np.int64)))
