"""Whose certificate is behind a request: of the connection itself, or told by a proxy that ends TLS."""

import re
from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import unquote

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from evenload.openadr.v20b.signature import fingerprint

Scope = Mapping[str, Any]
Identify = Callable[[Scope], str | None]
_HEX: Final = re.compile(r"(?:[0-9A-F]{2}){10}|(?:[0-9A-F]{2}){32}", re.ASCII)
_FINGERPRINT_DIGITS: Final = 20


def of_nobody(_scope: Scope) -> str | None:
    """No request has an identity."""
    return None


def of_connection(scope: Scope) -> str | None:
    """The fingerprint of the client certificate of the connection (ASGI extension ``tls``)."""
    tls = (scope.get("extensions") or {}).get("tls") or {}
    chain = tls.get("client_cert_chain") or ()
    return _of_text(str(chain[0])) if chain else None


def of_proxy(header: str, proxies: frozenset[str]) -> Identify:
    """The fingerprint in a header, believed only from these addresses.

    The header holds the certificate (PEM, percent-encoded or not) or its SHA-256 in hexadecimal, all or the last
    10 bytes.
    A proxy must set the header in every request, else a client could.
    """
    name = header.lower().encode("latin-1")

    def identify(scope: Scope) -> str | None:
        client = scope.get("client")
        values = [value for key, value in scope["headers"] if key == name]
        if client is None or client[0] not in proxies or len(values) != 1:
            return None
        return _of_text(values[0].decode("latin-1"))

    return identify


def _of_text(text: str) -> str | None:
    digits = text.strip().replace(":", "").upper()
    if _HEX.fullmatch(digits):
        return bytes.fromhex(digits[-_FINGERPRINT_DIGITS:]).hex(":").upper()
    try:
        certificate = x509.load_pem_x509_certificate(unquote(text).encode())
    except ValueError:
        return None
    return fingerprint(certificate.public_bytes(Encoding.DER))
