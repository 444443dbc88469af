"""Errands of a VEN of OpenADR 3.1 over HTTP."""

from collections.abc import Generator
from typing import Final, TypeVar

import httpx

from evenload.openadr.v3.ven import Call, Reply, VtnError

Kind = TypeVar("Kind")
_BODY_MAX: Final = 16 << 20


class OpenAdrHttp:
    """Carries errands out at one VTN. ``transport`` may be any of httpx, such as an ASGI application."""

    def __init__(
        self, vtn_url: str, *, timeout_s: float = 20.0, transport: httpx.AsyncBaseTransport | None = None,
        verify: bool | str = True,
    ) -> None:  # fmt: skip
        self._url = vtn_url.rstrip("/")
        self._http = httpx.AsyncClient(transport=transport, timeout=timeout_s, verify=verify, trust_env=False)

    async def run(self, errand: Generator[Call, Reply, Kind]) -> Kind:
        """What an errand brings. ``VtnError`` where no answer came, or none that helps."""
        try:
            call = next(errand)
            while True:
                call = errand.send(await self._sent(call))
        except StopIteration as stop:
            found: Kind = stop.value
            return found

    async def close(self) -> None:
        """Close connections."""
        await self._http.aclose()

    async def _sent(self, call: Call) -> Reply:
        address = call.path if "://" in call.path else self._url + call.path
        try:
            built = self._http.build_request(call.method, address, headers=dict(call.headers), content=call.body)
            answer = await self._http.send(built, stream=True)
            try:
                return Reply(answer.status_code, await _read(answer))
            finally:
                await answer.aclose()
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            raise VtnError(f"no answer from the VTN at {address}: {type(error).__name__} {error}") from error


async def _read(answer: httpx.Response) -> bytes:
    body = bytearray()
    async for part in answer.aiter_bytes():
        body += part
        if len(body) > _BODY_MAX:
            raise VtnError(f"the VTN's answer is longer than {_BODY_MAX} bytes")
    return bytes(body)
