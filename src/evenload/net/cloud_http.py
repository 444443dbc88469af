"""Requests to cars' clouds: one client a cloud, with limits of its own, that does not wait for one that is away."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import httpx

from evenload.telematics.port import Request, Response

_TOO_LARGE: Final = 502
_NO_ANSWER: Final = 0


@dataclass(frozen=True, slots=True)
class CloudLimits:
    """What a client allows itself. After ``failures_max`` requests in a row without an answer nothing is asked for
    ``rest_s``, twice as long after each try that fails, at most ``rest_s_max``.
    """

    connections_max: int = 1000
    connect_s: float = 10.0
    body_bytes_max: int = 1 << 20
    failures_max: int = 5
    rest_s: float = 5.0
    rest_s_max: float = 300.0


@dataclass(slots=True)
class CloudCounts:
    """What a client did: requests asked, answered by class of status, without an answer, not asked at all."""

    asked: int = 0
    answered: int = 0
    failed: int = 0
    spared: int = 0


class CloudHttp:
    """Sends requests to one cloud. Without an answer the response's status is 0 and its body says why."""

    def __init__(
        self, seconds: Callable[[], float], transport: httpx.AsyncBaseTransport | None = None,
        limits: CloudLimits | None = None,
    ) -> None:  # fmt: skip
        self.counts = CloudCounts()
        self._limits = limits or CloudLimits()
        self._seconds = seconds
        pool = httpx.Limits(max_connections=self._limits.connections_max, max_keepalive_connections=100)
        self._http = httpx.AsyncClient(transport=transport, limits=pool, follow_redirects=False, trust_env=False)
        self._failures = 0
        self._rests = 0
        self._again_s = 0.0
        self._is_trying = False

    @property
    def is_reachable(self) -> bool:
        """Whether it answers, as far as is known."""
        return self._failures < self._limits.failures_max

    async def close(self) -> None:
        """Close connections."""
        await self._http.aclose()

    async def send(self, address: str, request: Request) -> Response:
        """Send a request to a base address, and read at most so much of the answer."""
        if not self.is_reachable and (self._is_trying or self._seconds() < self._again_s):
            self.counts.spared += 1
            return Response(_NO_ANSWER, body=b"it has not answered lately, and is asked again soon")
        self._is_trying = not self.is_reachable
        self.counts.asked += 1
        try:
            async with asyncio.timeout(request.timeout_s + self._limits.connect_s):
                response = await self._sent(address, request)
        except TimeoutError:
            return self._unanswered(f"no answer came within {request.timeout_s:g} s")
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            return self._unanswered(f"{type(error).__name__}: {error}")
        finally:
            self._is_trying = False
        self._failures = self._rests = 0
        self.counts.answered += 1
        return response

    async def _sent(self, address: str, request: Request) -> Response:
        headers = dict(request.headers)
        if request.idempotency_key:
            headers["Idempotency-Key"] = request.idempotency_key
        timeout = httpx.Timeout(request.timeout_s, connect=self._limits.connect_s)
        built = self._http.build_request(
            request.method, address.rstrip("/") + request.path, params=dict(request.query) or None,
            headers=headers, content=request.body, timeout=timeout,
        )  # fmt: skip
        answer = await self._http.send(built, stream=True)
        try:
            body = bytearray()
            async for part in answer.aiter_bytes():
                body += part
                if len(body) > self._limits.body_bytes_max:
                    return Response(_TOO_LARGE, dict(answer.headers))
        finally:
            await answer.aclose()
        return Response(answer.status_code, dict(answer.headers), bytes(body))

    def _unanswered(self, why: str) -> Response:
        self.counts.failed += 1
        self._failures += 1
        if not self.is_reachable:
            rest_s = min(self._limits.rest_s * 2**self._rests, self._limits.rest_s_max)
            self._rests = min(self._rests + 1, 16)
            self._again_s = self._seconds() + rest_s
        return Response(_NO_ANSWER, body=why.encode())
