"""The explanations file: why each session has its power, one row a session and span of time."""

from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa

from evenload.base.units import IntArray
from evenload.domain.reason import StepReason
from evenload.files.cells import text_array
from evenload.files.columns import Column, Kind, TableSpec
from evenload.files.table import Table, read_table, write_cells
from evenload.schedule.why.explain import Explanations
from evenload.schedule.why.spans import spans_of
from evenload.schedule.why.step_reasons import REASONS

EXPLANATIONS: Final = TableSpec(
    "explanations",
    "Why each session of a plan has its power: one row a session and span of time with one reason.",
    (
        Column("session_id", "session of the sessions file", Kind.TEXT, required=True),
        Column("start", "start of the span", Kind.INSTANT, required=True),
        Column("end", "end of the span", Kind.INSTANT, required=True),
        Column("power_kw_mean", "mean power over the span; negative feeds in", low=-1000, high=1000, unit="kW",
               required=True),
        Column("reason", "why", Kind.WORD, required=True, words=tuple(map(str, StepReason))),
        Column("node", "circuit, event or group that holds the car; blank for none", Kind.TEXT, blank=""),
        Column("sentence", "the same in words, in the local time of the grid", Kind.TEXT, blank=""),
    ),
    ("session_id", "start"),
)  # fmt: skip


def write_explanations(path: Path, found: Explanations, sessions: IntArray | None = None) -> None:
    """Write the spans of all sessions, or of those of some indices, whole or not at all."""
    problem = found.outcome.problem
    spans = spans_of(found, np.arange(problem.sessions) if sessions is None else sessions)
    names = [circuit.node for circuit in problem.tree.circuits] + list(found.held.names if found.held else ())
    nodes = np.array([*names, ""])  # -1, nothing, takes the last
    cells = {
        "session_id": text_array(problem.session_id).take(pa.array(spans.session)),
        "start": pa.array(spans.start.astype("datetime64[s]"), type=pa.timestamp("s", tz="UTC")),
        "end": pa.array(spans.end.astype("datetime64[s]"), type=pa.timestamp("s", tz="UTC")),
        "power_kw_mean": pa.array(spans.power_kw_mean),
        "reason": text_array(np.array([str(reason) for reason in REASONS])).take(pa.array(spans.reason)),
        "node": text_array(nodes, nodes == "").take(pa.array(spans.node % nodes.size)),
        "sentence": text_array(np.array(spans.sentences, dtype=np.str_)).take(pa.array(spans.sentence)),
    }
    write_cells(path, cells)


def read_explanations(path: Path, rejects: Path | None = None) -> Table:
    """Read an explanations file; see ``read_table`` for what is refused."""
    return read_table(path, EXPLANATIONS, rejects=rejects)
