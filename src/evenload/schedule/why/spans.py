"""Explanations in words: steps with one reason merged to spans, and a sentence for each, in local time."""

from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np

from evenload.base.instants import InstantArray, to_datetime
from evenload.base.units import BoolArray, FloatArray, IntArray
from evenload.domain.reason import StepReason, UnservedReason
from evenload.schedule.why.explain import Explanations
from evenload.schedule.why.sentences import results, speaker
from evenload.schedule.why.step_reasons import CODE, REASONS, SHARE


@dataclass(frozen=True, slots=True)
class Spans:
    """Spans of sessions, one row each, sessions in the order asked for and then in order of time.

    ``reason`` holds indices of ``REASONS``; ``node`` is the circuit that holds the car, or behind the last one of the
    names of ``Held``, -1 for none; ``sentence`` holds
    indices of ``sentences``. The last sentence of a session also says whether it is ready, so that all of them joined
    explain the session.
    """

    session: IntArray
    start: InstantArray
    end: InstantArray
    power_kw_mean: FloatArray
    reason: IntArray
    node: IntArray
    sentence: IntArray
    sentences: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why one session is charged as it is. Instants are UTC, the sentence is in the local time of the grid."""

    session_id: str
    sentence: str
    departs_at: datetime
    ready_at: datetime | None
    slack_minutes: float | None
    latest_start: datetime | None
    marginal_per_kwh: float | None
    more_possible: bool
    energy_kwh_unserved: float
    unserved_reasons: tuple[UnservedReason, ...]
    unserved_node: str | None
    spans: Spans


def explain_session(found: Explanations, session: int) -> Explanation:
    """Everything there is to say of the session of that index."""
    problem, spans = found.outcome.problem, spans_of(found, np.array([session]))
    slack, marginal = float(found.slack_minutes()[session]), float(found.marginal_per_kwh[session])
    rows = np.flatnonzero(found.shortfalls.session == session)
    nodes = [n for n in found.shortfalls.node[rows].tolist() if n >= 0]
    return Explanation(
        session_id=str(problem.session_id[session]),
        sentence="; ".join(spans.sentences[s] for s in spans.sentence.tolist()),
        departs_at=to_datetime(found.departs_at[session]),
        ready_at=_known(found.ready_at()[session]),
        slack_minutes=None if np.isnan(slack) else slack,
        latest_start=_known(found.latest_start[session]),
        marginal_per_kwh=None if np.isnan(marginal) else marginal,
        more_possible=bool(found.more_possible[session]),
        energy_kwh_unserved=float(found.shortfalls.energy_kwh[rows].sum()),
        unserved_reasons=tuple(found.shortfalls.reason(row) for row in rows.tolist()),
        unserved_node=problem.tree.circuits[nodes[0]].node if nodes else None,
        spans=spans,
    )


def sentences_of(found: Explanations, sessions: IntArray) -> list[str]:
    """The sentence of each of many sessions (indices into the problem), as in ``explain_session``."""
    if not sessions.size:
        return []
    spans = spans_of(found, sessions)
    said: dict[int, list[str]] = {session: [] for session in sessions.tolist()}
    for session, sentence in zip(spans.session.tolist(), spans.sentence.tolist(), strict=True):
        said[session].append(spans.sentences[sentence])
    return ["; ".join(said[session]) for session in sessions.tolist()]


def _known(instant: np.datetime64) -> datetime | None:
    return None if np.isnat(instant) else to_datetime(instant)


def spans_of(found: Explanations, sessions: IntArray) -> Spans:
    """Spans of sessions (indices into the problem) with their sentences."""
    problem = found.outcome.problem
    lengths = np.diff(problem.offset)[sessions]
    begin = np.concatenate([[0], np.cumsum(lengths)])
    who = np.repeat(np.arange(sessions.size), lengths)
    place = np.arange(begin[-1]) - np.repeat(begin[:-1], lengths)
    slot = problem.offset[:-1][sessions][who] + place
    step = problem.first_step[sessions][who] + place
    kw, reason = found.outcome.power_kw[slot], found.reason[slot].astype(np.int64)
    node = _nodes(found, reason, problem.node[sessions][who], step)
    if found.held is not None:
        node = found.held.named(len(problem.tree), slot, reason, node)
    on = kw > SHARE * problem.cap_kw[slot]
    named = len(problem.tree) + (len(found.held.names) if found.held else 0)
    kind = (reason * 2 + on) * (named + 1) + node + 1
    first = np.flatnonzero(np.diff(kind, prepend=-1) | np.diff(who, prepend=-1))
    last = np.append(first[1:], kind.size) - 1
    session = sessions[who[first]]
    starts = problem.horizon.starts()
    step_seconds = np.timedelta64(problem.horizon.step_minutes * 60, "s")
    start = np.maximum(starts[step[first]], found.plugged_at[session])
    end = np.minimum(starts[step[last]] + step_seconds, found.departs_at[session])
    energy_kwh = np.add.reduceat(kw, first) * problem.horizon.hours_per_step if first.size else np.zeros(0)
    spans = Spans(
        session, start, end, energy_kwh / ((end - start).astype(np.int64) / 3600.0), reason[first], node[first],
        np.zeros(first.size, dtype=np.int64), (),
    )  # fmt: skip
    return _told(found, spans, on[first], np.diff(who[first], append=-1) != 0)


def _told(found: Explanations, spans: Spans, on: BoolArray, last: BoolArray) -> Spans:
    """Spans with their sentences; ``last`` where a session's last one is."""
    speak, ends = speaker(found), iter(results(found, spans.session[last]))
    known: dict[tuple[int, bool, int, int, int, str], int] = {}
    texts: list[str] = []
    columns = (spans.reason, on, spans.node, spans.start.astype(np.int64), spans.end.astype(np.int64), last)
    sentence = []
    for code, draws, node, start, end, is_last in zip(*(column.tolist() for column in columns), strict=True):
        result = next(ends) if is_last else ""
        key = (code, draws, node, start, end, result)
        if key not in known:
            known[key] = len(texts)
            said = (
                "" if result and REASONS[code] is StepReason.NEED_MET else speak(REASONS[code], draws, node, start, end)
            )
            texts.append("; ".join(part for part in (said, result) if part))
        sentence.append(known[key])
    return replace(spans, sentence=np.array(sentence, dtype=np.int64), sentences=tuple(texts))


def _nodes(found: Explanations, reason: IntArray, node: IntArray, step: IntArray) -> IntArray:
    """The circuit that each reason names, -1 for none."""
    named = np.where(reason == CODE[StepReason.CIRCUIT_LIMIT], found.limiting[node, step], -1)
    if found.peaking is not None:
        named = np.where(reason == CODE[StepReason.PEAK], found.peaking[node, step], named)
    return named.astype(np.int64)
