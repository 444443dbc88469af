"""What a VEN knows: who it is at its VTN, and every event it was told, also those that were called off."""

from datetime import datetime
from typing import Final

import msgspec

from evenload.openadr.v3.wire import Event


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """An event as it was told. ``cancelled_at`` is when it was found called off; ``ended`` when it ran out."""

    event: Event
    first_told_at: datetime
    told_at: datetime
    earlier: tuple[Event, ...] = ()
    cancelled_at: datetime | None = None
    ended: bool = False

    @property
    def is_open(self) -> bool:
        """Whether it may still ask something."""
        return self.cancelled_at is None and not self.ended


class VenMemory(msgspec.Struct, frozen=True, kw_only=True):
    """What outlives a restart. Tokens do not: they are had again."""

    ven_id: str = ""
    resources: dict[str, str] = {}
    """Ids by name."""
    targets: tuple[str, ...] = ()
    """What the VTN granted the VEN and its resources."""
    events: dict[str, Held] = {}

    def encoded(self) -> bytes:
        """As JSON, for the store."""
        return _ENCODER.encode(self)

    @classmethod
    def decoded(cls, text: bytes) -> "VenMemory":
        """From JSON."""
        return _DECODER.decode(text)


_ENCODER: Final = msgspec.json.Encoder()
_DECODER: Final = msgspec.json.Decoder(VenMemory)
EARLIER_MAX: Final = 20
"""Versions of one event that are kept beside the last."""


class Changes(msgspec.Struct, frozen=True, kw_only=True):
    """What a look at the VTN brought."""

    new: tuple[Held, ...] = ()
    changed: tuple[Held, ...] = ()
    cancelled: tuple[Held, ...] = ()
    ended: tuple[Held, ...] = ()


def told(held: Held | None, event: Event, now: datetime) -> Held:
    """What is held once an event was told, again or for the first time; what it was before is kept."""
    if held is None:
        return Held(event=event, first_told_at=now, told_at=now)
    earlier = (*held.earlier, held.event)[-EARLIER_MAX:]
    return Held(event=event, first_told_at=held.first_told_at, told_at=now, earlier=earlier)
