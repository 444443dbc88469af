"""Whether a station keeps its limits: two samples in a row above them, and it does not."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from evenload.domain.station_readings import Quality, Reading, ReadingKind

STRIKES: Final = 2


@dataclass(frozen=True, slots=True)
class Tolerance:
    """How much above a limit is still obeying: a share of it and a constant (kW, and A of one phase), for meters err.

    ``reaction_s`` is how long a station and a vehicle may take to follow.
    """

    share: float = 0.05
    power_kw: float = 0.2
    current_a: float = 0.6
    reaction_s: float = 15.0

    def exceeded(self, found_kw: float, limit_kw: float) -> bool:
        """Whether a power is too much."""
        return found_kw > limit_kw * (1.0 + self.share) + self.power_kw

    def exceeded_a(self, found_a: float, limit_a: float) -> bool:
        """Whether the current of a phase is too much."""
        return found_a > limit_a * (1.0 + self.share) + self.current_a


@dataclass(frozen=True, slots=True)
class Drawn:
    """What was drawn from ``start`` to ``end``: power (kW) and, of an instant, the highest current of a phase (A)."""

    start: datetime
    end: datetime
    power_kw: float
    current_a: float | None = None


class Watch:
    """What was drawn at one EVSE, and how often in a row it was too much."""

    def __init__(self) -> None:
        self.marked = False
        self._strikes = 0
        self._last_end: datetime | None = None
        self._register: tuple[datetime, float] | None = None

    def drawn(self, readings: Iterable[Reading]) -> Drawn | None:
        """What one sample shows, if it shows power: of its readings the one that tells most directly."""
        before, after = self._register, None
        best: Reading | None = None
        for one in readings:
            if one.kind is ReadingKind.REGISTER:
                if one.quality is Quality.MEASURED and one.energy_kwh_import is not None:
                    after = self._register = one.at, one.energy_kwh_import
            elif one.power_kw is not None and (best is None or one.kind is ReadingKind.INSTANT):
                best = one
        if best is None or best.power_kw is None:
            return _mean(before, after) if before and after else None
        end = best.at + timedelta(seconds=best.duration_s) if best.duration_s else best.at
        return Drawn(best.at, end, best.power_kw, _highest_a(best))

    def judge(self, drawn: Drawn, *, too_much: bool) -> bool:
        """Take a sample; whether it is the one that proves disobedience. Samples out of order do not count."""
        if self._last_end is not None and drawn.end <= self._last_end:
            return False
        self._last_end = drawn.end
        if not too_much:
            self._strikes, self.marked = 0, False
            return False
        self._strikes += 1
        found = self._strikes >= STRIKES and not self.marked
        self.marked = self.marked or found
        return found


def _mean(before: tuple[datetime, float], after: tuple[datetime, float]) -> Drawn | None:
    """The mean power (kW) between two readings of the register."""
    if after[0] <= before[0] or after[1] < before[1]:
        return None
    hours = (after[0] - before[0]).total_seconds() / 3600
    return Drawn(before[0], after[0], (after[1] - before[1]) / hours)


def _highest_a(reading: Reading) -> float | None:
    """The highest current where it is told of several phases; one without a phase may be the sum of them."""
    currents = [one for one in reading.current_a or () if one is not None]
    return max(currents) if len(currents) > 1 else None
