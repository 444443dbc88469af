"""The bill of a site for a billing period, from its net load: an estimate to compare plans by, not what is owed.

Energy is netted step by step behind one meter: what flows in pays the price of import, what flows out earns that of
export. Charges look at mean load (``domain.site_tariff``). Source: DESIGN section 5; market reference section 4.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from evenload.base.errors import InputError
from evenload.base.horizon import Horizon
from evenload.base.units import FloatArray
from evenload.domain.site_tariff import Charge, SiteTariff, Subscription


@dataclass(frozen=True, slots=True)
class ChargeLine:
    """One charge: the highest mean load in its hours (0 kW and step -1 where none counted or all flowed out), what is
    billed after ratchet or blocks, and why.
    """

    name: str
    peak_kw: float
    peak_step: int
    billed_kw: float
    cost: float
    blocks: int = 0


@dataclass(frozen=True, slots=True)
class SiteBill:
    """What a site pays for a period, float estimates in the currency of its prices."""

    energy_kwh_import: float
    energy_kwh_export: float
    import_cost: float
    export_revenue: float
    charges: tuple[ChargeLine, ...]
    fixed_cost: float

    @property
    def total(self) -> float:
        """All of it."""
        return self.import_cost - self.export_revenue + sum(line.cost for line in self.charges) + self.fixed_cost


def bill_of(  # noqa: PLR0913 - one parameter a column of a bill
    tariff: SiteTariff,
    horizon: Horizon,
    zone: str,
    net_kw: FloatArray,
    import_per_kwh: FloatArray,
    export_per_kwh: FloatArray,
    *,
    highest_kw_before: Sequence[float] = (),
    peak_kw_so_far: Sequence[float] = (),
) -> SiteBill:
    """Bill of the period a horizon covers (or of the rest of it: ``peak_kw_so_far``), from net load (steps,).

    ``highest_kw_before`` has the highest load of the months before for each charge, where a ratchet looks at it. Raises
    ``InputError`` for steps that do not show demand, and for as many values as there are no charges.
    """
    for name, column in (("net_kw", net_kw), ("import_per_kwh", import_per_kwh), ("export_per_kwh", export_per_kwh)):
        if column.shape != (horizon.steps,) or not np.isfinite(column).all():
            raise InputError(f"a bill needs {horizon.steps} finite values of {name}, one a step")
    imported = np.maximum(net_kw, 0.0) * horizon.hours_per_step
    exported = np.maximum(-net_kw, 0.0) * horizon.hours_per_step
    before, so_far = per_charge(tariff, highest_kw_before), per_charge(tariff, peak_kw_so_far)
    demand = tariff.demand_kw(horizon, net_kw)
    lines = [
        _line(charge, np.where(tariff.counted(charge, horizon, zone), demand, 0.0), float(before[c]), float(so_far[c]))
        for c, charge in enumerate(tariff.charges)
    ]
    return SiteBill(
        float(imported.sum()), float(exported.sum()), float(imported @ import_per_kwh),
        float(exported @ export_per_kwh), tuple(lines), tariff.fixed_per_period,
    )  # fmt: skip


def peaks_of(tariff: SiteTariff, horizon: Horizon, zone: str, net_kw: FloatArray) -> FloatArray:
    """Highest mean load in the hours of each charge, kW, 0 where none counts, shape (charges,)."""
    demand = tariff.demand_kw(horizon, net_kw)
    counted = (tariff.counted(charge, horizon, zone) for charge in tariff.charges)
    return np.array([demand[steps].max(initial=0.0) for steps in counted], dtype=np.float64)


def per_charge(tariff: SiteTariff, values: Sequence[float]) -> FloatArray:
    """One value of 0 or more for each charge, shape (charges,); none given = 0 for all."""
    given = np.array(list(values) or [0.0] * len(tariff.charges), dtype=np.float64)
    if given.shape != (len(tariff.charges),) or not (np.isfinite(given) & (given >= 0)).all():
        names = ", ".join(charge.name for charge in tariff.charges)
        raise InputError(f"loads of charges need one number of 0 kW or more for each of {names}, not {list(values)}")
    return given


def _line(charge: Charge, demand_kw: FloatArray, before_kw: float, so_far_kw: float) -> ChargeLine:
    """A charge's line, from demand that is 0 where it does not count."""
    step = int(demand_kw.argmax())
    peak = max(float(demand_kw[step]), so_far_kw, 0.0)
    billed = max(peak, charge.floor_kw(before_kw))
    blocks = int(charge.blocks_for(billed)) if isinstance(charge, Subscription) else 0
    set_now = demand_kw[step] > so_far_kw
    return ChargeLine(charge.name, peak, step if set_now else -1, billed, float(charge.cost(billed)), blocks)
