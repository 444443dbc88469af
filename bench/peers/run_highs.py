"""The least cost there is, by linear programming with all arrivals known beforehand: a yardstick, not a competitor."""

import time

BEGIN = time.perf_counter()

from importlib.metadata import version  # noqa: E402

import highspy  # noqa: E402
import numpy as np  # noqa: E402

from peers.protocol import Answer, answer_case  # noqa: E402
from site_instance import HOURS_PER_STEP, STEPS, SiteInstance  # noqa: E402

IMPORT_S = time.perf_counter() - BEGIN
COST_SCALE = 1000  # prices per MWh: the simplex takes ten times as long with costs near its tolerances


def solve(instance: SiteInstance) -> Answer:
    """A column a slot; a row a car (its need, exactly) and a row a step (the limit)."""
    begin = time.perf_counter()
    car, step = np.nonzero(instance.plugged_in())
    lp = highspy.HighsLp()
    lp.num_col_, lp.num_row_ = car.size, instance.cars + STEPS
    lp.col_cost_ = COST_SCALE * instance.price_per_kwh[step] * HOURS_PER_STEP
    lp.col_lower_, lp.col_upper_ = np.zeros(car.size), instance.power_kw_max[car]
    need_kw = instance.energy_kwh / HOURS_PER_STEP
    lp.row_lower_ = np.concatenate([need_kw, np.full(STEPS, -highspy.kHighsInf)])
    lp.row_upper_ = np.concatenate([need_kw, np.full(STEPS, instance.limit_kw)])
    lp.a_matrix_.start_ = 2 * np.arange(car.size + 1)
    lp.a_matrix_.index_ = np.column_stack([car, instance.cars + step]).ravel()
    lp.a_matrix_.value_ = np.ones(2 * car.size)
    highs = highspy.Highs()
    highs.setOptionValue("threads", 1)
    highs.silent()
    highs.passModel(lp)
    built = time.perf_counter()
    highs.run()
    end = time.perf_counter()
    if highs.getModelStatus() != highspy.HighsModelStatus.kOptimal:
        raise RuntimeError(f"no optimum: {highs.modelStatusToString(highs.getModelStatus())}")
    power_kw = np.zeros((instance.cars, STEPS))
    power_kw[car, step] = highs.getSolution().col_value
    return Answer(power_kw, instance.limit_kw, built - begin, end - built, end - built)


if __name__ == "__main__":
    answer_case({"least cost": solve}, IMPORT_S, version("highspy"))
