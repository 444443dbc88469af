"""The worker of linked cars over virtual clouds: what cars tell is kept, what is ordered is done and accounted."""

import asyncio
import itertools
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from evenload.app.cars import keeping
from evenload.app.cars import worker as worker_module
from evenload.base.instants import Interval
from evenload.domain.station_commands import SetFallback, Settlement
from evenload.domain.station_events import StationBooted, StationLost, TransactionStarted
from evenload.domain.station_limits import Limits
from evenload.domain.vehicle_state import ActKind, ActReason, ActStatus, PlugState, Provider
from evenload.service import consents
from evenload.service.access_rows import Role
from evenload.service.car_rows import ConsentState
from evenload.service.cars import links
from evenload.service.cars.keeping import keep
from evenload.service.driver_rows import DriverRow
from evenload.service.drivers import asking
from evenload.service.drivers.why import WhyCode
from evenload.service.live_rows import LimitRow
from evenload.service.people_rows import ConsentRow, Purpose
from evenload.service.ports import StoreError
from evenload.telematics.port import ActOutcome, Response

CLOUDS = (Provider.SMARTCAR, Provider.ENODE, Provider.TESLA)


async def plugged_in(bench: Any, provider: Provider, vehicle_id: str = "leaf", **spec: Any) -> Any:
    car = await bench.link(provider, vehicle_id, **spec)
    car.plug_in(bench.empty_car(), bench.now)
    bench.later(minutes=2)
    await bench.beat(2)
    return car


@pytest.mark.requirement("R89", "R91")
@pytest.mark.parametrize("provider", CLOUDS)
def test_a_car_that_plugs_in_is_a_session_with_a_state_of_charge(played: Any, provider: Provider) -> None:
    async def story(bench: Any) -> None:
        await plugged_in(bench, provider)
        state = bench.state()
        assert state.plug is PlugState.CHARGING
        assert state.soc == pytest.approx(0.3, abs=0.02)
        with bench.store.reading() as unit:
            (session,) = unit.sessions.going_on("home")
            assert session.vehicle_id == "leaf"
            assert session.soc == pytest.approx(0.3, abs=0.02)
            assert unit.stations.find(
                bench.fleet.cars[links.link(bench.scope(), bench.store, "leaf").car].id.station
            ).connected
        assert any(isinstance(one, StationBooted) for one in bench.events)
        assert any(isinstance(one, TransactionStarted) for one in bench.events)

    played(story)


@pytest.mark.requirement("R80", "R91")
@pytest.mark.parametrize("provider", CLOUDS)
def test_an_order_stops_the_car_and_is_settled_when_it_did(played: Any, provider: Provider) -> None:
    async def story(bench: Any) -> None:
        car = await plugged_in(bench, provider)
        settled = await bench.carry_out(bench.order(0.0))
        assert settled.settlement is Settlement.DONE
        assert not car.look(bench.now).power_kw
        (act,) = bench.acts()
        assert (act.kind, act.status, act.reason) == (ActKind.STOP, ActStatus.CONFIRMED, ActReason.DONE)
        assert act.tries == 1
        with bench.store.reading() as unit:
            (order,) = unit.orders.last("home", 9)
        assert order.settlement == "done"
        assert order.order_id == act.order_id

    played(story)


def test_what_a_car_cannot_be_told(played: Any) -> None:
    async def story(bench: Any) -> None:
        await bench.link(Provider.TESLA, "leaf")
        await bench.beat()
        fallback = await bench.carry_out(SetFallback(command_id="f", evse_id=1, power_kw=2.0))
        assert fallback.settlement is Settlement.NOT_SUPPORTED
        unplugged = await bench.carry_out(bench.order(0.0))
        assert (unplugged.settlement, unplugged.info) == (Settlement.LATER, "the car is not plugged in at home")

    played(story)


@pytest.mark.parametrize("provider", CLOUDS)
def test_all_access_tokens_void_in_the_middle_are_renewed_once_and_the_act_is_done(
    played: Any, provider: Provider
) -> None:
    async def story(bench: Any) -> None:
        await plugged_in(bench, provider)
        renewals = bench.door.renewals
        bench.makers.all[provider.value].core.accounts.void_access_tokens()
        settled = await bench.carry_out(bench.order(0.0))
        assert settled.settlement is Settlement.DONE
        assert bench.door.renewals == renewals + 1
        assert [one.tries for one in bench.acts()] == [1]

    played(story)


def test_consent_withdrawn_at_the_maker_stops_everything_at_once(played: Any) -> None:
    async def story(bench: Any) -> None:
        await plugged_in(bench, Provider.ENODE)
        row = links.link(bench.scope(), bench.store, "leaf")
        bench.makers.enode.withdraw(row.account)
        await bench.beat(2)
        assert links.link(bench.scope(), bench.store, "leaf").consent(bench.now) is ConsentState.WITHDRAWN
        assert bench.fleet.cars == {}
        assert any(isinstance(one, StationLost) for one in bench.events)
        asked = len(bench.asked)
        bench.later(days=2)
        await bench.beat(5, apart_s=3600)
        assert len(bench.asked) == asked

    played(story)


def test_revoking_stops_polling_at_the_next_beat(played: Any) -> None:
    async def story(bench: Any) -> None:
        await plugged_in(bench, Provider.TESLA)
        await bench.linking.revoke(bench.scope(), "leaf")
        await bench.beat()
        assert bench.fleet.cars == {}
        asked = len(bench.asked)
        await bench.beat(48, apart_s=3600)
        assert len(bench.asked) == asked
        assert bench.state() is None

    played(story)


def test_after_a_restart_nothing_is_sent_twice_and_what_was_not_sent_is(played: Any) -> None:
    async def story(bench: Any) -> None:
        await plugged_in(bench, Provider.ENODE)
        command = bench.order(0.0)
        task = asyncio.get_running_loop().create_task(
            bench.worker.carry_out(next(iter(bench.fleet.cars)).station, command)
        )
        await asyncio.sleep(0.02)
        await bench.worker.keeping.flush()  # it is noted, and the server dies before it is sent
        task.cancel()
        assert [one.status for one in bench.acts()] == [ActStatus.QUEUED]
        bench.open()
        await bench.beat(4, apart_s=10)
        assert [(one.status, one.tries) for one in bench.acts()] == [(ActStatus.CONFIRMED, 1)]
        sent = [path for method, path in bench.asked if method == "POST" and "charging" in path]
        assert len(sent) == 1
        bench.open()
        await bench.beat(4, apart_s=60)
        assert [path for method, path in bench.asked if method == "POST" and "charging" in path] == sent

    played(story)


def test_a_cloud_that_is_away_makes_its_cars_lost_and_they_come_back(played: Any) -> None:
    async def story(bench: Any) -> None:
        await plugged_in(bench, Provider.TESLA)
        (car,) = bench.fleet.cars.values()
        bench.makers.tesla.core.is_down = True
        http = bench.door.http[Provider.TESLA]
        http._failures = 5  # it did not answer several times in a row
        http._again_s = bench.seconds() + 300
        await bench.beat(3, apart_s=45)
        with bench.store.reading() as unit:
            assert not unit.stations.find(car.id.station).connected
        assert not bench.worker.has(car.id.station)
        http._failures = 0
        bench.makers.tesla.core.is_down = False
        await bench.beat(2)
        with bench.store.reading() as unit:
            assert unit.stations.find(car.id.station).connected

    played(story)


def test_in_a_dry_run_cars_are_read_and_told_nothing(played: Any) -> None:
    async def story(bench: Any) -> None:
        bench.worker.tells = False
        car = await plugged_in(bench, Provider.TESLA)
        bench.order(0.0)
        bench.open()
        bench.worker.tells = False
        await bench.beat(4, apart_s=30)
        assert bench.state().plug is PlugState.CHARGING
        assert bench.acts() == []
        assert car.look(bench.now).power_kw

    played(story)


def test_an_order_that_stood_before_a_restart_is_kept_to_after_it(played: Any) -> None:
    async def story(bench: Any) -> None:
        car = await plugged_in(bench, Provider.TESLA)
        command = bench.order(0.0)
        bench.open()
        await bench.beat(4, apart_s=5)
        assert not car.look(bench.now).power_kw
        assert [(one.status, one.order_id) for one in bench.acts()] == [(ActStatus.CONFIRMED, command.command_id)]

    played(story)


def test_consent_that_was_taken_back_here_is_heeded_within_a_minute(played: Any) -> None:
    async def story(bench: Any) -> None:
        began = bench.now
        await plugged_in(bench, Provider.TESLA)
        with bench.store.writing() as unit:
            unit.drivers.put([DriverRow("home", "ann", vehicles=("leaf",))])
        grant = ConsentRow("home", bench.draw(), "ann", Purpose.CONTROL, bench.now, "2026-01")
        consents.grant(bench.scope(), bench.store, grant, bench.now)
        await bench.beat(2, apart_s=61)
        consents.revoke(bench.scope(), bench.store, "ann", Purpose.CONTROL, bench.now)
        await bench.beat(2, apart_s=61)
        refused = await bench.carry_out(bench.order(0.0))
        assert refused.settlement is Settlement.REJECTED
        assert "does not consent" in refused.info
        sharing = ConsentRow("home", bench.draw(), "ann", Purpose.DATA_SHARING, bench.now, "2026-01")
        consents.grant(bench.scope(), bench.store, sharing, bench.now)
        consents.revoke(bench.scope(), bench.store, "ann", Purpose.DATA_SHARING, bench.later(minutes=1))
        await bench.beat(3, apart_s=61)
        asked = len(bench.asked)
        await bench.beat(10, apart_s=3600)
        assert (len(bench.asked), bench.fleet.cars) == (asked, {})
        with bench.store.reading() as unit:  # no session goes on for ever, and what it told last is forgotten
            assert unit.sessions.going_on_at("home", ["car:leaf"]) == []
            (ended,) = unit.sessions.within("home", Interval(began, bench.now))
            assert ended.unplugged_at is not None
            assert ended.unplugged_at < began + timedelta(hours=1)
            assert unit.cars.state("home", "leaf") is None
            assert unit.cars.acts_under_way("home") == []
        (told,) = asking.ask(bench.scope(Role.OPERATOR), bench.store, "ann", bench.now)
        assert told.why.code is WhyCode.NOT_SHARED
        again = ConsentRow("home", bench.draw(), "ann", Purpose.DATA_SHARING, bench.now, "2026-02")
        consents.grant(bench.scope(), bench.store, again, bench.now)
        await bench.beat(3, apart_s=61)
        assert len(bench.fleet.cars) == 1
        assert len(bench.asked) > asked

    played(story)


def test_a_late_answer_is_accounted_late_and_told_when_it_was_done_after_all(played: Any) -> None:
    async def story(bench: Any) -> None:
        await plugged_in(bench, Provider.ENODE)
        (car,) = bench.fleet.cars.values()
        turn = car.desk.want(Limits.constant(0.0, Interval(bench.now, bench.now + timedelta(hours=1))), bench.now)
        bench.worker._take(car, turn)
        bench.worker.acting.due(bench.now)  # it is sent, and nobody answers
        bench.worker.acting.took(car, ActOutcome(turn.acts[0].act_id, ActStatus.SENT, remote_act_id="r1"))
        bench.worker.acting._asking.clear()
        bench.later(minutes=11)
        bench.worker._tick(bench.now)
        await bench.worker.keeping.flush()
        assert [(one.status, one.info) for one in bench.acts()] == [(ActStatus.LATE, "")]
        act_id = bench.worker.acting.found(car, "r1")
        bench.worker.settle(car, ActOutcome(act_id, ActStatus.CONFIRMED, remote_act_id="r1"))
        await bench.worker.keeping.flush()
        (act,) = bench.acts()
        assert (act.status, act.info) == (ActStatus.LATE, "the car did it after its deadline")

    played(story)


def test_what_the_store_does_not_take_is_kept_when_it_does(played: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    async def story(bench: Any) -> None:
        await bench.link(Provider.TESLA, "leaf")
        tries = [0]

        def refuse_twice(*given: Any) -> Any:
            tries[0] += 1
            if tries[0] <= 2:
                raise StoreError("the disk is full")
            return keep(*given)

        monkeypatch.setattr(keeping, "keep", refuse_twice)
        monkeypatch.setattr(keeping, "_AGAIN_S", 0.01)
        (car,) = bench.makers.tesla.core.cars.values()
        car.plug_in(bench.empty_car(), bench.now)
        await bench.beat(2)
        assert bench.worker.keeping.counts.again == 2
        assert bench.state().plug is PlugState.CHARGING

    played(story)


def test_what_a_webhook_breaks_is_its_own_and_the_next_is_understood(
    played: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story(bench: Any) -> None:
        car = await bench.link(Provider.ENODE, "leaf")
        await bench.beat(2)
        heard, broken = bench.worker.heard, [True]

        def breaks(*args: Any, **named: Any) -> None:
            if broken:
                broken.clear()
                raise KeyError("chargeState")
            heard(*args, **named)

        monkeypatch.setattr(bench.worker, "heard", breaks)
        car.plug_in(bench.empty_car(), bench.now)
        await bench.beat(2)
        assert bench.side.inbox.counts.came["enode", "defect"] == 1
        car.unplug(bench.later(minutes=5))
        await bench.beat(2)
        assert bench.state().plug is PlugState.UNPLUGGED

    played(story)


def test_a_subscription_that_was_not_taken_is_tried_again(played: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    async def story(bench: Any) -> None:
        await bench.link(Provider.SMARTCAR, "leaf")
        await bench.beat(2)
        (car,) = bench.fleet.cars.values()
        answers, asked = [500, 500, 429, 200], list[datetime]()

        async def call(_account: Any, _make: Any) -> Response:
            asked.append(bench.now)
            return Response(answers[len(asked) - 1], {}, b"{}")

        with monkeypatch.context() as patched:
            patched.setattr(bench.worker.reading._door, "call", call)
            await bench.worker.reading._subscribed(car, "hook-1")
        bench.access[Provider.SMARTCAR] = replace(bench.access[Provider.SMARTCAR], hook="hook-1")
        monkeypatch.setattr(bench.door, "clouds", bench.access)
        monkeypatch.setattr(bench.door, "call", call)
        for _ in range(12):
            bench.worker.reading.ask(bench.later(minutes=1))
            await bench.worker.reading.idle()
        apart = [round((later - at).total_seconds() / 60) for at, later in itertools.pairwise(asked)]
        assert apart == [1, 2, 4]

    played(story)


def test_reads_of_a_month_are_counted_over_a_restart(played: Any) -> None:
    async def story(bench: Any) -> None:
        await plugged_in(bench, Provider.TESLA)
        for _ in range(4):
            await bench.beat(1, apart_s=3600)
        (car,) = bench.fleet.cars.values()
        spent = car.desk.memory.reads.spent
        left = bench.fleet.plans[Provider.TESLA].left(car.id, bench.now)
        assert spent >= 2
        await bench.worker.keeping.flush()
        bench.open()
        await bench.worker._look()
        (again,) = bench.fleet.cars.values()
        assert again.desk.memory.reads.spent == spent
        assert bench.fleet.plans[Provider.TESLA].left(again.id, bench.now) == pytest.approx(left, abs=0.01)

    played(story)


def test_a_limit_that_is_posted_just_before_an_order_is_on_the_account_of_its_acts(played: Any) -> None:
    async def story(bench: Any) -> None:
        car = await plugged_in(bench, Provider.ENODE)
        await bench.carry_out(bench.order(99.0))  # limits were looked at without it
        bench.worker.changed("home", "limits")
        with bench.store.writing() as unit:
            window = (bench.now, bench.now + timedelta(hours=1))
            unit.limits.put([LimitRow("home", "peak-1", "house", *window, 5.0)])
        bench.later(seconds=0.3)  # and a plan is made of it
        await bench.carry_out(bench.order(0.0))
        assert car.is_stopped
        assert [one.event_id for one in bench.acts()] == ["peak-1"]

    played(story)


def test_a_defect_of_a_beat_does_not_end_the_worker(played: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    async def story(bench: Any) -> None:
        beats, real = [0], bench.worker.beat

        async def breaks() -> None:
            beats[0] += 1
            if beats[0] == 1:
                raise KeyError("a defect")
            await real()

        monkeypatch.setattr(worker_module, "_AFTER_DEFECT_S", 0.0)
        monkeypatch.setattr(bench.worker, "beat", breaks)
        running = asyncio.get_running_loop().create_task(bench.worker.run())
        while beats[0] < 2:
            bench.worker.wake()
            await asyncio.sleep(0.001)
        assert not running.done()
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)

    played(story)


def test_an_act_that_begins_with_a_limit_is_on_its_account_though_it_was_ordered_before(played: Any) -> None:
    async def story(bench: Any) -> None:
        await plugged_in(bench, Provider.ENODE)
        begins = bench.now + timedelta(minutes=5)
        with bench.store.writing() as unit:
            unit.limits.put([LimitRow("home", "peak-1", "house", begins, begins + timedelta(hours=1), 5.0)])
        command = bench.order(0.0)
        free, none = command.limits.steps[0], replace(command.limits.steps[0], start=begins, power_kw=0.0)
        limits = Limits((replace(free, power_kw=99.0), none), begins + timedelta(hours=1))
        await bench.carry_out(replace(command, limits=limits))
        assert bench.acts() == []
        bench.later(minutes=5)
        await bench.beat(4)
        assert [(one.kind, one.event_id) for one in bench.acts()] == [(ActKind.STOP, "peak-1")]

    played(story)
