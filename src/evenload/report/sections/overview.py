"""The whole study in one look: the system's worst night, one transformer, and the key numbers above them."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from markupsafe import Markup

from evenload.report.cases import base_alone, mean, of, reference_case, seed_runs, seeds, with_unserved_share
from evenload.report.chart.chart import Chart
from evenload.report.chart.panel import NEXT_NOON, NOON, Panel
from evenload.report.chart.scale import Scale
from evenload.report.chart.svg import element, join, text
from evenload.report.numbers import NOTHING, count, money, percent, plural, quantity
from evenload.report.results import StudyResults
from evenload.report.sections import closeup
from evenload.report.sections.answer import answer
from evenload.report.sections.load import Frame, Profile, load_panel, plot, profile
from evenload.report.sections.system import top_node
from evenload.report.sheet import swatch
from evenload.report.strategies import TIMER, VALLEY, Look, key_strategies, looks, named

_WIDTH, _HEIGHT = 960, 590
_MARGIN: Final = 28
_BLOCK: Final = 310
_HEADING: Final = 216
_LEFT: Final = Frame(72, 528, 244, 544)
_NIGHT_LEFT, _NIGHT_RIGHT = 604, 932
_NIGHT_TOPS: Final = (258, 420)
_NIGHT_HEIGHT: Final = 124


@dataclass(frozen=True, slots=True)
class _Night:
    """One transformer's night in words, and its load under each strategy."""

    place: str
    stacks: dict[str, closeup.Stack]


def overview(results: StudyResults) -> Chart | None:
    """One picture of the reference case; ``None`` where the study kept no profiles or compares nothing."""
    own = key_strategies(results)[:3]
    rows = reference_case(results).rows(results.profiles)
    rows = rows[rows["day"] == "peak"]
    system = profile(rows[rows["node"] == top_node(results)], tuple(own))
    night = _worst_night(rows, own)
    if system is None or night is None:
        return None
    panel = load_panel(system, _LEFT)
    look_of_own = [looks(results)[name] for name in own]
    date = rows.loc[rows["node"] == top_node(results), "date"].iloc[0]
    parts = [
        text(results.title, _MARGIN, 42, class_="sheet-title"),
        text(_subtitle(results), _MARGIN, 64, class_="note"),
        *(_block(results, look, _MARGIN + _BLOCK * i) for i, look in enumerate(look_of_own)),
        text(f"All load of the system, {_night_of(str(date))}", _MARGIN, _HEADING, class_="sheet-heading"),
        plot(results, panel, system, {look.name: _named(results, look).split(" ")[0] for look in look_of_own}),
        *_transformer(results, night),
    ]
    return Chart(_WIDTH, _HEIGHT, f"{results.title}. {answer(results)}", join(*parts))


def _subtitle(results: StudyResults) -> str:
    runs = seed_runs(results, reference_case(results))
    base = quantity(mean(base_alone(runs, "system_base_peak_kw")), "kW")
    dates = results.period.partition(",")[0]
    words = [plural(round(float(runs["cars"].mean())), "car")] if len(runs) else []
    words += [dates] if dates else []
    words += ["highest load of the system"]
    words += [f"means over {seeds(runs)} seeds"] if seeds(runs) > 1 else []
    return ", ".join(words) + (f". Base load alone: {base}." if base != NOTHING else ".")


def _block(results: StudyResults, look: Look, x: float) -> Markup:
    """One strategy: its line, its peak and what else a planner asks first."""
    runs = with_unserved_share(seed_runs(results, reference_case(results)))
    over = count(mean(of(runs, look.name, "transformers_over")))
    unserved = percent(mean(of(runs, look.name, "unserved")))
    cost = money(mean(of(runs, look.name, "cost")), results.currency)
    peak = quantity(mean(of(runs, look.name, "system_peak_kw")), "kW")
    small = [
        f"{over} of {plural(float(np.nan_to_num(runs['transformers'].max())), 'transformer')} over rating",
        ("no energy needed" if unserved == NOTHING else f"{unserved} of the energy unserved")
        + (f", {cost}" if cost != NOTHING else ""),
    ]
    name = element("g", swatch(look, x, 94), text(_named(results, look), x + 44, 98, class_="direct"), class_=look.key)
    lines = (text(words, x, 150 + 17 * i, class_="note") for i, words in enumerate(small))
    return join(name, text(peak, x, 130, class_="big"), *lines)


def _named(results: StudyResults, look: Look) -> str:
    if look.name == named(results, VALLEY):
        return f"evenload ({look.label.lower()})"
    at_clock = look.name == named(results, TIMER) and results.timer_clock
    return f"{look.label} at {results.timer_clock}" if at_clock else look.label


def _worst_night(rows: pd.DataFrame, own: list[str]) -> _Night | None:
    """The transformer that the last passive strategy loads most, under it and under the managed one."""
    shown = list(dict.fromkeys(own[-2:]))
    rows = rows[(rows["kind"] == "transformer") & rows["strategy"].isin(shown)]
    loading = (rows["base_kw"] + rows["ev_kw"]) / rows["limit_kw"].where(np.isfinite(rows["limit_kw"]), 1.0)
    loading = loading[(rows["strategy"] == shown[0]) & loading.notna()] if shown else loading[:0]
    if loading.empty:
        return None
    at = int(loading.to_numpy().argmax())
    node, date = (str(rows.loc[loading.index, column].tolist()[at]) for column in ("node", "date"))
    rows = rows[rows["node"] == node]
    stacks = {}
    for name in shown:
        one = profile(rows[rows["strategy"] == name], (name,))
        if one is not None and np.isfinite(one.total_kw[name]).any():
            stacks[name] = _stack(one, name)
    return _Night(f"{node}, {_night_of(date)}", stacks)


def _stack(shown: Profile, name: str) -> closeup.Stack:
    cars = np.nan_to_num(shown.total_kw[name] - shown.base_kw)
    return closeup.Stack(shown.edges, shown.base_kw, {"cars": cars}, shown.limit_kw)


def _transformer(results: StudyResults, night: _Night) -> list[Markup]:
    """Its load under each strategy, one picture above the other on one scale."""
    top = max(closeup.highest(stack) for stack in night.stacks.values())
    low = min(0.0, *(float(np.nanmin(stack.base_kw)) for stack in night.stacks.values()))
    x = _NIGHT_LEFT - 30
    parts = [text(f"Transformer {night.place}", x, _HEADING, class_="sheet-heading")]
    panel = None
    for (name, stack), start in zip(night.stacks.items(), _NIGHT_TOPS, strict=False):
        look = looks(results)[name]
        scale = Scale(low, 1.02 * top if top > 0 else 1.0, start + _NIGHT_HEIGHT, start)
        panel = Panel(Scale(NOON, NEXT_NOON, _NIGHT_LEFT, _NIGHT_RIGHT), scale)
        parts += [panel.value_axis("", 3), closeup.plot(panel, stack, look), closeup.rating(panel, stack)]
        parts.append(text(_named(results, look), x, start - 12, class_=f"direct {look.key}"))
        words = closeup.in_words(stack).removesuffix(" the rating")
        parts.append(text(words, _NIGHT_RIGHT, start - 12, class_="note", text_anchor="end"))
    return [*parts, panel.clock_axis(240)] if panel else parts


def _night_of(date: str) -> str:
    return f"night of {date}" if date else "its worst night"
