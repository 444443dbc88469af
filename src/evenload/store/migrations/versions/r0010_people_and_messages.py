"""What is kept of people under their pseudonym: consents, messages and their log, surveys."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

WHOLE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
NAME = sa.String().with_variant(sa.String(collation="C"), "postgresql")


def _key(*names: str) -> list[sa.Column[Any]]:
    return [sa.Column(name, NAME, primary_key=True) for name in ("tenant", *names)]


def _told(kind: sa.types.TypeEngine[Any], *names: str) -> list[sa.Column[Any]]:
    return [sa.Column(name, kind, nullable=False) for name in names]


def _maybe(*names: str) -> list[sa.Column[Any]]:
    return [sa.Column(name, sa.BigInteger()) for name in names]


def upgrade() -> None:
    """Bring the tables forward."""
    _consents()
    _messages()
    _surveys()


def _consents() -> None:
    op.create_table(
        "consents", *_key("consent_id"), *_told(NAME, "person_id"), *_told(sa.Text(), "purpose"),
        *_told(sa.BigInteger(), "granted_at"), *_told(TEXT, "text_version"), *_told(sa.Text(), "channel"),
        *_maybe("expires_at", "revoked_at"), *_told(TEXT, "made_by"), sqlite_with_rowid=False,
    )  # fmt: skip
    op.create_index("consents_by_person", "consents", ["tenant", "person_id"])
    op.create_index("consents_by_purpose", "consents", ["tenant", "purpose", "person_id"])
    op.create_index("consents_by_end", "consents", ["tenant", "expires_at"])


def _messages() -> None:
    op.create_table(
        "messages", sa.Column("number", WHOLE, primary_key=True), *_told(NAME, "tenant", "message_id", "person_id"),
        *_told(sa.Text(), "kind"), *_told(NAME, "key"), *_told(TEXT, "fields"),
        *_told(sa.BigInteger(), "made_at", "not_before"), *_maybe("worthless_at"), *_told(sa.Text(), "status"),
        *_told(TEXT, "why", "info", "way"), *_told(WHOLE, "tries"), *_maybe("sent_at", "settled_at"),
    )  # fmt: skip
    op.create_index("messages_by_id", "messages", ["tenant", "message_id"], unique=True)
    op.create_index("messages_by_key", "messages", ["tenant", "key"], unique=True)
    op.create_index("messages_by_status", "messages", ["status", "not_before"])
    op.create_index("messages_by_person", "messages", ["tenant", "person_id", "number"])
    op.create_index("messages_by_tenant", "messages", ["tenant", "number"])
    op.create_index("messages_by_time", "messages", ["made_at"])


def _surveys() -> None:
    op.create_table(
        "surveys", *_key("survey_id"), *_told(TEXT, "title", "questions"), *_maybe("made_at", "closes_at"),
        sqlite_with_rowid=False,
    )  # fmt: skip
    op.create_table(
        "survey_invitations", *_key("survey_id", "person_id"), *_told(NAME, "secret_hash"),
        *_told(sa.BigInteger(), "made_at"), *_told(sa.Boolean(), "is_answered"), sqlite_with_rowid=False,
    )  # fmt: skip
    op.create_index("survey_invitations_by_hash", "survey_invitations", ["secret_hash"], unique=True)
    op.create_index("survey_invitations_by_person", "survey_invitations", ["tenant", "person_id"])
    op.create_table(
        "survey_answers", sa.Column("number", WHOLE, primary_key=True), *_told(NAME, "tenant", "survey_id"),
        *_told(TEXT, "day", "answers"),
    )  # fmt: skip
    op.create_index("survey_answers_by_survey", "survey_answers", ["tenant", "survey_id", "number"])
