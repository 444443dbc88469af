"""Plans and decisions in SQL. What a plan gives its sessions is one blob: powers to 0.1 W, not a row a step."""

import zlib
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Any, Final

import msgspec
import numpy as np
from sqlalchemy import Connection, Select, delete, func, null, select

from evenload.service.live_rows import DecisionRow, PlannedSession, PlanRow
from evenload.store.sql import schema_live as tables
from evenload.store.sql.kept import Kept
from evenload.store.sql.writing import add

_PER_KW: Final = 10_000
_PLANS: Final = Kept(tables.plans, PlanRow)
_OUTLINES: Final = select(
    *(tables.plans.c[name] for name in _PLANS.names if name != "sessions"), null().label("sessions")
)
_DECISIONS: Final = Kept(tables.decisions, DecisionRow)


class _Sessions(msgspec.Struct, array_like=True):
    ids: list[str]
    first_steps: list[int]
    steps: list[int]
    why: list[str]
    powers: bytes


def packed(sessions: Sequence[PlannedSession]) -> bytes:
    """Sessions of a plan as they are kept."""
    powers = np.array([power for one in sessions for power in one.power_kw], dtype=np.float64)
    return zlib.compress(
        msgspec.msgpack.encode(
            _Sessions(
                [one.session_id for one in sessions],
                [one.first_step for one in sessions],
                [len(one.power_kw) for one in sessions],
                [one.why for one in sessions],
                np.rint(powers * _PER_KW).astype("<i4").tobytes(),
            )
        ),
        1,
    )


def unpacked(body: bytes | None, only: Collection[str] | None = None) -> tuple[PlannedSession, ...]:
    """Sessions of a plan as they were kept, with ``only`` some of them; none where they were not read."""
    if body is None:
        return ()
    kept = msgspec.msgpack.decode(zlib.decompress(body), type=_Sessions)
    powers = np.frombuffer(kept.powers, dtype="<i4")
    ends = np.cumsum([0, *kept.steps]).tolist()
    return tuple(
        PlannedSession(session_id, first, tuple((powers[start:end] / _PER_KW).tolist()), why)
        for session_id, first, why, (start, end) in zip(
            kept.ids, kept.first_steps, kept.why, pairwise(ends), strict=True
        )
        if only is None or session_id in only
    )


@dataclass(frozen=True, slots=True)
class SqlPlans:
    """Plans."""

    connection: Connection

    def find(self, tenant: str, plan_id: str) -> PlanRow | None:
        """One with its sessions, or ``None``."""
        of = tables.plans.c
        found = self._rows(_PLANS.selecting.where(of.tenant == tenant, of.plan_id == plan_id))
        return found[0] if found else None

    def last(self, tenant: str, count: int = 1, *, only: Collection[str] | None = None) -> Sequence[PlanRow]:
        """The last ones with their sessions, the latest first; with ``only`` some of the sessions, or none."""
        of = tables.plans.c
        found = _PLANS.selecting if only is None or only else _OUTLINES
        return self._rows(found.where(of.tenant == tenant).order_by(of.number.desc()).limit(count), only)

    def _rows(self, found: Select[Any], only: Collection[str] | None = None) -> list[PlanRow]:
        rows = (one._asdict() for one in self.connection.execute(found))
        return [PlanRow(**{**row, "sessions": unpacked(row["sessions"], only)}) for row in rows]

    def add(self, row: PlanRow) -> None:
        """Append."""
        add(self.connection, tables.plans, [_PLANS.values(row, sessions=packed(row.sessions))])

    def prune(self, tenant: str, before: datetime) -> int:
        """Forget those made before an instant, but never the last; how many."""
        of = tables.plans.c
        last = select(func.max(of.number)).where(of.tenant == tenant).scalar_subquery()
        done = self.connection.execute(
            delete(tables.plans).where(of.tenant == tenant, of.made_at < before, of.number < last)
        )
        return done.rowcount


@dataclass(frozen=True, slots=True)
class SqlDecisions:
    """Decisions, with why."""

    connection: Connection

    def last(
        self, tenant: str, count: int, *, device_id: str = "", session_id: str = "", before: int | None = None
    ) -> Sequence[DecisionRow]:
        """The last ones, the latest first; of a device or session; before a number where given."""
        of, found = tables.decisions.c, _DECISIONS.selecting.where(tables.decisions.c.tenant == tenant)
        if device_id:
            found = found.where(of.device_id == device_id)
        if session_id:
            found = found.where(of.session_id == session_id)
        if before is not None:
            found = found.where(of.number < before)
        return _DECISIONS.last(self.connection, found, count)

    def add(self, rows: Iterable[DecisionRow]) -> None:
        """Append."""
        add(self.connection, tables.decisions, [_DECISIONS.appended(row) for row in rows])
