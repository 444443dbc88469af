"""ACN-Sim, asked like every other tool; runs in an environment of its own, which has no evenload."""

import time
import warnings

warnings.simplefilter("ignore")  # its imports are deprecated, and uncontrolled charging warns at every step
BEGIN = time.perf_counter()

from collections.abc import Callable  # noqa: E402
from datetime import datetime  # noqa: E402
from importlib.metadata import version  # noqa: E402

import numpy as np  # noqa: E402
from acnportal import acnsim  # noqa: E402
from acnportal.algorithms import (  # noqa: E402
    BaseAlgorithm,
    SortedSchedulingAlgo,
    UncontrolledCharging,
    earliest_deadline_first,
    least_laxity_first,
)

from peers.protocol import Answer, Solve, answer_case  # noqa: E402
from site_instance import MINUTES_PER_STEP, START, STEPS, SiteInstance  # noqa: E402

IMPORT_S = time.perf_counter() - BEGIN
VOLTAGE_V = 240.0
AMPERES_PER_KW = 1000 / VOLTAGE_V
SCHEDULERS: dict[str, Callable[[], BaseAlgorithm]] = {
    "uncontrolled": UncontrolledCharging,
    "least laxity": lambda: SortedSchedulingAlgo(least_laxity_first),
    "earliest deadline": lambda: SortedSchedulingAlgo(earliest_deadline_first),
}


def simulator(instance: SiteInstance, scheduler: BaseAlgorithm) -> acnsim.Simulator:
    """One single-phase station a car, one limit over them all, an ideal battery exactly as large as the need."""
    network, events = acnsim.ChargingNetwork(), acnsim.EventQueue()
    names = [f"car{i}" for i in range(instance.cars)]
    arrivals, departures = instance.arrival_step.tolist(), instance.departure_step.tolist()
    needs, most = instance.energy_kwh.tolist(), instance.power_kw_max.tolist()
    for name, arrival, departure, need_kwh, most_kw in zip(names, arrivals, departures, needs, most, strict=True):
        network.register_evse(acnsim.EVSE(name, max_rate=most_kw * AMPERES_PER_KW), VOLTAGE_V, 0)
        ev = acnsim.EV(arrival, departure, need_kwh, name, name, acnsim.Battery(need_kwh, 0, most_kw))
        events.add_event(acnsim.PluginEvent(arrival, ev))
    network.add_constraint(acnsim.Current(names), instance.limit_kw * AMPERES_PER_KW, "site")
    start = datetime.fromisoformat(START)
    return acnsim.Simulator(network, scheduler, events, start, period=MINUTES_PER_STEP, verbose=False)


def solving(make: Callable[[], BaseAlgorithm]) -> Solve:
    def solve(instance: SiteInstance) -> Answer:
        begin = time.perf_counter()
        scheduler = make()
        whole = simulator(instance, scheduler)
        built = time.perf_counter()
        whole.run()
        end = time.perf_counter()
        power_kw = np.zeros((instance.cars, STEPS))
        rates = whole.charging_rates[:, :STEPS]
        power_kw[:, : rates.shape[1]] = rates / AMPERES_PER_KW
        limit_kw = float(whole.network.magnitudes[0]) / AMPERES_PER_KW
        solve_s = sum(step["solve_time"] for step in scheduler.solve_stats)
        return Answer(power_kw, limit_kw, built - begin, solve_s, end - built)

    return solve


if __name__ == "__main__":
    answer_case({name: solving(make) for name, make in SCHEDULERS.items()}, IMPORT_S, version("acnportal"))
