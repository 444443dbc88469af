"""What columns are made of. Instants are whole microseconds since 1970 in UTC; texts sort by code point everywhere."""

import math
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, Final

import msgspec
from sqlalchemy import BigInteger, Column, Dialect, Float, Integer, MetaData, String, Text, TypeDecorator
from sqlalchemy.types import TypeEngine

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
FAR_OFF: Final = datetime(9999, 1, 1, tzinfo=UTC)
"""The end of what goes on."""

metadata = MetaData(
    naming_convention={
        "ix": "%(column_0_label)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

Whole: Final = BigInteger().with_variant(Integer(), "sqlite")
"""A whole number of 64 bits; SQLite counts up in columns called INTEGER only."""


def to_microseconds(instant: datetime) -> int:
    """An instant as it is kept."""
    return (instant - EPOCH) // _MICROSECOND


def to_instant(microseconds: int) -> datetime:
    """An instant as it was kept."""
    return EPOCH + timedelta(microseconds=microseconds)


class Instant(TypeDecorator[datetime]):
    """An aware instant."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:  # noqa: ARG002
        """To the database."""
        return None if value is None else to_microseconds(value)

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """From the database."""
        return None if value is None else to_instant(value)


class Words(TypeDecorator[str]):
    """A text. PostgreSQL keeps no character 0 and would sort by language."""

    impl: type[String] = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """The column's type."""
        made = type(self).impl
        return made(collation="C") if dialect.name == "postgresql" else made()

    def bind_processor(self, dialect: Dialect) -> Callable[[Any], Any] | None:
        """What makes a value the database's."""
        return _without_zeros if dialect.name == "postgresql" else None


class Name(Words):
    """A text that is part of a key."""

    impl = String
    cache_ok = True


def _without_zeros(text: str | None) -> str | None:
    return without_zeros(text) if text else text


def without_zeros(text: str) -> str:
    """A text with the replacement character for each character 0."""
    return text.replace("\0", "\ufffd") if "\0" in text else text


class Word(TypeDecorator[StrEnum]):
    """One of the words of an enumeration."""

    impl = Text
    cache_ok = True

    def __init__(self, of: type[StrEnum]) -> None:
        super().__init__()
        self.of = of

    def process_bind_param(self, value: StrEnum | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        """To the database."""
        return None if value is None else str(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> StrEnum | None:  # noqa: ARG002
        """From the database."""
        return None if value is None else self.of(value)


class OrBlank(TypeDecorator[float]):
    """A number that databases do not agree on how to keep (infinite, or none), as NULL."""

    impl = Float
    cache_ok = True

    def __init__(self, blank: float) -> None:
        super().__init__()
        self.blank = blank

    def process_bind_param(self, value: float | None, dialect: Dialect) -> float | None:  # noqa: ARG002
        """To the database."""
        return value if value is not None and math.isfinite(value) else None

    def process_result_value(self, value: float | None, dialect: Dialect) -> float:  # noqa: ARG002
        """From the database."""
        return self.blank if value is None else value


class Texts(TypeDecorator[tuple[str, ...]]):
    """A list of texts, as JSON."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Sequence[str] | None, dialect: Dialect) -> str:  # noqa: ARG002
        """To the database."""
        return msgspec.json.encode(value or ()).decode()

    def process_result_value(self, value: str | None, dialect: Dialect) -> tuple[str, ...]:  # noqa: ARG002
        """From the database."""
        return msgspec.json.decode(value or "[]", type=tuple[str, ...])


def tenant_key(*names: str) -> list[Column[Any]]:
    """Key columns of texts, the tenant first."""
    return [Column(name, Name, primary_key=True) for name in ("tenant", *names)]


def text(name: str) -> Column[str]:
    """A column of a text that is always there."""
    return Column(name, Words, nullable=False)


def told(name: str, kind: Any) -> Column[Any]:  # noqa: ANN401 - a type or its instance, as SQLAlchemy takes it
    """A column that is always there."""
    return Column(name, kind, nullable=False)
