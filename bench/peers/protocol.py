"""How every tool is asked: canonical files in, plan and times out. NumPy only, since peers import it too."""

import json
import resource
import statistics
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from site_instance import FloatArray, SiteInstance

RUNS_LEAST = 3
RUNS_MOST = 25
SECONDS_ENOUGH = 0.5
SECONDS_MOST = 40.0


@dataclass(frozen=True, slots=True)
class Answer:
    """One solve: the plan, and seconds to build the tool's objects, to decide, and to get the power of every step."""

    power_kw: FloatArray  # (cars, steps)
    limit_kw: float  # the limit as the tool holds it
    build_s: float
    solve_s: float
    loop_s: float  # solve_s and the tool's own walk through time
    gap: float | None = None  # how far from the least the tool proves its plan to be at most


Solve = Callable[[SiteInstance], Answer]


def answer_case(solves: Mapping[str, Solve], import_s: float, version: str) -> None:
    """Solve the site in folder ``argv[1]`` with strategy ``argv[3]``; plan.npy and answer.json go to ``argv[2]``."""
    source, out, solve = Path(sys.argv[1]), Path(sys.argv[2]), solves[sys.argv[3]]
    begin = time.perf_counter()
    instance = SiteInstance.read(source)
    solve(instance.first(10))
    set_up_s = import_s + time.perf_counter() - begin
    times, first = medians(solve, instance, set_up_s)
    np.save(out / "plan.npy", first.power_kw)
    mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    answer = {"version": version, "times": times, "mb": mb, "gap": first.gap}
    (out / "answer.json").write_text(json.dumps(answer))


def medians(solve: Solve, instance: SiteInstance, set_up_s: float) -> tuple[dict[str, float], Answer]:
    """Median times of three runs: more where they take milliseconds, fewer where they take long.

    ``total_s`` adds the set-up.
    """
    answers: list[Answer] = []
    begin = time.perf_counter()
    while wants_more(len(answers), time.perf_counter() - begin):
        answers.append(solve(instance))
    times = {
        "runs": float(len(answers)),
        "limit_kw": answers[0].limit_kw,
        "solve_s": statistics.median(answer.solve_s for answer in answers),
        "loop_s": statistics.median(answer.loop_s for answer in answers),
        "total_s": set_up_s + statistics.median(answer.build_s + answer.loop_s for answer in answers),
    }
    return times, answers[0]


def wants_more(runs: int, spent_s: float) -> bool:
    """Three runs; up to 25 while half a second is not spent; no further one after 40 s."""
    if runs < RUNS_LEAST:
        return runs == 0 or spent_s < SECONDS_MOST
    return runs < RUNS_MOST and spent_s < SECONDS_ENOUGH
