"""The line from a site to the server that plans for it."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, TypeVar

import httpx
import msgspec

from evenload.base.errors import EvenloadError
from evenload.domain.station import StationId
from evenload.service.relay import VERSION
from evenload.service.relay_state import SiteState
from evenload.service.rows import EventRow, OrderRow

T = TypeVar("T")
_TIMEOUT_S: Final = 10.0
_NOT_TAKEN: Final = (400, 413, 422)


class UpstreamError(EvenloadError):
    """The other server did not answer, or not so that it is understood."""


class RefusedByUpstreamError(UpstreamError):
    """It answered that it does not take what it was told, and would not another time either."""


class _Order(msgspec.Struct, frozen=True):
    order_id: str
    number: int
    identity: str
    kind: str
    evse_id: int
    body: str
    made_at: datetime
    worthless_at: datetime | None
    standing: bool


class _Orders(msgspec.Struct, frozen=True):
    last: int
    orders: tuple[_Order, ...]


class _Events(msgspec.Struct, frozen=True):
    taken: int
    refused: tuple[str, ...] = ()


class _Site(msgspec.Struct, frozen=True):
    site_id: str
    tag: str
    state: SiteState | None


@dataclass(frozen=True, slots=True)
class Ordered:
    """Orders that wait for a site, and the number of the last there is at all."""

    orders: tuple[OrderRow, ...]
    last: int


class Upstream:
    """Asks one server with one key; ``UpstreamError`` where it does not answer."""

    def __init__(self, url: str, key: str, transport: httpx.AsyncBaseTransport | None = None) -> None:
        headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
        self._http = httpx.AsyncClient(base_url=url, headers=headers, timeout=_TIMEOUT_S, transport=transport)

    async def close(self) -> None:
        """Hang up."""
        await self._http.aclose()

    async def tell(self, site_id: str, rows: Sequence[EventRow], connected: Collection[str] | None) -> Sequence[str]:
        """Tell what happened, in order; what was not understood of it."""
        events = [
            {"at": one.at, "received_at": one.received_at, "identity": one.station.identity, "evse_id": one.evse_id,
             "kind": one.kind, "body": one.body}
            for one in rows
        ]  # fmt: skip
        body = {"version": VERSION, "site_id": site_id, "connected": connected, "events": events}
        return (await self._ask("POST", "/v1/relay/events", _Events, content=msgspec.json.encode(body))).refused

    async def orders(self, site_id: str, after: int, tenant: str) -> Ordered:
        """Orders after a number."""
        told = await self._ask("GET", "/v1/relay/orders", _Orders, params={"site_id": site_id, "after": after})
        rows = (
            OrderRow(station=StationId(tenant, one.identity), **{k: v for k, v in _fields(one) if k != "identity"})
            for one in told.orders
        )
        return Ordered(tuple(rows), told.last)

    async def site(self, site_id: str, tag: str) -> tuple[str, str, SiteState | None]:
        """The site, the tag of its state, and the state where the tag is another."""
        told = await self._ask("GET", "/v1/relay/site", _Site, params={"site_id": site_id, "tag": tag})
        return told.site_id, told.tag, told.state

    async def _ask(self, method: str, path: str, kind: type[T], **rest: Any) -> T:  # noqa: ANN401 - as httpx takes it
        try:
            answer = await self._http.request(method, path, **rest)
            if answer.is_success:
                return msgspec.json.decode(answer.content, type=kind)
        except httpx.HTTPError as error:
            raise UpstreamError(
                f"{self._http.base_url} does not answer: {str(error) or type(error).__name__}"
            ) from error
        except (msgspec.DecodeError, msgspec.ValidationError) as error:
            raise UpstreamError(f"{self._http.base_url} answers what is not understood: {error}") from error
        kind_of_error = RefusedByUpstreamError if answer.status_code in _NOT_TAKEN else UpstreamError
        raise kind_of_error(f"{self._http.base_url} refuses: {_reason(answer)}")


def _fields(order: _Order) -> list[tuple[str, Any]]:
    return list(msgspec.structs.asdict(order).items())


def _reason(answer: httpx.Response) -> str:
    try:
        told = msgspec.json.decode(answer.content, type=dict[str, Any])
    except msgspec.DecodeError:
        told = {}
    return str(told.get("detail") or f"{answer.status_code} {answer.reason_phrase}")
