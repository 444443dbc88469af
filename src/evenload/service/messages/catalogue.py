"""The texts of messages by language, checked: each kind has its texts, which use the kind's own fields only."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from string import Template
from typing import Final
from zoneinfo import ZoneInfo

from evenload.base.errors import InputError, did_you_mean
from evenload.service.messages.kinds import SPECS
from evenload.service.messages.values import shown
from evenload.service.people_rows import MessageKind

SOURCE_LANGUAGE: Final = "en"
COMMON: Final = ("sender",)
"""Fields every text may use."""
SHORT_LENGTH_MAX: Final = 160
"""What a short text may have before its fields are filled in: one SMS."""
_DAYS: Final = 7
_MONTHS: Final = 12


@dataclass(frozen=True, slots=True)
class Texts:
    """A kind's texts in one language: for e-mail (``subject``, ``text``), and ``short`` for SMS and push."""

    subject: str
    text: str
    short: str


@dataclass(frozen=True, slots=True)
class Language:
    """All texts of one language, and how it writes an instant: ``$weekday``, ``$day``, ``$month``, ``$clock``."""

    code: str
    texts: Mapping[MessageKind, Texts]
    footer: str
    instant: str
    weekdays: tuple[str, ...]
    months: tuple[str, ...]

    def __post_init__(self) -> None:
        if len(self.weekdays) != _DAYS or len(self.months) != _MONTHS:
            raise InputError(f"the language {self.code} needs 7 weekdays, Monday first, and 12 months")
        _check(f"{self.code}, footer", self.footer, COMMON)
        _check(f"{self.code}, instant", self.instant, ("weekday", "day", "month", "clock"))
        for kind in MessageKind:
            if kind not in self.texts:
                raise InputError(f"the language {self.code} has no texts for {kind}")
            known = (*SPECS[kind].fields, *COMMON)
            for name in Texts.__dataclass_fields__:
                _check(f"{self.code}, {kind}, {name}", getattr(self.texts[kind], name), known)
            if len(self.texts[kind].short) > SHORT_LENGTH_MAX or "\n" in self.texts[kind].subject:
                raise InputError(
                    f"{self.code}, {kind}: short has at most {SHORT_LENGTH_MAX} characters, and subject is one line"
                )

    def written(self, at: datetime, zone: ZoneInfo) -> str:
        """An instant in a zone."""
        local = at.astimezone(zone)
        return Template(self.instant).substitute(
            weekday=self.weekdays[local.weekday()], day=local.day, month=self.months[local.month - 1],
            clock=f"{local:%H:%M}",
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Rendered:
    """A message as somebody reads it."""

    subject: str
    text: str
    short: str


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Languages by their code; what is missing is told in English."""

    languages: Mapping[str, Language]

    def __post_init__(self) -> None:
        if SOURCE_LANGUAGE not in self.languages:
            raise InputError("a catalogue of messages needs English (en)")

    def render(self, kind: MessageKind, fields: str, code: str, zone: ZoneInfo, sender: str) -> Rendered:
        """A message in a language (``de-AT`` falls back to ``de``, then to English) and a zone."""
        language = self.languages.get(code) or self.languages.get(code.partition("-")[0])
        language = language or self.languages[SOURCE_LANGUAGE]
        values = shown(kind, fields, language.written, zone) | {"sender": sender}
        texts = language.texts[kind]
        subject, text, short, footer = (
            Template(one).substitute(values) for one in (texts.subject, texts.text, texts.short, language.footer)
        )
        return Rendered(subject, f"{text.rstrip()}\n\n-- \n{footer}", short)


def _check(place: str, text: str, known: tuple[str, ...]) -> None:
    template = Template(text)
    if not text.strip() or not template.is_valid():
        raise InputError(f"{place}: the text is empty, or holds a $ that is none of a field (write $$ for one)")
    for name in template.get_identifiers():
        if name not in known:
            raise InputError(f"{place}: there is no field ${name}.{did_you_mean(name, known)}")
