"""The doctor: tries what settings name and says what works, what may not, what does not, and what to do about it."""

import os
import resource
import shutil
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Final

import httpx
from cryptography import x509

from evenload.app.cable_checkup import of_cables
from evenload.app.cars.checkup import of_cars, of_clouds
from evenload.app.reloading import authority_of, tls_of
from evenload.app.settings import Settings, misspelt
from evenload.app.tap import is_served
from evenload.base.errors import EvenloadError, InputError
from evenload.base.instants import time_zone
from evenload.schedule import kernels
from evenload.store.sql.checkup import Checkup, checkup
from evenload.store.sql.store import is_address, opened

_LOOPBACK: Final = ("127.0.0.1", "::1", "localhost")
_EXPIRES_SOON: Final = timedelta(days=30)
_FREE_BYTES_LEAST: Final = 100 << 20
_FREE_BYTES_GOOD: Final = 2 << 30
_CLOCKS_S: Final = 0.2
_CLOCKS_DIFFER_S: Final = 0.05
_HEARD_AHEAD: Final = timedelta(minutes=5)
_ANSWER_S: Final = 5.0
_FILES_BESIDE: Final = 200
"""Open files beside those of stations."""


class Grade(StrEnum):
    """How something is."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Finding:
    """What was looked at, how it is, and what to do about it."""

    name: str
    grade: Grade
    text: str
    advice: str = ""


def examine(settings: Settings, environment: Mapping[str, str], clock: Callable[[], datetime]) -> Iterator[Finding]:
    """Try everything; takes a second, and longer where an address that is named does not answer."""
    yield from _spelling(environment)
    served = is_served(settings.database)
    yield _port("port", settings.host, settings.port, served=served)
    if settings.role != "stations":
        yield _port("api_port", settings.host, settings.api_port, served=served)
    yield from _encryption(settings, clock())
    yield from _database(settings, clock())
    yield _disk(settings.database.absolute().parent)
    yield _clock(clock)
    yield _zones()
    if settings.role != "stations":
        yield _secret(settings.secret_file)
        yield _metrics(settings)
    yield _files(settings)
    yield _kernels()
    if settings.oidc_issuer:
        yield _issuer(settings.oidc_issuer)
    if settings.upstream:
        yield _upstream(settings.upstream)
    yield from _cars(settings, clock)


def _spelling(environment: Mapping[str, str]) -> Iterator[Finding]:
    for sentence in misspelt(environment):
        yield Finding("environment", Grade.WARN, sentence, "Correct or remove it.")


# the network


def _port(name: str, host: str, port: int, *, served: bool) -> Finding:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        with socket.socket(family) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host, port))
    except OSError as error:
        if served:
            return Finding(name, Grade.OK, f"{host} port {port} is in use, and evenload runs with this database")
        why = os.strerror(error.errno) if error.errno and error.errno > 0 else str(error)
        return Finding(name, Grade.FAIL, f"{host} port {port} cannot be listened on: {why}",
                       f"End what listens there, or choose another with {name}.")  # fmt: skip
    return Finding(name, Grade.OK, f"{host} port {port} can be listened on")


def _encryption(settings: Settings, now: datetime) -> Iterator[Finding]:
    if settings.tls_certificate is None:
        if settings.host not in _LOOPBACK:
            yield Finding("tls", Grade.WARN, f"the line is not encrypted and listens on {settings.host}",
                          "Set tls_certificate and tls_key, or put a proxy with TLS in front.")  # fmt: skip
        return
    try:
        tls_of(settings)
        authority_of(settings)
        found = x509.load_pem_x509_certificates(settings.tls_certificate.read_bytes())[0]
    except (InputError, OSError, ValueError) as error:
        yield Finding("tls", Grade.FAIL, str(error), "Until this is mended the server does not start.")
        return
    yield _validity(settings.tls_certificate, found, now)


def _validity(file: Path, found: x509.Certificate, now: datetime) -> Finding:
    begins, ends = found.not_valid_before_utc, found.not_valid_after_utc
    if not begins <= now <= ends:
        return Finding("tls", Grade.FAIL, f"{file} is valid from {begins:%Y-%m-%d} to {ends:%Y-%m-%d}, not now",
                       "Renew it; the server reads it again by itself.")  # fmt: skip
    text = f"{file} belongs to its key and is valid until {ends:%Y-%m-%d}"
    if ends - now < _EXPIRES_SOON:
        return Finding("tls", Grade.WARN, text, "Renew it soon; the server reads it again by itself.")
    return Finding("tls", Grade.OK, text)


def _issuer(issuer: str) -> Finding:
    url = issuer.rstrip("/") + "/.well-known/openid-configuration"
    try:
        told = httpx.get(url, timeout=_ANSWER_S).raise_for_status().json()["issuer"]
    except (httpx.HTTPError, httpx.InvalidURL, ValueError, KeyError, TypeError) as error:
        return Finding("oidc_issuer", Grade.FAIL, f"{url} does not tell of an issuer: {error}",
                       "Correct oidc_issuer, or let this machine reach it. Local accounts and keys work.")  # fmt: skip
    if told != issuer:
        return Finding("oidc_issuer", Grade.FAIL, f"the issuer calls itself {told}, not {issuer}",
                       f"Set oidc_issuer to {told}, to the letter.")  # fmt: skip
    return Finding("oidc_issuer", Grade.OK, f"{issuer} answers")


def _upstream(upstream: str) -> Finding:
    try:
        httpx.get(f"{upstream.rstrip('/')}/healthz", timeout=_ANSWER_S).raise_for_status()
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        return Finding("upstream", Grade.WARN, f"{upstream} does not answer: {error}",
                       "This site plans for itself until it does.")  # fmt: skip
    return Finding("upstream", Grade.OK, f"{upstream} answers")


def _cars(settings: Settings, clock: Callable[[], datetime]) -> Iterator[Finding]:
    """Clouds of cars that are set up, what their cars told, and which chargers they stand at."""
    found = list(of_clouds(settings, clock))
    if is_address(settings.store) or Path(settings.store).exists():
        try:
            if checkup(settings.store).is_newest:
                with opened(settings.store, make=False) as store:
                    found += of_cars(store, settings.tenants, clock()) if found else ()
                    found += of_cables(store, settings.tenants, settings.secret_file)
        except EvenloadError:
            pass  # which is said of the database
    grades = {True: Grade.OK, False: Grade.FAIL, None: Grade.WARN}
    yield from (Finding(one.name, grades[one.is_good], one.text, one.advice) for one in found)


# what is kept


def _database(settings: Settings, now: datetime) -> Iterator[Finding]:
    where = settings.store
    if not is_address(where) and not Path(where).exists():
        yield _place("database", Path(where), "it is made when the server starts")
        return
    try:
        found = checkup(where)
    except EvenloadError as error:
        yield Finding("database", Grade.FAIL, str(error), "Until this is mended nothing can be acknowledged.")
        return
    yield _revision(found)
    if found.is_newest:
        yield _tenants(found, settings)
        yield _callers(found)
    if found.heard_at is not None and found.heard_at > now + _HEARD_AHEAD:
        yield Finding("clock", Grade.FAIL, f"the database knows of {found.heard_at:%Y-%m-%d %H:%M} UTC, which is ahead",
                      "Set the clock right before the server starts: time synchronisation is needed.")  # fmt: skip


def _revision(found: Checkup) -> Finding:
    if not found.is_known:
        return Finding("database", Grade.FAIL, f"{found.name} was made by a later evenload ({found.revision})",
                       "Use that evenload, or a copy of the database from before.")  # fmt: skip
    if found.revision is None:
        return Finding("database", Grade.OK, f"{found.name} can be written and is empty")
    if not found.is_newest:
        return Finding("database", Grade.WARN, f"{found.name} is at revision {found.revision}, an older one",
                       "Keep a copy, then `evenload db upgrade`; the server does so too when it starts.")  # fmt: skip
    return Finding("database", Grade.OK, f"{found.name} can be written and is at revision {found.revision}")


def _tenants(found: Checkup, settings: Settings) -> Finding:
    left = [name for name in found.tenants if name not in settings.tenants]
    if left:
        return Finding("tenants", Grade.WARN, f"not served, though they have stations: {', '.join(left)}",
                       "Name them in tenants; their stations are turned away.")  # fmt: skip
    return Finding("tenants", Grade.OK, f"served: {', '.join(settings.tenants)}")


def _callers(found: Checkup) -> Finding:
    if not found.callers:
        return Finding("access", Grade.WARN, "nobody can use the API: there is no user and no key",
                       "evenload key add NAME --role operator")  # fmt: skip
    return Finding("access", Grade.OK, f"{found.callers} users and keys")


def _place(name: str, file: Path, text: str) -> Finding:
    """Whether a file can be made."""
    folder = file.absolute().parent
    if not os.access(folder, os.W_OK | os.X_OK):
        return Finding(name, Grade.FAIL, f"{file} is not there and cannot be made in {folder}",
                       f"Make the folder for this account, or name another place with {name}.")  # fmt: skip
    return Finding(name, Grade.OK, f"{file} is not there: {text}")


def _secret(file: Path) -> Finding:
    if not file.exists():
        return _place("secret_file", file, "it is made when the server starts")
    found = file.stat()
    if not os.access(file, os.R_OK):
        return Finding("secret_file", Grade.FAIL, f"{file} cannot be read by this account", "Give it to this account.")
    if found.st_mode & 0o077:
        return Finding("secret_file", Grade.FAIL, f"others may use {file} (mode {found.st_mode & 0o777:o})",
                       f"chmod 600 {file}; if somebody may have read it, remove it: all log in again.")  # fmt: skip
    return Finding("secret_file", Grade.OK, f"{file} is for this account only")


# the machine


def _disk(folder: Path) -> Finding:
    if not folder.exists():
        return Finding("disk", Grade.FAIL, f"{folder} is not there", "Make it.")
    free = shutil.disk_usage(folder).free
    text = f"{free / 1e9:,.1f} GB are free at {folder}"
    if free < _FREE_BYTES_LEAST:
        return Finding("disk", Grade.FAIL, text, "Make room: a full disk stops everything from being acknowledged.")
    if free < _FREE_BYTES_GOOD:
        return Finding(
            "disk", Grade.WARN, text, "Make room. A thousand devices take some 0.1 GB a day; see `db prune`."
        )
    return Finding("disk", Grade.OK, text)


def _clock(clock: Callable[[], datetime]) -> Finding:
    began, began_s = clock(), time.monotonic()
    time.sleep(_CLOCKS_S)
    apart_s = (clock() - began).total_seconds() - (time.monotonic() - began_s)
    if abs(apart_s) > _CLOCKS_DIFFER_S:
        return Finding("clock", Grade.WARN, f"the clock jumped by {apart_s:.2f} s while it was looked at",
                       "Let it be synchronised slowly (chrony or systemd-timesyncd), not set.")  # fmt: skip
    return Finding("clock", Grade.OK, f"it shows {began:%Y-%m-%d %H:%M:%S} UTC and runs evenly")


def _zones() -> Finding:
    try:
        time_zone("Europe/Amsterdam")
    except InputError as error:
        return Finding("time zones", Grade.FAIL, str(error), "Install the package tzdata.")
    return Finding("time zones", Grade.OK, "they are known")


def _metrics(settings: Settings) -> Finding:
    if not settings.metrics_token and settings.host not in _LOOPBACK:
        return Finding("metrics", Grade.WARN, "whoever reaches the API may read /metrics", "Set metrics_token.")
    who = "asks for metrics_token" if settings.metrics_token else "can be read on this machine only"
    return Finding("metrics", Grade.OK, f"/metrics {who}")


def _files(settings: Settings) -> Finding:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = settings.connections_max + _FILES_BESIDE
    if soft < wanted:
        return Finding("open files", Grade.WARN, f"{soft:,} may be open, {wanted:,} are needed for connections_max",
                       f"Raise the limit (LimitNOFILE= of systemd, ulimit -n; at most {hard:,}), "
                       "or lower connections_max.")  # fmt: skip
    return Finding("open files", Grade.OK, f"{soft:,} may be open")


def _kernels() -> Finding:
    chosen = os.environ.get("NUMBA_CACHE_DIR")
    folder = Path(chosen) if chosen else Path(kernels.__path__[0]) / "__pycache__"
    home = Path.home() / ".cache"
    if any(os.access(_there(one), os.W_OK) for one in (folder, home)):
        return Finding("compiled code", Grade.OK, "it can be kept between starts")
    return Finding("compiled code", Grade.WARN, f"it cannot be kept: neither {folder} nor {home} can be written",
                   "Set NUMBA_CACHE_DIR to a folder of this account; until then every start takes longer.")  # fmt: skip


def _there(folder: Path) -> Path:
    """The folder, or what is there of the way to it."""
    return next(one for one in (folder, *folder.parents) if one.exists())
