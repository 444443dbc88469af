"""Surveys, and the door by which they are answered: who has a token needs no account."""

from typing import Annotated, Any

from fastapi import APIRouter, Path
from pydantic import Field

from evenload.service.messages import surveys
from evenload.service.messages.surveys import Question, QuestionKind, SurveyResult
from evenload.service.people_rows import SurveyRow
from evenload.web.fields import Instant, Name, NameInPath, Resource, Text, example
from evenload.web.identity import Asking, With
from evenload.web.pages import Cutting, Page
from evenload.web.tenant_route import ONCE, tenant_router

router = tenant_router("surveys", "surveys")
door = APIRouter(prefix="/v1/answers", tags=["surveys"])

Token = Annotated[str, Path(pattern=r"^evs_[0-9a-f]{32,64}$", max_length=100)]


class QuestionBody(
    Resource, json_schema_extra=example(question_id="ready", text="Was your car ready when you needed it?")
):
    """A question."""

    question_id: Name
    text: str = Field(min_length=1, max_length=500)
    kind: QuestionKind = Field(QuestionKind.SCALE, description="A choice, a scale from 1 to 5, or a text.")
    choices: list[Text] = Field(default=[], max_length=20)


class SurveyBody(
    Resource,
    json_schema_extra=example(
        title="How was your first month?",
        questions=[{"question_id": "ready", "text": "Was your car ready when you needed it?"}],
    ),
):
    """A survey as it is put."""

    title: Text = Field(min_length=1)
    questions: list[QuestionBody] = Field(min_length=1, max_length=surveys.QUESTIONS_MAX)
    closes_at: Instant | None = Field(None, description="Nobody can answer from then on; null for never.")


class Survey(SurveyBody, json_schema_extra={}):
    """A survey."""

    survey_id: Name
    made_at: Instant | None = None

    @classmethod
    def of(cls, row: SurveyRow) -> "Survey":
        """As it is answered."""
        return cls(
            survey_id=row.survey_id, title=row.title, closes_at=row.closes_at, made_at=row.made_at,
            questions=[_question(one) for one in surveys.questions_of(row)],
        )  # fmt: skip


class InvitationBody(Resource, json_schema_extra=example(people=["d-7f3a"])):
    """Whom to ask."""

    people: list[Name] | None = Field(None, max_length=10_000, description="Null for all who agreed to research.")


class Invited(Resource):
    """Whom a survey was sent to now; nobody is asked twice."""

    people: list[str]


class AnswerBody(Resource, json_schema_extra=example(answers={"ready": 5})):
    """Answers by question."""

    answers: dict[Name, int | str] = Field(max_length=surveys.QUESTIONS_MAX)


class QuestionTold(Resource):
    """What was answered to a question."""

    question_id: str
    text: str
    answers: int
    counts: dict[str, int]
    mean: float | None
    texts: list[str]


class Results(Resource):
    """How a survey went; nothing but numbers while there are too few answers."""

    survey_id: str
    invited: int
    answers: int
    withheld: str = Field(description="Why no answers are told; empty where they are.")
    questions: list[QuestionTold]


@router.get("")
def list_surveys(scope: Asking, services: With, cut: Cutting) -> Page[Survey]:
    """Surveys, by id. Role: operator."""
    return cut.of_all(surveys.surveys(scope, services.store), lambda one: one.survey_id, Survey.of)


@router.put("/{survey_id}")
def put_survey(scope: Asking, services: With, survey_id: NameInPath, body: SurveyBody) -> Survey:
    """Add a survey, or replace one that nobody was asked yet. Role: operator."""
    row = SurveyRow(scope.tenant, survey_id, body.title, "", closes_at=body.closes_at)
    questions = [Question(one.question_id, one.text, one.kind, tuple(one.choices)) for one in body.questions]
    return Survey.of(surveys.put_survey(scope, services.store, row, questions, services.clock()))


@router.post("/{survey_id}/invitations", status_code=201, dependencies=[ONCE])
def invite(scope: Asking, services: With, survey_id: NameInPath, body: InvitationBody) -> Invited:
    """Ask people, by a message with a token each. Role: operator."""
    link = f"{services.options.public_url.rstrip('/')}/v1/answers/"
    asked = surveys.invite(scope, services.store, survey_id, services.draw, link, services.clock(), body.people)
    return Invited(people=list(asked))


@router.get("/{survey_id}/results")
def get_results(scope: Asking, services: With, survey_id: NameInPath) -> Results:
    """What was answered, without who. Role: operator."""
    return _results(surveys.result(scope, services.store, survey_id))


@door.get("/{token}")
def get_questions(services: With, token: Token) -> Survey:
    """The survey that a token asks for."""
    return Survey.of(surveys.asked_by(services.store, token, services.clock()))


@door.post("/{token}", status_code=204)
def post_answers(services: With, token: Token, body: AnswerBody) -> None:
    """Answer, once. Answers do not say who gave them."""
    surveys.answer(services.store, token, body.answers, services.clock())


def _question(one: Question) -> QuestionBody:
    return QuestionBody(question_id=one.question_id, text=one.text, kind=one.kind, choices=list(one.choices))


def _results(found: SurveyResult) -> Results:
    told: list[dict[str, Any]] = [
        {
            "question_id": one.question.question_id, "text": one.question.text, "answers": one.answers,
            "counts": dict(one.counts), "mean": one.mean, "texts": list(one.texts),
        }
        for one in found.questions
    ]  # fmt: skip
    return Results(
        survey_id=found.survey.survey_id, invited=found.invited, answers=found.answers, withheld=found.withheld,
        questions=[QuestionTold.model_validate(one) for one in told],
    )  # fmt: skip
