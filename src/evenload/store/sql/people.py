"""Consents, messages and surveys in SQL."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, delete, func, select, update

from evenload.service.people_rows import (
    AnswerRow,
    ConsentRow,
    InvitationRow,
    MessageKind,
    MessageRow,
    MessageStatus,
    Purpose,
    SurveyRow,
)
from evenload.store.sql import schema_people as tables
from evenload.store.sql.kept import Kept
from evenload.store.sql.rarely import Rarely
from evenload.store.sql.writing import add

_CONSENTS: Final = Kept(tables.consents, ConsentRow)
_MESSAGES: Final = Kept(tables.messages, MessageRow)
_SURVEYS: Final = Kept(tables.surveys, SurveyRow)
_INVITATIONS: Final = Kept(tables.survey_invitations, InvitationRow)
_ANSWERS: Final = Kept(tables.survey_answers, AnswerRow)
_SENT: Final = (MessageStatus.SENT, MessageStatus.SENDING)


@dataclass(frozen=True, slots=True)
class SqlConsents:
    """Consents and their history."""

    connection: Connection

    def of_person(self, tenant: str, person_id: str) -> Sequence[ConsentRow]:
        """All of a person, in order of when they were given, then by id."""
        of = tables.consents.c
        found = _CONSENTS.selecting.where(of.tenant == tenant, Rarely(of.person_id == person_id))
        return _CONSENTS.read(self.connection, found.order_by(of.granted_at, of.consent_id))

    def to_purpose(self, tenant: str, purpose: Purpose) -> Sequence[ConsentRow]:
        """All to a purpose, by person, then in order of when they were given."""
        of = tables.consents.c
        found = _CONSENTS.selecting.where(of.tenant == tenant, of.purpose == purpose)
        return _CONSENTS.read(self.connection, found.order_by(of.person_id, of.granted_at, of.consent_id))

    def expiring(self, tenant: str, start: datetime, end: datetime) -> Sequence[ConsentRow]:
        """Those that expire in ``[start, end)`` and were not taken back, in order of that."""
        of = tables.consents.c
        found = _CONSENTS.selecting.where(
            of.tenant == tenant, of.expires_at >= start, of.expires_at < end, of.revoked_at.is_(None)
        )  # fmt: skip
        return _CONSENTS.read(self.connection, found.order_by(of.expires_at, of.consent_id))

    def put(self, rows: Iterable[ConsentRow]) -> None:
        """Add or replace."""
        _CONSENTS.put(self.connection, rows)

    def prune(self, before: datetime) -> int:
        """Forget those that ended before an instant; how many."""
        of = tables.consents.c
        ended = (of.expires_at < before) | (of.revoked_at < before)
        return self.connection.execute(delete(tables.consents).where(ended)).rowcount


@dataclass(frozen=True, slots=True)
class SqlMessages:
    """Messages: those to send, and the log of all."""

    connection: Connection

    def find(self, tenant: str, message_id: str) -> MessageRow | None:
        """One, or ``None``."""
        of = tables.messages.c
        found = _MESSAGES.selecting.where(of.tenant == tenant, of.message_id == message_id)
        return next(iter(_MESSAGES.read(self.connection, found)), None)

    def with_key(self, tenant: str, key: str) -> MessageRow | None:
        """The one of a key, or ``None``."""
        of = tables.messages.c
        found = _MESSAGES.selecting.where(of.tenant == tenant, of.key == key)
        return next(iter(_MESSAGES.read(self.connection, found)), None)

    def due(self, tenants: Sequence[str], now: datetime, count: int) -> Sequence[MessageRow]:
        """Those of tenants that are queued and may be sent, in order; at most so many."""
        of = tables.messages.c
        found = _MESSAGES.selecting.where(
            of.status == MessageStatus.QUEUED, of.not_before <= now, of.tenant.in_(tenants)
        )  # fmt: skip
        return _MESSAGES.read(self.connection, found.order_by(of.not_before, of.number).limit(count))

    def unsettled(self, tenants: Sequence[str], before: datetime) -> Sequence[MessageRow]:
        """Those of tenants whose sending began before an instant and has no end."""
        of = tables.messages.c
        found = _MESSAGES.selecting.where(
            of.status == MessageStatus.SENDING, of.sent_at < before, of.tenant.in_(tenants)
        )  # fmt: skip
        return _MESSAGES.read(self.connection, found.order_by(of.number))

    def sent(self, tenant: str, person_id: str, kind: MessageKind, since: datetime) -> Sequence[datetime]:
        """When such messages were sent, or began to be, after an instant, in order."""
        of = tables.messages.c
        found = select(of.sent_at).where(
            of.tenant == tenant, of.person_id == person_id, of.kind == kind, of.status.in_(_SENT), of.sent_at > since
        )  # fmt: skip
        return list(self.connection.execute(found.order_by(of.sent_at)).scalars())

    def of_person(self, tenant: str, person_id: str) -> Sequence[MessageRow]:
        """All to a person, in order."""
        of = tables.messages.c
        found = _MESSAGES.selecting.where(of.tenant == tenant, of.person_id == person_id)
        return _MESSAGES.read(self.connection, found.order_by(of.number))

    def last(
        self, tenant: str, count: int, *, person_id: str = "", before: int | None = None
    ) -> Sequence[MessageRow]:  # fmt: skip
        """The last ones, the latest first; to a person; before a number where given."""
        of = tables.messages.c
        found = _MESSAGES.selecting.where(of.tenant == tenant)
        if person_id:
            found = found.where(of.person_id == person_id)
        if before is not None:
            found = found.where(of.number < before)
        return _MESSAGES.last(self.connection, found, count)

    def waiting(self, tenants: Sequence[str]) -> int:
        """How many of tenants are queued."""
        of = tables.messages.c
        queued = select(func.count()).where(of.status == MessageStatus.QUEUED, of.tenant.in_(tenants))
        return int(self.connection.execute(queued).scalar_one())

    def add(self, row: MessageRow) -> None:
        """Append. ``InvariantError`` where its key or id was used before."""
        add(self.connection, tables.messages, [_MESSAGES.appended(row)])

    def put(self, rows: Iterable[MessageRow]) -> None:
        """Replace those of the same numbers."""
        for row in rows:
            changed = update(tables.messages).where(tables.messages.c.number == row.number)
            self.connection.execute(changed.values(_MESSAGES.appended(row)))

    def prune(self, before: datetime) -> int:
        """Forget those made before an instant and not queued; how many."""
        of = tables.messages.c
        old = delete(tables.messages).where(of.made_at < before, of.status != MessageStatus.QUEUED)
        return self.connection.execute(old).rowcount


@dataclass(frozen=True, slots=True)
class SqlSurveys:
    """Surveys, who was asked, and what was answered."""

    connection: Connection

    def find(self, tenant: str, survey_id: str) -> SurveyRow | None:
        """One, or ``None``."""
        return _SURVEYS.find(self.connection, tenant, survey_id)

    def of(self, tenant: str) -> Sequence[SurveyRow]:
        """All of a tenant, by id."""
        of = tables.surveys.c
        return _SURVEYS.read(self.connection, _SURVEYS.selecting.where(of.tenant == tenant).order_by(of.survey_id))

    def put(self, rows: Iterable[SurveyRow]) -> None:
        """Add or replace."""
        _SURVEYS.put(self.connection, rows)

    def invitation(self, secret_hash: str) -> InvitationRow | None:
        """The one of a token, in whatever tenant: it says whose it is."""
        found = _INVITATIONS.selecting.where(tables.survey_invitations.c.secret_hash == secret_hash)
        return next(iter(_INVITATIONS.read(self.connection, found)), None)

    def invitations(self, tenant: str, *, survey_id: str = "", person_id: str = "") -> Sequence[InvitationRow]:
        """Those of a survey, of a person, or all, by survey and person."""
        of = tables.survey_invitations.c
        found = _INVITATIONS.selecting.where(of.tenant == tenant)
        if survey_id:
            found = found.where(of.survey_id == survey_id)
        if person_id:
            found = found.where(Rarely(of.person_id == person_id))
        return _INVITATIONS.read(self.connection, found.order_by(of.survey_id, of.person_id))

    def put_invitations(self, rows: Iterable[InvitationRow]) -> None:
        """Add or replace."""
        _INVITATIONS.put(self.connection, rows)

    def forget_invitations(self, tenant: str, person_id: str) -> None:
        """Take away those of a person; answers do not say whose they are."""
        of = tables.survey_invitations.c
        self.connection.execute(
            delete(tables.survey_invitations).where(of.tenant == tenant, of.person_id == person_id)
        )  # fmt: skip

    def answers(self, tenant: str, survey_id: str) -> Sequence[AnswerRow]:
        """Answers, in order."""
        of = tables.survey_answers.c
        found = _ANSWERS.selecting.where(of.tenant == tenant, of.survey_id == survey_id)
        return _ANSWERS.read(self.connection, found.order_by(of.number))

    def add_answer(self, row: AnswerRow) -> None:
        """Append."""
        add(self.connection, tables.survey_answers, [_ANSWERS.appended(row)])
