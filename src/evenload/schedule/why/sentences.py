"""Spans of a plan in words: what a car does between two clock times, and whether it is ready."""

from collections.abc import Callable
from functools import cache
from typing import Final

import numpy as np

from evenload.base.local_clock import LocalClock
from evenload.base.units import HOURS_PER_DAY, MINUTES_PER_HOUR, IntArray
from evenload.domain.circuit import CircuitTree
from evenload.domain.reason import StepReason
from evenload.schedule.why.explain import Explanations

Speak = Callable[[StepReason, bool, int, int, int], str]
"""Reason, whether power is drawn, node, start and end (seconds since 1970, UTC) to a sentence."""

_CHARGES: Final = {
    StepReason.UNTOLD: "charges {when}: its device is never told anything",
    StepReason.OPTED_OUT: "charges {when}: the driver has opted out",
    StepReason.MINIMUM: "charges {when} at once: the minimum asked for",
    StepReason.FULL_POWER: "charges {when} at full power",
    StepReason.TAPER: "charges {when} as fast as the nearly full battery takes it",
    StepReason.EVENT: "slowed {when}: {circuit} asks for less",
    StepReason.ABSORB: "charges {when}: {circuit} asks for more",
    StepReason.RELEASE: "held back {when}: released in turns {circuit}",
    StepReason.CIRCUIT_LIMIT: "slowed {when}: {circuit} at its limit",
    StepReason.GROUP_LIMIT: "slowed {when}: {circuit} at its limit",
    StepReason.PEAK: "slowed {when}: {circuit} at its peak",
    StepReason.EARLY_IN_CASE: "charges {when} early, in case the driver leaves early",
    StepReason.OWN_GENERATION: "charges {when} from {circuit}",
    StepReason.DWELL: "charges {when} as told before, which stands for its least time",
    StepReason.COMMANDS: "charges {when} as told before: no command to spare",
    StepReason.WHOLE_STEP: "charges {when} at a whole step of its device",
    StepReason.DEVICE: "charges {when} at the power it can be told that fits best",
    StepReason.CHEAP_SHARE: "charges {when} at part of its power, all it needs at that price",
}
_RESTS: Final = {
    StepReason.UNTOLD: "off {when}: its device is never told anything",
    StepReason.NEED_MET: "rests {when}: the need is met",
    StepReason.OPTED_OUT: "off {when}: the driver has opted out",
    StepReason.GIVES_BACK: "gives back {when}",
    StepReason.TAPER: "off {when}: the battery is full",
    StepReason.EVENT: "paused {when}: {circuit} asks for less",
    StepReason.RELEASE: "held back {when}: released in turns {circuit}",
    StepReason.DWELL: "waits {when} as told before, which stands for its least time",
    StepReason.COMMANDS: "waits {when}: no command to spare",
    StepReason.LEAST_LEVEL: "waits {when}: its device cannot go as low as it could be given",
    StepReason.DEVICE: "waits {when}: no power it can be told fits then",
    StepReason.CIRCUIT_LIMIT: "paused {when}: {circuit} at its limit",
    StepReason.GROUP_LIMIT: "paused {when}: {circuit} at its limit",
    StepReason.PEAK: "paused {when}: {circuit} at its peak",
    StepReason.WAITING_GENERATION: "waits {when} for {circuit}",
    StepReason.WAITING_CHEAPER: "waits {when}: other times are cheaper",
}


def speaker(found: Explanations) -> Speak:
    """A function that says what a car does; clock times are local to the grid, with the day where there are several."""
    problem = found.outcome.problem
    tree, clock, named = problem.tree, clock_of(found), found.held.names if found.held else ()

    def speak(reason: StepReason, on: bool, node: int, start: int, end: int) -> str:
        circuit = "" if node < 0 else circuit_words(tree, node) if node < len(tree) else named[node - len(tree)]
        return (_CHARGES if on else _RESTS)[reason].format(when=_between(clock(start), clock(end)), circuit=circuit)

    return speak


def clock_of(found: Explanations) -> Callable[[int], str]:
    """A function from seconds since 1970 (UTC) to local clock time: ``17:00``, or ``Mon 17:00`` in longer horizons."""
    problem = found.outcome.problem
    zone = LocalClock(problem.tree.circuits[0].timezone or "UTC")
    form = "%a %H:%M" if problem.horizon.steps * problem.horizon.hours_per_step > HOURS_PER_DAY else "%H:%M"

    @cache
    def tell(seconds: int) -> str:
        local = zone.local(np.array([seconds], dtype="datetime64[s]"))
        return str(local.astype("datetime64[s]").tolist()[0].strftime(form))

    return tell


def _between(start: str, end: str) -> str:
    day, _, time = end.rpartition(" ")
    return f"{start}-{time}" if day and start.startswith(day) else f"{start}-{end}"


def circuit_words(tree: CircuitTree, node: int) -> str:
    """A circuit with its kind: feeder F12."""
    circuit = tree.circuits[node]
    named = circuit.node.lower().startswith(circuit.kind.value)
    return circuit.node if named else f"{circuit.kind.value} {circuit.node}"


def results(found: Explanations, sessions: IntArray) -> list[str]:
    """How sessions end: ready by when and how long before departure, or what is missing and why."""
    clock, problem = clock_of(found), found.outcome.problem
    missing = _missing(found)
    ready = found.ready_at().astype("datetime64[s]").astype(np.int64)
    slack = found.slack_minutes()
    return [
        missing.get(i) or ("needs nothing" if problem.energy_kwh[i] <= 0 else _ready(clock(int(ready[i])), slack[i]))
        for i in sessions.tolist()
    ]


def _ready(time: str, slack_minutes: float) -> str:
    hours, minutes = divmod(round(slack_minutes), MINUTES_PER_HOUR)
    if not hours and not minutes:
        return f"ready by {time}, at departure"
    words = [f"{hours} h"] * (hours > 0) + [f"{minutes} min"] * (minutes > 0)
    return f"ready by {time}, {' '.join(words)} before departure"


def _missing(found: Explanations) -> dict[int, str]:
    """What sessions lack, by their index."""
    rows, tree, texts = found.shortfalls, found.outcome.problem.tree, dict[int, str]()
    for row, (i, kwh, node) in enumerate(
        zip(rows.session.tolist(), rows.energy_kwh.tolist(), rows.node.tolist(), strict=True)
    ):
        limited = node >= 0 and not rows.coarse[row]
        why = f"{circuit_words(tree, node)} was at its limit" if limited else rows.reason(row).sentence
        text = f"{kwh:,.1f} kWh short: {why}"
        texts[i] = f"{texts[i]}; {text}" if i in texts else text
    return texts
