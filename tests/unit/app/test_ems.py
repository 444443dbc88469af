"""A parking lot behind its own energy manager: planned as one block below a limit, safe when the line is lost."""

import asyncio
import itertools
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from pymodbus.client import AsyncModbusTcpClient
from pymodbus.datastore import ModbusDeviceContext, ModbusSequentialDataBlock, ModbusServerContext
from pymodbus.server import ModbusTcpServer

from evenload.app.ems import EnergyManagers
from evenload.app.ems_door import EmsDoor
from evenload.app.ems_links import ModbusManager, RestManager
from evenload.base.errors import InputError
from evenload.base.instants import Interval
from evenload.domain.circuit import Circuit, CircuitKind
from evenload.domain.station import StationId
from evenload.domain.station_commands import SetFallback, SetProfile, Settlement
from evenload.domain.station_events import DisobedienceFound, FallbackVerified, StationEvent, StationLost
from evenload.service import orders
from evenload.service.access_rows import Role
from evenload.service.cable.ems import ManagerReading
from evenload.service.cable.ems_kept import put_manager, remove_manager
from evenload.service.cable_rows import EnergyManagerRow
from evenload.service.control import Decision, decide
from evenload.service.dispatch import Given, dispatch
from evenload.service.live_rows import CircuitRow, DeviceRow, LimitRow, SessionRow, SiteRow
from evenload.service.refusals import ConflictError, NotFoundError
from evenload.service.scope import Scope
from evenload.service.snapshot import Memory, Patience, Trust, snapshot
from evenload.simulate.ems import LotCar, VirtualLot
from evenload.store.memory import MemoryStore

T = "t"
T0 = datetime(2026, 3, 2, 8, tzinfo=UTC)
ME = Scope(T, "user:me", Role.OPERATOR)
LOT = StationId(T, "ems:lot")
MINUTE_S, HOUR_S = 60.0, 3600.0


def row(**told: Any) -> EnergyManagerRow:
    return EnergyManagerRow(T, "lot", "http://lot", **({"heartbeat_s": 30.0, "ready_by": "17:00"} | told))


@dataclass
class Live:
    """A site with a lot, planned and told every minute; the clock is the lot's."""

    lot: VirtualLot
    limit_kw: float = 40.0
    row: EnergyManagerRow = field(default_factory=row)
    store: MemoryStore = field(default_factory=MemoryStore)
    events: list[StationEvent] = field(default_factory=list)
    given: dict[str, Given] = field(default_factory=dict)
    decision: Decision | None = None
    ids: Any = field(default_factory=itertools.count)

    def __post_init__(self) -> None:
        with self.store.writing() as unit:
            unit.sites.put([SiteRow(T, "site")])
            unit.circuits.put([CircuitRow(T, Circuit("site", "", CircuitKind.SITE, limit_kw=self.limit_kw))])
        put_manager(ME, self.store, self.row, DeviceRow(T, "lot", "site", "", power_kw_max=100.0, fallback_kw=10.0), T0)

    def now(self) -> datetime:
        return T0 + timedelta(seconds=self.lot.now_s)

    async def run(self, until_s: float) -> None:
        with ThreadPoolExecutor(1) as writer:
            managers = EnergyManagers(
                self.store, writer, [T], self.now, lambda: self.lot.now_s, lambda events, _: self.events.extend(events),
                lambda row: RestManager(row.address, transport=httpx.ASGITransport(self.lot.asgi)),
            )  # fmt: skip
            while self.lot.now_s < until_s:
                await managers.look()
                if self.lot.now_s % (5 * MINUTE_S) == 0 and managers.has(LOT):
                    await self._plan(managers)
                self.lot.advance(self.lot.now_s + MINUTE_S)

    async def _plan(self, managers: EnergyManagers) -> None:
        self.decide()
        assert self.decision is not None
        with self.store.writing() as unit:
            self.given = dispatch(unit, self.decision, self.given)
            wanted = [one for one in unit.orders.standing(LOT) if not one.settlement]
        for one in wanted:
            settled = await managers.carry_out(LOT, orders.command_of(one))
            assert settled.settlement is Settlement.DONE

    def decide(self) -> Decision:
        now = self.now()
        memory = Memory({name: one.limits for name, one in self.given.items()})
        with self.store.reading() as unit:
            seen = snapshot(unit, T, Interval(now, now + timedelta(hours=37)), memory, None, Patience())
        self.decision = decide(seen, "test", lambda: f"id{next(self.ids)}")
        return self.decision

    def sessions(self) -> list[SessionRow]:
        with self.store.reading() as unit:
            return list(unit.sessions.within(T, Interval(T0, T0 + timedelta(days=2))))

    def trust(self) -> tuple[Trust, float]:
        now = self.now()
        with self.store.reading() as unit:
            seen = snapshot(unit, T, Interval(now, now + timedelta(hours=37)), Memory(), None, Patience())
        state = seen.devices["lot"]
        return state.trust, state.uncontrolled_kw


def full_lot(**told: Any) -> VirtualLot:
    """Twelve cars of 7.2 kW that want 12 kWh each within the first hour: 86 kW if they were let."""
    cars = [LotCar(MINUTE_S * (5 + 4 * n), 9 * HOUR_S, 12.0) for n in range(12)]
    return VirtualLot(cars, **told)


@pytest.mark.slow
def test_a_full_lot_keeps_its_sites_limit_and_every_car_is_full() -> None:
    live = Live(full_lot())
    asyncio.run(live.run(8.5 * HOUR_S))
    assert live.lot.most_kw <= 40.0 + 1e-6
    assert [one.got_kwh for one in live.lot.cars] == pytest.approx([12.0] * 12)
    (session,) = live.sessions()
    assert session.energy_kwh_delivered == pytest.approx(144.0, rel=0.02)
    assert session.departs_at == T0 + timedelta(hours=9)  # 17:00
    assert not [one for one in live.events if isinstance(one, DisobedienceFound)]


def test_a_limit_in_the_middle_of_the_day_is_kept() -> None:
    live = Live(full_lot())
    with live.store.writing() as unit:
        start = T0 + timedelta(hours=1)
        unit.limits.put([LimitRow(T, "event", "site", start, start + timedelta(hours=1), 15.0)])
    seen: list[float] = []

    async def run() -> None:
        await live.run(65 * MINUTE_S)
        for minute in range(66, 119):
            await live.run(minute * MINUTE_S)
            seen.append(live.lot.power_kw)

    asyncio.run(run())
    assert max(seen) <= 15.0 + 1e-6
    assert min(seen) > 5.0


def test_a_lost_line_leaves_the_lot_at_its_fallback_and_the_plan_counts_that() -> None:
    live = Live(full_lot(watchdog_s=120.0))
    asyncio.run(live.run(HOUR_S))
    assert live.trust() == (Trust.CONTROLLED, 10.0)
    assert live.lot.power_kw > 20.0
    live.lot.is_up = False
    asyncio.run(live.run(HOUR_S + 10 * MINUTE_S))
    assert live.lot.power_kw <= 10.0
    # a worker that was begun anew never saw it answer: what was known stays, and what ran says that it is lost
    live.lot.is_up = True
    asyncio.run(live.run(HOUR_S + 20 * MINUTE_S))
    assert live.lot.power_kw > 20.0


def test_a_line_that_fails_while_it_runs_is_lost_after_three_times_and_told_again_when_it_is_back() -> None:
    live = Live(full_lot())

    async def run() -> None:
        with ThreadPoolExecutor(1) as writer:
            managers = EnergyManagers(
                live.store, writer, [T], live.now, lambda: live.lot.now_s,
                lambda events, _: live.events.extend(events),
                lambda row: RestManager(row.address, transport=httpx.ASGITransport(live.lot.asgi)),
            )  # fmt: skip
            await managers.look()
            assert managers.has(LOT)
            live.lot.is_up = False
            for _ in range(3):
                assert managers.has(LOT)
                live.lot.advance(live.lot.now_s + MINUTE_S)
                await managers.look()
            assert not managers.has(LOT)
            assert live.trust() == (Trust.OFFLINE, 10.0)
            command = SetProfile(
                command_id="x", evse_id=1, limits=live.decide().given.get("lot") or _constant(live.now(), 5.0)
            )
            assert (await managers.carry_out(LOT, command)).settlement is Settlement.NO_ANSWER
            live.lot.is_up = True
            live.lot.advance(live.lot.now_s + MINUTE_S)
            await managers.look()
            assert managers.has(LOT)
            assert live.lot.limit_kw == command.limits.at(live.now())

    asyncio.run(run())
    assert len([one for one in live.events if isinstance(one, StationLost)]) == 1
    assert [one.power_kw for one in live.events if isinstance(one, FallbackVerified)] == [10.0, 10.0]


def _constant(now: datetime, kw: float) -> Any:
    from evenload.domain.station_limits import Limits  # noqa: PLC0415 - for one helper

    return Limits.constant(kw, Interval(now, now + timedelta(hours=1)))


def test_one_that_does_not_obey_is_found_out() -> None:
    live = Live(full_lot(obeys=False))
    asyncio.run(live.run(HOUR_S))
    assert [one for one in live.events if isinstance(one, DisobedienceFound)]
    assert live.trust()[0] is Trust.DISOBEDIENT


@pytest.mark.slow
def test_without_a_word_of_need_what_is_usual_counts_and_more_while_it_draws() -> None:
    live = Live(full_lot(tells_need=False), row=row(cars_usual=4, energy_kwh_usual=12.0))
    asyncio.run(live.run(8.5 * HOUR_S))
    assert [one.got_kwh for one in live.lot.cars] == pytest.approx([12.0] * 12)
    assert live.lot.most_kw <= 40.0 + 1e-6


def test_a_server_that_begins_anew_goes_on_with_the_block() -> None:
    live = Live(full_lot())
    asyncio.run(live.run(HOUR_S))
    before = live.sessions()[0].energy_kwh_delivered
    asyncio.run(live.run(2 * HOUR_S))  # another worker over the same store
    (session,) = live.sessions()
    assert session.energy_kwh_delivered > before
    assert session.energy_kwh_delivered == pytest.approx(sum(one.got_kwh for one in live.lot.cars), rel=0.05)


def test_a_fallback_is_stored_where_it_can_be() -> None:
    lot = full_lot()
    link = RestManager("http://lot", transport=httpx.ASGITransport(lot.asgi))
    assert asyncio.run(link.set_fallback(6.0)) is True
    assert lot.fallback_kw == 6.0

    async def unsupported() -> Settlement:
        with ThreadPoolExecutor(1) as writer:
            line = EmsDoor(b"").line
            managers = EnergyManagers(MemoryStore(), writer, [T], lambda: T0, lambda: 0.0, lambda *_: None, line)
            return (await managers.carry_out(LOT, SetFallback(command_id="x", power_kw=1.0))).settlement

    assert asyncio.run(unsupported()) is Settlement.NO_ANSWER


@pytest.mark.parametrize("body", [b"", b"{", b'{"power_kw": "much"}', b'{"power_kw": 1e9}', b"[]"])
def test_an_answer_that_cannot_be_is_no_answer(body: bytes) -> None:
    transport = httpx.MockTransport(lambda _request: httpx.Response(200, content=body))
    assert asyncio.run(RestManager("http://lot", transport=transport).read()) is None


# Modbus

FLOAT = AsyncModbusTcpClient.DATATYPE.FLOAT32


@asynccontextmanager
async def registers(power_w: float) -> AsyncIterator[tuple[int, AsyncModbusTcpClient]]:
    """A server with 400 registers, and a client of somebody else to look at them."""
    context = ModbusServerContext(ModbusDeviceContext(hr=ModbusSequentialDataBlock(1, [0] * 400)), single=True)
    server = ModbusTcpServer(context, address=("127.0.0.1", 0))
    await server.serve_forever(background=True)
    port = server.transport.sockets[0].getsockname()[1]
    other = AsyncModbusTcpClient("127.0.0.1", port=port)
    await other.connect()
    for register, watts in ((100, power_w), (220, 10_000.0)):
        await other.write_registers(register, other.convert_to_registers(watts, FLOAT))
    try:
        yield port, other
    finally:
        other.close()
        await server.shutdown()


def test_over_modbus_power_is_read_and_limit_and_heartbeat_are_written() -> None:
    async def run() -> tuple[Any, ...]:
        async with registers(43_500.0) as (port, other):
            link = ModbusManager(f"modbus:127.0.0.1:{port}/1/100?limit=200&heartbeat=210&fallback=220")
            took = [await link.set_limit(12.345), await link.set_limit(20.0)]
            found = await link.read()
            stored = await link.set_fallback(6.0)
            link.close()
            seen = [(await other.read_holding_registers(at, count=2)).registers for at in (200, 210, 220)]
            return took, found, stored, seen

    took, found, stored, (limit, beat, fallback) = asyncio.run(run())
    assert (took, stored) == ([True, True], True)
    assert found == ManagerReading(43.5, 20.0, 10.0)
    assert AsyncModbusTcpClient.convert_from_registers(limit, FLOAT) == 20_000.0
    assert AsyncModbusTcpClient.convert_from_registers(fallback, FLOAT) == 6_000.0
    assert beat[0] == 2


def test_a_modbus_line_that_is_closed_is_no_answer() -> None:
    async def run() -> tuple[Any, ...]:
        link = ModbusManager("modbus:127.0.0.1:1/1/100?limit=200")
        return await link.read(), await link.set_limit(1.0), await link.set_fallback(1.0)

    assert asyncio.run(run()) == (None, False, None)


@pytest.mark.parametrize(
    "address", ["modbus:127.0.0.1:1/1/100", "modbus:127.0.0.1:1/1/100?limit=x", "modbus:127.0.0.1:1/1/100?limt=2"]
)
def test_an_address_without_a_register_for_the_limit_is_refused(address: str) -> None:
    with pytest.raises(InputError, match=r"limit=200"):
        ModbusManager(address)


@pytest.mark.parametrize(
    ("told", "device", "words"),
    [
        ({"address": "ftp://lot"}, {"fallback_kw": 1.0}, "no energy manager"),
        ({"ready_by": "25:00"}, {"fallback_kw": 1.0}, "ready_by"),
        ({"heartbeat_s": 0.1}, {"fallback_kw": 1.0}, "heartbeat_s"),
        ({}, {}, "needs fallback_kw"),
    ],
)
def test_an_energy_manager_that_cannot_be_is_refused(told: dict[str, Any], device: dict[str, Any], words: str) -> None:
    store = MemoryStore()
    with store.writing() as unit:
        unit.sites.put([SiteRow(T, "site")])
    made = EnergyManagerRow(**({"tenant": T, "device_id": "lot", "address": "http://lot"} | told))
    with pytest.raises(InputError, match=words):
        put_manager(ME, store, made, DeviceRow(T, "lot", "site", "", **device), T0)


# secrets

SECRET = "tell-nobody-0123"  # noqa: S105 - made up
DEVICE = DeviceRow(T, "lot", "site", "", power_kw_max=100.0, fallback_kw=10.0)


def stored() -> MemoryStore:
    store = MemoryStore()
    with store.writing() as unit:
        unit.sites.put([SiteRow(T, "site")])
    return store


def test_a_secret_is_kept_sealed_and_opens_for_its_own_address_only() -> None:
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.headers.get("authorization", ""))
        return httpx.Response(200, json={"power_kw": 1.0})

    door, store = EmsDoor(b"k" * 32, httpx.MockTransport(answer)), stored()
    put_manager(ME, store, door.sealed(row(), SECRET), DEVICE, T0)
    with store.reading() as unit:
        (kept,) = unit.cables.energy_managers(T)
        told = repr([unit.cables, unit.audit.last(T, 9), unit.devices.of(T), asdict(kept)])
    assert SECRET not in told
    assert asyncio.run(door.line(kept).read()) == ManagerReading(1.0)
    assert asked == [f"Bearer {SECRET}"]
    for other in (replace(kept, address="http://eve"), replace(kept, device_id="x"), replace(kept, tenant="u")):
        with pytest.raises(InputError, match="say it again"):
            door.line(other)
    with pytest.raises(InputError, match="secret_file"):
        EmsDoor(b"x" * 32).line(kept)
    with pytest.raises(InputError, match="say it again"):  # what was never sealed
        door.line(replace(kept, secret_sealed=SECRET))


def test_a_secret_stays_where_it_is_not_said_again_but_goes_to_no_other_address() -> None:
    door, store = EmsDoor(b"k" * 32), stored()
    first = put_manager(ME, store, door.sealed(row(), SECRET), DEVICE, T0)
    again = put_manager(ME, store, row(cars_usual=4.0), DEVICE, T0 + timedelta(hours=1), keeps_secret=True)
    assert (again.row.secret_sealed, again.row.made_at) == (first.row.secret_sealed, T0)
    with pytest.raises(InputError, match="say its secret too"):
        put_manager(ME, store, replace(row(), address="http://eve"), DEVICE, T0, keeps_secret=True)
    assert put_manager(ME, store, replace(row(), address="http://eve"), DEVICE, T0).row.secret_sealed == ""
    remove_manager(ME, store, "lot", T0)
    with pytest.raises(NotFoundError):
        remove_manager(ME, store, "lot", T0)


@pytest.mark.parametrize(
    ("address", "secret", "words"),
    [
        ("modbus:127.0.0.1:1/1/100?limit=200", "s", "Modbus knows no secrets"),
        ("http://lot", "a\nb", "printable"),
        ("http://", "s", "no address"),
        ("http://lot/api?x=1", "s", "no address"),
        ("http://lot:door", "s", "no address"),
    ],
)
def test_a_secret_or_an_address_that_cannot_be_used_is_refused(address: str, secret: str, words: str) -> None:
    with pytest.raises(InputError, match=words):
        EmsDoor(b"k" * 32).sealed(replace(row(), address=address), secret)


def test_a_charger_is_not_made_an_energy_manager() -> None:
    store = stored()
    with store.writing() as unit:
        unit.devices.put([DeviceRow(T, "lot", "site", "CP1")])
    with pytest.raises(ConflictError, match="no energy manager"):
        put_manager(ME, store, row(), DEVICE, T0)


def test_one_whose_secret_does_not_open_keeps_no_other_one_waiting_and_one_that_is_removed_is_lost() -> None:
    live = Live(full_lot())
    other = replace(row(), device_id="other", secret_sealed="never sealed")  # noqa: S106 - none
    put_manager(ME, live.store, other, DEVICE, T0)
    door = EmsDoor(b"k" * 32, httpx.ASGITransport(live.lot.asgi))

    async def run() -> None:
        with ThreadPoolExecutor(1) as writer:
            managers = EnergyManagers(
                live.store, writer, [T], live.now, lambda: live.lot.now_s,
                lambda events, _: live.events.extend(events), door.line,
            )  # fmt: skip
            await managers.look()
            assert managers.connected == {LOT}
            remove_manager(ME, live.store, "lot", live.now())
            managers.wake()
            await managers.look()
            assert managers.connected == frozenset()

    asyncio.run(run())
    assert [one.station for one in live.events if isinstance(one, StationLost)] == [LOT]
