"""One suite, every store."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from evenload.service.ports import Store
from evenload.store.memory import MemoryStore
from evenload.store.sqlite.store import SqliteStore


@pytest.fixture(params=["memory", "sqlite"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    if request.param == "memory":
        yield MemoryStore()
        return
    with SqliteStore(tmp_path / "kept.db") as made:
        yield made
