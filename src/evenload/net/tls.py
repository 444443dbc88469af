"""TLS as security profiles 2 and 3 ask for it."""

import ssl
from pathlib import Path


def server_tls(certificate: Path, key: Path, stations_ca: Path | None = None) -> ssl.SSLContext:
    """A context to listen with: TLS 1.2 or newer (OCPP 2.0.1 Part 2, A00).

    With ``stations_ca`` a station may prove itself by a certificate of that authority; one without may still come in
    by password, where its record allows it. ``ssl.SSLError`` or ``OSError`` where a file cannot be used.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(certificate, key)
    if stations_ca is not None:
        context.load_verify_locations(stations_ca)
        context.verify_mode = ssl.CERT_OPTIONAL
    return context
