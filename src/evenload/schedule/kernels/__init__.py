"""The inner loops, compiled: the only place that imports Numba. Import it where it is called, never at the top.

Arrays only, no checks: the modules beside it validate and call. ``reference`` says the same slowly and plainly, and
tests demand equal answers. Every kernel releases the interpreter lock and gives the same answer whatever runs beside it.
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

__all__ = ["TINY_KW", "Cars", "Circuits", "Costs", "Slots", "fill_cheapest", "valley", "water_level"]
