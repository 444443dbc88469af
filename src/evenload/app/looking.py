"""Looks taken in a thread again and again: what breaks there is logged, and the next one is tried all the same."""

import asyncio
import logging
from collections.abc import Callable
from typing import TypeVar

from evenload.base.errors import EvenloadError

Found = TypeVar("Found")


async def look(what: Callable[[], Found], log: logging.Logger, name: str) -> Found | None:
    """One look; ``None`` where it broke: logged as ``name_wait``, or ``name_defect`` where that is no error of ours."""
    try:
        return await asyncio.to_thread(what)
    except EvenloadError as error:
        log.warning("event=%s_wait why=%s", name, error)
    except Exception:  # the rest of the program must not fall with it
        log.exception("event=%s_defect", name)
    return None
