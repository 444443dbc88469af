"""Where the main meter of a site is: told by REST, by a station over OCPP, or read by Modbus TCP; as it is written."""

import re
from dataclasses import dataclass
from math import isfinite
from typing import Final

from evenload.base.errors import InputError

REST: Final = "rest"
OCPP: Final = "ocpp:"
EXAMPLE: Final = "modbus:192.168.1.5:502/1/19026/float32*0.001"
_MODBUS: Final = re.compile(
    r"modbus:(?P<host>[^:/]+):(?P<port>\d{1,5})/(?P<unit>\d{1,3})/(?P<register>\d{1,5})"
    r"(?:/(?P<kind>int16|uint16|int32|uint32|float32))?(?:/(?P<table>holding|input))?(?:\*(?P<scale>[0-9.eE+-]+))?"
)
_MOST: Final = {"port": 65_535, "unit": 255, "register": 65_535}


@dataclass(frozen=True, slots=True)
class ModbusAddress:
    """Where power is found: ``scale`` times the register is kW."""

    host: str
    port: int
    unit: int
    register: int
    kind: str = "float32"
    table: str = "holding"
    scale: float = 0.001


def check_meter(text: str) -> None:
    """``InputError`` where it does not say where a meter is; ``""`` is none."""
    if (text not in ("", REST, OCPP) and not text.startswith(OCPP)) or text == OCPP:
        modbus_address(text)


def modbus_address(text: str) -> ModbusAddress:
    """Read ``modbus:HOST:PORT/UNIT/REGISTER``, with ``/KIND``, ``/TABLE`` and ``*SCALE`` where they differ."""
    found = _MODBUS.fullmatch(text)
    if found is None:
        raise InputError(f"{text!r} is no meter: write rest, ocpp:IDENTITY, or as in {EXAMPLE}")
    for name, most in _MOST.items():
        if int(found[name]) > most:
            raise InputError(f"{text!r}: {name} {found[name]} is above {most}; write as in {EXAMPLE}")
    return ModbusAddress(
        found["host"], int(found["port"]), int(found["unit"]), int(found["register"]), found["kind"] or "float32",
        found["table"] or "holding", _scale(text, found["scale"]),
    )  # fmt: skip


def _scale(text: str, told: str | None) -> float:
    try:
        scale = 0.001 if told is None else float(told)
    except ValueError as error:
        raise InputError(f"{text!r}: {told!r} is no number; write as in {EXAMPLE}") from error
    if scale == 0 or not isfinite(scale):
        raise InputError(f"{text!r}: a scale of {told} makes no sense; write as in {EXAMPLE}")
    return scale
