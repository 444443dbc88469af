"""The worker of linked cars: reads them when it is their turn, takes what clouds tell, has them do what is ordered."""

import asyncio
import gc
import heapq
import itertools
import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from evenload.app.cars.acting import Acting
from evenload.app.cars.away import CloudsAway
from evenload.app.cars.beside import Beside
from evenload.app.cars.fleet import Car, Fleet, Read, read, wanted_of
from evenload.app.cars.in_force import InForce
from evenload.app.cars.keeping import Keeping
from evenload.app.cars.ordering import Ordering
from evenload.app.cars.reading import Reading
from evenload.app.cars.tokens import Door
from evenload.domain.station import StationId
from evenload.domain.station_commands import Command, CommandSettled
from evenload.domain.station_events import StationSeen
from evenload.domain.vehicle_state import ActStatus, CarId, VehicleState
from evenload.net.seldom import Seldom
from evenload.service.cars import links, permission, states
from evenload.service.live_rows import DeviceRow
from evenload.service.ports import Store, StoreError
from evenload.telematics.desk import Turn
from evenload.telematics.port import ActOutcome, Fault

_log = logging.getLogger("evenload.app.cars")

BEAT_S: Final = 0.25
_LOOK_S: Final = 2.0
_AFTER_DEFECT_S: Final = 1.0
_LIMITED_BY: Final = frozenset({"limits", "circuits"})
_CONSENTS_S: Final = 60.0
_DEVICES_S: Final = 900.0
_OVERLAP: Final = timedelta(minutes=1)
_AT_ONCE: Final = 5000
_MANY: Final = 1000


@dataclass(slots=True)
class _Tenant:
    """How far links, devices and consents of a tenant are known. Without ``since`` all links are read."""

    since: datetime | None = None
    looked_s: float | None = None
    devices_s: float | None = None
    consents_s: float | None = None
    permitted: permission.Permitted = field(default_factory=permission.Permitted)
    is_new: bool = True


class CarWorker:
    """Owns the desks of all linked cars. For the event loop's thread."""

    def __init__(
        self, store: Store, tenants: Sequence[str], door: Door, fleet: Fleet, keeping: Keeping,
        clock: Callable[[], datetime], seconds: Callable[[], float],
    ) -> None:  # fmt: skip
        self.fleet = fleet
        self.keeping = keeping
        self._store = store
        self._door = door
        self._clock = clock
        self._seconds = seconds
        self._in_force = InForce(store, clock, seconds)
        self.acting = Acting(door, fleet, keeping, clock, self.settle)
        self.reading = Reading(door, fleet, clock, self.heard, self.failed)
        self._tenants = {name: _Tenant() for name in tenants}
        self._away = CloudsAway(door, fleet, keeping, seconds, self._take)
        self._ordering = Ordering(clock, self._take)
        self._ticks: list[tuple[datetime, int, CarId]] = []
        self._order = itertools.count()
        self._woken = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._seldom = Seldom(self._loop.time)
        self._beside = Beside()
        self.is_loaded = False
        self.tells = True

    # for others

    def has(self, station: StationId) -> bool:
        """Whether a station is a car that can be told something now."""
        car = CarId.of_station(station)
        found = self.fleet.cars.get(car) if car is not None else None
        return found is not None and found.is_in_reach

    async def carry_out(self, station: StationId, command: Command) -> CommandSettled:
        """Have a car do what its station is ordered; how it ended, once that is kept."""
        car = CarId.of_station(station)
        found = self.fleet.cars.get(car) if car is not None else None
        if found is not None and found.desk.memory.is_opted_out:
            await self._perhaps_back(found)
        settled = await self._ordering.carried_out(found, station, command)
        if found is None:
            return settled
        promised = self.keeping.promise(settled)
        self.wake()
        return await promised

    async def _perhaps_back(self, car: Car) -> None:
        """A driver who took charging in hand, and has undone that since, is managed again."""
        await self.keeping.flush()  # that it was taken in hand is known to the store after this
        if not await self._door.do(states.is_left_alone, self._store, car.id.tenant, car.row.device_id):
            self._take(car, car.desk.manage_again(self._clock()))

    def changed(self, tenant: str, resource: str = "links") -> None:
        """Links, devices, consents or limits of a tenant changed: look at once. For any thread."""
        self._loop.call_soon_threadsafe(self._look_soon, tenant, resource)

    def wake(self) -> None:
        """Go on at once."""
        self._woken.set()

    def heard(self, car: Car, state: VehicleState, *, pushed: bool = False) -> None:
        """A car told something."""
        if self.fleet.cars.get(car.id) is car:
            before = car.desk.state
            turn = car.desk.receive(state)
            told = car.desk.state is not before
            self._take(car, turn, heard_at=self._clock(), pushed=pushed, told=told, changed=False)

    def failed(self, car: Car, fault: Fault) -> None:
        """A cloud did not say how a car is."""
        if fault.failing.stops_polling:
            self.withdraw(car, fault)

    def settle(self, car: Car, outcome: ActOutcome) -> None:
        """A cloud told what became of an act."""
        if self.fleet.cars.get(car.id) is not car:
            return
        if outcome.act_id not in car.acts:
            self.acting.late(car, outcome)
        elif outcome.status in (ActStatus.SENT, ActStatus.QUEUED):
            self.acting.took(car, outcome)
        self._take(car, car.desk.settle(outcome, self._clock()))
        if outcome.fault is not None and outcome.fault.failing.stops_polling:
            self.withdraw(car, outcome.fault)

    def withdraw(self, car: Car, fault: Fault) -> None:
        """Consent is gone at the maker's: the link ends, and nothing is asked any more."""
        if self.fleet.cars.get(car.id) is not car:
            return
        self._take(car, car.desk.withdraw(self._clock(), fault.failing.reason))
        self.fleet.drop(car)
        self._left(car)
        _log.warning("car=%s event=consent_lost cloud=%s why=%s", car.id, car.provider.value, fault.sentence)
        self._beside.begin(self._withdrawn(car, fault))

    # the loop

    async def run(self) -> None:
        """Work for ever."""
        try:
            while True:
                await self._one_beat()
                with suppress(TimeoutError):
                    async with asyncio.timeout(BEAT_S):
                        await self._woken.wait()
                self._woken.clear()
        finally:
            self.acting.stop()
            self.reading.stop()
            await self._door.close()

    async def _one_beat(self) -> None:
        try:
            await self.beat()
        except Exception:  # noqa: BLE001  # chargers go on, whatever a car has done to us
            if self._seldom.is_due("cars_beat_defect"):
                _log.exception("event=cars_beat_defect")
            await asyncio.sleep(_AFTER_DEFECT_S)

    async def beat(self) -> None:
        """Do what is due now."""
        await self._look()
        now = self._clock()
        self._tick(now)
        self._away.look(now)
        self.reading.ask(now)
        self.acting.ask(now)
        for tenant in self.acting.made_for:
            await self._look_at_limits(tenant)
        self.acting.account(self._event_of)
        due = self.acting.due(now) if self.tells else []
        await self.keeping.flush()
        for car, act in due:
            self.acting.send(car, act)

    # links that come and go

    async def _look(self) -> None:
        for name, tenant in self._tenants.items():
            if not self._is_due(tenant.looked_s, _LOOK_S):
                continue
            try:
                await self._look_at(name, tenant)
            except StoreError as error:
                if self._seldom.is_due("links_not_read"):
                    _log.warning("tenant=%s event=links_not_read why=%s", name, error)
        self.is_loaded = True

    async def _look_at(self, name: str, tenant: _Tenant) -> None:
        now = self._clock()
        found, devices = await asyncio.to_thread(self._read, name, tenant, now)
        tenant.looked_s = self._seconds()
        if self._is_due(tenant.devices_s, _DEVICES_S):
            tenant.devices_s = self._seconds()
            for car in self.fleet.refit(name, devices):
                self._take(car, car.desk.tick(now))
        came = gone = 0
        for part in found.parts():
            some, lost = self.fleet.take(part, now)
            for car in lost:
                self._take(car, car.desk.withdraw(now))
                self._left(car)
                if not found.permitted.may_read(car.id.vehicle_id):
                    self._beside.begin(self._paused(car))
            for car in some:
                self._arrived(car, part, now, is_new=tenant.is_new)
            came, gone = came + len(some), gone + len(lost)
            await asyncio.sleep(0)  # others have their turn
        if came > _MANY:
            gc.freeze()  # they stay: to look through all of them again and again would cost as much as all else
        is_news = found.permitted != tenant.permitted
        tenant.since, tenant.permitted, tenant.is_new = (None if is_news else now - _OVERLAP), found.permitted, False
        if came or gone:
            _log.info("tenant=%s event=cars_linked came=%d gone=%d in_all=%d", name, came, gone, len(self.fleet.cars))

    def _read(self, name: str, tenant: _Tenant, now: datetime) -> tuple[Read, Sequence[DeviceRow]]:
        with self._store.reading() as unit:
            permitted = tenant.permitted
            if self._is_due(tenant.consents_s, _CONSENTS_S):
                permitted, tenant.consents_s = permission.permitted(unit, name, now), self._seconds()
            every = tenant.since is None or permitted != tenant.permitted
            rows = unit.cars.links_live(name) if every or tenant.since is None else unit.cars.links_changed(
                name, tenant.since
            )  # fmt: skip
            devices = unit.devices.of(name) if self._is_due(tenant.devices_s, _DEVICES_S) and not tenant.is_new else ()
            return read(unit, name, rows, permitted, now), devices

    def _is_due(self, done_s: float | None, every_s: float) -> bool:
        return done_s is None or self._seconds() - done_s >= every_s

    def _arrived(self, car: Car, found: Read, now: datetime, *, is_new: bool) -> None:
        self.acting.resume(car)
        if is_new and car.is_in_reach:  # its station was said to be away when this server began
            self.keeping.tell([StationSeen(station=car.id.station, at=now, received_at=now)])
        row = found.wanted.get(car.id.vehicle_id)
        command = wanted_of(row) if row is not None else None
        before = car.desk.memory.wanted
        turn = car.desk.want(command.limits if command and car.may_tell and self.tells else None, now)
        self._take(car, turn, changed=car.desk.memory.wanted != before)
        if not is_new:
            self.reading.subscribe(car)

    def _left(self, car: Car) -> None:
        """A car is not in the fleet any more."""
        self.acting.forget(car)
        self._ordering.forget(car)
        if car.account.account:  # another car of it has its tokens from the store
            self._door.forget(car.account)

    async def _paused(self, car: Car) -> None:
        await self.keeping.flush()
        await self._door.do(links.paused, self._store, car.id.tenant, car.id.vehicle_id, self._clock())

    async def _withdrawn(self, car: Car, fault: Fault) -> None:
        await self.keeping.flush()
        ended = await self._door.do(
            links.withdrawn, self._store, car.id.tenant, car.id.vehicle_id, self._clock(), fault.sentence
        )
        if ended is not None and ended.account is not None:
            self._door.forget(car.account)

    def _look_soon(self, tenant: str, resource: str) -> None:
        if resource in _LIMITED_BY:
            self._in_force.changed(tenant)
            return
        known = self._tenants.get(tenant)
        if known is not None:
            known.looked_s = None
            if resource != "links":
                known.devices_s = known.consents_s = None
            self.wake()

    # what a desk says

    def _take(
        self, car: Car, turn: Turn, *, heard_at: datetime | None = None, pushed: bool = False, told: bool = False,
        changed: bool = True,
    ) -> None:  # fmt: skip
        now = self._clock()
        if turn.events or turn.acts or turn.ended or told or changed:
            self.keeping.add(car, turn.events, told=told)
        for outcome in turn.ended:
            self.acting.ended(car, outcome)
            self._ordering.ended(car, outcome)
        for act in turn.acts:
            self.acting.queue(car, act)
            self.wake()
        if self.fleet.cars.get(car.id) is car:
            plan, state = self.fleet.plans[car.provider], car.desk.state
            at = heard_at or (state.received_at if state is not None else None)
            if at is not None:
                plan.heard(car.id, car.desk.situation(now), at, pushed=pushed)
            self._tick_at(car, car.desk.next_tick_at(now))

    def _tick_at(self, car: Car, at: datetime) -> None:
        if car.next_tick_at is None or at < car.next_tick_at or car.next_tick_at <= self._clock():
            car.next_tick_at = at
            heapq.heappush(self._ticks, (at, next(self._order), car.id))

    def _tick(self, now: datetime) -> None:
        count = 0
        while self._ticks and self._ticks[0][0] <= now and count < _AT_ONCE:
            at, _, car_id = heapq.heappop(self._ticks)
            car = self.fleet.cars.get(car_id)
            if car is not None and car.next_tick_at == at:
                count += 1
                car.next_tick_at = None
                self._take(car, car.desk.tick(now), changed=False)

    def _event_of(self, car: Car) -> str:
        return self._in_force.limit_at(car.id.tenant, car.row.site_id)

    async def _look_at_limits(self, tenant: str) -> None:
        try:
            await self._in_force.look(tenant)
        except StoreError as error:
            if self._seldom.is_due("limits_not_read"):
                _log.warning("tenant=%s event=limits_not_read why=%s", tenant, error)

    async def idle(self) -> None:
        """Wait for what was begun beside the loop."""
        await self._beside.idle()
