"""Why cars of a live plan get what they get, in words: in the time of their site, up to when they really leave."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

import numpy as np

from evenload.base.instants import time_zone, to_datetime64
from evenload.schedule.fairness.shares import FairNeeds
from evenload.schedule.why.explain import Explanations
from evenload.schedule.why.fairness_words import shared_words
from evenload.schedule.why.spans import sentences_of
from evenload.service.holds import Hold, HoldReason
from evenload.service.live_rows import SessionRow
from evenload.service.problem_of import Asked
from evenload.service.snapshot import Snapshot

_MINIMUM: Final = "at once: the minimum asked for"
_AT_ONCE: Final = "at once, as fast as the limits allow:"
_READY: Final = "ready by "


def reasons_of(found: Explanations, asked: Asked, seen: Snapshot, fair: FairNeeds | None = None) -> list[str]:
    """A sentence for each session of the problem, in its order; ``fair`` is how a shortage is shared."""
    zones = [seen.sites[one.site_id].timezone if one.site_id in seen.sites else "UTC" for one in asked.sessions]
    leaving = _until_departure(found, asked.sessions, seen.now)
    said = [""] * len(zones)
    for zone in sorted(set(zones)):
        here = np.array([i for i, one in enumerate(zones) if one == zone], dtype=np.int64)
        for i, sentence in zip(here.tolist(), sentences_of(_in_zone(leaving, zone), here), strict=True):
            said[i] = _of_session(sentence, asked.sessions[i], seen.now)
    if fair is not None:
        problem = found.outcome.problem
        shares = shared_words(problem, fair, np.arange(problem.sessions))
        said = ["; ".join(part for part in (text, share) if part) for text, share in zip(said, shares, strict=True)]
    for one in asked.holds:
        dwell = seen.devices[asked.sessions[one.session].device_id].device.dwell_minutes
        said[one.session] = f"{_held(one, dwell, zones[one.session])}; {said[one.session]}"
    return said


def _held(hold: Hold, dwell_minutes: float, zone: str) -> str:
    """Why a session goes on as it is for a while."""
    until = f"{hold.until.astimezone(time_zone(zone)):%H:%M}"
    if hold.why is HoldReason.MINIMUM:
        return f"{_MINIMUM}, without a break until {until}: its device is not to be told something new often"
    if hold.why is HoldReason.LAST:
        return f"charges on until {until}: its device has hardly a command left for this session"
    if hold.why is HoldReason.GOES_ON:
        return f"charges on until {until}: stopping it would cost a command and save little"
    does = "charges on" if hold.kw > 0 else "stays off"
    return f"{does} until {until}: it is told something new every {dwell_minutes:g} min at the most"


def _until_departure(found: Explanations, sessions: Sequence[SessionRow], now: datetime) -> Explanations:
    """The same with the departures that drivers know of; plans have cars ready somewhat earlier."""
    departs_at = found.departs_at.copy()
    for i, one in enumerate(sessions):
        if one.departs_at > now:
            departs_at[i] = max(departs_at[i], to_datetime64(one.departs_at))
    return replace(found, departs_at=departs_at)


def _in_zone(found: Explanations, zone: str) -> Explanations:
    """The same with clocks of a zone: that of the highest circuit is the one that sentences are told in."""
    problem = found.outcome.problem
    top, *below = problem.tree.circuits
    tree = replace(problem.tree, circuits=(replace(top, timezone=zone), *below))
    return replace(found, outcome=replace(found.outcome, problem=replace(problem, tree=tree)))


def _of_session(sentence: str, session: SessionRow, now: datetime) -> str:
    """What is given at once is so for a reason of its own; who should be gone has no departure to be ready before."""
    if why := _at_once(session, now):
        sentence = sentence.replace(_MINIMUM, f"{_AT_ONCE} {why}")
    before, semicolon, last = sentence.rpartition("; ")
    if session.departs_at <= now and last.startswith(_READY):
        last = last.partition(",")[0]
    return f"{before}{semicolon}{last}"


def _at_once(session: SessionRow, now: datetime) -> str:
    """Why a session is served at once though its minimum is less; empty where it is not."""
    if session.opted_out:
        return "it was taken out"
    if session.boosted:
        return "it goes before others"
    return "its departure has passed" if session.departs_at <= now else ""
