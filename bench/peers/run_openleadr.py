"""openleadr, in an environment of its own, without evenload: it checks messages, and is a VTN or a VEN to talk to.

Each run is one task, named by the first argument; results go to standard output as JSON, a line each.
"""

import asyncio
import base64
import json
import logging
import sys
import time
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import openleadr
from aiohttp import web
from openleadr import messaging
from openleadr.service import PollService, VTNService

logging.disable(logging.CRITICAL)
VEN = {"ven_id": "v1", "ven_name": "one", "registration_id": "reg1", "fingerprint": None}


def say(**what: object) -> None:
    print(json.dumps(what, default=str), flush=True)


def check() -> None:
    """Messages in base64, a line each: does the Alliance's schema take them, does a signature hold, what is read?"""
    for line in sys.stdin:
        body = base64.b64decode(line)
        try:
            tree = messaging.validate_xml_schema(body)
            if b"SignatureValue" in body:
                messaging.validate_xml_signature(tree)
            say(ok=True, name=messaging.parse_message(body)[0])
        except Exception as error:  # noqa: BLE001 - whatever it says of a message is told
            say(ok=False, why=f"{type(error).__name__}: {error}")


async def vtn(port: int) -> None:
    """A VTN that registers anyone as v1, has one event, asks for all reports; it says what it hears."""
    server = openleadr.OpenADRServer("vtn", http_port=port, requested_poll_freq=timedelta(seconds=1))

    def registers(message: dict[str, Any]) -> tuple[str, str]:
        say(registered=message["ven_name"])
        return "v1", "reg1"

    async def got(data: list[tuple[datetime, float]]) -> None:
        say(reported=[value for _, value in data])

    def registers_report(  # it looks at the names
        ven_id: str, resource_id: str, measurement: str, unit: str, scale: str, min_sampling_interval: timedelta,
        max_sampling_interval: timedelta,
    ) -> tuple[Any, timedelta]:  # fmt: skip
        say(offered=[ven_id, resource_id, measurement, unit, scale, min_sampling_interval, max_sampling_interval])
        return got, timedelta(seconds=1)

    async def answers(ven_id: str, event_id: str, opt_type: str) -> None:
        say(answered=[ven_id, event_id, opt_type])

    server.add_handler("on_create_party_registration", registers)
    server.add_handler("on_register_report", registers_report)
    start = datetime.now(UTC) + timedelta(minutes=1)
    interval = {"dtstart": start, "duration": timedelta(minutes=10), "signal_payload": 250.0}
    event_id = server.add_event(
        "v1", "LOAD_DISPATCH", "setpoint", [interval], callback=answers, event_id="e1",
        targets=[{"resource_id": "r1"}],
    )  # fmt: skip
    task = asyncio.create_task(server.run())
    await asyncio.sleep(0.3)
    say(ready=event_id)
    await asyncio.to_thread(sys.stdin.readline)
    server.cancel_event("v1", "e1")
    say(cancelled="e1")
    await asyncio.to_thread(sys.stdin.readline)
    await server.stop()
    task.cancel()


async def ven(url: str) -> None:
    """A VEN with one report, that takes part in everything; it says what it hears."""
    client = openleadr.OpenADRClient("one", url, allow_jitter=False)
    client.add_report(
        lambda: 7.25, resource_id="r1", measurement="RealPower", report_specifier_id="usage",
        report_name="TELEMETRY_USAGE",
        sampling_rate=timedelta(seconds=1), report_duration=timedelta(hours=1),
    )  # fmt: skip

    async def hears(event: dict[str, Any]) -> str:
        say(event=event["event_descriptor"], intervals=event["event_signals"][0]["intervals"])
        return "optIn"

    client.add_handler("on_event", hears)
    client.add_handler("on_update_event", hears)
    task = asyncio.create_task(client.run())
    await asyncio.to_thread(sys.stdin.readline)
    await client.stop()
    task.cancel()


async def polls(seconds: float) -> None:
    """Polls a second that a VTN answers in process, with nothing to tell; no socket, no signature."""
    service = PollService("vtn")
    service.ven_lookup = lambda **_who: VEN
    body = messaging.create_message("oadrPoll", ven_id="v1").encode()

    async def read() -> bytes:
        return body

    VTNService.verify_message_signatures = False
    request = SimpleNamespace(headers={"content-type": "application/xml"}, secure=False, read=read)
    VTNService._create_message = staticmethod(messaging.create_message)
    answer = await service.handler(request)
    assert isinstance(answer, web.Response)
    assert b"oadrResponse" in answer.body, answer.body
    begin, count = time.perf_counter(), 0
    while time.perf_counter() - begin < seconds:
        for _ in range(50):
            await service.handler(request)
        count += 50
    say(polls_per_s=count / (time.perf_counter() - begin))


if __name__ == "__main__":
    task, *rest = sys.argv[1:]
    if task == "check":
        check()
    elif task == "polls":
        asyncio.run(polls(float(rest[0])))
    elif task == "vtn":
        asyncio.run(vtn(int(rest[0])))
    else:
        asyncio.run(ven(rest[0]))
