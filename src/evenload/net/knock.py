"""The opening HTTP request of a WebSocket, as bytes, and what it asks for."""

import re
from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import IPv6Network
from typing import Final
from urllib.parse import quote, unquote_to_bytes

from evenload.domain.station import StationId
from evenload.net.ports import SecurityProfile

HEAD_BYTES_MAX: Final = 8192
END_OF_HEAD: Final = b"\r\n\r\n"
CERTIFICATE_URI: Final = "urn:evenload:station:"

# identifierString of OCPP 2.0.1 (Part 4, section 3.1.1), which also fits a user name; "." and ".." are no names.
_IDENTITY: Final = re.compile(r"(?!\.{1,2}$)[A-Za-z0-9*\-_=+|@.]{1,48}")
TENANT: Final = re.compile(r"[A-Za-z0-9_-]{1,48}")
_TOKEN: Final = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")


@dataclass(frozen=True, slots=True)
class Head:
    """Path and headers, their names in lower case, repeated ones joined by commas."""

    path: str
    headers: Mapping[str, str] = field(repr=False)  # they hold the password


@dataclass(frozen=True, slots=True)
class Line:
    """What the connection itself shows: where from, whether over TLS, common name and URIs of a proved certificate."""

    address: str
    secure: bool = False
    certificate_name: str = ""
    certificate_uris: tuple[str, ...] = ()

    @property
    def network(self) -> str:
        """Where it comes from, as far as one party is likely behind it: an IPv4 address, or 64 bits of an IPv6 one."""
        host = self.address.rpartition(":")[0]
        if ":" not in host:
            return host
        try:
            return str(IPv6Network((host.partition("%")[0], 64), strict=False))
        except ValueError:
            return host


@dataclass(frozen=True, slots=True)
class Knock:
    """A station at the door. ``password`` is ``None`` where none was sent, and never shown."""

    station: StationId
    subprotocols: tuple[str, ...]
    line: Line
    user: str = ""
    password: bytes | None = field(default=None, repr=False)

    @property
    def profile(self) -> SecurityProfile:
        """The security profile it offers to prove itself with."""
        if self.line.certificate_name:
            return SecurityProfile.MUTUAL_TLS
        if self.password is None:
            return SecurityProfile.NONE
        return SecurityProfile.BASIC_OVER_TLS if self.line.secure else SecurityProfile.BASIC


def certificate_uri(station: StationId) -> str:
    """What a certificate signed here says beside the common name, which another tenant's station may share."""
    return f"{CERTIFICATE_URI}{station.tenant}:{quote(station.identity, safe='')}"


def read_head(data: bytes) -> Head | None:
    """Read the head of a GET request (RFC 9112), its last empty line left out; ``None`` where it is not one."""
    try:
        request, *lines = data.decode("latin-1").split("\r\n")
        method, target, version = request.split(" ")
    except ValueError:
        return None
    if method != "GET" or version != "HTTP/1.1":
        return None
    headers: dict[str, str] = {}
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon or not _TOKEN.fullmatch(name):
            return None
        key = name.lower()
        if key in headers and key in ("authorization", "host"):
            return None  # which of the two is meant is anyone's guess
        headers[key] = f"{headers[key]},{value.strip()}" if key in headers else value.strip()
    return Head(target, headers)


def station_of(path: str) -> StationId | None:
    """The station a path ``/ocpp/<tenant>/<identity>`` names; ``None`` where it names none."""
    parts = path.partition("?")[0].split("/")
    if len(parts) != 4 or parts[:2] != ["", "ocpp"]:
        return None
    try:
        tenant, identity = (unquote_to_bytes(part).decode("ascii") for part in parts[2:])
    except UnicodeDecodeError:
        return None
    if not TENANT.fullmatch(tenant) or not _IDENTITY.fullmatch(identity):
        return None
    return StationId(tenant, identity)


def read_knock(head: Head, station: StationId, line: Line) -> Knock | None:
    """What a head asks for; ``None`` where its credentials cannot be read."""
    offered = (name.strip() for name in head.headers.get("sec-websocket-protocol", "").split(","))
    subprotocols = tuple(name for name in offered if name)
    authorization = head.headers.get("authorization")
    if authorization is None:
        return Knock(station, subprotocols, line)
    scheme, _, encoded = authorization.partition(" ")
    try:
        user, colon, password = b64decode(encoded.strip(), validate=True).partition(b":")
        if scheme.lower() != "basic" or not colon:
            return None
        return Knock(station, subprotocols, line, user.decode("utf-8"), password)
    except (Base64Error, UnicodeDecodeError):
        return None
