"""What holds a car in a step beside circuits and prices: events, turns after them, limits across, devices, risk."""

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from evenload.base.units import BoolArray, IntArray
from evenload.domain.reason import StepReason
from evenload.schedule.why.own_generation import OwnGeneration
from evenload.schedule.why.step_reasons import CODE, NOTHING

_COMES_FIRST: Final = [CODE[one] for one in (
    StepReason.NEED_MET, StepReason.OPTED_OUT, StepReason.GIVES_BACK, StepReason.MINIMUM, StepReason.TAPER,
)]  # fmt: skip
_BY_PRICE: Final = [CODE[one] for one in (StepReason.DEVICE, StepReason.CHEAP_SHARE, StepReason.WAITING_CHEAPER)]
_ON: Final = [CODE[one] for one in (StepReason.DEVICE, StepReason.CHEAP_SHARE, StepReason.FULL_POWER)]


@dataclass(frozen=True, slots=True)
class Held:
    """What holds each slot: ``reason`` (K,), a code of ``step_reasons`` or ``NOTHING``, and ``holder`` (K,), an index
    of ``names``, such as "event e7" or "phase A of T12". ``device`` (K,) is what in its device does (``NOTHING`` where
    nothing), ``early`` (K,) where the plan charges early in case the driver leaves early; None where there is none.
    """

    reason: NDArray[np.uint8]
    holder: IntArray
    names: tuple[str, ...]
    device: NDArray[np.uint8] | None = None
    early: BoolArray | None = None

    def over(self, reason: NDArray[np.uint8], wants: BoolArray) -> NDArray[np.uint8]:
        """Reasons of slots (K,) with those that hold here put over what circuits and prices say; ``wants`` (K,) where a
        car would draw more at the price.
        """
        found = self._by_device(reason)
        if self.early is not None:
            found = np.where(self.early & np.isin(reason, _ON), CODE[StepReason.EARLY_IN_CASE], found)
        free = (self.reason != NOTHING) & ~np.isin(reason, _COMES_FIRST)
        free &= (self.reason != CODE[StepReason.GROUP_LIMIT]) | wants
        absorbing = self.reason == CODE[StepReason.ABSORB]
        full = reason == CODE[StepReason.FULL_POWER]
        return np.where(free & (absorbing | ~full), self.reason, found)

    def _by_device(self, reason: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """A device explains what price does not, and whatever it does where it is never told anything."""
        if self.device is None:
            return reason
        never = (self.device == CODE[StepReason.UNTOLD]) & (reason == CODE[StepReason.OPTED_OUT])
        named = (self.device != NOTHING) & (self.device != CODE[StepReason.UNTOLD]) & np.isin(reason, _BY_PRICE)
        return np.where(never | named, self.device, reason)

    def named(self, circuits: int, slot: IntArray, reason: IntArray, node: IntArray) -> IntArray:
        """Indices of what each slot names, circuits first and the names of this one after them, -1 for nothing."""
        mine = (self.reason[slot] != NOTHING) & (reason == self.reason[slot])
        return np.where(mine, circuits + self.holder[slot], node)

    def with_own(self, own: OwnGeneration, reason: NDArray[np.uint8]) -> "Held":
        """The same with own generation named in the slots whose reason (K,) it is."""
        chosen = np.isin(reason, [CODE[StepReason.OWN_GENERATION], CODE[StepReason.WAITING_GENERATION]])
        return replace(
            self, reason=np.where(chosen, reason, self.reason), names=(*self.names, *own.names),
            holder=np.where(chosen, len(self.names) + own.holder, self.holder),
        )  # fmt: skip

    @classmethod
    def nothing(cls, slots: int) -> "Held":
        """Nothing that holds anything."""
        return cls(np.full(slots, NOTHING), np.full(slots, -1), ())
