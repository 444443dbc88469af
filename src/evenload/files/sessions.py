"""The sessions file as the domain's columnar noun, both ways."""

from pathlib import Path

from evenload.domain.session import Sessions
from evenload.files.specs import SESSIONS
from evenload.files.table import Table, read_table, write_table


def read_sessions(path: Path, rejects: Path | None = None) -> Sessions:
    """Read a sessions file; see ``read_table`` for ``rejects`` and errors."""
    return sessions_of(read_table(path, SESSIONS, rejects=rejects))


def sessions_of(table: Table) -> Sessions:
    """Sessions of a table that was read with the sessions spec (``table.rejected`` says how many were set aside)."""
    return Sessions(**table.columns)


def write_sessions(path: Path, sessions: Sessions) -> None:
    """Write a sessions file with every column."""
    write_table(path, SESSIONS, sessions.columns())
