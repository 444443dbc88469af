"""The cookie of a login: signed, for this server's pages only, gone when the password changes."""

import hashlib
from dataclasses import dataclass
from typing import Any, Final

from fastapi import Request, Response
from itsdangerous import BadSignature, URLSafeTimedSerializer

from evenload.service.access_rows import UserRow
from evenload.web.options import ApiOptions
from evenload.web.problem import ProblemError

LOGIN: Final = "evenload_login"
_SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass(frozen=True, slots=True)
class Login:
    """Who logged in."""

    tenant: str
    user_id: str
    mark: str


def mark_of(row: UserRow) -> str:
    """A digest that changes with the password and the subject: cookies from before are worth nothing then."""
    return hashlib.sha256(f"{row.password_hash}\0{row.issuer}\0{row.subject}".encode()).hexdigest()[:16]


def write(response: Response, options: ApiOptions, name: str, content: Any, max_age_s: int) -> None:  # noqa: ANN401 - any JSON
    """Set a signed cookie that scripts cannot read and other sites' forms do not send."""
    response.set_cookie(
        name, _signer(options, name).dumps(content), max_age=max_age_s, httponly=True, samesite="lax",
        secure=options.secure, path="/",
    )  # fmt: skip


def read(request: Request, options: ApiOptions, name: str, max_age_s: int) -> Any:  # noqa: ANN401 - any JSON
    """The content of a signed cookie; ``None`` where there is none, or it is too old or not ours."""
    text = request.cookies.get(name)
    if not text:
        return None
    try:
        return _signer(options, name).loads(text, max_age=max_age_s)
    except BadSignature:  # SignatureExpired is one
        return None


def forget(response: Response, options: ApiOptions, name: str) -> None:
    """Take a cookie back."""
    response.delete_cookie(name, path="/", httponly=True, samesite="lax", secure=options.secure)


def log_in(response: Response, options: ApiOptions, row: UserRow) -> None:
    """Set the cookie of a login."""
    write(response, options, LOGIN, [row.tenant, row.user_id, mark_of(row)], _login_s(options))


def login_of(request: Request, options: ApiOptions) -> Login | None:
    """Who a cookie says is logged in, if one does."""
    told = read(request, options, LOGIN, _login_s(options))
    return Login(*told) if told else None


def check_origin(request: Request) -> None:
    """Refuse what another site's page sends with a visitor's cookie.

    Browsers say where a request comes from: ``Sec-Fetch-Site``, older ones ``Origin``. No browser leaves both out of
    a request that changes something.
    """
    if request.method in _SAFE_METHODS:
        return
    site = request.headers.get("sec-fetch-site")
    origin = request.headers.get("origin")
    own = site in ("same-origin", "none") if site else not origin or origin.partition("://")[2] == _host(request)
    if not own:
        raise ProblemError(403, "a page of another site may not do this in your name", "cross_site")


def _host(request: Request) -> str:
    return request.headers.get("host", "")


def _login_s(options: ApiOptions) -> int:
    return int(options.login_hours * 3600)


def _signer(options: ApiOptions, name: str) -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(
        options.secret, salt=f"evenload.{name}", signer_kwargs={"digest_method": hashlib.sha256}
    )
