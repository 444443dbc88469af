"""Who may come in, and what is said to who may not."""

import asyncio
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from evenload.domain.station import StationId
from evenload.net.knock import CERTIFICATE_URI, Knock, certificate_uri
from evenload.net.password import Verified, is_slow, verify
from evenload.net.ports import Directory, SecurityProfile, StationRecord, TenantRecord
from evenload.net.throttle import Throttle

_SLOW_AT_ONCE: Final = 2


class Refusal(StrEnum):
    """Why a connection was not taken."""

    BAD_REQUEST = "bad_request"
    BAD_PATH = "bad_path"
    UNKNOWN_TENANT = "unknown_tenant"
    UNKNOWN_STATION = "unknown_station"
    NOT_APPROVED = "not_approved"
    REVOKED = "revoked"
    BAD_CREDENTIALS = "bad_credentials"
    THROTTLED = "throttled"
    PROFILE_TOO_WEAK = "profile_too_weak"
    WRONG_CERTIFICATE = "wrong_certificate"
    NO_SUBPROTOCOL = "no_subprotocol"
    SERVER_FULL = "server_full"
    TENANT_FULL = "tenant_full"
    DRAINING = "draining"
    NO_STORE = "no_store"

    @property
    def status(self) -> int:
        """The HTTP status that says it. An unknown station gets 404 (OCPP-J 1.6, section 3.1.2)."""
        return _ANSWERS[self][0]

    @property
    def sentence(self) -> str:
        """The reason in words."""
        return _ANSWERS[self][1]


_ANSWERS: Final = {
    Refusal.BAD_REQUEST: (400, "not a request for a WebSocket"),
    Refusal.BAD_PATH: (404, "the path is not /ocpp/<tenant>/<identity>"),
    Refusal.UNKNOWN_TENANT: (404, "unknown"),
    Refusal.UNKNOWN_STATION: (404, "unknown"),
    Refusal.NOT_APPROVED: (404, "unknown"),
    Refusal.REVOKED: (404, "unknown"),
    Refusal.BAD_CREDENTIALS: (401, "user name or password are wrong or missing"),
    Refusal.THROTTLED: (429, "too many wrong passwords; wait before the next"),
    Refusal.PROFILE_TOO_WEAK: (401, "this station must prove itself by a stronger security profile"),
    Refusal.WRONG_CERTIFICATE: (401, "the certificate is another station's"),
    Refusal.NO_SUBPROTOCOL: (400, "none of the subprotocols offered is spoken here"),
    Refusal.SERVER_FULL: (503, "no place for more connections"),
    Refusal.TENANT_FULL: (503, "no place for more connections of this tenant"),
    Refusal.DRAINING: (503, "closing; come back later"),
    Refusal.NO_STORE: (503, "out of order; come back later"),
}


@dataclass(frozen=True, slots=True)
class Admitted:
    """A station that proved who it is."""

    tenant: TenantRecord
    profile: SecurityProfile


class Doorkeeper:
    """Decides on knocks. Passwords that are slow to verify are verified in a thread, two at a time at most, and never
    for who failed from the same place shortly before: guessing costs this server nothing.
    """

    def __init__(self, directory: Directory, verified: Verified, throttle: Throttle | None = None) -> None:
        self._directory = directory
        self._verified = verified
        self._throttle = throttle or Throttle(asyncio.get_running_loop().time)
        self._trying: set[tuple[StationId, str]] = set()
        self._slots = asyncio.Semaphore(_SLOW_AT_ONCE)

    async def admit(self, knock: Knock) -> Admitted | Refusal:
        """Whether the station that knocks is who it says and may come in."""
        verdict = await self._judged(knock)
        if isinstance(verdict, Refusal):
            return verdict
        return await self._judged(knock)  # verifying takes a while: its access may have been taken away meanwhile

    async def _judged(self, knock: Knock) -> Admitted | Refusal:
        tenant, record = await self._directory.look_up(knock.station)
        if tenant is None:
            return Refusal.UNKNOWN_TENANT
        if record is None or not record.approved:
            self._directory.hold(knock.station, knock.line.address)
            return _unwelcome(record)
        refusal = await self._proved(knock, record)
        return refusal or Admitted(tenant, knock.profile)

    async def _proved(self, knock: Knock, record: StationRecord) -> Refusal | None:
        if knock.profile is SecurityProfile.MUTUAL_TLS:
            return None if _is_its_certificate(knock, record) else Refusal.WRONG_CERTIFICATE
        hashes = [one for one in (record.password_hash, record.password_hash_next) if one]
        if knock.password is not None and hashes:
            matching = await self._matching(knock.password, hashes, knock)
            if isinstance(matching, Refusal):
                return matching
            if matching == record.password_hash_next:
                self._directory.took_password(knock.station, matching)
        elif record.password_hash or record.profile is not SecurityProfile.NONE:
            return Refusal.BAD_CREDENTIALS
        return Refusal.PROFILE_TOO_WEAK if knock.profile < record.profile else None

    async def _matching(self, password: bytes, hashes: list[str], knock: Knock) -> str | Refusal:
        """The hash that the password is of."""
        who, named = (knock.station, knock.line.network), knock.user == knock.station.identity
        for hashed in hashes if named else ():
            if self._verified.holds(password, hashed) or (not is_slow(hashed) and verify(password, hashed)):
                return hashed
        if who in self._trying or self._throttle.waits_s(who):
            return Refusal.THROTTLED
        self._trying.add(who)
        try:
            for hashed in filter(is_slow, hashes if named else ()):
                async with self._slots:
                    matches = await asyncio.to_thread(verify, password, hashed)
                if matches:
                    self._verified.keep(password, hashed)
                    self._throttle.passed(who)
                    return hashed
        finally:
            self._trying.discard(who)
        self._throttle.failed(who)
        return Refusal.BAD_CREDENTIALS


def _unwelcome(record: StationRecord | None) -> Refusal:
    if record is None:
        return Refusal.UNKNOWN_STATION
    return Refusal.REVOKED if record.revoked else Refusal.NOT_APPROVED


def _is_its_certificate(knock: Knock, record: StationRecord) -> bool:
    """By the common name, and where the certificate was signed here by the tenant too."""
    own = [one for one in knock.line.certificate_uris if one.startswith(CERTIFICATE_URI)]
    expected = record.certificate_name or knock.station.identity
    return knock.line.certificate_name == expected and own in ([], [certificate_uri(knock.station)])
