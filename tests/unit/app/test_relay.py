"""The relay's worker with another server that answers, refuses, and is gone: what it tells, hears and does alone."""

import asyncio
from collections.abc import Callable, Collection, Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from evenload.app.brain import Tenant
from evenload.app.far_sites import SILENT, FarSites
from evenload.app.relay import Relay, RelaySettings, mark_of
from evenload.app.upstream import Ordered, RefusedByUpstreamError, Upstream, UpstreamError
from evenload.base.instants import Interval
from evenload.domain.circuit import Circuit, CircuitKind
from evenload.domain.station import ConnectorStatus, StationId
from evenload.domain.station_commands import SetProfile
from evenload.domain.station_events import StationSeen, StatusChanged
from evenload.domain.station_limits import Limits
from evenload.service.access_rows import Role
from evenload.service.event_rows import is_told_on
from evenload.service.live_rows import CircuitRow, DeviceRow, SiteRow
from evenload.service.observe import observe
from evenload.service.orders import give
from evenload.service.relay import orders_for
from evenload.service.relay_state import SiteState, site_state
from evenload.service.rows import EventRow, StationRow
from evenload.service.scope import Scope
from evenload.store.memory import MemoryStore

pytestmark = pytest.mark.requirement("R86")

NOW = datetime(2026, 1, 10, 17, tzinfo=UTC)
CP1 = StationId("home", "CP1")
SCOPE = Scope("home", "key:site", Role.OPERATOR)


def furnished() -> MemoryStore:
    store = MemoryStore()
    with store.writing() as unit:
        unit.circuits.put([CircuitRow("home", Circuit("depot", "", CircuitKind.SITE, 90.0))])
        unit.sites.put([SiteRow("home", "depot")])
        unit.stations.put([StationRow(CP1, approved=True)])
        unit.devices.put([DeviceRow("home", "d1", "depot", "CP1", enrolled_at=NOW)])
    return store


@dataclass
class Far:
    """The server that plans, as a site sees it."""

    store: MemoryStore = field(default_factory=furnished)
    is_gone: bool = False
    told: list[EventRow] = field(default_factory=list)
    connected: list[list[str]] = field(default_factory=list)
    poison: str = ""
    may_plan: bool = True

    async def tell(self, site_id: str, rows: Sequence[EventRow], connected: Collection[str] | None) -> Sequence[str]:
        self._answer()
        assert site_id == "depot"
        if any(self.poison and row.kind == self.poison for row in rows):
            raise RefusedByUpstreamError("422")
        self.told += rows
        if connected is not None:
            self.connected.append(list(connected))
        return ()

    async def orders(self, site_id: str, after: int, _tenant: str) -> Ordered:
        self._answer()
        waiting = orders_for(SCOPE, self.store, site_id, after, NOW)
        return Ordered(waiting.orders, waiting.last)

    async def site(self, site_id: str, tag: str) -> tuple[str, str, SiteState | None]:
        self._answer()
        state, found = site_state(SCOPE, self.store, site_id, NOW)
        object.__setattr__(state, "alone", self.may_plan)
        return "depot", found, None if tag == found else state

    async def close(self) -> None: ...

    def _answer(self) -> None:
        if self.is_gone:
            raise UpstreamError("gone")


@dataclass
class Brain:
    tenants: dict[str, Tenant] = field(default_factory=lambda: {"home": Tenant()})
    runs: int = 0

    async def run(self) -> None:
        self.runs += 1
        self.tenants["home"].given = {}
        try:
            await asyncio.sleep(1e6)
        finally:
            self.runs -= 1


@dataclass
class Stations:
    again: list[StationId] = field(default_factory=list)
    wakes: int = 0

    @property
    def server(self) -> Any:
        return type("Server", (), {"connected": {CP1: None, StationId("other", "CP9"): None}})

    @property
    def delivery(self) -> Any:
        return self

    def wake(self) -> None:
        self.wakes += 1

    def give_again(self, stations: Collection[StationId]) -> None:
        self.again += stations


@dataclass
class Near:
    """A site; its clock stands still until it is moved."""

    folder: Path
    far: Far
    store: MemoryStore = field(default_factory=MemoryStore)
    brain: Brain = field(default_factory=Brain)
    stations: Stations = field(default_factory=Stations)
    now: datetime = NOW
    relay: Any = None

    def begin(self, writer: ThreadPoolExecutor) -> "asyncio.Task[None]":
        settings = RelaySettings(mark_of(self.folder / "evenload.db"), "", 0.01, 0.05, timedelta(minutes=5))
        self.relay = Relay(
            self.far,
            self.store,
            writer,
            lambda: self.now,
            self.brain,
            self.stations,
            settings,  # type: ignore[arg-type]
        )
        return asyncio.get_running_loop().create_task(self.relay.run())

    def happens(self, seconds: float, status: ConnectorStatus = ConnectorStatus.PREPARING) -> None:
        at = NOW + timedelta(seconds=seconds)
        event = StatusChanged(station=CP1, at=at, received_at=at, evse_id=1, connector_id=1, status=status)
        observe(self.store, [event], is_told_on)


async def eventually(what: Callable[[], object]) -> None:
    for _ in range(500):
        if what():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it did not become true in time")


def run(folder: Path, scenario: Callable[[Near, Far], Coroutine[Any, Any, None]], far: Far | None = None) -> Near:
    """A site that relays while a scenario goes on."""
    far = far or Far()
    near = Near(folder, far)

    async def go() -> None:
        with ThreadPoolExecutor(1) as writer:
            task = near.begin(writer)
            try:
                await scenario(near, far)
                assert not task.done()
            finally:
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)

    asyncio.run(go())
    return near


def plan(command_id: str, kw: float) -> SetProfile:
    limits = Limits.constant(kw, Interval(NOW, NOW + timedelta(hours=2)))
    return SetProfile(command_id=command_id, evse_id=1, limits=limits, worthless_at=limits.end)


def ordered(store: MemoryStore, command: SetProfile) -> None:
    with store.writing() as unit:
        give(unit, CP1, command, NOW)


def test_a_site_learns_what_it_is_and_tells_and_hears(tmp_path: Path) -> None:
    async def scenario(near: Near, far: Far) -> None:
        ordered(far.store, plan("p1", 5.0))
        await eventually(lambda: near.relay.site_id == "depot")
        near.happens(1)
        near.happens(2, ConnectorStatus.CHARGING)
        await eventually(lambda: len(far.told) == 2)
        await eventually(lambda: near.relay.given)
        assert near.relay.wanted()["d1"].limits == plan("p1", 5.0).limits
        assert far.connected[-1] == ["CP1"]
        assert near.stations.wakes
        await eventually(lambda: len(far.connected) > 2)  # now and then

    near = run(tmp_path, scenario)
    assert near.brain.runs == 0

    async def later(near: Near, far: Far) -> None:
        near.happens(3)
        await eventually(lambda: far.told)
        await asyncio.sleep(0.05)
        assert [row.at for row in far.told] == [NOW + timedelta(seconds=3)]

    again = Near(tmp_path, Far(), near.store)

    async def go() -> None:
        with ThreadPoolExecutor(1) as writer:
            task = again.begin(writer)
            await later(again, again.far)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    asyncio.run(go())  # begun again, it goes on where it was


def test_a_site_that_nobody_plans_for_does_so_itself_until_somebody_does(tmp_path: Path) -> None:
    async def scenario(near: Near, far: Far) -> None:
        ordered(far.store, plan("p1", 5.0))
        await eventually(lambda: near.relay.given)
        far.is_gone = True
        near.now += timedelta(minutes=4)
        await asyncio.sleep(0.1)
        assert not near.relay.is_alone
        near.now += timedelta(minutes=2)
        await eventually(lambda: near.brain.runs == 1)
        assert near.relay.is_alone
        assert near.relay.wanted() == {}  # what its own brain told
        ordered(near.store, plan("own", 9.0))
        near.happens(5)
        far.is_gone = False
        await eventually(lambda: near.brain.runs == 0)
        await eventually(lambda: near.stations.again == [CP1])
        assert len(far.told) == 1
        with near.store.reading() as unit:
            assert [row.order_id for row in unit.orders.standing(CP1)] == ["p1"]
        await asyncio.sleep(0.1)
        assert near.stations.again == [CP1]

    run(tmp_path, scenario)


def test_a_site_below_a_limit_it_shares_does_not_plan_for_itself(tmp_path: Path) -> None:
    async def scenario(near: Near, far: Far) -> None:
        await eventually(lambda: near.relay.site_id)
        far.is_gone = True
        near.now += timedelta(hours=9)
        await asyncio.sleep(0.1)
        assert near.brain.runs == 0

    run(tmp_path, scenario, Far(may_plan=False))


def test_what_is_never_taken_is_left_out_and_said(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async def scenario(near: Near, far: Far) -> None:
        await eventually(lambda: near.relay.site_id)
        far.is_gone = True
        for second in range(9):
            near.happens(second)
        at = NOW + timedelta(seconds=4, milliseconds=500)
        observe(near.store, [StationSeen(station=CP1, at=at, received_at=at)], lambda _: True)
        for second in range(9, 12):
            near.happens(second)
        far.is_gone = False
        await eventually(lambda: len(far.told) == 12)

    run(tmp_path, scenario, Far(poison="StationSeen"))
    assert caplog.text.count("event=not_relayed") == 1
    assert "StationSeen of home/CP1" in caplog.text


def test_another_database_up_there_gives_its_orders_from_the_first(tmp_path: Path) -> None:
    async def scenario(near: Near, far: Far) -> None:
        for number in range(4):
            ordered(far.store, plan(f"old{number}", 5.0))
        await eventually(lambda: near.relay.given)
        far.store = furnished()
        ordered(far.store, plan("new", 6.0))
        await eventually(lambda: near.relay.given and near.relay.given["d1"].order_id == "new")

    run(tmp_path, scenario)


@pytest.mark.parametrize(
    ("answer", "error", "text"),
    [
        (httpx.Response(401, json={"detail": "the key is not known"}), UpstreamError, "refuses: the key is not known"),
        (httpx.Response(422, json={}), RefusedByUpstreamError, "refuses: 422"),
        (httpx.Response(502, text="<html>"), UpstreamError, "refuses: 502 Bad Gateway"),
        (httpx.Response(200, text="<html>"), UpstreamError, "not understood"),
        (httpx.ConnectTimeout("too slow"), UpstreamError, "does not answer: too slow"),
    ],
)
def test_what_is_no_answer_is_said_as_what_it_is(answer: Any, error: type[UpstreamError], text: str) -> None:
    def handle(_request: httpx.Request) -> httpx.Response:
        if isinstance(answer, Exception):
            raise answer
        return answer  # type: ignore[no-any-return]

    async def go() -> None:
        upstream = Upstream("http://far.example", "evl_key", httpx.MockTransport(handle))
        try:
            await upstream.orders("depot", 0, "home")
        finally:
            await upstream.close()

    with pytest.raises(error, match=text) as found:
        asyncio.run(go())
    assert type(found.value) is error
    assert "evl_key" not in str(found.value)


def test_a_site_that_is_silent_has_lost_its_stations_once() -> None:
    store, now, lost = furnished(), [NOW], []
    seen = StationSeen(station=CP1, at=NOW, received_at=NOW)
    observe(store, [seen])

    async def go() -> None:
        with ThreadPoolExecutor(1) as writer:
            sites = FarSites(store, writer, lambda: now[0], lambda events, tenant: lost.append((tenant, len(events))))
            assert not sites.has("home", "depot")
            sites.heard("home", "depot")
            assert sites.has("home", "depot")
            task = asyncio.get_running_loop().create_task(sites.run())
            await asyncio.sleep(0.05)
            assert lost == []
            now[0] = NOW + SILENT + timedelta(seconds=1)
            await eventually(lambda: lost)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    asyncio.run(go())
    assert lost == [("home", 1)]
    with store.reading() as unit:
        row = unit.stations.find(CP1)
    assert row is not None
    assert not row.connected
