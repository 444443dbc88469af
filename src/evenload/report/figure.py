"""A chart with the words around it."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from evenload.report.chart.chart import Chart


@dataclass(frozen=True, slots=True)
class Figure:
    """``name`` is its file and anchor; ``key`` the strategy it belongs to ("" = all), so that a toggle can hide it."""

    name: str
    heading: str
    chart: Chart
    note: str = ""
    key: str = ""


@dataclass(frozen=True, slots=True)
class CaseFigures:
    """The same figures for one base load and behaviour; the first of a list is the reference."""

    base_load: str
    behaviour: str
    figures: list[Figure] = field(default_factory=list)


def slug(words: str) -> str:
    """Words as a safe part of a file name and anchor."""
    return re.sub(r"[^a-z0-9]+", "-", words.lower()).strip("-") or "unnamed"


def names(prefix: str, words: Sequence[str]) -> list[str]:
    """A different file name for each of the words, numbered where their slugs are the same."""
    found: list[str] = []
    for word in words:
        name = f"{prefix}-{slug(word)}"
        repeats = sum(other == name or other.startswith(f"{name}-x") for other in found)
        found.append(f"{name}-x{repeats + 1}" if repeats else name)
    return found
