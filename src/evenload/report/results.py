"""What a report shows, frozen: plain facts and data frames, nothing that can still be computed differently."""

from dataclasses import dataclass, field
from typing import Final

import pandas as pd

RUNS: Final = {
    "strategy": "str", "seed": "int64", "penetration": "float64", "base_load": "str", "behaviour": "str",
    "cars": "int64", "sessions": "int64", "energy_kwh_needed": "float64", "energy_kwh_delivered": "float64",
    "energy_kwh_unserved": "float64", "unserved_kwh_too_short": "float64", "unserved_kwh_left_early": "float64",
    "unserved_kwh_circuit_limit": "float64", "unserved_kwh_outside_hours": "float64", "energy_kwh_lost": "float64",
    "energy_kwh_beyond_power": "float64", "sessions_short": "int64",
    "cost": "float64", "carbon_kg": "float64", "ev_peak_kw_per_car": "float64", "ev_peak_clock": "str",
    "system_peak_kw": "float64", "system_base_peak_kw": "float64", "snapback_kw_per_car": "float64",
    "transformers": "int64", "transformers_over": "int64", "transformers_over_base": "int64",
    "transformer_days_over_share": "float64", "ev_days_over_share": "float64",
    "overload_kwh": "float64", "worst_loading": "float64",
}  # fmt: skip
"""One row a run. Energy, cost, carbon and sessions are those of the whole span; peaks and overloads those of the
measured nights, which leave out the settling days. Penetration is cars per home. ``energy_kwh_lost``: need of skipped
plug-ins that no later session could take; ``energy_kwh_beyond_power``: what the history claims beyond power x stay;
neither is in ``energy_kwh_needed``. ``ev_peak_kw_per_car``: mean of the daily peaks of all EV load, over cars.
``snapback_kw_per_car``: mean rise of EV load per car from the hour before to the hour after the timer's start.
``transformers``: circuits that homes hang on; ``transformers_over``: those over rating for the criterion's minutes or
more on some night; ``transformers_over_base``: the same with base load alone; ``transformer_days_over_share``: share
of transformer-nights that were over; ``ev_days_over_share``: share of transformer-nights on which cars alone drew more
than the study's limit for them. ``cost``: float estimate in the study's currency; ``carbon_kg`` NaN = no signal."""

CIRCUITS: Final = {
    "strategy": "str", "seed": "int64", "penetration": "float64", "base_load": "str", "behaviour": "str",
    "node": "str", "kind": "str", "cars": "int64", "limit_kw": "float64", "base_peak_kw": "float64",
    "peak_kw": "float64", "loading_max": "float64", "minutes_over_longest": "float64", "minutes_over": "float64",
    "overload_kwh": "float64",
}  # fmt: skip
"""One row a run and circuit; ``limit_kw`` inf = unlimited, ``loading_max`` = peak over limit (0 where unlimited)."""

PROFILES: Final = {
    "strategy": "str", "base_load": "str", "behaviour": "str", "node": "str", "kind": "str", "day": "str",
    "date": "str", "minute": "int64", "base_kw": "float64", "ev_kw": "float64", "limit_kw": "float64",
    "price_per_kwh": "float64",
}  # fmt: skip
"""Noon to noon on the local clock (``minute`` 720 to 2159) of system, feeders and the worst transformers, at the
reference penetration and seed. ``day``: "mean" over all days, or "peak" = the node's worst day under any strategy."""

HEAT: Final = {
    "strategy": "str", "base_load": "str", "behaviour": "str", "node": "str", "hour": "int64", "loading_max": "float64",
}  # fmt: skip
"""Highest loading (load over limit) of each transformer in each local hour of the day, at the reference."""

CLOSEUP: Final = {
    "strategy": "str", "node": "str", "date": "str", "minute": "int64", "layer": "str", "power_kw": "float64",
    "limit_kw": "float64",
}  # fmt: skip
"""One transformer on its worst day, noon to noon: ``layer`` "base" or a car's name, at the reference base load."""

HOSTING: Final = {
    "strategy": "str", "base_load": "str", "behaviour": "str", "seed": "int64", "capacity": "float64",
}  # fmt: skip
"""Highest penetration studied that meets the criterion at it and at every lower one; -1 where even the lowest fails."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """A published statement beside what this run shows."""

    statement: str
    published: str
    here: str
    agrees: bool
    why: str = ""


@dataclass(frozen=True, slots=True)
class Reference:
    """The one case the large pictures show."""

    penetration: float
    base_load: str
    behaviour: str
    seed: int


@dataclass(frozen=True, slots=True)
class StudyResults:
    """A finished study. Frames have exactly the columns listed above (``RUNS`` ...).

    ``criterion`` is the hosting criterion in words: at most ``over_share`` of transformers above their rating for
    ``over_minutes`` or more without a break on some night. ``ev_kw_per_home`` is the limit on cars alone, which decides
    nothing. ``kinds`` names the strategy behind each label of ``strategies``, ``settings`` what differs from its
    defaults, in words.
    """

    title: str
    question: str
    currency: str
    timezone: str
    period: str
    criterion: str
    over_minutes: int
    over_share: float
    ev_kw_per_home: float
    timer_clock: str
    reference: Reference
    strategies: tuple[str, ...]
    kinds: tuple[str, ...]
    settings: tuple[str, ...]
    base_loads: tuple[str, ...]
    behaviours: tuple[str, ...]
    facts: tuple[tuple[str, str], ...]
    assumptions: tuple[str, ...]
    attribution: tuple[str, ...]
    comparisons: tuple[Comparison, ...]
    runs: pd.DataFrame = field(repr=False)
    circuits: pd.DataFrame = field(repr=False)
    profiles: pd.DataFrame = field(repr=False)
    heat: pd.DataFrame = field(repr=False)
    closeup: pd.DataFrame = field(repr=False)
    hosting: pd.DataFrame = field(repr=False)
