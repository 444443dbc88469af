"""The answer of the study in a few sentences."""

from typing import Final

import pandas as pd

from evenload.report.cases import base_alone, mean, of, reference_case, seed_runs, seeds, with_unserved_share
from evenload.report.numbers import NOTHING, count, money, percent, plural, quantity
from evenload.report.results import StudyResults
from evenload.report.sections.circuits import Exceeded, exceeded, loading_words
from evenload.report.strategies import OPTIMISED, TIMER, UNMANAGED, VALLEY, key_strategies, looks, named

_CIRCUITS_NAMED: Final = 3


def answer(results: StudyResults) -> str:
    """System peak, transformers over, other circuits above their limit, energy unserved and cost: the managed strategy
    against the passive ones.

    All numbers are means over the seeds of the reference case.
    """
    runs = with_unserved_share(seed_runs(results, reference_case(results)))
    where = f"At {percent(results.reference.penetration)} penetration"
    ran = [name for name in key_strategies(results) if name in set(runs["strategy"].tolist())]
    if not ran:
        return f"{where}, no strategy was run."
    hero, others = ran[-1], ran[:-1]
    where += f" ({plural(round(float(runs['cars'].mean())), 'car')}"
    where += f", means over {seeds(runs)} seeds)" if seeds(runs) > 1 else ")"
    sentences = [f"{where}, {_peak(results, runs, hero, others)}", _over(results, runs, hero, others)]
    return " ".join([*sentences, *_exceeded(results, ran), _bill(results, runs, hero, others)])


def _peak(results: StudyResults, runs: pd.DataFrame, hero: str, others: list[str]) -> str:
    def peak(name: str) -> str:
        return quantity(mean(of(runs, name, "system_peak_kw")), "kW")

    against = [f"{peak(name)} {_beside(results, name)}" for name in others]
    if results.timer_clock:
        against = [words.replace("with the timer", f"with a timer at {results.timer_clock}") for words in against]
    base = quantity(mean(base_alone(runs, "system_base_peak_kw")), "kW")
    if base != NOTHING:
        against.append(f"{base} with base load alone")
    return f"the system peaks at {peak(hero)} {_under(results, hero)}{_against(against)}."


def _over(results: StudyResults, runs: pd.DataFrame, hero: str, others: list[str]) -> str:
    def over(name: str) -> str:
        return count(mean(of(runs, name, "transformers_over")))

    of_all = plural(float(runs["transformers"].max()), "transformer")
    against = [f"{over(name)} {_beside(results, name)}" for name in others]
    if over(hero) == count(0.0) and others:
        against[0] = f"{over(others[0])} of {count(float(runs['transformers'].max()))} {_beside(results, others[0])}"
    base = mean(base_alone(runs, "transformers_over_base"))
    if base > 0:
        against.append(f"{count(base)} with base load alone")
    if over(hero) == count(0.0):
        return f"No transformer is over its rating{_against(against)}."
    verb = "is over its" if over(hero) == "1" else "are over their"
    return f"{over(hero)} of {of_all} {verb} rating{_against(against)}."


def _exceeded(results: StudyResults, ran: list[str]) -> list[str]:
    """A sentence about feeders and other circuits above their limit in some seed; none where there is none."""
    found = exceeded(results)
    clauses = [_exceeds(results, one, ran) for one in found[:_CIRCUITS_NAMED]]
    more = len(found) - len(clauses)
    if more:
        clauses.append("one more circuit is above its limit" if more == 1 else f"{more} more are above theirs")
    words = "; ".join(clauses)
    return [f"{words[0].upper()}{words[1:]}."] if words else []


def _exceeds(results: StudyResults, one: Exceeded, ran: list[str]) -> str:
    """One circuit with the strategies under which it is above its limit, the key ones by name."""
    told = [name for name in ran if name in one.loading] or list(one.loading)[:1]
    parts = [f"{_beside(results, name)} ({loading_words(one.loading[name])}" for name in told]
    parts = [f"{parts[0]} at worst)", *(f"{part})" for part in parts[1:])]
    others = len(one.loading) - len(told)
    if others:
        parts.append("with one other strategy" if others == 1 else f"with {others} other strategies")
    if one.base:
        parts.append(f"even with base load alone ({loading_words(one.base)})")
    kind = "" if one.node.lower().startswith(one.kind) else f"{one.kind} "
    return f"{kind}{one.node} is above its limit {_listed(parts)}"


def _bill(results: StudyResults, runs: pd.DataFrame, hero: str, others: list[str]) -> str:
    """Unserved energy and cost; what no strategy leaves unserved is said once."""
    shares = {name: percent(mean(of(runs, name, "unserved"))) for name in [hero, *others]}
    costs = {name: money(mean(of(runs, name, "cost")), results.currency) for name in [hero, *others]}
    if set(shares.values()) == {NOTHING}:
        return "No energy is needed."
    if others and set(shares.values()) == {percent(0.0)}:
        words = "No energy is left unserved"
    else:
        words = f"{shares[hero]} of the energy is left unserved"
        words += _against([f"{shares[name]} {_beside(results, name)}" for name in others])
    if costs[hero] == NOTHING:
        return f"{words}."
    return f"{words}; charging costs {costs[hero]}{_against([f'{costs[n]} {_beside(results, n)}' for n in others])}."


def _against(parts: list[str]) -> str:
    """The others as the end of a sentence."""
    return f", against {_listed(parts)}" if parts else ""


def _listed(parts: list[str]) -> str:
    """One or more parts of a sentence as "a", "a and b" or "a, b and c"."""
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def _under(results: StudyResults, name: str) -> str:
    label = looks(results)[name].label.lower()
    if name in (named(results, VALLEY), named(results, OPTIMISED)):
        return f"with evenload ({label})"
    return _beside(results, name)


def _beside(results: StudyResults, name: str) -> str:
    if name == named(results, UNMANAGED):
        return "unmanaged"
    if name == named(results, TIMER):
        return "with the timer"
    return f"with {looks(results)[name].label.lower()}"
