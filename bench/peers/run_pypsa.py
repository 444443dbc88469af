"""PyPSA, asked like every other tool; runs in an environment of its own, without evenload."""

import time
import warnings

warnings.simplefilter("ignore")
BEGIN = time.perf_counter()

import logging  # noqa: E402
from importlib.metadata import version  # noqa: E402

import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402
import pypsa  # noqa: E402

from peers.protocol import Answer, answer_case  # noqa: E402
from site_instance import HOURS_PER_STEP, STEPS, SiteInstance  # noqa: E402

IMPORT_S = time.perf_counter() - BEGIN
logging.disable(logging.WARNING)


def network(instance: SiteInstance) -> pypsa.Network:
    """Bought power behind the limit; a link a car, open while it is plugged in, to a store full when it leaves."""
    cars = pd.Index([f"car{i}" for i in range(instance.cars)])
    plugged_in = instance.plugged_in()
    left = np.arange(STEPS) >= instance.departure_step[:, None] - 1
    whole = pypsa.Network()
    whole.set_snapshots(range(STEPS))
    weights = whole.snapshot_weightings
    whole.snapshot_weightings = pd.DataFrame(HOURS_PER_STEP, index=weights.index, columns=weights.columns)
    whole.add("Bus", "site")
    whole.add("Generator", "supply", bus="site", p_nom=instance.limit_kw, marginal_cost=instance.price_per_kwh)
    whole.add("Bus", cars)
    whole.add(
        "Link", cars, bus0="site", bus1=cars, p_nom=instance.power_kw_max,
        p_max_pu=pd.DataFrame(plugged_in.T.astype(float), index=whole.snapshots, columns=cars),
    )  # fmt: skip
    whole.add(
        "Store", cars, bus=cars, e_nom=instance.energy_kwh, e_initial=0.0, e_cyclic=False,
        e_min_pu=pd.DataFrame(left.T.astype(float), index=whole.snapshots, columns=cars),
    )  # fmt: skip
    return whole


def solve(instance: SiteInstance) -> Answer:
    begin = time.perf_counter()
    whole = network(instance)
    built = time.perf_counter()
    status = whole.optimize(solver_name="highs", io_api="direct", progress=False, solver_options={"output_flag": False})
    end = time.perf_counter()
    if status != ("ok", "optimal"):
        raise RuntimeError(f"no optimum: {status}")
    power_kw = whole.links_t.p0.to_numpy().T
    return Answer(power_kw, instance.limit_kw, built - begin, end - built, end - built)


if __name__ == "__main__":
    answer_case({"optimize": solve}, IMPORT_S, version("pypsa"))
