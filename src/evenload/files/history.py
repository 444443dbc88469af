"""The history file as the domain's columnar noun, both ways."""

from pathlib import Path

from evenload.domain.history import History
from evenload.files.specs import HISTORY
from evenload.files.table import Table, read_table, write_table


def read_history(path: Path, rejects: Path | None = None) -> History:
    """Read a history file; see ``read_table`` for ``rejects`` and errors."""
    return history_of(read_table(path, HISTORY, rejects=rejects))


def history_of(table: Table) -> History:
    """History of a table that was read with the history spec (``table.rejected`` says how many were set aside)."""
    return History(**table.columns)


def write_history(path: Path, history: History) -> None:
    """Write a history file with every column."""
    write_table(path, HISTORY, history.columns())
