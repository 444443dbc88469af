"""Linking from beside a server: by a command, over the same database, with the same secret."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import TypeVar

from evenload.app.cars.clouds import clouds_of, public_url_of
from evenload.app.cars.linking import Linking
from evenload.app.cars.tokens import Door
from evenload.app.cars.vault import Vault
from evenload.app.secret import secret_of
from evenload.app.settings import Settings
from evenload.service.ports import Store

T = TypeVar("T")


def linking(
    settings: Settings, store: Store, clock: Callable[[], datetime], draw: Callable[[], str],
    do: Callable[[Linking], Awaitable[T]],
) -> T:  # fmt: skip
    """Do something with links; a server that runs notices within seconds."""
    logging.getLogger("evenload").addHandler(logging.NullHandler())  # what goes wrong is said by what is raised
    clouds = clouds_of(settings, public_url_of(settings))
    vault = Vault(secret_of(settings.secret_file))

    async def done(writer: ThreadPoolExecutor) -> T:
        door = Door(store, writer, clouds, vault, clock, time.monotonic)
        try:
            return await do(Linking(door, store, clock, draw))
        finally:
            await door.close()

    with ThreadPoolExecutor(1, thread_name_prefix="store-writer") as writer:
        return asyncio.run(done(writer))
