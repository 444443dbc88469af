"""How a strategy is named, drawn and explained; shape and dash go with every colour."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from evenload.report.chart.marks import MARKERS
from evenload.report.palette import STRATEGY_COLOURS
from evenload.report.results import StudyResults

_DASHES: Final = (None, "7 4", "2 3", "9 3 2 3", None, "1.5 4", "13 4", "13 3 2 3 2 3")
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
    "optimised": (
        5,
        "Optimised",
        "evenload charges at least cost under all limits with what is known so far, and plans again as that changes",
    ),
    "hindsight": (
        6,
        "Hindsight",
        "knows the future: the optimum had every arrival and departure been known, a yardstick nobody can reach",
    ),
}
VALLEY: Final = "valley"
OPTIMISED: Final = "optimised"
HINDSIGHT: Final = "hindsight"
UNMANAGED: Final = "unmanaged"
TIMER: Final = "timer"
_MANAGED_FIRST: Final = (VALLEY, OPTIMISED, "balanced", "price")


@dataclass(frozen=True, slots=True)
class Look:
    """One strategy on the page.

    ``key`` "k0", "k1" ... is its class and toggle; ``hue`` (0-7) its colour, which variants of one strategy share;
    ``slot`` (0-7) its dash and marker, which they do not.
    """

    name: str
    key: str
    hue: int
    slot: int
    label: str
    meaning: str

    @property
    def dash(self) -> str | None:
        """Dash pattern of its lines."""
        return _DASHES[self.slot]

    @property
    def marker(self) -> str:
        """Shape of its markers."""
        return MARKERS[self.slot]


def looks(results: StudyResults) -> dict[str, Look]:
    """A look for each strategy of a study."""
    return assign(results.strategies, results.kinds, results.settings)


def assign(names: Sequence[str], kinds: Sequence[str] = (), settings: Sequence[str] = ()) -> dict[str, Look]:
    """A look for each strategy: the first of a built-in kind always the same, its variants in its colour.

    ``kinds`` and ``settings`` (what differs from the defaults, in words) go with ``names`` where they are as long.
    """
    kinds = _kinds(names, kinds)
    settings = list(settings) if len(settings) == len(names) else [""] * len(names)
    first = _first_of_kind(names, kinds)
    taken = {_KNOWN[kind][0] for kind in first}
    free = [slot for slot in range(STRATEGY_COLOURS) if slot not in taken] or list(range(STRATEGY_COLOURS))
    found: dict[str, Look] = {}
    others = 0
    for i, (name, kind, own) in enumerate(zip(names, kinds, settings, strict=True)):
        if first.get(kind) == name:
            slot = _KNOWN[kind][0]
        else:
            slot, others = free[others % len(free)], others + 1
        hue, _, meaning = _KNOWN.get(kind, (slot, "", ""))
        label = _KNOWN[name][1] if name == kind and name in _KNOWN else _label(name)
        found[name] = Look(name, f"k{i}", hue, slot, label, _meaning(kind, meaning, own, first.get(kind) == name))
    return found


def look_style(made: Sequence[Look]) -> str:
    """CSS: the colour of each strategy, and what its toggle hides."""
    colours = "".join(f".{look.key}{{color:var(--s{look.hue})}}" for look in made)
    hidden = ",".join(
        f"html[data-off~={look.key}] figure[data-s={look.key}],html[data-off~={look.key}] .chart [data-s={look.key}]"
        for look in made
    )
    return colours + (f"{hidden}{{display:none}}" if hidden else "")


def named(results: StudyResults, kind: str) -> str | None:
    """Name of the first strategy of a kind; ``None`` where none was studied."""
    return _first_of_kind(results.strategies, _kinds(results.strategies, results.kinds)).get(kind)


def of_kind(results: StudyResults, kind: str) -> list[str]:
    """Names of all strategies of a kind, in order."""
    kinds = _kinds(results.strategies, results.kinds)
    return [name for name, own in zip(results.strategies, kinds, strict=True) if own == kind]


def managed(results: StudyResults) -> str | None:
    """The strategy the answer holds against the passive ones; ``None`` where all are passive."""
    best = next((name for kind in _MANAGED_FIRST if (name := named(results, kind)) is not None), None)
    kinds = _kinds(results.strategies, results.kinds)
    passive = (UNMANAGED, TIMER, HINDSIGHT)
    active = [name for name, kind in zip(results.strategies, kinds, strict=True) if kind not in passive]
    return best or (active[-1] if active else None)


def key_strategies(results: StudyResults) -> list[str]:
    """Unmanaged, timer and the managed one, as far as they were studied; all of them where none of these was."""
    wanted = (named(results, UNMANAGED), named(results, TIMER), managed(results))
    return [name for name in wanted if name is not None] or list(results.strategies)


def _kinds(names: Sequence[str], kinds: Sequence[str]) -> Sequence[str]:
    """Kinds as given, or the names themselves."""
    return kinds if len(kinds) == len(names) else names


def _first_of_kind(names: Sequence[str], kinds: Sequence[str]) -> dict[str, str]:
    """The strategy that stands for each built-in kind: the one of that very name, else the first."""
    found: dict[str, str] = {}
    for name, kind in zip(names, kinds, strict=True):
        if kind in _KNOWN and (kind not in found or name == kind):
            found[kind] = name
    return found


def _meaning(kind: str, meaning: str, settings: str, is_first: bool) -> str:
    if is_first or not meaning:
        return meaning
    return f"{_KNOWN[kind][1].lower()} with " + (settings or "settings of its own")


def _label(name: str) -> str:
    words = name.replace("_", " ").strip() or "unnamed"
    return words[0].upper() + words[1:]
