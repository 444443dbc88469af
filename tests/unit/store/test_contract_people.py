"""What every store promises of consents, messages, surveys and identities."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from evenload.base.errors import InputError, InvariantError
from evenload.domain.station import StationId, Token
from evenload.service.access_rows import Role
from evenload.service.audit import verify
from evenload.service.cable_rows import CarStayRow
from evenload.service.car_rows import SourceRow
from evenload.service.driver_rows import DriverRow, LinkRow, WishRow
from evenload.service.live_rows import DeviceRow, SessionRow, VehicleRow
from evenload.service.people import rights
from evenload.service.people.ports import PeopleStore
from evenload.service.people.rows import CONTACT, PersonRow
from evenload.service.people_rows import (
    AnswerRow,
    Channel,
    ConsentRow,
    InvitationRow,
    MessageKind,
    MessageRow,
    MessageStatus,
    Purpose,
    SurveyRow,
)
from evenload.service.ports import Store
from evenload.service.rows import TransactionRow
from evenload.service.scope import Scope
from evenload.store.memory_people import MemoryPeopleStore
from evenload.store.sql.people_store import people_at
from evenload.store.sql.store import opened
from evenload.store.sql.versions import differences

T0 = datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=UTC)
DAY = timedelta(days=1)
SECRET = b"s" * 32
ANN = PersonRow(
    "home", "d-1", "Ann Ærlig", "ann@example.org", "+4712345678", ("topic-1", "topic-2"), "acc 7", "de-AT",
    "Europe/Vienna", "22:00-07:00", T0,
)  # fmt: skip
CONSENT = ConsentRow("home", "c1", "d-1", Purpose.MESSAGES, T0, "2026-03", Channel.PAPER, T0 + 9 * DAY, None, "cli")
MESSAGE = MessageRow("home", "m1", "d-1", MessageKind.SURVEY, "survey:s:d-1", '{"a":1}', T0, T0, T0 + DAY)


def test_consents_by_person_purpose_and_end(store: Store) -> None:
    later = replace(CONSENT, consent_id="c0", granted_at=T0 + DAY, expires_at=None)
    taken_back = replace(CONSENT, consent_id="c3", revoked_at=T0 + DAY)
    other = replace(CONSENT, consent_id="c2", person_id="d-0", purpose=Purpose.RESEARCH, expires_at=T0 + 2 * DAY)
    foreign = replace(CONSENT, tenant="depot")
    with store.writing() as unit:
        unit.consents.put([later, CONSENT, taken_back, other, foreign])
        unit.consents.put([CONSENT])
    with store.reading() as unit:
        assert unit.consents.of_person("home", "d-1") == [CONSENT, taken_back, later]
        assert unit.consents.to_purpose("home", Purpose.RESEARCH) == [other]
        assert unit.consents.expiring("home", T0, T0 + 9 * DAY) == [other]
        assert unit.consents.expiring("home", T0 + 9 * DAY, T0 + 10 * DAY) == [CONSENT]
    with store.writing() as unit:
        assert unit.consents.prune(T0 + 2 * DAY) == 1
        assert unit.consents.of_person("home", "d-1") == [CONSENT, later]


def test_messages_are_due_in_order_and_a_key_is_used_once(store: Store) -> None:
    second = replace(MESSAGE, message_id="m2", key="k2", not_before=T0 + DAY)
    with store.writing() as unit:
        unit.messages.add(second)
        unit.messages.add(MESSAGE)
        unit.messages.add(replace(MESSAGE, tenant="depot"))
    with pytest.raises(InvariantError), store.writing() as unit:
        unit.messages.add(replace(MESSAGE, message_id="m9"))
    with store.reading() as unit:
        assert [one.message_id for one in unit.messages.due(["home"], T0, 9)] == ["m1"]
        assert [one.message_id for one in unit.messages.due(["home"], T0 + DAY, 9)] == ["m1", "m2"]
        assert [one.tenant for one in unit.messages.due(["home", "depot"], T0, 1)] == ["home"]
        assert unit.messages.due(["depot", "x"], T0 - DAY, 9) == []
        assert unit.messages.waiting(["home"]) == 2
        kept = unit.messages.with_key("home", "k2")
        assert kept == replace(second, number=kept.number if kept else 0)
        assert unit.messages.find("home", "m3") is None


def test_messages_change_are_counted_and_forgotten(store: Store) -> None:
    with store.writing() as unit:
        for number in range(3):
            unit.messages.add(replace(MESSAGE, message_id=f"m{number}", key=f"k{number}"))
        first, second, _ = unit.messages.of_person("home", "d-1")
        sending = replace(first, status=MessageStatus.SENDING, tries=1, sent_at=T0 + DAY, info="x", way="sms", why="w")
        sent = replace(second, status=MessageStatus.SENT, sent_at=T0, settled_at=T0)
        unit.messages.put([sending, sent])
    with store.reading() as unit:
        assert unit.messages.find("home", "m0") == sending
        assert unit.messages.unsettled(["home"], T0 + 2 * DAY) == [sending]
        assert unit.messages.unsettled(["home"], T0 + DAY) == []
        assert unit.messages.sent("home", "d-1", MessageKind.SURVEY, T0 - DAY) == [T0, T0 + DAY]
        assert unit.messages.sent("home", "d-1", MessageKind.SURVEY, T0) == [T0 + DAY]
        assert unit.messages.sent("home", "d-1", MessageKind.READY, T0 - DAY) == []
        assert [one.message_id for one in unit.messages.last("home", 2)] == ["m2", "m1"]
        assert [one.message_id for one in unit.messages.last("home", 9, before=second.number)] == ["m0"]
        assert unit.messages.last("home", 9, person_id="d-2") == []
    with store.writing() as unit:
        assert unit.messages.prune(T0 + DAY) == 2
        assert [one.message_id for one in unit.messages.last("home", 9)] == ["m2"]


def test_surveys_invitations_and_answers(store: Store) -> None:
    row = SurveyRow("home", "s1", "How was it?", "[]", T0, T0 + DAY)
    asked = InvitationRow("home", "s1", "d-1", "hash-1", T0)
    with store.writing() as unit:
        unit.surveys.put([SurveyRow("home", "s2", "", "[]"), row])
        unit.surveys.put_invitations([asked, replace(asked, person_id="d-2", secret_hash="hash-2")])  # noqa: S106
        unit.surveys.put_invitations([replace(asked, is_answered=True)])
        unit.surveys.add_answer(AnswerRow("home", "s1", "2026-03-01", '{"q":5}'))
    with store.reading() as unit:
        assert unit.surveys.find("home", "s1") == row
        assert [one.survey_id for one in unit.surveys.of("home")] == ["s1", "s2"]
        assert unit.surveys.invitation("hash-1") == replace(asked, is_answered=True)
        assert unit.surveys.invitation("hash-3") is None
        assert [one.person_id for one in unit.surveys.invitations("home", survey_id="s1")] == ["d-1", "d-2"]
        assert [one.person_id for one in unit.surveys.invitations("home", person_id="d-2")] == ["d-2"]
        assert unit.surveys.invitations("depot") == []
        assert [one.answers for one in unit.surveys.answers("home", "s1")] == ['{"q":5}']
    with store.writing() as unit:
        unit.surveys.forget_invitations("home", "d-1")
        assert [one.person_id for one in unit.surveys.invitations("home")] == ["d-2"]


@pytest.fixture(params=["memory", "sqlite", "postgres"])
def people(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[PeopleStore]:
    if request.param == "memory":
        yield MemoryPeopleStore()
        return
    where = tmp_path / "people.db" if request.param == "sqlite" else request.getfixturevalue("new_postgres_url")
    with people_at(where, SECRET) as made:
        yield made


@pytest.mark.requirement("R103")
def test_people_come_back_as_they_were_put(people: PeopleStore) -> None:
    bare, foreign = PersonRow("home", "d-2"), replace(ANN, tenant="depot")
    with people.writing() as rows:
        rows.put([bare, ANN, foreign])
        rows.put([replace(ANN, name="Ann B")])
    with people.reading() as rows:
        assert rows.find("home", "d-1") == replace(ANN, name="Ann B")
        assert rows.find("depot", "d-1") == foreign
        assert rows.find("home", "d-3") is None
        assert set(rows.find_all([("home", "d-2"), ("home", "d-3")])) == {("home", "d-2")}
        assert [one.person_id for one in rows.of("home", after="d-1")] == ["d-2"]
        assert [one.person_id for one in rows.of("home", count=1)] == ["d-1"]
    with people.writing() as rows:
        rows.remove("home", "d-1")
    with people.reading() as rows:
        assert [one.person_id for one in rows.of("home")] == ["d-2"]


def test_what_is_refused_half_way_changes_nobody(people: PeopleStore) -> None:
    def break_off() -> None:
        with people.writing() as rows:
            rows.put([ANN])
            raise InputError("half way")

    with pytest.raises(InputError):
        break_off()
    with people.reading() as rows:
        assert rows.find("home", "d-1") is None


@pytest.mark.requirement("R103")
def test_contact_data_are_not_in_the_file_and_open_with_the_same_secret_only(tmp_path: Path) -> None:
    file = tmp_path / "people.db"
    with people_at(file, SECRET) as made, made.writing() as rows:
        rows.put([ANN])
    written = b"".join(one.read_bytes() for one in tmp_path.iterdir())
    for name in CONTACT:
        value = getattr(ANN, name)
        for text in value if isinstance(value, tuple) else (value,):
            assert text.encode() not in written
    assert b"d-1" in written
    with people_at(file, SECRET) as made, made.reading() as rows:
        assert rows.find("home", "d-1") == ANN
    with pytest.raises(InputError, match="sealed with another secret: put back the secret file"):
        people_at(file, b"t" * 32)


def test_contacts_moved_to_another_row_are_noticed(tmp_path: Path) -> None:
    with people_at(tmp_path / "people.db", SECRET) as made:
        with made.writing() as rows:
            rows.put([ANN, replace(ANN, person_id="d-2", name="Bob")])
            swap = "UPDATE people_persons SET sealed = (SELECT sealed FROM people_persons WHERE person_id = 'd-1')"
            rows.connection.exec_driver_sql(swap)
        with made.reading() as rows, pytest.raises(InvariantError, match="'d-2' are somebody else's"):
            rows.find("home", "d-2")


def test_a_file_of_a_later_evenload_is_refused(tmp_path: Path) -> None:
    with people_at(tmp_path / "people.db", SECRET) as made, made.writing() as rows:
        rows.connection.exec_driver_sql("UPDATE people_layout SET number = 99")
    with pytest.raises(InputError, match="a later evenload"):
        people_at(tmp_path / "people.db", SECRET)


@pytest.mark.requirement("R103")
def test_a_person_is_exported_and_erased_in_every_store(store: Store) -> None:
    people, admin = MemoryPeopleStore(), Scope("home", "test", Role.ADMIN)
    with people.writing() as rows:
        rows.put([ANN])
    with store.writing() as unit:
        unit.drivers.put([DriverRow("home", "d-1", vehicles=("v-1",))])
        unit.vehicles.put([VehicleRow("home", "v-1", "Annmobil", "CARD")])
        unit.wishes.put([WishRow("home", "w-1", "d-1", "v-1")])
        unit.driver_links.put([LinkRow("home", "l-1", "d-1", "hash")])
        unit.devices.put([DeviceRow("home", "dev", "depot", "CP")])
        unit.sessions.put([
            SessionRow("home", "s-1", "dev", "depot", T0, T0, 9.0, unplugged_at=T0 + DAY, vehicle_id="v-1",
                       token="CARD", energy_kwh_delivered=8.5, transaction_id="t-1")  # noqa: S106
        ])  # fmt: skip
        unit.transactions.put([TransactionRow(StationId("home", "CP"), "t-1", 1, T0, token=Token("CARD"))])
        unit.cars.put_sources([SourceRow("home", "v-1", "charger", T0, account="ann")])
        unit.cables.put_stays([CarStayRow("home", "v-1", T0, T0)])
        unit.consents.put([CONSENT])
        unit.messages.add(MESSAGE)
        unit.surveys.put_invitations([InvitationRow("home", "s1", "d-1", "hash-9", T0)])
    told = rights.export(admin, store, people, "d-1", T0 + DAY)
    full = {"consents", "messages", "survey_invitations", "wishes", "driver_links", "sessions", "vehicles"}
    full |= {"car_sources", "car_stays", "drivers"}
    assert {name for name, rows in told.items() if isinstance(rows, list) and rows} == full
    rights.erase(admin, store, people, "d-1", T0 + DAY)
    with store.reading() as unit:
        left = unit.sessions.find("home", "s-1")
        assert left is not None
        assert (left.energy_kwh_delivered, left.token) == (8.5, "")
        assert unit.vehicles.find("home", "v-1") == VehicleRow("home", "v-1")
        assert unit.messages.of_person("home", "d-1")[0].status is MessageStatus.SUPPRESSED
        assert unit.consents.of_person("home", "d-1")[0].revoked_at == T0 + DAY
        assert unit.cars.sources("home", "v-1")[0].account == ""
        assert unit.cables.stays("home", ["v-1"]) == []
        assert unit.driver_links.of("home", "d-1") == []
        assert verify(unit, "home").broken_number is None


def test_identities_may_lie_in_the_same_database_as_the_rest(new_postgres_url: str) -> None:
    with opened(new_postgres_url) as store, people_at(new_postgres_url, SECRET) as made:
        with made.writing() as rows:
            rows.put([ANN])
        with store.reading_connection() as connection:
            assert differences(connection) == []
