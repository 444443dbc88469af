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
from evenload.schedule.kernels.cores import cores
from evenload.schedule.kernels.exchange import exchange
from evenload.schedule.kernels.fair import common_levels, connected
from evenload.schedule.kernels.finish import clip, lacking, place_stores, top_up
from evenload.schedule.kernels.flow import Ends, Search, make_search, push
from evenload.schedule.kernels.minimum import Claims, Wires, give_at_once
from evenload.schedule.kernels.network import (
    ACROSS,
    LIMIT,
    NONE,
    PEAK,
    SMOOTHING,
    Fleet,
    Groups,
    Network,
    Peaks,
    Prices,
    Stores,
    carry_over,
    make_flows,
    network_value,
    path_tolls,
    raise_tolls,
    tolls_ahead,
)
from evenload.schedule.kernels.optimum import money, sessions_value, sweep, terms_cost
from evenload.schedule.kernels.polish import polish
from evenload.schedule.kernels.serving import serve

__all__ = [
    "ACROSS",
    "LIMIT",
    "NONE",
    "PEAK",
    "SMOOTHING",
    "TINY_KW",
    "Cars",
    "Circuits",
    "Claims",
    "Costs",
    "Ends",
    "Fleet",
    "Groups",
    "Network",
    "Peaks",
    "Prices",
    "Search",
    "Slots",
    "Stores",
    "Wires",
    "carry_over",
    "clip",
    "common_levels",
    "connected",
    "cores",
    "exchange",
    "fill_cheapest",
    "give_at_once",
    "lacking",
    "make_flows",
    "make_search",
    "money",
    "network_value",
    "path_tolls",
    "place_stores",
    "polish",
    "push",
    "raise_tolls",
    "serve",
    "sessions_value",
    "sweep",
    "terms_cost",
    "tolls_ahead",
    "top_up",
    "valley",
    "water_level",
]
