"""The worker: what is queued goes out once, by the first way that takes it, at a bounded rate; and what it tells."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import pytest

from evenload.app.messages import Messages, MessageSettings
from evenload.app.notifying import notifier_of, policy_of
from evenload.app.settings import Settings
from evenload.base.errors import InputError
from evenload.domain.station import StationId
from evenload.domain.station_readings import Reading, ReadingKind
from evenload.domain.vehicle_state import Provider
from evenload.files.message_texts import packaged_catalogue
from evenload.net.notify import AppriseNotifier, Delivery, DryRunNotifier
from evenload.service.car_rows import CarAccountRow, CarLinkRow
from evenload.service.driver_rows import DriverRow, PromiseBasis, PromiseRow
from evenload.service.live_rows import DeviceRow, SessionRow, SignalRow, SiteRow, VehicleRow
from evenload.service.messages.outbox import Policy
from evenload.service.messages.queue import Draft, enqueue
from evenload.service.people.rows import PersonRow, Way
from evenload.service.people_rows import ConsentRow, MessageKind, MessageRow, MessageStatus, Purpose
from evenload.service.rows import ReadingRow
from evenload.store.memory import MemoryStore
from evenload.store.memory_people import MemoryPeopleStore

NOON = datetime(2026, 1, 13, 12, tzinfo=UTC)  # a Tuesday
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@dataclass
class Postman:
    """Notes what it is given; ``answers`` are given by way, the last one again and again."""

    answers: dict[str, list[Delivery]] = field(default_factory=dict)
    given: list[tuple[str, tuple[str, ...], str]] = field(default_factory=list)

    async def send(self, way: str, addresses: Sequence[str], subject: str, text: str) -> Delivery:  # noqa: ARG002 - the port's
        self.given.append((way, tuple(addresses), text))
        left = self.answers.get(way, [])
        return (left.pop(0) if len(left) > 1 else left[0]) if left else Delivery()


@dataclass
class World:
    store: MemoryStore = field(default_factory=MemoryStore)
    people: MemoryPeopleStore = field(default_factory=MemoryPeopleStore)
    postman: Postman = field(default_factory=Postman)
    now: datetime = NOON

    def __post_init__(self) -> None:
        ann = PersonRow("home", "d-1", "Ann", "ann@example.org", "+4712345678", quiet="", made_at=NOON)
        with self.people.writing() as rows:
            rows.put([ann])
        with self.store.writing() as unit:
            unit.consents.put([ConsentRow("home", f"c-{one}", "d-1", one, NOON - DAY, "1") for one in Purpose])

    def worker(self, **more: float) -> Messages:
        chosen = replace(MessageSettings(Policy()), **more)
        return Messages(
            self.store, self.people, ("home",), lambda: self.now, self.postman, packaged_catalogue(), chosen
        )

    def queue(self, key: str, kind: MessageKind = MessageKind.NOT_READY) -> None:
        told = {"vehicle": "Leaf", "by": NOON + DAY, "sentence": "It can have 20 kWh."}
        with self.store.writing() as unit:
            enqueue(unit, Draft("home", "d-1", kind, key, told), self.now)

    def log(self) -> list[MessageRow]:
        with self.store.reading() as unit:
            return list(reversed(unit.messages.last("home", 99)))


def test_it_goes_by_the_next_way_where_one_does_not_take_it() -> None:
    world = World(postman=Postman({"sms": [Delivery("the service is away")]}))
    world.queue("k")
    assert asyncio.run(world.worker().round()) == 1
    assert [(way, to) for way, to, _ in world.postman.given] == [
        ("sms", ("+4712345678",)), ("email", ("ann@example.org",)),
    ]  # fmt: skip
    sms, mail = (text for _, _, text in world.postman.given)
    assert len(sms) < len(mail)
    assert (world.log()[0].status, world.log()[0].way) == (MessageStatus.SENT, "email")


def test_it_stops_at_a_way_that_may_have_taken_it() -> None:
    world = World(postman=Postman({"sms": [Delivery("no answer", is_certain=False)]}))
    world.queue("k")
    asyncio.run(world.worker().round())
    assert len(world.postman.given) == 1
    assert (world.log()[0].status, world.log()[0].why) == (MessageStatus.FAILED, "uncertain")


def test_what_failed_is_sent_when_the_service_is_back() -> None:
    gone = [Delivery("away"), Delivery("away"), Delivery()]
    world = World(postman=Postman({"sms": list(gone), "email": list(gone)}))
    world.queue("k")
    worker = world.worker()
    for _ in range(2):
        asyncio.run(worker.round())
        assert world.log()[0].status is MessageStatus.QUEUED
        assert world.log()[0].info == "sms: away; email: away"
        world.now += 10 * timedelta(minutes=1)
    asyncio.run(worker.round())
    assert (world.log()[0].status, world.log()[0].tries) == (MessageStatus.SENT, 3)
    assert (worker.sent, worker.failed) == (1, 2)


def test_no_more_are_sent_than_the_rate_allows() -> None:
    world = World()
    for number in range(30):
        world.queue(f"k{number}")
    worker = world.worker(per_minute=1200.0)  # 20 a second

    async def run_for(seconds: float) -> None:
        task = asyncio.create_task(worker.run())
        await asyncio.sleep(seconds)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    asyncio.run(run_for(0.7))
    assert 4 <= len(world.postman.given) <= 20  # 14 and a batch; 30 without a bound


def promise(number: int, *, met: bool, corrects: bool = False, session: str = "s-1") -> PromiseRow:
    return PromiseRow(
        "home", session, "d-1", "v-1", NOON, PromiseBasis.PLAN, NOON + 9 * HOUR, 20.0, 40.0, met,
        sentence="By 21:00 it can have 20 of 40 kWh.", corrects=corrects, number=number,
    )  # fmt: skip


@pytest.mark.requirement("R46")
def test_a_promise_that_cannot_be_met_is_told_and_so_is_that_it_can_after_all() -> None:
    world = World()
    with world.store.writing() as unit:
        unit.vehicles.put([VehicleRow("home", "v-1", "Leaf")])
        unit.promises.add([promise(1, met=True, session="s-0"), promise(2, met=False), promise(3, met=False)])
    worker = world.worker()
    asyncio.run(worker.round())
    with world.store.writing() as unit:
        unit.promises.add([promise(4, met=True, corrects=True)])
    asyncio.run(worker.round())
    asyncio.run(worker.round())
    texts = [text for _, _, text in world.postman.given]
    assert [one.kind for one in world.log()] == ["not_ready", "ready"]
    assert texts[0].startswith("Leaf will not be ready by Tuesday 13 January, 21:00 as you asked. By 21:00 it can")
    with world.store.writing() as unit:
        unit.promises.add([replace(promise(5, met=False, session="s-9"), at=NOON - 2 * HOUR)])
    asyncio.run(world.worker().round())
    assert len(world.log()) == 2  # what is old news after a restart is not told


def test_consents_that_end_soon_are_told_once_unless_renewed() -> None:
    world = World()
    with world.store.writing() as unit:
        ends = ConsentRow("home", "e1", "d-9", Purpose.CONTROL, NOON - 99 * DAY, "1", expires_at=NOON + 13 * DAY)
        renewed = replace(ends, consent_id="e2", purpose=Purpose.LOCATION)
        later = replace(ends, consent_id="e4", purpose=Purpose.RESEARCH, expires_at=NOON + 15 * DAY)
        brief = replace(ends, consent_id="e5", person_id="d-8", granted_at=NOON - DAY, expires_at=NOON + 8 * DAY)
        unit.consents.put([ends, renewed, later, brief, replace(renewed, consent_id="e3", expires_at=None)])
    worker = world.worker()
    for _ in range(3):
        asyncio.run(worker.round())
        world.now += HOUR
    assert [(one.kind, one.key) for one in world.log()] == [("consent_expires", "consent_expires:e1")]


def test_a_cloud_that_lets_us_in_no_more_is_told_once() -> None:
    world = World()
    with world.store.writing() as unit:
        unit.drivers.put([DriverRow("home", "d-1", vehicles=("v-1",))])
        for vehicle, account in (("v-1", "lost"), ("v-2", "lost"), ("v-3", "well")):
            unit.cars.put_links([CarLinkRow("home", vehicle, Provider.TESLA, account, vehicle, "depot", vehicle)])
        unit.cars.put_accounts([CarAccountRow("home", Provider.TESLA, "well")])
        unit.cars.put_accounts(
            [CarAccountRow("home", Provider.TESLA, "lost", fault="the token is refused", changed_at=NOON)]
        )
    worker = world.worker()
    for _ in range(3):
        asyncio.run(worker.round())
        world.now += 2 * HOUR
    assert [(one.kind, one.person_id) for one in world.log()] == [("link_lost", "d-1")]
    assert "heard of v-1 by way of tesla" in world.postman.given[0][2]


def charged(world: World) -> None:
    """Ann charged 5 kWh in the hour of 0.10 and not in that of 1.40, where she had plugged in."""
    with world.store.writing() as unit:
        unit.sites.put([SiteRow("home", "depot", timezone="Europe/Oslo")])
        unit.devices.put([DeviceRow("home", "dev", "depot", "CP")])
        unit.drivers.put([DriverRow("home", "d-1", vehicles=("v-1",), site_id="depot")])
        began = NOON - DAY
        row = SessionRow("home", "s", "dev", "depot", began, NOON, 5.0, unplugged_at=began + 2 * HOUR, vehicle_id="v-1")
        unit.sessions.put([row])
        prices = (SignalRow("home", "", began, 3600, 1.40, currency="EUR"),
                  SignalRow("home", "depot", began + HOUR, 3600, 0.10, currency="EUR"))  # fmt: skip
        carbon = [
            SignalRow("home", "", NOON + n * HOUR, 3600, carbon_g_per_kwh=100.0 if 8 <= n < 11 else 400.0)
            for n in range(30)
        ]
        unit.signals.put([*prices, *carbon])
        powers = [0.0] * 4 + [5.0] * 4
        unit.readings.put([
            ReadingRow(StationId("home", "CP"), 1, Reading(
                at=began + n * timedelta(minutes=15), kind=ReadingKind.INTERVAL, duration_s=900, power_kw=one,
            ))
            for n, one in enumerate(powers)
        ])  # fmt: skip


@pytest.mark.requirement("R132")
def test_savings_and_clean_hours_are_told_to_who_wants_to_know() -> None:
    world = World()
    charged(world)
    worker = world.worker()
    for _ in range(30):
        asyncio.run(worker.round())
        world.now += HOUR
    found = {one.kind: one for one in world.log()}
    assert set(found) == {MessageKind.SAVINGS_NUDGE, MessageKind.CLEAN_HOURS_NUDGE}
    texts = " ".join(text for _, _, text in world.postman.given)
    assert "you charged 5.0 kWh, and saved 6.50 EUR" in texts  # 5 x (1.40 - 0.10)
    assert "From Tuesday 13 January, 20:00 to Tuesday 13 January, 23:00" in texts
    assert len(world.log()) == 2


def test_who_takes_back_nudges_gets_none() -> None:
    world = World()
    charged(world)
    with world.store.writing() as unit:
        unit.consents.put([ConsentRow("home", "c-nudges", "d-1", Purpose.NUDGES, NOON - DAY, "1", revoked_at=NOON)])
    asyncio.run(world.worker().round())
    assert world.log() == []


def test_who_has_been_gone_long_enough_is_forgotten() -> None:
    world = World()
    with world.store.writing() as unit:
        unit.consents.put([replace(one, revoked_at=NOON) for one in unit.consents.of_person("home", "d-1")])
    world.queue("k")
    world.now = NOON + 401 * DAY
    asyncio.run(world.worker(messages_days=0).round())
    with world.people.reading() as rows:
        assert rows.of("home") == []
    assert [(one.status, one.why) for one in world.log()] == [(MessageStatus.SUPPRESSED, "erased")]
    asyncio.run(world.worker().round())
    assert world.log() == []


def test_what_is_set_up_by_the_settings() -> None:
    assert isinstance(notifier_of(Settings()), DryRunNotifier)
    assert policy_of(Settings()).ways == tuple(Way)
    chosen = Settings(notify_push_url="ntfys://example.org/{address}", notify_sender="Oslo Grid")
    assert isinstance(notifier_of(chosen), AppriseNotifier)
    assert isinstance(notifier_of(chosen.model_copy(update={"dry_run": True})), DryRunNotifier)
    assert policy_of(chosen) == Policy((Way.PUSH,), "Oslo Grid")
    assert "example.org" not in repr(chosen)
    with pytest.raises(InputError, match="notify_sms_url"):
        notifier_of(Settings(notify_sms_url="twilio://nothing"))
