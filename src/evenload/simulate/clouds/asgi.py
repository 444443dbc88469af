"""The least of a web server that virtual clouds need: routes, JSON in and out, as ASGI."""

import json
import re
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, unquote

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Asgi = Callable[[Scope, Receive, Send], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Asked:
    """A request; names of headers in lower case. ``base`` is the address of the application that is asked."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    base: str = ""

    def json(self) -> Mapping[str, Any]:
        """The body, empty where it is no JSON object."""
        try:
            read = json.loads(self.body or b"{}")
        except ValueError:
            return {}
        return read if isinstance(read, dict) else {}

    def form(self) -> Mapping[str, Any]:
        """The body as a form, or as JSON where it is that: token endpoints get both."""
        if self.headers.get("content-type", "").startswith("application/json"):
            return self.json()
        return dict(parse_qsl(self.body.decode("utf-8", "replace")))


@dataclass(frozen=True, slots=True)
class Answer:
    """A response: what is not bytes is sent as JSON, ``None`` as nothing."""

    status: int
    body: object = None
    headers: Mapping[str, str] = field(default_factory=dict)

    def encoded(self) -> bytes:
        """The body in bytes."""
        if isinstance(self.body, bytes):
            return self.body
        return b"" if self.body is None else json.dumps(self.body, separators=(",", ":")).encode()


Handler = Callable[..., Awaitable[Answer]]


class Router:
    """Finds who answers. Braces in a path stand for one part of it, which the handler is given."""

    def __init__(self, before: Callable[[], Awaitable[Answer | None]], not_found: Answer) -> None:
        self._before = before
        self._not_found = not_found
        self._routes: list[tuple[str, re.Pattern[str], Handler]] = []

    def on(self, method: str, path: str, handler: Handler) -> None:
        """Have a handler answer."""
        self._routes.append((method, re.compile(re.sub(r"\{\w+\}", "([^/]+)", path) + "/?$"), handler))

    async def answer(self, asked: Asked) -> Answer:
        """What is answered."""
        early = await self._before()
        if early is not None:
            return early
        for method, pattern, handler in self._routes:
            found = pattern.match(asked.path) if method == asked.method else None
            if found:
                return await handler(asked, *(unquote(part) for part in found.groups()))
        return self._not_found

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] != "http":
            return
        body = b""
        while True:
            message = await receive()
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        answer = await self.answer(_asked(scope, body))
        content = answer.encoded()
        headers = {"content-type": "application/json", "content-length": str(len(content)), **answer.headers}
        start = {
            "type": "http.response.start", "status": answer.status,
            "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()],
        }  # fmt: skip
        await send(start)
        await send({"type": "http.response.body", "body": content})


def _asked(scope: Scope, body: bytes) -> Asked:
    headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
    root = scope.get("root_path", "")
    base = f"{scope.get('scheme', 'http')}://{headers.get('host', '')}{root}"
    path, query = scope["path"].removeprefix(root) or "/", dict(parse_qsl(scope["query_string"].decode()))
    return Asked(scope["method"], path, query, headers, body, base)


def mounted(apps: Mapping[str, Asgi]) -> Asgi:
    """One application of several, each below ``/name``."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        name = scope["path"].split("/")[1]
        if name in apps:
            await apps[name]({**scope, "root_path": scope.get("root_path", "") + f"/{name}"}, receive, send)
            return
        await send({"type": "http.response.start", "status": 404, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    return app
