"""What goes around messages: signatures and who is behind them."""

from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple

from evenload.openadr.v20b.document import parsed, read_signed_object, signed_object, write_message
from evenload.openadr.v20b.faults import Code, ProtocolError
from evenload.openadr.v20b.messages import AnyMessage
from evenload.openadr.v20b.replay import ReplayGuard
from evenload.openadr.v20b.signature import Signer, is_signed, verified


class Opened(NamedTuple):
    """A message, the fingerprint of the certificate behind it, and whether it was signed."""

    message: AnyMessage
    fingerprint: str | None
    is_signed: bool


class Envelope:
    """Opens and seals messages.

    ``trusts`` says which fingerprints may sign at all: a stranger's nonces are not remembered. With ``needs_signature``
    what is not signed is refused. A signature and a connection must be of one certificate.
    """

    def __init__(
        self, new_id: Callable[[], str], trusts: Callable[[str], bool], guard: ReplayGuard, *,
        signer: Signer | None = None, needs_signature: bool = False,
    ) -> None:  # fmt: skip
        self._new_id = new_id
        self._trusts = trusts
        self._guard = guard
        self._signer = signer
        self._needs_signature = needs_signature

    def opened(self, body: bytes, connection: str | None, now: datetime) -> Opened:
        """A message out of bytes. ``connection`` is the fingerprint its connection proved, if any."""
        root = parsed(body)
        if not is_signed(root):
            if self._needs_signature:
                raise ProtocolError(Code.NOT_REGISTERED, "a signature is needed")
            return Opened(read_signed_object(signed_object(root)), connection, is_signed=False)
        signed = verified(root, now)
        if connection is not None and connection != signed.fingerprint:
            raise ProtocolError(Code.NOT_REGISTERED, "signature and connection are of different certificates")
        if not self._trusts(signed.fingerprint):
            raise ProtocolError(Code.NOT_REGISTERED, f"certificate {signed.fingerprint} is not known here")
        self._guard.take(signed.nonce, signed.signed_at, now)
        return Opened(read_signed_object(signed.signed_object), signed.fingerprint, is_signed=True)

    def sealed(self, message: AnyMessage, now: datetime, *, signs: bool) -> bytes:
        """A message as bytes, signed where that is wanted and this end can."""
        if signs and self._signer is not None:
            return self._signer.write(message, self._new_id(), now)
        return write_message(message)
