"""The client of cars' clouds: what it sends, what it bears, and when it leaves a cloud alone."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest

from evenload.net.cloud_http import CloudHttp, CloudLimits
from evenload.telematics.port import Request, Response

GET = Request("GET", "/v1/cars", {"page": "2"}, {"x-a": "b"}, timeout_s=1.0)
Answer = Callable[[httpx.Request], httpx.Response]


class Clock:
    seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


def client(answer: Any, clock: Clock | None = None, **limits: Any) -> CloudHttp:
    return CloudHttp(clock or Clock(), httpx.MockTransport(answer), CloudLimits(**limits))


def sent(http: CloudHttp, *requests: Request, at: str = "https://cloud.example/base/") -> list[Response]:
    async def all_of_them() -> list[Response]:
        return [await http.send(at, one) for one in requests]

    return asyncio.run(all_of_them())


def test_a_request_arrives_as_it_was_made() -> None:
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(202, headers={"Retry-After": "3"}, content=b"{}")

    made = Request("POST", "/act", body=b"x", idempotency_key="a1", timeout_s=1.0)
    first, second = sent(client(answer), GET, made)
    assert (first.status, first.header("retry-after"), first.body) == (202, "3", b"{}")
    assert str(seen[0].url) == "https://cloud.example/base/v1/cars?page=2"
    assert seen[0].headers["x-a"] == "b"
    assert (seen[1].headers["idempotency-key"], seen[1].content, second.status) == ("a1", b"x", 202)


def test_redirects_are_not_followed() -> None:
    (answer,) = sent(client(lambda _: httpx.Response(302, headers={"location": "https://evil.example/"})), GET)
    assert answer.status == 302


def test_an_answer_without_end_is_cut_off() -> None:
    async def endless() -> AsyncIterator[bytes]:
        while True:
            yield b"x" * 1000

    (answer,) = sent(client(lambda _: httpx.Response(200, content=endless()), body_bytes_max=5000), GET)
    assert (answer.status, answer.body) == (502, b"")


def test_no_answer_has_no_status_and_says_why() -> None:
    def refuse(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("connection refused", request=request)

    async def silent(_: httpx.Request) -> httpx.Response:
        await asyncio.sleep(60)
        raise AssertionError

    (refused,) = sent(client(refuse), GET)
    assert (refused.status, refused.body) == (0, b"ConnectError: connection refused")
    (late,) = sent(client(silent, connect_s=0.01), Request("GET", "/", timeout_s=0.05))
    assert (late.status, late.body) == (0, b"no answer came within 0.05 s")


@pytest.mark.requirement("R145")
def test_a_cloud_that_does_not_answer_is_left_alone_for_longer_and_longer() -> None:
    clock, asked, is_down = Clock(), [0], [True]

    def answer(request: httpx.Request) -> httpx.Response:
        asked[0] += 1
        if is_down[0]:
            raise httpx.ConnectError("down", request=request)
        return httpx.Response(200)

    http = client(answer, clock, failures_max=3, rest_s=5.0, rest_s_max=15.0)
    sent(http, *[GET] * 20)
    assert (asked[0], http.counts.failed, http.counts.spared, http.is_reachable) == (3, 3, 17, False)
    for rest_s in (5.0, 10.0, 15.0, 15.0):
        before = asked[0]
        clock.seconds += rest_s - 0.1
        sent(http, GET)
        assert asked[0] == before
        clock.seconds += 0.2
        sent(http, GET, GET)
        assert asked[0] == before + 1
    is_down[0] = False
    clock.seconds += 16
    back = sent(http, GET, GET)
    assert ([one.status for one in back], http.is_reachable) == ([200, 200], True)
