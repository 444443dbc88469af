"""Ports to what is kept of people under their pseudonym. The tenant is part of every key."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Protocol

from evenload.service.people_rows import (
    AnswerRow,
    ConsentRow,
    InvitationRow,
    MessageKind,
    MessageRow,
    Purpose,
    SurveyRow,
)


class Consents(Protocol):
    """Consents and their history."""

    def of_person(self, tenant: str, person_id: str) -> Sequence[ConsentRow]:
        """All of a person, in order of when they were given, then by id."""

    def to_purpose(self, tenant: str, purpose: Purpose) -> Sequence[ConsentRow]:
        """All to a purpose, by person, then in order of when they were given."""

    def expiring(self, tenant: str, start: datetime, end: datetime) -> Sequence[ConsentRow]:
        """Those that expire in ``[start, end)`` and were not taken back, in order of that."""

    def put(self, rows: Iterable[ConsentRow]) -> None:
        """Add or replace."""

    def prune(self, before: datetime) -> int:
        """Forget those that ended before an instant; how many."""


class Messages(Protocol):
    """Messages: those to send, and the log of all."""

    def find(self, tenant: str, message_id: str) -> MessageRow | None:
        """One, or ``None``."""

    def with_key(self, tenant: str, key: str) -> MessageRow | None:
        """The one of a key, or ``None``."""

    def due(self, tenants: Sequence[str], now: datetime, count: int) -> Sequence[MessageRow]:
        """Those of tenants that are queued and may be sent, in order; at most so many."""

    def unsettled(self, tenants: Sequence[str], before: datetime) -> Sequence[MessageRow]:
        """Those of tenants whose sending began before an instant and has no end."""

    def sent(self, tenant: str, person_id: str, kind: MessageKind, since: datetime) -> Sequence[datetime]:
        """When such messages were sent, or began to be, after an instant, in order."""

    def of_person(self, tenant: str, person_id: str) -> Sequence[MessageRow]:
        """All to a person, in order."""

    def last(
        self, tenant: str, count: int, *, person_id: str = "", before: int | None = None
    ) -> Sequence[MessageRow]:  # fmt: skip
        """The last ones, the latest first; to a person; before a number where given."""

    def waiting(self, tenants: Sequence[str]) -> int:
        """How many of tenants are queued."""

    def add(self, row: MessageRow) -> None:
        """Append. ``InvariantError`` where its key or id was used before."""

    def put(self, rows: Iterable[MessageRow]) -> None:
        """Replace those of the same numbers."""

    def prune(self, before: datetime) -> int:
        """Forget those made before an instant and not queued; how many."""


class Surveys(Protocol):
    """Surveys, who was asked, and what was answered."""

    def find(self, tenant: str, survey_id: str) -> SurveyRow | None:
        """One, or ``None``."""

    def of(self, tenant: str) -> Sequence[SurveyRow]:
        """All of a tenant, by id."""

    def put(self, rows: Iterable[SurveyRow]) -> None:
        """Add or replace."""

    def invitation(self, secret_hash: str) -> InvitationRow | None:
        """The one of a token, in whatever tenant: it says whose it is."""

    def invitations(self, tenant: str, *, survey_id: str = "", person_id: str = "") -> Sequence[InvitationRow]:
        """Those of a survey, of a person, or all, by survey and person."""

    def put_invitations(self, rows: Iterable[InvitationRow]) -> None:
        """Add or replace."""

    def forget_invitations(self, tenant: str, person_id: str) -> None:
        """Take away those of a person; answers do not say whose they are."""

    def answers(self, tenant: str, survey_id: str) -> Sequence[AnswerRow]:
        """Answers, in order."""

    def add_answer(self, row: AnswerRow) -> None:
        """Append."""
