"""Who may come in."""

from datetime import UTC, datetime

import pytest

from evenload.base.errors import InputError
from evenload.domain.station import StationId, Token, TokenStatus
from evenload.service import admission
from evenload.service.admission import Credentials
from evenload.service.rows import StationRow
from evenload.store.memory import MemoryStore

A = StationId("home", "Garage-1")
T0 = datetime(2026, 3, 1, 12, tzinfo=UTC)


def test_a_station_that_knocks_is_held_until_it_is_approved() -> None:
    store = MemoryStore()
    admission.note(store, A, "10.0.0.9:1", T0)
    with store.reading() as unit:
        assert unit.stations.find(A) == StationRow(A, address="10.0.0.9:1", noted_at=T0)
    row = admission.approve(store, A, Credentials(1, "hash"))
    assert (row.approved, row.profile, row.password_hash) == (True, 1, "hash")
    again = admission.note(store, A, "10.0.0.9:2", T0)
    assert again is not None
    assert (again.approved, again.password_hash) == (True, "hash")


def test_where_all_are_welcome_it_comes_in_at_once() -> None:
    row = admission.note(MemoryStore(), A, "", T0, welcome=True)
    assert row is not None
    assert row.approved


def test_knocking_under_ever_new_names_fills_no_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(admission, "HELD_MAX", 3)
    store = MemoryStore()
    noted = [admission.note(store, StationId("home", f"x{n}"), "", T0) for n in range(9)]
    assert sum(row is not None for row in noted) == 3
    assert admission.note(store, StationId("home", "x0"), "", T0) is not None
    with store.reading() as unit:
        assert unit.stations.held("home") == 3


def test_sentences_for_who_is_there_already_and_who_is_not() -> None:
    store = MemoryStore()
    admission.add(store, A, Credentials(), T0)
    with pytest.raises(InputError, match="Garage-1 is there already"):
        admission.add(store, A, Credentials(), T0)
    with pytest.raises(InputError, match=r"no station 'garage1'\. Did you mean 'Garage-1'?"):
        admission.approve(store, StationId("home", "garage1"), Credentials())


@pytest.mark.parametrize("text", ["", "  ", "x" * 37])
def test_a_token_that_no_station_can_send_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="a token has 1 to 36 characters"):
        admission.put_token(MemoryStore(), "home", Token(text), TokenStatus.ACCEPTED)
    admission.put_token(MemoryStore(), "home", Token("x" * 36), TokenStatus.ACCEPTED)
