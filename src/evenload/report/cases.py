"""Rows of the frames for one case: a base load and a behaviour at the reference penetration."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from evenload.base.units import FloatArray
from evenload.report.numbers import percent
from evenload.report.results import StudyResults


@dataclass(frozen=True, slots=True)
class Case:
    """One base load with one behaviour."""

    base_load: str
    behaviour: str

    def rows(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Rows of a frame for this case."""
        return frame[(frame["base_load"] == self.base_load) & (frame["behaviour"] == self.behaviour)]


def reference_case(results: StudyResults) -> Case:
    """The case the large pictures show."""
    return Case(results.reference.base_load, results.reference.behaviour)


def cases(results: StudyResults) -> list[Case]:
    """Every case studied, the reference first."""
    first = reference_case(results)
    every = [Case(load, behaviour) for load in results.base_loads for behaviour in results.behaviours]
    return [first, *(case for case in every if case != first)]


def seed_runs(results: StudyResults, case: Case) -> pd.DataFrame:
    """Runs of a case at the reference penetration, one row for each strategy and seed."""
    runs = case.rows(results.runs)
    return runs[np.isclose(runs["penetration"], results.reference.penetration)]


def of(frame: pd.DataFrame, strategy: str, column: str) -> FloatArray:
    """A column of one strategy's rows as floats."""
    return frame.loc[frame["strategy"] == strategy, column].to_numpy(dtype=np.float64)


def reference_value(results: StudyResults, runs: pd.DataFrame, strategy: str, column: str) -> float:
    """A column at the reference seed, NaN where that run is missing."""
    values = of(runs[runs["seed"] == results.reference.seed], strategy, column)
    return float(values[0]) if values.size else float("nan")


def ratio(frame: pd.DataFrame, above: str, below: str) -> FloatArray:
    """One column over another, NaN where the lower one is not positive."""
    top, bottom = frame[above].to_numpy(dtype=np.float64), frame[below].to_numpy(dtype=np.float64)
    return np.asarray(np.divide(top, bottom, out=np.full(top.size, np.nan), where=bottom > 0))


def with_unserved_share(runs: pd.DataFrame) -> pd.DataFrame:
    """Runs with a column ``unserved``: energy unserved over energy needed."""
    return runs.assign(unserved=ratio(runs, "energy_kwh_unserved", "energy_kwh_needed"))


def mean(values: FloatArray) -> float:
    """Mean of the finite values, NaN where there is none."""
    known = values[np.isfinite(values)]
    return float(known.mean()) if known.size else float("nan")


def reference_sentence(results: StudyResults) -> str:
    """The reference case in words."""
    at = results.reference
    return f"{percent(at.penetration)} penetration, base load {at.base_load}, behaviour {at.behaviour}, seed {at.seed}"
