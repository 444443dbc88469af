"""What is wrong is answered with its version's code, logged once, changes nothing, and concerns nobody else."""

import asyncio
import contextlib
import json
import logging
from datetime import UTC, datetime
from typing import Any

import pytest
import websockets
from websockets.exceptions import ConnectionClosed, InvalidStatus

from evenload.net.link import Link
from evenload.net.ocpp_server import ServerLimits
from evenload.ocpp.payload import Inbound
from evenload.ocpp.policy import Policy
from evenload.ocpp.v16.wire.core import ClearCacheRequest

pytestmark = pytest.mark.requirement("R77", "R79")

STRICT = ServerLimits(policy=Policy(inbound=Inbound.STRICT, frame_bytes_max_in=2000))
START = '[2,"s","StartTransaction",{"connectorId":1,"idTag":"t","meterStart":0,"timestamp":"2026-03-01T00:00:00Z"}]'
HEARTBEAT = '[2,"fine","Heartbeat",{}]'
STATUS = '{"connectorId":1,"errorCode":"NoError","status":"Available"'
STATUS_201 = '{"evseId":1,"connectorId":1,"connectorStatus":"Available"'
METER = '{"evseId":1,"meterValue":[{"timestamp":"2026-03-01T00:00:00Z","sampledValue":[]}]}'

# What is sent, the code of 1.6, the code of 2.0.1; "" where no answer is due (1.6 leaves unreadable ids alone).
CASES = {
    "not JSON": ("[2,", "", "RpcFrameworkError"),
    "not UTF-8": (b'[2,"x","Heartbeat",{"\xff":1}]', "FormationViolation", "FormatViolation"),
    "not an array": ('{"a":1}', "", "RpcFrameworkError"),
    "an unknown message type": ('[9,"x","Heartbeat",{}]', "", "MessageTypeNotSupported"),
    "too few elements": ('[2,"x","Heartbeat"]', "FormationViolation", "RpcFrameworkError"),
    "too many elements": ('[2,"x","Heartbeat",{},{}]', "FormationViolation", "RpcFrameworkError"),
    "a long message id": (f'[2,"{"x" * 37}","Heartbeat",{{}}]', "FormationViolation", "RpcFrameworkError"),
    "a message id that is a number": ('[2,5,"Heartbeat",{}]', "", "RpcFrameworkError"),
    "an unknown action": ('[2,"x","Teleport",{}]', "NotImplemented", "NotImplemented"),
    "an action that is ours": ('[2,"x","Reset",{"type":"Immediate"}]', "NotSupported", "NotSupported"),
    "an oversize frame": (f'[2,"x","Heartbeat",{{"a":"{"y" * 2000}"}}]', "", "RpcFrameworkError"),
    "a payload that is no object": ('[2,"x","Heartbeat",[]]', "FormationViolation", "FormatViolation"),
    "a missing field": ('[2,"x","Authorize",{}]', "ProtocolError", "OccurrenceConstraintViolation"),
    "an unknown field": ('[2,"x","Heartbeat",{"a":1}]', "FormationViolation", "ProtocolError"),
    "the vendor's own": ('[2,"x","DataTransfer",{"vendorId":"v"}]', "NotSupported", "NotSupported"),
}
CASES_16 = {
    "a missing timestamp": (
        '[2,"x","StartTransaction",{"connectorId":1,"idTag":"t","meterStart":0}]', "ProtocolError"
    ),
    "a time without an offset": (
        f'[2,"x","StatusNotification",{STATUS},"timestamp":"2026-03-01T00:00:00"}}]', "TypeConstraintViolation"
    ),
    "a word that is not one": (
        '[2,"x","StatusNotification",{"connectorId":1,"errorCode":"NoError","status":"Fine"}]',
        "PropertyConstraintViolation",
    ),
    "a text that is a number": (
        f'[2,"x","StatusNotification",{STATUS.replace("1", chr(34) + "1" + chr(34))}}}]', "TypeConstraintViolation"
    ),
    "a text that is too long": (f'[2,"x","Authorize",{{"idTag":"{"t" * 21}"}}]', "TypeConstraintViolation"),
}  # fmt: skip
CASES_201 = {
    "an empty list": (f'[2,"x","MeterValues",{METER}]', "OccurrenceConstraintViolation"),
    "a missing timestamp": (
        '[2,"x","TransactionEvent",{"eventType":"Started","triggerReason":"CablePluggedIn","seqNo":0,'
        '"transactionInfo":{"transactionId":"t"}}]',
        "OccurrenceConstraintViolation",
    ),
    "a time that is none": (
        f'[2,"x","StatusNotification",{STATUS_201},"timestamp":"yesterday"}}]',
        "TypeConstraintViolation",
    ),
    "a null": ('[2,"x","Heartbeat",{"customData":null}]', "TypeConstraintViolation"),
}
ALL = [
    *((name, "ocpp1.6", sent, code) for name, (sent, code, _) in CASES.items()),
    *((name, "ocpp2.0.1", sent, code) for name, (sent, _, code) in CASES.items()),
    *((name, "ocpp1.6", sent, code) for name, (sent, code) in CASES_16.items()),
    *((name, "ocpp2.0.1", sent, code) for name, (sent, code) in CASES_201.items()),
]


def records(caplog: pytest.LogCaptureFixture) -> list[str]:
    mine = [record for record in caplog.records if record.name == "evenload.net.station"]
    return [record.getMessage() for record in mine if record.levelno >= logging.WARNING]


@pytest.mark.parametrize(("name", "version", "sent", "code"), ALL, ids=[f"{one[1]} {one[0]}" for one in ALL])
def test_it_is_answered_by_its_code_logged_once_and_harmless(
    serve: Any, play: Any, caplog: pytest.LogCaptureFixture, name: str, version: str, sent: str | bytes, code: str
) -> None:
    async def scene() -> None:
        async with (
            serve(STRICT) as running,
            websockets.connect(running.url("OPEN"), subprotocols=[version], compression=None) as socket,
            websockets.connect(running.url("OPEN2"), subprotocols=["ocpp1.6"]) as other,
        ):
            bad, good = running.desks
            for _ in range(3):
                await socket.send(sent, text=True)
                if code:
                    kind, message_id, found, description, details = json.loads(await socket.recv())
                    assert (kind, found, details) == (4, code, {})
                    assert message_id in ("x", "-1", "x" * 37)
                    assert len(description) <= 255
            assert [one.action for one in bad.calls] == (["DataTransfer"] * 3 if "vendor" in name else [])
            for one in (socket, other):
                await one.send(HEARTBEAT)
                assert json.loads(await one.recv())[:2] == [3, "fine"]
            assert len(good.calls) == 1
            assert running.server.counts.violations.total() == (0 if "vendor" in name else 3)

    caplog.set_level(logging.INFO)
    play(scene())
    assert len(records(caplog)) == (0 if "vendor" in name else 1)


@pytest.mark.parametrize("where", ["take", "settle", "lost", "after the commit"])
def test_a_defect_of_ours_costs_one_station_its_connection_and_no_other(
    serve: Any, play: Any, caplog: pytest.LogCaptureFixture, where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise ArithmeticError("a defect")

    async def scene() -> None:
        async with (
            serve(ServerLimits(policy=Policy(timeout_s=0.05))) as running,
            websockets.connect(running.url("OPEN"), subprotocols=["ocpp1.6"]) as socket,
            websockets.connect(running.url("OPEN2"), subprotocols=["ocpp1.6"]) as other,
        ):
            bad = running.desks[0]
            ended = asyncio.create_task(running.send("OPEN", ClearCacheRequest()))  # it times out
            assert json.loads(await socket.recv())[2] == "ClearCache"
            if where == "after the commit":
                monkeypatch.setattr(Link, "_answer", broken)
            else:
                setattr(bad, where, broken)
            if where in ("take", "after the commit"):
                await socket.send(START)
            elif where == "lost":
                await socket.close()
            with pytest.raises(ConnectionClosed) as closed:
                await socket.recv()
            assert closed.value.rcvd.code == (1000 if where == "lost" else 1011)
            assert "ended" in (await ended).info or "closed" in (await ended).info
            monkeypatch.undo()
            await other.send(HEARTBEAT)
            assert json.loads(await other.recv())[:2] == [3, "fine"]
            assert [station.identity for station in running.server.connected] == ["OPEN2"]

    caplog.set_level(logging.ERROR)
    play(scene())
    assert sum("a defect" in (record.exc_text or "") for record in caplog.records) == 1


def test_a_sink_that_breaks_ends_the_watch(serve: Any, play: Any) -> None:
    async def scene() -> None:
        async with serve() as running, websockets.connect(running.url("OPEN"), subprotocols=["ocpp1.6"]) as socket:
            running.sink.fail = ArithmeticError("a defect")
            await socket.send(START)
            with pytest.raises(ArithmeticError):
                await running.server.watch()

    play(scene())


@pytest.mark.parametrize(
    ("sent", "code"),
    [(b"[2]", 1003), ("y" * 4001, 1009), (["y" * 1900, "y" * 1900, "y" * 1900], 1009)],
    ids=["binary", "far too large", "far too large in parts"],
)
def test_what_is_no_text_or_far_too_large_ends_the_connection(
    serve: Any, play: Any, caplog: pytest.LogCaptureFixture, sent: Any, code: int
) -> None:
    async def scene() -> None:
        async with serve(STRICT) as running:
            async with websockets.connect(running.url("OPEN"), subprotocols=["ocpp1.6"], compression=None) as socket:
                await socket.send(sent)
                with contextlib.suppress(ConnectionClosed):
                    await socket.send(HEARTBEAT)  # comes too late
                with pytest.raises(ConnectionClosed) as closed:
                    await socket.recv()
                assert closed.value.rcvd.code == code
                assert running.desk().calls == []
            async with websockets.connect(running.url("OPEN"), subprotocols=["ocpp1.6"]) as socket:
                await socket.send([HEARTBEAT[:5], HEARTBEAT[5:9], "", HEARTBEAT[9:]])  # in parts
                assert json.loads(await socket.recv())[:2] == [3, "fine"]
            await asyncio.sleep(0)

    caplog.set_level(logging.INFO)
    play(scene())
    assert [one for one in caplog.records if one.levelno >= logging.ERROR] == []
    said = [one.getMessage() for one in caplog.records if one.name == "evenload.net.websocket"]
    assert [text.partition(";")[0] for text in said] == ["station=depot/OPEN event=websocket"] * isinstance(sent, str)


@pytest.mark.parametrize(("version", "body"), [("ocpp1.6", STATUS), ("ocpp2.0.1", STATUS_201)])
def test_a_time_of_another_zone_is_the_instant_it_means(serve: Any, play: Any, version: str, body: str) -> None:
    async def scene() -> None:
        async with (
            serve(STRICT) as running,
            websockets.connect(running.url("OPEN"), subprotocols=[version], compression=None) as socket,
        ):
            await socket.send(f'[2,"x","StatusNotification",{body},"timestamp":"2026-03-01T01:30:00+05:30"}}]')
            assert json.loads(await socket.recv()) == [3, "x", {}]
            told = running.desk().calls[0].request.timestamp
            assert told == datetime(2026, 2, 28, 20, tzinfo=UTC)
            assert running.server.counts.violations.total() == 0

    play(scene())


TRICKS = (
    "x%27%20OR%201=1--", "x;DROP%20TABLE%20stations", "..%2F..%2Fetc%2Fpasswd", "../../etc/passwd", "a/b", "x%00y",
    "x%0Ayes", "%FF%FE", "%252e%252e", "x" * 49, "",
)  # fmt: skip


@pytest.mark.parametrize("identity", TRICKS)
def test_an_identity_that_would_mean_something_elsewhere_names_nobody(
    serve: Any, play: Any, caplog: pytest.LogCaptureFixture, identity: str
) -> None:
    async def scene() -> None:
        async with serve() as running, websockets.connect(running.url("OPEN"), subprotocols=["ocpp1.6"]) as other:
            with pytest.raises(InvalidStatus) as refused:
                await websockets.connect(running.url(identity), subprotocols=["ocpp1.6"])
            assert refused.value.response.status_code == 404
            assert running.book.held == []
            assert len(running.desks) == 1
            await other.send(HEARTBEAT)
            assert json.loads(await other.recv())[:2] == [3, "fine"]

    caplog.set_level(logging.WARNING)
    play(scene())
    [logged] = [one.getMessage() for one in caplog.records if one.name == "evenload.net.ocpp"]
    assert "why=bad_path" in logged
    assert "\n" not in logged


def test_lenient_reading_mends_what_is_clear_and_notes_it(
    serve: Any, play: Any, caplog: pytest.LogCaptureFixture
) -> None:
    async def scene() -> None:
        async with serve() as running, websockets.connect(running.url("OPEN"), subprotocols=["ocpp1.6"]) as socket:
            await socket.send(f'[2,"x","StatusNotification",{STATUS},"timestamp":"2026-03-01T00:00:00"}}]')
            assert json.loads(await socket.recv()) == [3, "x", {}]
            assert running.desk().calls[0].request.timestamp.isoformat() == "2026-03-01T00:00:00+00:00"
            assert running.server.counts.violations == {"not_a_time": 1}

    caplog.set_level(logging.INFO)
    play(scene())
    assert records(caplog) == []
