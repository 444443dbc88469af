"""evenload, asked like every other tool."""

import time

BEGIN = time.perf_counter()

import numpy as np  # noqa: E402

import evenload  # noqa: E402
from evenload.base.horizon import Horizon  # noqa: E402
from evenload.base.instants import parse_instant  # noqa: E402
from evenload.domain.circuit import Circuit, CircuitKind, CircuitTree  # noqa: E402
from evenload.schedule.problem import Problem  # noqa: E402
from evenload.schedule.solver import optimum  # noqa: E402
from evenload.schedule.strategies.unmanaged import Unmanaged  # noqa: E402
from evenload.schedule.strategies.valley import Valley  # noqa: E402
from evenload.schedule.strategy import Strategy  # noqa: E402
from peers.protocol import Answer, Solve, answer_case  # noqa: E402
from site_instance import MINUTES_PER_STEP, START, STEPS, FloatArray, SiteInstance  # noqa: E402

IMPORT_S = time.perf_counter() - BEGIN
STRATEGIES: dict[str, Strategy] = {
    "unmanaged": Unmanaged(),
    "valley": Valley(),
    "valley, price 1": Valley(price_weight=1.0),
}
GAPS = {"optimum, gap 1e-4": 1e-4, "optimum, gap 1e-3": 1e-3}


def problem(instance: SiteInstance) -> Problem:
    """The site as a tree of one circuit, departures declared truly."""
    lengths = instance.departure_step - instance.arrival_step
    offset = np.concatenate([[0], np.cumsum(lengths)])
    horizon = Horizon(parse_instant(START), MINUTES_PER_STEP, STEPS)
    tree = CircuitTree.of([Circuit("site", "", CircuitKind.SITE, limit_kw=instance.limit_kw)])
    return Problem(
        horizon=horizon,
        session_id=np.array([f"car{i}" for i in range(instance.cars)]),
        node=np.zeros(instance.cars, dtype=np.int64),
        first_step=instance.arrival_step,
        offset=offset,
        cap_kw=np.repeat(instance.power_kw_max, lengths),
        declared_slots=lengths,
        energy_kwh=instance.energy_kwh,
        power_kw_max=instance.power_kw_max,
        opted_out=np.zeros(instance.cars, dtype=np.bool_),
        tree=tree,
        base_load_kw=np.zeros((1, STEPS)),
        limit_kw=tree.limit_kw[:, None],
        price_per_kwh=instance.price_per_kwh,
        minute_of_day=(12 * 60 + MINUTES_PER_STEP * np.arange(STEPS)) % (24 * 60),
    )


def solving(strategy: Strategy) -> Solve:
    def solve(instance: SiteInstance) -> Answer:
        begin = time.perf_counter()
        whole = problem(instance)
        built = time.perf_counter()
        slot_kw = strategy.power_kw(whole, np.random.default_rng(1))
        end = time.perf_counter()
        power_kw = by_step(whole, slot_kw)
        return Answer(power_kw, float(whole.limit_kw[0, 0]), built - begin, end - built, end - built)

    return solve


def optimising(gap: float) -> Solve:
    """``solve()``, certificate included."""

    def solve(instance: SiteInstance) -> Answer:
        begin = time.perf_counter()
        whole = problem(instance)
        built = time.perf_counter()
        found = optimum.solve(whole, optimum.Settings(gap=gap))
        took = time.perf_counter() - built
        power_kw, limit_kw = by_step(whole, found.plan.power_kw), float(whole.limit_kw[0, 0])
        return Answer(power_kw, limit_kw, built - begin, took, took, found.certificate.gap)

    return solve


def by_step(whole: Problem, slot_kw: FloatArray) -> FloatArray:
    """Powers of slots as an array of shape (cars, STEPS)."""
    power_kw = np.zeros((whole.sessions, STEPS))
    power_kw[whole.slot_sessions(), whole.slot_steps()] = slot_kw
    return power_kw


if __name__ == "__main__":
    solves = {name: solving(strategy) for name, strategy in STRATEGIES.items()}
    solves |= {name: optimising(gap) for name, gap in GAPS.items()}
    answer_case(solves, IMPORT_S, getattr(evenload, "__version__", ""))
