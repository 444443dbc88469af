"""A VTN of OpenADR 3.1 over HTTP: a thin ASGI application around the one without I/O. TLS is uvicorn's."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Lock
from typing import Final

import msgspec
from anyio import to_thread
from starlette.types import ASGIApp, Receive, Scope, Send

from evenload.base.errors import EvenloadError
from evenload.net.openadr3_auth import claims_of, token_answer
from evenload.net.openadr3_tokens import Tokens
from evenload.net.throttle import Throttle
from evenload.openadr.v3.faults import problem
from evenload.openadr.v3.notices import Broker
from evenload.openadr.v3.vtn import BASE_PATH, Answer, Request, Vtn
from evenload.service.ports import Store

_log = logging.getLogger("evenload.net.openadr3")

_JSON: Final = "application/json"
Headers = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class OpenAdrOptions:
    """How a VTN is served. ``public_url`` is how clients reach the base path; ``secret`` signs tokens."""

    secret: bytes = field(repr=False)
    public_url: str = f"http://127.0.0.1:8000{BASE_PATH}"
    body_bytes_max: int = 1 << 20
    token_lifetime: timedelta = timedelta(hours=1)
    broker: Broker | None = None


@dataclass(frozen=True, slots=True)
class _Told:
    """A request as ASGI tells it."""

    request: Request
    authorization: str
    address: str


def nobody_told(_: Answer) -> None:
    """Send nothing: where no webhooks are wanted."""


def openadr3_app(
    store: Store, options: OpenAdrOptions, clock: Callable[[], datetime], draw_id: Callable[[], str],
    seconds: Callable[[], float], deliver: Callable[[Answer], None] = nobody_told,
) -> ASGIApp:  # fmt: skip
    """The VTN as an ASGI application, for everything below ``BASE_PATH`` (mounted there, or alone).

    ``deliver`` is handed each answer that has something to send, once what it says is durable, from a thread.
    """
    return OpenAdrServer(store, options, clock, draw_id, Throttle(seconds), deliver)


class OpenAdrServer:
    """Reads requests, answers them in a thread, one unit of work each."""

    def __init__(
        self, store: Store, options: OpenAdrOptions, clock: Callable[[], datetime], draw_id: Callable[[], str],
        throttle: Throttle, deliver: Callable[[Answer], None],
    ) -> None:  # fmt: skip
        self._store = store
        self._options = options
        self._clock = clock
        self._tokens = Tokens(options.secret, options.token_lifetime)
        self._throttle = throttle
        self._one_at_a_time = Lock()
        self._deliver = deliver
        self._vtn = Vtn(draw_id, options.broker)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        headers = {name.lower(): value for name, value in scope["headers"]}
        body = await _body(headers, receive, self._options.body_bytes_max)
        if body is None:
            most = self._options.body_bytes_max
            await _send(send, 413, problem(413, f"a request has at most {most} bytes"), {"Connection": "close"})
            return
        path = str(scope["path"]).removeprefix(BASE_PATH)
        query = scope["query_string"].decode("latin-1")
        request = Request(scope["method"], path, query, body)
        client = scope.get("client")
        told = _Told(request, headers.get(b"authorization", b"").decode("latin-1"), client[0] if client else "")
        status, answer, more = await to_thread.run_sync(self._answered, told)
        await _send(send, status, answer, more)

    def _answered(self, told: _Told) -> tuple[int, bytes, Headers]:
        try:
            if told.request.path.startswith("/auth/"):
                return self._authorized(told)
            return self._asked(told)
        except EvenloadError as error:
            _log.error("event=openadr3_failed why=%s", error)
            return 500, problem(500, "this cannot be done now; it is in the log of the server"), {"Retry-After": "5"}

    def _authorized(self, told: _Told) -> tuple[int, bytes, Headers]:
        method, path = told.request.method, told.request.path.rstrip("/")
        if (method, path) == ("GET", "/auth/server"):
            return 200, msgspec.json.encode({"tokenURL": f"{self._options.public_url}/auth/token"}), {}
        if (method, path) == ("POST", "/auth/token"):
            with self._store.reading() as unit, self._one_at_a_time:
                return token_answer(
                    unit.openadr3, self._tokens, self._throttle, told.request.body, told.authorization, told.address,
                    self._clock(),
                )  # fmt: skip
        status = 405 if path in ("/auth/server", "/auth/token") else 404
        return status, problem(status, f"{path} does not take {method}"), {}

    def _asked(self, told: _Told) -> tuple[int, bytes, Headers]:
        now = self._clock()
        with self._store.reading() as unit:
            claims = claims_of(unit.openadr3, self._tokens, told.authorization, now)
            if claims is None or not told.request.writes:
                answer = self._vtn.answer(told.request, claims, unit.openadr3, now)
        if claims is not None and told.request.writes:  # nobody else takes the right to write
            with self._store.writing() as unit:
                answer = self._vtn.answer(told.request, claims, unit.openadr3, now)
        if answer.webhooks or answer.publications:
            self._deliver(answer)
        return answer.status, answer.body, {"WWW-Authenticate": "Bearer"} if claims is None else {}


async def _body(headers: Mapping[bytes, bytes], receive: Receive, most: int) -> bytes | None:
    """The body, ``None`` where it is too long; no more of it than that is read."""
    length = headers.get(b"content-length", b"0")
    if not length.isdigit() or int(length) > most:
        return None
    parts: list[bytes] = []
    size, more = 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            break
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        more = message.get("more_body", False)
        if size > most:
            return None
    return b"".join(parts)


async def _send(send: Send, status: int, body: bytes, headers: Headers) -> None:
    told = {"Content-Type": _JSON, "Content-Length": str(len(body))} | dict(headers)
    listed = [(name.lower().encode(), value.encode()) for name, value in told.items()]
    await send({"type": "http.response.start", "status": status, "headers": listed})
    await send({"type": "http.response.body", "body": body})
