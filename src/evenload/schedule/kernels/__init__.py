"""The inner loops, compiled: only these files import Numba. Import them where they are called, never at the top.

Arrays only, no checks: the modules beside it validate and call. ``reference`` and ``highs`` say the same slowly and
plainly, and tests hold them against each other. Every kernel releases the interpreter lock and is deterministic.
"""

from evenload.schedule.kernels.charging import (
    TINY_KW,
    Cars,
    Circuits,
    Costs,
    Slots,
    fill_cheapest,
    valley,
    water_level,
)
from evenload.schedule.kernels.exchange import serve
from evenload.schedule.kernels.optimum import (
    Fleet,
    Network,
    clip,
    dual_value,
    lacking,
    money,
    polish,
    raise_tolls,
    sweep,
    top_up,
)

__all__ = [
    "TINY_KW",
    "Cars",
    "Circuits",
    "Costs",
    "Fleet",
    "Network",
    "Slots",
    "clip",
    "dual_value",
    "fill_cheapest",
    "lacking",
    "money",
    "polish",
    "raise_tolls",
    "serve",
    "sweep",
    "top_up",
    "valley",
    "water_level",
]
