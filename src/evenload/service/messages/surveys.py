"""Surveys: a few questions to those who agreed to research, answered by a token, counted without saying who."""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from statistics import fmean
from typing import Any, Final

import msgspec

from evenload.base.errors import InputError, did_you_mean
from evenload.service import audit
from evenload.service.access_rows import Role
from evenload.service.consents import agreed
from evenload.service.messages.queue import Draft, enqueue
from evenload.service.people_rows import AnswerRow, InvitationRow, MessageKind, Purpose, SurveyRow
from evenload.service.ports import Store, Unit
from evenload.service.refusals import ConflictError, NotFoundError, Refusal
from evenload.service.scope import Scope

ANSWERS_MIN: Final = 5
"""With fewer answers nothing is told of them: one could guess whose they are."""
QUESTIONS_MAX: Final = 50
TEXT_LENGTH_MAX: Final = 2000
SCALE: Final = (1, 5)
_CHOICES_MIN: Final = 2
_CHOICES_MAX: Final = 20
TOKEN_MARK: Final = "evs_"  # noqa: S105 - how a token begins, and none itself


class QuestionKind(StrEnum):
    """How a question is answered."""

    CHOICE = "choice"
    SCALE = "scale"
    TEXT = "text"


@dataclass(frozen=True, slots=True)
class Question:
    """A question; one of ``choices``, a whole number from 1 to 5, or a text answers it."""

    question_id: str
    text: str
    kind: QuestionKind = QuestionKind.SCALE
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class QuestionResult:
    """What was answered to a question: how often each, the mean of a scale, the texts."""

    question: Question
    answers: int
    counts: Mapping[str, int]
    mean: float | None = None
    texts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SurveyResult:
    """How a survey went; without ``questions``, and with a reason, while there are too few answers."""

    survey: SurveyRow
    invited: int
    answers: int
    questions: tuple[QuestionResult, ...] = ()
    withheld: str = ""


def questions_of(row: SurveyRow) -> tuple[Question, ...]:
    """The questions of a survey."""
    return msgspec.json.decode(row.questions, type=tuple[Question, ...])


def surveys(scope: Scope, store: Store) -> Sequence[SurveyRow]:
    """Surveys, by id."""
    scope.require(Role.OPERATOR)
    with store.reading() as unit:
        return unit.surveys.of(scope.tenant)


def put_survey(
    scope: Scope, store: Store, row: SurveyRow, questions: Sequence[Question], now: datetime
) -> SurveyRow:  # fmt: skip
    """Add a survey, or replace one that nobody was asked yet."""
    scope.require(Role.OPERATOR)
    _check(questions)
    with store.writing() as unit:
        before = unit.surveys.find(scope.tenant, row.survey_id)
        if before is not None and unit.surveys.invitations(scope.tenant, survey_id=row.survey_id):
            raise ConflictError(Refusal.IN_USE, f"people were asked the survey {row.survey_id!r} already: add another")
        kept = replace(
            row, tenant=scope.tenant, made_at=before.made_at if before else now,
            questions=msgspec.json.encode(tuple(questions)).decode(),
        )  # fmt: skip
        unit.surveys.put([kept])
        audit.note(unit, scope, now, "surveys.put", row.survey_id)
    return kept


def invite(
    scope: Scope, store: Store, survey_id: str, draw: Callable[[], str], link: str, now: datetime,
    people: Iterable[str] | None = None,
) -> Sequence[str]:  # fmt: skip
    """Ask people, or all who agreed to research; once each. Who was asked now.

    ``draw`` gives 32 random hexadecimal digits; a token is appended to ``link``.
    """
    scope.require(Role.OPERATOR)
    with store.writing() as unit:
        row = _known(unit, scope.tenant, survey_id)
        asked = {one.person_id for one in unit.surveys.invitations(scope.tenant, survey_id=survey_id)}
        wanted = [one for one in people or agreed(unit, scope.tenant, Purpose.RESEARCH, now) if one not in asked]
        for person_id in wanted:
            secret = draw()
            unit.surveys.put_invitations([InvitationRow(scope.tenant, survey_id, person_id, hash_of(secret), now)])
            fields = {"title": row.title, "link": f"{link}{TOKEN_MARK}{secret}"}
            draft = Draft(
                scope.tenant, person_id, MessageKind.SURVEY, f"survey:{survey_id}:{person_id}", fields, row.closes_at
            )
            enqueue(unit, draft, now)
        audit.note(unit, scope, now, "surveys.invite", survey_id, {"people": len(wanted)})
    return wanted


def asked_by(store: Store, token: str, now: datetime) -> SurveyRow:
    """The survey of a token; ``NotFoundError`` where it is none, or was used."""
    with store.reading() as unit:
        return _invited(unit, token, now)[1]


def answer(store: Store, token: str, answers: Mapping[str, Any], now: datetime) -> None:
    """Keep the answers of who has a token, once. Questions may be left out."""
    with store.writing() as unit:
        invitation, row = _invited(unit, token, now)
        told = _answers_checked(questions_of(row), answers)
        unit.surveys.put_invitations([replace(invitation, is_answered=True)])
        body = msgspec.json.encode(told).decode()
        unit.surveys.add_answer(AnswerRow(row.tenant, row.survey_id, f"{now:%Y-%m-%d}", body))


def result(scope: Scope, store: Store, survey_id: str) -> SurveyResult:
    """What was answered."""
    scope.require(Role.OPERATOR)
    with store.reading() as unit:
        row = _known(unit, scope.tenant, survey_id)
        invited = unit.surveys.invitations(scope.tenant, survey_id=survey_id)
        answers = [msgspec.json.decode(one.answers) for one in unit.surveys.answers(scope.tenant, survey_id)]
    if len(answers) < ANSWERS_MIN:
        told = f"{len(answers)} answers came; nothing is told of fewer than {ANSWERS_MIN}"
        return SurveyResult(row, len(invited), len(answers), withheld=told)
    found = tuple(_counted(question, answers) for question in questions_of(row))
    return SurveyResult(row, len(invited), len(answers), found)


def hash_of(secret: str) -> str:
    """What is kept of a token's secret, which was drawn at random and is long."""
    return hashlib.sha256(secret.encode()).hexdigest()


def _invited(unit: Unit, token: str, now: datetime) -> tuple[InvitationRow, SurveyRow]:
    found = unit.surveys.invitation(hash_of(token.removeprefix(TOKEN_MARK)))
    if found is None or found.is_answered:
        raise NotFoundError("there is no survey to answer here: the link is not whole, or was used already")
    row = _known(unit, found.tenant, found.survey_id)
    if row.closes_at is not None and row.closes_at <= now:
        raise ConflictError(Refusal.OVER, f"the survey closed on {row.closes_at:%Y-%m-%d}")
    return found, row


def _known(unit: Unit, tenant: str, survey_id: str) -> SurveyRow:
    row = unit.surveys.find(tenant, survey_id)
    if row is None:
        near = did_you_mean(survey_id, [one.survey_id for one in unit.surveys.of(tenant)])
        raise NotFoundError(f"there is no survey {survey_id!r}.{near}")
    return row


def _check(questions: Sequence[Question]) -> None:
    names = [one.question_id for one in questions]
    if not 1 <= len(names) <= QUESTIONS_MAX or len(set(names)) != len(names):
        raise InputError(f"a survey has 1 to {QUESTIONS_MAX} questions, each with an id of its own")
    for one in questions:
        if not one.text.strip():
            raise InputError(f"question {one.question_id!r} asks nothing")
        count = len(set(one.choices))
        if one.kind is QuestionKind.CHOICE and not _CHOICES_MIN <= count == len(one.choices) <= _CHOICES_MAX:
            raise InputError(f"question {one.question_id!r} needs {_CHOICES_MIN} to {_CHOICES_MAX} different choices")
        if one.kind is not QuestionKind.CHOICE and one.choices:
            raise InputError(f"question {one.question_id!r} has choices, but its kind is {one.kind}")


def _answers_checked(questions: Sequence[Question], answers: Mapping[str, Any]) -> dict[str, object]:
    known = {one.question_id: one for one in questions}
    told: dict[str, object] = {}
    for name, value in answers.items():
        if name not in known:
            raise InputError(f"there is no question {name!r}.{did_you_mean(name, known)}")
        told[name] = _answer_checked(known[name], value)
    if not told:
        raise InputError("nothing was answered")
    return told


def _answer_checked(question: Question, value: Any) -> object:  # noqa: ANN401 - of JSON
    low, high = SCALE
    place = f"question {question.question_id!r}"
    match question.kind:
        case QuestionKind.SCALE if type(value) is not int or not low <= value <= high:
            raise InputError(f"{place} is answered by a whole number from {low} to {high}")
        case QuestionKind.CHOICE if value not in question.choices:
            raise InputError(f"{place} is answered by one of {', '.join(question.choices)}")
        case QuestionKind.TEXT if not isinstance(value, str) or not 1 <= len(value.strip()) <= TEXT_LENGTH_MAX:
            raise InputError(f"{place} is answered by a text of 1 to {TEXT_LENGTH_MAX} characters")
        case _:
            return value


def _counted(question: Question, answers: Sequence[Mapping[str, Any]]) -> QuestionResult:
    given = [one[question.question_id] for one in answers if question.question_id in one]
    if question.kind is QuestionKind.TEXT:
        return QuestionResult(question, len(given), {}, texts=tuple(sorted(given)))
    low, high = SCALE
    names = question.choices or tuple(map(str, range(low, high + 1)))
    counted = Counter(map(str, given))
    mean = fmean(given) if given and question.kind is QuestionKind.SCALE else None
    return QuestionResult(question, len(given), {name: counted[name] for name in names}, mean)
