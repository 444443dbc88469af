"""What others have published about the same question, beside what a run shows.

Sources: Bailey, Brown, Shaffer and Wolak, randomised trial in Calgary (AEA 2025 abstract; registry 11822): time-of-use
prices raised violations of limits on the charging of groups of ten cars above the untreated control, and managed
charging lowered them. Brattle Group for EnergyHub (58 drivers, Washington State): active control cut the peak of
charging by half or more and doubled hosting capacity. Synthetic run of 1,000 cars of 7.2 kW in groups of ten: 1.24 kW
a car unmanaged, 3.68 with a common timer, 0.66 managed.
"""

from dataclasses import dataclass

import pandas as pd

from evenload.report.hosting_capacity import supported
from evenload.report.numbers import quantity
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
        _timer_on_transformers(seen, study.snapback_clock()),
        _managed_on_transformers(seen),
        _synthetic_order(seen),
        _peak_halved(seen),
        _hosting_doubled(seen, study.penetrations),
    )


def _timer_on_cars(seen: _Shown, limit: str) -> Comparison:
    timer, unmanaged = (seen.mean(name, "ev_days_over_share") for name in ("timer", "unmanaged"))
    return Comparison(
        "A common timer breaks limits on the charging of a group of ten cars more often than no management",
        "Calgary randomised trial: yes",
        f"transformer-nights on which cars alone exceed {limit}: unmanaged {unmanaged:.1%}, timer {timer:.1%}",
        timer > unmanaged,
        "" if timer > unmanaged else _own_peaks(seen, "timer"),
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
        else f"{_own_peaks(seen, 'valley')} Valley keeps the rating of the whole circuit, not a limit on cars: it uses "
        "the room that homes leave.",
    )


def _own_peaks(seen: _Shown, strategy: str) -> str:
    peak = {name: seen.mean(name, "ev_peak_kw_per_car") for name in (strategy, "unmanaged")}
    return (
        f"Here all cars together peak at {peak[strategy]:.2f} kW a car under {strategy} and {peak['unmanaged']:.2f} "
        "unmanaged."
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
        else _nothing_over(seen, column)
        or f"Base load counts too: what matters is how high it is when cars come home and how high at {clock}."
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
        "" if valley < unmanaged else _nothing_over(seen, column) or _base_alone(seen),
    )


def _nothing_over(seen: _Shown, column: str) -> str:
    """A sentence where none of the three overloads anything."""
    if any(seen.mean(name, column) > 0 for name in _COMPARED):
        return ""
    return "In this case nothing is overloaded under any of them, so there is no difference to see."


def _base_alone(seen: _Shown) -> str:
    over, base = seen.mean("valley", "transformers_over"), seen.mean("valley", "transformers_over_base")
    return f"Of {over:.1f} transformers over their rating under valley, base load alone overloads {base:.1f}."


def _synthetic_order(seen: _Shown) -> Comparison:
    peak = {name: seen.mean(name, "ev_peak_kw_per_car") for name in _COMPARED}
    system = {name: seen.mean(name, "system_peak_kw") for name in _COMPARED}
    agrees = peak["timer"] > peak["unmanaged"] > peak["valley"]
    return Comparison(
        "Peak of all cars together, kW a car: timer highest, managed lowest",
        "Synthetic run: unmanaged 1.24, timer 3.68, managed 0.66",
        ", ".join(f"{name} {kw:.2f}" for name, kw in peak.items()),
        agrees,
        ("" if agrees else _valley_fills(system)) + _levels(peak["unmanaged"]),
    )


def _levels(unmanaged_kw: float) -> str:
    """Why levels differ from those of 1,000 cars plugged in every night at 7.2 kW."""
    if unmanaged_kw < 1.24:
        return "Levels are lower than published: cars here need less, or charge on fewer nights, than in that run."
    return "Levels are higher than published: fewer cars, or cars that need more, coincide more than a thousand do."


def _valley_fills(system: dict[str, float]) -> str:
    return (
        "Valley watches the peak of all load, not of cars: it moves them into the hours when homes use little. "
        f"The system peaks at {quantity(system['valley'], 'kW')} under valley, "
        f"{quantity(system['unmanaged'], 'kW')} unmanaged and {quantity(system['timer'], 'kW')} with the timer. "
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
        f"cars add {quantity(added, 'kW')} to the peak of base load ({quantity(base, 'kW')}) unmanaged, "
        f"{quantity(valley - base, 'kW')} under valley: {cut:.0%} less",
        cut >= 0.5,
        "" if cut >= 0.5 else "Opted-out cars, short stays and limits leave less to move in this study.",
    )


def _hosting_doubled(seen: _Shown, studied: list[float]) -> Comparison:
    half = {
        name: supported(seen.hosting.loc[seen.hosting["strategy"] == seen.label[name], "capacity"].tolist(), 0.5)
        for name in ("unmanaged", "valley")
    }
    lowest, highest = min(studied), max(studied)
    agrees = half["valley"] >= 2 * max(half["unmanaged"], lowest)
    if agrees:
        why = ""
    elif half["unmanaged"] >= highest:
        why = "The unmanaged case already meets the criterion at the highest penetration studied."
    else:
        why = "With the penetrations studied a doubling cannot be seen, or base load leaves no room for it."
    return Comparison(
        "Managed charging doubles hosting capacity",
        "Brattle for EnergyHub: doubled",
        f"what half of the draws support: unmanaged {_share(half['unmanaged'], studied)}, "
        f"valley {_share(half['valley'], studied)}",
        agrees,
        why,
    )


def _share(capacity: float, studied: list[float]) -> str:
    if capacity < 0:
        return f"fewer than {min(studied):g} cars a home"
    return f"{capacity:g} cars a home" + (", the most studied" if capacity >= max(studied) else "")
