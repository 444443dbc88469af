"""What others have published about the same question, beside what a run shows.

Sources: Bailey, Brown, Shaffer and Wolak, randomised trial in Calgary (AEA 2025 abstract; registry 11822): time-of-use
prices raised constraint violations on groups of ten cars above the untreated control, managed charging lowered them.
Brattle Group for EnergyHub (58 drivers, Washington State): active control cut the EV peak by half or more and doubled
hosting capacity. Synthetic run of 1,000 cars of 7.2 kW in groups of ten: 1.24 kW a car unmanaged, 3.68 with a common
timer, 0.66 managed.
"""

import pandas as pd

from evenload.report.results import Comparison, Reference
from evenload.schedule.strategy import Strategy
from evenload.simulate.study_file import Study

_SYNTHETIC_KW = {"unmanaged": 1.24, "timer": 3.68, "valley": 0.66}


def comparisons(study: Study, shown: Reference, runs: pd.DataFrame, hosting: pd.DataFrame) -> tuple[Comparison, ...]:
    """Published statements beside this study's numbers; empty where the study lacks one of the three strategies."""
    label = _labels([choice.label for choice in study.choices()], [choice.strategy for choice in study.choices()])
    if set(label) != set(_SYNTHETIC_KW):
        return ()
    case = runs[
        (runs["penetration"] == shown.penetration)
        & (runs["base_load"] == shown.base_load)
        & (runs["behaviour"] == shown.behaviour)
    ]
    over = {name: _mean(case, label[name], "transformer_days_over_share") for name in label}
    peak = {name: _mean(case, label[name], "ev_peak_kw_per_car") for name in label}
    hosted = hosting[(hosting["base_load"] == shown.base_load) & (hosting["behaviour"] == shown.behaviour)]
    median = hosted.groupby("strategy")["capacity"].median()
    return (
        _timer_worse(over),
        _managed_better(over),
        _synthetic_order(peak),
        _peak_halved(peak),
        _hosting_doubled(float(median[label["unmanaged"]]), float(median[label["valley"]]), max(study.penetrations)),
    )


def _labels(labels: list[str], strategies: list[Strategy]) -> dict[str, str]:
    """The first label of each of the three strategies compared."""
    found: dict[str, str] = {}
    for label, strategy in zip(labels, strategies, strict=True):
        if strategy.name in _SYNTHETIC_KW:
            found.setdefault(strategy.name, label)
    return found


def _mean(case: pd.DataFrame, strategy: str, column: str) -> float:
    return float(case.loc[case["strategy"] == strategy, column].to_numpy().mean())


def _timer_worse(over: dict[str, float]) -> Comparison:
    agrees = over["timer"] > over["unmanaged"]
    return Comparison(
        "Time-of-use charging raises overloads of small circuits above unmanaged charging",
        "Calgary randomised trial: yes, on groups of ten cars",
        f"transformer-nights over rating: unmanaged {over['unmanaged']:.1%}, timer {over['timer']:.1%}",
        agrees,
        "" if agrees else _no_difference(over["timer"], over["unmanaged"]),
    )


def _managed_better(over: dict[str, float]) -> Comparison:
    agrees = over["valley"] < over["unmanaged"]
    return Comparison(
        "Managed charging lowers overloads below unmanaged charging",
        "Calgary randomised trial: yes",
        f"transformer-nights over rating: unmanaged {over['unmanaged']:.1%}, valley {over['valley']:.1%}",
        agrees,
        "" if agrees else _no_difference(over["valley"], over["unmanaged"]),
    )


def _no_difference(one: float, other: float) -> str:
    if one == other == 0:
        return "At this base load no strategy overloads a transformer, so there is nothing to tell apart."
    return "What is over the rating here is base load, which no charging strategy can move."


def _synthetic_order(peak: dict[str, float]) -> Comparison:
    here = ", ".join(f"{name} {peak[name]:.2f}" for name in ("unmanaged", "timer", "valley"))
    agrees = peak["timer"] > peak["unmanaged"] > peak["valley"]
    return Comparison(
        "Peak of all cars together, kW a car: timer highest, managed lowest",
        "Synthetic run: unmanaged 1.24, timer 3.68, managed 0.66",
        here,
        agrees,
        "Levels differ where cars need less energy, plug in on fewer nights or charge at less power than the 7.2 kW "
        "and nightly plug-in of the synthetic run; here all three follow the measured drivers.",
    )


def _peak_halved(peak: dict[str, float]) -> Comparison:
    cut = 1 - peak["valley"] / peak["unmanaged"] if peak["unmanaged"] else 0.0
    return Comparison(
        "Active control cuts the peak of charging by half or more",
        "Brattle for EnergyHub: 50 % or more",
        f"{cut:.0%} below unmanaged",
        cut >= 0.5,
        "" if cut >= 0.5 else "The strategy fills the valley of the whole load, it does not spread the cars evenly.",
    )


def _hosting_doubled(unmanaged: float, valley: float, highest: float) -> Comparison:
    agrees = valley >= 2 * unmanaged > 0 or (unmanaged <= 0 < valley)
    at_top = unmanaged >= highest
    reason = "The unmanaged case already meets the criterion at the highest penetration studied." if at_top else ""
    return Comparison(
        "Managed charging doubles hosting capacity",
        "Brattle for EnergyHub: doubled",
        f"median over seeds: unmanaged {_share(unmanaged)}, valley {_share(valley)} of homes with a car",
        agrees,
        reason if not agrees else "",
    )


def _share(capacity: float) -> str:
    return f"{capacity:.0%}" if capacity >= 0 else "below the lowest studied"
