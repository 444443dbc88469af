"""A VTN without I/O: requests in, answers and what is to be told out; what there is lies behind a port."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from evenload.openadr.v3.access import Claims, Client, Scope
from evenload.openadr.v3.bodies import read_request
from evenload.openadr.v3.faults import RefusalError, problem
from evenload.openadr.v3.notices import (
    COLLECTIONS,
    TARGETED,
    Broker,
    Publication,
    Webhook,
    operations_of,
    publications,
    webhooks,
)
from evenload.openadr.v3.objects import Asked, ObjectRow, OpenAdrObjects
from evenload.openadr.v3.parts import ObjectType
from evenload.openadr.v3.queries import Search, read_search
from evenload.openadr.v3.rendering import listed, shown
from evenload.openadr.v3.topics import notifiers, topics
from evenload.openadr.v3.writing import Change, Writer

BASE_PATH: Final = "/openadr3/3.1.0"
_WRITES: Final = {
    ObjectType.PROGRAM: Scope.WRITE_PROGRAMS, ObjectType.EVENT: Scope.WRITE_EVENTS,
    ObjectType.REPORT: Scope.WRITE_REPORTS, ObjectType.SUBSCRIPTION: Scope.WRITE_SUBSCRIPTIONS,
    ObjectType.VEN: Scope.WRITE_VENS, ObjectType.RESOURCE: Scope.WRITE_VENS,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Request:
    """A request below the base path: ``path`` as ``/events/ab12``, ``query`` as it came, without its question mark."""

    method: str
    path: str
    query: str = ""
    body: bytes = field(default=b"", repr=False)

    @property
    def writes(self) -> bool:
        """Whether it may change something."""
        return self.method not in ("GET", "HEAD")


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer, and what is to be sent because of what it did."""

    status: int
    body: bytes = field(repr=False)
    webhooks: tuple[Webhook, ...] = ()
    publications: tuple[Publication, ...] = ()


@dataclass(frozen=True, slots=True)
class Vtn:
    """Answers requests. ``draw_id`` makes ids that were never given before."""

    draw_id: Callable[[], str]
    broker: Broker | None = None

    def answer(self, request: Request, claims: Claims | None, objects: OpenAdrObjects, now: datetime) -> Answer:
        """Answer; ``objects`` is one unit of work, left as it was where the answer is a problem."""
        try:
            if claims is None:
                raise RefusalError(401, "a bearer token is needed: ask /auth/server where to get one")
            return self._answer(request, claims, objects, now)
        except RefusalError as refusal:
            return Answer(refusal.status, problem(refusal.status, str(refusal)))

    def _answer(self, request: Request, claims: Claims, objects: OpenAdrObjects, now: datetime) -> Answer:
        first, *rest = request.path.strip("/").split("/")
        if first == "notifiers":
            return _notifiers(request, claims, objects, self.broker, rest)
        kind = COLLECTIONS.get(first)
        if kind is None or len(rest) > 1:
            raise RefusalError(404, _nothing_at(request.path))
        _require(claims, request.method, kind)
        granted = frozenset() if claims.is_business else objects.granted(claims.tenant, claims.client_id)
        client = Client(claims, granted)
        writer = Writer(objects, client, now, self.draw_id)
        match request.method, rest:
            case "GET", []:
                return Answer(200, _searched(objects, client, read_search(kind, request.query, now)))
            case "POST", []:
                return self._told(objects, writer.create(kind, read_request(kind, request.body)), 201)
            case "GET", [object_id]:
                row, targets = _known(objects, client, kind, object_id)
                return Answer(200, shown(row.body, targets))
            case "PUT", [object_id]:
                row, _ = _known(objects, client, kind, object_id)
                return self._told(objects, writer.update(row, read_request(kind, request.body)), 200)
            case "DELETE", [object_id]:
                row, _ = _known(objects, client, kind, object_id)
                return self._told(objects, writer.remove(row), 200)
        raise RefusalError(405, f"{request.path} does not take {request.method}")

    def _told(self, objects: OpenAdrObjects, changes: Iterable[Change], status: int) -> Answer:
        """The last change as the answer, and what is told of all of them."""
        calls: list[Webhook] = []
        published: list[Publication] = []
        body = b""
        for row, operation in changes:
            body = shown(row.body, row.targets)
            calls += webhooks(objects, row, operation)
            if self.broker is not None:
                published += publications(objects, row, operation, self.broker)
        return Answer(status, body, tuple(calls), tuple(published))


def _notifiers(
    request: Request, claims: Claims, objects: OpenAdrObjects, broker: Broker | None, rest: list[str]
) -> Answer:
    if request.method != "GET":
        raise RefusalError(405, f"{request.path} does not take {request.method}")
    match rest:
        case []:
            return Answer(200, notifiers(broker))
        case ["mqtt", "topics", *path]:
            return Answer(200, topics(objects, broker, claims, path))
    raise RefusalError(404, _nothing_at(request.path))


def _require(claims: Claims, method: str, kind: ObjectType) -> None:
    reads = Scope.READ_TARGETS if kind in TARGETED else Scope.READ_VEN_OBJECTS
    scope = reads if method == "GET" else _WRITES[kind]
    if not claims.may(scope):
        raise RefusalError(403, f"this needs the scope {scope}")


def _known(
    objects: OpenAdrObjects, client: Client, kind: ObjectType, object_id: str
) -> tuple[ObjectRow, tuple[str, ...]]:
    """An object that a client may know of, and its targets that it may; else 404, as if there were none."""
    row = objects.find(client.claims.tenant, kind, object_id)
    if row is None or row.removed_at is not None:
        raise RefusalError(404, f"there is no {kind.lower()} {object_id[:128]}")
    if kind in TARGETED:
        targets = client.shown(row.targets)
    else:
        own = client.claims.is_business or row.client_id == client.claims.client_id
        targets = row.targets if own else None
    if targets is None:
        raise RefusalError(404, f"there is no {kind.lower()} {object_id[:128]}")
    return row, targets


def _searched(objects: OpenAdrObjects, client: Client, search: Search) -> bytes:
    """The objects of a search that a client may know of."""
    asked, tenant, business = search.asked, client.claims.tenant, client.claims.is_business
    wanted: tuple[str, ...] | None = None if search.targets is None else tuple(sorted(search.targets))
    if asked.kind in TARGETED and not business:
        wanted = tuple(sorted((search.targets or frozenset()) & client.granted))
        if search.targets is not None and not wanted:
            return listed([])
    own = "" if business or asked.kind in TARGETED else client.claims.client_id
    bodies = []
    for body, held in _page(objects, tenant, _narrowed(asked, wanted, own), search.objects):
        targets = client.shown(held, search.targets) if asked.kind in TARGETED else held
        if targets is not None:
            bodies.append(shown(body, targets))
    return listed(bodies)


def _narrowed(asked: Asked, targets: tuple[str, ...] | None, client_id: str) -> Asked:
    return Asked(
        asked.kind, asked.program_id, asked.parent_id, client_id, asked.client_name, asked.name, targets,
        asked.active_at, asked.skip, asked.count,
    )  # fmt: skip


def _page(
    objects: OpenAdrObjects, tenant: str, asked: Asked, kinds: frozenset[ObjectType]
) -> Sequence[tuple[bytes, tuple[str, ...]]]:
    """A page; subscriptions of some kinds of objects are picked out here."""
    if not kinds:
        return objects.bodies(tenant, asked)
    every = objects.bodies(tenant, _unpaged(asked))
    found = [one for one in every if any(kinds & set(part.objects) for part in operations_of(one[0]).object_operations)]
    return found[asked.skip : asked.skip + (asked.count or 0)]


def _unpaged(asked: Asked) -> Asked:
    return Asked(asked.kind, asked.program_id, asked.parent_id, asked.client_id, asked.client_name, count=None)


def _nothing_at(path: str) -> str:
    if path.startswith("/vens/") and "/resources" in path:
        return f"there is nothing at {path[:200]}: resources are at /resources?venID= since OpenADR 3.1"
    return f"there is nothing at {path[:200]}"
