"""What a plan makes of a site: its highest loads and what is paid for them, its energy, its storage."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from evenload.base.instants import to_datetime64
from evenload.base.units import FloatArray, IntArray
from evenload.domain.site_tariff import Subscription
from evenload.schedule.problem import Problem
from evenload.schedule.problem_parts import Tariffs
from evenload.schedule.sites.storage import Storage
from evenload.schedule.sites.terms import Site, outlooks_in


@dataclass(frozen=True, slots=True)
class SeenSite:
    """A site to look at: its circuit, what it pays for load (None = nothing), its storage, sessions by name, and
    whether all of it is behind one meter.
    """

    name: str
    node: int
    bill: Site | None = None
    storages: tuple[Storage, ...] = ()
    is_metered: bool = False


@dataclass(frozen=True, slots=True)
class ChargeFigures:
    """One charge of a site that looks at steps of the horizon, in this billing period or the next.

    Loads in kW: ``paid_kw`` is paid for whatever a plan does (peak so far, ratchet, blocks subscribed to),
    ``target_kw`` more likely than not in the end, ``peak_kw`` the highest mean load of the plan in the hours that
    count, reached in ``peak_step``; ``billed_kw`` is what these come to. ``added_cost`` is what the plan is expected to
    add to the charge by the end of the period. ``blocks`` is the cheapest number for that load, None where there are
    none.
    """

    name: str
    is_next_period: bool
    paid_kw: float
    target_kw: float
    peak_kw: float
    peak_step: int
    billed_kw: float
    added_cost: float
    blocks: int | None


@dataclass(frozen=True, slots=True)
class StorageFigures:
    """Energy of a storage at its connection, kWh, and what it holds at either end of the horizon, kWh stored."""

    name: str
    charged_kwh: float
    discharged_kwh: float
    level_kwh_start: float
    level_kwh_end: float


@dataclass(frozen=True, slots=True)
class SiteFigures:
    """One site over the horizon. Energies in kWh: ``bought`` and ``fed_in`` through its circuit, ``curtailed`` beyond
    what may be exported, ``own`` what cars and storage take of generation that other load leaves.
    """

    name: str
    peak_kw: float
    bought_kwh: float
    fed_in_kwh: float
    curtailed_kwh: float
    own_kwh: float
    charges: tuple[ChargeFigures, ...]
    storages: tuple[StorageFigures, ...]


def site_figures(problem: Problem, power_kw: FloatArray, sites: Sequence[SeenSite]) -> tuple[SiteFigures, ...]:
    """Figures of sites under powers (K,); their storages are sessions of the problem."""
    members_kw = problem.ev_load_kw(power_kw)
    return tuple(_figures(problem, power_kw, members_kw[site.node], site) for site in sites)


def money_of(problem: Problem, power_kw: FloatArray, tariffs: Tariffs, sites: Sequence[SeenSite]) -> float:
    """What powers (K,) cost at ``tariffs`` and in wear, each metered site as its meter counts: beyond what it would pay
    without cars and storage.
    """
    total = replace(problem, tariffs=tariffs).money(power_kw)
    for site in sites:
        rows = np.flatnonzero(problem.tree.below(site.node)[problem.node])
        if site.is_metered and rows.size:
            total += _metered_money(problem, power_kw, tariffs, rows, site.node)
    return total


def _metered_money(problem: Problem, power_kw: FloatArray, tariffs: Tariffs, rows: IntArray, node: int) -> float:
    """By how much a meter differs from sessions that pay each for itself; all of ``rows`` have one tariff."""
    buys, earns = (each[tariffs.of_session[rows[0]]] for each in (tariffs.import_per_kwh, tariffs.export_per_kwh))
    slots = problem.slots_of(rows)[0]
    step, kw = problem.slot_steps()[slots], power_kw[slots]
    alone = np.where(kw > 0, kw * buys[step], kw * earns[step]).sum()
    base_kw, may_kw = problem.base_load_kw[node], _export_kw(problem, node)
    members_kw = np.bincount(step, weights=kw, minlength=buys.size)
    paid = [buys * np.maximum(net, 0.0) - earns * np.clip(-net, 0.0, may_kw) for net in (base_kw + members_kw, base_kw)]
    return float((paid[0] - paid[1]).sum() - alone) * problem.horizon.hours_per_step


def _export_kw(problem: Problem, node: int) -> FloatArray:
    """What a circuit may export, kW, shape (T,) or one value."""
    return np.zeros(1) if problem.export_limit_kw is None else problem.export_limit_kw[node]


def _figures(problem: Problem, power_kw: FloatArray, members_kw: FloatArray, site: SeenSite) -> SiteFigures:
    base_kw, hours = problem.base_load_kw[site.node], problem.horizon.hours_per_step
    net_kw = base_kw + members_kw
    out_kw, own_kw = np.maximum(-net_kw, 0.0), np.clip(members_kw, 0.0, np.maximum(-base_kw, 0.0))
    fed_in_kw = np.minimum(out_kw, _export_kw(problem, site.node))
    return SiteFigures(
        site.name, float(net_kw.max()), float(np.maximum(net_kw, 0.0).sum() * hours), float(fed_in_kw.sum() * hours),
        float((out_kw - fed_in_kw).sum() * hours), float(own_kw.sum() * hours),
        () if site.bill is None else tuple(_charges(problem, site.bill, net_kw)),
        tuple(_storage(problem, power_kw, storage) for storage in site.storages),
    )  # fmt: skip


def _charges(problem: Problem, site: Site, net_kw: FloatArray) -> Iterator[ChargeFigures]:
    demand_kw = site.tariff.demand_kw(problem.horizon, net_kw)
    for outlook, counted in outlooks_in(site, problem.horizon):
        charge, loads = outlook.charge, np.where(counted, demand_kw, -np.inf)
        step = int(loads.argmax())
        peak = max(float(loads[step]), 0.0)
        billed = max(peak, outlook.paid_kw)
        reached, paid = outlook.expected_cost(np.array([billed, outlook.paid_kw]))
        blocks = int(charge.blocks_for(billed)) if isinstance(charge, Subscription) else None
        yield ChargeFigures(
            charge.name,
            _is_next(problem, site, step),
            outlook.paid_kw,
            outlook.target_kw,
            peak,
            step,
            billed,
            float(reached - paid),
            blocks,
        )


def _is_next(problem: Problem, site: Site, step: int) -> bool:
    """Whether a step lies in the billing period after this one."""
    return site.period_end is not None and bool(problem.horizon.starts()[step] >= to_datetime64(site.period_end))


def _storage(problem: Problem, power_kw: FloatArray, storage: Storage) -> StorageFigures:
    row = int(np.flatnonzero(problem.session_id == storage.name)[0])
    kw = power_kw[problem.offset[row] : problem.offset[row + 1]]
    hours = problem.horizon.hours_per_step
    charged, given = float(np.maximum(kw, 0.0).sum() * hours), float(np.maximum(-kw, 0.0).sum() * hours)
    end = storage.level_kwh + charged * storage.efficiency - given / storage.discharge_efficiency
    return StorageFigures(storage.name, charged, given, storage.level_kwh, end)
