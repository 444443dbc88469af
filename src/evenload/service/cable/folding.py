"""Fold what cars tell into their stays, wherever they stand, by their own clock. The same again changes nothing."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from typing import Final

from evenload.domain.vehicle_state import PlugState
from evenload.service.cable_rows import CarStayRow, Sample
from evenload.service.car_rows import CarStateRow
from evenload.service.ports import Unit

_SAMPLES_MAX: Final = 60
_SPACED: Final = timedelta(minutes=20)
_ALIKE_KW: Final = 0.3
_DRIVEN: Final = 0.08
"""A battery that lost so much between two states, both plugged in, was driven with in between."""

_FORGOTTEN: Final = timedelta(days=2)
"""That a car was seen unplugged longer ago says nothing of when it was plugged in."""


def heard(unit: Unit, states: Iterable[CarStateRow]) -> None:
    """Keep what cars told of their stays, within a unit of work."""
    told = sorted(states, key=lambda one: one.at)
    for tenant in {one.tenant for one in told}:
        own = [one for one in told if one.tenant == tenant]
        rows = {one.vehicle_id: one for one in unit.cables.stays(tenant, {one.vehicle_id for one in own})}
        for state in own:
            rows[state.vehicle_id] = folded(rows.get(state.vehicle_id), state)
        unit.cables.put_stays(rows[name] for name in {one.vehicle_id for one in own})


def folded(row: CarStayRow | None, state: CarStateRow) -> CarStayRow:
    """A car's stay after what it told."""
    row = row or CarStayRow(state.tenant, state.vehicle_id, state.at)
    if state.plug is PlugState.UNKNOWN or (row.samples and state.at <= row.samples[-1].at):
        return row
    if not state.plug.is_plugged:
        return _left(row, state)
    if row.goes_on and not _was_away(row, state):
        samples = _with(row.samples, _sample(state))
        is_home = row.is_home if state.is_home is None else state.is_home
        return replace(row, told_at=state.at, is_home=is_home, samples=samples)
    after = row.told_at if row.goes_on else row.free_at
    if after is not None and state.at - after > _FORGOTTEN:
        after = None
    return CarStayRow(
        row.tenant, row.vehicle_id, state.at, state.at, after, free_at=row.free_at, is_home=state.is_home,
        samples=(_sample(state),),
    )  # fmt: skip


def _left(row: CarStayRow, state: CarStateRow) -> CarStayRow:
    free_at = max(row.free_at or state.at, state.at)
    if not row.goes_on:
        return replace(row, told_at=max(row.told_at, state.at), free_at=free_at)
    return replace(row, told_at=state.at, unplugged_after=row.told_at, unplugged_by=state.at, free_at=free_at)


def _was_away(row: CarStayRow, state: CarStateRow) -> bool:
    """Whether a car that is plugged in as it was before was driven in between."""
    moved = None not in (row.is_home, state.is_home) and row.is_home is not state.is_home
    known = [one.soc for one in row.samples if one.soc is not None]
    return moved or (bool(known) and state.soc is not None and known[-1] - state.soc > _DRIVEN)


def _sample(state: CarStateRow) -> Sample:
    charges = state.plug is PlugState.CHARGING
    power_kw = state.power_kw if charges else 0.0
    return Sample(state.at, power_kw, state.energy_kwh_added, state.soc, charges)


def _with(samples: tuple[Sample, ...], sample: Sample) -> tuple[Sample, ...]:
    """Samples with one more; of a run of the same power its ends are kept, and some between."""
    soon = len(samples) > 1 and sample.at - samples[-2].at < _SPACED
    if soon and all(_alike(one, sample) for one in samples[-2:]):
        samples = samples[:-1]
    if len(samples) >= _SAMPLES_MAX:
        samples = (samples[0], *samples[2:])
    return (*samples, sample)


def _alike(one: Sample, other: Sample) -> bool:
    if one.is_on is not other.is_on:
        return False
    return abs((one.power_kw or 0.0) - (other.power_kw or 0.0)) < _ALIKE_KW
