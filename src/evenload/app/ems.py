"""Energy managers: read and told by Modbus TCP or REST, again and again, so that each knows that somebody is there."""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from evenload.app.ems_links import EnergyManager
from evenload.base.errors import EvenloadError, InputError
from evenload.base.instants import Interval
from evenload.domain.station import StationId
from evenload.domain.station_commands import ClearProfile, Command, CommandSettled, SetFallback, SetProfile, Settlement
from evenload.domain.station_events import StationEvent
from evenload.service.cable.ems import ManagerDesk, usual_kwh
from evenload.service.cable.ems_kept import PAST, managers_of
from evenload.service.cable_rows import EnergyManagerRow
from evenload.service.observe import observe
from evenload.service.ports import Store

_log = logging.getLogger("evenload.app.ems")

LOOK_S: Final = 5.0
_RENEW_S: Final = 60.0

Kept = Callable[[Sequence[StationEvent], frozenset[str]], None]
"""Told what was kept, and the tenants that have to be planned for anew."""

LinkOf = Callable[[EnergyManagerRow], EnergyManager]


@dataclass(slots=True)
class _Post:
    desk: ManagerDesk
    link: EnergyManager
    due_s: float = 0.0
    busy: asyncio.Lock = field(default_factory=asyncio.Lock)


class EnergyManagers:
    """Owns all energy managers of some tenants. For the event loop's thread."""

    def __init__(
        self, store: Store, writer: Executor, tenants: Sequence[str], clock: Callable[[], datetime],
        seconds: Callable[[], float], kept: Kept, link_of: LinkOf,
    ) -> None:  # fmt: skip
        self._store = store
        self._writer = writer
        self._tenants = tenants
        self._clock = clock
        self._seconds = seconds
        self._kept = kept
        self._link_of = link_of
        self._posts: dict[StationId, _Post] = {}
        self._read_s: float | None = None
        self._unusable: dict[StationId, EnergyManagerRow] = {}

    @property
    def connected(self) -> frozenset[StationId]:
        """Those that answer now."""
        return frozenset(station for station, one in self._posts.items() if not one.desk.is_lost)

    def has(self, station: StationId) -> bool:
        """Whether a station is an energy manager that answers."""
        post = self._posts.get(station)
        return post is not None and not post.desk.is_lost

    def wake(self) -> None:
        """Somebody changed one: read them anew with the next look."""
        self._read_s = None

    async def carry_out(self, station: StationId, command: Command) -> CommandSettled:
        """Have an energy manager keep to limits, or to a fallback where it stores one."""
        post = self._posts.get(station)
        if post is None:
            return await self._end(station, command, Settlement.NO_ANSWER, "it is not reached")
        if isinstance(command, SetProfile | ClearProfile):
            post.desk.want(command.limits if isinstance(command, SetProfile) else None)
            done = await self._set(post)
            return await self._end(station, command, Settlement.DONE if done else Settlement.NO_ANSWER)
        if isinstance(command, SetFallback):
            stored = await post.link.set_fallback(command.power_kw)
            how = {True: Settlement.DONE, False: Settlement.NO_ANSWER, None: Settlement.NOT_SUPPORTED}[stored]
            return await self._end(station, command, how)
        return await self._end(station, command, Settlement.NOT_SUPPORTED, "an energy manager takes limits only")

    async def _end(self, station: StationId, command: Command, how: Settlement, info: str = "") -> CommandSettled:
        now = self._clock()
        settled = CommandSettled(
            station=station, at=now, received_at=now, command_id=command.command_id, settlement=how, info=info
        )
        await self._keep([settled])
        return settled

    async def run(self) -> None:
        """Read and tell for ever."""
        while True:
            try:
                await self.look()
            except EvenloadError as error:
                _log.warning("event=energy_managers_wait why=%s", error)
            await asyncio.sleep(LOOK_S if self._posts else _RENEW_S / 2)

    async def look(self) -> None:
        """Read those that are due, and tell them their limit."""
        if self._read_s is None or self._seconds() - self._read_s >= _RENEW_S:
            await self._renew()
        due = [one for one in self._posts.values() if one.due_s <= self._seconds()]
        events = [event for told in await asyncio.gather(*(self._ask(one) for one in due)) for event in told]
        await self._keep(events)

    async def _ask(self, post: _Post) -> list[StationEvent]:
        post.due_s = self._seconds() + post.desk.row.heartbeat_s
        was_lost = post.desk.is_lost
        reading = await post.link.read()
        now = self._clock()
        if reading is None:
            return post.desk.silent(now)
        events = post.desk.answered(reading, now)
        if was_lost:
            _log.info("station=%s event=energy_manager_answers", post.desk.device.station)
        await self._set(post)  # again each time: it knows by that that somebody is there
        return events

    async def _set(self, post: _Post) -> bool:
        async with post.busy:
            return await post.link.set_limit(post.desk.limit_kw(self._clock()))

    async def _keep(self, events: Sequence[StationEvent]) -> None:
        if events:
            loop = asyncio.get_running_loop()
            news = await loop.run_in_executor(self._writer, observe, self._store, list(events))
            self._kept(events, news)

    async def _renew(self) -> None:
        self._read_s = self._seconds()
        found: Mapping[StationId, Any] = {}
        for tenant in self._tenants:
            found = {**found, **await asyncio.to_thread(self._read, tenant)}
        over = list[StationEvent]()
        for station in set(self._posts) - set(found):
            over += self._let_go(station)
        for station, desk in found.items():
            post = self._posts.get(station)
            if post is not None and post.desk.row == desk.row:
                post.desk.device, post.desk.usual, post.desk.zone = desk.device, desk.usual, desk.zone
                continue
            over += self._let_go(station)
            link = self._link(station, desk.row)
            if link is not None:
                self._posts[station] = _Post(desk, link)
        await self._keep(over)

    def _let_go(self, station: StationId) -> list[StationEvent]:
        post = self._posts.pop(station, None)
        if post is None:
            return []
        post.link.close()
        return post.desk.let_go(self._clock())

    def _link(self, station: StationId, row: EnergyManagerRow) -> EnergyManager | None:
        """The line to one, ``None`` where it cannot be had, which is said once and keeps no other one waiting."""
        try:
            link = self._link_of(row)
        except InputError as error:
            if self._unusable.get(station) != row:
                _log.warning("station=%s event=energy_manager_unusable why=%s", station, error)
            self._unusable[station] = row
            return None
        self._unusable.pop(station, None)
        return link

    def _read(self, tenant: str) -> dict[StationId, ManagerDesk]:
        now = self._clock()
        with self._store.reading() as unit:
            found = managers_of(unit, tenant, now)
            for desk in found.values():
                past = unit.sessions.within(tenant, Interval(now - PAST, now), device_id=desk.device.device_id)
                desk.usual = usual_kwh(desk.row, now, sorted(past, key=lambda one: one.plugged_at))
        return found

    def close(self) -> None:
        """Hang up."""
        for one in self._posts.values():
            one.link.close()
