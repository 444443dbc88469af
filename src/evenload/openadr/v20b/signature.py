"""XML signatures over messages, with a nonce and a time against replay (OpenADR 2.0b, high security)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import Encoding
from lxml import etree
from signxml.algorithms import CanonicalizationMethod, SignatureConstructionMethod, SignatureMethod
from signxml.exceptions import SignXMLException
from signxml.signer import XMLSigner
from signxml.verifier import SignatureConfiguration, VerifyResult, XMLVerifier

from evenload.openadr.v20b.binding import Element, local_name
from evenload.openadr.v20b.document import SIGNED_ID, parsed, write_message
from evenload.openadr.v20b.faults import Code, ProtocolError
from evenload.openadr.v20b.messages import AnyMessage
from evenload.openadr.v20b.values import read_instant, write_instant

_DS: Final = "{http://www.w3.org/2000/09/xmldsig#}"
_DSP_URI: Final = "http://openadr.org/oadr-2.0b/2012/07/xmldsig-properties"
_DSP: Final = f"{{{_DSP_URI}}}"
_METHODS: Final = frozenset(
    {
        SignatureMethod.RSA_SHA256, SignatureMethod.RSA_SHA384, SignatureMethod.RSA_SHA512,
        SignatureMethod.ECDSA_SHA256, SignatureMethod.ECDSA_SHA384, SignatureMethod.ECDSA_SHA512,
    }
)  # fmt: skip
_REFERENCES: Final = 2


def fingerprint(certificate_der: bytes) -> str:
    """The fingerprint OpenADR knows a certificate by: the last 10 bytes of its SHA-256, ``AA:BB:...``."""
    return sha256(certificate_der).digest()[-10:].hex(":").upper()


@dataclass(frozen=True, slots=True)
class Signed:
    """A message whose signature holds: the part that was signed, by which certificate, when, with which nonce."""

    signed_object: Element
    fingerprint: str
    nonce: str
    signed_at: datetime


class Signer:
    """Signs messages with a key and its certificate (PEM, its chain after it where there is one)."""

    def __init__(self, key: RSAPrivateKey | EllipticCurvePrivateKey, certificate_pem: str) -> None:
        self._key = key
        self._certificate_pem = certificate_pem
        is_rsa = isinstance(key, RSAPrivateKey)
        self._method = SignatureMethod.RSA_SHA256 if is_rsa else SignatureMethod.ECDSA_SHA256

    def write(self, message: AnyMessage, nonce: str, now: datetime) -> bytes:
        """A message as bytes, signed."""
        body = write_message(message)
        signer = XMLSigner(
            method=SignatureConstructionMethod.detached,
            signature_algorithm=self._method,
            c14n_algorithm=CanonicalizationMethod.EXCLUSIVE_XML_CANONICALIZATION_1_0,
        )
        signature = signer.sign(
            etree.fromstring(body), key=self._key, cert=self._certificate_pem, reference_uri=f"#{SIGNED_ID}",
            signature_properties=_replay_protection(nonce, now),
        )  # fmt: skip
        return write_message(message, etree.tostring(signature).decode())


def _replay_protection(nonce: str, now: datetime) -> Element:
    element = etree.Element(f"{_DSP}ReplayProtect", nsmap={"dsp": _DSP_URI}, attrib={"Id": "rp", "Target": "#rp-of"})
    etree.SubElement(element, f"{_DSP}timestamp").text = write_instant(now)
    etree.SubElement(element, f"{_DSP}nonce").text = nonce
    return element


def is_signed(root: Element) -> bool:
    """Whether a payload has a signature; whether it holds is another matter."""
    return any(child.tag == f"{_DS}Signature" for child in root)


def verified(root: Element, now: datetime) -> Signed:
    """What was signed; ``ProtocolError`` where the signature does not hold or covers something else.

    The certificate in the message is only a key: whether it may speak is told by its fingerprint.
    """
    signatures = root.findall(f".//{_DS}Signature")
    if len(signatures) != 1 or signatures[0].getparent() is not root:
        raise ProtocolError(Code.NOT_REGISTERED, "one signature was expected, beside oadrSignedObject")
    certificate = _certificate(signatures[0])
    configuration = SignatureConfiguration(
        location="./", expect_references=_REFERENCES, signature_methods=_METHODS, verification_time=now
    )
    try:
        results = XMLVerifier().verify(root, x509_cert=certificate, expect_config=configuration)
    except (SignXMLException, UnsupportedAlgorithm, ValueError, TypeError, KeyError, etree.LxmlError) as error:
        raise ProtocolError(Code.NOT_REGISTERED, f"the signature does not hold: {str(error)[:200]}") from error
    return _covered(results if isinstance(results, list) else [results], certificate)


def _certificate(signature: Element) -> x509.Certificate:
    texts = [found.text or "" for found in signature.iter(f"{_DS}X509Certificate")]
    if not texts:
        raise ProtocolError(Code.NOT_REGISTERED, "the signature has no certificate")
    pem = f"-----BEGIN CERTIFICATE-----\n{texts[0].strip()}\n-----END CERTIFICATE-----\n"
    try:
        return x509.load_pem_x509_certificate(pem.encode())
    except ValueError as error:
        raise ProtocolError(Code.NOT_REGISTERED, "the certificate in the signature cannot be read") from error


def _covered(results: Sequence[VerifyResult], certificate: x509.Certificate) -> Signed:
    """What the references cover, out of the very bytes that were digested."""
    parts = [result.signed_xml for result in results if result.signed_xml is not None]
    objects = [part for part in parts if local_name(part) == "oadrSignedObject"]
    stamps = [stamp for part in parts for stamp in part.iter(f"{_DSP}ReplayProtect")]
    if len(objects) != 1 or len(stamps) != 1:
        raise ProtocolError(Code.NOT_REGISTERED, "the signature covers neither message nor ReplayProtect alone")
    nonce = (stamps[0].findtext(f"{_DSP}nonce") or "").strip()[:256]
    signed_at = read_instant((stamps[0].findtext(f"{_DSP}timestamp") or "").strip())
    return Signed(objects[0], fingerprint(certificate.public_bytes(Encoding.DER)), nonce, signed_at)


def read_signed(body: bytes, now: datetime) -> Signed:
    """A signed payload of bytes."""
    return verified(parsed(body), now)
