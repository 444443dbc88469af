"""The guard's worker: second by second it looks at the meters of sites and has their cars draw less where it must."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from math import inf
from typing import Any, Final

from evenload.app.guarded_sites import GuardedSite, fallback_kw_of, guarded_sites, say, why_of
from evenload.app.meters import SiteMeter, meter_of
from evenload.app.view import LiveView
from evenload.base.errors import EvenloadError, InputError
from evenload.base.instants import Interval
from evenload.domain.station import StationId
from evenload.domain.station_commands import PASSING, Command, CommandSettled, SetProfile, Trigger, Wanted
from evenload.domain.station_limits import Limits
from evenload.net.seldom import Seldom
from evenload.service.dispatch import Given
from evenload.service.guard import Guarded, GuardPolicy, Sight, capped, judge
from evenload.service.guard_caps import Drawing
from evenload.service.live_rows import DecisionRow, DeviceRow, SessionRow, SiteRow
from evenload.service.ports import Store

_log = logging.getLogger("evenload.app.guard")

_PERIOD_S: Final = 1.0
_PERIOD_S_MIN: Final = 0.1
_CAP_HOLDS: Final = timedelta(minutes=5)
_TOLD_AGAIN: Final = _CAP_HOLDS / 2
_TRIED_AGAIN: Final = timedelta(seconds=3)
_REFUSED_FOR: Final = timedelta(minutes=1)
_ASKED_AGAIN: Final = timedelta(seconds=5)
_MOMENT: Final = timedelta(seconds=1)
_BOOST_RANKS: Final = 1_000

Send = Callable[[StationId, Command], Awaitable[CommandSettled]]
GivenTo = Callable[[str], Mapping[str, Given]]
"""What a tenant's devices were told last by their plan."""


@dataclass(frozen=True, slots=True)
class Reach:
    """How stations are told something, which of them can be now, and ids for what is told.

    ``elsewhere`` says of a tenant's site whether a server of its own guards it.
    """

    send: Send
    connected: Callable[[], Collection[StationId]]
    new_id: Callable[[], str]
    elsewhere: Callable[[str, str], bool] = lambda _tenant, _site_id: False


@dataclass(frozen=True, slots=True)
class GuardSettings:
    """How often meters are read and how often it is looked for other sites, cars and limits (s), and how to act.

    With ``dry_run`` what would be told is logged, and no station is told anything.
    """

    period_s: float = _PERIOD_S
    look_s: float = 3.0
    policy: GuardPolicy = field(default_factory=GuardPolicy)
    dry_run: bool = False

    @classmethod
    def at_speed(cls, speed: float) -> "GuardSettings":
        """For a clock that runs so many times too fast: it looks as often as it can, and takes its time accordingly."""
        period_s = max(_PERIOD_S / speed, min(_PERIOD_S, _PERIOD_S_MIN))
        return cls(period_s, 3 * period_s, GuardPolicy().slower(max(1.0, period_s * speed / _PERIOD_S)))


@dataclass(slots=True)
class _Post:
    """What the guard keeps of a site. ``meter`` is ``None`` where its address is not understood."""

    meter: SiteMeter | None
    told_as: str
    state: Guarded = field(default_factory=Guarded)
    until: dict[str, datetime] = field(default_factory=dict)
    told_at: dict[str, datetime] = field(default_factory=dict)
    devices: dict[str, DeviceRow] = field(default_factory=dict)
    refused: dict[str, datetime] = field(default_factory=dict)
    asked: dict[str, datetime] = field(default_factory=dict)
    drawn_kw: float = 0.0
    over_s: float = 0.0
    task: asyncio.Task[None] | None = None


class Guarding:
    """Looks after every site that has a meter and a limit. For the event loop's thread."""

    def __init__(
        self, store: Store, tenants: Iterable[str], clock: Callable[[], datetime], view: LiveView, wanted: GivenTo,
        reach: Reach, settings: GuardSettings | None = None,
    ) -> None:  # fmt: skip
        self._store = store
        self._tenants = tuple(tenants)
        self._clock = clock
        self._view = view
        self._wanted = wanted
        self._send = reach.send
        self._new_id = reach.new_id
        self._connected = reach.connected
        self._elsewhere = reach.elsewhere
        self._settings = settings or GuardSettings()
        self._loop = asyncio.get_running_loop()
        self._seldom = Seldom(self._loop.time)
        self._posts: dict[tuple[str, str], _Post] = {}
        self._sites: tuple[GuardedSite, ...] = ()
        self._errands: set[asyncio.Future[Any]] = set()

    async def run(self) -> None:
        """Guard for ever. A meter that is slow to answer holds up its own site only."""
        look_at = self._loop.time()
        try:
            while True:
                began = self._loop.time()
                if began >= look_at:
                    look_at = began + self._settings.look_s
                    await self._look_again()
                connected = self._connected()
                for one in self._sites:
                    post = self._post(one)
                    if post.meter is not None and (post.task is None or post.task.done()):
                        post.task = self._loop.create_task(self._guard_apart(one, post, post.meter, connected))
                await asyncio.sleep(max(0.01, began + self._settings.period_s - self._loop.time()))
        finally:
            for post in self._posts.values():
                self._leave(post)

    @property
    def states(self) -> Mapping[tuple[str, str], Guarded]:
        """What the guard does at each site, by tenant and site."""
        return {key: post.state for key, post in list(self._posts.items())}

    def over_s(self) -> Mapping[tuple[str, str], float]:
        """For how long each site was above its limit, in all; by tenant and site."""
        now = self._clock()
        return {
            key: post.over_s + (max(0.0, (now - since).total_seconds()) if (since := post.state.over_since) else 0.0)
            for key, post in list(self._posts.items())
        }

    def base_kw(self, tenant: str, site_id: str) -> float | None:
        """What a site draws beside its cars now (kW), ``None`` where that is not seen."""
        post = self._posts.get((tenant, site_id))
        if post is None or post.state.sight is not Sight.CLEAR or post.state.metered is None:
            return None
        return post.state.metered.power_kw - post.drawn_kw

    def under(self, station: StationId, command: Command) -> Command:
        """A command of a plan as far as caps in force allow it."""
        if not isinstance(command, SetProfile):
            return command
        now = self._clock()
        for post in self._posts.values():
            for device_id, cap_kw in post.state.caps.items():
                device = post.devices.get(device_id)
                if device and (device.station, device.evse_id) == (station, command.evse_id):
                    until = post.until.get(device_id, now + _CAP_HOLDS)
                    if now < min(until, command.limits.end):
                        return replace(command, limits=capped(command.limits, cap_kw, now, until))
        return command

    # what there is to guard

    async def _look_again(self) -> None:
        try:
            self._sites = await asyncio.to_thread(self._look)
        except EvenloadError as error:
            if self._seldom.is_due("guard_blind_to_store"):
                _log.warning("event=guard_blind_to_store why=%s", error)  # what was known last still holds
            return
        here = {(one.site.tenant, one.site.site_id) for one in self._sites}
        for key in self._posts.keys() - here:
            self._leave(self._posts.pop(key))

    def _leave(self, post: _Post) -> None:
        """Guard a site no more. Caps that are told end by themselves."""
        if post.task is not None:
            post.task.cancel()
        if post.meter is not None:
            post.meter.close()

    def _look(self) -> tuple[GuardedSite, ...]:
        now = self._clock()
        with self._store.reading() as unit:
            found = [one for tenant in self._tenants for one in guarded_sites(unit, tenant, now)]
        return tuple(one for one in found if not self._elsewhere(one.site.tenant, one.site.site_id))

    def _post(self, one: GuardedSite) -> _Post:
        key = (one.site.tenant, one.site.site_id)
        post = self._posts.get(key)
        if post is None:
            post = self._posts[key] = _Post(self._meter(one.site), one.site.meter)
        elif post.told_as != one.site.meter:
            if post.meter is not None:
                post.meter.close()
            post.meter, post.told_as = self._meter(one.site), one.site.meter
        return post

    def _meter(self, site: SiteRow) -> SiteMeter | None:
        try:
            return meter_of(site, self._view, self._clock, self._ask, self._loop.time)
        except InputError as error:
            _log.error("tenant=%s site=%s event=meter_not_understood why=%s", site.tenant, site.site_id, error)
            return None

    def _ask(self, station: StationId, evse_id: int = 0) -> Awaitable[CommandSettled]:
        """Have a station tell what its meters show."""
        ask = Trigger(command_id=f"{PASSING}{self._new_id()}", evse_id=evse_id, wanted=Wanted.METER)
        return self._send(station, ask)

    # guarding

    async def _guard_apart(
        self, one: GuardedSite, post: _Post, meter: SiteMeter, connected: Collection[StationId]
    ) -> None:  # fmt: skip
        """The boundary between sites: a defect met at one leaves the others guarded."""
        try:
            await self._guard(one, post, meter, connected)
        except Exception:  # noqa: BLE001  # see above
            _log.exception("tenant=%s site=%s event=guard_defect", one.site.tenant, one.site.site_id)

    async def _guard(
        self, one: GuardedSite, post: _Post, meter: SiteMeter, connected: Collection[StationId]
    ) -> None:  # fmt: skip
        metered = await meter.read()
        now, before = self._clock(), post.state
        drawing = [self._drawing(post, device, session, now, connected) for device, session in one.cars]
        after = post.state = judge(one.limit_kw, metered, drawing, before, now, self._settings.policy, one.rated_kw)
        post.devices = {device.device_id: device for device, _ in one.cars}
        post.drawn_kw = sum(car.power_kw for car in drawing)
        say(one, before, after)
        if before.over_since is not None and after.over_since is None:
            post.over_s += (now - before.over_since).total_seconds()
        reachable = {car.device_id for car in drawing if car.reachable}
        changed = {name for name in reachable if after.caps.get(name) != before.caps.get(name)}
        again = {name for name in after.caps if post.until.get(name, now) - now < _TOLD_AGAIN} & reachable
        if changed or again:
            self._tell(one, post, changed, again - changed, now)
        recent = after.changed_at is not None and now - after.changed_at < _ASKED_AGAIN
        if after.over_since is not None or (recent and after.caps):
            self._ask_cars(post, reachable, now)

    def _drawing(
        self, post: _Post, device: DeviceRow, session: SessionRow, now: datetime, connected: Collection[StationId]
    ) -> Drawing:  # fmt: skip
        given = self._wanted(device.tenant).get(device.device_id)
        planned_kw = given.limits.at(now) if given else inf
        allowed_kw = min(planned_kw if planned_kw < inf else fallback_kw_of(device), device.power_kw_max)
        cap_kw = post.state.caps.get(device.device_id, inf)
        told_kw = min(planned_kw, cap_kw, device.power_kw_max, session.power_kw_max or inf)
        reachable = device.station in connected and now >= post.refused.get(device.device_id, now)
        measured = self._view.power.get((device.station, device.evse_id))
        power_kw = told_kw if measured is None else measured.power_kw
        if reachable and measured is not None and not session.suspended_by_vehicle:
            told_at = max(
                session.plugged_at, _told_at(given, now), post.told_at.get(device.device_id, session.plugged_at)
            )
            # what was measured before the last word was followed says nothing any more
            power_kw = (
                told_kw if measured.at < told_at + self._settings.policy.followed else min(measured.power_kw, told_kw)
            )
        needs = session.energy_kwh_delivered < session.energy_kwh_minimum
        rank = device.priority + (_BOOST_RANKS if session.boosted else 0)
        return Drawing(
            device.device_id, power_kw, allowed_kw, device.power_kw_min, device.fallback_kw or 0.0, rank, needs,
            reachable,
        )  # fmt: skip

    def _ask_cars(self, post: _Post, names: Iterable[str], now: datetime) -> None:
        """Have stations tell what cars draw now: to wait until they do by themselves may take minutes."""
        for name in names:
            device = post.devices[name]
            measured = self._view.power.get((device.station, device.evse_id))
            fresh = measured is not None and now - measured.at < _ASKED_AGAIN
            if not fresh and now - post.asked.get(name, now - _ASKED_AGAIN) >= _ASKED_AGAIN:
                post.asked[name] = now
                self._run(self._asked(device))

    async def _asked(self, device: DeviceRow) -> None:
        await self._ask(device.station, device.evse_id)

    def _tell(self, one: GuardedSite, post: _Post, changed: Collection[str], again: Collection[str],
              now: datetime) -> None:  # fmt: skip
        """Tell devices their caps; what is only told again is not put on record again."""
        why, rows = why_of(one, post.state), []
        told = self._would if self._settings.dry_run else self._deliver
        for name in sorted((*changed, *again)):
            device, cap_kw = post.devices[name], post.state.caps.get(name)
            command = self._command(device, cap_kw, now)
            if cap_kw is None:
                post.until.pop(name, None)
            else:
                post.until[name] = now + _CAP_HOLDS
            if name in changed:
                post.told_at[name] = now
            if name in changed and not self._settings.dry_run:
                rows.append(DecisionRow(device.tenant, now, name, "", "guard", why, cap_kw,
                                        order_id=command.command_id))  # fmt: skip
            self._run(told(post, device, command))
        if rows:
            self._run(asyncio.to_thread(self._keep, rows))

    def _command(self, device: DeviceRow, cap_kw: float | None, now: datetime) -> SetProfile:
        """The plan below the cap; without a plan the cap alone, or what the device falls back to."""
        given = self._wanted(device.tenant).get(device.device_id)
        until = now + _CAP_HOLDS
        if given is not None and given.limits.end > now + _MOMENT:
            limits = given.limits if cap_kw is None else capped(given.limits, cap_kw, now, until)
        else:
            limits = Limits.constant(fallback_kw_of(device) if cap_kw is None else cap_kw, Interval(now, until))
        return SetProfile(command_id=self._new_id(), evse_id=device.evse_id, limits=limits, worthless_at=until)

    async def _deliver(self, post: _Post, device: DeviceRow, command: SetProfile) -> None:
        settled = await self._send(device.station, command)
        if settled.settlement.good:
            post.refused.pop(device.device_id, None)
            return
        now = self._clock()
        if device.station in self._connected():
            post.refused[device.device_id] = now + _REFUSED_FOR
        if device.device_id in post.until:
            post.until[device.device_id] = now + _TOLD_AGAIN + _TRIED_AGAIN
        _log.warning("tenant=%s device=%s event=cap_not_taken how=%s info=%r", device.tenant, device.device_id,
                     settled.settlement, settled.info)  # fmt: skip

    async def _would(self, _: _Post, device: DeviceRow, command: SetProfile) -> None:
        _log.info("tenant=%s event=would_cap device=%s kw=%s", device.tenant, device.device_id,
                  command.limits.steps[0].power_kw)  # fmt: skip

    def _run(self, errand: Awaitable[Any]) -> None:
        task = asyncio.ensure_future(errand)
        self._errands.add(task)
        task.add_done_callback(self._errands.discard)

    def _keep(self, rows: Sequence[DecisionRow]) -> None:
        with suppress(EvenloadError), self._store.writing() as unit:  # the record is less than the act
            unit.decisions.add(rows)


def _told_at(given: Given | None, now: datetime) -> datetime:
    """Since when a plan allows what it does now."""
    begun = [one.start for one in given.limits.steps if one.start <= now] if given else []
    return begun[-1] if begun else datetime.min.replace(tzinfo=now.tzinfo)
