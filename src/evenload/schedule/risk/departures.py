"""How likely a driver is still plugged in, so long before the departure that was declared.

Drivers leave before they said: of 8,853 who declared a departure at two Californian workplaces in 2019, one in five
left more than half an hour early. What is fitted is a plain count (the empirical survival function) in classes of the
declared stay: who declares an hour is seldom early, who declares twelve often by hours.
"""

from dataclasses import dataclass
from itertools import pairwise
from math import isfinite
from typing import Final, Self

import numpy as np

from evenload.base.errors import ColumnsError, InputError
from evenload.base.instants import InstantArray
from evenload.base.units import FloatArray, IntArray

_GRID_MINUTES: Final = 5.0
_EARLIEST_MINUTES: Final = 1440.0
_SESSIONS_PER_CLASS: Final = 200
_CLASSES_MAX: Final = 16
_SECONDS_PER_MINUTE: Final = 60.0
_HARDLY: Final = 0.02
_MOST: Final = 0.6
_WORDS: Final = {2: "two", 3: "three", 4: "four", 5: "five", 6: "six", 7: "seven", 8: "eight", 9: "nine", 10: "ten"}


@dataclass(frozen=True, slots=True)
class DepartureRisk:
    """Shares of drivers still plugged in before their declared departure, by class of declared stay; plain numbers.

    ``stay_minutes_from`` (C,) is the shortest declared stay of each class, rising from 0; ``minutes_before`` (M,) is
    time to the declared departure, rising from 0; ``still_there`` (C, M) is the share plugged in until then, from 0 to
    1, rising with it, in between on a straight line. The default trusts every driver. Raises ``InputError`` for what
    cannot be.
    """

    stay_minutes_from: tuple[float, ...] = (0.0,)
    minutes_before: tuple[float, ...] = (0.0,)
    still_there: tuple[tuple[float, ...], ...] = ((1.0,),)

    def __post_init__(self) -> None:
        for name in ("stay_minutes_from", "minutes_before"):
            times = getattr(self, name)
            rising = all(a < b for a, b in pairwise(times)) and all(map(isfinite, times))
            if not times or times[0] != 0 or not rising:
                raise InputError(f"{name} of a departure risk must be minutes that rise from 0, not {times}")
        if len(self.still_there) != len(self.stay_minutes_from):
            raise InputError("still_there of a departure risk needs one row for each of stay_minutes_from")
        for row in self.still_there:
            rising = all(a <= b for a, b in pairwise(row)) and all(0 <= one <= 1 for one in row)
            if len(row) != len(self.minutes_before) or not rising:
                raise InputError(
                    "still_there of a departure risk needs in each row one share between 0 and 1 for each of "
                    "minutes_before, none lower than the one before"
                )

    @classmethod
    def fit(cls, declared: InstantArray, actual: InstantArray, plugged: InstantArray) -> Self:
        """Count who was still there; instants of one session a row, shape (S,).

        Rows with an instant missing (NaT), or that end or should end before they begin, say nothing and are left out.
        In every class one imaginary driver who keeps his word counts along, so that no share is 0 and no history at all
        means trust. Classes hold about as many sessions each, 200 at the least, and are 16 at most.
        """
        if not declared.shape == actual.shape == plugged.shape:
            raise ColumnsError(
                f"declared, actual and plugged have shapes {declared.shape}, {actual.shape}, {plugged.shape}"
            )
        known = (declared > plugged) & (actual > plugged)  # false wherever one is missing
        stay, early = _minutes(declared[known] - plugged[known]), _minutes(declared[known] - actual[known])
        edges = _edges(stay)
        grid = _grid(early)
        rows = []
        for group in range(edges.size):
            inside = np.sort(early[_class_of(edges, stay) == group])
            rows.append((np.searchsorted(inside, grid, side="right") + 1) / (inside.size + 1))
        return cls(tuple(edges.tolist()), tuple(grid.tolist()), tuple(tuple(row.tolist()) for row in rows))

    def class_of(self, stay_minutes: FloatArray) -> IntArray:
        """Class of declared stays (minutes), one each."""
        return _class_of(np.array(self.stay_minutes_from), stay_minutes)

    def there(self, group: IntArray, minutes_before: FloatArray) -> FloatArray:
        """Share of drivers of classes (G,) plugged in until so many minutes before their departure (G, T), as (G, T).

        What lies after the declared departure counts as at it.
        """
        found = np.empty(minutes_before.shape)
        for one in np.unique(group):
            rows = group == one
            found[rows] = np.interp(minutes_before[rows], self.minutes_before, self.still_there[one])
        return found

    def there_of_those_here(
        self, group: IntArray, minutes_before: FloatArray, minutes_before_now: FloatArray
    ) -> FloatArray:
        """As ``there``, among drivers that are still plugged in ``minutes_before_now`` (G,) minutes before."""
        here = self.there(group, minutes_before_now[:, None])
        later = np.minimum(self.there(group, minutes_before), here)
        return np.divide(later, here, out=np.ones_like(later), where=here > 0)

    def habit(self, stay_minutes: float, minutes_early: int = 30) -> str:
        """What drivers who declare such a stay do, in words: ``one driver in four leaves more than 30 min early``."""
        there = self.there(self.class_of(np.array([stay_minutes])), np.array([[float(minutes_early)]]))
        gone = 1.0 - float(there[0, 0])
        if gone < _HARDLY:
            return f"hardly any driver leaves more than {minutes_early} min early"
        if gone >= _MOST:
            return f"most drivers leave more than {minutes_early} min early"
        number = round(1.0 / gone)
        return f"one driver in {_WORDS.get(number, str(number))} leaves more than {minutes_early} min early"

    def minutes_early(self, share_there: float) -> FloatArray:
        """How long before the declared departure, at the latest, that share of each class is there, minutes, (C,).

        Where it is not at any time of the table, the earliest of it.
        """
        minutes = np.array(self.minutes_before)
        found = np.empty(len(self.still_there))
        for one, row in enumerate(self.still_there):
            place = int(np.searchsorted(row, share_there, side="left"))
            found[one] = minutes[min(place, minutes.size - 1)]
        return found


def _minutes(spans: "np.ndarray[tuple[int], np.dtype[np.timedelta64]]") -> FloatArray:
    return np.asarray(spans.astype("timedelta64[s]").astype(np.int64) / _SECONDS_PER_MINUTE)


def _class_of(edges: FloatArray, stay_minutes: FloatArray) -> IntArray:
    return np.maximum(np.searchsorted(edges, stay_minutes, side="right") - 1, 0)


def _edges(stay: FloatArray) -> FloatArray:
    """Shortest stay of each class: quantiles of the declared stays with enough sessions on either side."""
    count = min(max(stay.size // _SESSIONS_PER_CLASS, 1), _CLASSES_MAX)
    ordered, edges, before = np.sort(stay), [0.0], 0
    for edge in ordered[np.arange(1, count) * stay.size // count]:
        shorter = int(np.searchsorted(ordered, edge))
        if min(shorter - before, stay.size - shorter) >= _SESSIONS_PER_CLASS:
            edges.append(float(edge))
            before = shorter
    return np.array(edges)


def _grid(early: FloatArray) -> FloatArray:
    """Times before departure that the table has: as far as anybody was early, a day at most."""
    most = min(float(early.max(initial=0.0)), _EARLIEST_MINUTES)
    return np.asarray(np.arange(np.ceil(max(most, 0.0) / _GRID_MINUTES) + 1) * _GRID_MINUTES)
