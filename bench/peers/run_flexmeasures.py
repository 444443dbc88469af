"""FlexMeasures' device scheduler, asked like every other tool; runs in an environment of its own, without evenload."""

import time
import warnings

warnings.simplefilter("ignore")  # its imports are deprecated here and there
BEGIN = time.perf_counter()

from datetime import timedelta  # noqa: E402
from importlib.metadata import version  # noqa: E402

import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402
from flask import Flask  # noqa: E402
from flexmeasures.data.models.planning.linear_optimization import device_scheduler  # noqa: E402

from peers.protocol import Answer, answer_case  # noqa: E402
from site_instance import HOURS_PER_STEP, MINUTES_PER_STEP, START, STEPS, SiteInstance  # noqa: E402

IMPORT_S = time.perf_counter() - BEGIN
KW_PER_MW = 1000
STEP = timedelta(minutes=MINUTES_PER_STEP)
INDEX = pd.date_range(START, periods=STEPS, freq=STEP, name="datetime")
DEVICE = ("min", "max", "equals", "derivative min", "derivative max", "derivative equals")
"""What a device may hold (MW times steps) and draw (MW); a blank is no constraint."""


def devices(instance: SiteInstance) -> list[pd.DataFrame]:
    """A car each: flow between 0 and its most while plugged in, stock equal to its need when it leaves."""
    most_mw = np.where(instance.plugged_in(), instance.power_kw_max[:, None], 0.0) / KW_PER_MW
    needs = (instance.energy_kwh / HOURS_PER_STEP / KW_PER_MW).tolist()
    found = []
    for i, (need, departure) in enumerate(zip(needs, instance.departure_step.tolist(), strict=True)):
        columns = {name: np.full(STEPS, np.nan) for name in DEVICE}
        columns["min"][:] = columns["derivative min"][:] = 0.0
        columns["max"][:] = need
        columns["equals"][departure - 1] = need
        columns["derivative max"][:] = most_mw[i]
        found.append(pd.DataFrame(columns, index=INDEX))
    return found


def solve(instance: SiteInstance) -> Answer:
    """One energy contract from 0 whose every MW more costs the price of the step; its default solver, HiGHS."""
    begin = time.perf_counter()
    site = {"derivative min": 0.0, "derivative max": instance.limit_kw / KW_PER_MW}
    price = pd.Series(instance.price_per_kwh * KW_PER_MW * HOURS_PER_STEP, index=INDEX)
    constraints, limit = devices(instance), pd.DataFrame(site, index=INDEX)
    built = time.perf_counter()
    planned, _, results, _ = device_scheduler(
        constraints, limit, [pd.Series(0.0, index=INDEX)], [price], [price], initial_stock=0
    )
    end = time.perf_counter()
    if results.solver.termination_condition != "optimal":
        raise RuntimeError(f"no optimum: {results.solver.termination_condition}")
    power_kw = np.stack([series.to_numpy(dtype=np.float64) for series in planned]) * KW_PER_MW
    return Answer(power_kw, instance.limit_kw, built - begin, end - built, end - built)


if __name__ == "__main__":
    app = Flask("bench")
    app.config.update(FLEXMEASURES_LP_SOLVER="highspy", LOGGING_LEVEL="INFO")
    with app.app_context():
        answer_case({"device scheduler": solve}, IMPORT_S, version("flexmeasures"))
