"""Who may do what: scopes of a token, and which targets a VEN was granted."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Scope(StrEnum):
    """Scopes of OpenADR 3.1 (openadr3.yaml, securitySchemes; ``read_bl`` is what its topics ask for)."""

    READ_ALL = "read_all"
    READ_BL = "read_bl"
    READ_TARGETS = "read_targets"
    READ_VEN_OBJECTS = "read_ven_objects"
    WRITE_PROGRAMS = "write_programs"
    WRITE_EVENTS = "write_events"
    WRITE_REPORTS = "write_reports"
    WRITE_SUBSCRIPTIONS = "write_subscriptions"
    WRITE_VENS = "write_vens"


VEN_SCOPES: Final = (
    Scope.READ_TARGETS, Scope.READ_VEN_OBJECTS, Scope.WRITE_REPORTS, Scope.WRITE_SUBSCRIPTIONS, Scope.WRITE_VENS,
)  # fmt: skip
"""What a VEN's client is given."""
BUSINESS_SCOPES: Final = (
    Scope.READ_ALL, Scope.READ_BL, Scope.WRITE_PROGRAMS, Scope.WRITE_EVENTS, Scope.WRITE_SUBSCRIPTIONS,
    Scope.WRITE_VENS,
)  # fmt: skip
"""What a client of the business that runs programs is given."""


@dataclass(frozen=True, slots=True)
class Claims:
    """Who asks, as the token says."""

    tenant: str
    client_id: str
    scopes: frozenset[str]

    @property
    def is_business(self) -> bool:
        """Whether it reads everything, and alone says targets of VENs."""
        return Scope.READ_ALL in self.scopes

    def may(self, scope: Scope) -> bool:
        """Whether it holds a scope; who reads everything needs no narrower one to read."""
        return scope in self.scopes or (self.is_business and scope.startswith("read_"))


@dataclass(frozen=True, slots=True)
class Client:
    """A client and the targets that its VENs and their resources hold."""

    claims: Claims
    granted: frozenset[str] = frozenset()

    def shown(self, targets: tuple[str, ...], asked: frozenset[str] | None = None) -> tuple[str, ...] | None:
        """The targets of a program or event that it may know of; ``None`` where it may not know of the object.

        ``asked`` are the targets of the request (Definition, "Object Privacy"): of these, those granted that the
        object has must not be none. Without ``asked`` whatever was granted counts. An object without targets is for
        everybody.
        """
        if self.claims.is_business or not targets:
            return targets
        known = self.granted if asked is None else self.granted & asked
        return tuple(one for one in targets if one in known) or None
