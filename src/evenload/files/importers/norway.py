"""Twelve apartment sites in Norway, 2018-2021 (Sørensen et al. 2024, doi:10.5281/zenodo.13896176).

Columns: ``session_id``, ``user_id``, ``location``, ``plugin_time`` and ``plugout_time`` (wall clock of Europe/Oslo),
``connection_time`` (hours) and ``energy_session`` (kWh). The file states no zone; the sites that report elapsed hours
(TRO_R, KRO) show that summer time is in the stamps, the others report the difference of the clock times.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Final

import numpy as np

from evenload.base.errors import ColumnsError
from evenload.base.instants import time_zone
from evenload.domain.history import History
from evenload.files.importers.fields import (
    crosses_clock_change,
    energy_kwh,
    localised,
    number,
    refuse_unless_after,
    required,
    text,
    timestamp,
)
from evenload.files.importers.outcome import ImportOutcome, Record, Row, RowFlag, RowRefused, collect
from evenload.files.problems import RowReason

_ZONE: Final = time_zone("Europe/Oslo")
_CONTRADICTION_H: Final = 1.0


def read_records(records: Iterable[Record], file: str = "norway12") -> ImportOutcome:
    """Read charging reports; ``OVERLAPS_NEXT`` is judged among the records given, so give a user's whole history."""
    return collect(records, _row, file=file, site_type="residential")


def _row(record: Record) -> Row:
    clock_start = timestamp(record, "plugin_time")
    clock_end = timestamp(record, "plugout_time", RowReason.MISSING_UNPLUG)
    start, end = localised(clock_start, clock_end, _ZONE)
    _refuse_contradiction(record, end - start, clock_end - clock_start)
    refuse_unless_after(start, end, "plugout_time")
    crosses = crosses_clock_change(start, end, _ZONE)
    return Row(
        session_id=required(record, "session_id"),
        plugged_at=start,
        unplugged_at=end,
        energy_kwh=energy_kwh(record, "energy_session"),
        user_id=text(record, "user_id"),
        site_id=text(record, "location"),
        flags=(RowFlag.CROSSES_CLOCK_CHANGE,) if crosses else (),
    )


def _refuse_contradiction(record: Record, *spans: timedelta) -> None:
    """Refuse a reported duration more than an hour away from both the elapsed and the wall-clock difference."""
    if not text(record, "connection_time"):
        return
    reported_h = number(record, "connection_time")
    if min(abs(span.total_seconds() / 3600 - reported_h) for span in spans) > _CONTRADICTION_H:
        raise RowRefused(
            RowReason.DURATION_CONTRADICTS,
            "connection_time",
            reported_h,
            f"the clock times are {spans[0].total_seconds() / 3600:.2f} h apart, the report says {reported_h:.2f} h",
        )


def with_power(history: History, power_kw_by_user: Mapping[str, float]) -> tuple[History, tuple[str, ...]]:
    """Fill ``power_kw_max`` from the publisher's estimate per user (kW, AC).

    A user who is absent or NaN gets the median of the known users; the session ids where the median stands in come
    back beside the history, so that nobody mistakes it for knowledge.
    """
    known = np.array([power for power in power_kw_by_user.values() if np.isfinite(power)])
    if not known.size:
        raise ColumnsError("no user has a known charging power")
    users, row_user = np.unique(history.user_id, return_inverse=True)
    estimate = np.array([power_kw_by_user.get(user, np.nan) for user in users.tolist()])
    missing = np.isnan(estimate)[row_user]
    power_kw_max = np.where(missing, np.median(known), estimate[row_user])
    return replace(history, power_kw_max=power_kw_max), tuple(history.session_id[missing].tolist())
