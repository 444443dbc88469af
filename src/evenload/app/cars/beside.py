"""Work beside the loop of linked cars: what breaks there is one car's."""

import logging
from collections.abc import Coroutine
from typing import Any

_log = logging.getLogger("evenload.app.cars")


async def logged(work: Coroutine[Any, Any, None]) -> None:
    """Do it; a defect is logged, as nobody waits for what comes of it."""
    try:
        await work
    except Exception:  # noqa: BLE001  # the boundary between cars: a defect met with one is its own
        _log.exception("event=car_defect")
