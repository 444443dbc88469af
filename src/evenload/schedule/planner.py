"""The planner: from a problem and what else is to be heeded to powers that devices can be told, with the proof.

One order of importance, each level inside what those above leave: outages and limits; minimum energy; mandatory events;
energy, shared fairly where it is short; voluntary events; money, with what drivers' early departures put at risk; how
fast charging rises; energy beyond needs where events ask for it; and last, what devices can be told. The certificate is
that of continuous power; what devices cost beyond it is ``Fitted.loss``.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np

from evenload.base.units import FloatArray, IntArray, TextArray
from evenload.domain.event import Event
from evenload.schedule.devices.levels import continuous, relaxed
from evenload.schedule.devices.rounding import Fitted, fit_devices
from evenload.schedule.events.absorb import absorb, unknown_room
from evenload.schedule.events.heed import Heeded, heed
from evenload.schedule.events.outages import Outage, with_outages
from evenload.schedule.events.release import Ramp, released
from evenload.schedule.events.report import Delivered, delivered
from evenload.schedule.fairness.shares import FairNeeds, fair_needs
from evenload.schedule.problem import Problem
from evenload.schedule.risk.robust import Caution, cautious
from evenload.schedule.sites.blocks import plan_sites
from evenload.schedule.sites.terms import Site, terms_of
from evenload.schedule.solver.optimum import Settings, Solution, solve

_SHORT_KWH: Final = 1e-6


@dataclass(frozen=True, slots=True)
class Wishes:
    """What a plan is to heed besides its problem.

    ``group_of_session`` (S,) is blank for a session of no group; ``opt_outs`` are sessions' names by event;
    ``weight`` (S,) counts the shortage of who was short before more (``fatigue``), 1 for all where None. ``stay_slots``
    (S,) are whole slots from plug-in to the declared departure, by which ``caution`` knows drivers, where windows begin
    later than plug-in.
    """

    events: Sequence[Event] = ()
    group_of_session: TextArray | None = None
    opt_outs: Mapping[str, Sequence[str]] = field(default_factory=dict)
    ramps: Sequence[Ramp] = ()
    outages: Sequence[Outage] = ()
    caution: Caution | None = None
    sites: Sequence[Site] = ()
    weight: FloatArray | None = None
    stay_slots: IntArray | None = None


@dataclass(frozen=True, slots=True)
class Planned:
    """A plan, and how it came about.

    ``problem`` is what it is counted, audited and explained by: the problem with its outages, and needs raised by what
    events added. ``steered`` was solved: prices and caps with events and risk in them. ``solution`` is the continuous
    answer, ``fitted`` what devices are told; ``fair`` is None where nothing is short. ``served`` is the problem with no
    more needed than each is to be served, by which devices stop: the one to audit devices by.
    """

    problem: Problem
    steered: Problem
    served: Problem
    solution: Solution
    fitted: Fitted
    heeded: Heeded
    fair: FairNeeds | None
    notes: tuple[str, ...]

    @property
    def is_steered(self) -> bool:
        """Whether events, or turns after them, hold powers back beyond what the problem does."""
        return bool(self.heeded.asked) or self.steered.across is not self.problem.across

    @property
    def power_kw(self) -> FloatArray:
        """Mean power of every slot, kW, shape (K,)."""
        return self.fitted.power_kw


def plan_for(
    problem: Problem, wishes: Wishes | None = None, settings: Settings | None = None, previous: Solution | None = None
) -> Planned:
    """Plan a problem; ``settings``, ``previous`` and errors as of ``optimum.solve``, and those of each part."""
    asked = wishes or Wishes()
    plain = with_outages(problem, asked.outages)
    risky = plain if asked.caution is None else cautious(plain, asked.caution, asked.stay_slots)
    paying = terms_of(asked.sites, risky.horizon).on(risky) if asked.sites else risky  # an event goes before its bill
    heeded = heed(paying, asked.events, asked.group_of_session, asked.opt_outs)
    heeded, solution = _first(
        replace(heeded, problem=replace(heeded.problem, terms=risky.terms)), asked.sites, settings, previous
    )
    steered, notes = released(heeded, asked.ramps, solution.plan.power_kw, asked.outages)
    if steered is not heeded.problem:
        solution = solve(continuous(steered), settings, solution)
    solution, fair = _shared_fairly(steered, solution, asked.weight, settings)
    more = absorb(replace(heeded, problem=relaxed(steered)), solution.plan.power_kw, settings)
    steered = replace(steered, energy_kwh=more.problem.energy_kwh)
    solution = replace(solution, plan=replace(solution.plan, power_kw=solution.plan.power_kw + more.extra_kw))
    served = steered if fair is None else _with_shares(steered, fair)
    fitted = _of_whole_needs(steered, served, fit_devices(served, solution, settings))
    untold = relaxed(steered).opted_out
    counted = replace(plain, energy_kwh=steered.energy_kwh, terms=steered.terms, opted_out=untold)
    return Planned(
        counted, replace(steered, opted_out=untold), served, solution, fitted, heeded, fair,
        (*heeded.notes, *notes, *_unknown_room(heeded), *(fair.unproved if fair else ())),
    )  # fmt: skip


def response_of(planned: Planned, settings: Settings | None = None) -> tuple[Delivered, ...]:
    """What each event gets, against a plan of the same problem without any; solves once more if there are events."""
    if not planned.heeded.asked:
        return ()
    plain = replace(relaxed(planned.heeded.plain), terms=planned.steered.terms)
    return delivered(planned.heeded, planned.power_kw, solve(plain, settings, planned.solution).plan.power_kw)


def _first(
    heeded: Heeded, sites: Sequence[Site], settings: Settings | None, previous: Solution | None
) -> tuple[Heeded, Solution]:
    """The first answer, and the problem with what sites pay for load in it: their blocks are chosen here."""
    if not sites:
        return heeded, solve(continuous(heeded.problem), settings, previous)
    found = plan_sites(continuous(heeded.problem), sites, lambda each: solve(each, settings, previous))
    return replace(heeded, problem=replace(heeded.problem, terms=found.problem.terms)), found.solution


def _shared_fairly(
    problem: Problem, solution: Solution, weight: FloatArray | None, settings: Settings | None
) -> tuple[Solution, FairNeeds | None]:
    """The solution with its shortage shared fairly, and money made least once more for what each is served."""
    if not (solution.unserved_kwh > _SHORT_KWH).any():
        return solution, None
    whole = continuous(problem)
    fair = fair_needs(whole, solution, weight)
    minimum = whole.minimum_kwh
    served = replace(
        whole, energy_kwh=fair.needs_kwh, minimum_kwh=None if minimum is None else np.minimum(minimum, fair.needs_kwh)
    )
    found = solve(served, settings, solution)
    unserved = np.maximum(problem.energy_kwh - served.energy_kwh, 0.0) + found.unserved_kwh
    first, second = solution.certificate, found.certificate
    certificate = replace(
        second,
        energy_kwh_needed=first.energy_kwh_needed,
        energy_kwh_unserved=float(unserved.sum()),
        energy_kwh_unserved_bound=first.energy_kwh_unserved_bound,
        energy_kwh_minimum_unserved=first.energy_kwh_minimum_unserved,
        unserved_is_least=first.unserved_is_least and second.energy_kwh_unserved <= _SHORT_KWH,
    )
    shadow = np.where(solution.scarcity, 0.0, found.shadow_price)
    return replace(
        found, certificate=certificate, scarcity=solution.scarcity, shadow_price=shadow, unserved_kwh=unserved
    ), fair


def _with_shares(problem: Problem, fair: FairNeeds) -> Problem:
    """The problem with no more needed than is shared out. Who may be told only so often keeps a command for the stop
    then: only a need that is met stops by itself. Nothing is kept of a single one: that car goes on.
    """
    short, devices = fair.short_kwh, problem.devices
    share_kwh, less = problem.energy_kwh - short, short > _SHORT_KWH
    minimum = problem.minimum_kwh
    if devices is not None and devices.commands_max is not None:
        once = devices.commands_max == 1
        share_kwh = np.where(once, problem.energy_kwh, share_kwh)
        devices = replace(devices, commands_max=devices.commands_max - (less & (devices.commands_max > 1)))
    return replace(
        problem,
        energy_kwh=share_kwh,
        minimum_kwh=None if minimum is None else np.minimum(minimum, share_kwh),
        devices=devices,
    )


def _of_whole_needs(problem: Problem, served: Problem, fitted: Fitted) -> Fitted:
    """What was fitted to what is served, with what is unserved of whole needs."""
    more = np.maximum(problem.energy_kwh - served.energy_kwh, 0.0)
    return replace(fitted, unserved_kwh=fitted.unserved_kwh + more, loss_kwh=fitted.loss_kwh + float(more.sum()))


def _unknown_room(heeded: Heeded) -> tuple[str, ...]:
    count = unknown_room(heeded)
    return (f"room in the battery is not known of {count:,} sessions: they take no more than they need",) * bool(count)
