"""The plan file: power per session and step, zeros left out; both ways."""

from pathlib import Path

import numpy as np
import pyarrow as pa

from evenload.base.errors import InputError
from evenload.base.horizon import Horizon
from evenload.base.instants import to_datetime
from evenload.base.units import FloatArray, IntArray
from evenload.domain.plan import Plan
from evenload.files.naming import naming
from evenload.files.specs import PLAN
from evenload.files.table import Table, checked_cells, read_table, write_cells


def write_plan(path: Path, plan: Plan) -> None:
    """Write the rows of a plan that are not 0, session by session in order of time.

    Raises ``RowsRefusedError`` for a session named twice or not at all, or a power that cannot be.
    """
    used = np.flatnonzero(plan.power_kw)
    session = plan.slot_sessions()[used]
    power_kw = plan.power_kw[used]
    timestamp = plan.horizon.starts()[plan.slot_steps()[used]]
    cells = {
        "session_id": _checked_names(path, plan, session, power_kw).take(pa.array(session)),
        "timestamp": pa.array(timestamp, type=pa.timestamp("s", tz="UTC")),
        "power_kw": pa.array(power_kw),
    }
    write_cells(path, cells)


def _checked_names(path: Path, plan: Plan, session: IntArray, power_kw: FloatArray) -> pa.Array:
    """Names of the sessions, checked with the largest power once each: millions of rows hold nothing new."""
    shown_kw = np.zeros(plan.session_id.size)
    if power_kw.size:
        largest = np.abs(power_kw).argmax()
        shown_kw[session[largest]] = power_kw[largest]
    columns = {
        "session_id": plan.session_id,
        "timestamp": np.full(shown_kw.size, plan.horizon.starts()[0]),
        "power_kw": shown_kw,
    }
    return checked_cells(path, PLAN, columns)["session_id"]


def read_plan(path: Path, horizon: Horizon, rejects: Path | None = None) -> Plan:
    """Read a plan of ``horizon``: sessions in order of their names, each window from its first row to its last.

    A session whose power is 0 throughout has no rows, so it is not in the plan read back. Raises ``InputError``,
    naming the file, for a timestamp that is not the start of a step of the horizon.
    """
    table = read_table(path, PLAN, rejects=rejects)
    with naming(path, InputError):
        _refuse_other_steps(table, horizon)
    position = horizon.position(table["timestamp"]).astype(np.int64)
    session_id, session = np.unique(table["session_id"], return_inverse=True)
    first = np.full(session_id.size, horizon.steps, dtype=np.int64)
    last = np.zeros(session_id.size, dtype=np.int64)
    np.minimum.at(first, session, position)
    np.maximum.at(last, session, position)
    offset = np.concatenate([[0], np.cumsum(last - first + 1)])
    power_kw = np.zeros(int(offset[-1]))
    power_kw[offset[session] + position - first[session]] = table["power_kw"]
    return Plan(horizon, session_id, first, offset, power_kw)


def _refuse_other_steps(table: Table, horizon: Horizon) -> None:
    position = horizon.position(table["timestamp"])
    other = np.flatnonzero((position < 0) | (position >= horizon.steps) | (position % 1 > 0))
    if other.size:
        instant = to_datetime(table["timestamp"][other[0]])
        raise InputError(
            f"{instant.isoformat()} is not the start of a step: the horizon has {horizon.steps} steps of "
            f"{horizon.step_minutes} min from {horizon.start.isoformat()}"
        )
