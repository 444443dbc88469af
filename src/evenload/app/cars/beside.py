"""Work beside the loop of linked cars: what breaks there is one car's."""

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any

_log = logging.getLogger("evenload.app.cars")


class Beside:
    """Work that was begun and nobody waits for: a defect is logged. For the event loop's thread."""

    def __init__(self) -> None:
        self._under_way: set[asyncio.Task[None]] = set()

    def __len__(self) -> int:
        return len(self._under_way)

    def begin(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Begin it."""
        task = asyncio.get_running_loop().create_task(_logged(work))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)
        return task

    async def idle(self) -> None:
        """Wait for what is on its way."""
        while self._under_way:
            await asyncio.gather(*self._under_way, return_exceptions=True)

    def stop(self) -> None:
        """Wait for nothing any more."""
        for one in self._under_way:
            one.cancel()


async def _logged(work: Coroutine[Any, Any, None]) -> None:
    try:
        await work
    except Exception:  # noqa: BLE001  # the boundary between cars: a defect met with one is its own
        _log.exception("event=car_defect")
