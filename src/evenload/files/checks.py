"""Every check of a canonical file's rows: cells, keys and rules between cells, whatever format they came from."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from evenload.base.errors import InputError, did_you_mean
from evenload.base.units import BoolArray, IntArray
from evenload.files.cells import cell_text, convert, text_array
from evenload.files.columns import Cells, TableSpec
from evenload.files.problems import RowProblem, RowReason

_SHOWN: Final = 120


@dataclass(frozen=True)
class RawTable:
    """A file as it stands: cells by column, the line of each row (header = line 1), and lines of the wrong length."""

    path: Path
    cells: dict[str, pa.Array]
    lines: IntArray
    ragged: tuple[RowProblem, ...] = ()
    ragged_text: Mapping[int, str] = field(default_factory=dict)

    def text(self, column: str, row: int) -> str:
        """The cell as it stood in the file; blank where the file has no such column."""
        return cell_text(self.cells[column], row) if column in self.cells else ""


def shortened(text: str) -> str:
    """The text as a sentence can show it."""
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."


def check_header(path: Path, names: Sequence[str], spec: TableSpec) -> None:
    """Refuse unknown, doubled and missing columns."""
    for name in names:
        if name not in spec.names:
            raise InputError(f"{path}: {_unknown_column(name, names, spec)}")
    doubled = sorted({name for name in names if names.count(name) > 1})
    if doubled:
        raise InputError(f"{path}: column {doubled[0]!r} is there twice; keep one of them")
    missing = [name for name in spec.required if name not in names]
    if missing:
        raise InputError(f"{path}: a {spec.name} file needs the columns {', '.join(missing)}, which are missing")


def _unknown_column(name: str, names: Sequence[str], spec: TableSpec) -> str:
    if len(names) == 1:
        for separator, called in ((";", "semicolons"), ("\t", "tabs")):
            if separator in name:
                return f"cells are separated by {called}; separate them by commas"
    return f"a {spec.name} file has no column {name!r}.{did_you_mean(name, spec.names)} It has: {', '.join(spec.names)}"


def examine(raw: RawTable, spec: TableSpec) -> tuple[dict[str, NDArray[Any]], list[RowProblem]]:
    """Read every column of ``spec`` (defaults where the file has none) and list all that is wrong, by line."""
    rows = raw.lines.size
    columns: dict[str, NDArray[Any]] = {}
    problems: list[RowProblem] = []
    clean = np.ones(rows, dtype=np.bool_)
    for column in spec.columns:
        if column.name not in raw.cells:
            columns[column.name] = np.asarray(np.full(rows, column.blank), dtype=column.kind.dtype)
            continue
        columns[column.name], bad = _converted(raw, spec, column.name)
        problems += [_problem(raw, column.name, cell.row, cell.reason, cell.sentence) for cell in bad]
        clean[[cell.row for cell in bad]] = False
    problems += _rule_problems(raw, spec, columns, clean)
    problems += _repeats(raw, spec, columns, clean)
    return columns, sorted([*problems, *raw.ragged], key=lambda problem: problem.line)


def _converted(raw: RawTable, spec: TableSpec, name: str) -> tuple[NDArray[Any], list[Any]]:
    try:
        return convert(next(column for column in spec.columns if column.name == name), raw.cells[name])
    except InputError as error:
        raise InputError(f"{raw.path}: {error}") from error


def _problem(raw: RawTable, column: str, row: int, reason: RowReason, sentence: str) -> RowProblem:
    value = shortened(raw.text(column, row))
    return RowProblem(str(raw.path), int(raw.lines[row]), column, value, reason, sentence)


def _rule_problems(raw: RawTable, spec: TableSpec, columns: Cells, clean: BoolArray) -> Iterable[RowProblem]:
    for rule in spec.rules:
        for row in np.flatnonzero(rule.bad(columns) & clean).tolist():
            texts = {name: raw.text(name, row) for name in spec.names}
            yield _problem(raw, rule.column, row, rule.reason, rule.sentence.format_map(texts))


def _repeats(raw: RawTable, spec: TableSpec, columns: Cells, clean: BoolArray) -> Iterable[RowProblem]:
    """Rows whose key an earlier row has already."""
    considered = np.flatnonzero(clean)
    code = np.zeros(considered.size, dtype=np.int64)
    for name in spec.key:
        keys = columns[name][considered]
        column = (text_array(keys) if keys.dtype.kind == "U" else pa.array(keys)).dictionary_encode()
        code = code * max(1, len(column.dictionary)) + column.indices.to_numpy()
    _, first, inverse = np.unique(code, return_index=True, return_inverse=True)
    if first.size == code.size:
        return
    for row, earlier in zip(considered, considered[first[inverse]], strict=True):
        if row != earlier:
            sentence = f"the same {' and '.join(spec.key)} as in line {raw.lines[earlier]}; keep one of the two rows"
            yield _problem(raw, spec.key[0], int(row), RowReason.DUPLICATE, sentence)
