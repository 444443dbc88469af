"""Who asks: a key, a token of an issuer, or the cookie of a login."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.security import APIKeyCookie, HTTPBearer

from evenload.service import access, keys
from evenload.service.access_rows import Role
from evenload.service.drivers import links, owning
from evenload.service.refusals import LoginError, Refusal
from evenload.service.scope import Scope
from evenload.web import cookies
from evenload.web.attempts import Attempts
from evenload.web.oidc import Issuer
from evenload.web.options import Services

BEARER = HTTPBearer(
    scheme_name="bearer", auto_error=False,
    description="A key to the API (`evl_...`), a driver's link (`evd_...`), or an access token of the issuer.",
)  # fmt: skip
COOKIE = APIKeyCookie(
    name=cookies.LOGIN, scheme_name="cookie", auto_error=False, description="The cookie of a login at `/v1/login`."
)


@dataclass(frozen=True, slots=True)
class Doors:
    """How people come in."""

    attempts: Attempts
    issuer: Issuer | None


def services_of(request: Request) -> Services:
    """What this application works with."""
    services: Services = request.app.state.services
    return services


def doors_of(request: Request) -> Doors:
    """How people come in to this application."""
    doors: Doors = request.app.state.doors
    return doors


async def identify(request: Request) -> Scope:
    """The scope of a request; ``LoginError`` where nobody is known by it. A driver's is bound to that driver."""
    scope = await _identified(request)
    if scope.role is not Role.DRIVER:
        return scope
    return await run_in_threadpool(owning.bound, services_of(request).store, scope)


async def _identified(request: Request) -> Scope:
    services = services_of(request)
    kind, _, token = request.headers.get("authorization", "").partition(" ")
    if kind.casefold() == "bearer" and token.startswith(links.PREFIX):
        return await run_in_threadpool(links.link_scope, services.store, token, services.clock())
    if kind.casefold() == "bearer" and token.startswith("evl_"):
        return await run_in_threadpool(keys.key_scope, services.store, token, services.clock())
    issuer = doors_of(request).issuer
    if kind.casefold() == "bearer" and issuer is not None:
        claims = await issuer.bearer(token)
        return await run_in_threadpool(access.bearer_of, services.store, claims.issuer, claims.subject)
    if kind:
        raise LoginError(Refusal.LOGIN, "this takes `Authorization: Bearer` with a key to the API")
    login = cookies.login_of(request, services.options)
    if login is None:
        raise LoginError(Refusal.LOGIN, "log in, or send a key to the API as `Authorization: Bearer evl_...`")
    cookies.check_origin(request)
    row = await run_in_threadpool(access.user_now, services.store, login.tenant, login.user_id)
    if cookies.mark_of(row) != login.mark:
        raise LoginError(Refusal.EXPIRED, "the password was changed: log in again")
    return access.scope_of(row)


def _scope(request: Request) -> Scope:
    scope: Scope = request.state.scope
    return scope


async def _known_scope(request: Request) -> Scope:
    return _scope(request)


async def _known_services(request: Request) -> Services:
    return services_of(request)


Asking = Annotated[Scope, Depends(_known_scope)]
"""Who asks; a route of ``TenantRoute`` has found that out."""
With = Annotated[Services, Depends(_known_services)]
