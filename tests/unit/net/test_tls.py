"""TLS: files that cannot be used, and other certificates while the server runs (real handshakes)."""

import asyncio
import socket
import ssl
from pathlib import Path
from typing import Any

import pytest
import trustme
from cryptography.hazmat.primitives import serialization
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidMessage, InvalidStatus

from evenload.base.errors import InputError
from evenload.net.ocpp_server import ServerLimits
from evenload.net.tls import server_tls

pytestmark = pytest.mark.requirement("R79")


def written(folder: Path, issued: Any, name: str = "server") -> tuple[Path, Path]:
    certificate, key = folder / f"{name}.pem", folder / f"{name}.key"
    certificate.write_bytes(b"".join(one.bytes() for one in issued.cert_chain_pems))
    key.write_bytes(issued.private_key_pem.bytes())
    return certificate, key


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ("no certificate", "server.pem cannot be read: No such file or directory"),
        ("no key", "server.key cannot be read: No such file or directory"),
        ("no authority", "ca.pem cannot be read: No such file or directory"),
        ("a folder", "server.pem cannot be read: Is a directory"),
        ("another key", "does not belong to the certificate in"),
        ("an encrypted key", "is encrypted; it has to be readable without a password"),
        ("text for a certificate", "each have to hold one in PEM"),
        ("text for a key", "each have to hold one in PEM"),
        ("an empty certificate", "each have to hold one in PEM"),
        ("text for an authority", "holds no certificate in PEM of an authority for stations"),
    ],
)
def test_files_that_cannot_be_used_are_a_sentence(tmp_path: Path, wrong: str, words: str) -> None:
    issuer = trustme.CA()
    issued = issuer.issue_cert("localhost")
    certificate, key = written(tmp_path, issued)
    authority = tmp_path / "ca.pem"
    authority.write_bytes(issuer.cert_pem.bytes())
    private = serialization.load_pem_private_key(key.read_bytes(), None)
    how = serialization.BestAvailableEncryption(b"secret")
    encrypted = private.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, how)
    written_over: dict[str, tuple[Path, bytes]] = {
        "another key": (key, issuer.issue_cert("localhost").private_key_pem.bytes()),
        "an encrypted key": (key, encrypted),
        "text for a certificate": (certificate, b"hello"),
        "text for a key": (key, b"hello"),
        "an empty certificate": (certificate, b""),
        "text for an authority": (authority, b"hello"),
    }
    gone = {"no certificate": certificate, "no key": key, "no authority": authority, "a folder": certificate}
    if wrong in written_over:
        file, content = written_over[wrong]
        file.write_bytes(content)
    else:
        gone[wrong].unlink()
    if wrong == "a folder":
        certificate.mkdir()
    with pytest.raises(InputError) as raised:
        server_tls(certificate, key, authority)
    assert words in str(raised.value)


def client(server_ca: trustme.CA, stations_ca: trustme.CA | None = None) -> ssl.SSLContext:
    context = ssl.create_default_context()
    server_ca.configure_trust(context)
    if stations_ca:
        stations_ca.issue_cert(common_name="CERT").configure_cert(context)
    return context


async def status(url: str, tls: ssl.SSLContext) -> int:
    try:
        async with connect(url, subprotocols=["ocpp1.6"], ssl=tls):  # type: ignore[list-item]
            return 101
    except InvalidStatus as refused:
        return int(refused.response.status_code)
    except (OSError, InvalidMessage):
        return 0


def test_other_certificates_are_met_by_new_connections_while_old_ones_stay(
    serve: Any, play: Any, tmp_path: Path
) -> None:
    new_server, new_stations = trustme.CA(), trustme.CA()
    certificate, key = written(tmp_path, new_server.issue_cert("localhost"))
    (tmp_path / "ca.pem").write_bytes(new_stations.cert_pem.bytes())

    async def scene() -> None:
        async with serve() as running:
            url = running.url("CERT", tls=True)
            old, new = client(running.ca, running.ca), client(new_server, new_stations)
            async with connect(url, subprotocols=["ocpp1.6"], ssl=old) as staying:  # type: ignore[list-item]
                await running.server.renew_tls(server_tls(certificate, key, tmp_path / "ca.pem"))
                assert await status(url, old) == 0  # the server shows a certificate it does not know
                assert await status(url, client(new_server, running.ca)) == 0  # an authority that is no more
                await (await staying.ping())
                assert await status(url, new) == 101
                await staying.wait_closed()  # replaced by the newer one
            await running.server.renew_tls(server_tls(certificate, key, tmp_path / "ca.pem"))
            assert await status(url, new) == 101

    play(scene())


def test_no_connection_is_turned_away_while_certificates_change(serve: Any, play: Any, tmp_path: Path) -> None:
    async def scene() -> None:
        async with serve() as running:
            certificate, key = written(tmp_path, running.ca.issue_cert("localhost"))
            (tmp_path / "ca.pem").write_bytes(running.ca.cert_pem.bytes())
            tls, url = client(running.ca, running.ca), running.url("CERT", tls=True)

            async def knock() -> list[int]:
                return [await status(url, tls) for _ in range(5)]

            async def renew() -> list[int]:
                for _ in range(10):
                    await running.server.renew_tls(server_tls(certificate, key, tmp_path / "ca.pem"))
                    await asyncio.sleep(0.01)
                return []

            answers = await asyncio.gather(knock(), renew())
            assert answers[0] == [101] * 5

    play(scene())


def test_a_session_of_the_authority_before_is_not_resumed(serve: Any, play: Any, tmp_path: Path) -> None:
    """A resumed session shows no certificate: it must not outlive the authority that it was proved by."""
    new_stations = trustme.CA()

    def talk(
        port: int, tls: ssl.SSLContext, session: ssl.SSLSession | None
    ) -> tuple[bytes, ssl.SSLSession | None, bool]:
        head = b"GET /ocpp/depot/CERT HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        head += b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
        head += b"Sec-WebSocket-Protocol: ocpp1.6\r\n\r\n"
        with (
            socket.create_connection(("localhost", port), 5) as plain,
            tls.wrap_socket(plain, server_hostname="localhost", session=session) as line,
        ):
            line.sendall(head)
            try:
                return line.recv(15), line.session, bool(line.session_reused)
            except OSError:
                return b"", None, bool(line.session_reused)

    async def scene() -> None:
        async with serve() as running:
            certificate, key = written(tmp_path, running.ca.issue_cert("localhost"))
            (tmp_path / "ca.pem").write_bytes(new_stations.cert_pem.bytes())
            proving, bare = client(running.ca, running.ca), client(running.ca)
            first, session, _ = await asyncio.to_thread(talk, running.tls_port, proving, None)
            assert first == b"HTTP/1.1 101 Sw"
            _, _, reused = await asyncio.to_thread(talk, running.tls_port, proving, session)
            assert reused
            await running.server.renew_tls(server_tls(certificate, key, tmp_path / "ca.pem"))
            answer, _, reused = await asyncio.to_thread(talk, running.tls_port, proving, session)
            assert (answer, reused) == (b"", False)  # the full handshake, in which the authority is unknown
            answer, _, _ = await asyncio.to_thread(talk, running.tls_port, bare, None)
            assert answer == b"HTTP/1.1 401 Un"

    play(scene())


def test_lines_that_never_become_encrypted_leave_nothing_behind(
    serve: Any, play: Any, caplog: pytest.LogCaptureFixture
) -> None:
    async def scene() -> None:
        async with serve(ServerLimits(opening_s_max=0.1)) as running:
            for sent in (b"GET /ocpp/depot/OPEN HTTP/1.1\r\n\r\n", b"\x16\x03\x01garbage", b""):
                reader, writer = await asyncio.open_connection("localhost", running.tls_port)
                writer.write(sent)
                await asyncio.wait_for(reader.read(), 5)
                writer.close()
            await asyncio.sleep(0.3)
            assert await status(running.url("CERT", tls=True), client(running.ca, running.ca)) == 101

    play(scene())
    assert [one.getMessage() for one in caplog.records if one.exc_info] == []
