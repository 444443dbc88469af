"""How the API is to behave, and what it works with."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Protocol

from evenload.domain.vehicle_state import Provider
from evenload.service.access import PasswordHash
from evenload.service.cable_rows import EnergyManagerRow
from evenload.service.car_rows import CarLinkRow
from evenload.service.live_state import LiveHistory, LiveState
from evenload.service.people.ports import PeopleStore
from evenload.service.ports import Store
from evenload.service.relay import Taken
from evenload.service.scope import Scope
from evenload.telematics.port import Home, Webhook

BODY_BYTES_MAX: Final = 8 << 20


@dataclass(frozen=True, slots=True)
class OidcOptions:
    """An issuer of logins. ``audience`` is what bearer tokens are for, the client's id where it is ``""``."""

    issuer: str
    client_id: str
    client_secret: str = field(default="", repr=False)
    audience: str = ""
    scopes: str = "openid email profile"


@dataclass(frozen=True, slots=True)
class ApiOptions:
    """``secret`` signs cookies (32 random bytes; with another one everybody logs in again).

    ``public_url`` is what browsers reach the server by; cookies go over TLS only where it begins with ``https``.
    """

    secret: bytes = field(repr=False)
    public_url: str = "http://127.0.0.1:8000"
    metrics_token: str = field(default="", repr=False)
    oidc: OidcOptions | None = None
    body_bytes_max: int = BODY_BYTES_MAX
    webhooks_private: bool = False
    login_hours: float = 12.0
    login_attempts_a_minute: int = 10

    @property
    def secure(self) -> bool:
        """Whether browsers come over TLS."""
        return self.public_url.startswith("https:")


def nobody_told(tenant: str, what: str) -> None:
    """Tell nobody of a change."""


def nothing_relayed(tenant: str, site_id: str, taken: Taken) -> None:
    """Tell nobody of what a site told."""


class Begun(Protocol):
    """A consent that was asked for: where its driver goes, and until when."""

    @property
    def url(self) -> str:
        """Where the driver consents."""

    @property
    def expires_at(self) -> datetime:
        """Until when."""


class CarDoor(Protocol):
    """The way to cars' clouds. ``EvenloadError`` says what does not work."""

    async def begin(self, scope: Scope, provider: Provider, vehicle_id: str, site_id: str, home: Home | None) -> Begun:
        """Ask for a driver's consent."""

    async def finish(self, provider: Provider, told: Mapping[str, str]) -> Sequence[CarLinkRow]:
        """A driver came back from a cloud, with what that put into the address."""

    async def revoke(self, scope: Scope, vehicle_id: str, why: str) -> CarLinkRow:
        """End a link."""

    def webhook(self, provider: Provider, headers: Mapping[str, str], body: bytes) -> Webhook:
        """How what a cloud tells by itself is answered."""


class EmsDoor(Protocol):
    """Keeps what lets us in at energy managers."""

    def sealed(self, row: EnergyManagerRow, secret: str) -> EnergyManagerRow:
        """A row with a secret, sealed; ``InputError`` where its address is not understood."""


@dataclass(frozen=True, slots=True)
class Services:
    """What requests work with.

    ``clock`` dates what is kept. ``hash_key`` hashes passwords of stations that were drawn at random. ``draw`` gives
    32 random hexadecimal digits. ``changed`` is called in the event loop with the tenant and the resource once a
    request changed something. ``faults`` says what hinders the rest of the program from working, for readiness,
    ``notes`` what is unusual about how it runs.
    ``relayed`` is called in any thread with what a site with a server of its own told.
    ``people`` is where names and addresses are kept, ``None`` where this server has none.
    ``cars`` is the way to cars' clouds, where that is open.
    ``ems`` seals secrets of energy managers, where this server reaches any.
    ``state`` and ``history`` say what goes on with a tenant, where anything plans for it.
    """

    store: Store
    clock: Callable[[], datetime]
    options: ApiOptions
    passwords: PasswordHash
    hash_key: Callable[[bytes], str]
    draw: Callable[[], str]
    changed: Callable[[str, str], None] = nobody_told
    faults: Callable[[], list[str]] = list
    notes: tuple[str, ...] = ()
    relayed: Callable[[str, str, Taken], None] = nothing_relayed
    state: Callable[[str], LiveState] | None = None
    history: Callable[[str], LiveHistory] | None = None
    cars: CarDoor | None = None
    people: PeopleStore | None = None
    ems: EmsDoor | None = None
