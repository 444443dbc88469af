"""Other passwords, and the end of access: what is kept after each, and what is refused with which sentence."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from evenload.base.errors import InputError
from evenload.domain.station import ConnectorStatus, Registration, StationDetails, StationId
from evenload.domain.station_commands import ChangePassword, Settlement, Trigger, Wanted
from evenload.domain.station_events import (
    StationBooted,
    StationLost,
    StatusChanged,
    TransactionStarted,
)
from evenload.domain.station_readings import Quality
from evenload.service import admission, orders, station_access
from evenload.service.admission import Credentials
from evenload.service.observe import observe
from evenload.service.rows import OrderRow, StationRow
from evenload.store.memory import MemoryStore

pytestmark = pytest.mark.requirement("R79")

A = StationId("home", "CP1")
T0 = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture
def store() -> MemoryStore:
    made = MemoryStore()
    admission.add(made, A, Credentials(1, "old"), T0)
    return made


def row(store: MemoryStore, station: StationId = A) -> StationRow:
    with store.reading() as unit:
        found = unit.stations.find(station)
    assert found is not None
    return found


def order(store: MemoryStore, order_id: str = "c") -> OrderRow:
    with store.reading() as unit:
        return unit.orders.find([order_id])[0]


def kinds(store: MemoryStore) -> list[str]:
    with store.reading() as unit:
        return [f"{one.kind} {one.body}" for one in unit.events.last("home", 100)]


def password(command_id: str) -> ChangePassword:
    return ChangePassword(command_id=command_id)


def renewal(command_id: str) -> Trigger:
    return Trigger(command_id=command_id, wanted=Wanted.CERTIFICATE)


def told(kind: Any, **more: Any) -> Any:
    return kind(station=A, at=T0, received_at=T0, **more)


def test_a01_and_16_a01_an_order_for_another_password_holds_none(store: MemoryStore) -> None:
    station_access.order_password(store, A, password("c"), T0)
    command = orders.command_of(order(store))
    assert command == ChangePassword(command_id="c", worthless_at=T0 + timedelta(days=7))
    secret = ChangePassword(command_id="d", password="secret")  # noqa: S106
    assert "secret" not in repr(secret)
    with pytest.raises(InputError, match="an order is kept, so it holds no password"):
        orders.order(store, A, secret, T0)


@pytest.mark.parametrize(
    ("how", "expected"),
    [
        (Settlement.DONE, ("new", T0 + timedelta(days=1))),
        (Settlement.AFTER_REBOOT, ("new", T0 + timedelta(days=7))),
        (Settlement.REJECTED, ("", None)),
        (Settlement.NOT_SUPPORTED, ("", None)),
    ],
)
def test_a01_and_16_a01_the_old_password_counts_until_the_other_was_taken_and_a_while_longer(
    store: MemoryStore, how: Settlement, expected: tuple[str, datetime | None]
) -> None:
    station_access.order_password(store, A, password("c"), T0)
    assert station_access.expect_password(store, A, "c", "new")
    assert (row(store).password_hash, row(store).password_hash_next) == ("old", "new")
    station_access.password_answered(store, A, "another", Settlement.REJECTED, T0)  # of an attempt before: not this one
    station_access.password_answered(store, A, "new", how, T0)
    found = row(store)
    assert (found.password_hash, found.password_hash_next, found.password_until) == ("old", *expected)


def test_a01_and_16_a01_who_came_in_by_the_other_one_has_only_that(store: MemoryStore) -> None:
    station_access.order_password(store, A, password("c"), T0)
    station_access.expect_password(store, A, "c", "new")
    assert not station_access.took_password(store, A, "not the one", T0)
    assert (row(store).password_hash, row(store).password_hash_next) == ("old", "new")
    assert station_access.took_password(store, A, "new", T0)
    found = row(store)
    assert (found.password_hash, found.password_hash_next, found.password_until) == ("new", "", None)
    assert order(store).settlement == Settlement.DONE
    assert kinds(store)[-1].startswith("AccessChanged")
    assert not station_access.expect_password(store, A, "c", "later")  # it is done: another attempt would undo it
    assert not station_access.took_password(store, A, "new", T0 + HOUR)
    assert len(kinds(store)) == 1


def test_credentials_set_by_hand_end_a_change_of_password(store: MemoryStore) -> None:
    station_access.order_password(store, A, password("c"), T0)
    station_access.expect_password(store, A, "c", "new")
    admission.approve(store, A, Credentials(1, "by hand"))
    assert (row(store).password_hash, row(store).password_hash_next) == ("by hand", "")


def test_approving_without_saying_how_leaves_what_it_proves_itself_by(store: MemoryStore) -> None:
    station_access.revoke(store, A, "r", T0)
    admission.approve(store, A)
    found = row(store)
    assert (found.approved, found.revoked_at, found.profile, found.password_hash) == (True, None, 1, "old")


def test_a_revoked_station_is_kept_out_even_where_all_are_welcome(store: MemoryStore) -> None:
    station_access.revoke(store, A, "r", T0)
    assert (row(store).approved, row(store).revoked_at) == (False, T0)
    noted = admission.note(store, A, "10.0.0.9:1", T0 + HOUR, welcome=True)
    assert noted is not None
    assert not noted.approved
    with store.reading() as unit:
        assert unit.stations.held("home") == 0
    assert order(store, "r").kind == "Disconnect"
    assert "revoked" in kinds(store)[-1]


def test_a02_to_a03_and_16_a02_and_16_a03_a_newer_certificate_takes_the_place_of_one_that_waits(
    store: MemoryStore,
) -> None:
    station_access.order_installation(store, A, "first", "", "1", T0)
    station_access.order_installation(store, A, "second", "", "2", T0)
    assert (order(store, "1").settlement, order(store, "2").settlement) == ("rejected", "")
    assert station_access.certificate_name(store, A) == "CP1"
    admission.approve(store, A, Credentials(3, "", "SERIAL-7"))
    assert station_access.certificate_name(store, A) == "SERIAL-7"
    station_access.revoke(store, A, "r", T0)
    assert station_access.certificate_name(store, A) is None


def test_a_removed_station_leaves_what_happened_and_nothing_else(store: MemoryStore) -> None:
    observe(store, [
        told(StationBooted, details=StationDetails("V", "M"), registration=Registration.ACCEPTED),
        told(StatusChanged, evse_id=1, connector_id=1, status=ConnectorStatus.CHARGING),
        told(TransactionStarted, evse_id=1, transaction_id="17", register_kwh=1.0),
    ])  # fmt: skip
    station_access.order_password(store, A, password("c"), T0)
    with pytest.raises(InputError, match=r"CP1 has 1 transaction going on \(17\).*--force"):
        station_access.remove(store, A, "gone", T0)
    assert station_access.remove(store, A, "gone", T0, force=True) == 1
    with store.reading() as unit:
        assert unit.stations.find(A) is None
        assert unit.stations.connectors("home") == []
        (kept,) = unit.transactions.last("home", 9)
        assert (kept.ended, kept.reason, kept.ended_at) == (Quality.ESTIMATED, "station removed", T0)
        assert [one.kind for one in unit.orders.to_give(0)] == ["Disconnect"]
    assert order(store, "c").settlement == "rejected"
    observe(store, [told(StationLost)])  # its connection ends after that
    with store.reading() as unit:
        assert unit.stations.find(A) is None
    admission.add(store, A, Credentials(1, "anew"), T0)
    assert row(store).booted_at is None


def test_a_removed_station_whose_transactions_ended_needs_no_force(store: MemoryStore) -> None:
    observe(store, [told(TransactionStarted, evse_id=1, transaction_id="17")])
    with store.writing() as unit:
        unit.transactions.put([replace(unit.transactions.last("home", 1)[0], ended=Quality.MEASURED, ended_at=T0)])
    assert station_access.remove(store, A, "gone", T0 + HOUR) == 0


HELD, CERT, GONE = StationId("home", "HELD"), StationId("home", "CERT"), StationId("home", "CP2")
Call = Callable[[MemoryStore], object]


def both(first: Call, second: Call) -> Call:
    def run(store: MemoryStore) -> None:
        first(store)
        second(store)

    return run


WRONG: dict[str, tuple[Call, str]] = {
    "password, unknown": (
        lambda s: station_access.order_password(s, GONE, password("x"), T0),
        "no station 'CP2'. Did you mean",
    ),
    "password, other tenant": (
        lambda s: station_access.order_password(s, StationId("depot", "CP1"), password("x"), T0),
        "tenant 'depot' has no station",
    ),
    "password, held": (
        lambda s: station_access.order_password(s, HELD, password("x"), T0),
        "HELD is held and does not come in",
    ),
    "password, certificate": (
        lambda s: station_access.order_password(s, CERT, password("x"), T0),
        "comes in by its certificate",
    ),
    "password, twice": (
        both(
            lambda s: station_access.order_password(s, A, password("x"), T0),
            lambda s: station_access.order_password(s, A, password("y"), T0),
        ),
        "being given another password already (order x)",
    ),
    "password, revoked": (
        both(
            lambda s: station_access.revoke(s, A, "r", T0),
            lambda s: station_access.order_password(s, A, password("x"), T0),
        ),
        "CP1 was revoked and does not come in; `evenload ocpp approve CP1` lets it in",
    ),
    "renewal, unknown": (lambda s: station_access.order_renewal(s, GONE, renewal("x"), T0), "no station 'CP2'"),
    "renewal, held": (lambda s: station_access.order_renewal(s, HELD, renewal("x"), T0), "HELD is held"),
    "revoke, unknown": (lambda s: station_access.revoke(s, GONE, "x", T0), "no station 'CP2'"),
    "revoke, twice": (
        both(lambda s: station_access.revoke(s, A, "x", T0), lambda s: station_access.revoke(s, A, "y", T0)),
        "was revoked already, on 2026-03-01",
    ),
    "remove, unknown": (lambda s: station_access.remove(s, GONE, "x", T0), "no station 'CP2'"),
    "remove, twice": (lambda s: [station_access.remove(s, A, name, T0) for name in ("x", "y")], "no station 'CP1'"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_cannot_be_is_a_sentence(store: MemoryStore, name: str) -> None:
    admission.note(store, HELD, "", T0)
    admission.add(store, CERT, Credentials(3), T0)
    call, words = WRONG[name]
    with pytest.raises(InputError) as raised:
        call(store)
    assert words in str(raised.value)


def test_after_a_week_another_password_may_be_ordered_anew(store: MemoryStore) -> None:
    station_access.order_password(store, A, password("x"), T0)
    station_access.order_password(store, A, password("y"), T0 + timedelta(days=8))
    assert order(store, "y").settlement == ""
