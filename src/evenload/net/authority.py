"""A certificate authority for stations: checks what a station asks to be signed, and signs it.

OCPP 2.0.1 A02 and A03; the 1.6 security whitepaper, whose rules on keys are the same. Of a request only the key and
the common name are used, and the name only if it is the station's: whatever else it claims is not looked at.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from evenload.base.errors import InputError
from evenload.domain.station import StationId
from evenload.net.knock import certificate_uri

RSA_BITS_MIN, RSA_BITS_MAX = 2048, 8192
CURVES: Final = ("secp256r1", "secp384r1", "secp521r1")
REQUEST_CHARACTERS_MAX: Final = 10_000
_HASHES: Final = (hashes.SHA256, hashes.SHA384, hashes.SHA512)
_CLOCKS_APART: Final = timedelta(hours=1)
"""Certificates begin so long ago: a station whose clock is slow takes them all the same."""
_EXPONENT_MIN: Final = 65537

Key = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


class RequestError(InputError):
    """A request that is not signed, and why."""


@dataclass(frozen=True, slots=True)
class Signed:
    """A certificate and what it takes to verify it (PEM, its own first); ``serial`` in hexadecimal."""

    chain_pem: str
    name: str
    serial: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Authority:
    """Signs for ``days``, but never beyond its own end."""

    certificate: x509.Certificate
    key: Key
    days: int

    def sign(self, request_pem: str, station: StationId, name: str, now: datetime) -> Signed:
        """Sign a request (PEM, PKCS 10) of a station whose common name has to be ``name``; ``RequestError``."""
        request = _checked(request_pem, name)
        ends = min(now + timedelta(days=self.days), self.certificate.not_valid_after_utc)
        if ends <= now:
            raise RequestError(f"the stations' authority ended on {ends:%Y-%m-%d}; it signs nothing any more")
        certificate = self._builder(request, station, name, now, ends).sign(self.key, _hash_for(self.key))
        serial = f"{certificate.serial_number:x}"
        return Signed(self._chain(certificate), name, serial, certificate.not_valid_after_utc)

    def _builder(
        self, request: x509.CertificateSigningRequest, station: StationId, name: str, now: datetime, ends: datetime
    ) -> x509.CertificateBuilder:
        key = request.public_key()
        organisation = self.certificate.subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)
        subject = x509.Name([*organisation, x509.NameAttribute(NameOID.COMMON_NAME, name)])
        begins = max(now - _CLOCKS_APART, self.certificate.not_valid_before_utc)
        whose = x509.SubjectAlternativeName([x509.UniformResourceIdentifier(certificate_uri(station))])
        authority = x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key())
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self.certificate.subject)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(begins)
            .not_valid_after(ends)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_usage(enciphers=isinstance(key, rsa.RSAPublicKey)), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
            .add_extension(authority, critical=False)
            .add_extension(whose, critical=False)
        )

    def _chain(self, certificate: x509.Certificate) -> str:
        """A root is left out: who does not have it already has no reason to trust this one."""
        is_root = self.certificate.subject == self.certificate.issuer
        chain = [certificate] if is_root else [certificate, self.certificate]
        return "".join(one.public_bytes(serialization.Encoding.PEM).decode("ascii") for one in chain)


# what a station asks for


def _checked(request_pem: str, name: str) -> x509.CertificateSigningRequest:
    try:
        request = _read(request_pem)
        _check_key(request)
        _check_name(request, name)
    except (ValueError, TypeError, UnsupportedAlgorithm, x509.InvalidVersion) as error:  # parts are read when asked for
        raise RequestError("the request cannot be read, or uses what is unknown here") from error
    return request


def _read(request_pem: str) -> x509.CertificateSigningRequest:
    if len(request_pem) > REQUEST_CHARACTERS_MAX:
        raise RequestError(f"the request has {len(request_pem)} characters; {REQUEST_CHARACTERS_MAX} at most")
    try:
        request = x509.load_pem_x509_csr(request_pem.encode())
    except ValueError as error:
        raise RequestError("this is no certificate request (PKCS 10) in PEM") from error
    if not isinstance(request.signature_hash_algorithm, _HASHES):
        raise RequestError("the request is signed by a weak or unknown hash; SHA-256 or longer is asked for")
    return request


def _check_key(request: x509.CertificateSigningRequest) -> None:
    key = request.public_key()
    if isinstance(key, rsa.RSAPublicKey):
        if not RSA_BITS_MIN <= key.key_size <= RSA_BITS_MAX:
            raise RequestError(f"an RSA key of {key.key_size} bits; {RSA_BITS_MIN} to {RSA_BITS_MAX} are taken")
        if key.public_numbers().e < _EXPONENT_MIN:
            raise RequestError(f"an RSA key with the exponent {key.public_numbers().e}; {_EXPONENT_MIN} at least")
    elif not isinstance(key, ec.EllipticCurvePublicKey):
        raise RequestError("a key that is neither RSA nor of an elliptic curve of NIST")
    elif key.curve.name not in CURVES:
        raise RequestError(f"a key of the curve {key.curve.name}; {', '.join(CURVES)} are taken")
    if not request.is_signature_valid:
        raise RequestError("the request is not signed by its own key")


def _check_name(request: x509.CertificateSigningRequest, name: str) -> None:
    names = [str(one.value) for one in request.subject.get_attributes_for_oid(NameOID.COMMON_NAME)]
    if len(names) != 1:
        raise RequestError(f"{len(names) or 'no'} common names in the request; exactly one has to be there: {name!r}")
    if names[0] != name:
        raise RequestError(f"the request is for {names[0][:64]!r}, while this station's name is {name!r}")


# what it is signed with


def load_authority(certificates: Path, key: Path, days: int) -> Authority:
    """The authority whose key this is, among the certificates of a file (PEM); ``InputError`` where it cannot sign."""
    private = _key(key)
    try:
        found = x509.load_pem_x509_certificates(certificates.read_bytes())
    except OSError as error:
        raise InputError(f"the stations' authority cannot be read from {certificates}: {error.strerror}") from error
    except ValueError as error:
        raise InputError(f"{certificates} holds no certificate in PEM") from error
    public = _spelt(private.public_key())
    own = [one for one in found if _spelt(one.public_key()) == public]
    if not own:
        raise InputError(f"the key in {key} belongs to none of the certificates in {certificates}")
    latest = max(own, key=lambda one: one.not_valid_after_utc)
    _check_signs(latest, certificates)
    return Authority(latest, private, days)


def _key(file: Path) -> Key:
    try:
        key = serialization.load_pem_private_key(file.read_bytes(), password=None)
    except OSError as error:
        raise InputError(f"the key of the stations' authority cannot be read from {file}: {error.strerror}") from error
    except TypeError as error:
        raise InputError(f"the key in {file} is encrypted; it has to be readable without a password") from error
    except (ValueError, UnsupportedAlgorithm) as error:
        raise InputError(f"{file} holds no private key in PEM") from error
    if not isinstance(key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey):
        raise InputError(f"the key in {file} is neither RSA nor of an elliptic curve")
    return key


def _check_signs(certificate: x509.Certificate, file: Path) -> None:
    extensions: Sequence[x509.Extension[x509.ExtensionType]] = list(certificate.extensions)
    values = [one.value for one in extensions]
    if not any(isinstance(one, x509.BasicConstraints) and one.ca for one in values):
        raise InputError(f"the certificate in {file} is no authority's: it may not sign others")
    if any(isinstance(one, x509.KeyUsage) and not one.key_cert_sign for one in values):
        raise InputError(f"the certificate in {file} may not sign others: its key usage leaves that out")


def _spelt(key: object) -> bytes:
    if not isinstance(key, rsa.RSAPublicKey | ec.EllipticCurvePublicKey):
        return b""
    return key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


def _hash_for(key: Key) -> hashes.SHA256 | hashes.SHA384:
    return hashes.SHA384() if isinstance(key, ec.EllipticCurvePrivateKey) and key.key_size > 256 else hashes.SHA256()


def _usage(*, enciphers: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True, content_commitment=False, key_encipherment=enciphers, data_encipherment=False,
        key_agreement=False, key_cert_sign=False, crl_sign=False, encipher_only=False, decipher_only=False,
    )  # fmt: skip
