"""Guessing passwords: what it costs this server, whom it hurts, and two passwords at once."""

import asyncio
import threading
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest

from evenload.domain.station import StationId
from evenload.net import admission
from evenload.net.admission import Admitted, Doorkeeper, Refusal
from evenload.net.knock import Knock, Line
from evenload.net.password import Verified, hash_key, hash_password, verify
from evenload.net.ports import SecurityProfile, StationRecord, TenantRecord
from evenload.net.throttle import Throttle

pytestmark = pytest.mark.requirement("R79")

A, B = StationId("t", "A"), StationId("t", "B")
GOOD, KEY = b"correct horse", b"0123456789abcdef0123456789abcdef01234567"
SALT = b"salt" * 4


class Book:
    def __init__(self, **records: StationRecord) -> None:
        self.records = records
        self.took: list[tuple[StationId, str]] = []
        self.held: list[StationId] = []

    async def look_up(self, station: StationId) -> tuple[TenantRecord, StationRecord | None]:
        return TenantRecord(), self.records.get(station.identity)

    def hold(self, station: StationId, address: str) -> None:
        assert address
        self.held.append(station)

    def took_password(self, station: StationId, password_hash_next: str) -> None:
        self.took.append((station, password_hash_next))


class Door:
    """A doorkeeper whose slow verifications are counted and whose clock stands until it is moved."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, **records: StationRecord) -> None:
        self.now, self.slow = 0.0, 0
        self.book = Book(**records)
        self.at_once, self.most_at_once = 0, 0
        self._lock = threading.Lock()
        self.door: Doorkeeper | None = None
        monkeypatch.setattr(admission, "verify", self._verify)

    def _verify(self, password: bytes, hashed: str) -> bool:
        if not hashed.startswith("scrypt"):
            return verify(password, hashed)
        with self._lock:
            self.slow, self.at_once = self.slow + 1, self.at_once + 1
            self.most_at_once = max(self.most_at_once, self.at_once)
        matches = verify(password, hashed)
        with self._lock:
            self.at_once -= 1
        return matches

    async def knock(
        self, password: bytes | None = GOOD, *, station: StationId = A, address: str = "10.0.0.9:1", **more: Any
    ) -> Admitted | Refusal:
        self.door = self.door or Doorkeeper(self.book, Verified(b"s" * 32), Throttle(lambda: self.now))
        user = "" if password is None else more.pop("user", station.identity)
        return await self.door.admit(Knock(station, ("ocpp1.6",), Line(address, **more), user, password))


def play(scene: Callable[[], Awaitable[None]]) -> None:
    asyncio.run(asyncio.wait_for(scene(), 30))


@pytest.fixture
def slow() -> StationRecord:
    return StationRecord(password_hash=hash_password(GOOD, SALT))


def test_guessing_costs_one_verification_a_wait(monkeypatch: pytest.MonkeyPatch, slow: StationRecord) -> None:
    door = Door(monkeypatch, A=slow)

    async def scene() -> None:
        assert await door.knock(b"guess") is Refusal.BAD_CREDENTIALS
        refusals = [await door.knock(b"guess%d" % number, address=f"10.0.0.9:{number}") for number in range(100)]
        assert set(refusals) == {Refusal.THROTTLED}
        assert door.slow == 1
        door.now = 1.0
        assert await door.knock(b"guess") is Refusal.BAD_CREDENTIALS
        door.now = 2.9
        assert await door.knock(GOOD) is Refusal.THROTTLED
        door.now = 3.0
        assert isinstance(await door.knock(GOOD), Admitted)
        assert door.slow == 3

    play(scene)


def test_guesses_at_one_moment_are_verified_once(monkeypatch: pytest.MonkeyPatch, slow: StationRecord) -> None:
    door = Door(monkeypatch, A=slow)

    async def scene() -> None:
        guesses = [door.knock(b"guess%d" % number, address=f"10.0.0.9:{number}") for number in range(50)]
        answers = await asyncio.gather(*guesses)
        assert sorted(answers, key=str)[:1] == [Refusal.BAD_CREDENTIALS]
        assert answers.count(Refusal.THROTTLED) == 49
        assert door.slow == 1

    play(scene)


def test_many_addresses_get_two_verifications_at_once(monkeypatch: pytest.MonkeyPatch, slow: StationRecord) -> None:
    door = Door(monkeypatch, A=slow)

    async def scene() -> None:
        await asyncio.gather(*(door.knock(b"guess", address=f"10.0.0.{number}:1") for number in range(20)))
        assert door.slow == 20
        assert door.most_at_once <= 2

    play(scene)


def test_honest_stations_of_the_same_place_are_not_hurt(monkeypatch: pytest.MonkeyPatch, slow: StationRecord) -> None:
    keyed = StationRecord(password_hash=hash_key(KEY, SALT))
    door = Door(monkeypatch, A=slow, B=slow, K=keyed)

    async def scene() -> None:
        assert isinstance(await door.knock(GOOD), Admitted)
        for _ in range(5):
            await door.knock(b"guess")
            await door.knock(b"guess", station=StationId("t", "K"))
        assert isinstance(await door.knock(GOOD, station=B), Admitted)  # another station behind the same address
        assert isinstance(await door.knock(GOOD), Admitted)  # the same one, whose password is known to be right
        assert isinstance(await door.knock(KEY, station=StationId("t", "K")), Admitted)  # a key costs nothing to verify

    play(scene)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("10.0.0.9:1", "10.0.0.9:2", True),
        ("10.0.0.9:1", "10.0.0.8:1", False),
        ("2001:db8::1:1", "2001:db8::ffff:1", True),  # who has one address of a network has them all
        ("2001:db8:0:1::1:1", "2001:db8:0:2::1:1", False),
        ("fe80::1%eth0:1", "fe80::2%eth0:1", True),
        ("local", "local", True),
    ],
)
def test_where_somebody_comes_from(one: str, other: str, same: bool) -> None:
    assert (Line(one).network == Line(other).network) is same


def test_a01_and_16_a01_two_passwords_count_while_one_is_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    old, new = hash_key(KEY, SALT), hash_key(KEY[::-1], SALT)
    door = Door(monkeypatch, A=StationRecord(password_hash=old, password_hash_next=new))

    async def scene() -> None:
        assert isinstance(await door.knock(KEY), Admitted)
        assert door.book.took == []
        assert isinstance(await door.knock(KEY[::-1]), Admitted)
        assert set(door.book.took) == {(A, new)}
        assert await door.knock(b"neither of both") is Refusal.BAD_CREDENTIALS

    play(scene)


def test_a01_and_16_a01_a_station_that_never_had_a_password_may_come_without_until_it_took_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    record = StationRecord(profile=SecurityProfile.NONE, password_hash_next=hash_key(KEY, SALT))
    door = Door(monkeypatch, A=record)

    async def scene() -> None:
        assert isinstance(await door.knock(None), Admitted)
        assert isinstance(await door.knock(KEY), Admitted)
        assert door.book.took
        assert await door.knock(b"wrong") is Refusal.BAD_CREDENTIALS

    play(scene)


def test_access_taken_away_while_a_password_is_verified_counts(
    monkeypatch: pytest.MonkeyPatch, slow: StationRecord
) -> None:
    door = Door(monkeypatch, A=slow)

    async def scene() -> None:
        knocking = asyncio.ensure_future(door.knock(GOOD))
        await asyncio.sleep(0)
        door.book.records["A"] = replace(slow, approved=False, revoked=True)
        assert await knocking is Refusal.REVOKED
        assert Refusal.REVOKED.status == 404

    play(scene)


@pytest.mark.parametrize(
    ("uris", "identity", "expected"),
    [
        ((), "A", True),  # of an authority elsewhere: its common name is all there is
        (("urn:evenload:station:t:A",), "A", True),
        (("urn:example:other", "urn:evenload:station:t:A"), "A", True),
        (("urn:evenload:station:other:A",), "A", False),  # another tenant's station of the same name
        (("urn:evenload:station:t:A", "urn:evenload:station:other:A"), "A", False),
        (("urn:evenload:station:t:A%7C1",), "A|1", True),
        (("urn:evenload:station:t:A|1",), "A|1", False),
    ],
)
def test_a00_and_16_a00_a_certificate_is_of_one_tenant(
    monkeypatch: pytest.MonkeyPatch, uris: tuple[str, ...], identity: str, expected: bool
) -> None:
    door = Door(monkeypatch, **{identity: StationRecord(profile=SecurityProfile.MUTUAL_TLS)})

    async def scene() -> None:
        station = StationId("t", identity)
        answer = await door.knock(None, station=station, secure=True, certificate_name=identity, certificate_uris=uris)
        assert isinstance(answer, Admitted) is expected
        assert expected or answer is Refusal.WRONG_CERTIFICATE

    play(scene)
