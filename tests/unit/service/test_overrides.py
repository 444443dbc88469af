from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from evenload.base.errors import InputError
from evenload.service import overrides, tags
from evenload.service.access_rows import Role
from evenload.service.live_rows import NeedBasis, SessionRow, SiteRow
from evenload.service.overrides import Declared
from evenload.service.refusals import ConflictError, NotFoundError, Refusal, StaleError
from evenload.service.scope import Scope
from evenload.store.memory import MemoryStore

NOON = datetime(2026, 1, 12, 12, tzinfo=UTC)
EIGHT = NOON + timedelta(hours=8)
AGENT = Scope("north", "key:phone", Role.DRIVER_AGENT)
SESSION = SessionRow("north", "S", "D", "depot", NOON - timedelta(hours=1), EIGHT, 20.0)


def furnished(row: SessionRow = SESSION) -> MemoryStore:
    store = MemoryStore()
    with store.writing() as unit:
        unit.sessions.put([row])
    return store


def whys(store: MemoryStore) -> list[tuple[str, str]]:
    with store.reading() as unit:
        assert len(unit.audit.last("north", 9)) == len(unit.decisions.last("north", 9))
        return [(row.kind, row.why) for row in unit.decisions.last("north", 9)]


def test_what_a_driver_says_is_the_surest_and_what_is_left_out_stays() -> None:
    store = furnished()
    kept = overrides.declare(AGENT, store, "S", Declared(energy_kwh=31.5), NOON)
    assert kept == replace(SESSION, energy_kwh=31.5, basis=NeedBasis.DRIVER)
    assert overrides.session(AGENT, store, "S") == kept
    assert whys(store) == [("declared", "key:phone says 31.5 kWh in all by 2026-01-12T20:00:00+00:00")]


def test_zero_is_something_to_say() -> None:
    assert overrides.declare(AGENT, furnished(), "S", Declared(energy_kwh=0.0), NOON).energy_kwh == 0.0


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (Declared(), "nothing was declared"),
        (Declared(departs_at=NOON), "has passed"),
        (Declared(energy_kwh_minimum=21.0), "above energy_kwh"),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_changes(said: Declared, why: str) -> None:
    store = furnished()
    with pytest.raises(InputError, match=why):
        overrides.declare(AGENT, store, "S", said, NOON)
    assert overrides.session(AGENT, store, "S") == SESSION
    assert whys(store) == []


def test_boost_and_opt_out_have_a_reason_and_can_be_taken_back() -> None:
    store = furnished()
    assert overrides.boost(AGENT, store, "S", NOON, on=True, why="to the hospital").boosted
    assert overrides.boost(AGENT, store, "S", NOON, on=True).boosted  # again: nothing new to tell
    assert not overrides.boost(AGENT, store, "S", NOON, on=False).boosted
    assert overrides.opt_out(AGENT, store, "S", NOON, out=True).opted_out
    assert not overrides.opt_out(AGENT, store, "S", NOON, out=False).opted_out
    assert whys(store)[::-1] == [
        ("boosted", "key:phone lets it go before others: to the hospital"),
        ("boost_ended", "key:phone lets it wait its turn again"),
        ("opted_out", "key:phone takes it out: it charges at once"),
        ("opted_in", "key:phone takes it in again"),
    ]


def test_a_session_that_is_over_or_not_there_takes_no_word() -> None:
    store = furnished(replace(SESSION, unplugged_at=NOON))
    with pytest.raises(ConflictError, match="is over") as caught:
        overrides.boost(AGENT, store, "S", NOON, on=True)
    assert caught.value.reason is Refusal.OVER
    with pytest.raises(NotFoundError, match="no session 'T'"):
        overrides.opt_out(AGENT, store, "T", NOON, out=True)


def test_a_word_about_another_state_is_refused() -> None:
    store = furnished()
    overrides.declare(AGENT, store, "S", Declared(energy_kwh=25.0), NOON)
    with pytest.raises(StaleError):
        overrides.declare(AGENT, store, "S", Declared(energy_kwh=30.0), NOON, expected=tags.tag_of(SESSION))


def test_what_a_driver_says_is_told_by_the_clocks_of_the_site() -> None:
    store = furnished()
    with store.writing() as unit:
        unit.sites.put([SiteRow("north", "depot", timezone="Europe/Oslo")])
    overrides.declare(AGENT, store, "S", Declared(energy_kwh=31.5), NOON)
    assert whys(store) == [("declared", "key:phone says 31.5 kWh in all by 2026-01-12T21:00:00+01:00")]
