"""Traffic of many stations from one process: frames made beforehand, so that the server is what is measured."""

import asyncio
import json
import ssl
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count

import picows

KEY = b"0123456789abcdef0123"
# When things happen: every message of a station tells of the next minute.
MINUTES = tuple(
    (datetime(2026, 3, 1, tzinfo=UTC) + timedelta(minutes=minute)).isoformat().replace("+00:00", "Z")
    for minute in range(20_000)
)
# Of twenty messages: 14 with six metered values, 3 heartbeats, 2 states, 1 start or end of a transaction.
MIX = "MMMHMMMSMMTMMHMMMSMH"

MEASURANDS = (
    ("Energy.Active.Import.Register", "Wh", "123456.7"),
    ("Power.Active.Import", "W", "11040"),
    ("Current.Import", "A", "16.0"),
    ("Voltage", "V", "230.1"),
    ("SoC", "Percent", "54"),
    ("Power.Offered", "W", "22080"),
)
ROWS_16 = ",".join(
    f'{{"value":"{value}","context":"Sample.Periodic","format":"Raw","measurand":"{name}","location":"Outlet",'
    f'"unit":"{unit}"}}'
    for name, unit, value in MEASURANDS
)
ROWS_201 = ",".join(
    f'{{"value":{value},"context":"Sample.Periodic","measurand":"{name}","location":"Outlet",'
    f'"unitOfMeasure":{{"unit":"{unit}"}}}}'
    for name, unit, value in MEASURANDS
)
BOOT = {
    "ocpp1.6": '"BootNotification",{"chargePointVendor":"bench","chargePointModel":"bench"}',
    "ocpp2.0.1": '"BootNotification",{"chargingStation":{"vendorName":"bench","model":"bench"},"reason":"PowerUp"}',
}
STATUS = {
    "ocpp1.6": '"StatusNotification",{"connectorId":1,"errorCode":"NoError","status":"Charging","timestamp":"%s"}',
    "ocpp2.0.1": '"StatusNotification",{"evseId":1,"connectorId":1,"connectorStatus":"Occupied","timestamp":"%s"}',
}
ACCEPTED = ("ClearCache", "ChangeConfiguration", "SetChargingProfile", "DataTransfer", "ClearChargingProfile")


@dataclass(slots=True)
class Tally:
    """What the stations saw."""

    answered: int = 0
    errors: int = 0
    calls: int = 0
    bad: list[bytes] = field(default_factory=list)


class Station(picows.WSListener):
    """One station that sends its next message when the last was answered, or when it is told to."""

    def __init__(self, number: int, version: str, tally: Tally, *, closed_loop: bool) -> None:
        self.number = number
        self.version = version
        self.tally = tally
        self.closed_loop = closed_loop
        self.transport: picows.WSTransport | None = None
        self.transaction = -1
        self.sequence = 0
        self.mix = number % len(MIX)
        self.ids = count()
        self.minute = 0
        self.awaited: tuple[str, str] | None = None
        self.owes = False
        self.idle: asyncio.Future[None] | None = None

    def on_ws_connected(self, transport: picows.WSTransport) -> None:
        self.transport = transport
        self.awaited = None

    def on_ws_disconnected(self, transport: picows.WSTransport) -> None:  # noqa: ARG002
        self.transport = None

    def on_ws_frame(self, transport: picows.WSTransport, frame: picows.WSFrame) -> None:
        if frame.msg_type != picows.WSMsgType.TEXT:
            if frame.msg_type == picows.WSMsgType.CLOSE:
                transport.disconnect()
            return
        data = frame.get_payload_as_bytes()
        if data.startswith(b"[2"):
            self._answer(json.loads(data))
            return
        self.tally.answered += 1
        if data.startswith(b"[4"):
            self.tally.errors += 1
            self.tally.bad.append(data)
        kind = self.awaited[1] if self.awaited else ""
        self.awaited = None
        if kind == "T" and self.version == "ocpp1.6" and self.transaction < 0:
            self.transaction = json.loads(data)[2].get("transactionId", -1)
        if self.idle is not None and not self.idle.done():
            self.idle.set_result(None)
        elif self.closed_loop:
            self.send_next()

    def _answer(self, call: list[object]) -> None:
        self.tally.calls += 1
        if call[2] in ACCEPTED:
            text = f'[3,"{call[1]}",{{"status":"Accepted"}}]'
        elif call[2] == "GetConfiguration":
            text = f'[3,"{call[1]}",{{"configurationKey":[]}}]'
        else:
            text = f'[4,"{call[1]}","NotSupported","",{{}}]'
        if self.transport is not None:
            self.transport.send(picows.WSMsgType.TEXT, text.encode())

    def say(self, body: str, kind: str = "") -> None:
        if self.transport is None:
            return
        message_id = f"m{next(self.ids)}"
        self.awaited = (message_id, kind)
        self.transport.send(picows.WSMsgType.TEXT, f'[2,"{message_id}",{body}]'.encode())

    async def ask(self, body: str, kind: str = "") -> None:
        """Say something and wait for the answer."""
        self.idle = asyncio.get_running_loop().create_future()
        self.say(body, kind)
        await asyncio.wait_for(self.idle, 60)
        self.idle = None

    def send_next(self) -> None:
        kind = self.next_kind()
        self.say(self.body(kind), kind)

    def next_kind(self) -> str:
        self.mix += 1
        return MIX[self.mix % len(MIX)]

    def body(self, kind: str) -> str:
        if kind == "H":
            return '"Heartbeat",{}'
        self.minute += 1
        if kind == "S":
            return STATUS[self.version] % self.time()
        if self.version == "ocpp1.6":
            return self.metered() if kind == "M" else self.switched()
        self.sequence += 1
        return self.event("Updated" if kind == "M" else "Ended" if self.transaction >= 0 else "Started")

    def time(self) -> str:
        return MINUTES[self.minute % len(MINUTES)]

    def metered(self) -> str:
        about = f'"transactionId":{self.transaction},' if self.transaction >= 0 else ""
        return (
            f'"MeterValues",{{"connectorId":1,{about}'
            f'"meterValue":[{{"timestamp":"{self.time()}","sampledValue":[{ROWS_16}]}}]}}'
        )

    def switched(self) -> str:
        if self.transaction < 0:
            about = f'"idTag":"TAG{self.number}","meterStart":0,"timestamp":"{self.time()}"'
            return f'"StartTransaction",{{"connectorId":1,{about}}}'
        ended, self.transaction = self.transaction, -1
        about = f'"meterStop":1000,"timestamp":"{self.time()}","reason":"Local"'
        return f'"StopTransaction",{{"transactionId":{ended},{about}}}'

    def event(self, kind: str) -> str:
        number = abs(self.transaction)
        if kind == "Started":
            self.transaction = number + 1
            number, self.sequence = self.transaction, 0
        elif kind == "Ended":
            self.transaction = -self.transaction
        elif self.transaction < 0:
            return self.event("Started")
        return (
            f'"TransactionEvent",{{"eventType":"{kind}","timestamp":"{self.time()}","triggerReason":"MeterValuePeriodic",'
            f'"seqNo":{self.sequence},"transactionInfo":{{"transactionId":"t{number}"}},"evse":{{"id":1}},'
            f'"meterValue":[{{"timestamp":"{self.time()}","sampledValue":[{ROWS_201}]}}]}}'
        )


class Crowd:
    """Stations of one server."""

    def __init__(
        self, port: int, size: int, version: str, *, closed_loop: bool = False, tls: ssl.SSLContext | None = None
    ) -> None:
        self.tally = Tally()
        self.stations = [Station(number, version, self.tally, closed_loop=closed_loop) for number in range(size)]
        self._version = version
        self._tls = tls
        self._base = f"{'wss' if tls else 'ws'}://{'localhost' if tls else '127.0.0.1'}:{port}/ocpp/bench/S"

    async def connect(self, *, boot: bool = True, start: bool = False, at_once: int = 200) -> None:
        """Connect all, so many at a time; then boot, or start a transaction, each."""
        turns: Iterator[int] = iter(range(len(self.stations)))
        await asyncio.gather(*(self._connect_some(turns, boot=boot, start=start) for _ in range(at_once)))

    async def _connect_some(self, turns: Iterator[int], *, boot: bool, start: bool) -> None:
        for number in turns:
            station = self.stations[number]
            credentials = b64encode(f"S{number}:".encode() + KEY).decode()
            headers = [("Sec-WebSocket-Protocol", self._version), ("Authorization", f"Basic {credentials}")]
            await picows.ws_connect(
                lambda station=station: station, f"{self._base}{number}", extra_headers=headers, ssl_context=self._tls,
                read_buffer_init_size=2048, websocket_handshake_timeout=60,
            )  # fmt: skip
            if boot:
                await station.ask(BOOT[self._version])
            if start:
                station.transaction = -1
                await station.ask(station.switched(), "T")

    def hang_up(self) -> None:
        """Cut all connections, without a word."""
        for station in self.stations:
            if station.transport is not None:
                station.transport.disconnect(graceful=False)

    async def talk(self, seconds: float) -> None:
        """Every station sends on every answer."""
        for station in self.stations:
            station.closed_loop = True
            station.send_next()
        await asyncio.sleep(seconds)

    async def each(self, messages: int) -> None:
        """So many messages of every station, one after the other."""

        async def all_of(stations: Iterator[Station]) -> None:
            for station in stations:
                for _ in range(messages):
                    kind = station.next_kind()
                    await station.ask(station.body(kind), kind)

        turns = iter(self.stations)
        await asyncio.gather(*(all_of(turns) for _ in range(200)))

    async def pace(self, seconds: float, rate: float) -> None:
        """So many messages a second in all, whoever is idle next."""
        loop = asyncio.get_running_loop()
        began, sent, turn = loop.time(), 0, 0
        while (passed := loop.time() - began) < seconds:
            while sent < passed * rate:
                station = self.stations[turn % len(self.stations)]
                turn += 1
                sent += 1
                if station.awaited is None:
                    station.send_next()
            await asyncio.sleep(0.002)
