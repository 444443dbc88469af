"""Who gets in, who is kept out, and what happens to connections; a client of another make (websockets) knocks."""

import asyncio
import json
import logging
import ssl
from base64 import b64encode
from typing import Any

import pytest
import trustme
import websockets
from websockets.exceptions import ConnectionClosed, InvalidStatus

from evenload.domain.station import StationId
from evenload.domain.station_commands import Settlement
from evenload.net import admission
from evenload.net import password as password_module
from evenload.net.group_commit import CommitTimes
from evenload.net.ocpp_server import ServerLimits
from evenload.net.ports import CommitError, TenantRecord
from evenload.ocpp.policy import Policy
from evenload.ocpp.v16.wire import core as v16
from evenload.service.ports import StoreError

pytestmark = pytest.mark.requirement("R77", "R79")

NO_KEY = b"GET /ocpp/depot/OPEN HTTP/1.1\r\nUpgrade: websocket\r\nSec-WebSocket-Protocol: ocpp1.6\r\n\r\n"
HEARTBEAT = '[2,"h","Heartbeat",{}]'
START = (
    '[2,"s","StartTransaction",'
    '{"connectorId":1,"idTag":"t","meterStart":0,"timestamp":"2026-03-01T00:00:00Z"}]'
)  # fmt: skip


def basic(user: str, password: bytes) -> dict[str, str]:
    return {"Authorization": "Basic " + b64encode(user.encode() + b":" + password).decode()}


def knock(url: str, *subprotocols: str, headers: Any = None, tls: ssl.SSLContext | None = None) -> Any:
    return websockets.connect(
        url, subprotocols=list(subprotocols or ["ocpp1.6"]), additional_headers=headers, ssl=tls, compression=None
    )


async def status(url: str, *subprotocols: str, headers: Any = None, tls: ssl.SSLContext | None = None) -> int:
    """101 and an answered heartbeat, or the HTTP status of a refusal."""
    try:
        async with knock(url, *subprotocols, headers=headers, tls=tls) as socket:
            await socket.send(HEARTBEAT)
            assert json.loads(await socket.recv())[:2] == [3, "h"]
            return 101
    except InvalidStatus as refused:
        return int(refused.response.status_code)


@pytest.mark.parametrize(
    ("identity", "headers", "expected"),
    [
        ("OPEN", None, 101),
        ("OPEN", basic("OPEN", b"anything"), 101),
        ("KEYED", basic("KEYED", b"k" * 20), 101),
        ("KEYED", basic("KEYED", b"k" * 19), 401),
        ("KEYED", basic("OPEN", b"k" * 20), 401),
        ("KEYED", {"Authorization": "Bearer k"}, 401),
        ("KEYED", None, 401),
        ("SLOW", basic("SLOW", b"correct horse"), 101),
        ("SLOW", basic("SLOW", b"wrong horse"), 401),
        ("TLS", basic("TLS", b"k" * 20), 401),  # the right password, over a line that is too weak for it
        ("CERT", None, 401),
        ("HELD", None, 404),
        ("NOBODY", None, 404),
        ("x%27%20OR%201%3D1", None, 404),
        ("..%2f..%2fetc", None, 404),
    ],
)
def test_a00_fr_002_and_fr_204_and_16_a00_fr_002_and_fr_204_who_gets_in_over_a_plain_line(
    serve: Any, play: Any, identity: str, headers: Any, expected: int
) -> None:
    async def scene() -> None:
        async with serve() as running:
            assert await status(running.url(identity), headers=headers) == expected
            held = [StationId("depot", identity)] if identity in ("HELD", "NOBODY") else []
            assert running.book.held == held

    play(scene())


def test_an_unknown_tenant_is_not_held(serve: Any, play: Any) -> None:
    async def scene() -> None:
        async with serve() as running:
            assert await status(running.url("NOBODY", "nowhere")) == 404
            assert running.book.held == []

    play(scene())


def trusting(running: Any, common_name: str = "") -> ssl.SSLContext:
    context = ssl.create_default_context()
    running.ca.configure_trust(context)
    if common_name:
        running.ca.issue_cert("station.test", common_name=common_name).configure_cert(context)
    return context


def test_a00_fr_002_and_16_a00_fr_002_profiles_2_and_3(serve: Any, play: Any) -> None:
    async def scene() -> None:
        async with serve() as running:
            key = basic("TLS", b"k" * 20)
            assert await status(running.url("TLS", tls=True), headers=key, tls=trusting(running)) == 101
            assert await status(running.url("TLS", tls=True), tls=trusting(running)) == 401
            assert await status(running.url("CERT", tls=True), tls=trusting(running, "CERT")) == 101
            assert await status(running.url("CERT", tls=True), tls=trusting(running, "OTHER")) == 401
            assert await status(running.url("CERT", tls=True), tls=trusting(running)) == 401
            assert await status(running.url("KEYED", tls=True), tls=trusting(running, "CERT")) == 401
            refused = running.server.counts.refused
            assert refused == {"bad_credentials": 2, "wrong_certificate": 2}

    play(scene())


def test_a00_and_16_a00_a_certificate_of_another_authority_proves_nothing(serve: Any, play: Any) -> None:
    async def scene() -> None:
        async with serve() as running:
            context = trusting(running)
            trustme.CA().issue_cert("station.test", common_name="CERT").configure_cert(context)
            with pytest.raises((ssl.SSLError, ConnectionError, websockets.InvalidHandshake, EOFError)):
                await status(running.url("CERT", tls=True), tls=context)
            assert running.desks == []

    play(scene())


def test_the_first_subprotocol_offered_that_is_spoken_wins_and_none_closes(serve: Any, play: Any) -> None:
    async def scene() -> None:
        async with serve() as running:
            async with knock(running.url("OPEN"), "ocpp1.5", "ocpp2.0.1", "ocpp1.6") as socket:
                assert socket.subprotocol == "ocpp2.0.1"
                assert [str(one.subprotocol) for one in running.server.connected.values()] == ["ocpp2.0.1"]
            for offered, who in ((["ocpp1.5"], "OPEN2"), (None, "OPEN2"), (["ocpp1.5"], "NOBODY")):
                async with websockets.connect(running.url(who), subprotocols=offered) as socket:
                    assert socket.subprotocol is None
                    with pytest.raises(ConnectionClosed) as closed:
                        await socket.recv()
                    assert closed.value.rcvd.code == 1002
            assert len(running.desks) == 1
            assert running.book.held == []

    play(scene())


def test_a_second_socket_replaces_the_first_and_its_late_end_changes_nothing(serve: Any, play: Any, until: Any) -> None:
    async def scene() -> None:
        async with serve() as running:
            first = await knock(running.url("OPEN"))
            command = asyncio.create_task(running.send("OPEN", v16.ClearCacheRequest()))
            assert json.loads(await first.recv())[2] == "ClearCache"
            second = await knock(running.url("OPEN"))
            result = await command
            assert result.info == "closed"
            with pytest.raises(ConnectionClosed) as closed:
                await first.recv()
            assert (closed.value.rcvd.code, "newer" in closed.value.rcvd.reason) == (1008, True)
            await first.close()
            await asyncio.sleep(0.05)
            assert running.server.connected.keys() == {StationId("depot", "OPEN")}
            assert running.server.counts.replaced == 1
            assert len(running.desks) == 2
            again = asyncio.create_task(running.send("OPEN", v16.ClearCacheRequest()))
            call = json.loads(await second.recv())
            await second.send(json.dumps([3, call[1], {"status": "Accepted"}]))
            assert (await again).settlement is Settlement.DONE
            await second.close()
            await until(lambda: not running.server.connected)
            assert "not connected" in (await running.send("OPEN", v16.ClearCacheRequest())).info
            await until(lambda: running.sink.words().count("StationLost") == 2)

    play(scene())


def test_connections_are_limited_and_who_returns_takes_no_place(serve: Any, play: Any) -> None:
    async def scene() -> None:
        async with serve(ServerLimits(connections_max=2)) as running:
            running.book.tenants["depot"] = TenantRecord(connections_max=1)
            async with knock(running.url("OPEN")), knock(running.url("OPEN2", "tiny")):
                assert await status(running.url("OPEN2")) == 503  # the server
                assert await status(running.url("OPEN")) == 101
            async with knock(running.url("OPEN")):
                assert await status(running.url("OPEN2")) == 503  # the tenant
            assert running.server.counts.refused == {"server_full": 1, "tenant_full": 1}

    play(scene())


def test_a_durable_answer_waits_for_the_commit_and_others_do_not(serve: Any, play: Any) -> None:
    async def scene() -> None:
        async with serve() as running, knock(running.url("OPEN")) as socket:
            running.sink.gate.clear()
            await socket.send(START)
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(socket.recv(), 0.1)
            async with knock(running.url("OPEN2")) as other:
                await other.send(HEARTBEAT)
                assert json.loads(await other.recv())[:2] == [3, "h"]
            running.sink.gate.set()
            assert json.loads(await socket.recv())[:2] == [3, "s"]
            assert running.sink.words()[0] == "StartTransaction"

    play(scene())


def test_16_3_7_what_was_not_stored_is_not_acknowledged_and_can_be_tried_again(serve: Any, play: Any) -> None:
    async def scene() -> None:
        async with serve() as running, knock(running.url("OPEN")) as socket:
            running.sink.fail = CommitError("the disk is full")
            await socket.send(START)
            assert json.loads(await socket.recv())[:3] == [4, "s", "InternalError"]
            running.sink.fail = None
            await socket.send(START)
            assert json.loads(await socket.recv())[:2] == [3, "s"]
            assert running.sink.words() == ["StartTransaction"]

    play(scene())


def test_a_store_that_is_behind_slows_the_stations_down_and_loses_nothing(serve: Any, play: Any) -> None:
    async def scene() -> None:
        limits = ServerLimits(commit=CommitTimes(urgent_s=0.0, relaxed_s=0.0, waiting_max=5))
        async with serve(limits) as running, knock(running.url("OPEN")) as socket:
            running.sink.gate.clear()
            for number in range(300):
                await socket.send(f'[2,"{number}","Heartbeat",{{}}]')
            await asyncio.sleep(0.1)
            assert len(running.desk().calls) < 300  # it stopped reading
            running.sink.gate.set()
            for number in range(300):
                assert json.loads(await socket.recv())[1] == str(number)

    play(scene())


def test_draining_answers_what_is_owed_then_says_goodbye(serve: Any, play: Any) -> None:
    async def scene() -> None:
        async with serve() as running:
            running.sink.takes_s = 0.05
            socket = await knock(running.url("OPEN"))
            await socket.send(START)
            await asyncio.sleep(0.02)
            drained = asyncio.create_task(running.server.drain(2.0))
            await asyncio.sleep(0)
            assert "restarts" in (await running.send("OPEN", v16.ClearCacheRequest())).info
            assert json.loads(await socket.recv())[:2] == [3, "s"]
            with pytest.raises(ConnectionClosed) as closed:
                await socket.recv()
            assert closed.value.rcvd.code == 1012
            await drained
            assert running.sink.words() == ["StartTransaction", "StationLost"]
            with pytest.raises(OSError, match=r"refused|failed"):
                await knock(running.url("OPEN"))

    play(scene())


def test_a_silent_station_is_pinged_and_let_go_when_it_does_not_answer(serve: Any, play: Any, until: Any) -> None:
    async def scene() -> None:
        async with serve(ServerLimits(silence_s_max=0.3)) as running:
            reader, writer = await asyncio.open_connection("localhost", running.port)
            request = (
                "GET /ocpp/depot/OPEN HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                "Sec-WebSocket-Protocol: ocpp1.6\r\n\r\n"
            )
            writer.write(request.encode())
            response = await reader.readuntil(b"\r\n\r\n")
            assert b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" in response  # RFC 6455, section 1.3
            async with knock(running.url("OPEN2")):  # a client that answers pings
                assert await reader.readexactly(2) == b"\x89\x00"  # a ping
                await until(lambda: running.server.connected.keys() == {StationId("depot", "OPEN2")})
                assert await reader.read() == b""
                await asyncio.sleep(0.7)
                assert running.server.connected.keys() == {StationId("depot", "OPEN2")}
            writer.close()

    play(scene())


def test_a_station_that_answers_no_call_is_half_dead(serve: Any, play: Any, until: Any) -> None:
    async def scene() -> None:
        async with serve(ServerLimits(policy=Policy(timeout_s=0.05))) as running, knock(running.url("OPEN")) as socket:
            for _ in range(3):
                result = await running.send("OPEN", v16.ClearCacheRequest())
                assert (result.settlement, result.info) == (Settlement.NO_ANSWER, "timed_out")
            await until(lambda: not running.server.connected)
            calls = [json.loads(call)[2] async for call in socket]  # until it is closed
            assert calls == ["ClearCache"] * 3
            assert socket.close_code == 1001

    play(scene())


def test_a_full_queue_refuses_commands(serve: Any, play: Any) -> None:
    async def scene() -> None:
        limits = ServerLimits(policy=Policy(queue_max=2, queue_kept_for_limits=1))
        async with serve(limits) as running, knock(running.url("OPEN")):
            sent = [asyncio.create_task(running.send("OPEN", v16.ClearCacheRequest())) for _ in range(3)]
            done, _ = await asyncio.wait(sent, return_when=asyncio.FIRST_COMPLETED)
            assert [task.result().info for task in done] == ["queue_full"]
            running.server.disconnect(StationId("depot", "OPEN"), "enough")
            await asyncio.wait(sent)

    play(scene())


def test_a_command_that_cannot_be_said_harms_nothing(serve: Any, play: Any) -> None:
    async def scene() -> None:
        async with serve() as running, knock(running.url("OPEN")) as socket:
            result = await running.send("OPEN", v16.ChangeConfigurationRequest(key="k" * 51, value=""))
            assert (result.settlement, result.info) == (Settlement.NO_ANSWER, "unsendable")
            await socket.send(HEARTBEAT)
            assert json.loads(await socket.recv())[:2] == [3, "h"]

    play(scene())


def test_a_command_that_is_never_settled_ends_with_the_connection(serve: Any, play: Any) -> None:
    async def scene() -> None:
        async with serve() as running, knock(running.url("OPEN")) as socket:
            running.desk().to_call = tuple
            sent = asyncio.create_task(running.send("OPEN", v16.ClearCacheRequest()))
            await asyncio.sleep(0.05)
            assert not sent.done()
            await socket.close()
            assert (await sent).info == "the connection ended"

    play(scene())


def test_a_slow_password_is_verified_once(serve: Any, play: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    verified: list[bytes] = []

    def counting(password: bytes, hashed: str) -> bool:
        verified.append(password)
        return password_module.verify(password, hashed)

    async def scene() -> None:
        async with serve() as running:
            for word in (b"correct horse", b"correct horse", b"wrong horse"):
                await status(running.url("SLOW"), headers=basic("SLOW", word))

    monkeypatch.setattr(admission, "verify", counting)
    play(scene())
    assert verified == [b"correct horse", b"wrong horse"]


def test_an_opening_request_that_never_ends_or_is_too_long_is_cut(serve: Any, play: Any) -> None:
    async def scene() -> None:
        async with serve(ServerLimits(opening_s_max=0.1)) as running:
            for request, answer in (
                (b"GET /ocpp/depot/OPEN HTTP/1.1\r\n", b""),
                (b"GET /ocpp/depot/OPEN HTTP/1.1\r\n" + b"x: y\r\n" * 2000, b"HTTP/1.1 431 "),
                (b"GET /ocpp/depot/OPEN HTTP/1.1\r\nHost: x\r\n\r\n", b"HTTP/1.1 400 "),
                (NO_KEY, b"HTTP/1.1 400 "),
            ):
                reader, writer = await asyncio.open_connection("localhost", running.port)
                writer.write(request)
                assert (await reader.read())[:13] == answer
                writer.close()
            assert not running.server.connected

    play(scene())


def test_nothing_secret_is_logged(serve: Any, play: Any, caplog: pytest.LogCaptureFixture) -> None:
    async def scene() -> None:
        async with serve() as running:
            headers = basic("KEYED", b"sesame-sesame-sesame")
            assert await status(running.url("KEYED"), headers=headers) == 401
            assert await status(running.url("KEYED"), headers=basic("KEYED", b"k" * 20)) == 101

    caplog.set_level(logging.DEBUG, "evenload")
    play(scene())
    ours = [record for record in caplog.records if record.name.startswith("evenload")]
    assert [record.getMessage().split("event=")[1].split()[0] for record in ours] == [
        "refused", "connected", "disconnected",
    ]  # fmt: skip
    everything = " ".join(f"{record.getMessage()} {vars(record)}" for record in ours)
    for secret in (b"sesame-sesame-sesame", b"k" * 20):
        assert secret.decode() not in everything
        assert b64encode(secret).decode() not in everything
        assert basic("KEYED", secret)["Authorization"] not in everything


def test_who_is_held_and_dials_again_and_again_fills_no_log(
    serve: Any, play: Any, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logging.getLogger("evenload"), "propagate", True)

    async def scene() -> None:
        async with serve() as running:
            for _ in range(5):
                assert await status(running.url("HELD")) == 404
            for _ in range(2):
                assert await status(running.url("NOBODY", "nowhere")) == 404

    with caplog.at_level(logging.WARNING, "evenload.net.ocpp"):
        play(scene())
    told = [one.getMessage() for one in caplog.records]
    assert sum("not_approved" in one for one in told) == 1
    assert sum("unknown_tenant" in one for one in told) == 2


def test_a_directory_whose_store_is_away_turns_stations_away_for_a_while(
    serve: Any, play: Any, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logging.getLogger("evenload"), "propagate", True)

    async def scene() -> None:
        async with serve() as running:

            async def gone(_: StationId) -> Any:
                raise StoreError("the database went away")

            known = running.book.look_up
            running.book.look_up = gone
            for _ in range(3):
                with pytest.raises(InvalidStatus) as refused:
                    await knock(running.url("OPEN")).__aenter__()
                assert refused.value.response.status_code == 503
                assert refused.value.response.headers["Retry-After"] == "10"
            running.book.look_up = known
            assert await status(running.url("OPEN")) == 101

    play(scene())
    assert caplog.text.count("event=nobody_comes_in why=the database went away") == 1
    assert "Traceback" not in caplog.text
