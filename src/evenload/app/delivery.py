"""Delivery: gives stations the orders that wait for them in the store, from whatever process they came."""

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from evenload.app.desks import Desks
from evenload.base.distribution import Distribution
from evenload.base.errors import InputError
from evenload.domain.station import StationId
from evenload.domain.station_commands import Command, CommandSettled, Disconnect, Settlement
from evenload.net.ocpp_server import OcppServer
from evenload.net.seldom import Seldom
from evenload.service import orders
from evenload.service.orders import STANDING
from evenload.service.ports import Store, StoreError
from evenload.service.rows import OrderRow

_log = logging.getLogger("evenload.app.delivery")

PERIOD_S: Final = 0.5
_AGAIN_S: Final = 30.0

CarryOut = Callable[[StationId, Command], Awaitable[CommandSettled]]


@dataclass(slots=True)
class DeliveryCounts:
    """What became of orders: how they were settled, and how long after they were made (seconds of ``clock``)."""

    settled: Counter[str] = field(default_factory=Counter)
    seconds: Distribution = field(default_factory=Distribution)


class Delivery:
    """Reads orders as they come; gives each to its station while that is connected, until it gets an answer.

    ``has`` says of a station that is not connected whether it can be reached otherwise. To be made where the event
    loop runs.
    """

    def __init__(
        self, store: Store, server: OcppServer, desks: Desks, clock: Callable[[], datetime],
        carry_out: CarryOut | None = None, has: Callable[[StationId], bool] = lambda _station: False,
    ) -> None:  # fmt: skip
        self.counts = DeliveryCounts()
        self._store = store
        self._server = server
        self._desks = desks
        self._clock = clock
        self._carry_out = carry_out or server.command
        self._has = has
        self._loop = asyncio.get_running_loop()
        self._seldom = Seldom(self._loop.time)
        self._woken = asyncio.Event()
        self._number = 0
        self._waiting: dict[str, OrderRow] = {}
        self._not_before: dict[str, float] = {}
        self._under_way: dict[str, asyncio.Task[None]] = {}

    @property
    def waiting(self) -> int:
        """How many orders wait for their station or its answer."""
        return len(self._waiting)

    async def run(self) -> None:
        """Deliver for ever."""
        while True:
            try:
                await self._read()
            except StoreError as error:
                if self._seldom.is_due("orders_not_read"):
                    _log.warning("event=orders_not_read why=%s", error)
            self._give()
            with suppress(TimeoutError):
                async with asyncio.timeout(PERIOD_S):
                    await self._woken.wait()
            self._woken.clear()

    def wake(self) -> None:
        """Look at once: this process has made an order. For any thread."""
        self._loop.call_soon_threadsafe(self._woken.set)

    async def _read(self) -> None:
        now = self._clock()
        came = list(await asyncio.to_thread(orders.to_give, self._store, self._number, now))
        self._number = max([self._number, *(one.number for one in came)])
        renewed, self._desks.renewed = self._desks.renewed, set()
        if renewed:
            wanted = await asyncio.to_thread(orders.to_give, self._store, 0, now)
            came += [one for one in wanted if one.standing and one.station in renewed]
        for one in came:
            if self._waiting.setdefault(one.order_id, one) is one:
                _log.info("station=%s event=ordered kind=%s order=%s", one.station, one.kind, one.order_id)
        latest = {_of_what(one): one.number for one in sorted(self._waiting.values(), key=lambda one: one.number)}
        self._waiting = {
            name: one for name, one in self._waiting.items()
            if (one.worthless_at is None or one.worthless_at > now) and one.number >= latest[_of_what(one)]
        }  # fmt: skip

    def _give(self) -> None:
        if not self._waiting:
            return
        connected, loop = self._server.connected, asyncio.get_running_loop()
        for name, row in self._waiting.items():
            due = self._not_before.get(name, 0.0) <= loop.time()
            if due and name not in self._under_way and (row.station in connected or self._has(row.station)):
                self._under_way[name] = loop.create_task(self._deliver(row))

    async def _deliver(self, row: OrderRow) -> None:
        name = row.order_id
        try:
            command = orders.command_of(row)
        except InputError:
            _log.exception("station=%s event=order_unreadable order=%s", row.station, name)
            self._waiting.pop(name, None)
        else:
            settled = await self._carry_out(row.station, command)
            _log.info("station=%s event=settled kind=%s order=%s how=%s info=%r", row.station, row.kind, name,
                      settled.settlement, settled.info)  # fmt: skip
            self.counts.settled[settled.settlement] += 1
            if settled.settlement is Settlement.NO_ANSWER:
                self._not_before[name] = asyncio.get_running_loop().time() + _AGAIN_S
            else:
                self._waiting.pop(name, None)
                self._not_before.pop(name, None)
                self.counts.seconds.add((self._clock() - row.made_at).total_seconds())
            if isinstance(command, Disconnect) and command.forget:
                self._waiting = {key: one for key, one in self._waiting.items() if one.station != row.station}
        finally:
            self._under_way.pop(name, None)


def _of_what(row: OrderRow) -> tuple[object, ...]:
    """What an order is about: of standing orders only the last about one thing is given, of others each."""
    return (row.station, row.kind, row.evse_id) if row.kind in STANDING else (row.order_id,)
