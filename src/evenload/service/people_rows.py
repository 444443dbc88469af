"""What is kept of people under their pseudonym: consents, messages, surveys. No names, no addresses. Instants in UTC.

Who a pseudonym is stands in a store of its own: ``service.people``.
"""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class Purpose(StrEnum):
    """What somebody agrees to."""

    CONTROL = "control"
    DATA_SHARING = "data_sharing"
    LOCATION = "location"
    MESSAGES = "messages"
    NUDGES = "nudges"
    RESEARCH = "research"


class Channel(StrEnum):
    """How somebody said so."""

    WEB = "web"
    APP = "app"
    PAPER = "paper"
    PHONE = "phone"
    EMAIL = "email"


@dataclass(frozen=True, slots=True)
class ConsentRow:
    """A consent to one purpose, and its evidence: which text was agreed to, and how. It holds until ``expires_at``.

    A row is never taken away while it is evidence; one that was taken back says when.
    """

    tenant: str
    consent_id: str
    person_id: str
    purpose: Purpose
    granted_at: datetime
    text_version: str
    channel: Channel = Channel.WEB
    expires_at: datetime | None = None
    revoked_at: datetime | None = None
    made_by: str = ""

    @property
    def ended_at(self) -> datetime | None:
        """When it ends or ended."""
        ends = [one for one in (self.expires_at, self.revoked_at) if one is not None]
        return min(ends, default=None)

    def holds(self, now: datetime) -> bool:
        """Whether it holds at an instant."""
        return self.granted_at <= now and (self.ended_at is None or now < self.ended_at)


class MessageKind(StrEnum):
    """What messages are about."""

    EVENT_NOTICE = "event_notice"
    EVENT_CANCELLED = "event_cancelled"
    READY = "ready"
    NOT_READY = "not_ready"
    LINK_LOST = "link_lost"
    CONSENT_EXPIRES = "consent_expires"
    SAVINGS_NUDGE = "savings_nudge"
    CLEAN_HOURS_NUDGE = "clean_hours_nudge"
    SURVEY = "survey"


class MessageStatus(StrEnum):
    """How far a message is."""

    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"
    SUPPRESSED = "suppressed"


class WhyNot(StrEnum):
    """Why a message was not sent."""

    NO_CONSENT = "no_consent"
    NOBODY = "nobody"
    NO_ADDRESS = "no_address"
    RATE_LIMIT = "rate_limit"
    QUIET_HOURS = "quiet_hours"
    TOO_LATE = "too_late"
    ERASED = "erased"
    GIVEN_UP = "given_up"
    UNCERTAIN = "uncertain"


@dataclass(frozen=True, slots=True)
class MessageRow:
    """A message to a person; what it says is made of ``fields`` (JSON) when it is sent. ``key`` is used once, ever.

    It is not sent before ``not_before``, and not after ``worthless_at``. ``sent_at`` is when the last try began,
    ``way`` what it went by, ``info`` why it was not sent, in words.
    """

    tenant: str
    message_id: str
    person_id: str
    kind: MessageKind
    key: str
    fields: str
    made_at: datetime
    not_before: datetime
    worthless_at: datetime | None = None
    status: MessageStatus = MessageStatus.QUEUED
    why: str = ""
    info: str = ""
    way: str = ""
    tries: int = 0
    sent_at: datetime | None = None
    settled_at: datetime | None = None
    number: int = 0


@dataclass(frozen=True, slots=True)
class SurveyRow:
    """A survey; ``questions`` are JSON, see ``service.messages.surveys.Question``."""

    tenant: str
    survey_id: str
    title: str
    questions: str
    made_at: datetime | None = None
    closes_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class InvitationRow:
    """Who was asked, and whether an answer came; of the token only the hash is kept."""

    tenant: str
    survey_id: str
    person_id: str
    secret_hash: str = field(repr=False)
    made_at: datetime
    is_answered: bool = False


@dataclass(frozen=True, slots=True)
class AnswerRow:
    """An answer to a survey. It does not say whose it is: ``day`` is a date, so that no instant tells either."""

    tenant: str
    survey_id: str
    day: str
    answers: str
    number: int = 0
