"""Who may come in, and what is said to who may not."""

import asyncio
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from evenload.net.knock import Knock
from evenload.net.password import Verified, is_slow, verify
from evenload.net.ports import Directory, SecurityProfile, StationRecord, TenantRecord


class Refusal(StrEnum):
    """Why a connection was not taken."""

    BAD_REQUEST = "bad_request"
    BAD_PATH = "bad_path"
    UNKNOWN_TENANT = "unknown_tenant"
    UNKNOWN_STATION = "unknown_station"
    NOT_APPROVED = "not_approved"
    BAD_CREDENTIALS = "bad_credentials"
    PROFILE_TOO_WEAK = "profile_too_weak"
    WRONG_CERTIFICATE = "wrong_certificate"
    NO_SUBPROTOCOL = "no_subprotocol"
    SERVER_FULL = "server_full"
    TENANT_FULL = "tenant_full"
    DRAINING = "draining"

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
    Refusal.BAD_CREDENTIALS: (401, "user name or password are wrong or missing"),
    Refusal.PROFILE_TOO_WEAK: (401, "this station must prove itself by a stronger security profile"),
    Refusal.WRONG_CERTIFICATE: (401, "the certificate is another station's"),
    Refusal.NO_SUBPROTOCOL: (400, "none of the subprotocols offered is spoken here"),
    Refusal.SERVER_FULL: (503, "no place for more connections"),
    Refusal.TENANT_FULL: (503, "no place for more connections of this tenant"),
    Refusal.DRAINING: (503, "closing; come back later"),
}


@dataclass(frozen=True, slots=True)
class Admitted:
    """A station that proved who it is."""

    tenant: TenantRecord
    profile: SecurityProfile


class Doorkeeper:
    """Decides on knocks; passwords that are slow to verify are verified in a thread."""

    def __init__(self, directory: Directory, verified: Verified) -> None:
        self._directory = directory
        self._verified = verified

    async def admit(self, knock: Knock) -> Admitted | Refusal:
        """Whether the station that knocks is who it says and may come in."""
        tenant, record = await self._directory.look_up(knock.station)
        if tenant is None:
            return Refusal.UNKNOWN_TENANT
        if record is None or not record.approved:
            self._directory.hold(knock.station, knock.line.address)
            return Refusal.UNKNOWN_STATION if record is None else Refusal.NOT_APPROVED
        refusal = await self._proved(knock, record)
        return refusal or Admitted(tenant, knock.profile)

    async def _proved(self, knock: Knock, record: StationRecord) -> Refusal | None:
        if knock.profile is SecurityProfile.MUTUAL_TLS:
            expected = record.certificate_name or knock.station.identity
            return None if knock.line.certificate_name == expected else Refusal.WRONG_CERTIFICATE
        if knock.password is not None and record.password_hash:
            if knock.user != knock.station.identity or not await self._matches(knock.password, record.password_hash):
                return Refusal.BAD_CREDENTIALS
        elif record.password_hash or record.profile is not SecurityProfile.NONE:
            return Refusal.BAD_CREDENTIALS
        return Refusal.PROFILE_TOO_WEAK if knock.profile < record.profile else None

    async def _matches(self, password: bytes, hashed: str) -> bool:
        if self._verified.holds(password, hashed):
            return True
        if not is_slow(hashed):
            return verify(password, hashed)
        matches = await asyncio.to_thread(verify, password, hashed)
        if matches:
            self._verified.keep(password, hashed)
        return matches
