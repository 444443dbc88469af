"""Numbers about the server itself, in Prometheus' text format."""

import hmac
from collections.abc import Callable
from http import HTTPStatus

from fastapi import APIRouter, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Histogram, generate_latest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from evenload.web.identity import services_of
from evenload.web.problem import ProblemError

router = APIRouter(tags=["health"])
_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)


class Counting:
    """Counts requests and their seconds by route; ASGI. ``seconds`` is a clock that never goes back."""

    def __init__(self, inner: ASGIApp, registry: CollectorRegistry, seconds: Callable[[], float]) -> None:
        self._inner = inner
        self._seconds = seconds
        labels = ["method", "route"]
        self._count = Counter("evenload_http_requests", "Requests answered.", [*labels, "status"], registry=registry)
        self._took = Histogram(
            "evenload_http_seconds", "Seconds to the first byte of an answer.", labels, registry=registry,
            buckets=_BUCKETS,
        )  # fmt: skip

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on and count it."""
        if scope["type"] != "http":
            await self._inner(scope, receive, send)
            return
        began = self._seconds()

        async def counted(message: Message) -> None:
            if message["type"] == "http.response.start":
                route = getattr(scope.get("route"), "path", "(none)")
                method = scope["method"] if scope["method"] in _METHODS else "(other)"
                self._count.labels(method, route, str(message["status"])).inc()
                self._took.labels(method, route).observe(self._seconds() - began)
            await send(message)

        await self._inner(scope, receive, counted)


_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


@router.get("/metrics", include_in_schema=False)
def metrics(request: Request) -> Response:
    """Everything that is counted; with the bearer token of the settings where there is one."""
    token = services_of(request).options.metrics_token
    told = request.headers.get("authorization", "").removeprefix("Bearer ")
    if token and not hmac.compare_digest(told.encode(), token.encode()):
        raise ProblemError(HTTPStatus.UNAUTHORIZED, "the metrics take a token", "login", {"WWW-Authenticate": "Bearer"})
    registry: CollectorRegistry = request.app.state.registry
    return Response(generate_latest(registry), headers={"Content-Type": CONTENT_TYPE_LATEST})
