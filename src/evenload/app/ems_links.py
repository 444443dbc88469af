"""Lines to energy managers: Modbus TCP and REST. One that fails says so by ``None`` or ``False`` and is logged once.

Modbus: ``modbus:HOST:PORT/UNIT/REGISTER/KIND*SCALE?limit=REGISTER&heartbeat=REGISTER&fallback=REGISTER``; registers of
one kind and scale, the heartbeat a counter in a uint16. REST: ``GET URL`` answers JSON of ``ManagerReading``'s fields,
``PUT URL/limit`` and ``PUT URL/fallback`` take ``{"limit_kw": ...}`` and ``{"fallback_kw": ...}``.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from math import isfinite
from typing import Any, Final, Protocol, TypeVar
from urllib.parse import parse_qsl

import httpx
import msgspec
from pymodbus import ModbusException
from pymodbus.client import AsyncModbusTcpClient

from evenload.base.errors import InputError
from evenload.service.cable.ems import ManagerReading
from evenload.service.site_meter import ModbusAddress, modbus_address

_log = logging.getLogger("evenload.app.ems")

_ANSWER_S: Final = 2.0
_BODY_MAX: Final = 1 << 16
_POWER_KW_MAX: Final = 1e5
_FAILURES: Final = (
    ModbusException, httpx.HTTPError, httpx.InvalidURL, msgspec.MsgspecError, OSError, TimeoutError, ValueError
)  # fmt: skip
T = TypeVar("T")


class EnergyManager(Protocol):
    """An energy manager that can be asked and told."""

    async def read(self) -> ManagerReading | None:
        """What it tells now, ``None`` where it does not answer or tells what cannot be."""

    async def set_limit(self, limit_kw: float) -> bool:
        """Have it keep to a limit, and see that somebody is there; whether it took it."""

    async def set_fallback(self, fallback_kw: float) -> bool | None:
        """Have it store what to keep to without a line; ``None`` where it stores none."""

    def close(self) -> None:
        """Hang up."""


class _Line:
    """Says once that a line is lost, and once that it is back."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._is_silent = False

    async def over(self, ask: Callable[[], Awaitable[T]], otherwise: T, /) -> T:
        """What was asked, or something else where the line fails."""
        try:
            async with asyncio.timeout(2 * _ANSWER_S):
                found = await ask()
        except _FAILURES as error:
            if not self._is_silent:
                _log.warning("event=energy_manager_silent at=%s why=%s", self._name, str(error) or "no answer")
            self._is_silent = True
            return otherwise
        self._is_silent = False
        return found


def _believed(reading: ManagerReading) -> ManagerReading:
    """``ValueError`` where a reading cannot be."""
    told = (reading.power_kw, reading.limit_kw, reading.fallback_kw, reading.energy_kwh_needed)
    for value in told:
        if value is not None and not (isfinite(value) and abs(value) < _POWER_KW_MAX):
            raise ValueError(f"{value!r} is no power or energy in kW or kWh")
    return reading


class RestManager:
    """An energy manager over REST. ``transport`` is another way to it than the network, for one in the same process."""

    def __init__(self, url: str, secret: str = "", transport: httpx.AsyncBaseTransport | None = None) -> None:
        _check_url(url)
        headers = {"authorization": f"Bearer {secret}"} if secret else {}
        self._url = url.rstrip("/")
        self._client = httpx.AsyncClient(timeout=_ANSWER_S, headers=headers, transport=transport)
        self._line = _Line(self._url)

    async def read(self) -> ManagerReading | None:
        """One request."""
        return await self._line.over(self._read, None)

    async def _read(self) -> ManagerReading | None:
        answer = await self._client.get(self._url)
        answer.raise_for_status()
        if len(answer.content) > _BODY_MAX:
            raise ValueError(f"an answer of {len(answer.content)} bytes")
        return _believed(msgspec.json.decode(answer.content, type=ManagerReading))

    async def set_limit(self, limit_kw: float) -> bool:
        """One request."""

        async def put() -> bool:
            return await self._put("limit", {"limit_kw": limit_kw}) is True

        return await self._line.over(put, False)

    async def set_fallback(self, fallback_kw: float) -> bool | None:
        """One request; an answer of 404 or 405 says that it stores none."""

        async def put() -> bool | None:
            return await self._put("fallback", {"fallback_kw": fallback_kw})

        failed: bool | None = False
        return await self._line.over(put, failed)

    async def _put(self, name: str, body: dict[str, float]) -> bool | None:
        answer = await self._client.put(f"{self._url}/{name}", json=body)
        if answer.status_code in (404, 405):
            return None
        answer.raise_for_status()
        return True

    def close(self) -> None:
        """Nothing is held open between requests that matters."""


def _check_url(url: str) -> None:
    try:
        found = httpx.URL(url)
    except httpx.InvalidURL as error:
        raise InputError(f"{url!r} is no address: {error}") from error
    if not found.host or found.query or found.fragment:
        raise InputError(f"{url!r} is no address of an energy manager: write it as in https://lot.example/api")


class ModbusManager:
    """An energy manager over Modbus TCP (Modbus Application Protocol V1.1b3)."""

    def __init__(self, address: str) -> None:
        base, _, rest = address.partition("?")
        self._address: ModbusAddress = modbus_address(base)
        self._registers = _registers(address, rest)
        self._kind = AsyncModbusTcpClient.DATATYPE[self._address.kind.upper()]
        self._client = AsyncModbusTcpClient(
            self._address.host, port=self._address.port, timeout=_ANSWER_S, retries=0, reconnect_delay=0
        )
        self._line = _Line(base)
        self._beat = 0

    async def read(self) -> ManagerReading | None:
        """Power, and limit and fallback where they have registers."""
        return await self._line.over(self._read, None)

    async def _read(self) -> ManagerReading | None:
        await self._connected()
        power_kw = await self._value(self._address.register)
        limit_kw = await self._value(self._registers["limit"])
        fallback = self._registers.get("fallback")
        fallback_kw = None if fallback is None else await self._value(fallback)
        return _believed(ManagerReading(power_kw, limit_kw, fallback_kw))

    async def set_limit(self, limit_kw: float) -> bool:
        """The limit, and a heartbeat that counts on."""
        return await self._line.over(lambda: self._set_limit(limit_kw), False)

    async def _set_limit(self, limit_kw: float) -> bool:
        await self._connected()
        await self._write(self._registers["limit"], limit_kw)
        if "heartbeat" in self._registers:
            self._beat = (self._beat + 1) % 65_536
            await self._wrote(self._registers["heartbeat"], [self._beat])
        return True

    async def set_fallback(self, fallback_kw: float) -> bool | None:
        """The fallback, where it has a register."""
        register = self._registers.get("fallback")
        if register is None:
            return None

        async def write() -> bool:
            await self._connected()
            await self._write(register, fallback_kw)
            return True

        return await self._line.over(write, False)

    async def _connected(self) -> None:
        if not self._client.connected and not await self._client.connect():
            raise OSError("it cannot be connected to")

    async def _value(self, register: int) -> float:
        answer = await self._client.read_holding_registers(
            register, count=self._kind.value[1], device_id=self._address.unit
        )
        if answer.isError():
            raise ValueError(f"it refuses: {answer}")
        value = self._client.convert_from_registers(answer.registers, self._kind)
        if not isinstance(value, int | float) or not isfinite(value):
            raise ValueError(f"{value!r} is no number")
        return float(value) * self._address.scale

    async def _write(self, register: int, kw: float) -> None:
        value: Any = kw / self._address.scale
        if self._kind is not AsyncModbusTcpClient.DATATYPE.FLOAT32:
            value = int(value)  # rounded down: a limit is no more than was told
        await self._wrote(register, self._client.convert_to_registers(value, self._kind))

    async def _wrote(self, register: int, values: list[int]) -> None:
        answer = await self._client.write_registers(register, values, device_id=self._address.unit)
        if answer.isError():
            raise ValueError(f"it refuses: {answer}")

    def close(self) -> None:
        """Hang up."""
        self._client.close()


def _registers(address: str, written: str) -> dict[str, int]:
    found: dict[str, int] = {}
    for name, value in parse_qsl(written):
        if name not in ("limit", "heartbeat", "fallback") or not value.isdecimal() or int(value) > 65_535:
            raise InputError(f"{address!r}: {name}={value} is no register; write ?limit=200&heartbeat=210&fallback=220")
        found[name] = int(value)
    if "limit" not in found:
        raise InputError(f"{address!r} says no register for the limit; write ?limit=200 behind it")
    return found
