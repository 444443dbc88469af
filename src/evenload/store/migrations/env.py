"""How Alembic runs here: on the connection it is given, else on the database EVENLOAD_DATABASE_URL names."""

import os

from alembic import context
from sqlalchemy import Connection, create_engine

from evenload.store.sql import (  # noqa: F401 - their tables belong to the metadata
    schema,
    schema_cable,
    schema_cars,
    schema_drivers,
    schema_live,
    schema_openadr3,
    schema_people,
)
from evenload.store.sql.columns import metadata
from evenload.store.sql.versions import is_ours, without_warnings


def _run(connection: Connection) -> None:
    context.configure(
        connection=connection, target_metadata=metadata, render_as_batch=True, include_name=is_ours, compare_type=True
    )
    with context.begin_transaction(), without_warnings():
        context.run_migrations()


given = context.config.attributes.get("connection")
if given is not None:
    _run(given)
else:
    with create_engine(os.environ["EVENLOAD_DATABASE_URL"]).begin() as made:
        _run(made)
