"""A virtual energy manager of a parking lot: cars behind one limit, with a fallback of its own when nobody is there.

Without sockets: a driver says what time it is. ``asgi`` speaks REST for it, and its registers can be served by Modbus.
"""

import json
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from dataclasses import dataclass, field
from typing import Any

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


@dataclass(slots=True)
class LotCar:
    """A car at the lot: from when to when (s), what it takes (kWh) and at most (kW)."""

    arrives_s: float
    departs_s: float
    energy_kwh: float
    power_kw_max: float = 7.2
    got_kwh: float = 0.0

    def wants(self, now_s: float) -> bool:
        """Whether it is there and not full."""
        return self.arrives_s <= now_s < self.departs_s and self.got_kwh < self.energy_kwh - 1e-6


@dataclass(slots=True)
class VirtualLot:
    """The energy manager. Told nothing for ``watchdog_s`` it keeps to ``fallback_kw``. ``obeys``: it may not."""

    cars: list[LotCar]
    fallback_kw: float = 10.0
    watchdog_s: float = 120.0
    obeys: bool = True
    tells_need: bool = True
    limit_kw: float | None = None
    is_up: bool = True
    now_s: float = 0.0
    told_s: float | None = None
    most_kw: float = 0.0
    telling: list[float] = field(default_factory=list)

    @property
    def in_force_kw(self) -> float:
        """What it keeps to now."""
        fresh = self.told_s is not None and self.now_s - self.told_s <= self.watchdog_s
        return self.limit_kw if fresh and self.limit_kw is not None else self.fallback_kw

    @property
    def power_kw(self) -> float:
        """What its cars draw now, shared evenly."""
        return sum(self._shares().values())

    def _shares(self) -> dict[int, float]:
        there = {number: one.power_kw_max for number, one in enumerate(self.cars) if one.wants(self.now_s)}
        room_kw = self.in_force_kw if self.obeys else float("inf")
        shares: dict[int, float] = {}
        while there:
            each = room_kw / len(there)
            small = {number: kw for number, kw in there.items() if kw <= each} or dict.fromkeys(there, each)
            shares |= small
            room_kw -= sum(small.values())
            there = {number: kw for number, kw in there.items() if number not in small}
        return shares

    def advance(self, to_s: float, step_s: float = 10.0) -> None:
        """Let time pass."""
        while self.now_s < to_s:
            step = min(step_s, to_s - self.now_s)
            shares = self._shares()
            self.most_kw = max(self.most_kw, sum(shares.values()))
            for number, kw in shares.items():
                one = self.cars[number]
                one.got_kwh = min(one.got_kwh + kw * step / 3600, one.energy_kwh)
            self.now_s += step

    def set_limit(self, limit_kw: float) -> None:
        """Somebody sets its limit, and is there by that."""
        self.limit_kw, self.told_s = limit_kw, self.now_s
        self.telling.append(limit_kw)

    def told(self) -> Mapping[str, float | int | None]:
        """What it answers."""
        wanting = [one for one in self.cars if one.wants(self.now_s)]
        needed = sum(one.energy_kwh - one.got_kwh for one in wanting) if self.tells_need else None
        return {
            "power_kw": round(self.power_kw, 3), "limit_kw": self.limit_kw, "fallback_kw": self.fallback_kw,
            "cars": sum(one.arrives_s <= self.now_s < one.departs_s for one in self.cars),
            "energy_kwh_needed": needed,
        }  # fmt: skip

    async def asgi(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Its REST: ``GET /``, ``PUT /limit``, ``PUT /fallback``."""
        if scope["type"] != "http":
            return
        message = await receive()
        status, body = self._answer(scope["method"], scope["path"], message.get("body", b""))
        await send({
            "type": "http.response.start", "status": status, "headers": [(b"content-type", b"application/json")],
        })  # fmt: skip
        await send({"type": "http.response.body", "body": json.dumps(body).encode()})

    def _answer(self, method: str, path: str, body: bytes) -> tuple[int, object]:
        if not self.is_up:
            return 503, {}
        match method, path.rsplit("/", 1)[-1]:
            case "PUT", "limit":
                self.set_limit(float(json.loads(body)["limit_kw"]))
                return 200, {}
            case "PUT", "fallback":
                self.fallback_kw = float(json.loads(body)["fallback_kw"])
                return 200, {}
            case "GET", _:
                return 200, self.told()
        return 404, {}
