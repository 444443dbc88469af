"""How a strategy is named, drawn and explained; shape and dash go with every colour."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from evenload.report.chart.marks import MARKERS
from evenload.report.palette import STRATEGY_COLOURS

_DASHES: Final = (None, "7 4", "2 3", "9 3 2 3", None, "5 2", "12 4", "3 5")
_KNOWN: Final = {
    "unmanaged": (0, "Unmanaged", "nobody manages charging: every car charges at full power from plug-in"),
    "timer": (1, "Timer", "everyone charges inside the same off-peak hours of a time-of-use rate"),
    "price": (2, "Price", "every car picks its own cheapest hours, blind to the transformer above it"),
    "balanced": (3, "Balanced", "every car charges at one even power from plug-in to its declared departure"),
    "valley": (
        4,
        "Valley",
        "evenload fills the valleys of every circuit under all limits, and plans again as time goes on",
    ),
}
VALLEY: Final = "valley"
UNMANAGED: Final = "unmanaged"
TIMER: Final = "timer"
_MANAGED_FIRST: Final = (VALLEY, "balanced", "price")


@dataclass(frozen=True, slots=True)
class Look:
    """One strategy on the page; ``key`` "s0" to "s7" is its colour class."""

    name: str
    slot: int
    label: str
    meaning: str

    @property
    def key(self) -> str:
        """Colour class and toggle key."""
        return f"s{self.slot}"

    @property
    def dash(self) -> str | None:
        """Dash pattern of its lines."""
        return _DASHES[self.slot]

    @property
    def marker(self) -> str:
        """Shape of its markers."""
        return MARKERS[self.slot]


def looks(strategies: Sequence[str]) -> dict[str, Look]:
    """A look for each strategy: the built-in ones always the same, others in the slots that are left."""
    taken = {_KNOWN[name][0] for name in strategies if name in _KNOWN}
    free = [slot for slot in range(STRATEGY_COLOURS) if slot not in taken] or list(range(STRATEGY_COLOURS))
    found: dict[str, Look] = {}
    strangers = 0
    for name in strategies:
        if name in _KNOWN:
            slot, label, meaning = _KNOWN[name]
        else:
            slot, label, meaning = free[strangers % len(free)], _label(name), ""
            strangers += 1
        found[name] = Look(name, slot, label, meaning)
    return found


def managed(strategies: Sequence[str]) -> str | None:
    """The strategy the answer holds against the passive ones; ``None`` where all are passive."""
    active = [name for name in strategies if name not in (UNMANAGED, TIMER)]
    return next((name for name in _MANAGED_FIRST if name in active), active[-1] if active else None)


def key_strategies(strategies: Sequence[str]) -> list[str]:
    """Unmanaged, timer and the managed one, as far as they were studied; all of them where none of these was."""
    wanted = [name for name in (UNMANAGED, TIMER, managed(strategies)) if name in strategies]
    return [name for name in wanted if name is not None] or list(strategies)


def _label(name: str) -> str:
    words = name.replace("_", " ").strip() or "unnamed"
    return words[0].upper() + words[1:]
