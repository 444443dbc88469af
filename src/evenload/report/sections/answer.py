"""The answer of the study in one sentence."""

import pandas as pd

from evenload.report.cases import reference_case, seed_runs, with_unserved_share
from evenload.report.numbers import NOTHING, count, money, percent, plural, quantity
from evenload.report.results import StudyResults
from evenload.report.strategies import TIMER, UNMANAGED, VALLEY, key_strategies, looks


def answer(results: StudyResults) -> str:
    """Peak per car and transformers over of the key strategies, and what the last leaves unserved and costs.

    All numbers are those of the reference run.
    """
    runs = seed_runs(results, reference_case(results))
    runs = with_unserved_share(runs[runs["seed"] == results.reference.seed])
    own = {name: runs[runs["strategy"] == name] for name in key_strategies(results.strategies)}
    where = f"At {percent(results.reference.penetration)} penetration"
    if runs.empty:
        return f"{where}, no strategy was run."
    parts = [_clause(results, name, rows) for name, rows in own.items()]
    ran = [rows.iloc[0] for rows in own.values() if len(rows)]
    return f"{where} ({plural(float(runs['cars'].max()), 'car')}), {'; '.join(parts)}{_closing(results, ran)}."


def _clause(results: StudyResults, name: str, rows: pd.DataFrame) -> str:
    subject = _subject(results, name)
    if rows.empty:
        return f"{subject} was not run"
    run = rows.iloc[0]
    clock = str(run["ev_peak_clock"])
    around = f" around {clock}" if clock not in ("", "nan", "None") else ""
    over = f"{count(float(run['transformers_over']))} of {plural(float(run['transformers']), 'transformer')}"
    return f"{subject} peaks at {quantity(float(run['ev_peak_kw_per_car']))} kW per car{around} with {over} over rating"


def _closing(results: StudyResults, ran: "list[pd.Series[float]]") -> str:
    """What the last strategy leaves unserved and costs, beside the first one."""
    if not ran:
        return ""
    share, cost = _bill(results, ran[-1])
    words = f", leaves {share} of the energy unserved" + (f" and costs {cost}" if cost != NOTHING else "")
    if len(ran) == 1:
        return words
    beside = [word for word in _bill(results, ran[0]) if word != NOTHING]
    return f"{words} ({_subject(results, str(ran[0]['strategy']))}: {' and '.join(beside)})" if beside else words


def _bill(results: StudyResults, run: "pd.Series[float]") -> tuple[str, str]:
    return percent(float(run["unserved"])), money(float(run["cost"]), results.currency)


def _subject(results: StudyResults, name: str) -> str:
    look = looks(results.strategies)[name]
    if name == UNMANAGED:
        return "unmanaged charging"
    if name == TIMER:
        return f"a timer at {results.timer_clock}" if results.timer_clock else "a common timer"
    words = look.label.lower()
    return f"evenload ({words})" if name == VALLEY else words
