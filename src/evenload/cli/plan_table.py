"""What came of a plan, for the terminal."""

from collections.abc import Sequence
from pathlib import Path

from rich.table import Table

from evenload.base.instants import time_zone
from evenload.cli.plan_shortages import Shortages
from evenload.cli.terminal import output
from evenload.domain.reason import OverloadCause, UnservedReason
from evenload.files.plan_summary import CircuitSummary, EventResponse, PlanSummary
from evenload.files.site_summary import ChargeSummary, SiteSummary

_CIRCUITS_SHOWN = 5
_OVERLOADED_BY = {
    OverloadCause.BASE: "base load alone is above",
    OverloadCause.MINIMUM_ENERGY: "minimum energy, given at once, is above",
}


def print_plan(summary: PlanSummary, plan: Path, beside: Path) -> None:
    """The facts of a plan, and the circuits most worth upgrading where any limit costs something."""
    for name, text in _facts(summary):
        output.print(f"{name:<9} {text}", markup=False)
    worth = [c for c in summary.circuits[:_CIRCUITS_SHOWN] if c.value_per_kw > 0 or c.scarcity_kwh_per_kw > 0]
    if worth:
        output.print(_upgrades(worth, summary.objective_unit))
    output.print(f"Plan: {plan}   Summary: {beside}", markup=False)


def print_shortages(shortages: Shortages, short: int) -> None:
    """Where it is kept who was short, and how many are in this plan."""
    begun = " (begun)" if shortages.is_new else ""
    output.print(f"Shortages: {shortages.path}{begun}, {_count(short, 'driver')} left short by circuits", markup=False)


def _upgrades(circuits: Sequence[CircuitSummary], unit: str) -> Table:
    """What one kW more of each circuit would do over the whole horizon."""
    table = Table(title="Most worth upgrading, and what 1 kW more does", title_justify="left")
    table.add_column("circuit")
    serving = any(circuit.scarcity_kwh_per_kw > 0 for circuit in circuits)
    for name in ("limit", "at limit", *(["serves"] if serving else []), "saves", "dearest kWh"):
        table.add_column(name, justify="right")
    for circuit in circuits:
        table.add_row(
            circuit.node,
            f"{circuit.limit_kw_min:,.1f} kW",
            f"{circuit.hours_at_limit:,.2f} h",
            *([f"{circuit.scarcity_kwh_per_kw:,.2f} kWh"] if serving else []),
            f"{circuit.value_per_kw:,.3f} {unit}".rstrip(),
            f"{circuit.shadow_price_per_kwh_max:,.3f} {unit}".rstrip(),
        )
    return table


def _facts(summary: PlanSummary) -> list[tuple[str, str]]:
    """Lines of a name and a text."""
    horizon, counts = summary.horizon, summary.sessions
    start = horizon.start.astimezone(time_zone(horizon.timezone)).isoformat()
    steps = f"{_count(horizon.steps, 'step')} of {horizon.step_minutes} min from {start}"
    facts = [
        ("planned", f"{_count(counts.planned, 'session')}, {steps}"),
        ("status", summary.status),
        ("cost", f"{summary.cost:,.2f} {summary.currency}".rstrip()),
        ("gap", _gap(summary)),
        ("unserved", _unserved(summary)),
        ("peak", f"{summary.peak_kw:,.1f} kW"),
    ]  # fmt: skip
    if summary.carbon_kg is not None:
        facts.insert(3, ("carbon", f"{summary.carbon_kg:,.2f} kg"))
    if counts.outside_horizon:
        facts.append(("left out", f"{_count(counts.outside_horizon, 'session')} wholly outside the horizon"))
    if counts.cut_at_horizon:
        facts.append(("cut", f"{_count(counts.cut_at_horizon, 'session')} at an end of the horizon"))
    if summary.discharged_kwh > 0:
        facts.append(("back", f"{summary.discharged_kwh:,.1f} kWh given back"))
    if summary.energy_kwh_minimum_unserved > 0:
        facts.append(("minimum", f"{summary.energy_kwh_minimum_unserved:,.1f} kWh of it could not be given"))
    for cause, words in _OVERLOADED_BY.items():
        nodes = len({overload.node for overload in summary.overloads if overload.cause is cause})
        if nodes:
            facts.append(("overload", f"{words} the limit of {_count(nodes, 'circuit')}"))
    facts += [("event", _event(one)) for one in summary.events]
    facts += [("site", _site(one, summary.currency)) for one in summary.sites]
    return facts + [("note", note) for note in summary.notes]


def _event(one: EventResponse) -> str:
    """What an event gets of what it asks."""
    return (
        f"{one.event_id} ({one.kind}): {one.delivered_kw_mean:,.1f} of {one.requested_kw_mean:,.1f} kW asked, "
        f"{_count(one.members, 'session')}, {one.hours:g} h"
    )


def _site(one: SiteSummary, currency: str) -> str:
    """A site's highest load and what is paid for it, what it takes of its own generation, its storage."""
    parts = [f"peak {one.peak_kw:,.1f} kW", *(_charge(charge, currency) for charge in one.charges)]
    if one.energy_kwh_own > 0:
        parts.append(f"{one.energy_kwh_own:,.1f} kWh of its own generation")
    parts += [f"{each.name} {each.charged_kwh:,.1f} kWh in, {each.discharged_kwh:,.1f} kWh out" for each in one.storage]
    return f"{one.node}: {'; '.join(parts)}"


def _charge(one: ChargeSummary, currency: str) -> str:
    period = " of the next period" if one.is_next_period else ""
    blocks = "" if one.blocks is None else f" in {_count(one.blocks, 'block')}"
    money = f"{one.added_cost:,.2f} {currency}".rstrip()
    return f"{one.name}{period} {one.billed_kw:,.1f} kW{blocks} ({one.paid_kw:,.1f} kW paid before), {money} more"


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" + ("" if number == 1 else "s")


def _gap(summary: PlanSummary) -> str:
    """How far above the least the plan can be at most, beside what was asked."""
    proved = "not known" if summary.gap is None else f"{100 * summary.gap:.3f} %"
    return f"{proved} ({100 * summary.gap_asked:g} % asked)"


def _unserved(summary: PlanSummary) -> str:
    """Energy missing in all and by reason."""
    if not summary.unserved:
        return f"nothing of {summary.energy_kwh_needed:,.1f} kWh"
    kwh = {reason: sum(row.energy_kwh for row in summary.unserved if row.reason is reason) for reason in UnservedReason}
    parts = ", ".join(f"{reason} {amount:,.1f}" for reason, amount in kwh.items() if amount)
    return f"{summary.energy_kwh_unserved:,.1f} of {summary.energy_kwh_needed:,.1f} kWh ({parts})"
