"""A column's cells, texts or typed, to its NumPy array, with every cell that is blank, foreign or out of range."""

from math import isfinite
from typing import Any, Final
from unicodedata import category

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from evenload.base.errors import InputError, did_you_mean
from evenload.base.units import BoolArray
from evenload.files.columns import Column, Kind
from evenload.files.parsing import ARROW_TYPES, BadCell, parse
from evenload.files.problems import RowReason

_BLANK_SENTENCE: Final = "the cell is blank; this column needs a value in every row"
_YEAR_SENTENCE: Final = "is not in the years 1990 to 2099; check the year, or the clock of the device it comes from"
_EARLIEST: Final = np.datetime64("1990-01-01", "s")
_LATEST: Final = np.datetime64("2100-01-01", "s")
_TEXT_LENGTH_MAX: Final = 200
_CONTROL: Final = frozenset({"Cc", "Zl", "Zp"})


def convert(column: Column, cells: pa.Array) -> tuple[NDArray[Any], list[BadCell]]:
    """Read a column's cells (texts, or already typed) into its NumPy type, blanks filled; a bad cell's value is moot.

    Raises ``InputError`` where a typed column is of a kind that cannot be meant, such as timestamps without zone.
    """
    if pa.types.is_dictionary(cells.type):
        cells = cells.dictionary_decode()
    if pa.types.is_large_string(cells.type) or pa.types.is_string_view(cells.type):
        cells = cells.cast(pa.string())
    if column.kind in {Kind.TEXT, Kind.WORD}:
        return _texts(column, cells)
    parsed, bad = parse(column.kind, cells) if pa.types.is_string(cells.type) else (_typed(column, cells), [])
    unknown = np.asarray(parsed.is_null().to_numpy(zero_copy_only=False), dtype=np.bool_)
    values = _filled(column, parsed)
    if column.blank is None:
        refused = {cell.row for cell in bad}
        bad += [BadCell(row, RowReason.BLANK, _BLANK_SENTENCE) for row in _rows(unknown) if row not in refused]
    if column.kind is Kind.INSTANT:
        outside = (values < _EARLIEST) | (values >= _LATEST)
        bad += [BadCell(row, RowReason.OUT_OF_RANGE, _YEAR_SENTENCE) for row in _rows(outside)]
    elif column.kind is not Kind.FLAG:
        outside = ~unknown & ~((values >= column.low) & (values <= column.high))
        bad += [_range_refusal(column, row, float(values[row])) for row in _rows(outside)]
    return values, bad


def text_array(texts: NDArray[np.str_], blank: BoolArray | None = None) -> pa.Array:
    """NumPy texts as one Arrow array, null where ``blank``; of millions Arrow makes chunks, which cannot be indexed."""
    cells = pa.array(texts, type=pa.string(), mask=blank)
    return cells.combine_chunks() if isinstance(cells, pa.ChunkedArray) else cells


def cell_text(cells: pa.Array, row: int) -> str:
    """The cell as it stood in the file (blank for a missing one)."""
    value = cells[row].as_py()
    return "" if value is None else str(value)


def _rows(mask: BoolArray) -> list[int]:
    rows: list[int] = np.flatnonzero(mask).tolist()
    return rows


def _typed(column: Column, cells: pa.Array) -> pa.Array:
    """Cells that already have a type (Parquet), cast where the kind fits; fractions of a second are dropped."""
    stored = cells.type
    number = pa.types.is_floating(stored) or pa.types.is_integer(stored) or pa.types.is_decimal(stored)
    fits = {
        Kind.NUMBER: number,
        Kind.INTEGER: number,
        Kind.INSTANT: pa.types.is_timestamp(stored),
        Kind.FLAG: pa.types.is_boolean(stored),
    }
    if not fits[column.kind] and not pa.types.is_null(stored):
        raise InputError(f"column {column.name} holds {stored}; it must hold {_EXPECTED[column.kind]}")
    if pa.types.is_timestamp(stored) and stored.tz is None:
        raise InputError(
            f"column {column.name} holds timestamps without a time zone; write them in UTC, as timestamp[s, tz=UTC]"
        )
    if pa.types.is_floating(stored):  # pandas writes an unknown number as NaN
        cells = pa.array(cells.to_numpy(zero_copy_only=False), from_pandas=True)
    try:
        return cells.cast(ARROW_TYPES[column.kind], safe=column.kind is not Kind.INSTANT)
    except pa.ArrowInvalid as error:
        raise InputError(f"column {column.name} must hold {_EXPECTED[column.kind]}: {error}") from error


_EXPECTED: Final = {
    Kind.NUMBER: "numbers", Kind.INTEGER: "whole numbers", Kind.INSTANT: "timestamps in UTC",
    Kind.FLAG: "true or false",
}  # fmt: skip


def _filled(column: Column, cells: pa.Array) -> NDArray[Any]:
    if column.kind is Kind.INSTANT:
        return np.asarray(cells.to_numpy(zero_copy_only=False), dtype="datetime64[s]")
    blank = 0 if column.blank is None else column.blank
    filled = cells.fill_null(pa.scalar(blank).cast(cells.type))
    return np.array(filled.to_numpy(zero_copy_only=False), dtype=column.kind.dtype)


def _range_refusal(column: Column, row: int, value: float) -> BadCell:
    if not isfinite(value):
        sentence = "is not a finite number; leave the cell blank where nothing is known"
        return BadCell(row, RowReason.NOT_A_NUMBER, sentence)
    too_large = abs(value) > column.high and column.wrong_unit
    advice = f"is it in {column.wrong_unit}?" if too_large else "check its sign and unit"
    span = f"{column.low:.15g} to {column.high:.15g} {column.unit}".rstrip()
    return BadCell(row, RowReason.OUT_OF_RANGE, f"{value:.15g} is outside {span}; {advice}")


def _texts(column: Column, cells: pa.Array) -> tuple[NDArray[Any], list[BadCell]]:
    """Text cells by way of their distinct values, each of which is judged once."""
    if not (pa.types.is_string(cells.type) or pa.types.is_integer(cells.type) or pa.types.is_null(cells.type)):
        raise InputError(f"column {column.name} holds {cells.type}; it must hold texts")
    coded = cells.cast(pa.string()).fill_null("").dictionary_encode()
    codes = coded.indices.to_numpy()
    distinct = coded.dictionary.to_pylist()
    if column.kind is Kind.WORD:
        distinct = [text.strip() for text in distinct]
    refusals = {code: refusal for code, text in enumerate(distinct) if (refusal := _text_refusal(column, text))}
    bad: list[BadCell] = []
    if refusals:
        bad = [BadCell(row, *refusals[codes[row]]) for row in _rows(np.isin(codes, list(refusals)))]
    blank = "" if column.blank is None else str(column.blank)
    kept = [blank if code in refusals or not text.strip() else text for code, text in enumerate(distinct)]
    filled = np.array(kept or [""], dtype=np.str_)
    return filled[codes], bad


def _text_refusal(column: Column, text: str) -> tuple[RowReason, str] | None:
    if not text.strip():
        return (RowReason.BLANK, _BLANK_SENTENCE) if column.blank is None else None
    if column.words and text not in column.words:
        suggestion = did_you_mean(text, column.words)
        return RowReason.UNKNOWN_WORD, f"is not one of {', '.join(column.words)}.{suggestion}"
    if len(text) > _TEXT_LENGTH_MAX:
        return (
            RowReason.TOO_LONG,
            f"is {len(text)} characters long, at most {_TEXT_LENGTH_MAX} fit; is a quote left open?",
        )
    if not text.isprintable() and any(category(letter) in _CONTROL for letter in text):
        return RowReason.CONTROL_CHARACTER, "holds a line break or another control character; write it on one line"
    return None
