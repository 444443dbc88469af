"""Signatures: what holds, what does not, and nothing twice."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import cache
from hashlib import sha256
from itertools import count

import pytest
import trustme
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key

from evenload.openadr.v20b import messages as wire
from evenload.openadr.v20b.document import read_signed_object, write_message
from evenload.openadr.v20b.envelope import Envelope
from evenload.openadr.v20b.faults import Code, ProtocolError
from evenload.openadr.v20b.replay import ReplayGuard
from evenload.openadr.v20b.signature import Signer, fingerprint, read_signed

NOW = datetime.now(UTC)  # noqa: TID251 - certificates and peers are of now
POLL = wire.Poll(ven_id="v1")


@cache
def held(kind: str, name: str = "ven.example") -> tuple[Signer, str, str]:
    issued = trustme.CA().issue_cert(name, key_type=trustme.KeyType[kind])
    pem = issued.cert_chain_pems[0].bytes().decode()
    der = x509.load_pem_x509_certificate(pem.encode()).public_bytes(Encoding.DER)
    key = load_pem_private_key(issued.private_key_pem.bytes(), None)
    return Signer(key, pem), fingerprint(der), sha256(der).hexdigest()  # type: ignore[arg-type]  # RSA or EC


def why(body: bytes, now: datetime = NOW) -> str:
    with pytest.raises(ProtocolError) as refused:
        read_signed(body, now)
    assert refused.value.code == Code.NOT_REGISTERED
    return str(refused.value)


@pytest.mark.requirement("R78")
@pytest.mark.parametrize("kind", ["RSA", "ECDSA"])
def test_what_was_signed_holds_and_tells_by_whom(kind: str, examples: tuple[wire.AnyMessage, ...]) -> None:
    signer, by, digest = held(kind)
    assert by.replace(":", "").lower() == digest[-20:]
    for number, message in enumerate(examples):
        signed = read_signed(signer.write(message, f"n{number}", NOW), NOW)
        assert (signed.fingerprint, signed.nonce, signed.signed_at) == (by, f"n{number}", NOW)
        assert read_signed_object(signed.signed_object) == message


def test_a_change_anywhere_that_matters_is_seen() -> None:
    body = held("ECDSA")[0].write(POLL, "n1", NOW)
    for before, after in ((b">v1<", b">v2<"), (b">n1<", b">n2<"), (b"oadrPoll", b"oadrPolk"), (b'Id="rp"', b'Id="rq"')):
        assert before in body
        assert "does not hold" in why(body.replace(before, after))


def test_a_second_message_beside_the_signed_one_is_not_read() -> None:
    body = held("ECDSA")[0].write(POLL, "n1", NOW)
    evil = write_message(wire.Poll(ven_id="evil"))
    inner = evil[evil.index(b"<oadr:oadrSignedObject") : evil.index(b"</oadr:oadrPayload>")]
    at = body.index(b"<oadr:oadrSignedObject")
    for other in (inner, inner.replace(b'oadr:Id="oadrSignedObject"', b"")):
        wrapped = body[:at] + other + body[at:]
        try:
            signed = read_signed(wrapped, NOW)
        except ProtocolError:
            continue
        assert read_signed_object(signed.signed_object) == POLL  # what was signed, whatever else is there


def test_a_signature_of_another_certificate_does_not_hold() -> None:
    mine, other = (held("ECDSA", name)[0].write(POLL, "n", NOW).decode() for name in ("a.example", "b.example"))
    cut = "ds:X509Certificate>"
    swapped = mine.split(cut)[0] + cut + other.split(cut)[1] + cut + mine.split(cut)[2]
    assert "does not hold" in why(swapped.encode())


@pytest.mark.parametrize("cut", ["ds:X509Data", "ds:SignatureValue", "ds:SignatureProperty", "ds:SignedInfo"])
def test_signatures_with_a_hole_are_refused(cut: str) -> None:
    body = held("ECDSA")[0].write(POLL, "n1", NOW).decode()
    start, end = body.index(f"<{cut}"), body.rindex(f"</{cut}>") + len(cut) + 3
    assert why((body[:start] + body[end:]).encode())


def test_an_expired_certificate_does_not_hold() -> None:
    late = NOW + timedelta(days=365 * 2000)
    assert "does not hold" in why(held("ECDSA")[0].write(POLL, "n1", late), late)


class TestReplay:
    def refused(self, guard: ReplayGuard, nonce: str, at: datetime, now: datetime) -> bool:
        try:
            guard.take(nonce, at, now)
        except ProtocolError:
            return True
        return False

    def test_a_nonce_is_taken_once_as_long_as_it_could_come_again(self) -> None:
        guard = ReplayGuard()
        assert not self.refused(guard, "n", NOW, NOW)
        for minutes in range(-5, 12):
            assert self.refused(guard, "n", NOW, NOW + timedelta(minutes=minutes))
        assert not self.refused(guard, "n", NOW + timedelta(minutes=12), NOW + timedelta(minutes=12))

    @pytest.mark.parametrize(("minutes", "is_refused"), [(-6, True), (-4, False), (4, False), (6, True)])
    def test_clocks_may_differ_by_minutes(self, minutes: int, *, is_refused: bool) -> None:
        assert self.refused(ReplayGuard(), "n", NOW + timedelta(minutes=minutes), NOW) is is_refused

    def test_after_a_restart_nothing_from_before_it_is_taken(self) -> None:
        guard = ReplayGuard(opened_at=NOW)
        assert self.refused(guard, "n", NOW - timedelta(seconds=1), NOW)
        assert not self.refused(guard, "n", NOW, NOW)

    def test_a_flood_is_refused_rather_than_one_forgotten(self) -> None:
        guard = ReplayGuard(kept_max=2)
        taken = [not self.refused(guard, nonce, NOW, NOW) for nonce in "abca"]
        assert taken == [True, True, False, False]
        assert not self.refused(guard, "d", NOW + timedelta(minutes=11), NOW + timedelta(minutes=11))


@pytest.fixture(name="envelope")
def _envelope() -> Callable[..., Envelope]:
    numbers = count()

    def made(*, needs_signature: bool = False) -> Envelope:
        known = held("ECDSA")[1]
        return Envelope(
            lambda: f"n{next(numbers)}", known.__eq__, ReplayGuard(), signer=held("ECDSA")[0],
            needs_signature=needs_signature,
        )  # fmt: skip

    return made


def test_an_envelope_says_who_is_behind_a_message(envelope: Callable[..., Envelope]) -> None:
    ours, by = envelope(), held("ECDSA")[1]
    signed = ours.sealed(POLL, NOW, signs=True)
    opened = ours.opened(signed, by, NOW)
    assert (opened.message, opened.fingerprint, opened.is_signed) == (POLL, by, True)
    with pytest.raises(ProtocolError, match="come before"):
        ours.opened(signed, by, NOW)
    plain = ours.opened(ours.sealed(POLL, NOW, signs=False), "AA", NOW)
    assert (plain.fingerprint, plain.is_signed) == ("AA", False)


def test_an_envelope_refuses_the_unsigned_the_unknown_and_the_mixed(envelope: Callable[..., Envelope]) -> None:
    ours = envelope(needs_signature=True)
    stranger = held("ECDSA", "stranger.example")[0].write(POLL, "n", NOW)
    for body, connection, why_not in (
        (write_message(POLL), None, "signature is needed"),
        (stranger, None, "not known here"),
        (ours.sealed(POLL, NOW, signs=True), "AA:BB", "different certificates"),
    ):
        with pytest.raises(ProtocolError, match=why_not):
            ours.opened(body, connection, NOW)
