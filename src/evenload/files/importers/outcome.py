"""What an importer gives back: the history it could read, and what it refused, flagged or repaired, row by row."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from itertools import pairwise
from math import nan

import numpy as np

from evenload.base.instants import InstantArray, to_datetime64
from evenload.domain.history import History
from evenload.files.problems import RowProblem, RowReason

Record = Mapping[str, object]
"""One raw row by the publisher's column names, as its JSON or CSV was parsed."""


class RowFlag(StrEnum):
    """What is unusual about a row that was accepted."""

    OVERLAPS_NEXT = "overlaps_next"
    TINY_ENERGY = "tiny_energy"
    CROSSES_CLOCK_CHANGE = "crosses_clock_change"
    CLOCK_HOUR_UNRELIABLE = "clock_hour_unreliable"
    POWER_CONTRADICTED = "power_contradicted"

    @property
    def sentence(self) -> str:
        """The flag in words."""
        return _FLAG_SENTENCES[self]


class RowRepair(StrEnum):
    """What was changed in a row before it was accepted."""

    YEAR_CENTURY_ADDED = "year_century_added"
    DAY_MONTH_EXCHANGED = "day_month_exchanged"

    @property
    def sentence(self) -> str:
        """The repair in words."""
        return _REPAIR_SENTENCES[self]


_FLAG_SENTENCES = {
    RowFlag.OVERLAPS_NEXT: "the same user's next session starts before this one ends",
    RowFlag.TINY_ENERGY: "the car took 0.5 kWh or less",
    RowFlag.CROSSES_CLOCK_CHANGE: "the clocks changed while the car was plugged in",
    RowFlag.CLOCK_HOUR_UNRELIABLE: "the publisher does not state the time zone: use durations, not the hour",
    RowFlag.POWER_CONTRADICTED: "the car took more on average than the charger's rating; the rating was left blank",
}
_REPAIR_SENTENCES = {
    RowRepair.YEAR_CENTURY_ADDED: "the year was written without its century, such as 0015 for 2015",
    RowRepair.DAY_MONTH_EXCHANGED: "the publisher's export exchanged day and month; they were put back",
}

TINY_ENERGY_KWH = 0.5
"""At most this is flagged (Sørensen et al. 2024 leave such sessions out of their figures)."""

POWER_SLACK = 1.05
"""Average power up to this multiple of the known maximum is put down to rounding of the meter and the stamps."""


@dataclass(frozen=True, slots=True)
class ImportOutcome:
    """Every record once: in ``history`` (perhaps with flags and repairs, by ``session_id``) or in ``problems``."""

    history: History
    problems: tuple[RowProblem, ...]
    flags: tuple[tuple[str, RowFlag], ...]
    repairs: tuple[tuple[str, RowRepair], ...]

    def counts(self) -> dict[str, int]:
        """How many rows were accepted, and how often each reason, flag and repair was given; for a summary line."""
        words = [problem.reason.value for problem in self.problems]
        words += [flag.value for _, flag in self.flags] + [repair.value for _, repair in self.repairs]
        return {"accepted": len(self.history), **dict(sorted(Counter(words).items()))}


@dataclass(frozen=True, slots=True)
class Row:
    """One accepted session with aware instants; NaN and ``""`` where the publisher says nothing."""

    session_id: str
    plugged_at: datetime
    unplugged_at: datetime
    energy_kwh: float
    power_kw_max: float = nan
    user_id: str = ""
    port_id: str = ""
    site_id: str = ""
    flags: tuple[RowFlag, ...] = ()
    repairs: tuple[RowRepair, ...] = ()

    @property
    def connected_h(self) -> float:
        """Elapsed hours between plug-in and plug-out."""
        return (self.unplugged_at - self.plugged_at).total_seconds() / 3600


class RowRefused(Exception):  # noqa: N818 - control flow between a record's reader and ``collect``, never escapes
    """A record cannot be used."""

    def __init__(self, reason: RowReason, column: str, value: object, sentence: str) -> None:
        self.reason, self.column, self.value, self.sentence = reason, column, value, sentence
        super().__init__(sentence)

    def at(self, file: str, line: int) -> RowProblem:
        """The problem with its place."""
        value = "" if self.value is None else str(self.value)
        return RowProblem(file, line, self.column, value, self.reason, self.sentence)


def collect(records: Iterable[Record], read: Callable[[Record], Row], *, file: str, site_type: str) -> ImportOutcome:
    """Read every record; a refused one becomes a problem, a session id seen before a ``DUPLICATE``.

    ``line`` of a problem counts records from 2, as if they stood under a header.
    """
    rows: dict[str, Row] = {}
    problems: list[RowProblem] = []
    for line, record in enumerate(records, start=2):
        try:
            row = read(record)
            if row.session_id in rows:
                raise RowRefused(RowReason.DUPLICATE, "session_id", row.session_id, "this session was read before")
            rows[row.session_id] = row
        except RowRefused as refused:
            problems.append(refused.at(file, line))
    accepted = _flag_overlaps([_flag_energy(row) for row in rows.values()])
    return ImportOutcome(
        history=_history(accepted, site_type),
        problems=tuple(problems),
        flags=tuple((row.session_id, flag) for row in accepted for flag in row.flags),
        repairs=tuple((row.session_id, repair) for row in accepted for repair in row.repairs),
    )


def _flag_energy(row: Row) -> Row:
    if row.energy_kwh > POWER_SLACK * row.power_kw_max * row.connected_h:
        return replace(row, power_kw_max=nan, flags=(*row.flags, RowFlag.POWER_CONTRADICTED))
    return replace(row, flags=(*row.flags, RowFlag.TINY_ENERGY)) if row.energy_kwh <= TINY_ENERGY_KWH else row


def _flag_overlaps(rows: list[Row]) -> list[Row]:
    """Flag rows that end after the same user's next one starts; rows without a user cannot be compared."""
    ordered = sorted((row for row in rows if row.user_id), key=lambda row: (row.user_id, row.plugged_at))
    overlapping = {
        row.session_id
        for row, following in pairwise(ordered)
        if row.user_id == following.user_id and row.unplugged_at > following.plugged_at
    }
    return [
        replace(row, flags=(*row.flags, RowFlag.OVERLAPS_NEXT)) if row.session_id in overlapping else row
        for row in rows
    ]


def _history(rows: list[Row], site_type: str) -> History:
    return History.of(
        session_id=np.array([row.session_id for row in rows], dtype=np.str_),
        plugged_at=_instants([row.plugged_at for row in rows]),
        unplugged_at=_instants([row.unplugged_at for row in rows]),
        energy_kwh_metered=np.array([row.energy_kwh for row in rows], dtype=np.float64),
        power_kw_max=np.array([row.power_kw_max for row in rows], dtype=np.float64),
        user_id=np.array([row.user_id for row in rows], dtype=np.str_),
        port_id=np.array([row.port_id for row in rows], dtype=np.str_),
        site_id=np.array([row.site_id for row in rows], dtype=np.str_),
        site_type=np.full(len(rows), site_type),
    )


def _instants(values: list[datetime]) -> InstantArray:
    return np.array([to_datetime64(value) for value in values], dtype="datetime64[s]")
