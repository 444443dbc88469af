"""Requests and answers: one place that sends, reads pages and tells errors."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from types import TracebackType
from typing import Any, Final, Self, TypeVar

import httpx
import msgspec

from evenload.client.errors import BY_STATUS, ApiError, UnreachableApiError
from evenload.client.resources import News

T = TypeVar("T")
_PAGE: Final = 500
_TIMEOUT_S: Final = 30.0
_QUIET_S: Final = 60.0
"""A stream that is silent for longer than its heartbeats take has broken."""


class Transport:
    """Sends to one server with one key."""

    def __init__(self, url: str, key: str, transport: httpx.BaseTransport | None = None) -> None:
        self._http = httpx.Client(
            base_url=url, headers={"Authorization": f"Bearer {key}"}, timeout=_TIMEOUT_S, transport=transport
        )

    def close(self) -> None:
        """Close connections."""
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self.close()

    def send(
        self, method: str, path: str, kind: type[T], *, body: Any = None, query: Mapping[str, Any] | None = None,  # noqa: ANN401 - any JSON
        headers: Mapping[str, str] | None = None,
    ) -> T:  # fmt: skip
        """Send a request and read its answer."""
        content = None if body is None else msgspec.json.encode(body)
        told = {"Content-Type": "application/json"} if content is not None else {}
        try:
            answer = self._http.request(
                method, path, content=content, params=_query(query), headers=told | dict(headers or {})
            )
        except httpx.HTTPError as error:
            raise UnreachableApiError(f"{self._http.base_url} does not answer: {error}") from error
        _raise_problem(answer)
        if kind is type(None):
            return None  # what T is here
        return _decoded(answer.content, kind)

    def pages(self, path: str, kind: type[T], query: Mapping[str, Any] | None = None) -> Iterator[T]:
        """Every item of a list, page after page as they are needed."""
        after = ""
        while True:
            page = self.send("GET", path, dict[str, Any], query={**(query or {}), "after": after, "count": _PAGE})
            yield from (msgspec.convert(item, kind) for item in page["items"])
            after = page["next"]
            if not after:
                return

    def listen(self, path: str, query: Mapping[str, Any]) -> Iterator[News]:
        """Server-sent events until the server ends them."""
        try:
            with self._http.stream(
                "GET", path, params=_query(query), timeout=httpx.Timeout(_TIMEOUT_S, read=_QUIET_S)
            ) as answer:
                if answer.status_code != httpx.codes.OK:
                    answer.read()
                    _raise_problem(answer)
                yield from _news(answer.iter_lines())
        except httpx.HTTPError as error:
            raise UnreachableApiError(f"{self._http.base_url} does not answer: {error}") from error


def _news(lines: Iterator[str]) -> Iterator[News]:
    fields: dict[str, str] = {}
    for line in lines:
        name, _, value = line.partition(":")
        if line and name:
            fields[name] = value.removeprefix(" ")
        elif not line and "data" in fields:
            yield News(topic=fields.get("event", ""), data=msgspec.json.decode(fields["data"]),
                       event_id=fields.get("id", ""))  # fmt: skip
            fields = {}


def _query(query: Mapping[str, Any] | None) -> dict[str, Any]:
    return {
        name: value.isoformat() if isinstance(value, datetime) else value
        for name, value in (query or {}).items()
        if value is not None and value != ""
    }


def _decoded(content: bytes, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(content, type=kind)
    except (msgspec.DecodeError, msgspec.ValidationError) as error:
        raise ApiError(f"the answer is not understood: {error}") from error


def _raise_problem(answer: httpx.Response) -> None:
    if answer.is_success:
        return
    try:
        told = msgspec.json.decode(answer.content, type=dict[str, Any])
    except msgspec.DecodeError:
        told = {}
    message = str(told.get("detail") or f"{answer.status_code} {answer.reason_phrase}")
    raise BY_STATUS.get(answer.status_code, ApiError)(message, answer.status_code, str(told.get("reason", "")))
