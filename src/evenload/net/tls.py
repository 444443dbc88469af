"""TLS as security profiles 2 and 3 ask for it."""

import ssl
from pathlib import Path

from evenload.base.errors import InputError


def server_tls(certificate: Path, key: Path, stations_ca: Path | None = None) -> ssl.SSLContext:
    """A context to listen with: TLS 1.2 or newer (OCPP 2.0.1 Part 2, A00).

    With ``stations_ca`` a station may prove itself by a certificate of one of the authorities in that file, which need
    not be roots; one without may still come in by password, where its record allows it. ``InputError`` names the file
    that cannot be used.
    """
    for file in filter(None, (certificate, key, stations_ca)):
        _check_readable(file)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(certificate, key, password=lambda: "")  # else it asks at the terminal
    except ssl.SSLError as error:
        raise InputError(_why_not(error, certificate, key)) from error
    if stations_ca is not None:
        try:
            context.load_verify_locations(stations_ca)
        except ssl.SSLError as error:
            raise InputError(f"{stations_ca} holds no certificate in PEM of an authority for stations") from error
        context.verify_mode = ssl.CERT_OPTIONAL
        context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    return context


def _check_readable(file: Path) -> None:
    try:
        with file.open("rb"):
            pass
    except OSError as error:
        raise InputError(
            f"certificate or key for TLS cannot be used: {file} cannot be read: {error.strerror}"
        ) from error


def _why_not(error: ssl.SSLError, certificate: Path, key: Path) -> str:
    if error.reason == "KEY_VALUES_MISMATCH":
        return f"the key in {key} does not belong to the certificate in {certificate}"
    if b"ENCRYPTED" in key.read_bytes():
        return f"the key in {key} is encrypted; it has to be readable without a password"
    return f"certificate or key for TLS cannot be used: {certificate} and {key} each have to hold one in PEM"
