"""Bounds what one request may send."""

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from evenload.web.problem import answer


class BodyLimit:
    """Refuses bodies above a size with 413, also those that do not say how long they are; ASGI."""

    def __init__(self, inner: ASGIApp, bytes_max: int) -> None:
        self._inner = inner
        self._bytes_max = bytes_max
        self._why = f"a request has at most {bytes_max} bytes"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, unless it is too long."""
        if scope["type"] != "http":
            await self._inner(scope, receive, send)
            return
        told = dict(scope["headers"]).get(b"content-length", b"0")
        if not told.isdigit() or int(told) > self._bytes_max:
            await answer(413, self._why)(scope, receive, send)
            return
        length = 0

        async def bounded() -> Message:
            nonlocal length
            message = await receive()
            length += len(message.get("body", b""))
            if length > self._bytes_max:
                raise HTTPException(413, self._why)  # what reads the body passes it on
            return message

        await self._inner(scope, bounded, send)
