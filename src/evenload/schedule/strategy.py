"""The port every strategy implements. Others join by the entry point group ``evenload.strategies``."""

from typing import ClassVar, Protocol

import numpy as np

from evenload.base.units import FloatArray
from evenload.domain.reason import UnservedReason
from evenload.schedule.problem import Problem


class Strategy(Protocol):
    """One way to decide power; a frozen dataclass whose fields are its settings in a study file.

    Promises, checked by ``evenload.testing.StrategyContract``: power between 0 and ``cap_kw``, never more energy than
    the need, the same answer for the same generator state, inputs untouched, and no use of what is not yet known
    (later arrivals, true departures).
    """

    name: ClassVar[str]
    """Word by which study files and reports call it."""

    shortfall: ClassVar[UnservedReason]
    """Why a session that stayed long enough may still lack energy under this strategy."""

    def power_kw(self, problem: Problem, rng: np.random.Generator) -> FloatArray:
        """Mean power of every slot, kW, shape (slots,)."""
        ...
