"""What only this server may read of cars: sealed with keys made of its secret, and hashed where it is compared."""

import hashlib
import hmac

import msgspec

from evenload.base.errors import InputError
from evenload.domain.vehicle_state import Provider
from evenload.store.sealing import Seal, derived
from evenload.telematics.port import Home, Tokens


class Place(msgspec.Struct, frozen=True):
    """What is sealed of a link: the cloud's ids of car and consent, and where the car is at home."""

    remote_id: str
    connection_id: str = ""
    home: Home | None = None
    range_km_full: float | None = None


class Vault:
    """Seals and opens. With another secret nothing opens any more: every driver has to consent again."""

    def __init__(self, secret: bytes) -> None:
        self._seal = Seal(secret, "evenload cars: sealing")
        self._hash_key = derived(secret, "evenload cars: hashing")

    def seal_tokens(self, tokens: Tokens) -> str:
        """Tokens as they are kept."""
        return self._sealed(tokens)

    def open_tokens(self, sealed: str) -> Tokens:
        """Tokens that were kept; ``InputError`` where they were sealed with another secret."""
        return msgspec.json.decode(self._opened(sealed), type=Tokens)

    def seal_place(self, place: Place) -> str:
        """What a link keeps of a car."""
        return self._sealed(place)

    def open_place(self, sealed: str) -> Place:
        """What a link kept of a car."""
        return msgspec.json.decode(self._opened(sealed), type=Place)

    def seal_home(self, home: Home | None) -> str:
        """Where a car is at home, ``""`` where that is not known."""
        return "" if home is None else self._sealed(home)

    def open_home(self, sealed: str) -> Home | None:
        """The same, opened."""
        return msgspec.json.decode(self._opened(sealed), type=Home) if sealed else None

    def hash_of_vin(self, vin: str) -> str:
        """A keyed hash of a vehicle identification number, ``""`` of none: there are so few that a plain one would tell
        it."""
        letters = "".join(vin.split()).upper()
        return self._hashed(f"vin {letters}") if letters else ""

    def hash_of_remote(self, provider: Provider, remote_id: str) -> str:
        """A keyed hash of a cloud's id of a car."""
        return self._hashed(f"{provider.value} {remote_id}")

    def _hashed(self, text: str) -> str:
        return hmac.new(self._hash_key, text.encode(), hashlib.sha256).hexdigest()

    def _sealed(self, what: object) -> str:
        return self._seal.sealed(msgspec.json.encode(what))

    def _opened(self, sealed: str) -> bytes:
        opened = self._seal.opened(sealed)
        if opened is None:
            raise InputError(
                "what is kept of a car was sealed with another secret (secret_file): its driver has to consent again"
            )
        return opened
