"""One table from errors to answers (RFC 9457)."""

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from evenload.base.errors import EvenloadError, InputError, did_you_mean
from evenload.base.input_words import in_plain_words
from evenload.service.cars.links import CloudError
from evenload.service.ports import StoreError
from evenload.service.refusals import (
    ConflictError,
    ForbiddenError,
    LoginError,
    NotFoundError,
    RefusedError,
    StaleError,
)
from evenload.web.fields import PATTERN_WORDS

_log = logging.getLogger("evenload.web")

MEDIA_TYPE: Final = "application/problem+json"
_STATUS: Final[Mapping[type[EvenloadError], int]] = {
    LoginError: 401, ForbiddenError: 403, NotFoundError: 404, ConflictError: 409, StaleError: 412, InputError: 422,
    StoreError: 503,
}  # fmt: skip
_RETRY_AFTER_S: Final = "5"


class Fault(BaseModel):
    """What is wrong with one part of a request."""

    where: str = Field(description="Place in the request.", examples=["body.limit_kw"])
    message: str = Field(description="What is wrong with it.", examples=["must be 0 or more"])


class Problem(BaseModel):
    """An error as every answer tells it (RFC 9457)."""

    type: str = Field(
        default="about:blank", description="Kind of the problem; `about:blank` says no more than the status."
    )
    title: str = Field(description="The status in words.", examples=["Conflict"])
    status: int = Field(ge=400, le=599, description="The HTTP status.", examples=[409])
    detail: str = Field("", description="What happened and what to do, a sentence for people.")
    reason: str = Field("", description="The same for programs; empty where the status says it all.")
    errors: list[Fault] = Field(default_factory=list, description="Each fault of a request that is not understood.")


class ProblemError(Exception):
    """An answer that is no error of the rest of the program: raised within the API only."""

    def __init__(self, status: int, detail: str, reason: str = "", headers: Mapping[str, str] | None = None) -> None:
        super().__init__(detail)
        self.status = status
        self.reason = reason
        self.headers = headers


def answer(
    status: int, detail: str = "", reason: str = "", errors: Sequence[Fault] = (),
    headers: Mapping[str, str] | None = None,
) -> Response:  # fmt: skip
    """A problem as an answer."""
    problem = Problem(title=HTTPStatus(status).phrase, status=status, detail=detail, reason=reason, errors=list(errors))
    return JSONResponse(problem.model_dump(), status, headers=dict(headers or {}), media_type=MEDIA_TYPE)


def add_to(api: FastAPI) -> None:
    """Have every error of an application answered by this table."""
    api.add_exception_handler(EvenloadError, _evenload)
    api.add_exception_handler(ProblemError, _raised)
    api.add_exception_handler(RequestValidationError, _not_understood)
    api.add_exception_handler(HTTPException, _http)
    api.add_exception_handler(Exception, _defect)


async def _evenload(_: Request, error: Exception) -> Response:
    if isinstance(error, CloudError):
        return answer(HTTPStatus.BAD_GATEWAY, str(error), "cloud")
    status = next((_STATUS[kind] for kind in type(error).__mro__ if kind in _STATUS), 500)
    headers = {"WWW-Authenticate": "Bearer"} if status == HTTPStatus.UNAUTHORIZED else {}
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        foreseen = isinstance(error, StoreError)
        _log.error("event=request_failed why=%s", error, exc_info=None if foreseen else error)
        headers = {"Retry-After": _RETRY_AFTER_S}
        return answer(status, "this cannot be done now; it is in the log of the server", headers=headers)
    return answer(status, str(error), str(error.reason) if isinstance(error, RefusedError) else "", headers=headers)


async def _raised(_: Request, error: Exception) -> Response:
    assert isinstance(error, ProblemError)  # noqa: S101 - what it is registered for
    return answer(error.status, str(error), error.reason, headers=error.headers)


async def _not_understood(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - what it is registered for
    is_json = request.headers.get("content-type", "").partition(";")[0].strip().endswith("json")
    errors = [_fault(one, is_json=is_json) for one in error.errors()]
    first = f"{errors[0].where}: {errors[0].message}" if errors else "the request is not understood"
    return answer(HTTPStatus.UNPROCESSABLE_ENTITY, first, "not_understood", errors)


def _fault(found: Mapping[str, Any], *, is_json: bool) -> Fault:
    """A fault in words; of a body that is no JSON, what to send."""
    if found["type"] == "json_invalid":
        at = found["loc"][-1]
        return Fault(where="body", message=f"is no JSON: {found['ctx']['error']}, at character {at}")
    if tuple(found["loc"]) == ("body",) and not is_json:
        return Fault(where="body", message="must be JSON, sent with the header Content-Type: application/json")
    return Fault(where=".".join(map(str, found["loc"])), message=in_plain_words(found["msg"], PATTERN_WORDS))


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - what it is registered for
    detail = str(error.detail)
    if detail == HTTPStatus.NOT_FOUND.phrase:
        detail = _nothing_at(request)
    elif detail == HTTPStatus.METHOD_NOT_ALLOWED.phrase:
        detail = (
            f"{request.url.path} takes {(error.headers or {}).get('Allow', 'another method')}, not {request.method}"
        )
    return answer(error.status_code, detail, headers=error.headers)


def _nothing_at(request: Request) -> str:
    path = request.url.path.rstrip("/")
    known = {one.split("/")[2] for one in _paths(request.app.routes) if one.startswith("/v1/")}
    near = did_you_mean([*path.split("/"), ""][2], known) if path.startswith("/v1/") else ""
    return f"there is nothing at {path or '/'}.{near} What there is: /docs, or /openapi.json for programs"


def _paths(routes: Iterable[Any]) -> Iterator[str]:
    """Paths of routes, those of included routers too."""
    for one in routes:
        if path := getattr(one, "path", ""):
            yield path
        yield from _paths(getattr(getattr(one, "original_router", None), "routes", ()))


async def _defect(_: Request, error: Exception) -> Response:
    _log.error("event=defect %s", type(error).__name__, exc_info=error)
    return answer(HTTPStatus.INTERNAL_SERVER_ERROR, "a defect of evenload; it is in the log of the server")


def documented(*statuses: int) -> dict[str, Any]:
    """The answers of an operation that are problems, for its OpenAPI description."""
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {str(one): {"description": HTTPStatus(one).phrase, "content": content} for one in statuses}
