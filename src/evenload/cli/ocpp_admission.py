"""`evenload ocpp approve`, `add` and `token`: who may come in, and who may charge."""

import secrets
import sys
from pathlib import Path
from typing import Annotated

import typer

from evenload.base.errors import InputError
from evenload.base.instants import parse_instant
from evenload.cli.ocpp_words import EVENLOAD_DB, Database, Identity, Tenant, now, opened
from evenload.cli.terminal import output
from evenload.domain.station import StationId, Token, TokenStatus
from evenload.service import admission
from evenload.service.admission import Credentials

Profile = Annotated[
    int | None,
    typer.Option(
        min=0, max=3, help="Weakest security profile it may use: 0 name only, 1 password, 2 password over TLS, 3 "
        "certificate. [1 with a password, 3 with a certificate's name, else 0]",
    ),
]  # fmt: skip
NewPassword = Annotated[bool, typer.Option("--new-password", help="Draw a password, and print it once.")]
PasswordFrom = Annotated[Path | None, typer.Option(help="Read its password from a file; - is standard input.")]
_NAME_CHARACTERS_MAX = 64  # of X.520
_PASSWORD_BYTES = 20  # 40 characters: what AuthorizationKey of OCPP 1.6 takes at most
CertificateName = Annotated[
    str | None, typer.Option(help="Common name its certificate must bear, such as its serial number. [IDENTITY]")
]


def approve(
    identity: Identity,
    database: Database = EVENLOAD_DB,
    tenant: Tenant = "home",
    profile: Profile = None,
    new_password: NewPassword = False,
    password_from: PasswordFrom = None,
    certificate_name: CertificateName = None,
) -> None:
    """Let a station in that was held or revoked, or change how it has to prove itself. It works within seconds.

    Without further options it has to prove itself as before.

    Example:  evenload ocpp approve CP1 --new-password
    """
    asked = profile is not None or new_password or password_from or certificate_name
    drawn = secrets.token_hex(_PASSWORD_BYTES) if new_password else ""
    credentials = _credentials(profile, drawn, password_from, certificate_name) if asked else None
    with opened(database) as store:
        row = admission.approve(store, StationId(tenant, identity), credentials)
    _say_admitted(identity, row.profile, drawn)


def add(
    identity: Identity,
    database: Database = EVENLOAD_DB,
    tenant: Tenant = "home",
    profile: Profile = None,
    new_password: NewPassword = False,
    password_from: PasswordFrom = None,
    certificate_name: CertificateName = None,
) -> None:
    """Add a station before it connects for the first time.

    Example:  evenload ocpp add CP1 --new-password
    """
    with opened(database, make=True) as store:
        drawn = secrets.token_hex(_PASSWORD_BYTES) if new_password else ""
        credentials = _credentials(profile, drawn, password_from, certificate_name)
        admission.add(store, StationId(tenant, identity), credentials, now())
    _say_admitted(identity, credentials.profile, drawn)


def _credentials(
    profile: int | None,
    drawn: str,
    password_from: Path | None,
    certificate_name: str | None,
) -> Credentials:
    if certificate_name is not None and not 1 <= len(certificate_name.strip()) <= _NAME_CHARACTERS_MAX:
        raise InputError(f"a certificate's common name has 1 to {_NAME_CHARACTERS_MAX} characters")
    if drawn and password_from:
        raise InputError("--new-password and --password-from exclude each other")
    hashed = _hash_of(drawn) if drawn else _read_password(password_from) if password_from else ""
    chosen = profile if profile is not None else 1 if hashed else 3 if certificate_name else 0
    if chosen in (1, 2) and not hashed:
        raise InputError(f"security profile {chosen} needs a password: add --new-password or --password-from")
    return Credentials(chosen, hashed, (certificate_name or "").strip())


def _hash_of(drawn: str) -> str:
    from evenload.net.password import hash_key  # noqa: PLC0415 - loads when it is needed

    return hash_key(drawn.encode(), secrets.token_bytes(16))


def _read_password(file: Path) -> str:
    from evenload.net.password import hash_password  # noqa: PLC0415 - loads when it is needed

    try:
        text = sys.stdin.read() if str(file) == "-" else file.read_text(encoding="utf-8")
    except OSError as error:
        raise InputError(f"the password cannot be read from {file}: {error.strerror}") from error
    if not text.strip():
        raise InputError(f"{file} holds no password")
    return hash_password(text.strip().encode(), secrets.token_bytes(16))


def _say_admitted(identity: str, profile: int, drawn: str) -> None:
    """Say so; a password that was drawn is shown only now that it holds."""
    if drawn:
        output.print(f"Password, shown this once:  {drawn}", markup=False)
    output.print(f"{identity} may come in from now on.", markup=False)
    if profile == 0:
        output.print("It proves itself by nothing but its name; --new-password makes that safer.")


def put_token(
    text: Annotated[str, typer.Argument(metavar="TOKEN", help="What the driver's card or app sends.")],
    database: Database = EVENLOAD_DB,
    tenant: Tenant = "home",
    block: Annotated[bool, typer.Option("--block", help="It may not charge.")] = False,
    until: Annotated[str | None, typer.Option(help="It may charge until then (ISO 8601 with an offset).")] = None,
) -> None:
    """Say whether a token may charge.

    Example:  evenload ocpp token 04A2B7C1 --until 2030-01-01T00:00:00+01:00
    """
    status = TokenStatus.BLOCKED if block else TokenStatus.ACCEPTED
    expires_at = parse_instant(until) if until else None
    with opened(database, make=True) as store:
        admission.put_token(store, tenant, Token(text), status, expires_at)
    output.print(f"{text}: {status.sentence}", markup=False)
