"""The guard's worker: second by second it looks at the meters of sites and has their cars draw less where it must."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from math import inf
from typing import Final

from evenload.app.meters import SiteMeter, meter_of
from evenload.app.view import LiveView
from evenload.base.errors import EvenloadError, InputError
from evenload.base.instants import Interval
from evenload.domain.station import StationId
from evenload.domain.station_commands import Command, CommandSettled, SetProfile
from evenload.domain.station_limits import Limits
from evenload.service.dispatch import Given
from evenload.service.guard import Drawing, Guarded, GuardPolicy, Metered, Sight, capped, judge
from evenload.service.live_rows import DecisionRow, DeviceRow, SessionRow, SiteRow
from evenload.service.ports import Store, Unit

_log = logging.getLogger("evenload.app.guard")

PERIOD_S: Final = 1.0
_LOOK_AGAIN_S: Final = 3.0
_CAP_HOLDS: Final = timedelta(minutes=5)
_MOMENT: Final = timedelta(seconds=1)
_POLICY: Final = GuardPolicy()

Send = Callable[[StationId, Command], Awaitable[CommandSettled]]
Wanted = Callable[[str], Mapping[str, Given]]
"""What a tenant's devices were told last by their plan."""


@dataclass(frozen=True, slots=True)
class GuardedSite:
    """A site with a meter and a limit: its devices with cars now."""

    site: SiteRow
    limit_kw: float
    cars: tuple[tuple[DeviceRow, SessionRow], ...]


@dataclass(slots=True)
class _Post:
    """What the guard keeps of a site."""

    meter: SiteMeter
    told_as: str
    state: Guarded = field(default_factory=Guarded)
    until: dict[str, datetime] = field(default_factory=dict)
    devices: dict[str, DeviceRow] = field(default_factory=dict)


class Guarding:
    """Looks after every site that has a meter and a limit. For the event loop's thread."""

    def __init__(
        self, store: Store, tenants: Iterable[str], clock: Callable[[], datetime], view: LiveView, wanted: Wanted,
        send: Send, new_id: Callable[[], str],
    ) -> None:  # fmt: skip
        self._store = store
        self._tenants = tuple(tenants)
        self._clock = clock
        self._view = view
        self._wanted = wanted
        self._send = send
        self._new_id = new_id
        self._posts: dict[tuple[str, str], _Post] = {}
        self._sites: tuple[GuardedSite, ...] = ()
        self._sending: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Guard for ever."""
        loop = asyncio.get_running_loop()
        look_at = loop.time()
        while True:
            began = loop.time()
            if began >= look_at:
                look_at = began + _LOOK_AGAIN_S
                try:
                    self._sites = await asyncio.to_thread(self._look)
                except EvenloadError as error:
                    _log.warning("event=guard_blind_to_store why=%s", error)  # what was known last still holds
            await asyncio.gather(*(self._guard(one) for one in self._sites))
            await asyncio.sleep(max(0.05, began + PERIOD_S - loop.time()))

    @property
    def states(self) -> Mapping[tuple[str, str], Guarded]:
        """What the guard does at each site, by tenant and site."""
        return {key: post.state for key, post in self._posts.items()}

    def under(self, station: StationId, command: Command) -> Command:
        """A command of a plan as far as caps in force allow it."""
        if not isinstance(command, SetProfile):
            return command
        for key, post in self._posts.items():
            for device_id, cap_kw in post.state.caps.items():
                device = post.devices.get(device_id)
                if (
                    key[0] == station.tenant
                    and device
                    and (device.station, device.evse_id) == (station, command.evse_id)
                ):
                    now = self._clock()
                    until = post.until.get(device_id, now + _CAP_HOLDS)
                    if now < min(until, command.limits.end):
                        return replace(command, limits=capped(command.limits, cap_kw, now, until))
        return command

    def _look(self) -> tuple[GuardedSite, ...]:
        now = self._clock()
        with self._store.reading() as unit:
            return tuple(one for tenant in self._tenants for one in _guarded(unit, tenant, now))

    async def _guard(self, one: GuardedSite) -> None:
        post = self._post(one)
        if post is None:
            return
        metered = await post.meter.read()
        now, before = self._clock(), post.state
        drawing = [self._drawing(post, device, session, now) for device, session in one.cars]
        post.state = judge(one.limit_kw, metered, drawing, before, now, _POLICY)
        post.devices = {device.device_id: device for device, _ in one.cars}
        self._say(one, before, post.state)
        changed = {
            name for name in post.devices
            if post.state.caps.get(name) != before.caps.get(name)
            or (name in post.state.caps and post.until.get(name, now) - now < _CAP_HOLDS / 2)
        }  # fmt: skip
        if changed:
            self._tell(one, post, changed, metered, now)

    def _post(self, one: GuardedSite) -> _Post | None:
        key = (one.site.tenant, one.site.site_id)
        post = self._posts.get(key)
        if post is None or post.told_as != one.site.meter:
            if post is not None:
                post.meter.close()
            try:
                meter = meter_of(one.site, self._view, self._clock)
            except InputError as error:
                _log.warning("tenant=%s site=%s event=meter_not_understood why=%s", *key, error)
                return None
            if meter is None:
                return None
            post = self._posts[key] = _Post(meter, one.site.meter)
        return post

    def _drawing(self, post: _Post, device: DeviceRow, session: SessionRow, now: datetime) -> Drawing:
        given = self._wanted(device.tenant).get(device.device_id)
        fallback_kw = device.power_kw_max if device.fallback_kw is None else device.fallback_kw
        planned_kw = given.limits.at(now) if given else inf
        allowed_kw = min(planned_kw if planned_kw < inf else fallback_kw, device.power_kw_max)
        told_kw = min(allowed_kw, post.state.caps.get(device.device_id, inf))
        measured = self._view.power.get((device.station, device.evse_id))
        power_kw = told_kw if measured is None else min(measured.power_kw, told_kw)
        needs = session.energy_kwh_delivered < session.energy_kwh_minimum
        rank = device.priority + (1_000 if session.boosted else 0)
        return Drawing(device.device_id, power_kw, allowed_kw, device.power_kw_min, fallback_kw, rank, needs)

    def _tell(self, one: GuardedSite, post: _Post, changed: set[str], metered: Metered | None, now: datetime) -> None:
        why = _why(one, post.state, metered)
        rows = []
        for name in sorted(changed):
            device, cap_kw = post.devices[name], post.state.caps.get(name)
            command = self._command(device, cap_kw, now)
            if cap_kw is None:
                post.until.pop(name, None)
            else:
                post.until[name] = now + _CAP_HOLDS
            rows.append(
                DecisionRow(device.tenant, now, name, "", "guard", why, cap_kw, order_id=command.command_id)
            )  # fmt: skip
            task = asyncio.get_running_loop().create_task(self._deliver(device, command))
            self._sending.add(task)
            task.add_done_callback(self._sending.discard)
        keeping = asyncio.get_running_loop().create_task(asyncio.to_thread(self._keep, rows))
        self._sending.add(keeping)
        keeping.add_done_callback(self._sending.discard)

    def _command(self, device: DeviceRow, cap_kw: float | None, now: datetime) -> SetProfile:
        """The plan below the cap; without a plan the cap alone, or what the device falls back to."""
        given = self._wanted(device.tenant).get(device.device_id)
        until = now + _CAP_HOLDS
        if given is not None and given.limits.end > now + _MOMENT:
            limits = given.limits if cap_kw is None else capped(given.limits, cap_kw, now, until)
        else:
            fallback_kw = device.power_kw_max if device.fallback_kw is None else device.fallback_kw
            limits = Limits.constant(fallback_kw if cap_kw is None else cap_kw, Interval(now, until))
        return SetProfile(command_id=self._new_id(), evse_id=device.evse_id, limits=limits, worthless_at=until)

    async def _deliver(self, device: DeviceRow, command: SetProfile) -> None:
        settled = await self._send(device.station, command)
        if not settled.settlement.good:
            _log.warning("tenant=%s device=%s event=cap_not_taken how=%s info=%r", device.tenant, device.device_id,
                         settled.settlement, settled.info)  # fmt: skip

    def _keep(self, rows: list[DecisionRow]) -> None:
        with suppress(EvenloadError), self._store.writing() as unit:  # the record is less than the act
            unit.decisions.add(rows)

    def _say(self, one: GuardedSite, before: Guarded, after: Guarded) -> None:
        key = (one.site.tenant, one.site.site_id)
        if after.sight is not before.sight:
            level = logging.INFO if after.sight is Sight.CLEAR else logging.ERROR
            _log.log(level, "tenant=%s site=%s event=guard_sight sight=%s: %s", *key, after.sight, after.sight.sentence)
        if (after.over_since is None) is not (before.over_since is None):
            _log.warning("tenant=%s site=%s event=%s limit_kw=%.2f", *key,
                         "over_limit" if after.over_since else "below_limit", one.limit_kw)  # fmt: skip


def _why(one: GuardedSite, state: Guarded, metered: Metered | None) -> str:
    if state.sight is not Sight.CLEAR or metered is None:
        return f"guard at {one.site.site_id}: {state.sight.sentence}; cars are held at their fallbacks"
    over_kw = metered.power_kw - one.limit_kw
    side = f"{over_kw:.1f} kW above" if over_kw > 0 else f"{-over_kw:.1f} kW below"
    return f"guard at {one.site.site_id}: {metered.power_kw:.1f} kW, {side} its limit of {one.limit_kw:.1f} kW"


def _guarded(unit: Unit, tenant: str, now: datetime) -> Iterable[GuardedSite]:
    """Sites of a tenant that have a meter, with the limit that holds now."""
    sites = [one for one in unit.sites.of(tenant) if one.meter]
    if not sites:
        return
    limits = unit.limits.within(tenant, Interval(now, now + _MOMENT))
    sessions = {one.device_id: one for one in unit.sessions.going_on(tenant)}
    for site in sites:
        circuit = unit.circuits.find(tenant, site.site_id)
        posted = [one.limit_kw for one in limits if one.node == site.site_id]
        limit_kw = min([circuit.limit_kw if circuit else inf, site.guard_kw or inf, *posted])
        cars = tuple(
            (device, sessions[device.device_id])
            for device in unit.devices.of(tenant, site_id=site.site_id)
            if device.managed and device.device_id in sessions
        )
        yield GuardedSite(site, limit_kw, cars)
