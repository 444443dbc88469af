"""What every route of a tenant has in common: who asks, repeated requests, states that were seen, news of changes."""

import hashlib
import json
from collections.abc import Callable, Coroutine
from functools import partial
from http import HTTPStatus
from typing import Annotated, Any, ClassVar, Final

from fastapi import APIRouter, Depends, Header, Request, Response, Security
from fastapi.concurrency import run_in_threadpool
from fastapi.routing import APIRoute

from evenload.service import replies, tags
from evenload.service.access_rows import ReplyRow, Role
from evenload.service.refusals import ForbiddenError, Refusal
from evenload.service.scope import Scope
from evenload.web.identity import BEARER, COOKIE, identify, services_of
from evenload.web.problem import ProblemError

Endpoint = Callable[[Request], Coroutine[Any, Any, Response]]

KEY_LENGTH_MAX: Final = 200
_REPLAYED: Final = "idempotency-replayed"
_NOT_FOR_DRIVERS: Final = "this is not for drivers: what is theirs is below /v1/drivers/ and their id"
_KEPT_HEADERS: Final = ("etag", "location", "content-type")


class TenantRoute(APIRoute):
    """A route for which it must be known who asks. Drivers may not ask it, unless it says that it is for them."""

    for_drivers: ClassVar[bool] = False

    def get_route_handler(self) -> Endpoint:
        """The endpoint with what comes before and after it."""
        inner = super().get_route_handler()

        async def handle(request: Request) -> Response:
            request.state.scope = scope = await identify(request)
            if scope.role is Role.DRIVER and not self.for_drivers:
                raise ForbiddenError(Refusal.ROLE, _NOT_FOR_DRIVERS)
            key = request.headers.get("idempotency-key") if request.method == "POST" else None
            response = await (inner(request) if key is None else once(request, scope, key, inner))
            if request.method == "GET":
                return _unless_seen(request, response)
            if response.status_code < HTTPStatus.MULTIPLE_CHOICES and _REPLAYED not in response.headers:
                services_of(request).changed(scope.tenant, str(self.tags[0]) if self.tags else "")
            return response

        return handle


class DriverRoute(TenantRoute):
    """A route that drivers may ask too; its use case heeds whose things they are."""

    for_drivers: ClassVar[bool] = True


def tenant_router(prefix: str, tag: str, route_class: type[TenantRoute] = TenantRoute) -> APIRouter:
    """A router of routes that belong to a tenant."""
    return APIRouter(
        prefix=f"/v1/{prefix}", tags=[tag], route_class=route_class, dependencies=[Security(BEARER), Security(COOKIE)]
    )


async def once(request: Request, scope: Scope, key: str, inner: Endpoint) -> Response:
    """Answer a repeated request as it was answered the first time, without doing it again."""
    if not 1 <= len(key) <= KEY_LENGTH_MAX or not key.isprintable():
        raise ProblemError(422, f"an Idempotency-Key has 1 to {KEY_LENGTH_MAX} printable characters", "not_understood")
    busy: set[tuple[str, str]] = request.app.state.busy
    place = (scope.tenant, f"{scope.actor} {key}")
    if place in busy:
        raise ProblemError(409, "a request with this Idempotency-Key is being worked on", "in_progress")
    busy.add(place)
    try:
        return await _once(request, place, inner)
    finally:
        busy.discard(place)


async def _once(request: Request, place: tuple[str, str], inner: Endpoint) -> Response:
    services = services_of(request)
    told = f"{request.method} {request.url.path}?{request.url.query}\n".encode() + await request.body()
    digest = hashlib.sha256(told).hexdigest()
    before = await run_in_threadpool(replies.find, services.store, *place)
    if before is not None and before.digest != digest:
        raise ProblemError(422, "this Idempotency-Key was used for another request", "key_reused")
    if before is not None:
        kept = json.loads(before.body)
        return Response(kept["body"], before.status, headers=kept["headers"] | {_REPLAYED: "true"})
    request.state.drawn = partial(_drawn, digest, key=place)
    response = await inner(request)
    if response.status_code < HTTPStatus.MULTIPLE_CHOICES and "no-store" not in response.headers.get(
        "cache-control", ""
    ):
        headers = {name: response.headers[name] for name in _KEPT_HEADERS if name in response.headers}
        body = json.dumps({"body": bytes(response.body).decode(), "headers": headers})
        row = ReplyRow(*place, digest, response.status_code, body, services.clock())
        await run_in_threadpool(replies.keep, services.store, row)
    return response


def _drawn(digest: str, key: tuple[str, str]) -> str:
    """An id that a repeated request gets again: should the answer have been lost, it makes nothing twice."""
    return hashlib.sha256(f"{key} {digest}".encode()).hexdigest()[:32]


async def _new_id(request: Request) -> str:
    drawn: Callable[[], str] = getattr(request.state, "drawn", services_of(request).draw)
    return drawn()


NewId = Annotated[str, Depends(_new_id)]
"""An id for what a request makes, 32 hexadecimal digits."""


async def _expected(
    if_match: Annotated[
        str | None, Header(max_length=200, description="ETag of what is changed; refused with 412 if it is not that.")
    ] = None,
    if_none_match: Annotated[
        str | None, Header(max_length=200, description="`*`: only where there is none yet, else 412.")
    ] = None,
) -> str:
    if if_none_match is not None and if_none_match.strip() == "*":
        return tags.NONE
    return if_match.strip().strip('"') if if_match else ""


Expected = Annotated[str, Depends(_expected)]
"""The state that a change is for, as ``tags.check`` takes it."""


async def _idempotency(
    idempotency_key: Annotated[
        str | None, Header(max_length=KEY_LENGTH_MAX, description="A repeated request with it is done once.")
    ] = None,
) -> None:
    """For the description only: ``TenantRoute`` does it."""


ONCE = Depends(_idempotency)


def set_tag(response: Response, *rows: object) -> None:
    """Say in which state it was answered."""
    response.headers["ETag"] = f'"{tags.tag_of(*rows)}"'


def _unless_seen(request: Request, response: Response) -> Response:
    """304 where who asks has it already."""
    if response.status_code != HTTPStatus.OK or not hasattr(response, "body"):
        return response
    if "etag" not in response.headers:
        response.headers["ETag"] = f'"{hashlib.blake2b(response.body, digest_size=12).hexdigest()}"'
    seen = request.headers.get("if-none-match", "")
    if seen and (seen.strip() == "*" or response.headers["etag"] in [one.strip() for one in seen.split(",")]):
        kept = {name: value for name, value in response.headers.items() if name in ("etag", "link")}
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=kept)
    return response
