"""Cold start: a node without history has the load of its class, made as large as what is known about the node."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from evenload.base.errors import LoadError
from evenload.base.units import FloatArray, IntArray
from evenload.forecast.conditions import DAY_TYPES
from evenload.forecast.history import NodeFacts
from evenload.forecast.quantile import weighted_quantiles
from evenload.forecast.recipe import QUANTILES

_HOURS_PER_YEAR = 8760.0


@dataclass(frozen=True, slots=True)
class ClassProfile:
    """Load of a class's member through the day, as multiples of that member's mean load.

    ``relative`` has shape (4 quantiles, 3 day types, S steps of the local day), ``relative_mean`` (3, S). A member has
    ``homes`` homes and ``kw_per_home`` mean load each (NaN where homes say nothing).
    """

    name: str
    relative: FloatArray
    relative_mean: FloatArray
    kw_per_home: float = np.nan
    homes: float = 1.0

    def __post_init__(self) -> None:
        wanted = (len(QUANTILES), DAY_TYPES, self.relative.shape[-1])
        if self.relative.shape != wanted or self.relative_mean.shape != wanted[1:]:
            raise LoadError(f"class {self.name!r} has a profile of shape {self.relative.shape}, expected {wanted}")

    @classmethod
    def of_days(cls, name: str, days_kw: FloatArray, homes: float = 1.0) -> Self:
        """From K example days (K, S) of members with ``homes`` homes each; every type of day is the same."""
        mean_kw = float(days_kw.mean())
        relative = weighted_quantiles((days_kw / mean_kw).T, np.ones(days_kw.shape[0]), QUANTILES)
        types = np.repeat(relative[:, None], DAY_TYPES, axis=1)
        return cls(name, types, np.tile(days_kw.mean(axis=0) / mean_kw, (DAY_TYPES, 1)), mean_kw / homes, homes)


@dataclass(frozen=True, slots=True)
class ClassForecast:
    """A class in the J steps ahead, as multiples of a member's mean load, and what that mean is known to go with.

    ``relative`` (4, J) and ``mean`` (J,); mean kW per kWh of a year, per home and per kW of peak; homes of a member.
    """

    relative: FloatArray
    mean: FloatArray
    kw_per_annual_kwh: float
    kw_per_home: float
    kw_per_peak_kw: float
    homes: float

    def scale_kw(self, own_kw: FloatArray, facts: NodeFacts) -> FloatArray:
        """Mean load of nodes, from the first known of their own readings, annual energy, homes and peak; else NaN."""
        ways = (
            own_kw,
            self.kw_per_annual_kwh * facts.annual_kwh,
            self.kw_per_home * facts.homes,
            self.kw_per_peak_kw * facts.peak_kw,
        )
        scale = np.full(len(facts), np.nan)
        for way in ways:
            scale = np.where(np.isnan(scale), way, scale)
        return scale

    def quantiles_kw(self, scale_kw: FloatArray, homes: FloatArray) -> FloatArray:
        """Quantiles of nodes, (N, 4, J): the spread around the mean goes with one over the root of the homes."""
        known = ~np.isnan(homes) & ~np.isnan(self.homes)
        narrower = np.where(known, np.sqrt(self.homes / np.where(known, homes, 1.0)), 1.0)[:, None, None]
        relative = self.mean + (self.relative - self.mean) * narrower
        floor = 0.0 if self.relative.min() >= 0 else -np.inf
        ceiling = 0.0 if self.relative.max() <= 0 else np.inf
        return np.asarray(np.clip(relative, floor, ceiling) * scale_kw[:, None, None])


def from_profile(profile: ClassProfile, day_type: IntArray, slot: IntArray) -> ClassForecast:
    """The class ahead, from a profile handed in and the day type and step of the day of each step, (J,)."""
    relative, mean = profile.relative[:, day_type, slot], profile.relative_mean[day_type, slot]
    peak = float(profile.relative.max()) or np.nan
    return ClassForecast(relative, mean, 1 / _HOURS_PER_YEAR, profile.kw_per_home, 1 / peak, profile.homes)


def from_members(
    samples_kw: Sequence[FloatArray], weight: FloatArray, mean_kw: FloatArray, facts: NodeFacts
) -> ClassForecast:
    """The class ahead, learned from K members: their samples (J, M) each, mean loads (K,), and what is known of them.

    Samples of all members are pooled relative to the member's mean, so that the difference between members is part of
    the spread.
    """
    relative = np.concatenate([each / mean for each, mean in zip(samples_kw, mean_kw, strict=True)], axis=1)
    weights = np.tile(weight, (1, len(samples_kw)))
    known = ~np.isnan(relative)
    total = (weights * known).sum(axis=1)
    mean = np.where(
        total > 0, np.nansum(weights * np.where(known, relative, 0.0), axis=1) / np.maximum(total, 1e-9), np.nan
    )
    return ClassForecast(
        weighted_quantiles(relative, weights, QUANTILES),
        mean,
        _rate(mean_kw, facts.annual_kwh),
        _rate(mean_kw, facts.homes),
        _rate(mean_kw, facts.peak_kw),
        float(np.nanmedian(facts.homes)) if not np.isnan(facts.homes).all() else np.nan,
    )


def _rate(mean_kw: FloatArray, fact: FloatArray) -> float:
    known = ~np.isnan(fact) & (fact > 0)
    return float(mean_kw[known].sum() / fact[known].sum()) if known.any() else np.nan
