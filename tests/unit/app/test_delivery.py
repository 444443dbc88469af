"""Delivery: an order made in this process is given at once, from whatever thread it was made."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest

from evenload.app import delivery as module
from evenload.app.delivery import Delivery
from evenload.domain.station import StationId
from evenload.domain.station_commands import ClearCache, Command, CommandSettled, Settlement
from evenload.service import admission, orders
from evenload.service.admission import Credentials
from evenload.service.observe import observe
from evenload.store.memory import MemoryStore

A = StationId("home", "A")
T0 = datetime(2026, 3, 1, 12, tzinfo=UTC)


class Server:
    """Carries out whatever it is told, and keeps how it ended."""

    def __init__(self, store: MemoryStore) -> None:
        self.connected = {A: None}
        self.given: asyncio.Queue[str] = asyncio.Queue()
        self._store = store

    async def command(self, station: StationId, command: Command) -> CommandSettled:
        settled = CommandSettled(
            station=station, at=T0, received_at=T0, command_id=command.command_id, settlement=Settlement.DONE
        )
        observe(self._store, [settled])
        self.given.put_nowait(command.command_id)
        return settled


class Desks:
    def __init__(self) -> None:
        self.renewed: set[StationId] = set()


def test_an_order_is_given_as_soon_as_it_is_said_that_there_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PERIOD_S", 60.0)
    store = MemoryStore()
    admission.add(store, A, Credentials(), T0)

    async def run() -> None:
        server: Any = Server(store)
        desks: Any = Desks()
        delivery = Delivery(store, server, desks, lambda: T0)
        running = asyncio.create_task(delivery.run())
        for number in range(3):  # time and again
            await asyncio.sleep(0.02)  # it has looked, and would look again in a minute

            def order(name: str = str(number)) -> None:
                orders.order(store, A, ClearCache(command_id=name), T0)
                delivery.wake()

            await asyncio.to_thread(order)
            assert await asyncio.wait_for(server.given.get(), 5) == str(number)
        running.cancel()

    asyncio.run(asyncio.wait_for(run(), 30))
