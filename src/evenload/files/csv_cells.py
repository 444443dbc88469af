"""CSV, plain or gzipped, to cells of text: lines counted, blank ones skipped, ones of the wrong length set aside."""

import csv
import gzip
import io
import zlib
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv

from evenload.base.errors import InputError
from evenload.base.units import BoolArray, IntArray
from evenload.files.checks import RawTable, check_header, shortened
from evenload.files.columns import TableSpec
from evenload.files.problems import RowProblem, RowReason

WHOLE_LINE: Final = "whole line"
"""What stands for the column where a line has the wrong number of cells."""


def read_csv(path: Path, spec: TableSpec) -> RawTable:
    """Read the file's cells as text, blanks null. Raises ``InputError`` where the file as a whole cannot be read."""
    data = _unpacked(path)
    if not data.endswith(b"\n"):
        data += b"\n"
    if not data.strip():
        raise InputError(f"{path} is empty; its first line must name the columns {', '.join(spec.required)}")
    _refuse_other_encodings(path, data)
    odd: list[Any] = []

    def set_aside(row: Any) -> str:  # noqa: ANN401 - pyarrow's InvalidRow has no public type
        odd.append(row)
        return "skip"

    try:
        table = pa_csv.read_csv(
            pa.py_buffer(data),
            # one thread: only then does pyarrow count lines
            read_options=pa_csv.ReadOptions(use_threads=False),
            parse_options=pa_csv.ParseOptions(
                invalid_row_handler=set_aside, ignore_empty_lines=False, newlines_in_values=True
            ),
            convert_options=pa_csv.ConvertOptions(
                column_types=dict.fromkeys(spec.names, pa.string()),
                null_values=[""], strings_can_be_null=True, quoted_strings_can_be_null=True,
            ),
        )  # fmt: skip
    except pa.ArrowInvalid as error:
        raise InputError(_not_csv(path, data, str(error))) from error
    check_header(path, table.column_names, spec)
    records = _record_lines(data, 1 + table.num_rows + len(odd))
    ragged = tuple(_ragged(path, row, int(records[row.number - 1])) for row in odd)
    lines = np.delete(records, [0, *(row.number - 1 for row in odd)])
    texts = {problem.line: str(row.text) for problem, row in zip(ragged, odd, strict=True)}
    return _without_blank_lines(RawTable(path, _cells(table), lines, ragged, texts))


def _unpacked(path: Path) -> bytes:
    data = path.read_bytes()
    if path.suffix != ".gz":
        return data
    try:
        return gzip.decompress(data)
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise InputError(f"{path} cannot be unpacked with gzip: {error}") from error


def _refuse_other_encodings(path: Path, data: bytes) -> None:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise InputError(
            f"{path}, line {line}: byte {data[error.start]:#04x} is not UTF-8; save the file as UTF-8"
        ) from error


def _not_csv(path: Path, data: bytes, error: str) -> str:
    for line, text in enumerate(data.split(b"\n"), 1):
        if text.count(b'"') % 2:
            return f"{path}, line {line}: a double quote is opened and not closed; close it, or take it out"
    return f"{path} cannot be read as CSV: {error}"


def _record_lines(data: bytes, records: int) -> IntArray:
    """Line each record begins at, the header first: one after another but where a quoted cell holds a line break."""
    if data.count(b"\n") != records:
        reader = csv.reader(io.StringIO(data.decode("utf-8"), newline=""))
        with suppress(csv.Error):
            begins = [1, *(reader.line_num + 1 for _ in reader)][:-1]
            if len(begins) == records:
                return np.array(begins, dtype=np.int64)
    return np.arange(1, 1 + records)


def _ragged(path: Path, row: Any, line: int) -> RowProblem:  # noqa: ANN401 - pyarrow's InvalidRow has no public type
    sentence = (
        f"{row.actual_columns} cells where the header has {row.expected_columns}; "
        "put a text that holds a comma in double quotes, and close every quote"
    )
    return RowProblem(str(path), line, WHOLE_LINE, shortened(row.text), RowReason.CELL_COUNT, sentence)


def _cells(table: pa.Table) -> dict[str, pa.Array]:
    return {name: table[name].combine_chunks() for name in table.column_names}


def _without_blank_lines(raw: RawTable) -> RawTable:
    blank: BoolArray = np.ones(raw.lines.size, dtype=np.bool_)
    for column in raw.cells.values():
        blank &= np.asarray(column.is_null().to_numpy(zero_copy_only=False), dtype=np.bool_)
    if not blank.any():
        return raw
    given = pa.array(~blank)
    cells = {name: column.filter(given) for name, column in raw.cells.items()}
    return replace(raw, cells=cells, lines=raw.lines[~blank])


def split_line(text: str, cells: int) -> list[str]:
    """A line of the wrong length as exactly ``cells`` cells: padded with blanks, or the surplus left in the last."""
    try:
        parts = next(csv.reader([text]), [])
    except csv.Error:  # a quote left open or closed too early
        parts = text.split(",")
    return [*parts[: cells - 1], ",".join(parts[cells - 1 :]), *[""] * cells][:cells]
