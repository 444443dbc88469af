"""A VEN without I/O: each errand is a generator that yields requests and is sent their answers.

    errand = ven.sync(now)
    call = next(errand)
    while True:
        call = errand.send(await post(call))  # StopIteration carries what the errand brought

``VtnError`` says what the VTN answered where an errand cannot go on; the memory is then as it was.
"""

from collections.abc import Generator, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, ClassVar, Final, TypeVar
from urllib.parse import urlencode

import msgspec

from evenload.base.errors import EvenloadError, InputError
from evenload.openadr.v3.access import VEN_SCOPES
from evenload.openadr.v3.objects import PAGE_MAX
from evenload.openadr.v3.timeline import lifetime
from evenload.openadr.v3.ven_memory import Changes, Held, VenMemory, told
from evenload.openadr.v3.wire import (
    Event,
    ObjectOperation,
    Program,
    Report,
    ReportRequest,
    Resource,
    Subscription,
    SubscriptionRequest,
    Ven,
    VenResourceRequest,
    VenVenRequest,
)

Kind = TypeVar("Kind")
_EARLY: Final = timedelta(seconds=30)
_PAGES_MAX: Final = 2_000
_CONFLICT, _NOT_FOUND, _UNAUTHORIZED = 409, 404, 401


class VtnError(EvenloadError):
    """A VTN answered with a problem, or what is not OpenADR 3.1."""

    exit_code: ClassVar[int] = 1


@dataclass(frozen=True, slots=True)
class Call:
    """A request to send to the VTN; ``path`` is below its base path, or a whole address."""

    method: str
    path: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True)
class Reply:
    """What was answered."""

    status: int
    body: bytes = field(default=b"", repr=False)


Errand = Generator[Call, Reply, Kind]


@dataclass(frozen=True, slots=True)
class Credentials:
    """Who the VEN is at the token endpoint."""

    client_id: str
    client_secret: str = field(repr=False)
    scopes: tuple[str, ...] = VEN_SCOPES
    token_url: str = ""
    """Where tokens are had; blank asks the VTN."""


class OpenAdrVen:
    """One VEN at one VTN. ``memory`` is replaced, never changed, so it can be kept after each errand."""

    def __init__(self, credentials: Credentials, ven_name: str, memory: VenMemory | None = None) -> None:
        self.memory = memory or VenMemory()
        self.ven_name = ven_name
        self._credentials = credentials
        self._token = ""
        self._token_until: datetime | None = None
        self._token_url = credentials.token_url

    # errands

    def register(self, now: datetime, resources: Iterable[str] = ()) -> Errand[VenMemory]:
        """Find or make the VEN and its resources at the VTN, and learn what targets they were granted."""
        found = yield from self._all(now, "/vens", Ven, venName=self.ven_name)
        ven = found[0] if found else (yield from self._made_ven(now))
        kept: dict[str, str] = {}
        granted = list(ven.targets or ())
        for one in (yield from self._all(now, "/resources", Resource, venID=ven.id)):
            kept[one.resource_name] = one.id
            granted += one.targets or ()
        for name in resources:
            if name not in kept:
                request = VenResourceRequest(resource_name=name, ven_id=ven.id)
                kept[name] = (yield from self._sent(now, "POST", "/resources", request, Resource)).id
        self.memory = msgspec.structs.replace(
            self.memory, ven_id=ven.id, resources=kept, targets=tuple(dict.fromkeys(granted))
        )
        return self.memory

    def programs(self, now: datetime) -> Errand[list[Program]]:
        """The programs that the VEN may know of."""
        return (yield from self._targeted(now, "/programs", Program))

    def sync(self, now: datetime) -> Errand[Changes]:
        """Look at events that are not over. One gone before its end, or that lasts for no time, was called off.

        An event that is missing from the lists is asked for by itself before it is taken for gone: lists are read in
        pages, and may change between them.
        """
        there = {one.id: one for one in (yield from self._targeted(now, "/events", Event, active="true"))}
        for event_id, held in self.memory.events.items():
            if event_id not in there and held.is_open:
                one = yield from self._one(now, f"/events/{event_id}", Event)
                if one is not None:
                    there[event_id] = one
        return self._merged(there, now)

    def report(self, now: datetime, request: ReportRequest) -> Errand[Report]:
        """Send a report."""
        return (yield from self._sent(now, "POST", "/reports", request, Report))

    def subscribe(
        self, now: datetime, operations: Iterable[ObjectOperation], targets: Iterable[str] = ()
    ) -> Errand[Subscription]:
        """Be told by webhook, once for this VEN: what it subscribed to before is replaced."""
        asked = SubscriptionRequest(
            client_name=self.ven_name, object_operations=tuple(operations),
            targets=tuple(targets) or self.memory.targets or None,
        )  # fmt: skip
        before = yield from self._all(now, "/subscriptions", Subscription, clientName=self.ven_name)
        if before:
            return (yield from self._sent(now, "PUT", f"/subscriptions/{before[0].id}", asked, Subscription))
        return (yield from self._sent(now, "POST", "/subscriptions", asked, Subscription))

    # what came of them

    def _merged(self, there: Mapping[str, Event], now: datetime) -> Changes:
        kept = dict(self.memory.events)
        new: list[Held] = []
        changed: list[Held] = []
        cancelled: list[Held] = []
        ended: list[Held] = []
        for event in there.values():
            before = kept.get(event.id)
            if before is not None and before.event == event:
                continue
            held = kept[event.id] = _judged(told(before, event, now), now)
            if held.cancelled_at is not None:
                cancelled.append(held)
            else:
                (new if before is None else changed).append(held)
        for event_id, held in list(kept.items()):
            if held.is_open and (over := _over(held, now, is_there=event_id in there)) is not None:
                kept[event_id] = over
                (cancelled if over.cancelled_at is not None else ended).append(over)
        self.memory = msgspec.structs.replace(self.memory, events=kept)
        return Changes(new=tuple(new), changed=tuple(changed), cancelled=tuple(cancelled), ended=tuple(ended))

    # requests

    def _made_ven(self, now: datetime) -> Errand[Ven]:
        return (yield from self._sent(now, "POST", "/vens", VenVenRequest(ven_name=self.ven_name), Ven))

    def _targeted(self, now: datetime, path: str, kind: type[Kind], **query: object) -> Errand[list[Kind]]:
        """Objects without targets, and those with targets of ours: a VTN shows the latter to who names them only."""
        found = yield from self._all(now, path, kind, **query)
        if self.memory.targets:
            found += yield from self._all(now, path, kind, targets=self.memory.targets, **query)
        return list({one.id: one for one in found}.values())  # type: ignore[attr-defined]

    def _all(self, now: datetime, path: str, kind: type[Kind], **query: object) -> Errand[list[Kind]]:
        found: list[Kind] = []
        for page in range(_PAGES_MAX):
            asked = urlencode(query | {"skip": page * PAGE_MAX, "limit": PAGE_MAX}, doseq=True)
            reply = yield from self._ask(now, "GET", f"{path}?{asked}")
            found += (some := _read(reply, list[kind], path))  # type: ignore[valid-type]
            if len(some) < PAGE_MAX:
                return found
        raise VtnError(f"the VTN lists more than {_PAGES_MAX * PAGE_MAX} at {path}")

    def _one(self, now: datetime, path: str, kind: type[Kind]) -> Errand[Kind | None]:
        reply = yield from self._ask(now, "GET", path)
        return None if reply.status == _NOT_FOUND else _read(reply, kind, path)

    def _sent(self, now: datetime, method: str, path: str, request: msgspec.Struct, kind: type[Kind]) -> Errand[Kind]:
        reply = yield from self._ask(now, method, path, msgspec.json.encode(request))
        return _read(reply, kind, path)

    def _ask(self, now: datetime, method: str, path: str, body: bytes = b"") -> Errand[Reply]:
        """One request with a token; where that is not taken, once more with a new one."""
        for is_last in (False, True):
            if self._token_until is None or self._token_until - _EARLY <= now:
                yield from self._new_token(now)
            headers = {"Authorization": f"Bearer {self._token}"} | (
                {"Content-Type": "application/json"} if body else {}
            )
            reply = yield Call(method, path, headers, body)
            if reply.status != _UNAUTHORIZED or is_last:
                break
            self._token_until = None
        return reply

    def _new_token(self, now: datetime) -> Errand[None]:
        if not self._token_url:
            reply = yield Call("GET", "/auth/server")
            self._token_url = str(_read(reply, dict[str, Any], "/auth/server").get("tokenURL", ""))
        own = self._credentials
        form = {"grant_type": "client_credentials", "client_id": own.client_id, "client_secret": own.client_secret}
        body = urlencode(form | {"scope": " ".join(own.scopes)}).encode()
        reply = yield Call("POST", self._token_url, {"Content-Type": "application/x-www-form-urlencoded"}, body)
        answer = _read(reply, dict[str, Any], "the token endpoint")
        lasts = answer.get("expires_in", 3600)
        self._token = str(answer.get("access_token", ""))
        self._token_until = now + timedelta(seconds=lasts if isinstance(lasts, int | float) else 3600)


def _read(reply: Reply, kind: type[Kind], path: str) -> Kind:
    if not 200 <= reply.status < 300:
        raise VtnError(f"the VTN answered {path} with {reply.status}: {_detail(reply.body)}")
    try:
        return msgspec.json.decode(reply.body, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise VtnError(f"the VTN answered {path} with what is not OpenADR 3.1: {error}") from error


def _detail(body: bytes) -> str:
    try:
        problem = msgspec.json.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return "without a reason"
    told = problem if isinstance(problem, dict) else {}
    return str(told.get("detail") or told.get("title") or told.get("error") or "without a reason")[:300]


def _judged(held: Held, now: datetime) -> Held:
    """Called off where it lasts for no time; over where it was."""
    over = _over(held, now, is_there=True)
    return held if over is None else over


def _over(held: Held, now: datetime, *, is_there: bool) -> Held | None:
    """The event as called off or over, ``None`` where it goes on."""
    try:
        begins, ends = lifetime(held.event, held.told_at)
    except InputError:
        return None  # whoever wants its times is told what is wrong with them
    if begins == ends or (not is_there and ends > now):
        return msgspec.structs.replace(held, cancelled_at=now)
    return msgspec.structs.replace(held, ended=True) if ends <= now else None
