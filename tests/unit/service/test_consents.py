"""Consents: what holds when, and the evidence that stays."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenload.base.errors import InputError
from evenload.service import audit, consents
from evenload.service.access_rows import Role
from evenload.service.consents import ConsentState, agreed, may, standing
from evenload.service.people_rows import ConsentRow, Purpose
from evenload.service.refusals import ForbiddenError, NotFoundError
from evenload.service.scope import Scope
from evenload.store.memory import MemoryStore

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)
SCOPE = Scope("home", "test", Role.DRIVER_AGENT)
GIVEN = ConsentRow("home", "c1", "d-1", Purpose.CONTROL, NOON, "2026-03", expires_at=NOON + 9 * DAY)


def test_it_holds_from_when_it_is_given_until_it_expires() -> None:
    store = MemoryStore()
    consents.grant(SCOPE, store, GIVEN, NOON)
    with store.reading() as unit:
        found = [may(unit, "home", "d-1", Purpose.CONTROL, NOON + one) for one in (-DAY, 0 * DAY, 8.9 * DAY, 9 * DAY)]
        assert [one.why for one in found] == ["never", "granted", "granted", "expired"]
        assert found[1].until == NOON + 9 * DAY
        assert found[3].sentence == "the consent to control expired on 2026-03-10"
        assert may(unit, "home", "d-1", Purpose.MESSAGES, NOON).why is ConsentState.NEVER
        assert may(unit, "depot", "d-1", Purpose.CONTROL, NOON).why is ConsentState.NEVER


def test_taking_back_ends_all_of_the_purpose_and_keeps_the_evidence() -> None:
    store = MemoryStore()
    consents.grant(SCOPE, store, GIVEN, NOON)
    consents.grant(SCOPE, store, replace(GIVEN, consent_id="c2", expires_at=None), NOON + DAY)
    consents.grant(SCOPE, store, replace(GIVEN, consent_id="c3", purpose=Purpose.LOCATION), NOON)
    ended = consents.revoke(SCOPE, store, "d-1", Purpose.CONTROL, NOON + 2 * DAY)
    assert {one.consent_id for one in ended} == {"c1", "c2"}
    with store.reading() as unit:
        assert may(unit, "home", "d-1", Purpose.CONTROL, NOON + 2 * DAY).why is ConsentState.REVOKED
        assert may(unit, "home", "d-1", Purpose.CONTROL, NOON + DAY).granted
        assert may(unit, "home", "d-1", Purpose.LOCATION, NOON + 2 * DAY).granted
        assert audit.verify(unit, "home").broken_number is None
        assert unit.audit.last("home", 1)[0].action == "consents.revoke"
    assert len(consents.consents_of(SCOPE, store, "d-1")) == 3
    with pytest.raises(NotFoundError, match="no consent to control that could be taken back"):
        consents.revoke(SCOPE, store, "d-1", Purpose.CONTROL, NOON + 3 * DAY)


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"person_id": "ann@example.org"}, "choose a pseudonym"),
        ({"person_id": "+4712345678"}, "choose a pseudonym"),
        ({"person_id": "12345678"}, "choose a pseudonym"),
        ({"person_id": "Ann Example"}, "no spaces"),
        ({"text_version": " "}, "version of the text"),
        ({"granted_at": NOON + DAY}, "is ahead"),
        ({"expires_at": NOON}, "allows nothing"),
    ],
)
def test_what_is_no_consent_is_refused(wrong: dict[str, object], why: str) -> None:
    with pytest.raises(InputError, match=why):
        consents.grant(SCOPE, MemoryStore(), replace(GIVEN, **wrong), NOON)  # type: ignore[arg-type]


def test_who_only_looks_may_neither_see_nor_give() -> None:
    with pytest.raises(ForbiddenError):
        consents.grant(Scope("home", "test", Role.VIEWER), MemoryStore(), GIVEN, NOON)


_DAYS = st.integers(-5, 5)
_ROWS = st.lists(
    st.builds(
        lambda given, ends, back: ConsentRow(
            "home", f"{given}{ends}{back}", "d-1", Purpose.CONTROL, NOON + given * DAY, "1",
            expires_at=None if ends is None else NOON + ends * DAY,
            revoked_at=None if back is None else NOON + back * DAY,
        ),
        _DAYS, st.none() | _DAYS, st.none() | _DAYS,
    )
)  # fmt: skip


@given(_ROWS, _DAYS)
def test_something_may_be_done_just_where_a_consent_holds(rows: list[ConsentRow], days: int) -> None:
    now = NOON + days * DAY
    expected = any(
        row.granted_at <= now
        and (row.expires_at is None or now < row.expires_at)
        and (row.revoked_at is None or now < row.revoked_at)
        for row in rows
    )
    found = standing(Purpose.CONTROL, rows, now)
    assert found.granted is expected
    if found.granted and found.until is not None:
        assert not standing(Purpose.CONTROL, [row for row in rows if row.granted_at <= now], found.until).granted
    store = MemoryStore()
    with store.writing() as unit:
        unit.consents.put(rows)
        told = {(row.tenant, row.consent_id): row for row in rows}.values()
        assert agreed(unit, "home", Purpose.CONTROL, now) == (
            ["d-1"] if standing(Purpose.CONTROL, told, now).granted else []
        )
