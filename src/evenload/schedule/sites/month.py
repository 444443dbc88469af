"""Sites led through a billing period day by day, each peak carried on, beside the whole period known at once.

Days are planned when they begin, with all their cars known: what it costs more than hindsight is the loss of not
knowing the days to come, nothing else. Source: DESIGN section 5.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from evenload.base.units import BoolArray, FloatArray, IntArray
from evenload.schedule.problem import Problem
from evenload.schedule.sites.bill import peaks_of
from evenload.schedule.sites.blocks import Solve, plan_sites
from evenload.schedule.sites.days import day_of
from evenload.schedule.sites.terms import Site


@dataclass(frozen=True, slots=True)
class Led:
    """A period as it was led: power (K,) of the problem's slots, and each site's highest load of every charge on every
    day, by its name, kW, shape (days, charges).
    """

    power_kw: FloatArray
    peak_kw: dict[str, FloatArray]


def lead(problem: Problem, sites: Sequence[Site], days: IntArray, solve: Solve, stays: BoolArray | None = None) -> Led:
    """Lead sites through the days between steps ``days`` (D+1,), see ``site_days.day_starts``.

    ``sites`` stand at the beginning of the period; days left and peaks so far are kept up here. ``stays`` (S,) marks
    stationary storage. Raises what ``solve`` and ``site_terms.terms_of`` raise.
    """
    power, kept = np.zeros(problem.cap_kw.size), stays if stays is not None else _nobody(problem)
    peaks: dict[str, list[FloatArray]] = {site.name: [] for site in sites}
    for d, (first, last) in enumerate(zip(days[:-1].tolist(), days[1:].tolist(), strict=True)):
        day, slot = day_of(problem, first, last, power, kept)
        plan = plan_sites(day, [replace(site, days_left=days.size - 2 - d) for site in sites], solve)
        today = day.slot_steps() < last - first
        power[slot[today]] = plan.solution.plan.power_kw[today]
        found = _peaks(day, sites, np.where(today, plan.solution.plan.power_kw, 0.0), last - first)
        for site, kw in zip(sites, found, strict=True):
            peaks[site.name].append(kw)
        sites = [_carried(site, kw) for site, kw in zip(sites, found, strict=True)]
    return Led(power, {name: np.array(each) for name, each in peaks.items()})


def needed_kw_by_day(
    problem: Problem, sites: Sequence[Site], days: IntArray, solve: Solve, stays: BoolArray | None = None
) -> dict[str, FloatArray]:
    """The load each day would come to if it paid for its peak alone, by site, kW, shape (days, charges).

    That is what days of its kind need: ``Site.needed_kw`` of a later period.
    """
    nobody = np.zeros(problem.cap_kw.size)
    kept = stays if stays is not None else _nobody(problem)
    alone = [replace(site, peak_kw_so_far=(), highest_kw_before=(), days_left=0, needed_kw=_NONE) for site in sites]
    found: dict[str, list[FloatArray]] = {site.name: [] for site in sites}
    for first, last in zip(days[:-1].tolist(), days[1:].tolist(), strict=True):
        day, _ = day_of(problem, first, last, nobody, kept)
        plan = plan_sites(day, alone, solve)
        for site, kw in zip(sites, _peaks(day, sites, plan.solution.plan.power_kw, last - first), strict=True):
            found[site.name].append(kw)
    return {name: np.array(each) for name, each in found.items()}


_NONE = np.zeros((0, 0))


def _nobody(problem: Problem) -> BoolArray:
    return np.zeros(problem.sessions, dtype=np.bool_)


def _peaks(day: Problem, sites: Sequence[Site], power_kw: FloatArray, steps: int) -> list[FloatArray]:
    """Highest load of each charge of each site in the first steps of a day."""
    horizon = replace(day.horizon, steps=steps)
    load = day.base_load_kw + day.ev_load_kw(power_kw)
    return [peaks_of(site.tariff, horizon, site.zone, load[site.node, :steps]) for site in sites]


def _carried(site: Site, peak_kw: FloatArray) -> Site:
    """A site whose peaks so far include those of a day."""
    so_far = np.maximum(site.peak_kw_so_far or (0.0,) * peak_kw.size, peak_kw)
    return replace(site, peak_kw_so_far=tuple(so_far.tolist()))
