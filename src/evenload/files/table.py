"""Reading and writing one canonical file as checked columns; CSV, gzipped CSV or Parquet by its suffix."""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pa_parquet
from numpy.typing import NDArray

from evenload.base.errors import ColumnsError, InputError, did_you_mean
from evenload.files.cells import text_array
from evenload.files.checks import RawTable, check_header, examine
from evenload.files.columns import Column, Kind, TableSpec
from evenload.files.csv_cells import read_csv, split_line
from evenload.files.problems import RowProblem, RowsRefusedError
from evenload.files.replacing import replacing

SUFFIXES: Final = (".csv", ".csv.gz", ".parquet")


@dataclass(frozen=True)
class Table:
    """The good rows of a file: one array a column of its spec (see ``Kind`` for types), and how many were set aside."""

    path: Path
    columns: dict[str, NDArray[Any]] = field(repr=False)
    rejected: int = 0

    def __len__(self) -> int:
        return int(next(iter(self.columns.values())).shape[0])

    def __getitem__(self, column: str) -> NDArray[Any]:
        return self.columns[column]


def read_table(path: Path, spec: TableSpec, *, rejects: Path | None = None) -> Table:
    """Read and check a canonical file.

    With ``rejects``, bad rows go to that CSV file (their cells, line, column, reason and sentence) and are counted;
    without it they raise ``RowsRefusedError``. A file that cannot be used as a whole raises ``InputError``.
    """
    raw = _read_raw(path, spec)
    columns, problems = examine(raw, spec)
    if problems and rejects is None:
        raise RowsRefusedError(problems)
    if rejects is not None:
        _write_rejects(rejects, raw, problems)
    if not problems:
        return Table(path, columns)
    refused = {problem.line for problem in problems}
    good = ~np.isin(raw.lines, list(refused))
    return Table(path, {name: column[good] for name, column in columns.items()}, len(refused))


def write_table(path: Path, spec: TableSpec, columns: Mapping[str, NDArray[Any]]) -> None:
    """Check columns as if they had been read, and write them whole or not at all.

    Unknown numbers and instants (NaN, NaT) and empty texts become blanks; columns come out in the order of the spec.
    Raises ``ColumnsError`` for columns that are unknown or missing and ``RowsRefusedError`` for bad values.
    """
    _suffix(path)
    write_cells(path, checked_cells(path, spec, columns))


def checked_cells(path: Path, spec: TableSpec, columns: Mapping[str, NDArray[Any]]) -> dict[str, pa.Array]:
    """Columns as cells of a file, checked as if they had been read; see ``write_table``."""
    _refuse_columns(spec, columns)
    cells = {column.name: _arrow(column, columns[column.name]) for column in spec.columns if column.name in columns}
    lines = np.arange(2, 2 + len(next(iter(cells.values()))))
    _, problems = examine(RawTable(path, cells, lines), spec)
    if problems:
        raise RowsRefusedError(problems)
    return cells


def write_cells(path: Path, cells: Mapping[str, pa.Array]) -> None:
    """Write cells that are known to be good, whole or not at all."""
    suffix = _suffix(path)
    with replacing(path) as partial:
        if suffix == ".parquet":
            pa_parquet.write_table(pa.table(cells), partial)
        else:
            _write_csv(partial, cells, "gzip" if suffix == ".csv.gz" else None)


def _suffix(path: Path) -> str:
    for suffix in SUFFIXES:
        if path.name.endswith(suffix):
            return suffix
    raise InputError(f"{path}: the name of a canonical file ends in {', '.join(SUFFIXES[:-1])} or {SUFFIXES[-1]}")


def _read_raw(path: Path, spec: TableSpec) -> RawTable:
    suffix = _suffix(path)
    try:
        return _read_parquet(path, spec) if suffix == ".parquet" else read_csv(path, spec)
    except OSError as error:
        reason = "does not exist" if isinstance(error, FileNotFoundError) else f"cannot be read: {error}"
        raise InputError(f"{path} {reason}") from error


def _read_parquet(path: Path, spec: TableSpec) -> RawTable:
    try:
        with pa_parquet.ParquetFile(path) as file:
            check_header(path, file.schema_arrow.names, spec)
            table = file.read()
    except pa.ArrowInvalid as error:
        raise InputError(f"{path} cannot be read as Parquet: {error}") from error
    cells = {name: table[name].combine_chunks() for name in table.column_names}
    return RawTable(path, cells, np.arange(2, 2 + table.num_rows))


def _write_rejects(rejects: Path, raw: RawTable, problems: Sequence[RowProblem]) -> None:
    """One line a bad row; nothing refused leaves no file, not even one of an earlier run."""
    if not problems:
        rejects.unlink(missing_ok=True)
        return
    names = list(raw.cells)
    by_line: dict[int, list[RowProblem]] = {}
    for problem in problems:
        by_line.setdefault(problem.line, []).append(problem)
    with replacing(rejects) as partial, partial.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow([*names, "line", "column", "reason", "sentence"])
        for line, found in by_line.items():
            if line in raw.ragged_text:
                cells = split_line(raw.ragged_text[line], len(names))
            else:
                row = int(np.searchsorted(raw.lines, line))
                cells = [raw.text(name, row) for name in names]
            why = (
                "; ".join(str(getattr(problem, what)) for problem in found) for what in ("column", "reason", "sentence")
            )
            writer.writerow([*cells, line, *why])


# -- writing -----------------------------------------------------------------------------------------------------------


def _refuse_columns(spec: TableSpec, columns: Mapping[str, NDArray[Any]]) -> None:
    for name in columns:
        if name not in spec.names:
            raise ColumnsError(f"a {spec.name} file has no column {name!r}.{did_you_mean(name, spec.names)}")
    missing = [name for name in spec.required if name not in columns]
    if missing:
        raise ColumnsError(f"a {spec.name} file needs the columns {', '.join(missing)}")
    if len({column.shape for column in columns.values()}) > 1:
        raise ColumnsError(f"the columns of a {spec.name} file must be of one length")


def _arrow(column: Column, values: NDArray[Any]) -> pa.Array:
    """Typed cells, with null for what is written as a blank: NaN, NaT, an empty text, and the blank's own meaning."""
    if column.kind in {Kind.TEXT, Kind.WORD}:
        texts = np.asarray(values, dtype=np.str_)
        return text_array(texts, texts == "")
    if column.kind is Kind.INSTANT:
        return pa.array(values.astype("datetime64[s]"), type=pa.timestamp("s", tz="UTC"))
    if column.kind is Kind.NUMBER:
        numbers = np.asarray(values, dtype=np.float64)
        infinite_blank = column.blank is not None and np.isinf(column.blank)
        return pa.array(numbers, mask=np.isnan(numbers) | (infinite_blank & (numbers == column.blank)))
    return pa.array(np.asarray(values, dtype=column.kind.dtype))


def _write_csv(path: Path, cells: Mapping[str, pa.Array], compression: str | None) -> None:
    table = pa.table({name: _as_written(column) for name, column in cells.items()})
    # quoting every text is needed only where one holds a comma or a quote, which pyarrow says by refusing
    for quoting in ("none", "needed"):
        try:
            with pa.output_stream(str(path), compression=compression) as stream:
                stream.write((",".join(cells) + "\n").encode())
                pa_csv.write_csv(table, stream, pa_csv.WriteOptions(include_header=False, quoting_style=quoting))
        except pa.ArrowInvalid:
            if quoting == "needed":
                raise
        else:
            return


def _as_written(cells: pa.Array) -> pa.Array:
    if not pa.types.is_timestamp(cells.type):
        return cells
    coded = cells.dictionary_encode()  # a plan of millions of rows has some hundred instants
    instants = coded.dictionary.to_numpy(zero_copy_only=False)
    texts = np.char.add(np.datetime_as_string(instants, unit="s"), "+00:00")
    return text_array(texts).take(coded.indices)
