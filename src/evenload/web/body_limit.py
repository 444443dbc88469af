"""Bounds what one request may send."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from evenload.web.problem import answer


class BodyLimit:
    """Refuses bodies above a size with 413, also those that do not say how long they are; ASGI."""

    def __init__(self, inner: ASGIApp, bytes_max: int) -> None:
        self._inner = inner
        self._bytes_max = bytes_max

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, unless it is too long."""
        if scope["type"] != "http":
            await self._inner(scope, receive, send)
            return
        told = dict(scope["headers"]).get(b"content-length", b"0")
        if not told.isdigit() or int(told) > self._bytes_max:
            await self._refusal()(scope, receive, send)
            return
        length, begun = 0, False

        async def bounded() -> Message:
            nonlocal length
            message = await receive()
            length += len(message.get("body", b""))
            if length > self._bytes_max:
                raise TooLong
            return message

        async def noted(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self._inner(scope, bounded, noted)
        except TooLong:
            if not begun:
                await self._refusal()(scope, receive, send)

    def _refusal(self) -> ASGIApp:
        return answer(413, f"a request has at most {self._bytes_max} bytes")


class TooLong(Exception):  # noqa: N818 - no error of ours: it ends reading
    """More came than may."""
