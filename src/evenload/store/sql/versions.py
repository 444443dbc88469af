"""Which revision a database is at, and the way to the newest one."""

import warnings
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Connection, inspect

from evenload.base.errors import InputError
from evenload.store.sql.database import Database
from evenload.store.sql.schema import HEAD

if TYPE_CHECKING:
    from alembic.config import Config

Connecting = Callable[[], AbstractContextManager[Connection]]
MIGRATIONS: Final = Path(__file__).resolve().parent.parent / "migrations"
_FIRST: Final = "0001"


def bring_up(database: Database, reading: Connecting, writing: Connecting) -> None:
    """Make the tables of a database, or upgrade those of one that is behind. ``InputError`` for one that is ahead."""
    with reading() as connection:
        found = revision(connection)
    if found == HEAD:
        return
    with writing() as connection:  # where another process may have been faster
        _upgrade(connection, database)


def revision(connection: Connection) -> str | None:
    """What a database is at, ``None`` where it holds nothing yet."""
    found = inspect(connection)
    if found.has_table("alembic_version"):
        kept: str | None = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
        return kept
    if connection.dialect.name != "sqlite":
        return None
    layout = connection.exec_driver_sql("PRAGMA user_version").scalar_one()  # from before there were revisions
    return f"layout {layout}" if layout > 1 else _FIRST if found.has_table("stations") else None


def _upgrade(connection: Connection, database: Database) -> None:
    from alembic import command  # noqa: PLC0415 - loads when it is needed

    config, found = configuration(connection), revision(connection)
    if found not in (None, *known()):
        raise InputError(
            f"{database.name} was made by a later evenload (it is at {found}, this evenload knows {HEAD}): "
            "use that one, or name another database"
        )
    if found == _FIRST and not inspect(connection).has_table("alembic_version"):
        command.stamp(config, _FIRST)
    command.upgrade(config, "head")
    database.make(connection)


def known() -> list[str]:
    """All revisions, the newest first."""
    from alembic.script import ScriptDirectory  # noqa: PLC0415

    return [one.revision for one in ScriptDirectory(str(MIGRATIONS)).walk_revisions()]


def differences(connection: Connection) -> list[Any]:
    """What a database has that the schema has not, and the other way round; as Alembic tells it."""
    from alembic.autogenerate import compare_metadata  # noqa: PLC0415
    from alembic.migration import MigrationContext  # noqa: PLC0415

    from evenload.store.sql import (  # noqa: F401, PLC0415 - their tables belong to the metadata
        schema_cable,
        schema_cars,
        schema_drivers,
        schema_live,
        schema_openadr3,
        schema_people,
    )
    from evenload.store.sql.columns import metadata  # noqa: PLC0415

    context = MigrationContext.configure(connection, opts={"include_name": is_ours, "compare_type": True})
    with without_warnings():
        return list(compare_metadata(context, metadata))


@contextmanager
def without_warnings() -> Iterator[None]:
    """Say nothing of an index by an expression, which cannot be compared."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Skipped unsupported reflection of expression-based index")
        yield


def is_ours(name: str | None, kind: str, _parents: Any) -> bool:  # noqa: ANN401 - Alembic's signature
    """Whether a table is of the schema, and neither a partition of one nor of the store of identities."""
    return kind != "table" or not (name or "").startswith(("readings_d", "readings_other", "people_"))


def configuration(connection: Connection) -> "Config":
    """Alembic's configuration for a connection."""
    from alembic.config import Config  # noqa: PLC0415

    config = Config(stdout=StringIO(), attributes={"connection": connection})  # what it says is for its own command
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    return config
