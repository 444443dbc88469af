"""Identities, copies of all that is kept, erasure that keeps accounts whole, and exports for studies."""

import json
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenload.base.errors import InputError
from evenload.base.instants import Interval
from evenload.domain.station import StationId, Token
from evenload.domain.vehicle_state import Provider
from evenload.service import audit
from evenload.service.access_rows import Role, UserRow
from evenload.service.cable_rows import CarStayRow, ConflictKind, ConflictRow, PairReason, PairRow, PairState
from evenload.service.car_rows import CarAccountRow, CarLinkRow, SourceRow
from evenload.service.driver_rows import DriverRow, LinkRow, WishRow
from evenload.service.live_rows import DeviceRow, SessionRow, SiteRow, VehicleRow
from evenload.service.messages.queue import Draft, enqueue
from evenload.service.people import keep, rights
from evenload.service.people.parts import PARTS
from evenload.service.people.rows import CONTACT, PersonRow
from evenload.service.people.study import (
    CUSTOMERS_MIN,
    MERGED,
    SHARE_MAX,
    Fate,
    Found,
    Group,
    StudySession,
    anonymised,
    study,
)
from evenload.service.people_rows import ConsentRow, InvitationRow, MessageKind, MessageStatus, Purpose, SurveyRow
from evenload.service.refusals import ForbiddenError, NotFoundError, StaleError
from evenload.service.rows import TransactionRow
from evenload.service.scope import Scope
from evenload.store.memory import MemoryStore, MemoryUnit
from evenload.store.memory_people import MemoryPeopleStore

NOON = datetime(2026, 1, 12, 12, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
ADMIN, OPERATOR = Scope("home", "test", Role.ADMIN), Scope("home", "test", Role.OPERATOR)
ANN = PersonRow("home", "d-1", "Ann Example", "ann@example.org", "+4712345678", ("topic-9",), "acc-77")
CARD = "CARD04A2"
SECRETS = ("Ann Example", "ann@example.org", "+4712345678", "topic-9", "acc-77", CARD, "ann-at-maker", "Annmobil")
STATION = StationId("home", "CP")


def world() -> tuple[MemoryStore, MemoryPeopleStore]:
    """Ann, her account, car, link, wish, consents, messages, invitation, and a night of charging."""
    store, people = MemoryStore(), MemoryPeopleStore()
    keep.put_person(OPERATOR, store, people, ANN, NOON)
    with store.writing() as unit:
        unit.sites.put([SiteRow("home", "depot")])
        unit.devices.put([DeviceRow("home", "dev", "depot", "CP")])
        unit.vehicles.put([VehicleRow("home", "v-1", "Annmobil", CARD)])
        unit.drivers.put([DriverRow("home", "d-1", "u-1", ("v-1",))])
        unit.users.put([UserRow("home", "u-1", "ann@example.org", Role.DRIVER, "Ann Example", "hash")])
        unit.wishes.put([WishRow("home", "w-1", "d-1", "v-1")])
        unit.driver_links.put([LinkRow("home", "l-1", "d-1", "hash")])
        unit.consents.put([ConsentRow("home", f"c-{one}", "d-1", one, NOON - DAY, "1") for one in Purpose])
        unit.cars.put_links([CarLinkRow("home", "v-1", Provider.ENODE, "ann-at-maker", "xh", "depot", "dev-car")])
        unit.cars.put_accounts([CarAccountRow("home", Provider.ENODE, "ann-at-maker", "tokens")])
        unit.cars.put_sources([SourceRow("home", "v-1", "enode", NOON - DAY, account="ann-at-maker")])
        unit.cables.put_stays([CarStayRow("home", "v-1", NOON, NOON - 9 * HOUR, is_home=True)])
        pair = PairRow("home", "s-1", "v-1", "dev", NOON - 9 * HOUR, PairState.ENDED, 0.9, PairReason.TIMES)
        elsewhere = replace(pair, session_id="s-0", state=PairState.UNDONE, why="user:eve says that it is not v-1")
        unit.cables.put_pairs([pair, elsewhere, replace(elsewhere, vehicle_id="v-2", why="")])
        timer = ConflictRow("home", "s-1", ConflictKind.CAR_TIMER, NOON, "its timer waits", "end it", "v-1", "dev")
        unit.cables.put_conflicts([timer, replace(timer, session_id="s-0", vehicle_id="v-2")])
        unit.surveys.put([SurveyRow("home", "s", "T", "[]")])
        unit.surveys.put_invitations([InvitationRow("home", "s", "d-1", "secret-hash", NOON)])
        ready = {"vehicle": "Annmobil", "by": NOON, "sentence": "It is ready."}
        enqueue(unit, Draft("home", "d-1", MessageKind.READY, "k", ready), NOON)
        unit.sessions.put([
            SessionRow("home", "s-1", "dev", "depot", NOON - 9 * HOUR, NOON, 20.0, unplugged_at=NOON - HOUR,
                       vehicle_id="v-1", token=CARD, transaction_id="t-1", transaction_ended="t-0",
                       energy_kwh_delivered=17.5)
        ])  # fmt: skip
        unit.transactions.put(
            [TransactionRow(STATION, one, 1, NOON - 9 * HOUR, token=Token(CARD)) for one in ("t-0", "t-1", "t-middle")]
        )
    return store, people


def everything(unit: MemoryUnit, *, but: tuple[str, ...] = ()) -> str:
    return "\n".join(repr(getattr(unit, one.name)) for one in fields(unit) if one.name not in but)


# who they are


def test_contact_data_are_in_no_log_and_shown_to_administrators_only() -> None:
    store, people = world()
    assert keep.people(OPERATOR, people) == keep.contacts(ADMIN, store, keep.people(ADMIN, people), NOON)
    with pytest.raises(ForbiddenError):
        keep.contacts(OPERATOR, store, [ANN], NOON)
    assert all(getattr(ANN, name) for name in CONTACT)
    assert not any(one in repr(ANN) for one in SECRETS)
    with store.reading() as unit:
        actions = [(one.action, one.subject) for one in unit.audit.last("home", 2)]
        assert actions == [("people.contacts", "d-1"), ("people.put", "d-1")]
        others = everything(unit, but=("users", "vehicles", "cars", "messages", "sessions", "transactions"))
        assert not any(one in others for one in SECRETS)


def test_who_changes_what_somebody_else_changed_is_told() -> None:
    store, people = world()
    with pytest.raises(StaleError):
        keep.put_person(OPERATOR, store, people, ANN, NOON, expected="seen-before")
    with pytest.raises(NotFoundError, match="Did you mean 'd-1'"):
        keep.person(OPERATOR, people, "d-11")


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"email": "ann"}, "e-mail address"),
        ({"email": "ann@x.org\nBcc: eve@x.org"}, "e-mail address"),
        ({"email": "ann@x.org,eve@x.org"}, "e-mail address"),
        ({"phone": "12 34"}, "international form"),
        ({"language": "English"}, "a code such as en"),
        ({"timezone": "Oslo"}, "Oslo"),
        ({"quiet": "late"}, "quiet hours"),
        ({"name": "Ann\nExample"}, "on one line"),
        ({"push": ("a b",)}, "no spaces"),
        ({"push": tuple("abcdef")}, "at most 5"),
        ({"person_id": "Ann"}, "person's own name"),
        ({"person_id": "acc-77"}, "person's own name"),
    ],
)
def test_what_cannot_be_is_refused_and_not_repeated(wrong: dict[str, Any], why: str) -> None:
    with pytest.raises(InputError, match=why) as told:
        keep.put_person(OPERATOR, MemoryStore(), MemoryPeopleStore(), replace(ANN, **wrong), NOON)
    assert not any(one in str(told.value) for one in ("12 34", "eve@", "ann@x"))


# their rights


@pytest.mark.requirement("R103")
def test_a_copy_holds_all_parts_and_no_secrets() -> None:
    store, people = world()
    told = rights.export(ADMIN, store, people, "d-1", NOON)
    text = json.dumps(told, default=str)
    assert told["identity"]["email"] == "ann@example.org"
    empty = {"choices", "answers_to_suggestions", "promises", "car_states"}
    assert {name for name in (part.name for part in PARTS) if not told[name]} == empty
    assert told["sessions"][0]["energy_kwh_delivered"] == 17.5
    assert [one["session_id"] for one in told["cars_at_chargers"]] == ["s-0", "s-1"]
    assert [one["why"] for one in told["car_conflicts"]] == ["its timer waits"]
    assert "v-2" not in text
    for secret in ("secret-hash", '"hash"', "tokens", "xh"):
        assert secret not in text
    with pytest.raises(NotFoundError, match="nothing is kept"):
        rights.export(ADMIN, store, people, "d-2", NOON)
    with pytest.raises(ForbiddenError):
        rights.export(OPERATOR, store, people, "d-1", NOON)


@pytest.mark.requirement("R103")
def test_erasing_leaves_nothing_of_who_it_was_and_all_of_the_accounts() -> None:
    store, people = world()
    done = rights.erase(ADMIN, store, people, "d-1", NOON)
    assert (done.had_identity, done.unlinked) == (True, ("v-1",))
    with people.reading() as rows:
        assert rows.find("home", "d-1") is None
    with store.reading() as unit:
        left = everything(unit)
        assert [one for one in SECRETS if one in left] == []
        session = unit.sessions.find("home", "s-1")
        assert session is not None
        assert (session.energy_kwh_delivered, session.vehicle_id, session.token) == (17.5, "v-1", "")
        driver = unit.drivers.of_vehicles("home", ["v-1"])["v-1"]
        assert (driver.driver_id, driver.user_id) == ("d-1", "")
        assert unit.cars.account("home", Provider.ENODE, "ann-at-maker") is None
        assert unit.cables.stays("home", ["v-1"]) == []
        assert [one.vehicle_id for one in unit.cables.pairs("home", ["s-0", "s-1"])] == ["v-2"]
        assert [one.vehicle_id for one in unit.cables.conflicts("home", ["s-0", "s-1"])] == ["v-2"]
        kept = unit.transactions.at_station(STATION, NOON - DAY)
        assert [(one.transaction_id, one.token) for one in kept] == [("t-0", None), ("t-1", None), ("t-middle", None)]
        assert unit.driver_links.of("home", "d-1") == unit.wishes.of("home", "d-1", past=True) == []
        message = unit.messages.of_person("home", "d-1")[0]
        assert (message.status, message.why, message.fields) == (MessageStatus.SUPPRESSED, "erased", "{}")
        consents = unit.consents.of_person("home", "d-1")
        assert len(consents) == len(Purpose)
        assert not any(one.holds(NOON) for one in consents)
        assert audit.verify(unit, "home").broken_number is None
        assert unit.audit.last("home", 1)[0].action == "people.erase"
    assert rights.erase(ADMIN, store, people, "d-1", NOON).had_identity is False


def test_an_account_of_somebody_who_works_here_stays() -> None:
    store, people = world()
    with store.writing() as unit:
        unit.users.put([UserRow("home", "u-1", "ann@example.org", Role.OPERATOR, "Ann Example", "hash")])
    rights.erase(ADMIN, store, people, "d-1", NOON)
    with store.reading() as unit:
        assert unit.users.find("home", "u-1").email == "ann@example.org"  # type: ignore[union-attr]


def test_who_has_no_consent_any_more_is_forgotten_after_a_while() -> None:
    store, people = world()
    with people.writing() as rows:
        rows.put([PersonRow("home", one, made_at=NOON) for one in ("d-2", "d-3", "d-4")])
    with store.writing() as unit:
        ended = ConsentRow("home", "x", "d-2", Purpose.CONTROL, NOON, "1", revoked_at=NOON + DAY)
        unit.consents.put([ended, replace(ended, consent_id="y", person_id="d-3", revoked_at=NOON + 2 * DAY)])
    now = NOON + 10 * DAY
    assert rights.to_forget(store, people, "home", now, 9 * DAY) == ["d-4"]
    assert rights.to_forget(store, people, "home", now + timedelta(seconds=1), 9 * DAY) == ["d-2", "d-4"]
    assert rights.to_forget(store, people, "home", now, 8 * DAY) == ["d-2", "d-4"]
    assert rights.to_forget(store, people, "home", now, 7 * DAY) == ["d-2", "d-3", "d-4"]


# studies


def night(person: str, site: str, kwh: float, number: int = 0) -> StudySession:
    return StudySession(person, f"car-{person}", site, NOON + number * DAY, NOON + number * DAY + 8 * HOUR, kwh)


def exported(*sessions: StudySession) -> tuple[dict[str, Group], list[str]]:
    made = anonymised(Found(sessions, 0, 0), Interval(NOON, NOON + 30 * DAY), b"salt")
    return {one.name: one for one in made.groups}, [one.group for one in made.sessions]


@pytest.mark.requirement("R103")
def test_fifteen_customers_of_equal_load_are_published_and_fourteen_are_not() -> None:
    groups, told = exported(
        *(night(f"p{n}", "A", 10) for n in range(15)), *(night(f"q{n}", "B", 10) for n in range(14))
    )
    fates = sorted((one.fate, one.customers, one.reason) for one in groups.values())
    assert fates == [("published", 15, ""), ("withheld", 0, fates[1][2])]
    assert "fewer than 15 customers" in fates[1][2]
    assert len(told) == 15


def test_one_customer_of_more_than_fifteen_percent_holds_a_group_back() -> None:
    # 14 x 10 kWh and one of 24.7: 24.7 / 164.7 = 14.997 %; of 24.8: 15.05 %
    most = [night(f"p{n}", "A", 10) for n in range(14)]
    assert len(exported(*most, night("big", "A", 24.7))[1]) == 15
    groups, told = exported(*most, night("big", "A", 24.8))
    assert told == []
    assert "one customer has more than 15% of the load" in next(iter(groups.values())).reason


def test_small_groups_are_merged_and_tell_no_site() -> None:
    sessions = [night(f"{site}{n}", site, 10) for site in "ABC" for n in range(6)]
    made = anonymised(Found(tuple(sessions), 0, 0), Interval(NOON, NOON + DAY), b"salt")
    assert {one.fate for one in made.groups} == {Fate.PUBLISHED, Fate.MERGED}
    assert {(one.group, one.site) for one in made.sessions} == {(MERGED, "")}
    assert sum(one.fate is Fate.MERGED for one in made.groups) == 3
    assert made.withheld == 0


def test_the_group_of_who_outweighs_the_rest_is_left_out_and_the_others_are_published() -> None:
    sessions = [night(f"{site}{n}", site, 10) for site in "ABC" for n in range(6)] + [night("huge", "D", 500)]
    made = anonymised(Found(tuple(sessions), 0, 0), Interval(NOON, NOON + DAY), b"salt")
    assert len(made.sessions) == 18
    assert [one.reason for one in made.groups if one.fate is Fate.WITHHELD] == [
        "fewer than 15 customers; merged with others it would still stand out"
    ]


_NIGHTS = st.lists(
    st.builds(night, st.integers(0, 60).map(lambda n: f"p{n}"), st.sampled_from("ABCDE"), st.floats(0, 60)),
    max_size=150,
)


@given(_NIGHTS)
def test_nothing_is_published_that_breaks_the_rule_and_no_id_gets_out(sessions: list[StudySession]) -> None:
    made = anonymised(Found(tuple(sessions), 0, 0), Interval(NOON, NOON + 30 * DAY), b"salt")
    by_group: dict[str, dict[str, float]] = {}
    for one in made.sessions:
        loads = by_group.setdefault(one.group, {})
        loads[one.person] = loads.get(one.person, 0.0) + one.energy_kwh
    for name, loads in by_group.items():
        assert len(loads) >= CUSTOMERS_MIN
        assert max(loads.values()) <= SHARE_MAX * sum(loads.values()) * (1 + 1e-12)
        group = next(one for one in made.groups if one.name == name)
        assert (group.fate, group.customers) == (Fate.PUBLISHED, len(loads))
        assert group.energy_kwh == pytest.approx(sum(loads.values()))
    assert made.withheld == len(sessions) - len(made.sessions)
    ids = {one.person_id for one in sessions} | {one.vehicle_id for one in sessions}
    assert not ids & {value for one in made.sessions for value in (one.person, one.vehicle, one.site, one.group)}


def test_two_exports_cannot_be_joined_by_their_ids() -> None:
    sessions = tuple(night(f"p{n}", "A", 10) for n in range(15))
    first, second = (anonymised(Found(sessions, 0, 0), Interval(NOON, NOON + DAY), salt) for salt in (b"1", b"2"))
    assert not {one.person for one in first.sessions} & {one.person for one in second.sessions}
    assert sorted(one.energy_kwh for one in first.sessions) == sorted(one.energy_kwh for one in second.sessions)


@pytest.mark.requirement("R103")
def test_only_people_who_agree_to_research_are_in_a_study() -> None:
    store = MemoryStore()
    with store.writing() as unit:
        unit.drivers.put([DriverRow("home", f"d-{n}", vehicles=(f"v-{n}",)) for n in range(20)])
        unit.consents.put([ConsentRow("home", f"c{n}", f"d-{n}", Purpose.RESEARCH, NOON, "1") for n in range(17)])
        unit.consents.put([ConsentRow("home", "c0", "d-0", Purpose.RESEARCH, NOON, "1", revoked_at=NOON)])
        made = [
            SessionRow("home", f"s{n}", "dev", "depot", NOON, NOON, 9.0, unplugged_at=NOON + 8 * HOUR,
                       vehicle_id=f"v-{n}" if n < 20 else "", energy_kwh_delivered=9.0)
            for n in range(22)
        ]  # fmt: skip
        unit.sessions.put(made)
    found = study(ADMIN, store, Interval(NOON, NOON + DAY), b"salt", NOON + DAY)
    assert (len(found.sessions), found.without_consent, found.without_person) == (16, 4, 2)
    assert study(ADMIN, store, Interval(NOON + DAY, NOON + 2 * DAY), b"salt", NOON + DAY).sessions == ()
    with pytest.raises(ForbiddenError):
        study(OPERATOR, store, Interval(NOON, NOON + DAY), b"salt", NOON)
