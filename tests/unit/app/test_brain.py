"""The brain's worker: what it believes after things go wrong, and that nobody is forgotten."""

import asyncio
import itertools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from evenload.app.brain import Brain, BrainSettings, Known
from evenload.domain.circuit import Circuit, CircuitKind
from evenload.domain.session import Control
from evenload.domain.station import StationId
from evenload.domain.station_commands import CommandSettled, Settlement
from evenload.domain.station_events import StationSeen
from evenload.service.live_rows import CircuitRow, DeviceRow, NeedBasis, SessionRow, SiteRow
from evenload.service.observe import observe
from evenload.service.ports import StoreError
from evenload.service.rows import StationRow
from evenload.service.snapshot import Trust
from evenload.store.memory import MemoryStore

NOW = datetime(2026, 1, 10, 17, 7, tzinfo=UTC)


class Hands:
    """A brain with its hands visible: a clock to set, a store that can fail, a count of what was dispatched."""

    def __init__(self, *tenants: str) -> None:
        self.now = NOW
        self.store = FailingStore()
        self.dispatched = 0
        numbers = itertools.count()
        for tenant in tenants:
            plug_in(self.store, tenant)
        self.brain = Brain(
            self.store, tenants, lambda: self.now, lambda: f"id-{next(numbers)}", self._count, Known(lambda _: None),
            BrainSettings(period_s=0.05, settle_s=0.01),
        )  # fmt: skip

    def _count(self) -> None:
        self.dispatched += 1


class FailingStore(MemoryStore):
    """A store whose writing may fail at the end, when everything seemed to go well."""

    def __init__(self) -> None:
        super().__init__()
        self.fails = False

    @contextmanager
    def writing(self) -> Iterator[Any]:
        with super().writing() as unit:
            yield unit
            if self.fails:
                raise StoreError("the disk is full")


def plug_in(store: MemoryStore, tenant: str) -> None:
    station = StationId(tenant, "CP1")
    with store.writing() as unit:
        unit.circuits.put([CircuitRow(tenant, Circuit("depot", "", CircuitKind.SITE, 30.0))])
        unit.sites.put([SiteRow(tenant, "depot")])
        unit.devices.put([DeviceRow(tenant, "CP1/1", "depot", "CP1", fallback_kw=1.4)])
        unit.stations.put([StationRow(station, approved=True, seen_at=NOW)])
        unit.sessions.put(
            [
                SessionRow(
                    tenant, "s1", "CP1/1", "depot", NOW, NOW + timedelta(hours=9), 40.0, basis=NeedBasis.DRIVER,
                    transaction_id="7", metered_at=NOW,
                )
            ]
        )  # fmt: skip
    observe(store, [StationSeen(station=station, at=NOW, received_at=NOW)])


@pytest.fixture
def run() -> Callable[[Any], Any]:
    return asyncio.run


def test_what_was_not_committed_was_not_told(run: Callable[[Any], Any]) -> None:
    async def acts() -> None:
        hands = Hands("a")
        hands.store.fails = True
        assert hands.brain.plan("a", "tick") is None
        assert hands.brain.tenants["a"].failed == "the disk is full"
        hands.store.fails = False
        decision = hands.brain.plan("a", "tick")
        assert decision is not None
        assert [one.device.device_id for one in decision.told] == ["CP1/1"]
        assert hands.brain.tenants["a"].failed == ""

    run(acts())


@pytest.mark.requirement("R84")
def test_after_a_restart_commands_are_counted_from_where_they_were(run: Callable[[Any], Any]) -> None:
    async def acts() -> None:
        hands, told = Hands("a"), []
        for commands_max in (6, 6, 1):
            with hands.store.writing() as unit:
                row = unit.devices.of("a")[0]
                unit.devices.put([replace(row, commands_max=commands_max, control=Control.ON_OFF)])
            hands.brain = Brain(
                hands.store, ["a"], lambda: hands.now, lambda: f"new-{next(numbers)}", hands._count,
                Known(lambda _: None), BrainSettings(),
            )  # fmt: skip
            hands.now += timedelta(minutes=5)
            assert hands.brain.plan("a", "tick") is not None
            seen = hands.brain.tenants["a"].seen
            assert seen is not None
            told.append((seen.said["s1"].changes, seen.said["s1"].kw))
        assert told == [(0, 0.0), (1, 11.0), (1, 11.0)]

    numbers = itertools.count()
    run(acts())


def test_what_a_station_did_not_take_is_told_again_after_a_while_and_counted_until_then(
    run: Callable[[Any], Any],
) -> None:
    async def acts() -> None:
        hands = Hands("a")
        first = hands.brain.plan("a", "tick")
        assert first is not None
        refused = CommandSettled(
            station=StationId("a", "CP1"), at=NOW, received_at=NOW, evse_id=1,
            command_id=first.told[0].command.command_id, settlement=Settlement.REJECTED,
        )  # fmt: skip
        assert observe(hands.store, [refused]) == {"a"}
        hands.now += timedelta(minutes=1)
        second = hands.brain.plan("a", "stations")
        assert second is not None
        assert not second.told
        assert [one.trust for one in second.uncontrolled] == [Trust.REFUSES]
        hands.now += timedelta(minutes=5)
        third = hands.brain.plan("a", "tick")
        assert third is not None
        assert len(third.told) == 1

    run(acts())


@pytest.mark.requirement("R147")
def test_a_car_whose_line_is_lost_counts_at_what_it_was_told_until_that_ends(run: Callable[[Any], Any]) -> None:
    async def acts() -> None:
        hands = Hands("a")
        first = hands.brain.plan("a", "tick")
        assert first is not None
        assert first.told[0].command.limits.steps[0].power_kw == 11.0
        with hands.store.writing() as unit:
            row = unit.stations.find(StationId("a", "CP1"))
            assert row is not None
            unit.stations.put([replace(row, lost_at=NOW + timedelta(seconds=1), fallbacks_kw={1: 1.4})])
        hands.now += timedelta(minutes=2)
        second = hands.brain.plan("a", "stations")
        assert second is not None
        base_kw = second.asked.problem.base_load_kw[0]
        assert base_kw[0] == pytest.approx(11.0)
        assert base_kw[8] == pytest.approx(1.4)

    run(acts())


def test_a_tenant_full_of_news_starves_nobody(run: Callable[[Any], Any]) -> None:
    async def acts() -> None:
        hands = Hands("a", "b")
        planned: list[str] = []
        plan = hands.brain.plan
        hands.brain.plan = lambda tenant, why: (planned.append(tenant), plan(tenant, why))[1]  # type: ignore[method-assign]
        running = asyncio.ensure_future(hands.brain.run())
        for _ in range(40):
            hands.brain.wake(["a"], "stations")
            await asyncio.sleep(0.01)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        assert planned.count("b") >= 2

    run(acts())


def test_a_defect_met_with_one_tenant_is_its_own(run: Callable[[Any], Any], caplog: pytest.LogCaptureFixture) -> None:
    async def acts() -> None:
        hands = Hands("a", "b")
        hands.brain._known = Known(lambda tenant: 1 / 0 if tenant == "a" else None)  # type: ignore[arg-type,return-value]
        assert hands.brain.plan("a", "tick") is None
        assert hands.brain.plan("b", "tick") is not None
        assert "defect" in hands.brain.tenants["a"].failed

    run(acts())
    assert "event=plan_defect" in caplog.text


def test_a_dry_run_tells_nobody(run: Callable[[Any], Any]) -> None:
    async def acts() -> None:
        hands = Hands("a")
        hands.brain._settings = BrainSettings(dry_run=True)
        decision = hands.brain.plan("a", "tick")
        assert decision is not None
        assert not decision.told
        assert not hands.dispatched
        with hands.store.reading() as unit:
            assert not unit.orders.to_give(0)

    run(acts())
