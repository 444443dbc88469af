"""Charges of sites as terms of a planning problem, for any part of a billing period.

``docs/explanation/sites.md`` explains; ``schedule.site_outlook`` has what a charge is expected to cost.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from typing import Final

import numpy as np

from evenload.base.errors import InputError
from evenload.base.horizon import Horizon
from evenload.base.instants import to_datetime64
from evenload.base.units import BoolArray, FloatArray
from evenload.domain.site_tariff import SiteTariff
from evenload.schedule.problem import Problem
from evenload.schedule.problem_parts import CircuitTerms
from evenload.schedule.sites.bill import per_charge
from evenload.schedule.sites.outlook import Outlook

_DAYS_OF_A_PERIOD: Final = 30


@dataclass(frozen=True, slots=True)
class Site:
    """A site of a planning problem and where its billing period stands; loads have one value a charge, none = 0.

    ``needed_kw`` (days, charges) is what comparable days needed at the least (``site_month.needed_kw_by_day``); without
    it a new peak is priced as if no later day would reach it. ``period_end``: a later part of the horizon belongs to
    the next period; None = none of it does.
    """

    node: int
    name: str
    tariff: SiteTariff
    zone: str = "UTC"
    peak_kw_so_far: tuple[float, ...] = ()
    highest_kw_before: tuple[float, ...] = ()
    days_left: int = 0
    needed_kw: FloatArray = field(default_factory=lambda: np.zeros((0, 0)))
    period_end: datetime | None = None

    def __post_init__(self) -> None:
        per_charge(self.tariff, self.peak_kw_so_far)
        per_charge(self.tariff, self.highest_kw_before)
        if self.days_left < 0:
            raise InputError(f"{self.name}: days_left must be 0 or more, not {self.days_left}")
        days, charges = self.needed_kw.shape
        if days and (charges != len(self.tariff.charges) or not np.isfinite(self.needed_kw).all()):
            raise InputError(f"{self.name}: needed_kw needs one finite load a day for each charge")

    def paid_kw(self) -> FloatArray:
        """Load of each charge that is paid for already: peak so far, ratchet or blocks, shape (charges,)."""
        so_far = per_charge(self.tariff, self.peak_kw_so_far)
        return np.maximum(so_far, self._floors())

    def _floors(self) -> FloatArray:
        before = per_charge(self.tariff, self.highest_kw_before)
        pairs = zip(self.tariff.charges, before.tolist(), strict=True)
        return np.array([charge.floor_kw(kw) for charge, kw in pairs], dtype=np.float64)

    def outlooks(self) -> list[Outlook]:
        """What each charge costs by the end of this period."""
        return self._outlooks(self.paid_kw(), self.days_left)

    def next_outlooks(self) -> list[Outlook]:
        """The same at the start of the next period; no peak of this one is known to matter there."""
        return self._outlooks(self._floors(), _DAYS_OF_A_PERIOD)

    def _outlooks(self, paid_kw: FloatArray, days_left: int) -> list[Outlook]:
        columns = self.needed_kw.T if self.needed_kw.size else np.zeros((len(self.tariff.charges), 0))
        return [
            Outlook(charge, float(paid_kw[c]), days_left, np.sort(columns[c]))
            for c, charge in enumerate(self.tariff.charges)
        ]


@dataclass(frozen=True, slots=True)
class SiteTerms:
    """Terms of sites for one horizon: M rows, the steps (T) whose load counts for each, and whose rows they are."""

    terms: CircuitTerms
    counts: BoolArray  # (M, T)
    owner: tuple[str, ...]  # (M,) for people: "demand charge of depot"

    def on(self, problem: Problem) -> Problem:
        """The problem with these terms beside its own."""
        own, added = problem.terms, replace(self.terms, counts=self.counts)
        if not self.counts.size or own is None:
            return problem if not self.counts.size else replace(problem, terms=added)
        if own.counts is None:
            own = replace(own, counts=np.ones((own.node.size, problem.horizon.steps), dtype=np.bool_))
        columns = {
            each.name: np.concatenate([getattr(own, each.name), getattr(added, each.name)]) for each in fields(own)
        }
        return replace(problem, terms=CircuitTerms(**columns))


def terms_of(sites: Sequence[Site], horizon: Horizon) -> SiteTerms:
    """What new load costs sites in a horizon; a charge whose hours do not occur in it has no term.

    Raises ``InputError`` for steps that do not show demand. A step shorter than the demand interval counts by itself:
    plans keep each of them below, which is a little stricter than their mean.
    """
    rows = [row for site in sites for row in _rows(site, horizon)]
    nodes, levels, prices = ([row[k] for row in rows] for k in range(3))
    terms = CircuitTerms(
        np.array(nodes, dtype=np.int64), np.zeros(len(rows)), np.array(prices, dtype=np.float64),
        np.array(levels, dtype=np.float64),
    )  # fmt: skip
    counts = np.array([row[3] for row in rows], dtype=np.bool_).reshape(len(rows), horizon.steps)
    return SiteTerms(terms, counts, tuple(row[4] for row in rows))


_Row = tuple[int, float, float, BoolArray, str]


def _rows(site: Site, horizon: Horizon) -> list[_Row]:
    """Node, level, price, steps and owner of each term of a site."""
    return [
        (site.node, kw, price, counted, f"{outlook.charge.name} of {site.name}")
        for outlook, counted in outlooks_in(site, horizon)
        for kw, price in outlook.pieces()
    ]


def outlooks_in(site: Site, horizon: Horizon) -> list[tuple[Outlook, BoolArray]]:
    """Charges of a site that look at a horizon, each with the steps (T) that count, this period before the next."""
    now = _before(horizon, site.period_end)
    both = [(outlook, now) for outlook in site.outlooks()] + [(outlook, ~now) for outlook in site.next_outlooks()]
    counted = [(each, part & site.tariff.counted(each.charge, horizon, site.zone)) for each, part in both]
    return [(each, steps) for each, steps in counted if steps.any()]


def _before(horizon: Horizon, period_end: datetime | None) -> BoolArray:
    if period_end is None:
        return np.ones(horizon.steps, dtype=np.bool_)
    return np.asarray(horizon.starts() < to_datetime64(period_end))


def targets_kw(site: Site) -> tuple[float, ...]:
    """The load of each charge that more likely than not is paid for in the end whatever a plan does now, kW."""
    return tuple(outlook.target_kw for outlook in site.outlooks())
