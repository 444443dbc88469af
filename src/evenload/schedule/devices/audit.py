"""Does any plan keep what devices can do? Independent of how it was made: only problem, powers and levels count.

``schedule.audit`` looks at cars' bounds, batteries, needs and circuits; this at levels, at what a device told them
draws, at how long they stand and how often they change.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import numpy as np

from evenload.base.errors import ColumnsError
from evenload.base.units import BoolArray, FloatArray, IntArray
from evenload.schedule.audit import TOLERANCE_KW, TOLERANCE_KWH
from evenload.schedule.blocks import blocks
from evenload.schedule.devices.levels import ANY, Levels, levels_of, untold
from evenload.schedule.problem import Problem


class DeviceViolationKind(StrEnum):
    """Which promise is broken."""

    LEVEL = "level"
    DRAWN = "drawn"
    DWELL = "dwell"
    COMMANDS = "commands"


@dataclass(frozen=True, slots=True)
class DeviceViolation:
    """One broken promise of a session: ``step`` is where it shows, ``amount`` by how much (kW, steps or commands)."""

    kind: DeviceViolationKind
    where: str
    step: int
    amount: float

    def __str__(self) -> str:
        return f"{self.where} at step {self.step}: {self.amount:.6g} {_WORDS[self.kind]}"


_WORDS: Final = {
    DeviceViolationKind.LEVEL: "kW is not a level the device can be told",
    DeviceViolationKind.DRAWN: "kW apart from what the device draws at the level it is told",
    DeviceViolationKind.DWELL: "steps only at a level that is to stand longer",
    DeviceViolationKind.COMMANDS: "commands more than the session may get",
}


@dataclass(frozen=True, slots=True)
class _Told:
    """Slots of a problem's sessions as they are told: what each draws if nothing is wrong, and when needs are met."""

    session: IntArray  # (K,)
    step: IntArray  # (K,)
    expected_kw: FloatArray  # (K,)
    met_before: BoolArray  # (K,) the need is met when the slot starts
    met_after: BoolArray  # (K,)
    change: BoolArray  # (K,) a command, at the start of the slot


def audit_devices(problem: Problem, power_kw: FloatArray, told_kw: FloatArray) -> tuple[DeviceViolation, ...]:
    """Every place where levels (K,), or powers (K,) at those levels, are not what a problem's devices can do.

    Cars that have opted out are told nothing, and neither are devices with a budget of no commands: these are to draw
    full power from plug-in until the need is met. Raises ``ColumnsError`` for arrays of another shape.
    """
    for kw in (power_kw, told_kw):
        if kw.shape != problem.cap_kw.shape:
            raise ColumnsError(f"a plan of {problem.cap_kw.shape[0]} slots has levels or powers of shape {kw.shape}")
    levels = levels_of(problem)
    told = _told(problem, power_kw, told_kw)
    checked = levels.coarse() & ~problem.opted_out
    asked = checked & ~untold(problem)
    found = [
        *_not_levels(problem, levels, told, told_kw, asked),
        *_not_drawn(problem, told, power_kw, checked),
        *_left_early(problem, levels, told, asked),
        *_too_many(problem, levels, told, asked),
    ]
    return tuple(found)


def commands_of(problem: Problem, power_kw: FloatArray, told_kw: FloatArray) -> IntArray:
    """How often each session is told something new until its need is met, from nothing at plug-in on, shape (S,)."""
    told = _told(problem, power_kw, told_kw)
    return np.bincount(told.session[told.change], minlength=problem.sessions)


def _told(problem: Problem, power_kw: FloatArray, told_kw: FloatArray) -> _Told:
    session, step = problem.slot_sessions(), problem.slot_steps()
    ceiling_kw, before_kwh, after_kwh = (np.zeros(power_kw.size) for _ in range(3))
    for block in blocks(problem, power_kw):
        ceiling_kw[block.slots] = block.ceiling_kw
        before_kwh[block.slots], after_kwh[block.slots] = block.before_kwh, block.level_kwh
    share = problem.cap_kw / np.maximum(problem.power_kw_max[session], 1e-300)
    never = untold(problem)[session]
    wanted_kw = np.where(never, problem.cap_kw, told_kw * share)
    met = problem.energy_kwh[session] - TOLERANCE_KWH
    met_before = before_kwh >= met
    before_kw = np.concatenate([[0.0], told_kw])[: told_kw.size]
    before_kw[step == problem.first_step[session]] = 0.0
    change = (np.abs(told_kw - before_kw) > TOLERANCE_KW) & ~met_before
    return _Told(session, step, np.minimum(wanted_kw, ceiling_kw), met_before, after_kwh >= met, change)


def _violation(problem: Problem, told: _Told, kind: DeviceViolationKind, slot: int, amount: float) -> DeviceViolation:
    return DeviceViolation(kind, str(problem.session_id[told.session[slot]]), int(told.step[slot]), float(amount))


def _not_levels(
    problem: Problem, levels: Levels, told: _Told, told_kw: FloatArray, checked: BoolArray
) -> Iterator[DeviceViolation]:
    least, most, step_kw = (each[told.session] for each in (levels.least_kw, levels.most_kw, levels.step_kw))
    with np.errstate(divide="ignore", invalid="ignore"):
        whole = np.round((told_kw - least) / step_kw) * step_kw + least
    off_grid = np.where(step_kw > 0, np.abs(told_kw - whole), 0.0)
    outside = (told_kw < least - TOLERANCE_KW) | (told_kw > most + TOLERANCE_KW) | (off_grid > TOLERANCE_KW)
    bad = checked[told.session] & ~(np.abs(told_kw) <= TOLERANCE_KW) & (outside | ~np.isfinite(told_kw))
    for slot in np.flatnonzero(bad).tolist():
        yield _violation(problem, told, DeviceViolationKind.LEVEL, slot, float(told_kw[slot]))


def _not_drawn(problem: Problem, told: _Told, power_kw: FloatArray, checked: BoolArray) -> Iterator[DeviceViolation]:
    expected_kw = np.where(told.met_before, 0.0, told.expected_kw)
    less_is_right = told.met_after | told.met_before
    apart_kw = np.where(less_is_right, np.maximum(power_kw - expected_kw, 0.0), np.abs(power_kw - expected_kw))
    for slot in np.flatnonzero(checked[told.session] & ~(apart_kw <= TOLERANCE_KW)).tolist():
        yield _violation(problem, told, DeviceViolationKind.DRAWN, slot, float(apart_kw[slot]))


def _left_early(problem: Problem, levels: Levels, told: _Told, checked: BoolArray) -> Iterator[DeviceViolation]:
    """What is told by a command stands until the next one, if there is one before the need is met."""
    command = np.flatnonzero(told.change & checked[told.session])
    stood = np.diff(command, append=-1)
    same = np.diff(told.session[command], append=-1) == 0
    short = same & (stood < levels.dwell_steps[told.session[command]])
    for at in np.flatnonzero(short).tolist():
        yield _violation(problem, told, DeviceViolationKind.DWELL, int(command[at]), int(stood[at]))


def _too_many(problem: Problem, levels: Levels, told: _Told, checked: BoolArray) -> Iterator[DeviceViolation]:
    given = np.bincount(told.session[told.change], minlength=problem.sessions)
    too_many = checked & (levels.commands_max != ANY) & (given > levels.commands_max)
    for session in np.flatnonzero(too_many).tolist():
        last = int(problem.offset[session + 1]) - 1
        more = int(given[session] - levels.commands_max[session])
        yield _violation(problem, told, DeviceViolationKind.COMMANDS, last, more)
