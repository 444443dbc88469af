"""Part of the benchmark of cars: the worker of a server with many cars, at clouds that answer from memory.

What a cloud would take of a processor does not count as ours, so here its answers are strings with an instant put in.
The worker, its reads, its webhooks, the desks, the store (SQLite) and the account of an event are those of the server.
"""

import asyncio
import os
import re
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import numpy as np

from cars_fresh import BEGAN, MIX, PROVIDERS, scaled
from evenload.app.cars.clouds import CloudAccess
from evenload.app.cars.fleet import Fleet
from evenload.app.cars.inbox import Inbox
from evenload.app.cars.keeping import Keeping
from evenload.app.cars.tokens import Door
from evenload.app.cars.vault import Place, Vault
from evenload.app.cars.worker import CarWorker
from evenload.base.instants import Interval
from evenload.domain.circuit import Circuit, CircuitKind
from evenload.domain.station_commands import SetProfile
from evenload.domain.station_limits import Limits
from evenload.domain.vehicle_state import (
    CAR_PREFIX,
    ActStatus,
    Capabilities,
    CarId,
    PlugState,
    Provider,
    SocBasis,
    VehicleState,
)
from evenload.service.access_rows import Role
from evenload.service.car_rows import CarAccountRow, CarDeskRow, CarLinkRow
from evenload.service.cars import acts
from evenload.service.live_rows import CircuitRow, DeviceRow, LimitRow, SiteRow
from evenload.service.ports import Store
from evenload.service.refusals import NotFoundError
from evenload.service.rows import StationRow
from evenload.service.scope import Scope
from evenload.simulate.clouds.makers import sleep_on
from evenload.simulate.town_clock import TownClock
from evenload.store.sql.store import opened
from evenload.telematics.desk import CarDesk
from evenload.telematics.http import signature
from evenload.telematics.polling import PACE, Situation, phase_of
from evenload.telematics.port import Application, Tokens
from evenload.telematics.terms import Terms

TENANT = "bench"
FEEDER, SITE = "feeder", "homes"
EVENT = "pause"
SECRET = "s" * 32
LATENCY_S = (3.0, 45.0)
LATE_S = 900.0
FAILED_OF_100, LATE_OF_100 = 2, 1
PUSH_EVERY_S = 360.0
"""A car that charges tells of one per cent more in about that time."""
CATCH_UP_S_MAX = 40.0
EVENT_SPEED = 10.0
DEADLINE_S = 720.0
"""Acts are worthless after ten minutes; a little later all of them have ended one way or the other."""
_UNDER_WAY = {ActStatus.QUEUED.value, ActStatus.SENT.value}
SPREAD = 0.25
"""So much longer than others some cars wait, so that they are not read all at once."""

_NUMBER = re.compile(r"(\d{6})")
_PLUG = {
    Situation.CHARGING: PlugState.CHARGING, Situation.WAITING: PlugState.WAITING,
    Situation.ELSEWHERE: PlugState.UNPLUGGED, Situation.ASLEEP: PlugState.UNPLUGGED,
}  # fmt: skip


@dataclass
class Worked:
    """What was measured."""

    cars: int = 0
    load_s: float = 0.0
    processor_share: float = 0.0
    reads_per_s: float = 0.0
    pushes_per_s: float = 0.0
    paused: int = 0
    queued_s: float = 0.0
    settled_s: float = 0.0
    counts: Mapping[str, int] = field(default_factory=dict)


class Answering(httpx.AsyncBaseTransport):
    """A cloud that answers reads at once and commands after as long as cars take, by the number of the car."""

    def __init__(self, provider: Provider, clock: TownClock) -> None:
        self.provider = provider
        self._clock = clock
        self._sleep = sleep_on(clock)
        self._done_at: dict[int, datetime] = {}
        self._stopped: set[int] = set()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        path, now = request.url.path, self._clock.instant()
        if path.endswith("/token"):
            return httpx.Response(200, content=b'{"access_token":"t","refresh_token":"r","expires_in":28800}')
        number = int(_NUMBER.search(path)[1])
        if "/actions/" in path:
            return self._action(number, now)
        if request.method == "GET":
            return httpx.Response(200, content=state_of(self.provider, number, now, stopped=number in self._stopped))
        return await self._command(number, now)

    async def _command(self, number: int, now: datetime) -> httpx.Response:
        fails, late = number % 100 < FAILED_OF_100, number % 100 == FAILED_OF_100
        low, high = LATENCY_S
        takes_s = low + (high - low) * (number % 997) / 997
        if not fails:
            self._stopped.add(number)
        if self.provider is Provider.ENODE:
            self._done_at[number] = now + timedelta(seconds=LATE_S if late else takes_s)
            return self._action(number, now)
        await self._sleep(takes_s)
        if self.provider is Provider.SMARTCAR:
            error = b'{"errors":[{"status":"409","type":"VEHICLE_STATE","code":"UNKNOWN"}]}'
            done = b'{"data":{"attributes":{"status":{"value":"SUCCESS"}}}}'
            return httpx.Response(409, content=error) if fails else httpx.Response(200, content=done)
        refused = b'{"response":{"result":false,"reason":"could_not_do_it"}}'
        return httpx.Response(200, content=refused if fails else b'{"response":{"result":true,"reason":""}}')

    def _action(self, number: int, now: datetime) -> httpx.Response:
        """An Enode action as it is now. The late ones end after anybody waits for them."""
        state, why = "PENDING" if now < self._done_at[number] else "CONFIRMED", "null"
        if state == "CONFIRMED" and number % 100 < FAILED_OF_100:
            state, why = "FAILED", '{"type":"FAILED_PRECONDITION","detail":"it does not"}'
        told = (
            f'{{"id":"a{number:06d}","state":"{state}","targetId":"c{number:06d}","targetType":"vehicle",'
            f'"failureReason":{why}}}'
        )
        return httpx.Response(200, content=told.encode())


def state_of(provider: Provider, number: int, now: datetime, *, stopped: bool = False) -> bytes:
    """What a cloud answers about a car."""
    does, soc = situation_of(number), 20 + number % 60
    charging = does is Situation.CHARGING and not stopped
    plugged = does in (Situation.CHARGING, Situation.WAITING)
    at = now.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    if provider is Provider.SMARTCAR:
        return _smartcar(number, soc, at, charging=charging, plugged=plugged)
    if provider is Provider.ENODE:
        return _enode(number, soc, at, charging=charging, plugged=plugged).encode()
    word = "Charging" if charging else "Stopped" if plugged else "Disconnected"
    millis = round(now.timestamp() * 1000)
    return (
        f'{{"response":{{"vin":"c{number:06d}","state":"online","charge_state":{{"battery_level":{soc},'
        f'"charging_state":"{word}","charge_limit_soc":90,"charger_actual_current":{32 if charging else 0},'
        f'"charger_voltage":230,"charger_phases":1,"charge_energy_added":1.0,"timestamp":{millis}}},'
        '"drive_state":{"latitude":52.0,"longitude":5.0}}}'
    ).encode()


def _smartcar(number: int, soc: int, at: str, *, charging: bool, plugged: bool) -> bytes:
    bodies = {
        "charge-ischarging": f'{{"value":{str(charging).lower()}}}',
        "charge-ischargingcableconnected": f'{{"value":{str(plugged).lower()}}}',
        "charge-detailedchargingstatus": f'{{"value":"{"CHARGING" if charging else "NOT_CHARGING"}"}}',
        "charge-wattage": f'{{"value":{7360 if charging else 0},"unit":"watts"}}',
        "tractionbattery-stateofcharge": f'{{"value":{soc},"unit":"percent"}}',
        "tractionbattery-nominalcapacity": '{"capacity":60,"unit":"kWhr"}',
    }
    signals = ",".join(
        f'{{"attributes":{{"code":"{code}","status":{{"value":"SUCCESS"}},"body":{body}}},'
        f'"meta":{{"oemUpdatedAt":"{at}"}}}}' for code, body in bodies.items()
    )  # fmt: skip
    return f'{{"id":"c{number:06d}","data":[{signals}]}}'.encode()


def _enode(number: int, soc: int, at: str, *, charging: bool, plugged: bool) -> str:
    word = "PLUGGED_IN:CHARGING" if charging else "PLUGGED_IN:STOPPED" if plugged else "UNPLUGGED"
    return (
        f'{{"id":"c{number:06d}","chargeState":{{"batteryLevel":{soc},"batteryCapacity":60,"powerDeliveryState":"{word}",'
        f'"chargeRate":{7.36 if charging else 0},"chargeLimit":90,"lastUpdated":"{at}"}},'
        '"location":{"latitude":52.0,"longitude":5.0}}'
    )


def push_of(provider: Provider, number: int, at: datetime) -> tuple[dict[str, str], bytes]:
    """A webhook of a car that charges."""
    stamp = at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    soc = 30 + number % 50
    if provider is Provider.ENODE:
        vehicle = _enode(number, soc, stamp, charging=True, plugged=True)
        body = f'[{{"event":"user:vehicle:updated","createdAt":"{stamp}","vehicle":{vehicle}}}]'.encode()
        return {"x-enode-signature": "sha1=" + signature(SECRET, body, "sha1")}, body
    if provider is Provider.SMARTCAR:
        signals = _smartcar(number, soc, stamp, charging=True, plugged=True).decode().partition('"data":')[2][:-1]
        body = (
            f'{{"eventId":"e{number}{stamp}","eventType":"VEHICLE_STATE","data":{{"vehicle":{{"id":"c{number:06d}"}},'
            f'"signals":{signals}}},"meta":{{"deliveredAt":"{stamp}"}}}}'
        ).encode()
        return {"sc-signature": signature(SECRET, body)}, body
    body = (
        f'{{"vin":"c{number:06d}","createdAt":"{stamp}","data":[{{"key":"BatteryLevel","value":{{"doubleValue":{soc}}}}},'
        f'{{"key":"ACChargingEnergyIn","value":{{"doubleValue":{number % 20}}}}}]}}'
    ).encode()
    return {"x-evenload-signature": signature(SECRET, body)}, body


def situation_of(number: int) -> Situation:
    """What a car does, in the shares of the mix, alike at all clouds."""
    share, edge = (number // len(PROVIDERS) % 100) / 100, 0.0
    for does, width in MIX.items():
        edge += width
        if share < edge - 1e-9:
            return does
    return Situation.ASLEEP


def provider_of(number: int) -> Provider:
    return PROVIDERS[number % len(PROVIDERS)]


# what is enrolled


def enrol(store: Store, vault: Vault, cars: int, now: datetime) -> None:
    """Links, devices, accounts and desks of many cars, as a server that runs for long has them: each was heard of at
    some time within what is let pass between two reads of a car that does what it does."""
    rng = np.random.default_rng(2)
    can = Capabilities(can_start_stop=True)
    tokens = vault.seal_tokens(Tokens("t", now + timedelta(days=2), "r"))
    with store.writing() as unit:
        feeder = Circuit(FEEDER, "", CircuitKind.FEEDER)
        unit.circuits.put([CircuitRow(TENANT, feeder), CircuitRow(TENANT, Circuit(SITE, FEEDER, CircuitKind.SITE))])
        unit.sites.put([SiteRow(TENANT, SITE)])
        for part in _parts(range(cars), 5_000):
            links, devices, stations, accounts, desks = [], [], [], [], []
            for number in part:
                provider, name = provider_of(number), f"V{number:06d}"
                link = CarLinkRow(
                    TENANT, name, provider, f"d{number:06d}", f"h{number}", SITE, f"car:{name}", capabilities=can,
                    battery_kwh=60.0, sealed=vault.seal_place(Place(f"c{number:06d}")),
                    granted_at=now - timedelta(days=9),
                )  # fmt: skip
                links.append(link)
                devices.append(DeviceRow(TENANT, f"car:{name}", SITE, f"car:{name}", 1, 7.36, 7.36))
                stations.append(StationRow(link.car.station, approved=True, noted_at=now))
                if provider is Provider.TESLA:
                    accounts.append(CarAccountRow(TENANT, provider, link.account, tokens, now + timedelta(days=2)))
                every_s = PACE.polled_s[situation_of(number)] * (1 + SPREAD * phase_of(link.car))
                heard_at = now - timedelta(seconds=float(rng.uniform(0, every_s)))
                desks.append(CarDeskRow(TENANT, name, _remembered(link.car, number, can, heard_at), now))
            unit.cars.put_links(links)
            unit.cars.put_accounts(accounts)
            unit.cars.put_desks(desks)
            unit.devices.put(devices)
            unit.stations.put(stations)


def _remembered(car: CarId, number: int, can: Capabilities, at: datetime) -> str:
    desk = CarDesk(Terms(car=car, capabilities=can, power_kw_max=7.36, battery_kwh=60.0))
    plug = _PLUG[situation_of(number)]
    power_kw = 7.36 if plug is PlugState.CHARGING else 0.0
    desk.receive(VehicleState(car, at, at, plug, 0.3, 0.9, SocBasis.PERCENT, power_kw=power_kw, is_home=True))
    return desk.encoded().decode()


def _parts(numbers: range, size: int) -> Iterator[range]:
    for start in range(0, len(numbers), size):
        yield numbers[start : start + size]


# what is measured


async def worked(cars: int, seconds: float, paused: int) -> Worked:
    """Load so many cars, work for some seconds, pause some of them, wait until all of that has ended."""
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(1) as writer:
        vault = Vault(os.urandom(32))
        clock = TownClock(BEGAN.astimezone(UTC), time.monotonic)
        with opened(Path(folder) / "cars.db") as store:
            enrol(store, vault, cars, clock.instant())
            clouds = {
                one: CloudAccess(Application("id", "secret", webhook_secret=SECRET), Answering(one, clock))
                for one in PROVIDERS
            }
            door = Door(store, writer, clouds, vault, clock.instant, clock.seconds)
            keeping = Keeping(store, writer, clock.instant, lambda *_: None)
            quotas = {one: scaled(one, cars // len(PROVIDERS)) for one in PROVIDERS}
            worker = CarWorker(
                store, [TENANT], door, Fleet(door, quotas), keeping, clock.instant, clock.seconds
            )  # fmt: skip
            inbox = Inbox(store, door, worker, clock.instant)
            found = Worked(cars, paused=paused)
            began = time.monotonic()
            await worker.beat()
            found.load_s = time.monotonic() - began
            running = [asyncio.create_task(worker.run()), asyncio.create_task(inbox.run())]
            await _caught_up(worker, clock)
            await _steady(found, worker, inbox, clock, seconds)
            await _event(found, store, worker, clock)
            for one in running:
                one.cancel()
            await asyncio.gather(*running, return_exceptions=True)
    return found


async def _caught_up(worker: CarWorker, clock: TownClock) -> None:
    """Wait until those are read whose turn came while the worker began."""
    ends = time.monotonic() + CATCH_UP_S_MAX
    while time.monotonic() < ends:
        await asyncio.sleep(1.0)
        if sum(len(plan.due(clock.instant())) for plan in worker.fleet.plans.values()) < _due_at_any_time(worker):
            return


def _due_at_any_time(worker: CarWorker) -> float:
    """How many are due at any time when nothing is late."""
    return 10 + len(worker.fleet.cars) / 1_000


async def _steady(found: Worked, worker: CarWorker, inbox: Inbox, clock: TownClock, seconds: float) -> None:
    """Reads as the plan has them, and webhooks of those that charge; both were signed before the clock is looked at."""
    charging = [one for one in range(found.cars) if situation_of(one) is Situation.CHARGING]
    count = int(len(charging) / PUSH_EVERY_S * seconds)
    step_s = seconds / max(count, 1)
    now = clock.instant() + timedelta(seconds=2)
    pushes = [
        (provider_of(one), *push_of(provider_of(one), one, now + timedelta(seconds=step_s * n)))
        for n, one in enumerate(charging[i % len(charging)] for i in range(count))
    ]
    reads = _reads(worker)
    wall_s, used_s = time.monotonic(), time.process_time()
    for n, (provider, headers, body) in enumerate(pushes):
        wait_s = wall_s + n * step_s + 2.0 - time.monotonic()
        if wait_s > 0:
            await asyncio.sleep(wait_s)
        inbox.take(provider, headers, body)
    await asyncio.sleep(max(0.0, wall_s + seconds - time.monotonic()))
    lasted_s = time.monotonic() - wall_s
    found.processor_share = (time.process_time() - used_s) / lasted_s
    found.reads_per_s, found.pushes_per_s = (_reads(worker) - reads) / lasted_s, count / lasted_s


def _reads(worker: CarWorker) -> int:
    return sum(worker.reading.counts.ended.values())


async def _event(found: Worked, store: Store, worker: CarWorker, clock: TownClock) -> None:
    """Pause cars that charge, all at once; then time is let run faster until every act has ended."""
    numbers = [one for one in range(found.cars) if situation_of(one) is Situation.CHARGING][: found.paused]
    found.paused = len(numbers)
    now = clock.instant()
    until = now + timedelta(hours=2)
    with store.writing() as unit:
        unit.limits.put([LimitRow(TENANT, EVENT, FEEDER, now, until, 1000.0, made_at=now)])
    stations = [CarId(TENANT, f"V{one:06d}").station for one in numbers]
    command = {
        one: SetProfile(command_id=f"o{n}", evse_id=1, limits=Limits.constant(0.0, Interval(now, until)))
        for n, one in enumerate(stations)
    }
    began = time.monotonic()
    carried = [asyncio.create_task(worker.carry_out(one, command[one])) for one in stations]
    while sum(_counts(store).values()) < found.paused and time.monotonic() < began + 60:
        await asyncio.sleep(0.02)
    found.queued_s = time.monotonic() - began
    told = {one.identity.removeprefix(CAR_PREFIX) for one in stations}
    for car in [one for one in worker.fleet.cars.values() if one.id.vehicle_id not in told]:
        worker.fleet.drop(car)  # the others would have to be read as much faster as time goes
    clock.speed, began_s = EVENT_SPEED, clock.seconds()
    while clock.seconds() < began_s + DEADLINE_S:
        found.counts = await asyncio.to_thread(_by_car, store)
        if not set(found.counts) & _UNDER_WAY:
            break
        await asyncio.sleep(0.5)
    found.settled_s = clock.seconds() - began_s
    for one in carried:
        one.cancel()
    await asyncio.gather(*carried, return_exceptions=True)


def _counts(store: Store) -> Mapping[ActStatus, int]:
    try:
        return acts.account_of_event(Scope(TENANT, "bench", Role.VIEWER), store, EVENT).counts
    except NotFoundError:
        return Counter()


def _by_car(store: Store) -> Mapping[str, int]:
    """Cars by what became of what they were asked: confirmed at whatever try, else as the first try ended."""
    ends: dict[str, str] = {}
    for row in acts.acts_of_event(Scope(TENANT, "bench", Role.VIEWER), store, EVENT):
        if row.vehicle_id not in ends or row.status is ActStatus.CONFIRMED:
            ends[row.vehicle_id] = row.status.value
    return Counter(ends.values())


def accounted(found: Worked) -> bool:
    """Whether of every car that was asked it is known what became of that."""
    return sum(found.counts.values()) == found.paused and not set(found.counts) & _UNDER_WAY
