"""The security life of a station over real TLS: its own certificate, another password, the end of its access."""

import asyncio
import json
import logging
import ssl
from base64 import b64encode
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from evenload.app.access import Access
from evenload.app.certificates import Certificates
from evenload.app.clock import utc_now
from evenload.app.delivery import Delivery
from evenload.app.desks import Desks
from evenload.app.directory import StoreDirectory
from evenload.app.sink import StoreSink
from evenload.domain.station import StationId, TokenStatus
from evenload.domain.station_commands import ChangePassword, Trigger, Wanted
from evenload.net.authority import load_authority
from evenload.net.ocpp_server import OcppServer
from evenload.net.password import hash_key
from evenload.net.ports import TenantRecord
from evenload.net.tls import server_tls
from evenload.ocpp.dossier import DeskPolicy
from evenload.service import admission, station_access
from evenload.service.admission import Credentials
from evenload.store.memory import MemoryStore

pytestmark = pytest.mark.requirement("R79")

A = StationId("home", "CP1")
KEY = b"0123456789abcdef0123456789abcdef01234567"
VERSIONS = ("ocpp1.6", "ocpp2.0.1")
BOOT: dict[str, Any] = {
    "ocpp1.6": {"chargePointVendor": "V", "chargePointModel": "M"},
    "ocpp2.0.1": {"reason": "PowerUp", "chargingStation": {"vendorName": "V", "model": "M"}},
}


class Files:
    """The server's certificate and the stations' authority, as files; a private key of a station."""

    def __init__(self, folder: Path) -> None:
        self.ca = trustme.CA()
        self.stations = trustme.CA(organization_name="Operator")
        issued = self.ca.issue_cert("localhost")
        self.certificate, self.key = folder / "server.pem", folder / "server.key"
        self.stations_ca, self.stations_ca_key = folder / "stations.pem", folder / "stations.key"
        self.certificate.write_bytes(b"".join(one.bytes() for one in issued.cert_chain_pems))
        self.key.write_bytes(issued.private_key_pem.bytes())
        self.stations_ca.write_bytes(self.stations.cert_pem.bytes())
        self.stations_ca_key.write_bytes(self.stations.private_key_pem.bytes())
        self.folder = folder
        self.private = ec.generate_private_key(ec.SECP256R1())

    def request(self, name: str) -> str:
        subject = x509.Name([
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Whatever it says"),
            x509.NameAttribute(NameOID.COMMON_NAME, name),
        ])  # fmt: skip
        request = x509.CertificateSigningRequestBuilder().subject_name(subject).sign(self.private, hashes.SHA256())
        return request.public_bytes(serialization.Encoding.PEM).decode()

    def client_tls(self, chain_pem: str = "") -> ssl.SSLContext:
        context = ssl.create_default_context()
        self.ca.configure_trust(context)
        if chain_pem:
            key = self.private.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
            (self.folder / "station.pem").write_text(chain_pem + key.decode())
            context.load_cert_chain(self.folder / "station.pem")
        return context


class House:
    """A server as the composition root puts it together, over a store in memory that outlives it."""

    def __init__(self, store: MemoryStore, files: Files) -> None:
        self.store = store
        self.files = files
        self.port = 0

    @asynccontextmanager
    async def open(self, *, welcome: bool = False) -> AsyncIterator["House"]:
        files = self.files
        with ThreadPoolExecutor(1) as writer:
            authority = load_authority(files.stations_ca, files.stations_ca_key, 30)
            desks = Desks(self.store, DeskPolicy(signs_certificates=True), utc_now, TokenStatus.ACCEPTED)
            directory = StoreDirectory(self.store, writer, {"home": TenantRecord()}, utc_now, welcome=welcome)
            sink = StoreSink(self.store, writer, lambda _: None)
            server = OcppServer(
                desk_for=desks.desk_for, directory=directory, clock=utc_now, secret=b"s" * 32, name="t",
                sink=Certificates(sink, self.store, writer, authority, utc_now),
            )  # fmt: skip
            tls = server_tls(files.certificate, files.key, files.stations_ca)
            self.port = await server.listen("localhost", 0, tls)
            access = Access(self.store, writer, server, sink, directory, desks, utc_now)
            delivery = asyncio.ensure_future(Delivery(self.store, server, desks, utc_now, access.carry_out).run())
            try:
                yield self
            finally:
                delivery.cancel()
                await asyncio.gather(delivery, return_exceptions=True)
                await server.drain(0.2)

    def kinds(self) -> list[str]:
        with self.store.reading() as unit:
            return [row.kind for row in unit.events.last("home", 1000)]

    def everything(self) -> str:
        return repr(self.store._unit)  # every row and every field that a store would write down

    def row(self) -> Any:
        with self.store.reading() as unit:
            return unit.stations.find(A)


def password(command_id: str) -> ChangePassword:
    return ChangePassword(command_id=command_id)


def renewal(command_id: str) -> Trigger:
    return Trigger(command_id=command_id, wanted=Wanted.CERTIFICATE)


class Puppet:
    """A station that answers as it is told to: an answer by action, a text for an error, ``None`` for silence."""

    def __init__(self, house: House, version: str, **answers: Any) -> None:
        self.house = house
        self.version = version
        self.answers = answers
        self.told: dict[str, dict[str, Any]] = {}
        self.closed = asyncio.Event()

    @asynccontextmanager
    async def on_line(self, password: bytes | None = None, chain_pem: str = "") -> AsyncIterator["Puppet"]:
        headers = {}
        if password is not None:
            headers["Authorization"] = "Basic " + b64encode(A.identity.encode() + b":" + password).decode()
        url = f"wss://localhost:{self.house.port}/ocpp/home/{A.identity}"
        async with connect(
            url, subprotocols=[self.version], additional_headers=headers,  # type: ignore[list-item]
            ssl=self.house.files.client_tls(chain_pem),
        ) as self.line:  # fmt: skip
            self.closed.clear()
            reading = asyncio.ensure_future(self._read(self.line))
            await self.say("BootNotification", BOOT[self.version])
            try:
                yield self
            finally:
                reading.cancel()

    async def say(self, action: str, payload: dict[str, Any]) -> None:
        await self.line.send(json.dumps([2, action, action, payload]))

    async def _read(self, line: ClientConnection) -> None:
        with suppress(ConnectionClosed):
            async for text in line:
                kind, name, *rest = json.loads(text)
                if kind == 2:
                    await self._answer(line, name, *rest)
        self.closed.set()

    async def _answer(self, line: ClientConnection, name: str, action: str, payload: dict[str, Any]) -> None:
        said = json.dumps(payload)
        answer = self.answers.get(action, "not here")
        if (
            "AuthorizationKey" in said
            or "BasicAuthPassword" in said
            or action not in ("ChangeConfiguration", "SetVariables")
        ):
            self.told[action] = payload
        else:
            answer = "not here"
        if callable(answer):
            answer = answer(payload)
        if isinstance(answer, str):
            await line.send(json.dumps([4, name, "NotSupported", answer, {}]))
        elif answer is not None:
            await line.send(json.dumps([3, name, answer]))

    def password(self) -> str:
        if self.version == "ocpp1.6":
            assert self.told["ChangeConfiguration"]["key"] == "AuthorizationKey"
            return str(self.told["ChangeConfiguration"]["value"])
        (one,) = self.told["SetVariables"]["setVariableData"]
        assert (one["component"]["name"], one["variable"]["name"]) == ("SecurityCtrlr", "BasicAuthPassword")
        return str(one["attributeValue"])


def takes_password(version: str, status: str = "Accepted") -> dict[str, Any]:
    if version == "ocpp1.6":
        return {"ChangeConfiguration": {"status": status}}

    def answer(payload: dict[str, Any]) -> dict[str, Any]:
        told = [{**one, "attributeStatus": status} for one in payload["setVariableData"]]
        return {"setVariableResult": [{key: one[key] for key in one if key != "attributeValue"} for one in told]}

    return {"SetVariables": answer}


async def until(what: Callable[[], object]) -> None:
    for _ in range(800):
        if what():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it did not become true within eight seconds")


async def status(puppet: Puppet, password: bytes | None = None, chain_pem: str = "") -> int:
    try:
        async with puppet.on_line(password, chain_pem):
            return 101
    except InvalidStatus as refused:
        return int(refused.response.status_code)


@pytest.fixture
def house(tmp_path: Path) -> House:
    store = MemoryStore()
    admission.add(store, A, Credentials(2, hash_key(KEY, b"salt" * 4)), utc_now())
    return House(store, Files(tmp_path))


def play(scene: Callable[[], Awaitable[None]]) -> None:
    asyncio.run(asyncio.wait_for(scene(), 30))


@pytest.mark.parametrize("version", VERSIONS)
def test_a02_and_a05_and_16_a02_and_16_a05_a_station_gets_its_certificate_and_comes_in_by_it(
    house: House, version: str
) -> None:
    async def scene() -> None:
        async with house.open():
            accepted = {"status": "Accepted"}
            puppet = Puppet(house, version, ExtendedTriggerMessage=accepted, TriggerMessage=accepted,
                            CertificateSigned=accepted)  # fmt: skip
            async with puppet.on_line(KEY):
                station_access.order_renewal(house.store, A, renewal("renew"), utc_now())
                trigger = "ExtendedTriggerMessage" if version == "ocpp1.6" else "TriggerMessage"
                await until(lambda: trigger in puppet.told)
                assert "Sign" in puppet.told[trigger]["requestedMessage"]
                await puppet.say("SignCertificate", {"csr": house.files.request("CP1")})
                await until(lambda: "CertificateSigned" in puppet.told)
                chain = puppet.told["CertificateSigned"]["certificateChain"]
                await until(lambda: house.kinds().count("CommandSettled") >= 2)
            admission.approve(house.store, A, Credentials(3))
            await asyncio.sleep(2.1)  # what the door read of a station is good for two seconds
            assert await status(puppet, chain_pem=chain) == 101
            assert await status(puppet, KEY) == 401  # the lower profile is over
            admission.add(house.store, StationId("home", "CP2"), Credentials(3), utc_now())
            with pytest.raises(InvalidStatus) as refused:
                await connect(f"wss://localhost:{house.port}/ocpp/home/CP2", subprotocols=[version],  # type: ignore[list-item]
                              ssl=house.files.client_tls(chain))  # fmt: skip
            assert refused.value.response.status_code == 401
        certificate = x509.load_pem_x509_certificate(chain.encode())
        assert certificate.subject.rfc4514_string() == "CN=CP1,O=Operator"
        assert certificate.not_valid_after_utc - utc_now() < timedelta(days=30)
        assert "CertificateIssued" in house.kinds()

    play(scene)


@pytest.mark.parametrize("version", VERSIONS)
def test_a03_and_16_a03_a_station_that_asks_by_itself_gets_a_certificate(house: House, version: str) -> None:
    async def scene() -> None:
        async with house.open():
            puppet = Puppet(house, version, CertificateSigned={"status": "Accepted"})
            async with puppet.on_line(KEY):
                await puppet.say("SignCertificate", {"csr": house.files.request("CP1")})
                await until(lambda: "CertificateSigned" in puppet.told)
                await until(lambda: "CommandSettled" in house.kinds())
        [certificate, *_] = x509.load_pem_x509_certificates(
            puppet.told["CertificateSigned"]["certificateChain"].encode()
        )
        assert certificate.public_key() == house.files.private.public_key()
        assert certificate.subject.rfc4514_string() == "CN=CP1,O=Operator"

    play(scene)


def test_a03_a_request_for_another_name_is_refused_with_the_reason_and_the_next_is_too_soon(house: House) -> None:
    async def scene() -> None:
        async with house.open():
            puppet = Puppet(house, "ocpp2.0.1", CertificateSigned={"status": "Accepted"})
            async with puppet.on_line(KEY):
                await puppet.say("SignCertificate", {"csr": house.files.request("CP2")})
                await until(lambda: house.kinds().count("CertificateRefused") == 1)
                await puppet.say("SignCertificate", {"csr": house.files.request("CP1")})
                await until(lambda: house.kinds().count("CertificateRefused") == 2)
                v2g = {"csr": house.files.request("CP1"), "certificateType": "V2GCertificate"}
                await puppet.say("SignCertificate", v2g)
                await until(lambda: house.kinds().count("CertificateRefused") == 3)
                assert "CertificateSigned" not in puppet.told
        with house.store.reading() as unit:
            bodies = [row.body for row in unit.events.last("home", 100) if row.kind == "CertificateRefused"]
        assert ["'CP2'" in bodies[0], "seconds ago" in bodies[1], "V2G" in bodies[2]] == [True] * 3

    play(scene)


@pytest.mark.parametrize("version", VERSIONS)
def test_a01_and_16_a01_another_password_is_taken_and_then_the_only_one(
    house: House, version: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "evenload")

    async def scene() -> None:
        async with house.open():
            puppet = Puppet(house, version, **takes_password(version))
            async with puppet.on_line(KEY):
                station_access.order_password(house.store, A, password("new"), utc_now())
                await asyncio.wait_for(puppet.closed.wait(), 8)
            new = puppet.password()
            assert len(new) == 40
            assert await status(puppet, KEY) == 101  # it may have died before it wrote the other one down
            forms = (new.encode(), bytes.fromhex(new), new.upper().encode())
            assert [await status(puppet, one) for one in forms] == [101, 101, 101]
            await until(lambda: not house.row().password_hash_next)
            await asyncio.sleep(2.1)
            assert [await status(puppet, KEY), await status(puppet, new.encode())] == [401, 101]
        kept = house.everything()
        assert "AccessChanged" in kept
        for secret in (new, new.upper(), KEY.decode()):
            assert secret not in kept
            assert secret not in caplog.text

    play(scene)


@pytest.mark.parametrize("version", VERSIONS)
def test_a01_and_16_a01_a_station_that_refuses_keeps_its_password_and_what_it_says_again_is_hidden(
    house: House, version: str
) -> None:
    def tells(payload: dict[str, Any]) -> str:
        return f"I do not want {payload}"

    async def scene() -> None:
        async with house.open():
            puppet = Puppet(house, version, ChangeConfiguration=tells, SetVariables=tells)
            async with puppet.on_line(KEY):
                station_access.order_password(house.store, A, password("new"), utc_now())
                await until(lambda: house.kinds().count("CommandSettled") == 1)
                await until(lambda: not house.row().password_hash_next)
                assert not puppet.closed.is_set()
            assert await status(puppet, puppet.password().encode()) == 401
            await asyncio.sleep(1.1)  # who failed waits a second
            assert await status(puppet, KEY) == 101
        assert "(hidden)" in house.everything()
        assert puppet.password() not in house.everything()

    play(scene)


@pytest.mark.parametrize("took_it", [True, False])
def test_16_a01_a_server_that_dies_in_between_locks_nobody_out(house: House, took_it: bool) -> None:
    async def scene() -> None:
        puppet = Puppet(house, "ocpp1.6", ChangeConfiguration=lambda _: None)  # it took it, yet its answer is lost
        async with house.open(), puppet.on_line(KEY):
            station_access.order_password(house.store, A, password("new"), utc_now())
            await until(lambda: "ChangeConfiguration" in puppet.told)
        lost = puppet.password()
        puppet.answers = takes_password("ocpp1.6")
        async with house.open():
            if took_it:
                assert await status(puppet, lost.encode()) == 101
                await until(lambda: not house.row().password_hash_next)
                await asyncio.sleep(2.1)
                assert await status(puppet, KEY) == 401
            else:
                async with puppet.on_line(KEY):
                    await asyncio.wait_for(puppet.closed.wait(), 8)
                assert puppet.password() != lost
                assert await status(puppet, puppet.password().encode()) == 101
            left = house.store._unit.orders.to_give
            await until(lambda: not [one for one in left(0) if one.kind == "ChangePassword"])

    play(scene)


@pytest.mark.parametrize("welcome", [False, True])
def test_a_revoked_station_is_out_within_seconds_and_stays_out_until_approved(house: House, welcome: bool) -> None:
    async def scene() -> None:
        async with house.open(welcome=welcome):
            puppet = Puppet(house, "ocpp1.6")
            async with puppet.on_line(KEY):
                station_access.revoke(house.store, A, "out", utc_now())
                await asyncio.wait_for(puppet.closed.wait(), 3)
            assert await status(puppet, KEY) == 404
            admission.approve(house.store, A)
            await asyncio.sleep(2.1)
            assert await status(puppet, KEY) == 101
            await until(lambda: "CommandSettled" in house.kinds())

    play(scene)


def test_a_removed_station_is_forgotten_and_unknown_when_it_knocks_again(house: House) -> None:
    async def scene() -> None:
        async with house.open():
            puppet = Puppet(house, "ocpp1.6")
            async with puppet.on_line(KEY):
                await until(lambda: "StationBooted" in house.kinds())
                station_access.remove(house.store, A, "gone", utc_now())
                await asyncio.wait_for(puppet.closed.wait(), 3)
            await until(lambda: "StationLost" in house.kinds())
            assert house.row() is None
            assert await status(puppet, KEY) == 404
            await until(lambda: house.row() is not None)
            assert not house.row().approved

    play(scene)
