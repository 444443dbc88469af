"""What each kind of message is made of, what it takes to be sent, and how often it may be."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from evenload.service.people_rows import MessageKind, Purpose


class FieldKind(StrEnum):
    """What a field of a message holds, which says how it is shown."""

    INSTANT = "instant"
    ENERGY_KWH = "energy_kwh"
    MONEY = "money"
    SHARE = "share"
    TEXT = "text"
    LINK = "link"


@dataclass(frozen=True, slots=True)
class Spec:
    """A kind. At most ``a_day`` and ``a_week`` to one person, unless it is ``urgent``."""

    fields: Mapping[str, FieldKind]
    purpose: Purpose
    a_day: int
    a_week: int
    urgent: bool = False


_WINDOW: Final = {"start": FieldKind.INSTANT, "end": FieldKind.INSTANT}
_PROMISE: Final = {"vehicle": FieldKind.TEXT, "by": FieldKind.INSTANT, "sentence": FieldKind.TEXT}

SPECS: Final[Mapping[MessageKind, Spec]] = {
    MessageKind.EVENT_NOTICE: Spec(_WINDOW, Purpose.MESSAGES, 3, 10, urgent=True),
    MessageKind.EVENT_CANCELLED: Spec(_WINDOW, Purpose.MESSAGES, 3, 10, urgent=True),
    MessageKind.READY: Spec(_PROMISE, Purpose.MESSAGES, 2, 14),
    MessageKind.NOT_READY: Spec(_PROMISE, Purpose.MESSAGES, 4, 28, urgent=True),
    MessageKind.LINK_LOST: Spec(
        {"vehicle": FieldKind.TEXT, "provider": FieldKind.TEXT, "since": FieldKind.INSTANT}, Purpose.MESSAGES, 1, 2
    ),
    MessageKind.CONSENT_EXPIRES: Spec(
        {"purpose": FieldKind.TEXT, "expires": FieldKind.INSTANT}, Purpose.MESSAGES, 1, 2
    ),
    MessageKind.SAVINGS_NUDGE: Spec(
        {"saved": FieldKind.MONEY, "energy": FieldKind.ENERGY_KWH}, Purpose.NUDGES, 1, 1
    ),
    MessageKind.CLEAN_HOURS_NUDGE: Spec(_WINDOW | {"share": FieldKind.SHARE}, Purpose.NUDGES, 1, 2),
    MessageKind.SURVEY: Spec({"title": FieldKind.TEXT, "link": FieldKind.LINK}, Purpose.RESEARCH, 1, 1),
}  # fmt: skip
