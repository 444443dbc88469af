"""The phones of a town's drivers: they tell the operator by REST what their cars need."""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from datetime import datetime
from typing import Any, Final

import httpx

from evenload.domain.vehicle_state import CAR_PREFIX

_log = logging.getLogger("evenload.app.town")

_TRIES: Final = 4
_TRIES_FOR_CARS: Final = 40
"""That a car came home is known when its maker's cloud tells, or when it is read."""

_AGAIN_S: Final = 0.5
_AT_ONCE: Final = 8


class RestPhones:
    """A ``Phone`` for all drivers. What fails is tried again, then counted in ``failed``."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self.said = 0
        self.failed = 0
        self.opted_out: list[datetime] = []
        self._client = client
        self._calls: set[asyncio.Task[None]] = set()
        self._lines = asyncio.Semaphore(_AT_ONCE)

    def declare(
        self, station: str, evse_id: int, token: str, *, at: datetime, departs_at: datetime, energy_kwh: float
    ) -> None:
        """Say when the car is needed and how much energy since it was plugged in."""
        _log.debug("event=phone at=%s station=%s evse=%d", at, station, evse_id)
        body = {"departs_at": departs_at.isoformat(), "energy_kwh": round(energy_kwh, 3)}
        self._call(station, lambda: self._say(station, token, "declare", body))

    def opt_out(self, station: str, evse_id: int, token: str, *, at: datetime) -> None:
        """Ask to be charged at once."""
        _log.debug("event=opt_out at=%s station=%s evse=%d", at, station, evse_id)
        self.opted_out.append(at)
        body = {"out": True, "why": "in a hurry"}
        self._call(station, lambda: self._say(station, token, "opt-out", body))

    async def finish(self) -> None:
        """Wait for what is under way."""
        await asyncio.gather(*self._calls, return_exceptions=True)

    def _call(self, station: str, say: Callable[[], Coroutine[Any, Any, bool]]) -> None:
        tries = _TRIES_FOR_CARS if station.startswith(CAR_PREFIX) else _TRIES
        task = asyncio.get_running_loop().create_task(self._until_said(say, tries))
        self._calls.add(task)
        task.add_done_callback(self._calls.discard)

    async def _until_said(self, say: Callable[[], Coroutine[Any, Any, bool]], tries: int) -> None:
        for _ in range(tries):
            try:
                async with self._lines:
                    if await say():
                        self.said += 1
                        return
            except httpx.HTTPError as error:
                _log.info("event=phone_again why=%s", error)
            await asyncio.sleep(_AGAIN_S)
        self.failed += 1

    async def _say(self, device_id: str, token: str, what: str, body: dict[str, Any]) -> bool:
        """Find the driver's own session at the device, and say it; whether it was heard."""
        answer = await self._client.get("/v1/sessions", params={"going_on": True, "device_id": device_id})
        answer.raise_for_status()
        mine = [one for one in answer.json()["items"] if one["token"].casefold() == token.casefold()]
        if not mine:
            return False
        said = await self._client.post(f"/v1/sessions/{mine[0]['session_id']}/{what}", json=body)
        if said.is_client_error:
            _log.warning("event=phone_refused what=%s status=%d body=%s", what, said.status_code, said.text[:300])
        return said.is_success
