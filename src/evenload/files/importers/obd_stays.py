"""Stays out of a logger's readings: plug-in to plug-out, energy at the connector, and how sure each is."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import groupby, pairwise
from typing import Final

import numpy as np

from evenload.base.instants import to_datetime64
from evenload.domain.history import History
from evenload.domain.station_readings import Quality
from evenload.files.importers.obd import INTO_BATTERY, Home, LoggerReading, read_readings
from evenload.files.importers.outcome import TINY_ENERGY_KWH, ImportOutcome, Record, RowFlag
from evenload.files.problems import RowProblem, RowReason
from evenload.service.cable.logged import LoggedStay
from evenload.service.cable_rows import DRAWS_KW, Sample

_APART: Final = timedelta(minutes=60)
"""Readings further apart say nothing of what was in between, but for the state of charge at both ends."""

_LASTS: Final = timedelta(minutes=5)
"""Power into a battery for less is braking, not charging, where nothing says that the car is plugged in."""

_SPACED: Final = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class LoggerOutcome:
    """What a logger's file told: stays by vehicle, rows refused, and flags by session id."""

    stays: tuple[tuple[str, LoggedStay], ...]
    problems: tuple[RowProblem, ...]
    flags: tuple[tuple[str, RowFlag], ...]


def read_records(
    records: Iterable[Record], file: str = "obd", *, home: Home | None = None, battery_kwh: float | None = None
) -> ImportOutcome:
    """A logger's stays as history, as the importers of publishers give it."""
    found = read_stays(records, file, home=home, battery_kwh=battery_kwh)
    return ImportOutcome(_history(found), found.problems, found.flags, ())


def read_stays(
    records: Iterable[Record], file: str = "obd", *, home: Home | None = None, battery_kwh: float | None = None
) -> LoggerOutcome:
    """Stays of every vehicle of a file. ``battery_kwh`` (usable) makes energy of the state of charge where power is
    not told.
    """
    readings, refused = read_readings(records, file, home)
    stays: list[tuple[str, LoggedStay]] = []
    problems, flags = list(refused), list[tuple[str, RowFlag]]()
    for vehicle, own in groupby(readings, key=lambda one: one.vehicle_id):
        for run in _runs(list(own)):
            energy_kwh, quality = _energy(run, battery_kwh)
            if energy_kwh is None:
                problems.append(_without_energy(run, file))
            elif energy_kwh > 0:
                stays.append((vehicle, _stay(run, energy_kwh, quality)))
                if energy_kwh <= TINY_ENERGY_KWH:
                    flags.append((_name(vehicle, stays[-1][1]), RowFlag.TINY_ENERGY))
    return LoggerOutcome(tuple(stays), tuple(problems), tuple(flags))


def _runs(readings: Sequence[LoggerReading]) -> list[list[LoggerReading]]:
    """Readings of one vehicle while it was plugged in."""
    runs: list[list[LoggerReading]] = []
    before: LoggerReading | None = None
    for one in readings:
        if _is_plugged(one):
            goes_on = before is not None and bool(runs) and runs[-1][-1] is before
            if goes_on and before is not None and _same_stay(before, one):
                runs[-1].append(one)
            else:
                runs.append([one])
            before = one
        elif one.plugged is False or one.moves or one.power_kw is not None:
            before = None
    return [run for run in runs if run[0].plugged or run[-1].at - run[0].at >= _LASTS]


def _is_plugged(one: LoggerReading) -> bool:
    if one.plugged is not None:
        return one.plugged
    return not one.moves and (one.power_kw or 0.0) > DRAWS_KW


def _same_stay(before: LoggerReading, after: LoggerReading) -> bool:
    if after.at - before.at <= _APART:
        return True
    grew = before.soc is not None and after.soc is not None and after.soc >= before.soc
    return bool(before.plugged and after.plugged) and (grew or before.soc is None or after.soc is None)


def _energy(run: Sequence[LoggerReading], battery_kwh: float | None) -> tuple[float | None, Quality]:
    """Energy at the connector: the power of each moment held until the next, or what the battery gained."""
    total_kwh, quality = 0.0, Quality.MEASURED
    for before, after in pairwise(run):
        hours = (after.at - before.at).total_seconds() / 3600
        if before.power_kw is not None and after.at - before.at <= _APART:
            total_kwh += max(before.power_kw, 0.0) * hours
            quality = Quality.ESTIMATED if before.is_estimated else quality
        elif battery_kwh is not None and before.soc is not None and after.soc is not None:
            total_kwh += max(after.soc - before.soc, 0.0) * battery_kwh / INTO_BATTERY
            quality = Quality.ESTIMATED
        else:
            return None, Quality.MISSING
    return total_kwh, quality


def _without_energy(run: Sequence[LoggerReading], file: str) -> RowProblem:
    span = f"{run[0].at.isoformat()} to {run[-1].at.isoformat()}"
    return RowProblem(
        file, run[0].line, "power_kw", span, RowReason.GAP,
        "no power is told for more than an hour of this stay; give --battery-kwh to work it out from the state of "
        "charge, or leave the stay out",
    )  # fmt: skip


def _stay(run: Sequence[LoggerReading], energy_kwh: float, quality: Quality) -> LoggedStay:
    ends = Quality.MEASURED if run[0].plugged else Quality.ESTIMATED
    places = [one.is_home for one in run if one.is_home is not None]
    unplugged_at = max(run[-1].at, run[0].at + timedelta(seconds=1))
    return LoggedStay(
        run[0].at, unplugged_at, round(energy_kwh, 4), _samples(run), places[0] if places else None, ends, ends, quality
    )


def _samples(run: Sequence[LoggerReading]) -> tuple[Sample, ...]:
    """Readings five minutes apart, and the last."""
    kept: list[Sample] = []
    for one in run:
        if not kept or one.at - kept[-1].at >= _SPACED or one is run[-1]:
            kept.append(Sample(one.at, one.power_kw, None, one.soc))
    return tuple(kept)


def _name(vehicle: str, stay: LoggedStay) -> str:
    return f"{vehicle or 'car'}@{stay.plugged_at:%Y%m%dT%H%M%S}"


def _history(found: LoggerOutcome) -> History:
    stays = [one for _, one in found.stays]
    most = [max((sample.power_kw or 0.0 for sample in one.samples), default=0.0) for one in stays]
    return History.of(
        session_id=np.array([_name(vehicle, one) for vehicle, one in found.stays], dtype=np.str_),
        plugged_at=np.array([to_datetime64(one.plugged_at) for one in stays], dtype="datetime64[s]"),
        unplugged_at=np.array([to_datetime64(one.unplugged_at) for one in stays], dtype="datetime64[s]"),
        energy_kwh_metered=np.array([one.energy_kwh for one in stays], dtype=np.float64),
        power_kw_max=np.array([kw if kw > DRAWS_KW else np.nan for kw in most], dtype=np.float64),
        user_id=np.array([vehicle for vehicle, _ in found.stays], dtype=np.str_),
        site_type=np.array(["residential" if one.is_home else "" for one in stays], dtype=np.str_),
    )
