"""What a canonical file is, declared: its columns with kinds, ranges and blanks, and the rules between them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from math import inf
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evenload.base.errors import InvariantError
from evenload.base.units import BoolArray
from evenload.files.problems import RowReason

Cells = Mapping[str, NDArray[Any]]
"""Columns of one file by name, all of one length."""


class Kind(StrEnum):
    """What the cells of a column hold, and the NumPy type they are read as."""

    TEXT = "text"
    NUMBER = "number"
    INTEGER = "whole number"
    INSTANT = "timestamp"
    WORD = "one of a list"
    FLAG = "true or false"

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of the column's array; instants are seconds in UTC."""
        return _DTYPES[self]


_DTYPES = {
    Kind.TEXT: np.dtype(np.str_),
    Kind.NUMBER: np.dtype(np.float64),
    Kind.INTEGER: np.dtype(np.int64),
    Kind.INSTANT: np.dtype("datetime64[s]"),
    Kind.WORD: np.dtype(np.str_),
    Kind.FLAG: np.dtype(np.bool_),
}


@dataclass(frozen=True, slots=True)
class Column:
    """One column: a file must have it if ``required``; an empty cell means ``blank``, or is refused where that is None.

    ``low`` and ``high`` are what the quantity can plausibly be, so that a wrong unit is noticed; ``wrong_unit`` is the
    question asked when a value is too large.
    """

    name: str
    text: str
    kind: Kind = Kind.NUMBER
    required: bool = False
    blank: str | float | np.datetime64 | None = None
    low: float = -inf
    high: float = inf
    unit: str = ""
    wrong_unit: str = ""
    words: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.required and self.blank is None:
            raise InvariantError(f"column {self.name} may be left out, so it must say what a blank means")


@dataclass(frozen=True, slots=True)
class RowRule:
    """A relation between cells of one row. ``sentence`` is a template that may name the row's columns in braces."""

    column: str
    reason: RowReason
    bad: Callable[[Cells], BoolArray]
    sentence: str


@dataclass(frozen=True, slots=True)
class TableSpec:
    """A canonical file: its columns in order, the columns that together name a row, and the rules between cells."""

    name: str
    text: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    rules: tuple[RowRule, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the columns, in order."""
        return tuple(column.name for column in self.columns)

    @property
    def required(self) -> tuple[str, ...]:
        """Names of the columns a file must have."""
        return tuple(column.name for column in self.columns if column.required)
