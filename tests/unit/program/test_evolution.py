"""A program goes from prices to events to steering all the time; what was in force stays on record."""

from datetime import date

import pytest

from evenload.base.errors import InputError
from evenload.program.document import ProgramDocument, Supersedes
from evenload.program.eligibility_terms import EligibilityTerms
from evenload.program.event_rules import EventRules
from evenload.program.evolution import Evolution
from evenload.program.terms import ConsentTerm
from evenload.program.words import Archetype, ConsentKind, Segment, Stage

HOMES = EligibilityTerms(segments=(Segment.RESIDENTIAL,))


def version(number: int, stage: Stage, starts_on: date | None, ends_on: date | None = None) -> ProgramDocument:
    return ProgramDocument(
        program_id="homes", version=number, name="Homes", stage=stage, eligibility=HOMES,
        archetype=Archetype.BEHAVIORAL if stage is Stage.TIME_OF_USE else Archetype.EVSE,
        consents=(ConsentTerm(kind=ConsentKind.CONTROL),), events=EventRules(),
        starts_on=starts_on, ends_on=ends_on,
        supersedes=Supersedes(program_id="homes", version=number - 1) if number > 1 else None,
    )  # fmt: skip


TOU = version(1, Stage.TIME_OF_USE, None)
EVENTS = version(2, Stage.DEMAND_RESPONSE, date(2027, 1, 1))
STEERED = version(3, Stage.CONTINUOUS, date(2028, 6, 1), date(2029, 12, 31))


@pytest.mark.requirement("R135")
def test_each_day_has_the_document_of_its_time() -> None:
    program = Evolution((TOU,)).followed_by(EVENTS).followed_by(STEERED)
    assert program.on(date(2020, 1, 1)) is TOU
    assert program.on(date(2026, 12, 31)) is TOU
    assert program.on(date(2027, 1, 1)) is EVENTS
    assert program.on(date(2028, 5, 31)) is EVENTS
    assert program.on(date(2028, 6, 1)) is STEERED
    assert program.on(date(2029, 12, 31)) is STEERED
    assert program.on(date(2030, 1, 1)) is None


@pytest.mark.requirement("R135")
def test_history_is_kept_with_the_last_day_of_each() -> None:
    program = Evolution((TOU, EVENTS, STEERED))
    assert [program.until(one) for one in program.documents] == [
        date(2026, 12, 31), date(2028, 5, 31), date(2029, 12, 31),
    ]  # fmt: skip
    assert Evolution((TOU,)).until(TOU) is None


@pytest.mark.parametrize(
    ("documents", "sentence"),
    [
        ((), "a program has at least one document"),
        ((EVENTS,), "homes version 2 supersedes homes version 1, which is not there"),
        ((TOU, STEERED), "homes version 3 supersedes homes version 2, but the last document is homes version 1"),
        ((TOU, TOU), "homes version 1 supersedes nothing, but the last document is homes version 1"),
        ((TOU, EVENTS, version(3, Stage.CONTINUOUS, date(2027, 1, 1))),
         "homes version 3 starts on 2027-01-01, not after homes version 2"),
    ],
)  # fmt: skip
def test_documents_follow_each_other_one_by_one(documents: tuple[ProgramDocument, ...], sentence: str) -> None:
    with pytest.raises(InputError) as refused:
        Evolution(documents)
    assert sentence in str(refused.value)
