"""Certificates and keys are read again when their files change, or upon a signal: no connection ends by that."""

import asyncio
import logging
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Final

from evenload.app.certificates import Certificates
from evenload.app.settings import Settings
from evenload.base.errors import InputError
from evenload.net.authority import Authority, load_authority
from evenload.net.ocpp_server import OcppServer
from evenload.net.tls import server_tls

_log = logging.getLogger("evenload.app.reloading")

PERIOD_S: Final = 5.0


def tls_of(settings: Settings) -> ssl.SSLContext | None:
    """What to listen with, ``None`` without encryption; ``InputError`` where a file cannot be used."""
    if settings.tls_certificate is None or settings.tls_key is None:
        return None
    return server_tls(settings.tls_certificate, settings.tls_key, settings.stations_ca)


def authority_of(settings: Settings) -> Authority | None:
    """What signs the certificates of stations, ``None`` where nothing does; ``InputError`` where it cannot."""
    if settings.stations_ca is None or settings.stations_ca_key is None:
        return None
    return load_authority(settings.stations_ca, settings.stations_ca_key, settings.certificate_days)


class Reloader:
    """Watches the files that settings name. Where they cannot be used all stays as it was, which is logged once."""

    def __init__(self, settings: Settings, server: OcppServer, certificates: Certificates | None) -> None:
        self._settings = settings
        self._server = server
        self._certificates = certificates
        self._wanted = asyncio.Event()
        self._seen = self._stamps()

    @property
    def at_once(self) -> Callable[[], None]:
        """To be called where all shall be read again, whether it changed or not."""
        return self._wanted.set

    async def run(self) -> None:
        """Watch for ever."""
        while True:
            try:
                await asyncio.wait_for(self._wanted.wait(), PERIOD_S)
            except TimeoutError:
                stamps = await asyncio.to_thread(self._stamps)
                if stamps == self._seen:
                    continue
            self._wanted.clear()
            await self._reload()

    async def _reload(self) -> None:
        self._seen = await asyncio.to_thread(self._stamps)
        try:
            tls = await asyncio.to_thread(tls_of, self._settings)
            authority = await asyncio.to_thread(authority_of, self._settings)
            if tls is not None:
                await self._server.renew_tls(tls)
        except (InputError, OSError) as error:
            _log.error("event=certificates_kept why=%s; those read before go on", error)
            return
        if authority is not None and self._certificates is not None:
            self._certificates.authority = authority
        _log.info("event=certificates_reloaded")

    def _stamps(self) -> list[tuple[int, int, int] | None]:
        files = (
            self._settings.tls_certificate, self._settings.tls_key, self._settings.stations_ca,
            self._settings.stations_ca_key,
        )  # fmt: skip
        return [_stamp(file) for file in files if file is not None]


def _stamp(file: Path) -> tuple[int, int, int] | None:
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino
