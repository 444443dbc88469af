"""Sites in the problem file: what they pay for load, what is paid already, their storage and their meter."""

from typing import Annotated, Any, Final, Self

import numpy as np
from pydantic import Field, model_validator

from evenload.base.errors import InputError
from evenload.base.local_clock import parse_clock
from evenload.base.units import FloatArray
from evenload.domain.circuit import CircuitTree
from evenload.domain.site_tariff import Charge, ChargeHours, DemandCharge, SiteTariff, Subscription
from evenload.files.yaml_parts import Amount, Instant, Part
from evenload.schedule.sites.storage import Storage
from evenload.schedule.sites.terms import Site

_DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_Size = Annotated[float, Field(gt=0, le=1e6, allow_inf_nan=False)]
_Share = Annotated[float, Field(gt=0, le=1, allow_inf_nan=False)]


class _Paid(Part):
    """A charge and where its billing period stands."""

    peak_kw_so_far: Amount = Field(default=0.0, description="highest mean load of this period in its hours, kW")
    needed_kw: list[Amount] = Field(
        default=[],
        max_length=1000,
        description="highest load that comparable days needed at the least, kW, one value a day; left out: each plan "
        "pays in full for what it adds to the peak",
    )


class DemandChargeAsked(_Paid):
    """A price of the highest mean load of the billing period."""

    name: str = Field(default="demand charge", min_length=1, description="as bills and explanations call it")
    per_kw: Amount = Field(description="currency per kW of the highest mean load of the period")
    hours: str = Field(default="00:00-24:00", description="when load counts, local time, such as 16:00-21:00")
    weekdays: list[str] = Field(default=list(_DAYS), description="days on which load counts: mon to sun")
    months: list[Annotated[int, Field(ge=1, le=12)]] = Field(
        default=list(range(1, 13)), description="months in which load counts: 1 to 12"
    )
    ratchet_share: Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)] = Field(
        default=0.0, description="of highest_kw_before, billed at the least"
    )
    highest_kw_before: Amount = Field(default=0.0, description="highest load of the months before, for the ratchet, kW")

    @model_validator(mode="after")
    def _can_be(self) -> Self:
        self.charge()
        if self.highest_kw_before and not self.ratchet_share:
            raise ValueError(f"{self.name}: highest_kw_before is of no effect without ratchet_share")
        return self

    def charge(self) -> DemandCharge:
        """As tariffs have it; ``ValueError`` for hours that cannot be."""
        start, dash, end = self.hours.partition("-")
        unknown = [day for day in self.weekdays if day not in _DAYS]
        if unknown:
            raise ValueError(f"{self.name}: {unknown[0]!r} is not a weekday; there are {', '.join(_DAYS)}")
        try:
            hours = ChargeHours(
                parse_clock(start.strip()), parse_clock(end.strip()) if dash else -1,
                frozenset(_DAYS.index(day) for day in self.weekdays), frozenset(self.months),
            )  # fmt: skip
            return DemandCharge(self.name, self.per_kw, hours, self.ratchet_share)
        except InputError as error:
            raise ValueError(f"{self.name}: {error}") from error


class SubscriptionAsked(_Paid):
    """Load bought in blocks, and a price of what goes above."""

    block_kw: _Size = Field(description="size of a block, kW")
    per_block: Amount = Field(description="currency per block and period")
    overage_per_kw: Amount = Field(description="currency per kW above the blocks")
    blocks: Annotated[int, Field(ge=0, le=100_000)] | None = Field(
        default=None, description="blocks subscribed to; left out: as many as are cheapest, decided with the plan"
    )

    def charge(self) -> Subscription:
        """As tariffs have it."""
        return Subscription(self.block_kw, self.per_block, self.overage_per_kw, self.blocks)


class StorageAsked(Part):
    """A stationary battery; levels are kWh stored, powers kW AC."""

    name: str = Field(min_length=1, description="as plans call it; no session may have that name")
    node: str = Field(default="", description="its circuit; left out: that of the site")
    capacity_kwh: _Size = Field(description="what it holds when full")
    level_kwh: Amount = Field(description="level at the start of the horizon")
    charge_kw_max: _Size = Field(description="highest charging power")
    discharge_kw_max: Amount = Field(default=0.0, description="highest discharging power")
    efficiency: _Share = Field(default=1.0, description="of charging")
    discharge_efficiency: _Share = Field(default=1.0, description="of discharging")
    level_kwh_min: Amount = Field(default=0.0, description="level it never falls below")
    level_kwh_end: Amount | None = Field(
        default=None, description="level at the end, not below level_kwh; left out: the level it begins with"
    )
    wear_per_kwh: Amount = Field(default=0.0, description="currency per kWh given back")

    @model_validator(mode="after")
    def _can_be(self) -> Self:
        try:
            self.storage(0)
        except InputError as error:
            raise ValueError(str(error)) from error
        return self

    def storage(self, node: int) -> Storage:
        """As problems have it, at a circuit."""
        return Storage(**{**self.model_dump(), "node": node})


class SiteAsked(Part):
    """A site: a circuit with a bill of its own."""

    node: str = Field(description="circuit of the grid file")
    demand_charges: list[DemandChargeAsked] = Field(
        default=[], max_length=20, description="what it pays for its highest load"
    )
    subscription: SubscriptionAsked | None = Field(default=None, description="load it buys in blocks")
    demand_minutes: int = Field(default=15, description="load is averaged over so many minutes: 5, 10, 15, 30 or 60")
    days_left: Annotated[int, Field(ge=0, le=366)] = Field(
        default=0, description="whole days of the billing period after the horizon; of effect with needed_kw"
    )
    period_end: Instant | None = Field(
        default=None, strict=False, description="end of the billing period, where it lies inside the horizon"
    )
    storage: list[StorageAsked] = Field(default=[], max_length=100, description="its batteries")
    behind_meter: bool = Field(
        default=False,
        description="cars and storage share one meter with the other load of the site, generation (negative load) "
        "included: what they take of it costs what exporting it would earn",
    )

    @model_validator(mode="after")
    def _can_be(self) -> Self:
        if not (self.demand_charges or self.subscription or self.storage or self.behind_meter):
            raise ValueError(
                f"{self.node}: give demand_charges, subscription, storage or behind_meter, or leave it out"
            )
        try:
            self.tariff()
            self.site(0, "UTC")
        except InputError as error:
            raise ValueError(f"{self.node}: {error}") from error
        return self

    def tariff(self) -> SiteTariff:
        """What it pays for load."""
        return SiteTariff(tuple(_charge(part) for part in self._parts()), demand_minutes=self.demand_minutes)

    def site(self, node: int, zone: str) -> Site:
        """As plans have it, at a circuit with a time zone."""
        parts = self._parts()
        return Site(
            node, self.node, self.tariff(), zone,
            peak_kw_so_far=tuple(part.peak_kw_so_far for part in parts),
            highest_kw_before=tuple(getattr(part, "highest_kw_before", 0.0) for part in parts),
            days_left=self.days_left, needed_kw=self._needed_kw(), period_end=self.period_end,
        )  # fmt: skip

    def storages(self, tree: CircuitTree, node: int) -> list[Storage]:
        """Its storage; ``CircuitError`` for a circuit that is not in the grid."""
        return [each.storage(int(tree.find([each.node])[0]) if each.node else node) for each in self.storage]

    def _parts(self) -> list[DemandChargeAsked | SubscriptionAsked]:
        return [*self.demand_charges, *([self.subscription] if self.subscription else [])]

    def _needed_kw(self) -> FloatArray:
        lists = [part.needed_kw for part in self._parts()]
        lengths = {len(each) for each in lists}
        if len(lengths) > 1:
            raise InputError("needed_kw needs the same number of days for every charge, or none")
        return np.array(lists, dtype=np.float64).T if lengths and lengths != {0} else np.zeros((0, 0))


def _charge(part: Any) -> Charge:  # noqa: ANN401 - either kind
    charge: Charge = part.charge()
    return charge
