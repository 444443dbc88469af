"""`evenload serve` as a process of its own, over real TLS: other certificates and passwords, and the end of access."""

import asyncio
import json
import signal
import ssl
import subprocess
import sys
import time
from base64 import b64encode
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import trustme
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidMessage, InvalidStatus

from evenload.cli import main

pytestmark = [pytest.mark.slow, pytest.mark.requirement("R79")]

PASSWORD = "correct horse battery staple"  # noqa: S105
BOOT = [2, "b", "BootNotification", {"chargePointVendor": "v", "chargePointModel": "m"}]


def command_of(*options: str) -> list[str]:
    tls = ("--tls-cert", "chain.pem", "--tls-key", "key.pem")
    return [sys.executable, "-m", "evenload", "serve", "--ocpp", "--port", "0", *tls, *options]


class Server:
    """A server with certificates of its own, in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.database = ("--database", str(folder / "evenload.db"))
        self.ca, self.stations = self.renew(), trustme.CA()
        (folder / "stations.pem").write_bytes(self.stations.cert_pem.bytes())
        (folder / "stations.key").write_bytes(self.stations.private_key_pem.bytes())
        (folder / "password").write_text(PASSWORD)
        assert main(["ocpp", "add", "CP1", "--password-from", str(folder / "password"), *self.database]) == 0

    def renew(self) -> trustme.CA:
        ca = trustme.CA()
        issued = ca.issue_cert("localhost", "127.0.0.1")
        (self.folder / "chain.pem").write_bytes(issued.cert_chain_pems[0].bytes())
        (self.folder / "key.pem").write_bytes(issued.private_key_pem.bytes())
        return ca

    def start(self) -> None:
        command = command_of("--stations-ca", "stations.pem", "--stations-ca-key", "stations.key")
        with (self.folder / "log.txt").open("w") as log:
            self.process = subprocess.Popen(command, cwd=self.folder, stdout=subprocess.PIPE, stderr=log, text=True)
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if "/ocpp/home/" in line:
                self.port = int(line.partition("/ocpp/")[0].rpartition(":")[2])
                return
        raise AssertionError(self.log)

    @property
    def log(self) -> str:
        return (self.folder / "log.txt").read_text()

    def logs(self, words: str, count: int = 1) -> None:
        deadline = time.monotonic() + 12
        while self.log.count(words) < count:
            assert time.monotonic() < deadline, self.log
            time.sleep(0.05)

    def line(self, ca: trustme.CA, password: str) -> connect:
        tls = ssl.create_default_context()
        ca.configure_trust(tls)
        headers = {"Authorization": f"Basic {b64encode(f'CP1:{password}'.encode()).decode()}"}
        url = f"wss://127.0.0.1:{self.port}/ocpp/home/CP1"
        return connect(url, subprotocols=["ocpp1.6"], additional_headers=headers, ssl=tls)  # type: ignore[list-item]

    async def status(self, ca: trustme.CA, password: str) -> int:
        try:
            async with self.line(ca, password):
                return 101
        except InvalidStatus as refused:
            return int(refused.response.status_code)
        except (OSError, InvalidMessage):
            return 0


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    made = Server(tmp_path)
    made.start()
    yield made
    made.process.kill()
    made.process.wait(10)
    if made.process.stdout:
        made.process.stdout.close()


async def told(socket: ClientConnection, wanted: Callable[[list[object]], bool]) -> list[object]:
    """The call that is wanted; all others are answered as unknown, this one as accepted."""
    await socket.send(json.dumps(BOOT))
    while True:
        frame = json.loads(await asyncio.wait_for(socket.recv(), 10))
        if frame[0] == 2 and wanted(frame):
            await socket.send(json.dumps([3, frame[1], {"status": "Accepted"}]))
            return list(frame)
        if frame[0] == 2:
            await socket.send(json.dumps([4, frame[1], "NotSupported", "", {}]))


def test_certificates_change_without_a_restart_and_without_a_station_noticing(server: Server) -> None:
    async def scene() -> None:
        async with server.line(server.ca, PASSWORD) as socket:
            other = server.renew()
            server.process.send_signal(signal.SIGHUP)
            await asyncio.to_thread(server.logs, "event=certificates_reloaded")
            assert await server.status(server.ca, PASSWORD) == 0
            await (await socket.ping())
            third = server.renew()  # and by themselves, as a program for certificates leaves it
            await asyncio.to_thread(server.logs, "event=certificates_reloaded", 2)
            assert [await server.status(one, PASSWORD) for one in (other, third)] == [0, 101]
            (server.folder / "key.pem").write_text("half a ke")
            await asyncio.to_thread(server.logs, "event=certificates_kept")
            assert await server.status(third, PASSWORD) == 101

    asyncio.run(asyncio.wait_for(scene(), 60))
    server.process.send_signal(signal.SIGTERM)
    assert server.process.wait(15) == 0
    assert "Traceback" not in server.log


def test_a_password_is_changed_and_access_taken_away_by_other_processes(server: Server) -> None:
    async def scene() -> str:
        async with server.line(server.ca, PASSWORD) as socket:
            await asyncio.to_thread(main, ["ocpp", "new-password", "CP1", *server.database])
            frame = await told(socket, lambda one: "AuthorizationKey" in json.dumps(one))
            new = str(frame[3]["value"])  # type: ignore[index]
            await asyncio.wait_for(socket.wait_closed(), 10)
        async with server.line(server.ca, new) as socket:
            await asyncio.to_thread(server.logs, "event=password_changed")
            await asyncio.sleep(2.1)
            assert await server.status(server.ca, PASSWORD) == 401
            await asyncio.to_thread(main, ["ocpp", "revoke", "CP1", *server.database])
            began = time.monotonic()
            await asyncio.wait_for(socket.wait_closed(), 10)
            assert time.monotonic() - began < 3
        assert await server.status(server.ca, new) == 404
        return new

    new = asyncio.run(asyncio.wait_for(scene(), 60))
    server.process.send_signal(signal.SIGTERM)
    assert server.process.wait(15) == 0
    for file in server.folder.glob("evenload.db*"):
        assert new.encode() not in file.read_bytes()
    assert server.log.count("event=password_changed") == 1
    assert new not in server.log
    assert PASSWORD not in server.log
    assert "Traceback" not in server.log


def test_files_that_cannot_sign_are_a_sentence(server: Server) -> None:
    command = command_of("--stations-ca", "stations.pem", "--stations-ca-key", "key.pem", "--database", "b.db")
    done = subprocess.run(command, cwd=server.folder, capture_output=True, text=True, check=False, timeout=20)
    assert done.returncode == 2
    assert "the key in key.pem belongs to none of the certificates in stations.pem" in done.stderr
    assert "Traceback" not in done.stderr
