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
    """Every case studied, by base load and then behaviour as the study lists them."""
    return [Case(load, behaviour) for load in results.base_loads for behaviour in results.behaviours]


def reference_first(results: StudyResults) -> list[Case]:
    """Every case studied, the reference before the others."""
    first = reference_case(results)
    return [first, *(case for case in cases(results) if case != first)]


def seed_runs(results: StudyResults, case: Case) -> pd.DataFrame:
    """Runs of a case at the reference penetration, one row for each strategy and seed."""
    runs = case.rows(results.runs)
    return runs[np.isclose(runs["penetration"], results.reference.penetration)]


def of(frame: pd.DataFrame, strategy: str, column: str) -> FloatArray:
    """A column of one strategy's rows as floats."""
    return frame.loc[frame["strategy"] == strategy, column].to_numpy(dtype=np.float64)


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


def seeds(runs: pd.DataFrame) -> int:
    """How many seeds there are."""
    return int(runs["seed"].nunique())


def base_alone(runs: pd.DataFrame, column: str) -> FloatArray:
    """A column that tells of base load alone, once a seed: it is the same under every strategy."""
    return runs.drop_duplicates("seed")[column].to_numpy(dtype=np.float64)


def reference_sentence(results: StudyResults) -> str:
    """The reference case in words."""
    at = results.reference
    return f"{percent(at.penetration)} penetration, base load {at.base_load}, behaviour {at.behaviour}, seed {at.seed}"
