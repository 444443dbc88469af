"""What becomes of queued messages, what they say, surveys, and what nudges are computed from."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenload.base.errors import InputError
from evenload.domain.station import StationId
from evenload.files.message_texts import language_of, packaged_catalogue
from evenload.service.access_rows import Role
from evenload.service.live_rows import SignalRow
from evenload.service.messages import surveys
from evenload.service.messages.catalogue import Catalogue
from evenload.service.messages.kinds import SPECS, FieldKind
from evenload.service.messages.nudges import by_quarter, clean_hours, savings_of
from evenload.service.messages.outbox import WAITS, Outcome, Policy, Sending, claim, recover, settle
from evenload.service.messages.queue import Draft, enqueue
from evenload.service.messages.surveys import Question, QuestionKind
from evenload.service.messages.values import encoded
from evenload.service.people.rows import PersonRow, Way
from evenload.service.people_rows import ConsentRow, MessageKind, MessageRow, MessageStatus, Purpose, SurveyRow, WhyNot
from evenload.service.refusals import ConflictError, NotFoundError
from evenload.service.rows import SlotRow
from evenload.service.scope import Scope
from evenload.store.memory import MemoryStore
from evenload.store.memory_people import MemoryPeopleStore

NOON = datetime(2026, 1, 12, 12, tzinfo=UTC)
NIGHT = NOON.replace(hour=23)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
OPERATOR = Scope("home", "test", Role.OPERATOR)
ANN = PersonRow("home", "d-1", "Ann", "ann@example.org", "+4712345678", ("topic",))
SAMPLES: Mapping[FieldKind, object] = {
    FieldKind.INSTANT: NOON, FieldKind.ENERGY_KWH: 12.34, FieldKind.MONEY: "3.2 EUR", FieldKind.SHARE: 0.25,
    FieldKind.TEXT: "Leaf", FieldKind.LINK: "https://example.org/evs_1",
}  # fmt: skip


def fields_of(kind: MessageKind) -> dict[str, object]:
    told = {name: SAMPLES[what] for name, what in SPECS[kind].fields.items()}
    return told | ({"end": NOON + HOUR} if "end" in told else {})


def world(*purposes: Purpose, person: PersonRow | None = ANN) -> tuple[MemoryStore, MemoryPeopleStore]:
    store, people = MemoryStore(), MemoryPeopleStore()
    with store.writing() as unit:
        unit.consents.put([ConsentRow("home", f"c-{one}", "d-1", one, NOON - DAY, "1") for one in purposes])
    with people.writing() as rows:
        rows.put([person] if person else [])
    return store, people


def queue(store: MemoryStore, kind: MessageKind, key: str = "k", now: datetime = NOON, **more: datetime) -> MessageRow:
    with store.writing() as unit:
        return enqueue(unit, Draft("home", "d-1", kind, key, fields_of(kind), **more), now)


def taken(
    store: MemoryStore, people: MemoryPeopleStore, now: datetime = NOON, policy: Policy | None = None
) -> list[Sending]:
    return list(claim(store, people, ["home"], packaged_catalogue(), policy or Policy(), now, 9))


def last(store: MemoryStore) -> MessageRow:
    with store.reading() as unit:
        return unit.messages.last("home", 1)[0]


# what they say


@pytest.mark.parametrize("kind", MessageKind)
def test_every_kind_can_be_read(kind: MessageKind) -> None:
    told = encoded(kind, fields_of(kind))
    shown = packaged_catalogue().render(kind, told, "nn-NO", ZoneInfo("Europe/Oslo"), "Oslo Grid")
    for text in (shown.subject, shown.text, shown.short):
        assert "$" not in text
    assert "Oslo Grid" in shown.text
    if FieldKind.INSTANT in SPECS[kind].fields.values():
        assert "Monday 12 January, 13:00" in shown.text


def test_numbers_have_their_units() -> None:
    told = encoded(MessageKind.SAVINGS_NUDGE, {"saved": "3.2 EUR", "energy": 12.34})
    shown = packaged_catalogue().render(MessageKind.SAVINGS_NUDGE, told, "en", ZoneInfo("UTC"), "x")
    assert "you charged 12.3 kWh, and saved 3.20 EUR" in shown.text


@pytest.mark.parametrize(
    ("kind", "wrong", "why"),
    [
        (MessageKind.READY, {"vehicel": "x"}, "no field 'vehicel'. Did you mean 'vehicle'"),
        (MessageKind.READY, {"vehicle": ""}, "1 to 300 characters"),
        (MessageKind.READY, {"vehicle": "x" * 301}, "1 to 300 characters"),
        (MessageKind.READY, {"by": "tomorrow"}, "ready: by"),
        (MessageKind.READY, {"by": "2026-01-01T00:00:00"}, "ready: by"),
        (MessageKind.SAVINGS_NUDGE, {"saved": "3.20"}, "an amount and a currency"),
        (MessageKind.SAVINGS_NUDGE, {"saved": "much EUR"}, "is a number"),
        (MessageKind.SAVINGS_NUDGE, {"energy": "nan"}, "is a number"),
        (MessageKind.CLEAN_HOURS_NUDGE, {"share": 25}, "a share of 1"),
        (MessageKind.EVENT_NOTICE, {"end": NOON}, "end must be later than start"),
    ],
)
def test_fields_that_cannot_be_are_refused(kind: MessageKind, wrong: dict[str, object], why: str) -> None:
    with pytest.raises(InputError, match=why):
        encoded(kind, fields_of(kind) | wrong)


def test_a_field_that_is_missing_is_named() -> None:
    with pytest.raises(InputError, match="ready needs by, sentence too"):
        encoded(MessageKind.READY, {"vehicle": "Leaf"})


@given(st.text(min_size=1, max_size=200))
def test_what_somebody_called_a_car_stays_on_its_line(name: str) -> None:
    try:
        told = encoded(MessageKind.READY, fields_of(MessageKind.READY) | {"vehicle": name})
    except InputError:
        return
    shown = packaged_catalogue().render(MessageKind.READY, told, "en", ZoneInfo("UTC"), "x")
    assert "\n" not in shown.subject
    assert "\r" not in shown.subject
    assert all(one.isprintable() for one in shown.subject)


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ("$start to $end your car", "$strat to $end your car", r"no field \$strat. Did you mean 'start'"),
        ("Your car charges as usual. $sender", "5 $ off", "a \\$ that is none of a field"),
        ("  survey:", "  survy:", "no kind of message 'survy'. Did you mean 'survey'"),
        ("footer: |", "fotter: |", "has the parts"),
        ("[Monday, ", "[", "7 weekdays"),
        ("    short: \"A few", "    brief: \"A few", "it has subject, text, short"),
    ],
)  # fmt: skip
def test_a_translation_that_is_wrong_is_told(old: str, new: str, why: str) -> None:
    from importlib import resources  # noqa: PLC0415 - for this test only

    text = (resources.files("evenload.files") / "data" / "messages" / "en.yaml").read_text(encoding="utf-8")
    assert old in text
    with pytest.raises(InputError, match=why):
        language_of("xx", text.replace(old, new))


def test_a_catalogue_needs_english() -> None:
    with pytest.raises(InputError, match="English"):
        Catalogue({})


# what becomes of them


def test_it_is_sent_once_with_the_consent_and_the_text() -> None:
    store, people = world(Purpose.MESSAGES)
    first = queue(store, MessageKind.READY)
    again = queue(store, MessageKind.READY, now=NOON + HOUR)
    assert (again.message_id, again.made_at) == (first.message_id, NOON)
    (sending,) = taken(store, people)
    assert list(sending.addresses.items()) == [
        (Way.PUSH, ("topic",)), (Way.EMAIL, ("ann@example.org",)), (Way.SMS, ("+4712345678",)),
    ]  # fmt: skip
    assert taken(store, people) == []
    settle(store, [Outcome(sending.row, "push")], NOON)
    assert (last(store).status, last(store).way, last(store).tries) == (MessageStatus.SENT, "push", 1)
    assert "ann@" not in repr(sending)


@pytest.mark.parametrize(
    ("purposes", "kind", "person", "ways", "worthless_at", "why"),
    [
        ((), MessageKind.READY, ANN, tuple(Way), None, "no_consent"),
        ((Purpose.MESSAGES,), MessageKind.SAVINGS_NUDGE, ANN, tuple(Way), None, "no_consent"),
        ((Purpose.MESSAGES,), MessageKind.SURVEY, ANN, tuple(Way), None, "no_consent"),
        ((Purpose.MESSAGES,), MessageKind.READY, None, tuple(Way), None, "nobody"),
        ((Purpose.MESSAGES,), MessageKind.READY, replace(ANN, push=()), (Way.PUSH,), None, "no_address"),
        ((Purpose.MESSAGES,), MessageKind.READY, ANN, tuple(Way), NOON, "too_late"),
    ],
)
def test_it_is_suppressed_with_the_reason(
    purposes: tuple[Purpose, ...], kind: MessageKind, person: PersonRow | None, ways: tuple[Way, ...],
    worthless_at: datetime | None, why: str,
) -> None:  # fmt: skip
    store, people = world(*purposes, person=person)
    with store.writing() as unit:
        enqueue(unit, Draft("home", "d-1", kind, "k", fields_of(kind), worthless_at), NOON - HOUR)
    assert taken(store, people, policy=Policy(ways)) == []
    assert (last(store).status, last(store).why) == (MessageStatus.SUPPRESSED, why)
    assert last(store).info
    assert last(store).settled_at == NOON


def test_quiet_hours_hold_it_until_they_end() -> None:
    store, people = world(Purpose.MESSAGES)
    queue(store, MessageKind.EVENT_NOTICE, now=NIGHT)
    assert taken(store, people, NIGHT) == []
    assert last(store).not_before == NIGHT + 9 * HOUR
    assert taken(store, people, NIGHT + 8 * HOUR) == []
    assert len(taken(store, people, NIGHT + 9 * HOUR)) == 1


@pytest.mark.parametrize(("kind", "sent"), [(MessageKind.NOT_READY, 1), (MessageKind.READY, 0)])
@pytest.mark.requirement("R46")
def test_what_cannot_wait_passes_quiet_hours_only_where_it_is_urgent(kind: MessageKind, sent: int) -> None:
    store, people = world(Purpose.MESSAGES)
    queue(store, kind, now=NIGHT, worthless_at=NIGHT + 8 * HOUR)
    assert len(taken(store, people, NIGHT)) == sent
    assert last(store).why == ("" if sent else "quiet_hours")


def test_so_many_a_day_and_a_week_and_no_more_but_urgent_ones() -> None:
    store, people = world(Purpose.MESSAGES)
    spec = SPECS[MessageKind.LINK_LOST]
    assert (spec.a_day, spec.a_week) == (1, 2)
    went = []
    for day in range(9):
        queue(store, MessageKind.LINK_LOST, f"k{day}a", NOON + day * DAY)
        queue(store, MessageKind.LINK_LOST, f"k{day}b", NOON + day * DAY)
        went.append(len(taken(store, people, NOON + day * DAY)))
    assert went == [1, 1, 0, 0, 0, 0, 0, 1, 1]
    assert last(store).why == "rate_limit"
    for number in range(20):
        queue(store, MessageKind.NOT_READY, f"n{number}")
    assert len(claim(store, people, ["home"], packaged_catalogue(), Policy(), NOON, 99)) == 20


def test_a_try_that_failed_is_repeated_later_and_given_up_in_the_end() -> None:
    store, people = world(Purpose.MESSAGES, person=replace(ANN, quiet=""))
    queue(store, MessageKind.READY)
    now = NOON
    for wait in WAITS:
        settle(store, [Outcome(one.row, fault="the service is away") for one in taken(store, people, now)], now)
        assert (last(store).status, last(store).not_before) == (MessageStatus.QUEUED, now + wait)
        assert taken(store, people, now + wait - timedelta(seconds=1)) == []
        now += wait
    settle(store, [Outcome(one.row, fault="the service is away") for one in taken(store, people, now)], now)
    assert (last(store).status, last(store).why, last(store).tries) == (MessageStatus.FAILED, "given_up", 5)


def test_it_is_not_tried_again_when_it_would_be_too_late() -> None:
    store, people = world(Purpose.MESSAGES)
    queue(store, MessageKind.READY, worthless_at=NOON + WAITS[0])
    settle(store, [Outcome(one.row, fault="x") for one in taken(store, people)], NOON)
    assert last(store).why == "given_up"


def test_what_may_have_arrived_is_never_sent_again() -> None:
    store, people = world(Purpose.MESSAGES)
    queue(store, MessageKind.READY)
    settle(store, [Outcome(one.row, fault="x", is_certain=False) for one in taken(store, people)], NOON)
    assert (last(store).status, last(store).why) == (MessageStatus.FAILED, "uncertain")
    queue(store, MessageKind.NOT_READY, "k2")
    taken(store, people)
    assert recover(store, ["home"], NOON + 10 * timedelta(minutes=1)) == 0
    assert recover(store, ["home"], NOON + 11 * timedelta(minutes=1)) == 1
    assert taken(store, people, NOON + DAY) == []
    assert "whether it arrived is not known" in last(store).info


def test_links_are_gone_from_the_log_once_it_is_sent() -> None:
    store, people = world(Purpose.RESEARCH)
    queue(store, MessageKind.SURVEY)
    settle(store, [Outcome(one.row, "email") for one in taken(store, people)], NOON)
    assert json.loads(last(store).fields) == {"title": "Leaf", "link": ""}


@pytest.mark.parametrize("person", ["ann@example.org", "a b", ""])
def test_a_pseudonym_that_tells_who_is_refused(person: str) -> None:
    with MemoryStore().writing() as unit, pytest.raises(InputError, match="pseudonym"):
        enqueue(unit, Draft("home", person, MessageKind.READY, "k", fields_of(MessageKind.READY)), NOON)


# surveys


QUESTIONS = [
    Question("ready", "Was it ready?"),
    Question("how", "How do you charge?", QuestionKind.CHOICE, ("home", "work")),
    Question("say", "Anything else?", QuestionKind.TEXT),
]


def asked(store: MemoryStore, count: int) -> list[str]:
    """Tokens of a survey that so many were asked."""
    with store.writing() as unit:
        unit.consents.put(
            [ConsentRow("home", f"c{n}", f"d-{n}", Purpose.RESEARCH, NOON, "1") for n in range(count)]
            + [ConsentRow("home", "other", "d-x", Purpose.MESSAGES, NOON, "1")]
        )
    surveys.put_survey(OPERATOR, store, SurveyRow("home", "s", "T", "", closes_at=NOON + DAY), QUESTIONS, NOON)
    drawn = (f"{n:032x}" for n in range(count))
    invited = surveys.invite(OPERATOR, store, "s", lambda: next(drawn), "https://x/", NOON)
    assert sorted(invited) == sorted(f"d-{n}" for n in range(count))
    with store.reading() as unit:
        return [json.loads(one.fields)["link"].removeprefix("https://x/") for one in unit.messages.last("home", 99)]


@pytest.mark.requirement("R134")
def test_a_survey_is_answered_once_and_counted_without_who() -> None:
    store = MemoryStore()
    tokens = asked(store, 6)
    for number, token in enumerate(tokens[:5]):
        assert surveys.asked_by(store, token, NOON).survey_id == "s"
        assert surveys.result(OPERATOR, store, "s").questions == ()
        surveys.answer(store, token, {"ready": number + 1, "how": "home", "say": f"text {number}"}, NOON)
    found = surveys.result(OPERATOR, store, "s")
    ready, how, say = found.questions
    assert (found.invited, found.answers, found.withheld) == (6, 5, "")
    assert (ready.mean, ready.counts) == (3.0, {"1": 1, "2": 1, "3": 1, "4": 1, "5": 1})
    assert how.counts == {"home": 5, "work": 0}
    assert len(say.texts) == 5
    with pytest.raises(NotFoundError, match="used already"):
        surveys.answer(store, tokens[0], {"ready": 1}, NOON)
    with pytest.raises(ConflictError, match="closed"):
        surveys.answer(store, tokens[5], {"ready": 1}, NOON + DAY)
    with store.reading() as unit:
        assert not any("d-" in one.answers for one in unit.surveys.answers("home", "s"))
    assert surveys.invite(OPERATOR, store, "s", lambda: "", "x", NOON) == []
    with pytest.raises(ConflictError, match="asked the survey"):
        surveys.put_survey(OPERATOR, store, SurveyRow("home", "s", "T", ""), QUESTIONS, NOON)


@pytest.mark.parametrize(
    ("answers", "why"),
    [
        ({}, "nothing was answered"),
        ({"redy": 1}, "Did you mean 'ready'"),
        ({"ready": 6}, "1 to 5"),
        ({"ready": True}, "1 to 5"),
        ({"how": "moon"}, "one of home, work"),
        ({"say": " "}, "1 to 2000 characters"),
    ],
)
def test_answers_that_are_none_are_refused_and_the_token_stays_good(answers: dict[str, object], why: str) -> None:
    store = MemoryStore()
    token = asked(store, 1)[0]
    with pytest.raises(InputError, match=why):
        surveys.answer(store, token, answers, NOON)
    surveys.answer(store, token, {"ready": 1}, NOON)


@pytest.mark.parametrize(
    ("questions", "why"),
    [
        ([], "1 to 50 questions"),
        ([QUESTIONS[0], QUESTIONS[0]], "an id of its own"),
        ([Question("q", "x", QuestionKind.CHOICE, ("a",))], "2 to 20 different choices"),
        ([Question("q", "x", QuestionKind.CHOICE, ("a", "a"))], "2 to 20 different choices"),
        ([Question("q", "x", QuestionKind.SCALE, ("a", "b"))], "but its kind is scale"),
        ([Question("q", " ")], "asks nothing"),
    ],
)
def test_surveys_that_cannot_be_answered_are_refused(questions: list[Question], why: str) -> None:
    with pytest.raises(InputError, match=why):
        surveys.put_survey(OPERATOR, MemoryStore(), SurveyRow("home", "s", "T", ""), questions, NOON)


# nudges


def slot(quarter: int, power_kw: float) -> SlotRow:
    return SlotRow(StationId("home", "CP"), 1, NOON + quarter * timedelta(minutes=15), power_kw)


@pytest.mark.requirement("R132")
def test_savings_are_the_difference_to_charging_at_once() -> None:
    prices = by_quarter(
        [
            SignalRow("home", "", NOON, 3600, 0.40, currency="EUR"),
            SignalRow("home", "", NOON + HOUR, 3600, 0.10, currency="EUR"),
        ],
        "price_per_kwh",
    )
    found = savings_of(NOON + timedelta(minutes=7), [slot(0, 0.0), slot(4, 8.0), slot(5, 8.0), slot(6, 4.0)], prices)
    assert found is not None
    assert found.energy_kwh == pytest.approx(5.0)  # 2 + 2 + 1 kWh, in the hour of 0.10
    assert found.cost == pytest.approx(0.50)
    assert found.cost_at_once == pytest.approx(2.0)  # at 8 kW: 2 + 2 + 1 kWh from noon, at 0.40
    assert savings_of(NOON, [slot(4, 8.0)], {NOON: 0.1}) is None
    assert savings_of(NOON, [slot(0, 0.0)], prices) is None


@given(st.lists(st.floats(0, 11), min_size=1, max_size=40), st.floats(0.01, 1))
def test_with_one_price_nothing_is_saved(powers: list[float], price: float) -> None:
    prices = {NOON + n * timedelta(minutes=15): price for n in range(200)}
    found = savings_of(NOON, [slot(n, one) for n, one in enumerate(powers)], prices)
    if found is not None:
        assert found.saved == pytest.approx(0, abs=1e-9)


@pytest.mark.requirement("R132")
def test_clean_hours_are_those_of_least_carbon() -> None:
    carbon = {NOON + n * timedelta(minutes=15): 200.0 if 20 <= n < 32 else 400.0 for n in range(96)}
    found = clean_hours(carbon, NOON)
    assert found is not None
    assert (found.start, found.end) == (NOON + 5 * HOUR, NOON + 8 * HOUR)
    assert found.share == pytest.approx(1 - 200 / 375)  # the mean of the day is (12 x 200 + 84 x 400) / 96 = 375
    assert clean_hours(dict.fromkeys(carbon, 300.0), NOON) is None
    assert clean_hours({at: value for at, value in carbon.items() if at != NOON + HOUR}, NOON) is None


def test_one_that_cannot_be_made_out_does_not_hold_up_the_others() -> None:
    store, people = world(*Purpose)
    with people.writing() as rows:
        rows.put([replace(ANN, person_id="d-0", timezone="Mars/Olympus")])
    with store.writing() as unit:
        unit.consents.put([ConsentRow("home", f"c0-{one}", "d-0", one, NOON - DAY, "1") for one in Purpose])
        for person in ("d-0", "d-1"):
            fields = fields_of(MessageKind.EVENT_NOTICE)
            enqueue(unit, Draft("home", person, MessageKind.EVENT_NOTICE, f"k-{person}", fields), NOON)
    found = claim(store, people, ["home"], packaged_catalogue(), Policy(), NOON, 9)
    assert [one.row.person_id for one in found] == ["d-1"]
    with store.reading() as unit:
        (bad,) = [row for row in unit.messages.last("home", 9) if row.person_id == "d-0"]
    assert (bad.status, bad.why) == (MessageStatus.FAILED, WhyNot.GIVEN_UP)
    assert bad.info.startswith("it cannot be made out: ")
