"""What `evenload plan` is given: canonical files and a span of time, brought together as one planning problem."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import numpy as np

from evenload.base.errors import InputError, InstantError, SignalError
from evenload.base.horizon import Horizon
from evenload.base.instants import parse_instant
from evenload.base.local_clock import LocalClock
from evenload.base.units import MINUTES_PER_HOUR, FloatArray, IntArray
from evenload.cli.plan_load import LoadAsked, Unmanaged, base_load_kw
from evenload.cli.plan_shortages import Shortages, read_shortages, weighed
from evenload.cli.plan_wishes import Departures, completed, metered_nodes, read_events_in
from evenload.cli.reading import read
from evenload.domain.circuit import CircuitTree
from evenload.domain.session import Sessions
from evenload.domain.signal import PlacedSignals, Signal
from evenload.files.grid import tree_of
from evenload.files.limits import emergency_limits_of, export_limits_of, limits_of
from evenload.files.naming import naming
from evenload.files.placed_signals import placed_signals_of
from evenload.files.plan_summary import PlannedSessions
from evenload.files.problem_file import ProblemFile, read_problem_file, terms_in
from evenload.files.sessions import sessions_of
from evenload.files.signal import span_of
from evenload.files.specs import GRID, LIMITS, SESSIONS, SIGNAL
from evenload.files.table import Table
from evenload.schedule.batteries import battery_known
from evenload.schedule.from_sessions import clip, nodes_of, problem_from
from evenload.schedule.planner import Wishes
from evenload.schedule.problem import Problem
from evenload.schedule.problem_parts import Tariffs
from evenload.schedule.sites.figures import SeenSite
from evenload.schedule.solver.load_objective import aimed
from evenload.schedule.solver.objective import Objective, refuse_carbon_price
from evenload.schedule.tariffs import carbon_of, money_of, overall_per_kwh, tariffs_of


@dataclass(frozen=True, slots=True)
class Files:
    """Where everything stands."""

    sessions: Path
    grid: Path
    signal: Path
    load: LoadAsked
    limits: Path | None
    problem: Path | None
    events: Path | None
    departures: Departures
    skip_bad_rows: bool
    shortages: Path | None = None

    @property
    def paths(self) -> tuple[Path, ...]:
        """Every file that is read."""
        given = (self.sessions, self.grid, self.signal, self.load.file, self.limits, self.problem, self.events,
                 self.departures.history)  # fmt: skip
        return tuple(path for path in given if path is not None)


@dataclass(frozen=True, slots=True)
class Span:
    """The horizon in words: ISO 8601 instants, blank for that end of the signal."""

    start: str
    end: str
    step_minutes: int


@dataclass(frozen=True, slots=True)
class Inputs:
    """A problem whose prices are the objective's, and the signals they come from.

    ``money`` is what sessions pay and earn (currency per kWh), ``carbon`` what they emit (kg per kWh, None where not
    known), whatever the objective is.
    """

    problem: Problem
    wishes: Wishes
    signals: PlacedSignals
    money: Tariffs
    carbon: Tariffs | None
    sessions: PlannedSessions
    notes: tuple[str, ...]
    sites: tuple[SeenSite, ...]
    planned: Sessions
    shortages: Shortages | None

    @property
    def signal(self) -> Signal:
        """The signal of everywhere else, or the mean of places where no session has that."""
        return self.signals.overall


def read_inputs(files: Files, span: Span, objective: Objective, carbon_price_per_kg: float) -> Inputs:
    """Read every file onto one horizon and build the problem; errors name the file."""
    refuse_carbon_price(objective, carbon_price_per_kg)
    asked, events = _asked(files.problem, objective), read_events_in(files.events, files.skip_bad_rows)
    tree = tree_of(read(files.grid, GRID, files.skip_bad_rows))
    prices = read(files.signal, SIGNAL, files.skip_bad_rows)
    horizon = _horizon(prices, span)
    clipped = clip(sessions_of(read(files.sessions, SESSIONS, files.skip_bad_rows)), horizon)
    shortages = read_shortages(files.shortages, asked.fatigue_half_life_days, files.skip_bad_rows)
    with naming(files.sessions, InputError):
        sessions, fatigue_notes = weighed(clipped.sessions, shortages, horizon)
    with naming(files.sessions, InputError):
        node = nodes_of(sessions, tree)
    signals = placed_signals_of(prices, horizon, tree, node)
    metered = metered_nodes(asked, files.problem, tree)
    with naming(files.signal, SignalError):
        _refuse_unknown_export(metered, signals, tree, node)
        tariffs = tariffs_of(signals, sessions.discharge_kw_max > 0, objective, carbon_price_per_kg)
    unmanaged = (
        None
        if files.problem is None or asked.unmanaged_cars is None
        else Unmanaged(asked.unmanaged_cars, files.problem)
    )
    beside_kw, load_notes = base_load_kw(files.load, unmanaged, horizon, tree, files.skip_bad_rows)
    limits = _limits(files, horizon, tree)
    minute_of_day = LocalClock(tree.circuits[0].timezone or "UTC").minute_of_day(horizon.starts())
    price_per_kwh = overall_per_kwh(tariffs, signals)
    with naming(files.sessions, InputError):
        problem = problem_from(
            sessions, tree, horizon, beside_kw, limits.normal_kw, price_per_kwh, minute_of_day,
            wear_per_kwh=asked.wear_per_kwh, taper=asked.taper_of(),
            with_room=any(event.kind.asks_for_more for event in events),
        )  # fmt: skip
    several = len(signals.places) > 1 or bool(metered) or bool((sessions.discharge_kw_max > 0).any())
    problem = replace(
        problem,
        emergency_limit_kw=limits.emergency_kw,
        export_limit_kw=limits.export_kw,
        tariffs=tariffs if several else None,
        terms=None if files.problem is None else terms_in(files.problem, asked, tree),
    )
    whole = completed(
        aimed(problem, objective), sessions, asked, files.problem, events,
        files.departures.caution(files.skip_bad_rows),
    )  # fmt: skip
    counts = PlannedSessions(
        planned=problem.sessions, outside_horizon=clipped.outside, cut_at_horizon=clipped.cut
    )  # fmt: skip
    return Inputs(
        whole.problem, whole.wishes, signals, _paid_by(money_of(signals), whole.row),
        _paid_by(carbon, whole.row) if (carbon := carbon_of(signals)) else None, counts,
        (*load_notes, *fatigue_notes, *_notes(sessions, asked, signals), *whole.notes), whole.sites, whole.sessions,
        shortages,
    )  # fmt: skip


def _refuse_unknown_export(metered: Sequence[int], signals: PlacedSignals, tree: CircuitTree, node: IntArray) -> None:
    """Behind a meter own generation costs what exporting it would earn, which has to be known."""
    unknown = np.array([signal.export_price_per_kwh is None for signal in signals.signals])[signals.of_session]
    for site in metered:
        if (unknown & tree.below(site)[node]).any():
            raise SignalError(
                f"site {tree.circuits[site].node!r} is behind_meter, so the signal needs export_price_per_kwh: what "
                "its generation earns that nobody there takes; 0 where export is not paid"
            )


def _paid_by(tariffs: Tariffs, row: IntArray) -> Tariffs:
    """Tariffs of the sessions in ``row``."""
    return replace(tariffs, of_session=tariffs.of_session[row])


def _asked(path: Path | None, objective: Objective) -> ProblemFile:
    """The problem file; money in it is refused where the objective is not money."""
    asked = ProblemFile() if path is None else read_problem_file(path)
    given = [name for name in ("circuits", "wear_per_kwh") if getattr(asked, name)]
    if given and objective is not Objective.PRICE:
        raise InputError(
            f"{path}: {' and '.join(given)} would be money, which belongs to the objective price; leave it out of the "
            f"problem file for --objective {objective}"
        )
    return asked


class _Limits(NamedTuple):
    """Limits of circuits, (nodes, steps) or (nodes, 1); None where they are as by default."""

    normal_kw: FloatArray
    emergency_kw: FloatArray | None
    export_kw: FloatArray | None


def _limits(files: Files, horizon: Horizon, tree: CircuitTree) -> _Limits:
    normal_kw, export_kw = tree.limit_kw[:, None], tree.export_limit_kw[:, None]
    if files.limits is not None:
        table = read(files.limits, LIMITS, files.skip_bad_rows)
        normal_kw, export_kw = limits_of(table, horizon, tree), export_limits_of(table, horizon, tree)
    return _Limits(normal_kw, emergency_limits_of(tree, normal_kw), export_kw if export_kw.any() else None)


def _horizon(prices: Table, span: Span) -> Horizon:
    """The span of the signal, except where the command says otherwise."""
    if not 1 <= span.step_minutes <= MINUTES_PER_HOUR or MINUTES_PER_HOUR % span.step_minutes:
        raise InputError(f"--step-minutes {span.step_minutes} does not divide an hour; use 1, 5, 10, 15, 30 or 60")
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


def _notes(sessions: Sessions, asked: ProblemFile, signals: PlacedSignals) -> tuple[str, ...]:
    """What the files say or leave open, and the plan does not heed."""
    notes = []
    unknown = int((~battery_known(sessions)).sum())
    if asked.taper is not None and unknown:
        notes.append(f"no taper where battery_kwh or soc_at_plug_in is not known (sessions: {unknown:,})")
    unpaid = np.array([signal.export_price_per_kwh is None for signal in signals.signals])[signals.of_session]
    if (unpaid & (sessions.discharge_kw_max > 0)).any():
        notes.append("the signal has no export_price_per_kwh: what is given back earns nothing in the cost")
    return tuple(notes)
