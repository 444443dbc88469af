"""A server of stations as a user of the PyPI `ocpp` package would write it, as a process under load."""

import asyncio
import contextlib
import itertools
import logging
import random
import sys
from collections import Counter
from collections.abc import Mapping

import ocpp.v16
import ocpp.v16.call
import ocpp.v16.call_result as r16
import ocpp.v201
import ocpp.v201.call
import ocpp.v201.call_result as r201
import websockets
from ocpp.routing import on

from ocpp_child import Served, now, obey

COUNTS: Counter[str] = Counter()
NUMBERS = itertools.count(1)


class Peer16(ocpp.v16.ChargePoint):
    """One station of 1.6."""

    @on("BootNotification")
    def boot(self, **_: object) -> object:
        return r16.BootNotification(current_time=now().isoformat(), interval=300, status="Accepted")

    @on("Heartbeat")
    def beat(self) -> object:
        COUNTS["messages"] += 1
        return r16.Heartbeat(current_time=now().isoformat())

    @on("StatusNotification")
    def status(self, **_: object) -> object:
        COUNTS["messages"] += 1
        return r16.StatusNotification()

    @on("MeterValues")
    def meter(self, **_: object) -> object:
        COUNTS["messages"] += 1
        return r16.MeterValues()

    @on("StartTransaction")
    def begin(self, **_: object) -> object:
        COUNTS.update(("messages", "starts"))
        return r16.StartTransaction(transaction_id=next(NUMBERS), id_tag_info={"status": "Accepted"})

    @on("StopTransaction")
    def end(self, **_: object) -> object:
        COUNTS["messages"] += 1
        return r16.StopTransaction()


class Peer201(ocpp.v201.ChargePoint):
    """One station of 2.0.1."""

    @on("BootNotification")
    def boot(self, **_: object) -> object:
        return r201.BootNotification(current_time=now().isoformat(), interval=300, status="Accepted")

    @on("Heartbeat")
    def beat(self) -> object:
        COUNTS["messages"] += 1
        return r201.Heartbeat(current_time=now().isoformat())

    @on("StatusNotification")
    def status(self, **_: object) -> object:
        COUNTS["messages"] += 1
        return r201.StatusNotification()

    @on("TransactionEvent")
    def happened(self, event_type: str, **_: object) -> object:
        COUNTS["messages"] += 1
        COUNTS["starts"] += event_type == "Started"
        return r201.TransactionEvent()


async def serve(version: str) -> Served:
    kind = Peer16 if version == "ocpp1.6" else Peer201
    peers: dict[str, ocpp.v16.ChargePoint] = {}

    async def attend(socket: websockets.ServerConnection) -> None:
        assert socket.request
        name = socket.request.path.rpartition("/")[2]
        peers[name] = peer = kind(name, socket)
        with contextlib.suppress(websockets.ConnectionClosed):
            await peer.start()
        if peers.get(name) is peer:
            del peers[name]

    server = await websockets.serve(
        attend, "127.0.0.1", 0, subprotocols=[websockets.Subprotocol(version)], compression=None, backlog=4096
    )

    def counts() -> Mapping[str, object]:
        return {"connected": len(peers), **COUNTS}

    async def command() -> bool:
        answer = await random.choice(list(peers.values())).call(ocpp.v16.call.ClearCache())
        return bool(answer.status == "Accepted")

    return Served(next(iter(server.sockets)).getsockname()[1], counts, command)


async def main() -> None:
    logging.getLogger("ocpp").setLevel(logging.ERROR)
    await obey(await serve(sys.argv[1]))


if __name__ == "__main__":
    asyncio.run(main())
