"""The tables of consents, messages and surveys, which know people by their pseudonym only."""

from sqlalchemy import Boolean, Column, Index, Table

from evenload.service.people_rows import Channel, MessageKind, MessageStatus, Purpose
from evenload.store.sql.columns import Instant, Name, Whole, Word, metadata, tenant_key, text, told

consents = Table(
    "consents", metadata, *tenant_key("consent_id"), told("person_id", Name), told("purpose", Word(Purpose)),
    told("granted_at", Instant), text("text_version"), told("channel", Word(Channel)), Column("expires_at", Instant),
    Column("revoked_at", Instant), text("made_by"), Index("consents_by_person", "tenant", "person_id"),
    Index("consents_by_purpose", "tenant", "purpose", "person_id"), Index("consents_by_end", "tenant", "expires_at"),
    sqlite_with_rowid=False,
)  # fmt: skip
messages = Table(
    "messages", metadata, Column("number", Whole, primary_key=True), told("tenant", Name), told("message_id", Name),
    told("person_id", Name), told("kind", Word(MessageKind)), told("key", Name), text("fields"),
    told("made_at", Instant), told("not_before", Instant), Column("worthless_at", Instant),
    told("status", Word(MessageStatus)), text("why"), text("info"), text("way"), told("tries", Whole),
    Column("sent_at", Instant), Column("settled_at", Instant),
    Index("messages_by_id", "tenant", "message_id", unique=True),
    Index("messages_by_key", "tenant", "key", unique=True), Index("messages_by_status", "status", "not_before"),
    Index("messages_by_person", "tenant", "person_id", "number"),
    Index("messages_by_tenant", "tenant", "number"), Index("messages_by_time", "made_at"),
)  # fmt: skip
surveys = Table(
    "surveys", metadata, *tenant_key("survey_id"), text("title"), text("questions"), Column("made_at", Instant),
    Column("closes_at", Instant), sqlite_with_rowid=False,
)  # fmt: skip
survey_invitations = Table(
    "survey_invitations", metadata, *tenant_key("survey_id", "person_id"), told("secret_hash", Name),
    told("made_at", Instant), told("is_answered", Boolean),
    Index("survey_invitations_by_hash", "secret_hash", unique=True),
    Index("survey_invitations_by_person", "tenant", "person_id"), sqlite_with_rowid=False,
)  # fmt: skip
survey_answers = Table(
    "survey_answers", metadata, Column("number", Whole, primary_key=True), told("tenant", Name),
    told("survey_id", Name), text("day"), text("answers"),
    Index("survey_answers_by_survey", "tenant", "survey_id", "number"),
)  # fmt: skip
