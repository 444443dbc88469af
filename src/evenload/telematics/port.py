"""What every car cloud's adapter does: requests out, responses and webhooks in, without sockets, clock or state."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import ClassVar, Final, Protocol

from evenload.domain.vehicle_state import Act, ActReason, ActStatus, Capabilities, CarId, Provider, VehicleState


class Host(StrEnum):
    """Which of a cloud's addresses a request goes to."""

    CONNECT = "connect"
    AUTH = "auth"
    API = "api"
    MANAGE = "manage"


class Cost(StrEnum):
    """Which budget a request counts against."""

    READ = "read"
    COMMAND = "command"
    WAKE = "wake"
    FREE = "free"


@dataclass(frozen=True, slots=True)
class Request:
    """An HTTP request to make. ``path`` begins with ``/`` and follows the base address of ``host``."""

    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None
    timeout_s: float = 30.0
    idempotency_key: str = ""
    host: Host = Host.API
    cost: Cost = Cost.READ


@dataclass(frozen=True, slots=True)
class Response:
    """What came back; ``status`` is 0 where no answer came. Names of headers are found in any case."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    def header(self, name: str) -> str:
        """A header, ``""`` where there is none."""
        return header_of(self.headers, name)


def header_of(headers: Mapping[str, str], name: str) -> str:
    """A header by its name in any case, ``""`` where there is none."""
    wanted = name.casefold()
    return next((value for key, value in headers.items() if key.casefold() == wanted), "")


@dataclass(frozen=True, slots=True)
class Application:
    """Us, as a cloud knows us: what is registered there once. ``addresses`` replaces the public ones (virtual clouds).

    ``signal_version``: which version of an API that has several (``""`` for the newest that is spoken).
    """

    client_id: str
    client_secret: str = field(repr=False)
    redirect_uri: str = ""
    webhook_secret: str = field(default="", repr=False)
    scopes: tuple[str, ...] = ()
    addresses: Mapping[Host, str] = field(default_factory=dict)
    audience: str = ""
    signal_version: str = ""


@dataclass(frozen=True, slots=True)
class Tokens:
    """What lets us in: to one driver's cars, or to all of an application; ``refresh`` is ``""`` where there is none."""

    access: str = field(repr=False)
    expires_at: datetime
    refresh: str = field(default="", repr=False)
    scopes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Home:
    """Where a car is at home (degrees); used to tell home from away and never handed on."""

    latitude: float
    longitude: float
    radius_m: float = 150.0


@dataclass(frozen=True, slots=True)
class Link:
    """A car as its cloud knows it, and what helps to understand what it tells.

    ``remote_id`` is the cloud's id of the car (at Tesla the VIN), ``user_id`` its id of the driver, ``connection_id``
    of the consent where it has one. ``range_km_full`` is its range with a full battery, where known.
    """

    car: CarId
    provider: Provider
    remote_id: str
    user_id: str = ""
    connection_id: str = ""
    battery_kwh: float | None = None
    range_km_full: float | None = None
    capabilities: Capabilities = field(default_factory=Capabilities)
    home: Home | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class CarFound:
    """A car of a driver's account. ``vin`` shows that two accounts have one car; ``""`` where it is not told."""

    remote_id: str
    vin: str = field(default="", repr=False)
    make: str = ""
    model: str = ""
    year: int | None = None
    battery_kwh: float | None = None
    capabilities: Capabilities = field(default_factory=Capabilities)
    connection_id: str = ""


class Failing(StrEnum):
    """What went wrong with a request, and so what to do next."""

    UNAUTHORISED = "unauthorised"
    REVOKED = "revoked"
    FORBIDDEN = "forbidden"
    ASLEEP = "asleep"
    RATE_LIMITED = "rate_limited"
    UPSTREAM = "upstream"
    UNREACHABLE = "unreachable"
    GONE = "gone"
    REFUSED = "refused"
    UNREADABLE = "unreadable"

    @property
    def sentence(self) -> str:
        """The failing in words."""
        return _SENTENCES[self]

    @property
    def stops_polling(self) -> bool:
        """Whether nothing is to be asked of the car any more until somebody connects it again."""
        return self in (Failing.REVOKED, Failing.GONE)

    @property
    def is_passing(self) -> bool:
        """Whether the same request may succeed later."""
        return self in _PASSING

    @property
    def reason(self) -> ActReason:
        """The same, as the reason why an act failed."""
        return _REASONS[self]


_SENTENCES: Final = {
    Failing.UNAUTHORISED: "the access token is not valid any more: it has to be renewed",
    Failing.REVOKED: "the driver withdrew consent: nothing is asked of the car until it is connected again",
    Failing.FORBIDDEN: "what the driver consented to does not cover this",
    Failing.ASLEEP: "the car is asleep or offline",
    Failing.RATE_LIMITED: "the cloud takes no more calls for now",
    Failing.UPSTREAM: "the cloud, or the car maker's service behind it, failed",
    Failing.UNREACHABLE: "the cloud did not answer",
    Failing.GONE: "the cloud knows no such car any more",
    Failing.REFUSED: "the cloud refused the request as it was made",
    Failing.UNREADABLE: "the answer could not be understood",
}
_PASSING: Final = frozenset(
    {Failing.UNAUTHORISED, Failing.ASLEEP, Failing.RATE_LIMITED, Failing.UPSTREAM, Failing.UNREACHABLE}
)
_REASONS: Final = {
    Failing.UNAUTHORISED: ActReason.UNAUTHORISED,
    Failing.REVOKED: ActReason.REVOKED,
    Failing.FORBIDDEN: ActReason.NOT_SUPPORTED,
    Failing.ASLEEP: ActReason.ASLEEP,
    Failing.RATE_LIMITED: ActReason.RATE_LIMITED,
    Failing.UPSTREAM: ActReason.UPSTREAM,
    Failing.UNREACHABLE: ActReason.UNREACHABLE,
    Failing.GONE: ActReason.GONE,
    Failing.REFUSED: ActReason.REFUSED,
    Failing.UNREADABLE: ActReason.REFUSED,
}


@dataclass(frozen=True, slots=True)
class Fault:
    """What went wrong, the cloud's own words for it, and not before when to ask again."""

    failing: Failing
    info: str = ""
    retry_at: datetime | None = None

    @property
    def sentence(self) -> str:
        """What went wrong in words, the cloud's own last."""
        return f"{self.failing.sentence} ({self.info})" if self.info else self.failing.sentence


@dataclass(frozen=True, slots=True)
class ActOutcome:
    """What became of an act: ``SENT`` where the cloud will tell later under ``remote_act_id``.

    ``retry_at``: when the same act may be tried again, ``None`` where that would not help. ``needs_wake``: the car has
    to be woken first.
    """

    act_id: str
    status: ActStatus
    reason: ActReason = ActReason.DONE
    info: str = ""
    remote_act_id: str = ""
    retry_at: datetime | None = None
    needs_wake: bool = False
    fault: Fault | None = None

    @property
    def sentence(self) -> str:
        """The outcome in words, the cloud's own last."""
        return f"{self.reason.sentence} ({self.info})" if self.info else self.reason.sentence


# webhooks


@dataclass(frozen=True, slots=True)
class StateTold:
    """A cloud told what a car of that id tells; understood with :meth:`Cloud.parse_told` once its link is known."""

    remote_id: str
    told_at: datetime
    document: Mapping[str, object]
    event_id: str = ""


@dataclass(frozen=True, slots=True)
class ActTold:
    """A cloud told what became of an act, by its own id of it."""

    remote_id: str
    remote_act_id: str
    outcome: ActOutcome
    event_id: str = ""


@dataclass(frozen=True, slots=True)
class ConsentLost:
    """A cloud told that a driver's consent (``user_id``) or a car's (``remote_id``) is gone."""

    user_id: str = ""
    remote_id: str = ""
    info: str = ""
    event_id: str = ""


@dataclass(frozen=True, slots=True)
class CarChanged:
    """A cloud told that a car was found in an account or is there no more."""

    remote_id: str
    user_id: str
    is_there: bool
    event_id: str = ""


Told = StateTold | ActTold | ConsentLost | CarChanged


class WebhookRefusal(StrEnum):
    """Why what came as a webhook is not believed."""

    NO_SECRET = "no_secret"  # noqa: S105 - no password
    SIGNATURE_MISSING = "signature_missing"
    SIGNATURE_WRONG = "signature_wrong"
    UNREADABLE = "unreadable"

    @property
    def sentence(self) -> str:
        """The refusal in words."""
        return _REFUSALS[self]


_REFUSALS: Final = {
    WebhookRefusal.NO_SECRET: "no webhook secret is set for this cloud: nothing can be believed",
    WebhookRefusal.SIGNATURE_MISSING: "the webhook is not signed",
    WebhookRefusal.SIGNATURE_WRONG: "the signature does not fit the body",
    WebhookRefusal.UNREADABLE: "the webhook could not be understood",
}


@dataclass(frozen=True, slots=True)
class Webhook:
    """What a webhook means and how to answer it. With a ``refusal`` nothing of it is believed."""

    told: tuple[Told, ...] = ()
    status: int = 200
    answer: bytes = b""
    content_type: str = "application/json"
    refusal: WebhookRefusal | None = None


class Cloud(Protocol):
    """One shape of cloud. Stateless: all it needs is handed in; instants are in UTC."""

    provider: ClassVar[Provider]

    def address(self, app: Application, host: Host) -> str:
        """The base address (no ``/`` at its end) of a host."""

    # consent

    def consent_url(self, app: Application, state: str, user_id: str = "") -> str:
        """Where a driver gives consent, ``""`` where the cloud has to be asked for it (see ``consent_request``)."""

    def consent_request(self, app: Application, tokens: Tokens, state: str, user_id: str) -> Request | None:
        """Ask the cloud for the address where a driver gives consent; ``None`` where it is known."""

    def parse_consent(self, response: Response, now: datetime) -> str | Fault:
        """The address the cloud gave."""

    def code_request(self, app: Application, code: str) -> Request | None:
        """Turn the code a driver came back with into tokens; ``None`` where there is no such step."""

    def app_token_request(self, app: Application) -> Request | None:
        """Ask for the application's own tokens; ``None`` where it has none."""

    def refresh_request(self, app: Application, tokens: Tokens) -> Request | None:
        """Renew tokens; ``None`` where new ones are asked for instead."""

    def parse_tokens(self, response: Response, now: datetime) -> Tokens | Fault:
        """The tokens that came."""

    def revoke_request(self, app: Application, tokens: Tokens, link: Link) -> Request | None:
        """Give our access to a car back; ``None`` where only the driver can, at the maker's."""

    # reading

    def cars_request(self, app: Application, tokens: Tokens, user_id: str = "") -> Request:
        """Ask which cars a driver connected."""

    def parse_cars(self, response: Response, now: datetime) -> tuple[CarFound, ...] | Fault:
        """Those cars."""

    def state_request(self, app: Application, tokens: Tokens, link: Link) -> Request:
        """Ask a car's state as the cloud knows it, never waking the car."""

    def parse_state(self, link: Link, response: Response, now: datetime) -> VehicleState | Fault:
        """The state that came."""

    def parse_told(self, link: Link, told: StateTold, now: datetime) -> VehicleState | Fault:
        """The state a webhook or stream told."""

    # acting

    def act_request(self, app: Application, tokens: Tokens, link: Link, act: Act) -> Request | None:
        """Carry an act out; ``None`` where this shape cannot."""

    def parse_act(self, act: Act, response: Response, now: datetime) -> ActOutcome:
        """What became of it, as far as the answer tells."""

    def act_status_request(self, app: Application, tokens: Tokens, link: Link, remote_act_id: str) -> Request | None:
        """Ask what became of an act that was only taken; ``None`` where answers are final."""

    # told without asking

    def subscribe_request(self, app: Application, tokens: Tokens, link: Link, hook: str) -> Request | None:
        """Have the cloud tell of a car without being asked; ``None`` where that is set up elsewhere.

        ``hook`` is the cloud's id of the webhook or our address, as the shape has it.
        """

    def parse_webhook(self, headers: Mapping[str, str], body: bytes, app: Application, now: datetime) -> Webhook:
        """Verify and understand a webhook."""
