"""What others have published about the same question, beside what a run shows.

Sources: Bailey, Brown, Shaffer and Wolak, randomised trial in Calgary (AEA 2025 abstract; registry 11822): time-of-use
prices raised violations of limits on the charging of groups of ten cars above the untreated control, and managed
charging lowered them. Brattle Group for EnergyHub (58 drivers, Washington State): active control cut the peak of
charging by half or more and doubled hosting capacity. Synthetic run of 1,000 cars of 7.2 kW in groups of ten: 1.24 kW
a car unmanaged, 3.68 with a common timer, 0.66 managed.
"""

from dataclasses import dataclass

import pandas as pd

from evenload.report.results import Comparison, Reference
from evenload.simulate.study_file import Study

_COMPARED = ("unmanaged", "timer", "valley")


@dataclass(frozen=True, slots=True)
class _Shown:
    """Means over seeds at the reference penetration and behaviour, of the three strategies compared."""

    label: dict[str, str]
    runs: pd.DataFrame
    hosting: pd.DataFrame
    base_load: str
    base_loads: tuple[str, ...]

    def mean(self, strategy: str, column: str, base_load: str = "") -> float:
        """Mean over seeds of a column under a strategy and base load (the reference's by default)."""
        rows = self.runs[self.runs["strategy"] == self.label[strategy]]
        return float(rows.loc[rows["base_load"] == (base_load or self.base_load), column].to_numpy().mean())

    def each(self, column: str, form: str) -> str:
        """The three strategies in words, under every base load."""
        return "; ".join(
            f"base load {base}: "
            + ", ".join(f"{name} {format(self.mean(name, column, base), form)}" for name in _COMPARED)
            for base in self.base_loads
        )


def comparisons(study: Study, shown: Reference, runs: pd.DataFrame, hosting: pd.DataFrame) -> tuple[Comparison, ...]:
    """Published statements beside this study's numbers; empty where the study lacks one of the three strategies."""
    label: dict[str, str] = {}
    for choice in study.choices():
        label.setdefault(choice.strategy.name, choice.label)
    if not set(_COMPARED) <= set(label):
        return ()
    case = runs[(runs["penetration"] == shown.penetration) & (runs["behaviour"] == shown.behaviour)]
    hosted = hosting[(hosting["base_load"] == shown.base_load) & (hosting["behaviour"] == shown.behaviour)]
    seen = _Shown(label, case, hosted, shown.base_load, tuple(study.base_load.labels()))
    limit = f"{study.criterion.ev_kw_per_home:g} kW a home"
    return (
        _timer_on_cars(seen, limit),
        _managed_on_cars(seen, limit),
        _timer_on_transformers(seen, study.timer_clock),
        _managed_on_transformers(seen),
        _synthetic_order(seen),
        _peak_halved(seen),
        _hosting_doubled(seen, max(study.penetrations)),
    )


def _timer_on_cars(seen: _Shown, limit: str) -> Comparison:
    timer, unmanaged = (seen.mean(name, "ev_days_over_share") for name in ("timer", "unmanaged"))
    return Comparison(
        "A common timer breaks limits on the charging of a group of ten cars more often than no management",
        "Calgary randomised trial: yes",
        f"transformer-nights on which cars alone exceed {limit}: unmanaged {unmanaged:.1%}, timer {timer:.1%}",
        timer > unmanaged,
        "" if timer > unmanaged else "These drivers are rarely all plugged in and empty when the timer starts.",
    )


def _managed_on_cars(seen: _Shown, limit: str) -> Comparison:
    valley, unmanaged = (seen.mean(name, "ev_days_over_share") for name in ("valley", "unmanaged"))
    return Comparison(
        "Managed charging breaks limits on the charging of a group less often than no management",
        "Calgary randomised trial: yes",
        f"transformer-nights on which cars alone exceed {limit}: unmanaged {unmanaged:.1%}, valley {valley:.1%}",
        valley < unmanaged,
        ""
        if valley < unmanaged
        else "Valley was given the rating of the whole transformer to keep, not a limit on cars: at night it uses the "
        "room that homes leave.",
    )


def _timer_on_transformers(seen: _Shown, clock: str) -> Comparison:
    column = "transformer_days_over_share"
    agrees = seen.mean("timer", column) > seen.mean("unmanaged", column)
    return Comparison(
        "A common timer overloads transformers, base load included, more often than no management",
        "Often concluded from the trial above, which did not measure base load",
        f"transformer-nights over rating, {seen.each(column, '.2%')}",
        agrees,
        ""
        if agrees
        else f"Unmanaged charging falls on the evening peak of base load; at {clock} base load is already falling."
        + _order_elsewhere(seen, column),
    )


def _order_elsewhere(seen: _Shown, column: str) -> str:
    """Under which base loads the published order does show."""
    shows = [
        base for base in seen.base_loads if seen.mean("timer", column, base) > seen.mean("unmanaged", column, base)
    ]
    return f" With a base load of {', '.join(shows)} a home the timer is the worse of the two." if shows else ""


def _managed_on_transformers(seen: _Shown) -> Comparison:
    column = "transformer_days_over_share"
    valley, unmanaged = seen.mean("valley", column), seen.mean("unmanaged", column)
    return Comparison(
        "Managed charging lowers overloads of transformers",
        "Calgary randomised trial: yes, for limits on charging",
        f"transformer-nights over rating, {seen.each(column, '.2%')}",
        valley < unmanaged,
        "" if valley < unmanaged else "What is left is base load alone, which no charging strategy can move.",
    )


def _synthetic_order(seen: _Shown) -> Comparison:
    peak = {name: seen.mean(name, "ev_peak_kw_per_car") for name in _COMPARED}
    system = {name: seen.mean(name, "system_peak_kw") for name in _COMPARED}
    agrees = peak["timer"] > peak["unmanaged"] > peak["valley"]
    return Comparison(
        "Peak of all cars together, kW a car: timer highest, managed lowest",
        "Synthetic run: unmanaged 1.24, timer 3.68, managed 0.66",
        ", ".join(f"{name} {kw:.2f}" for name, kw in peak.items()),
        agrees,
        ("" if agrees else _valley_fills(system))
        + "Levels are lower than published: these drivers need less energy, and charge on fewer nights, than cars that "
        "are plugged in every night at 7.2 kW.",
    )


def _valley_fills(system: dict[str, float]) -> str:
    return (
        "Valley lowers the peak of all load, not of cars: it moves them together into the hours when homes use little. "
        f"The system peaks at {system['valley']:.0f} kW under valley, {system['unmanaged']:.0f} unmanaged and "
        f"{system['timer']:.0f} with the timer. "
    )


def _peak_halved(seen: _Shown) -> Comparison:
    unmanaged, valley, base = (
        seen.mean("unmanaged", "system_peak_kw"),
        seen.mean("valley", "system_peak_kw"),
        seen.mean("unmanaged", "system_base_peak_kw"),
    )
    added = unmanaged - base
    cut = (unmanaged - valley) / added if added > 0 else 0.0
    return Comparison(
        "Active control cuts what cars add to the peak by half or more",
        "Brattle for EnergyHub: EV peak 50 % lower or more",
        f"cars add {added:.0f} kW to the peak of base load ({base:.0f} kW) unmanaged, {valley - base:.0f} kW under "
        f"valley: {cut:.0%} less",
        cut >= 0.5,
        "" if cut >= 0.5 else "Opted-out cars, short stays and limits leave less to move in this study.",
    )


def _hosting_doubled(seen: _Shown, highest: float) -> Comparison:
    median = seen.hosting.groupby("strategy")["capacity"].median()
    unmanaged, valley = float(median[seen.label["unmanaged"]]), float(median[seen.label["valley"]])
    agrees = valley >= 2 * unmanaged > 0 or (unmanaged <= 0 < valley)
    if agrees:
        why = ""
    elif unmanaged >= highest:
        why = "The unmanaged case already meets the criterion at the highest penetration studied."
    else:
        why = "Base load leaves less room than in the published case; the criterion is stated beside the result."
    return Comparison(
        "Managed charging doubles hosting capacity",
        "Brattle for EnergyHub: doubled",
        f"median over seeds: unmanaged {_share(unmanaged)}, valley {_share(valley)} of homes with a car"
        + (" (the highest studied)" if valley >= highest else ""),
        agrees,
        why,
    )


def _share(capacity: float) -> str:
    return f"{capacity:.0%}" if capacity >= 0 else "below the lowest studied"
