"""Who a pseudonym is and how to reach them."""

import re
from dataclasses import dataclass, field, fields
from datetime import datetime
from enum import StrEnum
from typing import Final

from evenload.base.errors import InputError
from evenload.base.instants import time_zone
from evenload.service.consents import check_person
from evenload.service.people.quiet import quiet_of

_EMAIL: Final = re.compile(r"[^@\s,;<>\"]{1,64}@[^@\s,;<>\"]{1,189}")
_PHONE: Final = re.compile(r"\+[1-9]\d{6,14}")
_LANGUAGE: Final = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})?")
_TEXT_LENGTH_MAX: Final = 300
_PUSH_MAX: Final = 5


class Way(StrEnum):
    """What a message can go by."""

    PUSH = "push"
    SMS = "sms"
    EMAIL = "email"


@dataclass(frozen=True, slots=True)
class PersonRow:
    """Somebody. ``person_id`` is the pseudonym that everything else knows (a driver's ``driver_id``).

    The fields without ``repr`` say who it is, and are kept encrypted. ``push`` are addresses of the push service of
    the settings. ``quiet`` are hours of no messages in ``timezone``, such as ``21:00-08:00``; ``""`` for none.
    """

    tenant: str
    person_id: str
    name: str = field(default="", repr=False)
    email: str = field(default="", repr=False)
    phone: str = field(default="", repr=False)
    push: tuple[str, ...] = field(default=(), repr=False)
    account: str = field(default="", repr=False)
    language: str = "en"
    timezone: str = "UTC"
    quiet: str = "21:00-08:00"
    made_at: datetime | None = None

    def addresses(self, way: Way) -> tuple[str, ...]:
        """Where it can be reached by a way."""
        match way:
            case Way.PUSH:
                return self.push
            case Way.SMS:
                return (self.phone,) if self.phone else ()
            case Way.EMAIL:
                return (self.email,) if self.email else ()

    @property
    def ways(self) -> tuple[Way, ...]:
        """What it can be reached by."""
        return tuple(way for way in Way if self.addresses(way))


CONTACT: Final = tuple(one.name for one in fields(PersonRow) if not one.repr)
"""The fields that say who somebody is."""


def check(row: PersonRow) -> None:
    """``InputError`` where a field cannot be used. What was typed is not repeated: it may end in a log."""
    check_person(row.person_id)
    if row.email and not _EMAIL.fullmatch(row.email):
        raise InputError("the e-mail address is not one such as ann@example.org")
    if row.phone and not _PHONE.fullmatch(row.phone):
        raise InputError("the telephone number is not in international form, such as +4712345678")
    if not _LANGUAGE.fullmatch(row.language):
        raise InputError(f"the language {row.language!r} is not a code such as en or de-AT")
    time_zone(row.timezone)
    quiet_of(row.quiet)
    if len(row.push) > _PUSH_MAX:
        raise InputError(f"at most {_PUSH_MAX} push addresses are kept of one person")
    for name in ("name", "account"):
        if len(getattr(row, name)) > _TEXT_LENGTH_MAX or not all(one.isprintable() for one in getattr(row, name)):
            raise InputError(f"the {name} has at most {_TEXT_LENGTH_MAX} characters on one line")
    if any(not 1 <= len(one) <= _TEXT_LENGTH_MAX or not one.isprintable() or " " in one for one in row.push):
        raise InputError(f"a push address has 1 to {_TEXT_LENGTH_MAX} characters and no spaces")
    known = {row.name, row.email, row.phone, row.account, *row.name.split()} - {""}
    if row.person_id.casefold() in {one.casefold() for one in known}:
        raise InputError("the pseudonym is the person's own name, address or number: choose one that tells nobody who")
