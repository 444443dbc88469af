"""`evenload serve` as a process of its own: what it acknowledged survives its sudden death."""

import asyncio
import json
import signal
import ssl
import subprocess
import sys
import time
from base64 import b64encode
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import trustme
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidStatus, WebSocketException

from evenload.app.bootstrap import Address
from evenload.cli import main
from evenload.domain.station import StationId
from evenload.domain.station_readings import Quality
from evenload.service.rows import TransactionRow
from evenload.store.sql.store import opened

STATIONS = 30
START = datetime(2026, 3, 1, 12, tzinfo=UTC)


class Server:
    """`evenload serve --ocpp` on a free port, which it keeps over restarts."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.folder = folder
        self.port = 0
        self.said = ""
        self._options = options

    def start(self) -> None:
        command = [sys.executable, "-m", "evenload", "serve", "--ocpp", "--port", str(self.port), *self._options]
        with (self.folder / "log.txt").open("a") as log:
            self.process = subprocess.Popen(command, cwd=self.folder, stdout=subprocess.PIPE, stderr=log, text=True)
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.said += line
            if "/ocpp/home/" in line:
                self.port = int(line.partition("/ocpp/")[0].rpartition(":")[2])
            if "not encrypted" in line or "wss://" in line:
                return
        raise AssertionError((self.folder / "log.txt").read_text())

    def kill(self) -> None:
        self.process.kill()
        self._end()

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self._end()

    def _end(self) -> int:
        code = self.process.wait(15)
        if self.process.stdout is not None:
            self.process.stdout.close()
        return code

    @property
    def log(self) -> str:
        return (self.folder / "log.txt").read_text()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    made = Server(tmp_path, "--accept-unknown")
    made.start()
    yield made
    if made.process.poll() is None:
        made.kill()


Script = Iterator[tuple[str, dict[str, Any]]]


@dataclass
class Client:
    """A station that sends one message after the other, each until it is answered, whatever happens to the line."""

    identity: str
    subprotocol: str
    script: Callable[["Client"], Script]
    acknowledged: list[tuple[str, dict[str, Any], dict[str, Any]]] = field(default_factory=list)
    last: dict[str, Any] = field(default_factory=dict)
    repeated: int = 0

    async def run(self, url: str, stop: asyncio.Event) -> None:
        script = self.script(self)
        action, body = next(script)
        numbers = count()
        while not stop.is_set():
            try:
                async with self._line(url) as socket:
                    while not stop.is_set():
                        self.last = await self._ask(socket, f"{self.identity}-{next(numbers)}", action, body)
                        self.acknowledged.append((action, body, self.last))
                        action, body = next(script)
            except (OSError, WebSocketException, TimeoutError):
                self.repeated += 1
                await asyncio.sleep(0.1)

    @asynccontextmanager
    async def _line(self, url: str) -> AsyncIterator[ClientConnection]:
        async with connect(f"{url}/{self.identity}", subprotocols=[self.subprotocol], open_timeout=3) as socket:  # type: ignore[list-item]
            boot = {"chargePointVendor": "v", "chargePointModel": "m"}
            if self.subprotocol != "ocpp1.6":
                boot = {"reason": "PowerUp", "chargingStation": {"vendorName": "v", "model": "m"}}  # type: ignore[dict-item]
            assert (await self._ask(socket, "b", "BootNotification", boot))["status"] == "Accepted"
            yield socket

    async def _ask(self, socket: ClientConnection, own_id: str, action: str, body: dict[str, Any]) -> dict[str, Any]:
        await socket.send(json.dumps([2, own_id, action, body]))
        while True:
            frame = json.loads(await asyncio.wait_for(socket.recv(), 10))
            if frame[0] == 3 and frame[1] == own_id:
                return dict(frame[2])
            if frame[0] == 2:
                await socket.send(json.dumps([4, frame[1], "NotSupported", "", {}]))
            else:
                assert frame[0] != 4, frame


def instants() -> Iterator[str]:
    return ((START + timedelta(seconds=n, microseconds=n)).isoformat() for n in count())


def script16(client: Client) -> Script:
    at = instants()
    for register in count():
        yield "StartTransaction", {"connectorId": 1, "idTag": "tag", "meterStart": register, "timestamp": next(at)}
        own_id = client.last["transactionId"]
        yield "StopTransaction", {"transactionId": own_id, "meterStop": register + 1, "timestamp": next(at)}


def script201(client: Client) -> Script:
    at = instants()
    for number in count():
        info = {"transactionId": f"{client.identity}-{number}"}
        for sequence, kind in enumerate(("Started", "Updated", "Updated", "Ended")):
            yield "TransactionEvent", {
                "eventType": kind, "timestamp": next(at), "triggerReason": "Authorized", "seqNo": sequence,
                "transactionInfo": info, "evse": {"id": 1, "connectorId": 1},
            }  # fmt: skip


async def load(server: Server, clients: list[Client]) -> None:
    """Everybody talks; the server is killed three times in the midst of it, and started again."""
    stop = asyncio.Event()
    url = f"ws://127.0.0.1:{server.port}/ocpp/home"
    talking = [asyncio.create_task(one.run(url, stop)) for one in clients]
    for _ in range(3):
        said = sum(len(one.acknowledged) for one in clients)
        while sum(len(one.acknowledged) for one in clients) < said + 20 * STATIONS:
            await asyncio.sleep(0.02)
        server.kill()
        await asyncio.to_thread(server.start)
    said = sum(len(one.acknowledged) for one in clients)
    while sum(len(one.acknowledged) for one in clients) < said + 5 * STATIONS:
        await asyncio.sleep(0.02)
    stop.set()
    await asyncio.gather(*talking)


@pytest.mark.slow
@pytest.mark.requirement("R77")
def test_kill_9_under_load_loses_nothing_that_was_acknowledged(server: Server) -> None:
    half = STATIONS // 2
    clients = [Client(f"A{n}", "ocpp1.6", script16) for n in range(half)]
    clients += [Client(f"B{n}", "ocpp2.0.1", script201) for n in range(half)]
    asyncio.run(asyncio.wait_for(load(server, clients), 60))
    assert server.stop() == 0
    assert sum(one.repeated for one in clients) >= 2 * STATIONS
    with opened(server.folder / "evenload.db", make=False) as store, store.reading() as unit:
        kept = {row.key: row for row in unit.transactions.last("home", 1_000_000)}
        logged = {(row.station.identity, row.kind, row.at) for row in unit.events.last("home", 1_000_000)}
    for one in clients:
        check = check16 if one.subprotocol == "ocpp1.6" else check201
        check(one, kept)
        for _, body, _ in one.acknowledged:
            if "eventType" in body:
                kind = f"Transaction{body['eventType']}"
                assert (one.identity, kind, datetime.fromisoformat(body["timestamp"])) in logged
    numbers = [row.transaction_id for key, row in kept.items() if key[0].identity.startswith("A")]
    assert len(numbers) == len(set(numbers))


Kept = dict[tuple[StationId, str], TransactionRow]


def check16(client: Client, kept: Kept) -> None:
    """Each acknowledged start and stop is there, once, and nothing that was never said."""
    own = {row.started_at: row for key, row in kept.items() if key[0].identity == client.identity}
    starts = [(body, answer) for action, body, answer in client.acknowledged if action == "StartTransaction"]
    stops = [body for action, body, _ in client.acknowledged if action == "StopTransaction"]
    for body, answer in starts:
        row = own[datetime.fromisoformat(body["timestamp"])]
        assert (row.transaction_id, row.register_kwh_start) == (str(answer["transactionId"]), body["meterStart"] / 1000)
    for body in stops:
        row = kept[StationId("home", client.identity), str(body["transactionId"])]
        assert (row.ended, row.ended_at) == (Quality.MEASURED, datetime.fromisoformat(body["timestamp"]))
        assert row.energy_kwh == pytest.approx(0.001)
    assert len(starts) <= len(own) <= len(starts) + 1  # one more at most: kept, and its answer lost


def check201(client: Client, kept: Kept) -> None:
    for _, body, _ in client.acknowledged:
        row = kept[StationId("home", client.identity), body["transactionInfo"]["transactionId"]]
        assert row.sequence is not None
        assert row.sequence >= body["seqNo"]
        if body["eventType"] == "Ended":
            assert (row.ended, row.ended_at) == (Quality.MEASURED, datetime.fromisoformat(body["timestamp"]))


async def knock(url: str, password: str = "", tls: ssl.SSLContext | None = None) -> int:
    """The HTTP status that a station gets."""
    headers = {"Authorization": f"Basic {b64encode(f'CP1:{password}'.encode()).decode()}"} if password else {}
    try:
        async with connect(f"{url}/CP1", subprotocols=["ocpp1.6"], additional_headers=headers, ssl=tls):  # type: ignore[list-item]
            return 101
    except InvalidStatus as refused:
        return refused.response.status_code


@pytest.mark.slow
def test_an_unknown_station_is_held_until_somebody_approves_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    server = Server(tmp_path)
    server.start()
    url, database = f"ws://127.0.0.1:{server.port}/ocpp/home", ("--database", str(tmp_path / "evenload.db"))
    assert "evenload ocpp approve IDENTITY" in server.said
    assert asyncio.run(knock(url)) == 404
    assert asyncio.run(knock(url.replace("home", "nobody"))) == 404
    time.sleep(0.3)
    assert main(["ocpp", "stations", *database]) == 0
    assert "held (from 127.0.0.1" in capsys.readouterr().out
    assert main(["ocpp", "approve", "CP1", "--new-password", *database]) == 0
    password = capsys.readouterr().out.partition("this once:  ")[2].split()[0]
    time.sleep(2.1)
    assert asyncio.run(knock(url, password)) == 101
    assert (asyncio.run(knock(url, "wrong")), asyncio.run(knock(url))) == (401, 401)
    assert server.stop() == 0
    assert password not in server.log
    assert "event=held" in server.log


@pytest.mark.slow
def test_the_line_may_be_encrypted(tmp_path: Path) -> None:
    authority = trustme.CA()
    issued = authority.issue_cert("localhost", "127.0.0.1")
    issued.private_key_pem.write_to_path(tmp_path / "key.pem")
    for part in issued.cert_chain_pems:
        part.write_to_path(tmp_path / "chain.pem", append=True)
    server = Server(tmp_path, "--accept-unknown", "--tls-cert", "chain.pem", "--tls-key", "key.pem")
    server.start()
    context = ssl.create_default_context()
    authority.configure_trust(context)
    assert "wss://127.0.0.1" in server.said
    assert asyncio.run(knock(f"wss://127.0.0.1:{server.port}/ocpp/home", tls=context)) == 101
    assert server.stop() == 0


@pytest.mark.slow
def test_a_port_that_is_taken_and_a_key_that_is_none_are_sentences(server: Server, tmp_path: Path) -> None:
    started = [sys.executable, "-m", "evenload", "serve", "--ocpp", "--database", str(tmp_path / "other.db")]
    for options, words in (
        (["--port", str(server.port)], "cannot listen on 127.0.0.1 port"),
        (
            ["--port", "0", "--tls-cert", "none.pem", "--tls-key", "none.pem"],
            "certificate or key for TLS cannot be used",
        ),
    ):
        done = subprocess.run([*started, *options], capture_output=True, text=True, check=False, timeout=20)
        assert done.returncode == 2
        assert words in done.stderr
        assert "Traceback" not in done.stderr


@pytest.mark.slow
def test_a_limit_ordered_by_another_process_reaches_the_station_and_again_after_a_restart(server: Server) -> None:
    database = str(server.folder / "evenload.db")
    taken: list[float] = []

    async def station(seconds_max: float, until: int) -> None:
        url = f"ws://127.0.0.1:{server.port}/ocpp/home/CP1"
        async with connect(url, subprotocols=["ocpp1.6"]) as socket:  # type: ignore[list-item]
            boot = {"chargePointVendor": "v", "chargePointModel": "m"}
            await socket.send(json.dumps([2, "1", "BootNotification", boot]))
            deadline = time.monotonic() + seconds_max
            while time.monotonic() < deadline and len(taken) < until:
                frame = json.loads(await asyncio.wait_for(socket.recv(), seconds_max))
                if frame[0] != 2:
                    continue
                answer: dict[str, Any] = {"status": "Rejected"}
                if frame[2] == "SetChargingProfile":
                    schedule = frame[3]["csChargingProfiles"]["chargingSchedule"]
                    taken.append(schedule["chargingSchedulePeriod"][0]["limit"])
                    answer = {"status": "Accepted"}
                elif frame[2] == "GetConfiguration":
                    answer = {"configurationKey": [], "unknownKey": []}
                await socket.send(json.dumps([3, frame[1], answer]))
            await asyncio.sleep(0.2)

    assert main(["ocpp", "add", "CP1", "--database", database]) == 0
    assert main(["ocpp", "set-limit", "CP1", "--kw", "6.9", "--evse", "1", "--no-wait", "--database", database]) == 0
    asyncio.run(station(8, 1))
    assert len(taken) == 1
    server.kill()
    server.start()
    asyncio.run(station(8, 2))
    assert len(taken) == 2
    assert taken[0] == taken[1]
    assert server.stop() == 0
    with opened(Path(database), make=False) as store, store.reading() as unit:
        (order,) = unit.orders.last("home", 10)
    assert order.settlement == "done"


def test_a_dry_run_and_variables_that_are_no_settings_are_said_at_the_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("EVENLOAD_PROT", "1")
    monkeypatch.setattr("evenload.app.log.set_up_logs", lambda *_: None)
    monkeypatch.setattr("evenload.app.bootstrap.serve", lambda chosen, ready: ready(Address(chosen.host, 9000, False)))
    assert main(["serve", "--dry-run"]) == 0
    said = capsys.readouterr()
    assert "A dry run: what would be told is logged, and no station is told anything." in said.out
    assert "EVENLOAD_PROT is no setting and has no effect. Did you mean 'EVENLOAD_PORT'?" in said.err
    assert main(["serve"]) == 0
    assert "dry run" not in capsys.readouterr().out
