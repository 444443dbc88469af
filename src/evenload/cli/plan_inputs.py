"""What `evenload plan` is given: canonical files and a span of time, brought together as one planning problem."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

import numpy as np

from evenload.base.errors import InputError, InstantError, SignalError
from evenload.base.horizon import Horizon
from evenload.base.instants import parse_instant
from evenload.base.local_clock import LocalClock
from evenload.cli.reading import read
from evenload.domain.session import DEFAULTS, Sessions
from evenload.domain.signal import Signal
from evenload.files.grid import tree_of
from evenload.files.limits import limits_of
from evenload.files.load import direct_load_of
from evenload.files.naming import naming
from evenload.files.plan_summary import PlannedSessions
from evenload.files.sessions import sessions_of
from evenload.files.signal import signal_of, span_of
from evenload.files.specs import GRID, LIMITS, LOAD, SESSIONS, SIGNAL
from evenload.files.table import Table
from evenload.schedule.from_sessions import clip, problem_from
from evenload.schedule.objective import Objective, objective_per_kwh
from evenload.schedule.problem import Problem

_NOT_USED: Final = ("priority",)
"""Columns of a sessions file that say how a plan should be, and do not change it yet."""


@dataclass(frozen=True, slots=True)
class Files:
    """Where everything stands."""

    sessions: Path
    grid: Path
    signal: Path
    load: Path | None
    limits: Path | None
    skip_bad_rows: bool

    @property
    def paths(self) -> tuple[Path, ...]:
        """Every file that is read."""
        given = (self.sessions, self.grid, self.signal, self.load, self.limits)
        return tuple(path for path in given if path is not None)


@dataclass(frozen=True, slots=True)
class Span:
    """The horizon in words: ISO 8601 instants, blank for that end of the signal."""

    start: str
    end: str
    step_minutes: int


@dataclass(frozen=True, slots=True)
class Inputs:
    """A problem whose price is the objective's, and the signal it comes from."""

    problem: Problem
    signal: Signal
    sessions: PlannedSessions
    notes: tuple[str, ...]


def read_inputs(files: Files, span: Span, objective: Objective, carbon_price_per_kg: float) -> Inputs:
    """Read every file onto one horizon and build the problem; errors name the file."""
    tree = tree_of(read(files.grid, GRID, files.skip_bad_rows))
    prices = read(files.signal, SIGNAL, files.skip_bad_rows)
    _refuse_prices_per_node(prices)
    horizon = _horizon(prices, span)
    signal = signal_of(prices, horizon)
    try:
        per_kwh = objective_per_kwh(signal, objective, carbon_price_per_kg)
    except SignalError as error:
        raise SignalError(f"{files.signal}: {error}") from error
    base_load_kw = np.zeros((len(tree), horizon.steps))
    if files.load is not None:
        base_load_kw = tree.sum_up(direct_load_of(read(files.load, LOAD, files.skip_bad_rows), horizon, tree))
    limit_kw = tree.limit_kw[:, None]
    if files.limits is not None:
        limit_kw = limits_of(read(files.limits, LIMITS, files.skip_bad_rows), horizon, tree)
    sessions = sessions_of(read(files.sessions, SESSIONS, files.skip_bad_rows))
    clipped = clip(sessions, horizon)
    minute_of_day = LocalClock(tree.circuits[0].timezone or "UTC").minute_of_day(horizon.starts())
    with naming(files.sessions, InputError):
        problem = problem_from(clipped.sessions, tree, horizon, base_load_kw, limit_kw, per_kwh, minute_of_day)
    counts = PlannedSessions(
        planned=problem.sessions, outside_horizon=clipped.outside, cut_at_horizon=clipped.cut
    )  # fmt: skip
    return Inputs(problem, signal, counts, _notes(clipped.sessions))


def _refuse_prices_per_node(prices: Table) -> None:
    nodes = prices["node"][prices["node"] != ""]
    if nodes.size:
        raise SignalError(
            f"{prices.path}: node {str(nodes[0])!r} has rows of its own; prices per node are not planned yet, so leave "
            "node blank in every row"
        )


def _horizon(prices: Table, span: Span) -> Horizon:
    """The span of the signal, except where the command says otherwise."""
    if not (span.start and span.end):
        whole = span_of(prices, span.step_minutes)
        start = _instant("--start", span.start) if span.start else whole.start
        return Horizon.between(start, _instant("--end", span.end) if span.end else whole.end, span.step_minutes)
    return Horizon.between(_instant("--start", span.start), _instant("--end", span.end), span.step_minutes)


def _instant(option: str, text: str) -> datetime:
    try:
        return parse_instant(text)
    except InstantError as error:
        raise InstantError(f"{option}: {error}") from error


def _notes(sessions: Sessions) -> tuple[str, ...]:
    """What the sessions ask for that the plan does not heed."""
    asking = {name: int((sessions.columns()[name] != DEFAULTS[name]).sum()) for name in _NOT_USED}
    return tuple(
        f"{name} is not used yet (sessions that have one: {count:,})" for name, count in asking.items() if count
    )
