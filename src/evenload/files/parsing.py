"""Text cells to numbers, instants and flags: a block at a time, one by one only in a block that holds a bad cell."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import isfinite
from typing import Any, Final

import pyarrow as pa

from evenload.files.columns import Kind
from evenload.files.problems import RowReason

ARROW_TYPES: Final = {
    Kind.NUMBER: pa.float64(),
    Kind.INTEGER: pa.int64(),
    Kind.INSTANT: pa.timestamp("s", tz="UTC"),
    Kind.FLAG: pa.bool_(),
}
_BLOCK: Final = 1024
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_FLAGS: Final = {"true": True, "1": True, "false": False, "0": False}
_WHOLE_NUMBER_MAX: Final = 2**53


@dataclass(frozen=True, slots=True)
class BadCell:
    """One refused cell: row from 0, why, and a sentence that says what to do."""

    row: int
    reason: RowReason
    sentence: str


class _RefusedError(Exception):
    """A cell that does not parse; never leaves this module."""

    def __init__(self, reason: RowReason, sentence: str) -> None:
        self.reason = reason
        super().__init__(sentence)


def parse(kind: Kind, cells: pa.Array) -> tuple[pa.Array, list[BadCell]]:
    """Typed cells of a text column, null where one is blank or bad; spaces around a cell do not count."""
    try:
        return cells.cast(ARROW_TYPES[kind]), []
    except pa.ArrowInvalid:
        pass
    pieces: list[pa.Array] = []
    bad: list[BadCell] = []
    for start in range(0, len(cells), _BLOCK):
        block = cells.slice(start, _BLOCK)
        try:
            pieces.append(block.cast(ARROW_TYPES[kind]))
        except pa.ArrowInvalid:
            pieces.append(_one_by_one(kind, block, start, bad))
    return pa.concat_arrays(pieces), bad


def _one_by_one(kind: Kind, block: pa.Array, start: int, bad: list[BadCell]) -> pa.Array:
    values: list[Any] = []
    for row, text in enumerate(block.to_pylist(), start):
        value = None
        if text is not None and text.strip():
            try:
                value = _PARSERS[kind](text.strip())
            except _RefusedError as refusal:
                bad.append(BadCell(row, refusal.reason, str(refusal)))
        values.append(value)
    return pa.array(values).cast(ARROW_TYPES[kind])


def _number(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not isfinite(value) or "_" in text:
        advice = "write a decimal point, not a comma" if "," in text else "leave the cell blank where nothing is known"
        raise _RefusedError(RowReason.NOT_A_NUMBER, f"is not a number; {advice}")
    return value


def _integer(text: str) -> int:
    value = _number(text)
    if not value.is_integer() or abs(value) > _WHOLE_NUMBER_MAX:
        raise _RefusedError(RowReason.NOT_A_NUMBER, "is not a whole number")
    return int(value)


def _instant(text: str) -> int:
    """Whole seconds since 1970 in UTC."""
    try:
        instant = datetime.fromisoformat(text)
    except ValueError as error:
        sentence = "is not an ISO 8601 timestamp such as 2020-01-06T17:00:00+01:00"
        raise _RefusedError(RowReason.NOT_A_TIMESTAMP, sentence) from error
    if instant.tzinfo is None:
        sentence = f"has no offset from UTC; write for example {instant.isoformat()}+00:00"
        raise _RefusedError(RowReason.NO_OFFSET, sentence)
    return (instant - _EPOCH) // timedelta(seconds=1)


def _flag(text: str) -> bool:
    if text.lower() not in _FLAGS:
        raise _RefusedError(RowReason.UNKNOWN_WORD, "is not true or false")
    return _FLAGS[text.lower()]


_PARSERS: Final[dict[Kind, Callable[[str], Any]]] = {
    Kind.NUMBER: _number, Kind.INTEGER: _integer, Kind.INSTANT: _instant, Kind.FLAG: _flag,
}  # fmt: skip
