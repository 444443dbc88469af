"""Which strategies there are, by entry point, and how a study file chooses and sets them."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Final

from pydantic import TypeAdapter, ValidationError

from evenload.base.errors import InputError, did_you_mean
from evenload.schedule.strategies.optimised import Optimised
from evenload.schedule.strategy import Strategy
from evenload.simulate.knowledge import NOTHING, ArrivalsAsked, CautionAsked, Knowledge

GROUP = "evenload.strategies"


@dataclass(frozen=True, slots=True)
class Choice:
    """A strategy with its settings under the label reports use, and what it is to know from the past."""

    label: str
    strategy: Strategy
    knows: Knowledge = NOTHING


ENTRIES: Final[dict[str, Any]] = {
    "type": "array",
    "description": "names of strategies, or mappings with a strategy, an optional label and settings",
    "items": {
        "anyOf": [
            {"type": "string"},
            {
                "type": "object",
                "required": ["strategy"],
                "properties": {
                    "strategy": {"type": "string"},
                    "label": {"type": "string"},
                    "caution": CautionAsked.model_json_schema(),
                    "arrivals": ArrivalsAsked.model_json_schema(),
                },
            },
        ]
    },
}
"""JSON Schema of a study's list of strategies."""


def known() -> dict[str, EntryPoint]:
    """Installed strategies by name, evenload's own and others'."""
    return {point.name: point for point in entry_points(group=GROUP)}


def choose(entry: str | Mapping[str, Any]) -> Choice:
    """The strategy a study file names: a word, or a mapping with ``strategy``, an optional ``label`` and settings."""
    settings = {"strategy": entry} if isinstance(entry, str) else dict(entry)
    name = settings.pop("strategy", None)
    if not isinstance(name, str):
        raise ValueError("a strategy is a name, or a mapping with the key `strategy` and its settings")
    label = settings.pop("label", name)
    points = known()
    if name not in points:
        raise ValueError(
            f"there is no strategy {name!r}.{did_you_mean(name, points)} Installed: {', '.join(sorted(points))}"
        )
    kind = points[name].load()
    knows = Knowledge.taken_from(settings, name) if kind is Optimised else NOTHING
    return Choice(str(label), _settled(kind, name, settings), knows)


def _settled(kind: type[Strategy], name: str, settings: dict[str, Any]) -> Strategy:
    """Build a strategy from its settings, refusing unknown ones and wrong types."""
    allowed = [field.name for field in fields(kind)]  # type: ignore[arg-type]  # strategies are dataclasses
    for key in settings:
        if key not in allowed:
            listed = f" It has: {', '.join(allowed)}" if allowed else " It has no settings"
            raise ValueError(f"strategy {name} has no setting {key!r}.{did_you_mean(key, allowed)}{listed}")
    try:
        checked: Strategy = TypeAdapter(kind).validate_python(settings)
    except ValidationError as error:
        fault = error.errors(include_url=False)[0]
        message = str(fault["msg"]).removeprefix("Value error, ")
        raise ValueError(f"strategy {name}: {'.'.join(map(str, fault['loc']))} {message}") from error
    except InputError as error:
        raise ValueError(f"strategy {name}: {error}") from error
    return checked
