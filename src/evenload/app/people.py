"""The store of identities, as the settings have it."""

from pathlib import Path

from evenload.app.secret import secret_of
from evenload.app.settings import Settings
from evenload.base.errors import InputError
from evenload.store.sql.people_store import SqlPeopleStore, people_at
from evenload.store.sql.store import is_address


def people_of(settings: Settings) -> SqlPeopleStore:
    """The store of identities; its contact data are sealed with the server's secret.

    ``InputError`` where there is such a store, but not the secret: another one could open nothing in it.
    """
    where = settings.people_store
    if not is_address(where) and Path(where).exists() and not settings.secret_file.exists():
        raise InputError(
            f"{where} is there, but not the secret {settings.secret_file} that it is sealed with: run this where the "
            "server runs, or name the server's own with EVENLOAD_SECRET_FILE"
        )
    return people_at(where, secret_of(settings.secret_file))
