"""What is wrong with a row, where it stands and why: one vocabulary for readers and importers."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Self

from evenload.base.errors import InputError


class RowReason(StrEnum):
    """Why a row is refused."""

    BLANK = "blank"
    NOT_A_NUMBER = "not_a_number"
    NOT_A_TIMESTAMP = "not_a_timestamp"
    NO_OFFSET = "no_offset"
    OUT_OF_RANGE = "out_of_range"
    UNKNOWN_WORD = "unknown_word"
    DUPLICATE = "duplicate"
    MISSING_UNPLUG = "missing_unplug"
    MISSING_ENERGY = "missing_energy"
    NONPOSITIVE_DURATION = "nonpositive_duration"
    NEGATIVE_ENERGY = "negative_energy"
    ZERO_ENERGY = "zero_energy"
    IMPOSSIBLE_POWER = "impossible_power"
    DURATION_CONTRADICTS = "duration_contradicts"
    OUTSIDE_FILE_PERIOD = "outside_file_period"
    AMBIGUOUS_DATE = "ambiguous_date"
    UNKNOWN_NODE = "unknown_node"
    NOT_INCREASING = "not_increasing"
    GAP = "gap"
    CELL_COUNT = "cell_count"
    CONTROL_CHARACTER = "control_character"
    TOO_LONG = "too_long"
    CONTRADICTION = "contradiction"


@dataclass(frozen=True, slots=True)
class RowProblem:
    """One refused value: ``line`` counts from 1 with the header as line 1 (a Parquet row r is line r + 2)."""

    file: str
    line: int
    column: str
    value: str
    reason: RowReason
    sentence: str

    def __str__(self) -> str:
        return f"{self.file}, line {self.line}, {self.column} = {self.value!r}: {self.sentence}"


class RowsRefusedError(InputError):
    """Rows of a file were refused and ``--skip-bad-rows`` was not asked for."""

    def __init__(self, problems: Sequence[RowProblem]) -> None:
        self.problems = tuple(problems)
        shown = [str(problem) for problem in self.problems[:5]]
        if len(self.problems) > len(shown):
            shown.append(f"... and {len(self.problems) - len(shown)} more bad values")
        super().__init__("\n".join(shown))

    def __reduce__(self) -> tuple[type[Self], tuple[tuple[RowProblem, ...]]]:
        return type(self), (self.problems,)  # the default would rebuild it from its message, in another process
