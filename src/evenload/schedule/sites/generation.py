"""A site's own generation behind its meter: what cars and storage take of it costs what feeding it in would earn.

With net load b of building and generation, members' power P, prices i of import and e of export (e <= i), the meter
pays ``i * max(b + P, 0) - e * max(-b - P, 0)``, which is ``e * (b + P) + (i - e) * max(P - (-b), 0)``. So members pay
the price of export, and the difference for what goes above ``-b``: the surplus where that is positive, less than
nothing where the building draws power that a battery may serve. It is exact for every P. Source: DESIGN section 5.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from evenload.base.errors import InputError
from evenload.base.instants import to_datetime
from evenload.base.units import FloatArray, IntArray
from evenload.schedule.problem import Problem
from evenload.schedule.problem_parts import Across, Tariffs


@dataclass(frozen=True, slots=True)
class MeteredSite:
    """A site behind one meter: its circuit, and what it generates itself, kW, 0 or more, shape (steps,)."""

    node: int
    name: str
    generation_kw: FloatArray


def with_generation(problem: Problem, sites: Sequence[MeteredSite]) -> Problem:
    """The problem with generation taken off base load on the way from each site to the root."""
    base = problem.base_load_kw.copy()
    for site in sites:
        kw = site.generation_kw
        if kw.shape != (problem.horizon.steps,) or not (np.isfinite(kw) & (kw >= 0)).all():
            raise InputError(f"{site.name}: generation needs one finite number of 0 kW or more a step")
        base[list(problem.tree.path(site.node))] -= kw
    return replace(problem, base_load_kw=base)


def behind_meters(problem: Problem, sites: Sequence[MeteredSite]) -> Problem:
    """The problem with members of each site paying as their meter does; base load is already net of generation.

    The limits come last in ``Problem.across``: one for each site that has members, and one more where generation
    exceeds what may be exported: that part is curtailed unless somebody takes it, and costs nobody anything. A site
    whose members only charge has no limit below 0. Raises ``InputError``, naming site and step, where export earns more
    than import costs, for members of several tariffs, and for sites inside sites.
    """
    tariffs, limits = _Tariffs(problem), list[_Limit]()
    for site, rows in zip(sites, _members(problem, sites), strict=True):
        if rows.size:
            buys, earns = tariffs.of(site, rows)
            _refuse_export_above(problem, site, buys, earns)
            free = _curtailed_kw(problem, site)
            own = np.where(free > 0, np.minimum(buys, 0.0), earns)
            sold = np.where(free > 0, np.clip(earns, own, buys), earns)  # a price of export below 0 curtails all of it
            tariffs.add(rows, own)
            limits.append(_Limit(f"own generation of {site.name}", _surplus_kw(problem, site, rows), buys - sold, rows))
            if (sold > own).any():
                until = np.where(free > 0, free, np.inf)
                limits.append(_Limit(f"generation {site.name} cannot export", until, sold - own, rows))
    some = [limit for limit in limits if (limit.over_per_kwh > 0).any()]
    return replace(problem, tariffs=tariffs.done(), across=_joined(problem, some))


@dataclass(frozen=True, slots=True)
class _Limit:
    name: str
    limit_kw: FloatArray
    over_per_kwh: FloatArray
    members: IntArray


class _Tariffs:
    """Tariffs of a problem, to which those of sites are added."""

    def __init__(self, problem: Problem) -> None:
        self._of_session = problem.tariff_of_session().copy()
        self._buys, self._earns = list(problem.import_price()), list(problem.export_price())

    def of(self, site: MeteredSite, rows: IntArray) -> tuple[FloatArray, FloatArray]:
        """Prices of import and export that all members of a site have."""
        known = np.unique(self._of_session[rows])
        if known.size > 1:
            raise InputError(f"{site.name}: sessions behind one meter have {known.size} tariffs; give them one")
        return self._buys[int(known[0])], self._earns[int(known[0])]

    def add(self, rows: IntArray, per_kwh: FloatArray) -> None:
        """Let sessions pay and earn the same price."""
        self._of_session[rows] = len(self._buys)
        self._buys.append(per_kwh)
        self._earns.append(per_kwh)

    def done(self) -> Tariffs:
        """All tariffs."""
        return Tariffs(self._of_session, np.array(self._buys), np.array(self._earns))


def _surplus_kw(problem: Problem, site: MeteredSite, rows: IntArray) -> FloatArray:
    """What generation leaves to members, kW, shape (steps,); below 0 what a battery may serve of the building."""
    surplus: FloatArray = -problem.base_load_kw[site.node]
    gives_back = problem.batteries is not None and (problem.batteries.discharge_kw_max[rows] > 0).any()
    return surplus if gives_back else np.maximum(surplus, 0.0)


def _curtailed_kw(problem: Problem, site: MeteredSite) -> FloatArray:
    """Generation above what building and export limit take, kW, shape (steps,)."""
    export = 0.0 if problem.export_limit_kw is None else problem.export_limit_kw[site.node]
    return np.asarray(np.maximum(-problem.base_load_kw[site.node] - export, 0.0))


def _members(problem: Problem, sites: Sequence[MeteredSite]) -> list[IntArray]:
    """Sessions at or below each site."""
    tree, at = problem.tree, np.full(len(problem.tree), -1)
    for k, site in enumerate(sites):
        if at[site.node] >= 0:
            raise InputError(f"{site.name} and {sites[int(at[site.node])].name} are at the same circuit; give one")
        at[site.node] = k
    for n in range(1, at.size):
        above_it = at[tree.parent[n]]
        if at[n] >= 0 and above_it >= 0:
            names = sites[int(at[n])].name, sites[int(above_it)].name
            raise InputError(f"{names[0]} lies behind the meter of {names[1]}; only one of them can be a site")
        at[n] = max(at[n], above_it)
    of_session = at[problem.node]
    return [np.flatnonzero(of_session == k) for k in range(len(sites))]


def _refuse_export_above(problem: Problem, site: MeteredSite, buys: FloatArray, earns: FloatArray) -> None:
    above = np.flatnonzero(earns > buys + 1e-12)
    if above.size:
        t = int(above[0])
        raise InputError(
            f"{site.name}: export earns {earns[t]:g} and import costs {buys[t]:g} per kWh at "
            f"{to_datetime(problem.horizon.starts()[t]).isoformat()} ({above.size:,} such steps); own generation is "
            "then better sold than used, which plans behind a meter do not know: lower export_price_per_kwh, or leave "
            "the site's generation out"
        )


def _joined(problem: Problem, limits: Sequence[_Limit]) -> Across | None:
    own = problem.across
    if not limits:
        return own
    sizes = [limit.members.size for limit in limits]
    new = Across(
        np.array([limit.name for limit in limits], dtype=np.str_),
        np.array([np.maximum(limit.limit_kw, 0.0) for limit in limits]),
        np.array([limit.over_per_kwh for limit in limits]),
        np.repeat(np.arange(len(limits)), sizes),
        np.concatenate([limit.members for limit in limits]),
        np.ones(sum(sizes)),
        np.array([np.maximum(-limit.limit_kw, 0.0) for limit in limits]),
    )
    return new if own is None else own.joined(new)
