"""Who asks, and how people log in and out."""

from typing import Annotated, Final

from fastapi import APIRouter, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import RedirectResponse
from pydantic import Field

from evenload.service import access
from evenload.service.access_rows import Role, UserRow
from evenload.service.refusals import LoginError, Refusal
from evenload.web import cookies
from evenload.web.fields import Resource, example
from evenload.web.identity import Asking, With, doors_of, services_of
from evenload.web.oidc import Issuer, Secrets
from evenload.web.problem import ProblemError
from evenload.web.routes.users import Password
from evenload.web.tenant_route import DriverRoute, tenant_router

router = tenant_router("me", "me", DriverRoute)
doors = APIRouter(prefix="/v1", tags=["me"])

_UNDER_WAY: Final = "evenload_oidc"
_UNDER_WAY_S: Final = 600


class Me(Resource):
    """Who asks."""

    tenant: str
    actor: str = Field(description="`user:ID`, `key:ID` or `link:ID`.", examples=["user:ann"])
    role: Role
    driver_id: str = Field("", description="Which driver, where the role is that of a driver.")


class LoginBody(Resource, json_schema_extra=example(email="ann@example.org", password="correct horse battery")):  # noqa: S106 - nobody has it
    """A login."""

    email: str = Field(max_length=254, examples=["ann@example.org"])
    password: str = Field(max_length=access.PASSWORD_LENGTH_MAX)
    tenant: str = Field("", max_length=64, description="Needed where one address has several accounts.")


class PasswordBody(Resource, json_schema_extra=example(old="correct horse battery", new="a better one, and longer")):
    """Another password."""

    old: Annotated[str, Field(max_length=access.PASSWORD_LENGTH_MAX)]
    new: Password


@router.get("")
def who_am_i(scope: Asking) -> Me:
    """Who asks."""
    return Me(tenant=scope.tenant, actor=scope.actor, role=scope.role, driver_id=scope.driver_id)


@router.put("/password")
def change_password(scope: Asking, services: With, request: Request, response: Response, body: PasswordBody) -> Me:
    """Change one's own password: every other login of it ends."""
    kind, _, user_id = scope.actor.partition(":")
    if kind != "user":
        raise ProblemError(403, f"a {kind} has no password", "no_password")
    _take_attempt(request, scope.actor)
    row = access.set_own_password(
        scope, services.store, services.passwords, user_id, body.old, body.new, services.clock()
    )
    cookies.log_in(response, services.options, row)
    return _me(row)


@doors.post("/login")
def log_in(request: Request, response: Response, body: LoginBody) -> Me:
    """Log in with a password: sets a cookie that browsers send from then on."""
    services = services_of(request)
    cookies.check_origin(request)
    _take_attempt(request, body.email.strip().casefold())
    row = access.login(
        services.store, services.passwords, body.email, body.password, services.clock(), tenant=body.tenant
    )
    cookies.log_in(response, services.options, row)
    return _me(row)


@doors.post("/logout", status_code=204)
def log_out(request: Request, response: Response) -> None:
    """Take the cookie back."""
    cookies.check_origin(request)
    cookies.forget(response, services_of(request).options, cookies.LOGIN)


@doors.get("/oidc/login", status_code=307, response_class=RedirectResponse)
async def log_in_elsewhere(request: Request) -> Response:
    """Send a browser to the issuer in the settings to log in there."""
    services, issuer = services_of(request), _issuer(request)
    secrets = Secrets(services.draw(), services.draw(), services.draw() + services.draw())
    answer = RedirectResponse(await issuer.begin(secrets, _redirect_uri(request)))
    cookies.write(answer, services.options, _UNDER_WAY, [secrets.state, secrets.nonce, secrets.verifier], _UNDER_WAY_S)
    return answer


@doors.get("/oidc/callback", status_code=303, response_class=RedirectResponse)
async def come_back(request: Request) -> Response:
    """Where the issuer sends a browser back to."""
    services, issuer = services_of(request), _issuer(request)
    told = cookies.read(request, services.options, _UNDER_WAY, _UNDER_WAY_S)
    if told is None:
        raise LoginError(Refusal.LOGIN, "this login was not begun here, or too long ago: begin again")
    claims = await issuer.finish(Secrets(*told), _redirect_uri(request), request.query_params)
    row = await run_in_threadpool(
        access.login_elsewhere, services.store, claims.issuer, claims.subject, claims.email, services.clock()
    )
    answer = RedirectResponse("/", status_code=303)
    cookies.log_in(answer, services.options, row)
    cookies.forget(answer, services.options, _UNDER_WAY)
    return answer


def _issuer(request: Request) -> Issuer:
    issuer = doors_of(request).issuer
    if issuer is None:
        raise ProblemError(404, "no issuer of logins is set up", "unknown")
    return issuer


def _redirect_uri(request: Request) -> str:
    return services_of(request).options.public_url.rstrip("/") + "/v1/oidc/callback"


def _take_attempt(request: Request, name: str) -> None:
    """Bound attempts from one address and at one account."""
    address = request.client.host if request.client else ""
    wait_s = doors_of(request).attempts.take(f"from {address}", f"as {name}")
    if wait_s:
        raise ProblemError(
            429, "too many attempts to log in: wait a little", "too_many", {"Retry-After": str(int(wait_s) + 1)}
        )


def _me(row: UserRow) -> Me:
    scope = access.scope_of(row)
    return Me(tenant=scope.tenant, actor=scope.actor, role=scope.role, driver_id=scope.driver_id)
