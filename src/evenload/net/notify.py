"""Sends messages by the services of Apprise behind a port. Addresses of services hold secrets and are never logged.

Where nothing is set up, messages go to the log and, if named, a file: nothing leaves this machine.
"""

import asyncio
import json
import logging
import re
import warnings
from collections.abc import Mapping, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any, Final, Protocol
from urllib.parse import quote, unquote, urlsplit

from evenload.base.errors import InputError

_log = logging.getLogger("evenload.net.notify")

ADDRESS: Final = "{address}"
"""What an address stands for in the template of a service."""
AT_ONCE: Final = 4
GRACE_S: Final = 5.0
"""So much longer than told the library may take to give up by itself."""
_LIBRARIES: Final = ("apprise", "requests", "urllib3", "requests_oauthlib", "oauthlib")
_WORDS: Final = re.compile(r"[^A-Za-z0-9+.]+")
_SECRET_LENGTH_MIN: Final = 4
_FAULT_LENGTH_MAX: Final = 200
_SHOWN: Final = 2
_LONG: Final = 8


@dataclass(frozen=True, slots=True)
class Delivery:
    """How one message went: ``fault`` is ``""`` where it went. Not ``is_certain`` where it may have arrived."""

    fault: str = ""
    is_certain: bool = True


class Notifier(Protocol):
    """Sends a message to addresses of a way. Never raises: what went wrong is told."""

    async def send(self, way: str, addresses: Sequence[str], subject: str, text: str) -> Delivery:
        """Send to all addresses of a way; it went where one of them took it."""


class AppriseNotifier:
    """Sends by Apprise, in threads of its own, each message within ``timeout_s``.

    ``templates`` are addresses of services by way, in which ``{address}`` stands for where a message goes. A template
    that is ``{address}`` alone takes whole addresses of services from people: anybody in the list may then be sent to.
    """

    def __init__(self, templates: Mapping[str, str], timeout_s: float = 20.0) -> None:
        self._templates = templates
        self._timeout_s = timeout_s
        self._pool: Executor = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="notify")
        library()

    async def send(self, way: str, addresses: Sequence[str], subject: str, text: str) -> Delivery:
        """Send to all addresses of a way."""
        urls = [filled(self._templates[way], one) for one in addresses]
        work = partial(_notify, urls, subject, text, self._timeout_s)
        waiting = asyncio.get_running_loop().run_in_executor(self._pool, work)
        try:
            return await asyncio.wait_for(waiting, self._timeout_s + GRACE_S)
        except TimeoutError:
            return Delivery(f"no answer within {self._timeout_s:g} s", is_certain=False)

    def close(self) -> None:
        """Let threads end."""
        self._pool.shutdown(wait=False, cancel_futures=True)


class DryRunNotifier:
    """Sends nothing: a line in the log says what would be sent, without its text; ``file`` gets all of it, as JSON."""

    def __init__(self, file: Path | None = None) -> None:
        self._file = file

    async def send(self, way: str, addresses: Sequence[str], subject: str, text: str) -> Delivery:
        """Tell what would be sent."""
        _log.info("event=message_not_sent way=%s addresses=%d characters=%d nothing is set up to send by", way,
                  len(addresses), len(text))  # fmt: skip
        if self._file is None:
            return Delivery()
        line = {"way": way, "to": [masked(one) for one in addresses], "subject": subject, "text": text}
        try:
            await asyncio.to_thread(_append, self._file, json.dumps(line, ensure_ascii=False))
        except OSError as error:
            return Delivery(f"{self._file} cannot be written: {error.strerror}")
        return Delivery()

    def close(self) -> None:
        """Nothing to close."""


def check_template(name: str, template: str) -> None:
    """``InputError`` where a template of a service cannot be used. It is not repeated: it holds secrets."""
    if ADDRESS not in template:
        raise InputError(f"{name}: {ADDRESS} must stand where the address of who gets a message goes")
    if template == ADDRESS:
        return
    if library().Apprise.instantiate(filled(template, "4712345678"), suppress_exceptions=True) is None:
        raise InputError(
            f"{name}: this is not the address of a service that Apprise knows, such as "
            "mailtos://user:password@example.org?to={address}"
        )


def filled(template: str, address: str) -> str:
    """The address of a service for a person; what is put in cannot be anything but an address."""
    return address if template == ADDRESS else template.replace(ADDRESS, quote(address, safe=""))


def masked(address: str) -> str:
    """An address of which little is shown."""
    name, at, host = address.partition("@")
    if at:
        return f"{name[:1]}***@{host}"
    return f"{address[:_SHOWN]}***{address[-_SHOWN:]}" if len(address) >= _LONG else "***"


@cache
def library() -> Any:  # noqa: ANN401 - a module
    """Apprise with all its services, loaded when it is needed; what it logs stays with it: it names addresses."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of a module that one of its services looks for
        import apprise  # noqa: PLC0415 - takes a while

        apprise.Apprise.instantiate("json://localhost")
    for name in _LIBRARIES:
        logger = logging.getLogger(name)
        logger.propagate = False
        logger.addHandler(logging.NullHandler())
    return apprise


def _notify(urls: Sequence[str], subject: str, text: str, timeout_s: float) -> Delivery:
    apprise = library()
    told: list[str] = []

    def hear(entry: Any, _service: Any) -> None:  # noqa: ANN401 - the library's
        told.append(str(entry.message))

    asset = apprise.AppriseAsset(
        async_mode=False, app_id="evenload", app_desc="evenload", app_url="", secure_logging=True,
        storage_mode=apprise.PersistentStoreMode.MEMORY,
    )  # fmt: skip
    faults = []
    for url in urls:
        service = apprise.Apprise(asset=asset)
        if not service.add(url):
            faults.append("the address is not one that the service takes")
            continue
        told.clear()
        result = service.notify(
            body=text, title=subject, body_format=apprise.NotifyFormat.TEXT, timeout=timeout_s, log_callback=hear,
            log_level=logging.WARNING,
        )  # fmt: skip
        if result:
            return Delivery()
        faults.append(without_addresses("; ".join(told) or "the service did not take it", url))
    return Delivery("; ".join(dict.fromkeys(faults)))


def without_addresses(text: str, url: str) -> str:
    """What a library says, on one line, without any part of an address of a service."""
    parts = urlsplit(url)
    words = [*_WORDS.split(unquote(url.partition("://")[2])), parts.username, parts.password]
    hidden = text
    for word in sorted({one for one in words if one and len(one) >= _SECRET_LENGTH_MIN}, key=len, reverse=True):
        hidden = hidden.replace(word, "***")
    return " ".join(hidden.split())[:_FAULT_LENGTH_MAX]


def _append(file: Path, line: str) -> None:
    with file.open("a", encoding="utf-8") as opened:
        opened.write(line + "\n")
