"""Who may register with a VTN, and who has."""

from collections.abc import Callable
from datetime import datetime

from msgspec.structs import replace

from evenload.openadr.v20b.faults import Code, ProtocolError
from evenload.openadr.v20b.keeping import Keeper, Table
from evenload.openadr.v20b.messages import (
    CanceledRegistration,
    CancelRegistration,
    CreatedRegistration,
    CreateRegistration,
    QueryRegistration,
)
from evenload.openadr.v20b.parts import Response
from evenload.openadr.v20b.vtn_records import Fact, Ven, VenLeft, VenRegistered, VtnSettings


class Parties:
    """VENs a VTN knows. Only those enrolled may register."""

    def __init__(self, settings: VtnSettings, keeper: Keeper, new_id: Callable[[], str]) -> None:
        self._settings = settings
        self._new_id = new_id
        self._vens = Table(keeper, "ven", Ven)

    def enrol(self, ven: Ven) -> None:
        """Let a VEN register; one that has keeps its registration. A name or fingerprint is of one VEN only."""
        for other in self._vens:
            if other.ven_id == ven.ven_id:
                ven = replace(
                    ven, registration_id=other.registration_id, registered_at=other.registered_at, pulls=other.pulls,
                    address=other.address, is_report_only=other.is_report_only, signs=other.signs,
                )  # fmt: skip
            elif ven.name and other.name == ven.name:
                raise ProtocolError(Code.INVALID_ID, f"the name {ven.name!r} is of VEN {other.ven_id!r} already")
            elif ven.fingerprint is not None and other.fingerprint == ven.fingerprint:
                raise ProtocolError(Code.INVALID_ID, f"the fingerprint is of VEN {other.ven_id!r} already")
        self._vens.put(ven.ven_id, ven)

    def find(self, ven_id: str) -> Ven | None:
        """A VEN that is enrolled."""
        return self._vens.get(ven_id)

    def registered(self) -> list[Ven]:
        """VENs that have registered."""
        return [ven for ven in self._vens if ven.registration_id is not None]

    def admitted(self, ven_id: str | None, fingerprint: str | None) -> Ven:
        """The registered VEN of an id that comes with that certificate; ``ProtocolError`` where it is not."""
        ven = self._known(ven_id, fingerprint)
        if ven.registration_id is None:
            raise ProtocolError(Code.NOT_REGISTERED, f"VEN {ven.ven_id!r} has not registered")
        return ven

    def admitted_here(self, ven_id: str) -> Ven:
        """The registered VEN of an id, at the wish of this side."""
        ven = self._vens.get(ven_id)
        if ven is None or ven.registration_id is None:
            raise ProtocolError(Code.NOT_REGISTERED, f"VEN {ven_id!r} has not registered")
        return ven

    def _known(self, ven_id: str | None, fingerprint: str | None) -> Ven:
        ven = None if ven_id is None else self._vens.get(ven_id)
        if ven is None:
            raise ProtocolError(Code.INVALID_ID, f"venID {ven_id!r} is not known here")
        if ven.fingerprint is None and not self._settings.needs_identity:
            return ven
        if fingerprint is None:
            raise ProtocolError(Code.NOT_REGISTERED, "a certificate is needed, and none came with the request")
        if ven.fingerprint != fingerprint:
            raise ProtocolError(
                Code.NOT_REGISTERED, f"certificate {fingerprint} is not the one known for VEN {ven.ven_id!r}"
            )
        return ven

    def query(self, message: QueryRegistration, fingerprint: str | None) -> CreatedRegistration:
        """What this VTN can do, and the registration of who asks where its certificate tells who it is."""
        ven = next((ven for ven in self._vens if fingerprint is not None and ven.fingerprint == fingerprint), None)
        if ven is None or ven.registration_id is None:
            return self._created(message.request_id)
        return self._created(message.request_id, ven)

    def register(
        self, message: CreateRegistration, fingerprint: str | None, now: datetime
    ) -> tuple[CreatedRegistration, list[Fact]]:
        """Register a VEN, or again; the same registration id stays where it comes with it."""
        ven = self._applicant(message, fingerprint)
        if message.registration_id is not None and message.registration_id != ven.registration_id:
            raise ProtocolError(Code.INVALID_ID, "the registrationID is not the one of this VEN")
        if message.profile != "2.0b" or message.transport != "simpleHttp":
            raise ProtocolError(Code.NOT_ALLOWED, f"{message.profile} over {message.transport} is not spoken here")
        pulls = message.pulls is not False
        if not pulls and not (message.address or "").startswith("https://"):
            raise ProtocolError(Code.INVALID_DATA, "a VEN that is pushed to needs an oadrTransportAddress of https")
        ven = self._vens.put(
            ven.ven_id,
            replace(
                ven, registration_id=message.registration_id or self._new_id(), registered_at=now, pulls=pulls,
                address=message.address, is_report_only=message.is_report_only, signs=message.signs,
            ),
        )  # fmt: skip
        return self._created(message.request_id, ven), [VenRegistered(ven=ven)]

    def _applicant(self, message: CreateRegistration, fingerprint: str | None) -> Ven:
        if message.ven_id is not None:
            return self._known(message.ven_id, fingerprint)
        for ven in self._vens:
            if fingerprint is not None and ven.fingerprint == fingerprint:
                return ven
        for ven in self._vens:
            if message.ven_name and ven.name == message.ven_name:
                return self._known(ven.ven_id, fingerprint)
        raise ProtocolError(Code.NOT_REGISTERED, "neither certificate nor name is of a VEN that may register here")

    def leave(self, message: CancelRegistration, fingerprint: str | None) -> tuple[CanceledRegistration, list[Fact]]:
        """End a registration at the wish of its VEN."""
        found = next((ven for ven in self._vens if ven.registration_id == message.registration_id), None)
        if found is None or message.ven_id not in (None, found.ven_id):
            raise ProtocolError(Code.INVALID_ID, "the registrationID is not known here")
        ven = self._known(found.ven_id, fingerprint)
        self.end(ven.ven_id)
        reply = CanceledRegistration(
            response=Response(request_id=message.request_id), registration_id=message.registration_id, ven_id=ven.ven_id
        )
        return reply, [VenLeft(ven_id=ven.ven_id)]

    def end(self, ven_id: str) -> None:
        """End a registration."""
        ven = self._vens.get(ven_id)
        if ven is not None:
            self._vens.put(ven_id, replace(ven, registration_id=None, registered_at=None, address=None))

    def _created(self, request_id: str, ven: Ven | None = None) -> CreatedRegistration:
        return CreatedRegistration(
            response=Response(description="OK", request_id=request_id),
            registration_id=None if ven is None else ven.registration_id,
            ven_id=None if ven is None else ven.ven_id,
            vtn_id=self._settings.vtn_id,
            poll_every=self._settings.poll_every,
        )
