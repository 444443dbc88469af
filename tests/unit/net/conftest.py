import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import trustme

from evenload.domain.station import ConnectorStatus, StationId
from evenload.domain.station_commands import Command, CommandSettled, Settlement
from evenload.domain.station_events import StationEvent, StationLost, StatusChanged
from evenload.net.ocpp_server import OcppServer, ServerLimits
from evenload.net.password import hash_key, hash_password
from evenload.net.ports import SecurityProfile, StationRecord, TenantRecord
from evenload.net.tls import server_tls
from evenload.ocpp.dialect import Dialect
from evenload.ocpp.events import Answered, Called, CallRefusal, Failed, Refused
from evenload.ocpp.outcome import Outcome, Refusal, Request
from evenload.ocpp.policy import Terms
from evenload.ocpp.v16 import OCPP16
from evenload.ocpp.v16.wire import core as v16
from evenload.ocpp.v16.wire.datatypes import AuthorizationStatus, IdTagInfo
from evenload.ocpp.v201.wire import authorization, availability, metering, provisioning, transactions
from evenload.ocpp.v201.wire.datatypes import AuthorizationStatusEnum, IdTokenInfo
from evenload.ocpp.wire import Wire

KEY = b"k" * 20
OPEN = StationRecord(profile=SecurityProfile.NONE)


def now() -> datetime:
    return datetime.fromtimestamp(time.clock_gettime(time.CLOCK_REALTIME), UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Send(Command):
    """A command that is its request."""

    request: Wire
    terms: Terms = field(default_factory=Terms)


class YesDesk:
    """A desk that accepts everything; each call is an event, and what matters is durable."""

    def __init__(self, station: StationId, dialect: Dialect) -> None:
        self.station = station
        self.dialect = dialect
        self.calls: list[Called] = []
        self.results: list[Answered | Refused | Failed] = []
        self.waiting: list[Request] = []
        self.sending: dict[str, Command] = {}

    def event(self, kind: type[StationEvent] = StatusChanged, **more: Any) -> StationEvent:
        if kind is StatusChanged:
            more = {"connector_id": 1, "status": ConnectorStatus.AVAILABLE} | more
        return kind(station=self.station, at=now(), received_at=now(), **more)

    def take(self, called: Called, now: datetime) -> Outcome:
        self.calls.append(called)
        if called.action == "DataTransfer":
            return Outcome(Refusal("NotSupported", "no vendor's messages here"))
        answers = _answers16(now) if self.dialect is OCPP16 else _answers201(now)
        durable = called.action in ("StartTransaction", "StopTransaction", "TransactionEvent", "Authorize")
        return Outcome(answers[called.action](), (self.event(info=called.action),), durable)

    def order(self, command: Command, now: datetime) -> tuple[StationEvent, ...]:
        assert isinstance(command, Send)
        assert now.tzinfo
        self.waiting.append(Request(command.request, command.terms, command))
        return ()

    def to_call(self) -> tuple[Request, ...]:
        waiting, self.waiting = tuple(self.waiting), []
        return waiting

    def sent(self, request: Request, taken: str | CallRefusal, now: datetime) -> tuple[StationEvent, ...]:
        assert now.tzinfo
        assert request.command is not None
        if isinstance(taken, CallRefusal):
            return (self.settled(request.command, taken.value),)
        self.sending[taken] = request.command
        return ()

    def settle(self, result: Answered | Refused | Failed, now: datetime) -> tuple[StationEvent, ...]:
        assert now.tzinfo
        self.results.append(result)
        info = result.failure.value if isinstance(result, Failed) else ""
        return (self.settled(self.sending.pop(result.call_id), info, result),)

    def settled(self, command: Command, info: str, value: object = None) -> StationEvent:
        how = Settlement.NO_ANSWER if info else Settlement.DONE
        return self.event(CommandSettled, command_id=command.command_id, settlement=how, info=info, value=value)

    def lost(self, now: datetime) -> tuple[StationEvent, ...]:
        return (StationLost(station=self.station, at=now, received_at=now),)


def _answers16(now: datetime) -> dict[str, Callable[[], Wire]]:
    info = IdTagInfo(status=AuthorizationStatus.ACCEPTED)
    return {
        "BootNotification": lambda: v16.BootNotificationResponse(
            status=v16.RegistrationStatus.ACCEPTED, current_time=now, interval=300
        ),
        "Heartbeat": lambda: v16.HeartbeatResponse(current_time=now),
        "Authorize": lambda: v16.AuthorizeResponse(id_tag_info=info),
        "StatusNotification": v16.StatusNotificationResponse,
        "MeterValues": v16.MeterValuesResponse,
        "StartTransaction": lambda: v16.StartTransactionResponse(id_tag_info=info, transaction_id=7),
        "StopTransaction": v16.StopTransactionResponse,
    }


def _answers201(now: datetime) -> dict[str, Callable[[], Wire]]:
    return {
        "BootNotification": lambda: provisioning.BootNotificationResponse(
            status=provisioning.RegistrationStatusEnum.ACCEPTED, current_time=now, interval=300
        ),
        "Heartbeat": lambda: availability.HeartbeatResponse(current_time=now),
        "StatusNotification": availability.StatusNotificationResponse,
        "MeterValues": metering.MeterValuesResponse,
        "TransactionEvent": transactions.TransactionEventResponse,
        "Authorize": lambda: authorization.AuthorizeResponse(
            id_token_info=IdTokenInfo(status=AuthorizationStatusEnum.ACCEPTED)
        ),
    }


class Book:
    """Who is known, in memory."""

    def __init__(self) -> None:
        self.tenants = {"depot": TenantRecord(), "tiny": TenantRecord(connections_max=1)}
        self.stations: dict[str, StationRecord] = {
            "OPEN": OPEN,
            "OPEN2": OPEN,
            "KEYED": StationRecord(password_hash=hash_key(KEY, b"salt" * 4)),
            "SLOW": StationRecord(password_hash=hash_password(b"correct horse", b"pepper" * 3)),
            "TLS": StationRecord(profile=SecurityProfile.BASIC_OVER_TLS, password_hash=hash_key(KEY, b"salt" * 4)),
            "CERT": StationRecord(profile=SecurityProfile.MUTUAL_TLS),
            "HELD": StationRecord(approved=False, profile=SecurityProfile.NONE),
        }
        self.held: list[StationId] = []

    async def look_up(self, station: StationId) -> tuple[TenantRecord | None, StationRecord | None]:
        return self.tenants.get(station.tenant), self.stations.get(station.identity)

    def hold(self, station: StationId, address: str) -> None:
        assert address
        self.held.append(station)

    def took_password(self, station: StationId, password_hash_next: str) -> None:
        record = self.stations[station.identity]
        self.stations[station.identity] = replace(record, password_hash=password_hash_next, password_hash_next="")


class Kept:
    """A sink in memory: what was committed, how, and what shall happen next time."""

    def __init__(self) -> None:
        self.events: list[StationEvent] = []
        self.groups: list[int] = []
        self.takes_s = 0.0
        self.fail: Exception | None = None
        self.gate = asyncio.Event()
        self.gate.set()

    async def commit(self, events: Sequence[StationEvent]) -> None:
        await self.gate.wait()
        await asyncio.sleep(self.takes_s)
        if self.fail:
            raise self.fail
        self.events += events
        self.groups.append(len(events))

    def words(self) -> list[str]:
        return [event.info if isinstance(event, StatusChanged) else type(event).__name__ for event in self.events]


@dataclass
class Running:
    """A server that listens on the loopback, and what it is wired to."""

    server: OcppServer
    port: int
    tls_port: int
    book: Book
    sink: Kept
    ca: trustme.CA
    desks: list[YesDesk]
    commands: int = 0

    def url(self, identity: str, tenant: str = "depot", *, tls: bool = False) -> str:
        base = f"wss://localhost:{self.tls_port}" if tls else f"ws://localhost:{self.port}"
        return f"{base}/ocpp/{tenant}/{identity}"

    def desk(self) -> YesDesk:
        return self.desks[-1]

    async def send(self, identity: str, request: Wire, **terms: Any) -> CommandSettled:
        self.commands += 1
        command = Send(command_id=str(self.commands), request=request, terms=Terms(**terms))
        return await self.server.command(StationId("depot", identity), command)


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> tuple[trustme.CA, Path, Path, Path]:
    """A certificate authority of our own, and files: the server's certificate and key, the authority's certificate."""
    folder = tmp_path_factory.mktemp("tls")
    ca = trustme.CA()
    server = ca.issue_cert("localhost")
    certificate, key, authority = folder / "server.pem", folder / "server.key", folder / "ca.pem"
    certificate.write_bytes(b"".join(blob.bytes() for blob in server.cert_chain_pems))
    key.write_bytes(server.private_key_pem.bytes())
    authority.write_bytes(ca.cert_pem.bytes())
    return ca, certificate, key, authority


Serve = Callable[..., Any]


@pytest.fixture
def serve(authority: tuple[trustme.CA, Path, Path, Path]) -> Serve:
    """Run a server for the length of a ``with``."""

    @asynccontextmanager
    async def run(limits: ServerLimits | None = None) -> AsyncIterator[Running]:
        ca, certificate, key, ca_file = authority
        book, sink, desks = Book(), Kept(), list[YesDesk]()

        def desk_for(station: StationId, dialect: Dialect) -> YesDesk:
            desks.append(YesDesk(station, dialect))
            return desks[-1]

        server = OcppServer(
            desk_for=desk_for, directory=book, sink=sink, clock=now, secret=b"s" * 32, name="t", limits=limits
        )
        port = await server.listen("localhost", 0)
        tls_port = await server.listen("localhost", 0, server_tls(certificate, key, ca_file))
        try:
            yield Running(server, port, tls_port, book, sink, ca, desks)
        finally:
            sink.gate.set()
            await server.drain(0.5)

    return run


@pytest.fixture
def play() -> Callable[[Awaitable[None]], None]:
    """Run one test to its end, half a minute at most."""

    def run(what: Awaitable[None]) -> None:
        asyncio.run(asyncio.wait_for(what, 30))  # type: ignore[arg-type]

    return run


@pytest.fixture
def until() -> Callable[..., Awaitable[None]]:
    """Wait for something to become true, two seconds at most."""

    async def wait(what: Callable[[], object]) -> None:
        for _ in range(400):
            if what():
                return
            await asyncio.sleep(0.005)
        raise AssertionError("it did not become true within two seconds")

    return wait


@pytest.fixture
def yes_desk() -> Any:
    """A desk by itself; ``at`` is an instant."""
    desk: Any = YesDesk(StationId("t", "s"), OCPP16)
    desk.at = now()
    return desk
