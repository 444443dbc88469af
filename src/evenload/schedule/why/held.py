"""What holds a car in a step beside circuits and prices: events, turns after them, limits across the tree."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from evenload.base.units import IntArray
from evenload.domain.reason import StepReason
from evenload.schedule.why.step_reasons import CODE

NOTHING: Final = np.uint8(255)
"""The code of a slot that is held by nothing else than circuits and prices."""

_COMES_FIRST: Final = (
    StepReason.NEED_MET, StepReason.OPTED_OUT, StepReason.GIVES_BACK, StepReason.MINIMUM, StepReason.TAPER,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Held:
    """What holds each slot: ``reason`` (K,), a code of ``step_reasons`` or ``NOTHING``, and ``holder`` (K,), an index
    of ``names``, such as "event e7" or "phase A of T12".
    """

    reason: NDArray[np.uint8]
    holder: IntArray
    names: tuple[str, ...]

    def over(self, reason: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Reasons of slots (K,) with those that hold here put over what circuits and prices say."""
        free = (self.reason != NOTHING) & ~np.isin(reason, [CODE[one] for one in _COMES_FIRST])
        absorbing = self.reason == CODE[StepReason.ABSORB]
        full = reason == CODE[StepReason.FULL_POWER]
        return np.where(free & (absorbing | ~full), self.reason, reason)

    def named(self, circuits: int, slot: IntArray, reason: IntArray, node: IntArray) -> IntArray:
        """Indices of what each slot names, circuits first and the names of this one after them, -1 for nothing."""
        mine = (self.reason[slot] != NOTHING) & (reason == self.reason[slot])
        return np.where(mine, circuits + self.holder[slot], node)
