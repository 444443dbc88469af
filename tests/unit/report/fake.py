"""A study made of plausible numbers, for looking at and testing the report without running a study."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from evenload.report.results import (
    CIRCUITS,
    CLOSEUP,
    HEAT,
    HOSTING,
    PROFILES,
    RUNS,
    Comparison,
    Reference,
    StudyResults,
)

STEP = 15
MINUTES = np.arange(720, 2160, STEP)
CARS, HOMES = 36, 60
SHAPES = {"unmanaged": (18.75, 2.6, 1.25), "timer": (23.4, 1.3, 3.1), "price": (26.3, 1.5, 2.7)}
OTHERS = (26.5, 4.2, 0.62)


@dataclass(frozen=True)
class Size:
    """How much to make up."""

    strategies: tuple[str, ...] = ("unmanaged", "timer", "price", "balanced", "valley", "valley 2 h")
    seeds: int = 8
    penetrations: tuple[float, ...] = (0.2, 0.4, 0.6, 0.8, 1.0)
    base_loads: tuple[str, ...] = ("suburban", "all-electric", "low")
    behaviours: tuple[str, ...] = ("actual", "declared")
    transformers: int = 60
    currency: str = "USD"


def results(size: Size | None = None, **changed: object) -> StudyResults:
    """A made-up study; ``changed`` replaces fields of it."""
    size = size or Size()
    rng = np.random.default_rng(7)
    loading = np.sort(rng.gamma(5.0, 0.11, size.transformers))[::-1] + 0.18
    known: dict[str, object] = {
        "title": "One feeder, one winter: what managed charging changes",
        "question": "What happens on this feeder tonight if nobody manages charging, if everyone uses a time-of-use "
        "timer, and if evenload manages it?",
        "currency": size.currency,
        "timezone": "America/New_York",
        "period": "14 days from 2019-01-07",
        "criterion": "at most 1 % of transformers over their rating for 30 min or more without a break",
        "over_minutes": 30,
        "over_share": 0.01,
        "ev_kw_per_home": 1.5,
        "timer_clock": "23:00",
        "reference": Reference(
            size.penetrations[len(size.penetrations) // 2], size.base_loads[0], size.behaviours[0], 0
        ),
        "strategies": size.strategies,
        "kinds": tuple(name.split(" 2 h")[0] for name in size.strategies),
        "settings": tuple("reserve minutes 120" if name.endswith(" 2 h") else "" for name in size.strategies),
        "base_loads": size.base_loads,
        "behaviours": size.behaviours,
        "facts": (
            ("Feeder", "EPRI Ckt5, 60 of 591 transformers"),
            ("Step", "15 minutes"),
            ("Version", "evenload 0.1.0"),
        ),
        "assumptions": ("Every car charges at home.", "Chargers follow commands at once.", "Power factor 0.95."),
        "attribution": ("Sørensen et al. (2024), CC BY 4.0; cleaned subset.", "EPRI test circuits, BSD licence."),
        "comparisons": (
            Comparison(
                "A uniform off-peak timer creates a second peak",
                "“snapback”, no number",
                "3.1 kW per car at 23:15",
                True,
            ),
            Comparison(
                "Managed charging keeps needs", "99 % of sessions", "97.8 % of sessions", False, "Shorter stays."
            ),
        ),
        "runs": _frame(RUNS, _runs(size, rng)),
        "circuits": _frame(CIRCUITS, _circuits(size, loading)),
        "profiles": _frame(PROFILES, _profiles(size, rng)),
        "heat": _frame(HEAT, _heat(size, loading, rng)),
        "closeup": _frame(CLOSEUP, _closeup(size, rng)),
        "hosting": _frame(HOSTING, _hosting(size, rng)),
    }
    return StudyResults(**{**known, **changed})  # type: ignore[arg-type]


def _middle(size: Size) -> float:
    return size.penetrations[len(size.penetrations) // 2]


def _frame(columns: dict[str, str], rows: list[dict[str, object]]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=list(columns)).astype(columns)


def _cases(size: Size) -> list[dict[str, object]]:
    return [
        {"strategy": s, "base_load": b, "behaviour": v}
        for b in size.base_loads
        for v in size.behaviours
        for s in size.strategies
    ]


def _stress(case: dict[str, object], size: Size) -> float:
    return 1.0 + 0.15 * (1 - size.base_loads.index(str(case["base_load"])))


def _runs(size: Size, rng: np.random.Generator) -> list[dict[str, object]]:
    rows = []
    for case in _cases(size):
        hour, _, height = SHAPES.get(str(case["strategy"]), OTHERS)
        for penetration in size.penetrations:
            for seed in range(size.seeds):
                noise = 1 + 0.06 * rng.standard_normal()
                cars = round(HOMES * 10 * penetration)
                over = round(max(0.0, (height * penetration - 0.45) * 17 * _stress(case, size) * noise))
                needed, limited = 14.2 * cars * 9 * noise, 0.004 * cars * (height < 1)
                short = 0.002 * cars * 9 * 14 * noise
                rows.append(
                    {
                        **case,
                        "seed": seed,
                        "penetration": penetration,
                        "cars": cars,
                        "sessions": cars * 9,
                        "energy_kwh_needed": needed,
                        "energy_kwh_delivered": needed - short - limited,
                        "energy_kwh_unserved": short + limited,
                        "unserved_kwh_too_short": short,
                        "unserved_kwh_left_early": 0.0,
                        "unserved_kwh_circuit_limit": limited,
                        "unserved_kwh_outside_hours": 0.0,
                        "sessions_short": int(cars * 0.02),
                        "cost": needed * (0.21 - 0.02 * size.strategies.index(str(case["strategy"]))),
                        "carbon_kg": needed * 0.31,
                        "ev_peak_kw_per_car": height * noise * (1.1 - 0.15 * penetration),
                        "ev_peak_clock": f"{int(hour) % 24:02d}:{15 * (seed % 4):02d}",
                        "system_peak_kw": 2400.0,
                        "system_base_peak_kw": 1800.0,
                        "snapback_kw_per_car": (2.4 if case["strategy"] == "timer" else -0.1) * noise,
                        "transformers": size.transformers,
                        "transformers_over": min(over, size.transformers),
                        "energy_kwh_lost": 0.0,
                        "energy_kwh_beyond_power": 0.0,
                        "transformers_over_base": 0,
                        "transformer_days_over_share": 0.1,
                        "ev_days_over_share": 0.2,
                        "overload_kwh": 3.0 * over,
                        "worst_loading": 1.4,
                    }
                )
    return rows


def _circuits(size: Size, loading: np.ndarray) -> list[dict[str, object]]:
    rows = []
    for case in _cases(size):
        height = SHAPES.get(str(case["strategy"]), OTHERS)[2]
        for i, share in enumerate(loading.tolist()):
            limit = (25.0, 50.0, 75.0)[i % 3] * 0.95
            worst = min(share * (0.7 + 0.25 * height), 1.0 if height < 1 else 9.0)
            rows.append(
                {
                    **case,
                    "seed": 0,
                    "penetration": size.penetrations[len(size.penetrations) // 2],
                    "node": f"T{i + 101}",
                    "kind": "transformer",
                    "cars": 3 + i % 5,
                    "limit_kw": limit,
                    "base_peak_kw": 0.5 * share * limit,
                    "peak_kw": worst * limit,
                    "loading_max": worst,
                    "minutes_over_longest": 0.0,
                    "minutes_over": 0.0,
                    "overload_kwh": 0.0,
                }
            )
    return rows


def _base(kw: float) -> np.ndarray:
    hours = MINUTES / 60
    return kw * (0.52 + 0.4 * np.exp(-(((hours - 19) / 2.6) ** 2)) + 0.22 * np.exp(-(((hours - 31.3) / 1.6) ** 2)))


def _ev(strategy: str, kw: float) -> np.ndarray:
    hour, width, height = SHAPES.get(strategy, OTHERS)
    hours = MINUTES / 60 - hour
    sharp = strategy in ("timer", "price")
    shape = np.where(hours < 0, 0.02, np.exp(-hours / width)) if sharp else np.exp(-((hours / width) ** 2))
    return kw * height * shape


def _profiles(size: Size, rng: np.random.Generator) -> list[dict[str, object]]:
    nodes = [("feeder", "system", 1800.0, 3200.0), *((f"T{i + 101}", "transformer", 24.0, 47.5) for i in range(4))]
    price = np.where(
        (MINUTES // 60 % 24 >= 23) | (MINUTES // 60 % 24 < 7),
        0.09,
        np.where((MINUTES // 60 % 24) // 5 == 3, 0.34, 0.19),
    )
    price = price if size.currency else np.full(MINUTES.size, np.nan)
    rows = []
    for case in _cases(size):
        for node, kind, kw, limit in nodes:
            if kind == "transformer" and (case["base_load"], case["behaviour"]) != (
                size.base_loads[0],
                size.behaviours[0],
            ):
                continue
            for day, date, factor in (("mean", "", 1.0), ("peak", "2019-01-15", 1.25)):
                base = factor * _stress(case, size) * _base(kw) * (1 + 0.01 * rng.standard_normal(MINUTES.size))
                ev = factor * _ev(str(case["strategy"]), kw / 5)
                rows += [
                    {
                        **case,
                        "node": node,
                        "kind": kind,
                        "day": day,
                        "date": date,
                        "minute": int(m),
                        "base_kw": b,
                        "ev_kw": e,
                        "limit_kw": limit,
                        "price_per_kwh": p,
                    }
                    for m, b, e, p in zip(MINUTES, base, ev, price, strict=True)
                ]
    return rows


def _heat(size: Size, loading: np.ndarray, rng: np.random.Generator) -> list[dict[str, object]]:
    rows = []
    for case in _cases(size):
        load = _base(1.0) * 0.5 + _ev(str(case["strategy"]), 0.28)
        hourly = load.reshape(24, -1).max(axis=1)
        for i, share in enumerate(loading.tolist()):
            row = share * hourly * 1.9 * (1 + 0.08 * rng.standard_normal(24))
            row = np.minimum(row, 1.0) if str(case["strategy"]).startswith(("valley", "balanced")) else row
            rows += [
                {**case, "node": f"T{i + 101}", "hour": (h + 12) % 24, "loading_max": float(v)}
                for h, v in enumerate(row)
            ]
    return rows


def _closeup(size: Size, rng: np.random.Generator) -> list[dict[str, object]]:
    base = _base(30.0)
    arrivals = np.sort(rng.normal(18.8, 0.8, 7))
    energies = rng.uniform(12, 34, 7)
    rows = []
    for strategy in size.strategies[:2] + size.strategies[4:5]:
        room = np.full(MINUTES.size, 47.5) - base
        for i, (arrival, energy) in enumerate(zip(arrivals, energies, strict=True)):
            start = {"unmanaged": arrival, "timer": 23.0}.get(strategy, arrival)
            kw, left = np.zeros(MINUTES.size), energy
            order = np.flatnonzero(start <= MINUTES / 60)
            if strategy == "valley":
                order = order[np.argsort(-room[order], kind="stable")]
            for t in order:
                kw[t] = min(7.2, left / (STEP / 60), max(room[t], 0.0) if strategy == "valley" else 99.0)
                left -= kw[t] * STEP / 60
                room[t] -= kw[t]
            rows += _layer(strategy, f"Car {i + 1}", kw)
        rows += _layer(strategy, "base", base)
    return rows


def _layer(strategy: str, layer: str, kw: np.ndarray) -> list[dict[str, object]]:
    return [
        {
            "strategy": strategy,
            "node": "T101",
            "date": "2019-01-15",
            "minute": int(m),
            "layer": layer,
            "power_kw": v,
            "limit_kw": 47.5,
        }
        for m, v in zip(MINUTES, kw, strict=True)
    ]


def _hosting(size: Size, rng: np.random.Generator) -> list[dict[str, object]]:
    rows = []
    levels = np.asarray([-1.0, *size.penetrations])
    for case in _cases(size):
        height = SHAPES.get(str(case["strategy"]), OTHERS)[2]
        for seed in range(size.seeds):
            at = int(
                np.clip(
                    round(4.4 - 1.4 * height * _stress(case, size) + 0.8 * rng.standard_normal()), 0, levels.size - 1
                )
            )
            rows.append({**case, "seed": seed, "capacity": float(levels[at])})
    return rows
