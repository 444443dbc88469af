"""A program document: what is offered to whom, when events may be called, what is paid; one version of many."""

import re
from dataclasses import dataclass, fields
from datetime import date
from typing import Final

from evenload.base.errors import InputError, did_you_mean
from evenload.base.instants import time_zone
from evenload.base.money import Money
from evenload.program.eligibility_terms import EligibilityTerms
from evenload.program.event_rules import EventRules
from evenload.program.incentives import IncentiveTerm
from evenload.program.term import Term, check_count, check_once
from evenload.program.terms import (
    Arm,
    Capacity,
    ConsentTerm,
    Contract,
    HostTerms,
    OptOutRules,
    Period,
    VoucherTerms,
    check_arms,
)
from evenload.program.words import Archetype, ConsentKind, Stage

_PROGRAM_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Supersedes(Term):
    """The document that one follows."""

    program_id: str
    """its program"""
    version: int
    """its version"""

    def __str__(self) -> str:
        return f"{self.program_id} version {self.version}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgramDocument(Term):
    """A program as it is run. What is left out is no rule; what its source leaves open is named under ``unstated``.

    Raises ``InputError``, naming the key, for terms that do not go together.
    """

    program_id: str
    """name of the program, used once: letters, digits, dots, dashes and underscores"""
    version: int
    """counts from 1; a changed document is a new version"""
    name: str
    """what it is called"""
    archetype: Archetype
    """who acts on charging: through chargers, through cars' clouds, drivers themselves, or a third party"""
    stage: Stage
    """how far it has come: time_of_use, demand_response, continuous, derms"""
    eligibility: EligibilityTerms
    """who may take part"""
    utility: str = ""
    """whose program it is"""
    timezone: str = ""
    """IANA time zone of its dates and hours"""
    currency: str = ""
    """currency of all amounts, three capital letters"""
    starts_on: date | None = None
    """first local date it is in force; left out: from whenever it is adopted"""
    ends_on: date | None = None
    """last local date it is in force; left out: until it is superseded"""
    supersedes: Supersedes | None = None
    """the document this one follows; that one stays on record"""
    capacity: Capacity | None = None
    """how many may take part"""
    consents: tuple[ConsentTerm, ...] = ()
    """consents that are asked for, each by itself"""
    arms: tuple[Arm, ...] = ()
    """groups that participants are drawn into; left out: all alike"""
    events: EventRules | None = None
    """rules of events; left out: it calls none"""
    opt_out: OptOutRules | None = None
    """how to get out of events; left out: not said"""
    periods: tuple[Period, ...] = ()
    """hours with a price, or hours that charging is wanted in"""
    incentives: tuple[IncentiveTerm, ...] = ()
    """what is paid and given"""
    contract: Contract | None = None
    """how long participants are bound"""
    voucher: VoucherTerms | None = None
    """an instant rebate in a marketplace"""
    host: HostTerms | None = None
    """what site hosts owe"""
    remarks: tuple[str, ...] = ()
    """what its source says besides"""
    unstated: tuple[str, ...] = ()
    """keys its source leaves open; nothing is assumed for them"""

    def __post_init__(self) -> None:
        _check_head(self)
        _check_parts(self)
        _check_names(self)

    @property
    def event_bearing(self) -> bool:
        """Whether it may call events."""
        return self.events is not None

    def consent(self, kind: ConsentKind) -> ConsentTerm | None:
        """The consent of a kind that is asked for."""
        return next((term for term in self.consents if term.kind is kind), None)

    def is_in_force(self, day: date) -> bool:
        """Whether a local date lies between its first and last."""
        return (self.starts_on is None or self.starts_on <= day) and (self.ends_on is None or day <= self.ends_on)

    def __str__(self) -> str:
        return f"{self.program_id} version {self.version}"


def _check_head(document: ProgramDocument) -> None:
    if not _PROGRAM_ID.fullmatch(document.program_id):
        raise InputError(
            f"program_id = {document.program_id!r} must be up to 64 letters, digits, dots, dashes and underscores"
        )
    check_count("version", document.version)
    if not document.name.strip():
        raise InputError("name is blank; say what the program is called")
    if document.timezone:
        time_zone(document.timezone)
    first, last = document.starts_on, document.ends_on
    if first is not None and last is not None and last < first:
        raise InputError(f"ends_on = {last} is before starts_on = {first}")
    before = document.supersedes
    if before and before.program_id == document.program_id and before.version >= document.version:
        raise InputError(f"version {document.version} cannot supersede {before}; give it a higher version")
    if before and document.starts_on is None:
        raise InputError(f"a document that supersedes {before} needs starts_on: from when it is in force")


def _check_parts(document: ProgramDocument) -> None:
    if document.archetype.needs_control:
        control = document.consent(ConsentKind.CONTROL)
        if control is None or not control.required:
            raise InputError(f"archetype {document.archetype} needs a consent of kind control that is required")
    if document.stage is Stage.DEMAND_RESPONSE and document.events is None:
        raise InputError("stage demand_response calls events: give their rules under events")
    calendar = document.events is not None and document.events.reads_calendar
    if calendar and not document.timezone and "timezone" not in document.unstated:
        raise InputError("timezone is missing: rules of events name dates, hours or counts of local time")
    if _amounts(document):
        if not document.currency:
            raise InputError("currency is missing: the document has amounts")
        Money(0, document.currency)
    check_arms(document.arms)


def _amounts(document: ProgramDocument) -> bool:
    priced = any(period.price_per_kwh is not None for period in document.periods)
    return bool(document.voucher or priced or any(term.amount is not None for term in document.incentives))


def _check_names(document: ProgramDocument) -> None:
    check_once("consents", tuple(str(term.kind) for term in document.consents))
    check_once("unstated", document.unstated)
    named = tuple(term.name for term in document.incentives if term.name)
    check_once("incentives, name", named)
    arms = tuple(arm.name for arm in document.arms)
    for term in document.incentives:
        for key, known in (("arms", arms), ("excludes", named), ("needs", named)):
            for name in getattr(term, key):
                _check_known(f"incentive {term.label}: {key}", name, known)
    keys = [field.name for field in fields(document)]
    for path in document.unstated:
        _check_known("unstated", path.split(".")[0], keys)


def _check_known(where: str, name: str, known: tuple[str, ...] | list[str]) -> None:
    if name not in known:
        there = f" There are: {', '.join(known)}" if known else " There are none."
        raise InputError(f"{where}: there is no {name!r}.{did_you_mean(name, known)}{there}")
