"""What `evenload plan` is to heed besides its problem: sites, devices out of control, phases, events, early leavers."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from evenload.base.errors import CircuitError, InputError, did_you_mean
from evenload.base.units import IntArray, TextArray
from evenload.cli.reading import read
from evenload.domain.circuit import CircuitTree
from evenload.domain.event import Event
from evenload.domain.session import Sessions
from evenload.files.events import events_of
from evenload.files.history import history_of
from evenload.files.naming import naming
from evenload.files.problem_file import ProblemFile
from evenload.files.site_parts import SiteAsked
from evenload.files.specs import EVENTS, HISTORY
from evenload.schedule.events.release import ramp_of
from evenload.schedule.phases import Unknown, phase_limits
from evenload.schedule.planner import Wishes
from evenload.schedule.problem import Problem
from evenload.schedule.risk.departures import DepartureRisk
from evenload.schedule.risk.robust import Caution
from evenload.schedule.risk.uncontrolled import Links, uncontrolled_words, without_uncontrolled
from evenload.schedule.sites.figures import SeenSite
from evenload.schedule.sites.generation import MeteredSite, behind_meters
from evenload.schedule.sites.storage import with_storage

_TOLD_OF = 3


@dataclass(frozen=True, slots=True)
class Departures:
    """What the command line says of drivers who leave early."""

    history: Path | None = None
    value_per_kwh: float = 0.0
    share_there: float = 0.0

    def caution(self, skip_bad_rows: bool) -> Caution | None:
        """Fitted to the history; None where nothing is asked."""
        asked = self.value_per_kwh > 0 or self.share_there > 0
        if self.history is None:
            if asked:
                raise InputError(
                    "--value-per-kwh and --share-there need --departures: a history file of what drivers declared "
                    "and did"
                )
            return None
        if not asked:
            raise InputError(
                "--departures needs --value-per-kwh, such as 0.3, or --share-there, such as 0.9: how much it weighs"
            )
        past = history_of(read(self.history, HISTORY, skip_bad_rows))
        with naming(self.history, InputError):
            risk = DepartureRisk.fit(past.departs_at_declared, past.unplugged_at, past.plugged_at)
        return Caution(risk, self.share_there, self.value_per_kwh)


@dataclass(frozen=True, slots=True)
class Complete:
    """The problem with all of it, what to heed, and what to say of it.

    ``sessions`` are the first of the problem, storage comes after them.
    ``row`` is which of the sessions read each session of the problem is; storage pays as the first one at its site.
    """

    problem: Problem
    row: IntArray
    wishes: Wishes
    notes: tuple[str, ...]
    sites: tuple[SeenSite, ...]
    sessions: Sessions


def read_events_in(path: Path | None, skip_bad_rows: bool) -> tuple[Event, ...]:
    """Events of a file; none without one."""
    if path is None:
        return ()
    table = read(path, EVENTS, skip_bad_rows)
    with naming(path, InputError):
        return events_of(table)


def completed(
    problem: Problem, sessions: Sessions, asked: ProblemFile, path: Path | None, events: Sequence[Event],
    caution: Caution | None,
) -> Complete:  # fmt: skip
    """Everything beside charging put into a problem of ``sessions``; ``path`` is where the problem file stands."""
    phased = _with_phases(problem, sessions, asked)
    links = Links(sessions.link, sessions.fallback_verified, sessions.measured_kw)
    apart = without_uncontrolled(phased, links) if (sessions.link != "ok").any() else None
    left = sessions if apart is None else sessions.take(apart.others)
    planned = phased if apart is None else apart.rest
    with naming(path or Path("problem file"), CircuitError):
        seen = tuple(_seen(site, planned.tree) for site in asked.sites)
        storages = [storage for site in seen for storage in site.storages]
        nothing = np.zeros(planned.horizon.steps)
        metered = [MeteredSite(site.node, site.name, nothing) for site in seen if site.is_metered]
    like = [_session_like(planned, site) for site in seen for _ in site.storages]
    planned = with_storage(planned, storages, planned.tariff_of_session()[like].tolist() if planned.sessions else ())
    planned = behind_meters(planned, metered) if metered else planned
    group = np.concatenate([left.group, np.full(len(storages), "")]) if storages else left.group
    weight = np.concatenate([left.weight, np.ones(len(storages))])
    _refuse_unknown_groups(asked, path, group)
    wishes = Wishes(
        events, group, _opt_outs(left),
        [ramp_of(planned, ramp.ramp_kw_per_step, ramp.node, ramp.group, group) for ramp in asked.ramps],
        [outage.outage() for outage in asked.outages], caution,
        [site.bill for site in seen if site.bill is not None], weight,
    )  # fmt: skip
    notes = () if apart is None else _told(uncontrolled_words(apart, phased, links), phased, apart.sessions.tolist())
    kept = np.arange(phased.sessions) if apart is None else apart.others
    row = np.concatenate([kept, kept[like] if kept.size else np.zeros(len(storages), dtype=np.int64)])
    return Complete(planned, row, wishes, notes, seen, left)


def metered_nodes(asked: ProblemFile, path: Path | None, tree: CircuitTree) -> list[int]:
    """Circuits of the sites that are behind a meter; ``CircuitError`` for one that is not in the grid."""
    with naming(path or Path("problem file"), CircuitError):
        return [int(tree.find([site.node])[0]) for site in asked.sites if site.behind_meter]


def _session_like(problem: Problem, site: SeenSite) -> int:
    """A session that pays what a site's storage pays: the first at or below the site, else the first of all."""
    return int(problem.tree.below(site.node)[problem.node].argmax()) if problem.sessions else 0


def _seen(asked: SiteAsked, tree: CircuitTree) -> SeenSite:
    """A site of the problem file; ``CircuitError`` for a circuit that is not in the grid."""
    node, zone = int(tree.find([asked.node])[0]), tree.circuits[0].timezone or "UTC"
    bill = asked.site(node, zone) if asked.demand_charges or asked.subscription else None
    return SeenSite(asked.node, node, bill, tuple(asked.storages(tree, node)), asked.behind_meter)


def _refuse_unknown_groups(asked: ProblemFile, path: Path | None, group: TextArray) -> None:
    """A ramp of a group that no session is of would do nothing, unseen."""
    known = sorted(set(group.tolist()) - {""})
    for ramp in asked.ramps:
        if ramp.group and ramp.group not in known:
            raise InputError(
                f"{path}: ramps: no session is of group {ramp.group!r}.{did_you_mean(ramp.group, known)} "
                f"There are: {', '.join(known) or 'none'}"
            )


def _with_phases(problem: Problem, sessions: Sessions, asked: ProblemFile) -> Problem:
    """The problem with a limit for each phase of circuits that are known to carry phases."""
    if not (sessions.phases != "").any() and asked.phases_unknown == "balanced":
        return problem
    limits = phase_limits(problem, sessions.phases, (), Unknown(asked.phases_unknown))
    if limits is None:
        return problem
    return replace(problem, across=limits if problem.across is None else problem.across.joined(limits))


def _opt_outs(sessions: Sessions) -> dict[str, list[str]]:
    """Names of sessions by the event they opted out of."""
    found: dict[str, list[str]] = {}
    for row in np.flatnonzero(sessions.opted_out_of != "").tolist():
        for event in str(sessions.opted_out_of[row]).split():
            found.setdefault(event, []).append(str(sessions.session_id[row]))
    return found


def _told(words: Sequence[str], problem: Problem, rows: Sequence[int]) -> tuple[str, ...]:
    """Sentences of the first few, and how many there are more."""
    names: TextArray = problem.session_id
    said = [f"{names[i]} {text}" for i, text in zip(rows[:_TOLD_OF], words, strict=False)]
    more = len(words) - len(said)
    return (*said, *([f"{more:,} more sessions cannot be told anything"] if more else []))
