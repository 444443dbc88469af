"""Sites in ``summary.json`` of a plan: what is paid for their highest load, their energy, their storage."""

from collections.abc import Sequence
from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field

from evenload.base.instants import to_datetime
from evenload.schedule.problem import Problem
from evenload.schedule.sites.figures import ChargeFigures, SeenSite, SiteFigures, StorageFigures, site_figures
from evenload.schedule.why.summary import Outcome


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ChargeSummary(_Part):
    """A charge on the highest mean load of a site's billing period, as far as it looks at steps of the horizon."""

    name: str
    is_next_period: bool = Field(description="whether it is of the billing period after this one")
    paid_kw: float = Field(description="load that is paid for whatever the plan does: peak so far, ratchet, blocks")
    target_kw: float = Field(description="load that more likely than not is paid for in the end, by days like these")
    peak_kw: float = Field(description="highest mean load of the plan in the hours that count")
    peak_at: datetime = Field(description="start of the step in which it is reached first")
    billed_kw: float = Field(description="the higher of paid_kw and peak_kw")
    added_cost: float = Field(description="what the plan is expected to add to the charge by the end of the period")
    blocks: int | None = Field(description="cheapest number of blocks for billed_kw; null where load is not in blocks")


class StorageSummary(_Part):
    """A stationary battery."""

    name: str
    charged_kwh: float = Field(description="at its connection")
    discharged_kwh: float = Field(description="at its connection")
    level_kwh_start: float = Field(description="stored")
    level_kwh_end: float = Field(description="stored")


class SiteSummary(_Part):
    """A site of the problem file under the plan."""

    node: str
    peak_kw: float = Field(description="highest load of a step, other load included")
    energy_kwh_bought: float = Field(description="through its circuit, other load included")
    energy_kwh_fed_in: float = Field(description="through its circuit, up to its export limit")
    energy_kwh_curtailed: float = Field(description="generation that nobody takes and that may not be exported")
    energy_kwh_own: float = Field(description="what cars and storage take of generation that other load leaves")
    charges: list[ChargeSummary]
    storage: list[StorageSummary]


def sites_of(outcome: Outcome, sites: Sequence[SeenSite]) -> list[SiteSummary]:
    """Sites under the powers that ``outcome`` looks at."""
    return [_site(one, outcome.problem) for one in site_figures(outcome.problem, outcome.power_kw, sites)]


def _site(one: SiteFigures, problem: Problem) -> SiteSummary:
    return SiteSummary(
        node=one.name, peak_kw=one.peak_kw, energy_kwh_bought=one.bought_kwh, energy_kwh_fed_in=one.fed_in_kwh,
        energy_kwh_curtailed=one.curtailed_kwh, energy_kwh_own=one.own_kwh,
        charges=[_charge(charge, problem) for charge in one.charges],
        storage=[_storage(storage) for storage in one.storages],
    )  # fmt: skip


def _charge(one: ChargeFigures, problem: Problem) -> ChargeSummary:
    return ChargeSummary(
        name=one.name, is_next_period=one.is_next_period, paid_kw=one.paid_kw, target_kw=one.target_kw,
        peak_kw=one.peak_kw, peak_at=to_datetime(problem.horizon.starts()[one.peak_step]), billed_kw=one.billed_kw,
        added_cost=one.added_cost, blocks=one.blocks,
    )  # fmt: skip


def _storage(one: StorageFigures) -> StorageSummary:
    return StorageSummary(
        name=one.name, charged_kwh=one.charged_kwh, discharged_kwh=one.discharged_kwh,
        level_kwh_start=one.level_kwh_start, level_kwh_end=one.level_kwh_end,
    )  # fmt: skip
