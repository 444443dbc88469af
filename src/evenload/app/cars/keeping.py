"""What happened with cars on its way to the store: gathered, kept in groups, and then told on."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from evenload.app.cars.fleet import Car
from evenload.domain.station_commands import CommandSettled
from evenload.domain.station_events import StationEvent
from evenload.domain.vehicle_state import CarId
from evenload.service.car_rows import CarActRow, CarDeskRow, CarStateRow
from evenload.service.cars.keeping import Happened, keep
from evenload.service.event_text import is_logged
from evenload.service.ports import Store, StoreError

_log = logging.getLogger("evenload.app.cars")

_AGAIN_S: Final = 1.0

Kept = Callable[[Sequence[StationEvent], frozenset[str]], None]
"""Told what was kept, and the tenants that have to be planned for anew."""


@dataclass(slots=True)
class KeepingCounts:
    """Events that were kept, groups tried again, and events that could never be kept."""

    kept: int = 0
    again: int = 0
    aside: int = 0


@dataclass(slots=True)
class _Gathered:
    events: list[StationEvent] = field(default_factory=list)
    cars: dict[CarId, Car] = field(default_factory=dict)
    told: set[CarId] = field(default_factory=set)
    acts: dict[tuple[str, str], CarActRow] = field(default_factory=dict)
    promises: list[tuple[asyncio.Future[CommandSettled], CommandSettled]] = field(default_factory=list)


class Keeping:
    """Gathers and keeps. For the event loop's thread; the store is written by the thread that writes."""

    def __init__(
        self, store: Store, writer: Executor, clock: Callable[[], datetime], kept: Kept,
        logged: Callable[[StationEvent], bool] = is_logged,
    ) -> None:  # fmt: skip
        self.counts = KeepingCounts()
        self._store = store
        self._writer = writer
        self._clock = clock
        self._kept = kept
        self._logged = logged
        self._now = _Gathered()
        self._one = asyncio.Lock()

    def add(self, car: Car, events: Sequence[StationEvent] = (), *, told: bool = False) -> None:
        """Events of a car, and that its desk remembers something else than before; where ``told`` its state too."""
        self._now.events += events
        self._now.cars[car.id] = car
        if told:
            self._now.told.add(car.id)

    def tell(self, events: Sequence[StationEvent]) -> None:
        """Events of cars whose desks remember what they did before."""
        self._now.events += events

    def act(self, row: CarActRow) -> None:
        """An act as it is now."""
        self._now.acts[row.tenant, row.act_id] = row

    def promise(self, settled: CommandSettled) -> "asyncio.Future[CommandSettled]":
        """How a command ended: done once that is kept."""
        promised: asyncio.Future[CommandSettled] = asyncio.get_running_loop().create_future()
        self._now.events.append(settled)
        self._now.promises.append((promised, settled))
        return promised

    async def flush(self) -> None:
        """Keep everything up to now; it is on the disk when this returns. A store that is away is waited for."""
        async with self._one:
            gathered, self._now = self._now, _Gathered()
            happened = self._happened(gathered)
            if happened:
                await self._keep(happened)
            for promised, settled in gathered.promises:
                if not promised.done():
                    promised.set_result(settled)

    def _happened(self, gathered: _Gathered) -> Happened:
        now, cars = self._clock(), gathered.cars.values()
        states = [
            CarStateRow.of(car.desk.state) for car in cars if car.desk.state is not None and car.id in gathered.told
        ]
        desks = [CarDeskRow(car.id.tenant, car.id.vehicle_id, car.desk.encoded().decode(), now) for car in cars]
        return Happened(gathered.events, states, desks, list(gathered.acts.values()))

    async def _keep(self, happened: Happened) -> None:
        while True:
            try:
                news = await asyncio.get_running_loop().run_in_executor(
                    self._writer, keep, self._store, happened, self._logged
                )
            except StoreError as error:
                self.counts.again += 1
                _log.warning("event=cars_kept_again events=%d why=%s", len(happened.events), error)
                await asyncio.sleep(_AGAIN_S)
            except Exception:  # noqa: BLE001  # the boundary between cars: a defect met at one is its own
                _log.exception("event=cars_defect events=%d", len(happened.events))
                await self._apart(happened)
                return
            else:
                self.counts.kept += len(happened.events)
                self._kept(happened.events, news)
                return

    async def _apart(self, happened: Happened) -> None:
        """Keep what can be kept, car by car."""
        whose = {(one.station.tenant, one.station.identity.partition(":")[2]) for one in happened.events}
        whose |= {(one.tenant, one.vehicle_id) for rows in (happened.states, happened.desks) for one in rows}
        whose |= {(one.tenant, one.vehicle_id) for one in happened.acts}
        if len(whose) == 1:
            self.counts.aside += len(happened.events)
            _log.error("car=%s/%s event=set_aside events=%d", *next(iter(whose)), len(happened.events))
            return
        for tenant, vehicle_id in sorted(whose):
            await self._keep(happened.of_vehicle(tenant, vehicle_id, CarId(tenant, vehicle_id).station.identity))
