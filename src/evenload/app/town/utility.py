"""The utility of a town: by REST it tells prices for the day ahead, late meter values, and an evening's limit."""

import logging
from datetime import datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import httpx

from evenload.app.town.enrol import STEP_MINUTES, load_rows, own_load_kw
from evenload.base.horizon import Horizon
from evenload.simulate.town import ZONE, Town
from evenload.simulate.town_grid import FEEDER

_log = logging.getLogger("evenload.app.town")

METERED_LATE: Final = timedelta(hours=1)
_STEP: Final = timedelta(minutes=STEP_MINUTES)
_PRICED_HOURS: Final = 48
EVENING: Final = time(17, 30)
EVENING_LASTS: Final = timedelta(hours=2)
EVENING_SHARE: Final = 0.8
"""Of what the feeder carries."""


class Utility:
    """What a utility's own systems would do; ``step`` is called now and then with the time."""

    def __init__(self, town: Town, client: httpx.AsyncClient, began: datetime) -> None:
        self.town = town
        self.limit_kw = EVENING_SHARE * town.circuits.circuits[town.circuits.index[FEEDER]].limit_kw
        self.failed = 0
        self._client = client
        self._metered_until = began
        self._priced_until = began
        self._limited: datetime | None = None

    async def step(self, now: datetime) -> None:
        """Tell what there is to tell by now."""
        if now + timedelta(hours=_PRICED_HOURS - 12) > self._priced_until:
            await self._price(now)
        if now - METERED_LATE >= self._metered_until + _STEP:
            await self._meter(now)
        await self._limit_the_evening(now)

    async def _price(self, now: datetime) -> None:
        start = now.replace(minute=0, second=0, microsecond=0)
        horizon = Horizon(start, 60, _PRICED_HOURS)
        signal = self.town.signal(horizon)
        carbon = signal.carbon_g_per_kwh
        rows = [
            {
                "at": (start + timedelta(hours=hour)).isoformat(), "duration_s": 3600.0, "currency": "EUR",
                "price_per_kwh": round(float(price), 6),
                "carbon_g_per_kwh": None if carbon is None else round(max(float(carbon[hour]), 0.0), 3),
            }
            for hour, price in enumerate(signal.price_per_kwh)
        ]  # fmt: skip
        if await self._post("/v1/signals", {"signals": rows}):
            self._priced_until = horizon.end

    async def _meter(self, now: datetime) -> None:
        steps = int((now - METERED_LATE - self._metered_until) / _STEP)
        horizon = Horizon(self._metered_until, STEP_MINUTES, steps)
        rows = [
            {"node": one.node, "at": one.at.isoformat(), "duration_s": one.duration_s, "load_kw": one.load_kw}
            for one in load_rows(self.town, horizon, own_load_kw(self.town, horizon))
        ]
        if await self._post("/v1/loads", {"loads": rows}):
            self._metered_until = horizon.end

    async def _limit_the_evening(self, now: datetime) -> None:
        """Post the evening's limit at noon of its day: a group limit on the whole feeder."""
        local = now.astimezone(ZoneInfo(ZONE))
        start = datetime.combine(local.date(), EVENING, local.tzinfo).astimezone(now.tzinfo)
        if not start - timedelta(hours=6) <= now < start or self._limited == start:
            return
        body = {
            "node": FEEDER, "start": start.isoformat(), "end": (start + EVENING_LASTS).isoformat(),
            "limit_kw": round(self.limit_kw, 1), "reason": "evening peak of the bulk system",
        }  # fmt: skip
        if await self._post("/v1/limits", body):
            self._limited = start

    async def _post(self, path: str, body: dict[str, object]) -> bool:
        try:
            answer = await self._client.post(path, json=body)
        except httpx.HTTPError as error:
            _log.warning("event=utility_unheard path=%s why=%s", path, error)
            self.failed += 1
            return False
        if not answer.is_success:
            _log.warning("event=utility_refused path=%s status=%d body=%s", path, answer.status_code, answer.text[:300])
            self.failed += 1
        return answer.is_success
