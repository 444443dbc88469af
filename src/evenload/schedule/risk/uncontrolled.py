"""Devices out of control: what cars draw that cannot be told anything, as load beside the plan of the others.

A device whose link is lost falls back to the power it has stored, if it was seen to have it; else it may draw all it
can. One whose meter is silent is no better known. One that does not obey does not keep to a fallback either.
Source: DESIGN section 5; requirement R147.
"""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

import numpy as np
from numpy.typing import ArrayLike

from evenload.base.errors import ColumnsError, InputError
from evenload.base.units import BoolArray, FloatArray, IntArray, TextArray
from evenload.schedule.changes import take
from evenload.schedule.problem import Problem


class Link(StrEnum):
    """Whether a session's device can be told what to draw."""

    OK = "ok"
    OFFLINE = "offline"
    STALE = "stale"
    DISOBEDIENT = "disobedient"

    @property
    def sentence(self) -> str:
        """The state in words."""
        return _SENTENCES[self]


_SENTENCES: Final = {
    Link.OK: "it keeps to what it is told",
    Link.OFFLINE: "it is not connected",
    Link.STALE: "its meter has told nothing for too long",
    Link.DISOBEDIENT: "it does not keep to what it is told",
}


@dataclass(frozen=True, slots=True)
class Links:
    """What is known of S sessions' devices."""

    link: TextArray  # (S,) Link
    fallback_is_verified: BoolArray  # (S,) the device was seen to have its fallback stored
    measured_kw: FloatArray  # (S,) what it was last measured at; NaN = not known


@dataclass(frozen=True, slots=True)
class Uncontrolled:
    """U sessions that nobody can tell anything, and the problem of the others, for whom they are load."""

    rest: Problem
    sessions: IntArray  # (U,) indices into the problem that was given
    others: IntArray  # (S - U,) where the sessions of ``rest`` are in it
    may_draw_kw: FloatArray  # (U,)
    power_kw: FloatArray  # (K,) of all slots of the problem that was given: 0 in those of the others


def may_draw_kw(
    obeys: ArrayLike, is_verified: ArrayLike, fallback_kw: ArrayLike, power_kw_max: ArrayLike
) -> FloatArray:
    """What cars may draw at devices that cannot be told anything, kW: the fallback where it can be counted on."""
    known = np.nan_to_num(np.asarray(fallback_kw, dtype=np.float64), nan=np.inf)
    safe = np.asarray(obeys, dtype=np.bool_) & np.asarray(is_verified, dtype=np.bool_)
    return np.minimum(np.where(safe, known, np.inf), power_kw_max)


def without_uncontrolled(problem: Problem, links: Links) -> Uncontrolled:
    """Set apart who cannot be told anything: from now on each draws what it may, until its need is met or it leaves.

    One that does not obey draws what it was measured at, where that is more than it may. Its energy is not planned, so
    what circuits cannot carry of it is reported as overload by base load. Raises ``ColumnsError`` for columns of
    another shape, ``InputError``, naming the session, for values that cannot be.
    """
    _refuse_impossible(problem, links)
    disobeys = links.link == Link.DISOBEDIENT
    out = links.link != Link.OK
    fallback = np.full(problem.sessions, np.nan) if problem.devices is None else problem.devices.fallback_kw
    kw = may_draw_kw(~disobeys, links.fallback_is_verified, fallback, problem.power_kw_max)
    kw = np.where(disobeys, np.fmax(kw, links.measured_kw), kw)
    power = _until_met_kw(problem, np.where(out, kw, 0.0))
    kept = np.flatnonzero(~out)
    load = problem.base_load_kw + problem.ev_load_kw(power)
    rest = take(replace(problem, base_load_kw=load, across=problem.across_beside(power)), kept)
    return Uncontrolled(rest, np.flatnonzero(out), kept, kw[out], power)


def _until_met_kw(problem: Problem, kw: FloatArray) -> FloatArray:
    """Powers (K,) of sessions that draw ``kw`` (S,) while plugged in until what they need is there."""
    session, hours = problem.slot_sessions(), problem.horizon.hours_per_step
    share = problem.cap_kw / np.maximum(problem.power_kw_max, 1e-300)[session]
    power = np.minimum(share, 1.0) * kw[session]
    so_far = np.concatenate([[0.0], np.cumsum(power * hours)])
    before = so_far[:-1] - np.repeat(so_far[problem.offset[:-1]], np.diff(problem.offset))
    return np.asarray(np.clip((problem.energy_kwh[session] - before) / hours, 0.0, power))


def _refuse_impossible(problem: Problem, links: Links) -> None:
    for name in ("link", "fallback_is_verified", "measured_kw"):
        if getattr(links, name).shape != (problem.sessions,):
            raise ColumnsError(f"Links.{name} has shape {getattr(links, name).shape}, expected {(problem.sessions,)}")
    known = [one.value for one in Link]
    wrong = {"link": ~np.isin(links.link, known), "measured_kw": (links.measured_kw < 0) | np.isinf(links.measured_kw)}
    rules = {"link": f"it is one of {', '.join(known)}", "measured_kw": "it is a number of 0 or more, or blank"}
    for name, bad in wrong.items():
        if bad.any():
            first = int(np.flatnonzero(bad)[0])
            who, value = str(problem.session_id[first]), getattr(links, name)[first]
            raise InputError(f"session {who!r}, {name} = {value}: {rules[name]}")


def uncontrolled_words(found: Uncontrolled, problem: Problem, links: Links) -> list[str]:
    """A sentence for each of the ``found.sessions``: what is kept free for it, and why."""
    return [
        f"cannot be told anything: {Link(str(links.link[i])).sentence}; {kw:.3g} kW are kept free for it"
        f"{_why(problem, links, i, kw)}"
        for i, kw in zip(found.sessions.tolist(), found.may_draw_kw.tolist(), strict=True)
    ]


def _why(problem: Problem, links: Links, i: int, kw: float) -> str:
    """Where the power comes from."""
    if links.link[i] == Link.DISOBEDIENT:
        return ", which it was measured at" if kw > problem.power_kw_max[i] else ", all it can draw"
    if kw < problem.power_kw_max[i]:
        return ", the fallback it was seen to have"
    return ", all it can draw" + ("" if links.fallback_is_verified[i] else ": it was not seen to have a fallback")
