"""For whom a use case runs: it sees one tenant, and does what one role may."""

from dataclasses import dataclass
from typing import Final

from evenload.service.access_rows import Role
from evenload.service.refusals import ForbiddenError, Refusal

RANKS: Final = tuple(Role)
"""Roles, each may do more than the one before."""


@dataclass(frozen=True, slots=True)
class Scope:
    """The first argument of every use case. ``actor`` is who is named in the audit log: ``user:ID``, ``key:ID``.

    ``driver_id`` is the one driver whose things somebody with the role of a driver may see and change.
    """

    tenant: str
    actor: str
    role: Role
    driver_id: str = ""

    def may(self, role: Role) -> bool:
        """Whether who asks has a role, or one that may more."""
        return RANKS.index(self.role) >= RANKS.index(role)

    def require(self, role: Role) -> None:
        """``ForbiddenError`` where who asks may not do what a role may."""
        if not self.may(role):
            raise ForbiddenError(
                Refusal.ROLE, f"this takes the role {role.value}; {self.actor} has the role {self.role.value}"
            )
