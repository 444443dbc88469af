"""The authority for stations: what it signs and how (checked by openssl's own verification), and what it refuses."""

import base64
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from cryptography.x509.verification import PolicyBuilder, Store
from hypothesis import given, settings
from hypothesis import strategies as st

from evenload.base.errors import InputError
from evenload.domain.station import StationId
from evenload.net.authority import Authority, RequestError, load_authority

pytestmark = pytest.mark.requirement("R79")

A = StationId("home", "CP|1")
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
P256 = ec.generate_private_key(ec.SECP256R1())
RSA = rsa.generate_private_key(65537, 2048)


def pem(key: Any, password: bytes | None = None) -> bytes:
    how = serialization.BestAvailableEncryption(password) if password else serialization.NoEncryption()
    return bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, how))


def authority_certificate(
    key: Any, *, ca: bool = True, days: float = 3650, signs: bool = True, issuer: str = "Root", name: str = "Root",
    issuer_key: Any = None,
) -> x509.Certificate:  # fmt: skip
    common = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Grid & Sons")]
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([*common, x509.NameAttribute(NameOID.COMMON_NAME, name)]))
        .issuer_name(x509.Name([*common, x509.NameAttribute(NameOID.COMMON_NAME, issuer)]))
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(NOW - timedelta(days=30))
        .not_valid_after(NOW + timedelta(days=days))
        .add_extension(x509.BasicConstraints(ca=ca, path_length=0 if ca else None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.KeyUsage(
                digital_signature=True, content_commitment=False, key_encipherment=False, data_encipherment=False,
                key_agreement=False, key_cert_sign=signs, crl_sign=signs, encipher_only=False, decipher_only=False,
            ),
            critical=True,
        )
    )  # fmt: skip
    return builder.sign(issuer_key or key, hashes.SHA256())


def authority(key: Any = P256, **more: Any) -> Authority:
    return Authority(authority_certificate(key, **more), key, 90)


def request(key: Any = P256, *names: str, digest: Any = None) -> str:
    subject = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Root of all")]
    subject += [x509.NameAttribute(NameOID.COMMON_NAME, name) for name in names or ("CP|1",)]
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name(subject))
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    signed = builder.sign(key, None if isinstance(key, ed25519.Ed25519PrivateKey) else digest or hashes.SHA256())
    return signed.public_bytes(serialization.Encoding.PEM).decode()


@pytest.mark.parametrize("key", [P256, RSA, ec.generate_private_key(ec.SECP384R1())])
@pytest.mark.parametrize("ca_key", [P256, RSA])
def test_a02_to_a03_and_16_a02_and_16_a03_what_is_signed_verifies_and_is_of_the_station_alone(
    key: Any, ca_key: Any
) -> None:
    signing = authority(ca_key)
    signed = signing.sign(request(key), A, "CP|1", NOW)
    certificate = x509.load_pem_x509_certificate(signed.chain_pem.encode())
    verifier = PolicyBuilder().store(Store([signing.certificate])).time(NOW + timedelta(days=1)).build_client_verifier()
    verified = verifier.verify(certificate, [])
    assert [one.value for one in verified.subjects or ()] == ["urn:evenload:station:home:CP%7C1"]
    assert certificate.subject.rfc4514_string() == "CN=CP|1,O=Grid & Sons"  # not what the request claims
    assert certificate.public_key() == key.public_key()
    assert not certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    uses = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(uses) == [ExtendedKeyUsageOID.CLIENT_AUTH]
    assert signed.expires_at == NOW + timedelta(days=90) == certificate.not_valid_after_utc
    assert certificate.not_valid_before_utc == NOW - timedelta(hours=1)
    assert signed.serial == f"{certificate.serial_number:x}"
    assert certificate.serial_number.bit_length() > 100


def test_no_two_serial_numbers_are_the_same_and_none_outlives_the_authority() -> None:
    signing = authority(days=20)
    first, second = (signing.sign(request(), A, "CP|1", NOW) for _ in range(2))
    assert first.serial != second.serial
    assert first.expires_at == signing.certificate.not_valid_after_utc


def test_a02_to_a03_and_16_a02_and_16_a03_an_authority_below_a_root_is_sent_along() -> None:
    root = ec.generate_private_key(ec.SECP256R1())
    signing = authority(P256, name="Sub", issuer="Root", issuer_key=root)
    chain = x509.load_pem_x509_certificates(signing.sign(request(), A, "CP|1", NOW).chain_pem.encode())
    assert [one.subject.rfc4514_string() for one in chain] == ["CN=CP|1,O=Grid & Sons", "CN=Sub,O=Grid & Sons"]
    assert len(x509.load_pem_x509_certificates(authority().sign(request(), A, "CP|1", NOW).chain_pem.encode())) == 1


def tampered() -> str:
    der = bytearray(x509.load_pem_x509_csr(request().encode()).public_bytes(serialization.Encoding.DER))
    der[der.index(b"CP|1") + 3] ^= 1  # another name than the one that was signed
    return as_pem(bytes(der))


def as_pem(der: bytes) -> str:
    return f"-----BEGIN CERTIFICATE REQUEST-----\n{base64.encodebytes(der).decode()}-----END CERTIFICATE REQUEST-----\n"


REQUEST = x509.load_pem_x509_csr(request(RSA).encode()).public_bytes(serialization.Encoding.DER)
DSA = dsa.generate_private_key(2048)
WRONG = {
    "empty": ("", "no certificate request"),
    "text": ("give me a certificate", "no certificate request"),
    "a certificate": (
        authority_certificate(P256).public_bytes(serialization.Encoding.PEM).decode(), "no certificate request",
    ),
    "cut off": (request()[:200], "no certificate request"),
    "huge": ("-" * 20_000, "20000 characters; 10000 at most"),
    "tampered": (tampered(), "not signed by its own key"),
    "short RSA": (
        request(rsa.generate_private_key(65537, 1024)),  # noqa: S505 - what is tested
        "an RSA key of 1024 bits; 2048 to 8192 are taken",
    ),
    "exponent 3": (request(rsa.generate_private_key(3, 2048)), "exponent 3; 65537 at least"),
    "weak curve": (request(ec.generate_private_key(ec.SECP192R1())), "the curve secp192r1"),
    "odd curve": (request(ec.generate_private_key(ec.SECP256K1())), "the curve secp256k1"),
    "DSA": (request(DSA), "neither RSA nor of an elliptic curve"),
    "Ed25519": (request(ed25519.Ed25519PrivateKey.generate()), "weak or unknown hash"),
    "weak hash": (request(P256, digest=hashes.SHA224()), "weak or unknown hash"),
    "another's name": (request(P256, "CP2"), "the request is for 'CP2', while this station's name is 'CP|1'"),
    "case": (request(P256, "cp|1"), "'cp|1'"),
    "two names": (request(P256, "CP|1", "CP2"), "2 common names"),
    "control characters": (request(P256, "CP|1\x00"), "the request is for 'CP|1\\x00'"),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_a02_to_a03_and_16_a02_and_16_a03_a_wrong_request_is_a_sentence(name: str) -> None:
    text, words = WRONG[name]
    with pytest.raises(RequestError) as refused:
        authority().sign(text, A, "CP|1", NOW)
    assert words in str(refused.value)
    assert len(str(refused.value)) < 200


@given(st.integers(0), st.integers(1, 255))
@settings(max_examples=400)
def test_no_bytes_break_it(place: int, mask: int) -> None:
    """Any byte of a request changed: refused with a reason, or the very key and name that were asked for."""
    der = bytearray(REQUEST)
    der[place % len(der)] ^= mask
    try:
        signed = authority().sign(as_pem(bytes(der)), A, "CP|1", NOW)
    except RequestError:
        return
    assert x509.load_pem_x509_certificate(signed.chain_pem.encode()).public_key() == RSA.public_key()


def test_no_common_name() -> None:
    bare = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([])).sign(P256, hashes.SHA256())
    with pytest.raises(RequestError, match="no common names"):
        authority().sign(bare.public_bytes(serialization.Encoding.PEM).decode(), A, "CP|1", NOW)


def test_an_authority_that_ended_signs_nothing() -> None:
    with pytest.raises(RequestError, match="the stations' authority ended on 2026-02-"):
        authority(days=-10).sign(request(), A, "CP|1", NOW)


def test_the_one_that_belongs_to_the_key_is_found_among_many(tmp_path: Path) -> None:
    other = authority_certificate(RSA)
    own, older = authority_certificate(P256), authority_certificate(P256, days=5)
    blobs = [one.public_bytes(serialization.Encoding.PEM) for one in (other, older, own)]
    (tmp_path / "ca.pem").write_bytes(b"".join(blobs))
    (tmp_path / "ca.key").write_bytes(pem(P256))
    assert load_authority(tmp_path / "ca.pem", tmp_path / "ca.key", 30).certificate == own


@pytest.mark.parametrize(
    ("certificate", "key", "words"),
    [
        (b"", pem(P256), "ca.pem holds no certificate in PEM"),
        (None, pem(P256), "cannot be read from"),
        (authority_certificate(P256), None, "cannot be read from"),
        (authority_certificate(P256), b"no key", "ca.key holds no private key in PEM"),
        (authority_certificate(P256), pem(P256, b"secret"), "is encrypted"),
        (authority_certificate(P256), pem(ed25519.Ed25519PrivateKey.generate()), "neither RSA nor"),
        (authority_certificate(P256), pem(RSA), "belongs to none of the certificates"),
        (authority_certificate(P256, ca=False, signs=False), pem(P256), "is no authority's"),
        (authority_certificate(P256, signs=False), pem(P256), "its key usage leaves that out"),
    ],
)
def test_files_that_cannot_sign_are_a_sentence(tmp_path: Path, certificate: Any, key: Any, words: str) -> None:
    if certificate is not None:
        blob = certificate if isinstance(certificate, bytes) else certificate.public_bytes(serialization.Encoding.PEM)
        (tmp_path / "ca.pem").write_bytes(blob)
    if key is not None:
        (tmp_path / "ca.key").write_bytes(key)
    with pytest.raises(InputError) as raised:
        load_authority(tmp_path / "ca.pem", tmp_path / "ca.key", 30)
    assert words in str(raised.value)
