"""Consents, messages and surveys in memory, and a store of identities in memory."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from threading import RLock

from evenload.base.errors import InvariantError
from evenload.service.people.rows import PersonRow
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

Key = tuple[str, str]
_SENT = (MessageStatus.SENT, MessageStatus.SENDING)


@dataclass
class MemoryConsents:
    """Consents and their history."""

    rows: dict[Key, ConsentRow] = field(default_factory=dict)

    def of_person(self, tenant: str, person_id: str) -> Sequence[ConsentRow]:
        """All of a person, in order of when they were given, then by id."""
        found = [row for row in self.rows.values() if (row.tenant, row.person_id) == (tenant, person_id)]
        return sorted(found, key=lambda row: (row.granted_at, row.consent_id))

    def to_purpose(self, tenant: str, purpose: Purpose) -> Sequence[ConsentRow]:
        """All to a purpose, by person, then in order of when they were given."""
        found = [row for row in self.rows.values() if row.tenant == tenant and row.purpose is purpose]
        return sorted(found, key=lambda row: (row.person_id, row.granted_at, row.consent_id))

    def expiring(self, tenant: str, start: datetime, end: datetime) -> Sequence[ConsentRow]:
        """Those that expire in ``[start, end)`` and were not taken back, in order of that."""
        found = [
            (row.expires_at, row.consent_id, row)
            for row in self.rows.values()
            if row.tenant == tenant and row.revoked_at is None
            if row.expires_at is not None and start <= row.expires_at < end
        ]
        return [row for *_, row in sorted(found, key=lambda one: one[:2])]

    def put(self, rows: Iterable[ConsentRow]) -> None:
        """Add or replace."""
        self.rows.update({(row.tenant, row.consent_id): row for row in rows})

    def prune(self, before: datetime) -> int:
        """Forget those that ended before an instant; how many."""
        gone = [key for key, row in self.rows.items() if row.ended_at is not None and row.ended_at < before]
        for key in gone:
            del self.rows[key]
        return len(gone)


@dataclass
class MemoryMessages:
    """Messages: those to send, and the log of all."""

    rows: dict[int, MessageRow] = field(default_factory=dict)
    count: dict[str, int] = field(default_factory=dict)

    def find(self, tenant: str, message_id: str) -> MessageRow | None:
        """One, or ``None``."""
        return next((one for one in self.rows.values() if (one.tenant, one.message_id) == (tenant, message_id)), None)

    def with_key(self, tenant: str, key: str) -> MessageRow | None:
        """The one of a key, or ``None``."""
        return next((one for one in self.rows.values() if (one.tenant, one.key) == (tenant, key)), None)

    def due(self, tenants: Sequence[str], now: datetime, count: int) -> Sequence[MessageRow]:
        """Those of tenants that are queued and may be sent, in order; at most so many."""
        found = [row for row in self._with(tenants, MessageStatus.QUEUED) if row.not_before <= now]
        return sorted(found, key=lambda row: (row.not_before, row.number))[:count]

    def unsettled(self, tenants: Sequence[str], before: datetime) -> Sequence[MessageRow]:
        """Those of tenants whose sending began before an instant and has no end."""
        return [row for row in self._with(tenants, MessageStatus.SENDING) if row.sent_at and row.sent_at < before]

    def sent(self, tenant: str, person_id: str, kind: MessageKind, since: datetime) -> Sequence[datetime]:
        """When such messages were sent, or began to be, after an instant, in order."""
        found = [row for row in self.of_person(tenant, person_id) if row.kind is kind and row.status in _SENT]
        return sorted(row.sent_at for row in found if row.sent_at is not None and row.sent_at > since)

    def of_person(self, tenant: str, person_id: str) -> Sequence[MessageRow]:
        """All to a person, in order."""
        return [row for row in self.rows.values() if (row.tenant, row.person_id) == (tenant, person_id)]

    def last(
        self, tenant: str, count: int, *, person_id: str = "", before: int | None = None
    ) -> Sequence[MessageRow]:  # fmt: skip
        """The last ones, the latest first; to a person; before a number where given."""
        found = [
            row
            for row in reversed(self.rows.values())
            if row.tenant == tenant and person_id in ("", row.person_id) and (before is None or row.number < before)
        ]
        return found[:count]

    def waiting(self, tenants: Sequence[str]) -> int:
        """How many of tenants are queued."""
        return len(self._with(tenants, MessageStatus.QUEUED))

    def add(self, row: MessageRow) -> None:
        """Append. ``InvariantError`` where its key or id was used before."""
        if self.with_key(row.tenant, row.key) or self.find(row.tenant, row.message_id):
            raise InvariantError(f"the key of message {row.message_id} was used before")
        number = self.count["last"] = self.count.get("last", 0) + 1
        self.rows[number] = replace(row, number=number)

    def put(self, rows: Iterable[MessageRow]) -> None:
        """Replace those of the same numbers."""
        self.rows.update({row.number: row for row in rows if row.number in self.rows})

    def prune(self, before: datetime) -> int:
        """Forget those made before an instant and not queued; how many."""
        gone = [
            number
            for number, row in self.rows.items()
            if row.made_at < before and row.status is not MessageStatus.QUEUED
        ]
        for number in gone:
            del self.rows[number]
        return len(gone)

    def _with(self, tenants: Sequence[str], status: MessageStatus) -> list[MessageRow]:
        return [row for row in self.rows.values() if row.tenant in tenants and row.status is status]


@dataclass
class MemorySurveys:
    """Surveys, who was asked, and what was answered."""

    rows: dict[Key, SurveyRow] = field(default_factory=dict)
    asked: dict[tuple[str, str, str], InvitationRow] = field(default_factory=dict)
    told: dict[int, AnswerRow] = field(default_factory=dict)

    def find(self, tenant: str, survey_id: str) -> SurveyRow | None:
        """One, or ``None``."""
        return self.rows.get((tenant, survey_id))

    def of(self, tenant: str) -> Sequence[SurveyRow]:
        """All of a tenant, by id."""
        return sorted((row for row in self.rows.values() if row.tenant == tenant), key=lambda row: row.survey_id)

    def put(self, rows: Iterable[SurveyRow]) -> None:
        """Add or replace."""
        self.rows.update({(row.tenant, row.survey_id): row for row in rows})

    def invitation(self, secret_hash: str) -> InvitationRow | None:
        """The one of a token, in whatever tenant: it says whose it is."""
        return next((row for row in self.asked.values() if row.secret_hash == secret_hash), None)

    def invitations(self, tenant: str, *, survey_id: str = "", person_id: str = "") -> Sequence[InvitationRow]:
        """Those of a survey, of a person, or all, by survey and person."""
        return [
            row
            for (owner, survey, person), row in sorted(self.asked.items(), key=lambda one: one[0])
            if owner == tenant and survey_id in ("", survey) and person_id in ("", person)
        ]

    def put_invitations(self, rows: Iterable[InvitationRow]) -> None:
        """Add or replace."""
        self.asked.update({(row.tenant, row.survey_id, row.person_id): row for row in rows})

    def forget_invitations(self, tenant: str, person_id: str) -> None:
        """Take away those of a person; answers do not say whose they are."""
        for row in self.invitations(tenant, person_id=person_id):
            del self.asked[row.tenant, row.survey_id, row.person_id]

    def answers(self, tenant: str, survey_id: str) -> Sequence[AnswerRow]:
        """Answers, in order."""
        return [row for row in self.told.values() if (row.tenant, row.survey_id) == (tenant, survey_id)]

    def add_answer(self, row: AnswerRow) -> None:
        """Append."""
        number = len(self.told) + 1
        self.told[number] = replace(row, number=number)


@dataclass
class MemoryPeople:
    """People, by tenant and pseudonym."""

    rows: dict[Key, PersonRow] = field(default_factory=dict)

    def find(self, tenant: str, person_id: str) -> PersonRow | None:
        """One, or ``None``."""
        return self.rows.get((tenant, person_id))

    def find_all(self, keys: Iterable[Key]) -> Mapping[Key, PersonRow]:
        """Those of these tenants and pseudonyms that there are."""
        return {key: self.rows[key] for key in keys if key in self.rows}

    def of(self, tenant: str, *, after: str = "", count: int | None = None) -> Sequence[PersonRow]:
        """Those of a tenant by pseudonym, at most ``count`` that follow one."""
        found = [row for row in self.rows.values() if row.tenant == tenant and row.person_id > after]
        return sorted(found, key=lambda row: row.person_id)[:count]

    def put(self, rows: Iterable[PersonRow]) -> None:
        """Add or replace."""
        self.rows.update({(row.tenant, row.person_id): row for row in rows})

    def remove(self, tenant: str, person_id: str) -> None:
        """Take away."""
        self.rows.pop((tenant, person_id), None)


class MemoryPeopleStore:
    """A ``PeopleStore`` in memory."""

    def __init__(self) -> None:
        self._people = MemoryPeople()
        self._lock = RLock()

    @contextmanager
    def reading(self) -> Iterator[MemoryPeople]:
        """People as they are in one state."""
        yield self._people

    @contextmanager
    def writing(self) -> Iterator[MemoryPeople]:
        """People to change."""
        with self._lock:
            people = MemoryPeople(dict(self._people.rows))
            yield people
            self._people = people
