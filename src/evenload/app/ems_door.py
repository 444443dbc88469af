"""What lets us in at energy managers: sealed for one device at one address, so that it opens for no other."""

from dataclasses import replace
from typing import Final

import httpx
import msgspec

from evenload.app.ems_links import EnergyManager, ModbusManager, RestManager
from evenload.base.errors import InputError
from evenload.service.cable_rows import EnergyManagerRow
from evenload.store.sealing import Seal

_PURPOSE: Final = "evenload energy managers"


class EmsDoor:
    """Seals secrets, and makes lines that use them. ``secret`` is the server's own; with another nothing opens.

    ``transport`` is another way to REST ones than the network.
    """

    def __init__(self, secret: bytes, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self._transport = transport
        self._seal = Seal(secret, _PURPOSE)

    def sealed(self, row: EnergyManagerRow, secret: str) -> EnergyManagerRow:
        """A row with a secret, sealed; ``InputError`` where its address is not understood or takes none."""
        if secret and row.address.startswith("modbus:"):
            raise InputError("Modbus knows no secrets: leave it out, and keep others off that network")
        if not (secret.isascii() and secret.isprintable()):
            raise InputError("a secret is printable ASCII: it goes into a header")
        text = self._seal.sealed(msgspec.json.encode([*_whose(row), secret])) if secret else ""
        made = replace(row, secret_sealed=text)
        self.line(made).close()  # which says what is wrong with an address
        return made

    def line(self, row: EnergyManagerRow) -> EnergyManager:
        """The line to an energy manager; ``InputError`` where its address or its secret cannot be used."""
        if row.address.startswith("modbus:"):
            return ModbusManager(row.address)
        return RestManager(row.address, self._opened(row), self._transport)

    def _opened(self, row: EnergyManagerRow) -> str:
        if not row.secret_sealed:
            return ""
        text = self._seal.opened(row.secret_sealed)
        told: list[str] = msgspec.json.decode(text, type=list[str]) if text is not None else []
        if told[:-1] != _whose(row):
            raise InputError(
                f"the secret of energy manager {row.device_id!r} was sealed with another server secret (secret_file), "
                "or for another address: say it again"
            )
        return told[-1]


def _whose(row: EnergyManagerRow) -> list[str]:
    return [row.tenant, row.device_id, row.address]
