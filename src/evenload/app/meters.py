"""Main meters of sites: told by REST, by a station over OCPP, or read by Modbus TCP."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from math import isfinite
from typing import Final, Protocol

from pymodbus import ModbusException
from pymodbus.client import AsyncModbusTcpClient

from evenload.app.view import LiveView
from evenload.domain.station import StationId
from evenload.service.guard import Metered
from evenload.service.live_rows import SiteRow
from evenload.service.site_meter import OCPP, REST, ModbusAddress, modbus_address

_log = logging.getLogger("evenload.app.meters")
logging.getLogger("pymodbus").setLevel(logging.CRITICAL)  # that a meter is silent is said here, once

_KINDS: Final = {
    "int16": AsyncModbusTcpClient.DATATYPE.INT16, "uint16": AsyncModbusTcpClient.DATATYPE.UINT16,
    "int32": AsyncModbusTcpClient.DATATYPE.INT32, "uint32": AsyncModbusTcpClient.DATATYPE.UINT32,
    "float32": AsyncModbusTcpClient.DATATYPE.FLOAT32,
}  # fmt: skip
_ANSWER_S: Final = 0.8
_ASK_AGAIN_S: Final = 1.0


class SiteMeter(Protocol):
    """A meter that can be asked."""

    async def read(self) -> Metered | None:
        """Power from the grid (kW) and when that was so, ``None`` where it did not answer."""

    def close(self) -> None:
        """Let go of it."""


@dataclass(frozen=True, slots=True)
class ToldMeter:
    """A meter that tells by itself; the last that was heard of it."""

    last: Callable[[], Metered | None]

    async def read(self) -> Metered | None:
        """What was told last."""
        return self.last()

    def close(self) -> None:
        """Nothing to let go of."""


class AskedMeter:
    """A station's main meter: what was told last, and where that is older than a second it is asked to tell again.

    So it does not matter how seldom the station is set to tell. It is not asked while it owes an answer.
    """

    def __init__(
        self, last: Callable[[], Metered | None], ask: Callable[[], Awaitable[object]], seconds: Callable[[], float],
        again_s: float = _ASK_AGAIN_S,
    ) -> None:  # fmt: skip
        self._last = last
        self._ask = ask
        self._seconds = seconds
        self._again_s = again_s
        self._seen: Metered | None = None
        self._seen_s = seconds() - again_s
        self._asking: asyncio.Future[object] | None = None

    async def read(self) -> Metered | None:
        """What was told last."""
        found, now_s = self._last(), self._seconds()
        if found is not self._seen:
            self._seen, self._seen_s = found, now_s
        quiet = now_s - self._seen_s >= self._again_s
        if quiet and (self._asking is None or self._asking.done()):
            self._seen_s = now_s
            self._asking = asyncio.ensure_future(self._ask())
        return found

    def close(self) -> None:
        """Ask no more."""
        if self._asking is not None:
            self._asking.cancel()


class ModbusMeter:
    """A meter read by Modbus TCP (Modbus Application Protocol V1.1b3), connected to again where the line was lost."""

    def __init__(self, address: ModbusAddress, clock: Callable[[], datetime]) -> None:
        self._address = address
        self._clock = clock
        self._client = AsyncModbusTcpClient(
            address.host, port=address.port, timeout=_ANSWER_S, retries=0, reconnect_delay=0
        )
        self._is_silent = False

    async def read(self) -> Metered | None:
        """One register read."""
        try:
            async with asyncio.timeout(2 * _ANSWER_S):
                kw = await self._read()
        except (ModbusException, OSError, TimeoutError, ValueError) as error:
            if not self._is_silent:
                why = str(error) or "it does not answer"
                _log.warning("event=meter_silent host=%s port=%d why=%s", self._address.host, self._address.port, why)
            self._is_silent = True
            self._client.close()
            return None
        if self._is_silent:
            _log.info("event=meter_answers host=%s port=%d", self._address.host, self._address.port)
        self._is_silent = False
        return Metered(self._clock(), kw)

    async def _read(self) -> float:
        address, client = self._address, self._client
        if not client.connected and not await client.connect():
            raise OSError("it cannot be connected to")
        kind = _KINDS[address.kind]
        ask = client.read_holding_registers if address.table == "holding" else client.read_input_registers
        answer = await ask(address.register, count=kind.value[1], device_id=address.unit)
        if answer.isError():
            raise ValueError(f"it refuses: {answer}")
        value = client.convert_from_registers(answer.registers, kind)
        if not isinstance(value, int | float) or not isfinite(value):
            raise ValueError(f"{value!r} is no number")
        return float(value) * address.scale

    def close(self) -> None:
        """Hang up."""
        self._client.close()


Ask = Callable[[StationId], Awaitable[object]]
"""Have a station tell what its meters show now."""


def meter_of(
    site: SiteRow, view: LiveView, clock: Callable[[], datetime], ask: Ask, seconds: Callable[[], float]
) -> SiteMeter | None:
    """The main meter of a site, ``None`` where it has none; ``InputError`` where its address is not understood."""
    told = site.meter
    if not told:
        return None
    if told == REST:
        return ToldMeter(lambda: view.load.get((site.tenant, site.site_id)))
    if told.startswith(OCPP) and told != OCPP:
        station = StationId(site.tenant, told.removeprefix(OCPP))
        return AskedMeter(lambda: view.main_meter(station), lambda: ask(station), seconds)
    return ModbusMeter(modbus_address(told), clock)
