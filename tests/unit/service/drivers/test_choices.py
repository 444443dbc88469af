"""Skip, boost, opt out, vacation: what they do to a car, when they end, and that each can be undone."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from evenload.base.errors import InputError
from evenload.service import overrides
from evenload.service.access_rows import Role
from evenload.service.driver_rows import ChoiceKind, DriverRow
from evenload.service.drivers import choosing, standing, wishing
from evenload.service.live_rows import LimitRow, NeedBasis, VehicleRow
from evenload.service.overrides import Declared
from evenload.service.refusals import ConflictError, ForbiddenError, NotFoundError
from evenload.service.scope import Scope

HOUR = timedelta(hours=1)


def settled(home: Any) -> int:
    with home.store.writing() as unit:
        return standing.settle(unit, "t", home.now)


def actions(home: Any) -> list[str]:
    with home.store.reading() as unit:
        return [one.action for one in reversed(unit.audit.last("t", 99))]


@pytest.mark.requirement("R45")
def test_a_night_is_skipped_at_once_and_the_wish_is_back_at_noon(home: Any) -> None:
    wishing.put_wish(home.ann, home.store, home.wish(energy_kwh=30.0), home.id(), home.now)
    session = home.plug_in()
    assert (session.energy_kwh, session.basis) == (30.0, NeedBasis.WISH)
    choice = choosing.skip(home.ann, home.store, home.choice(reason="on foot"), home.now)
    assert choice.end == datetime(2026, 1, 9, 11, tzinfo=UTC)
    assert (home.session().energy_kwh, home.session().departs_at) == (2.0, datetime(2026, 1, 10, 6, tzinfo=UTC))
    assert choosing.skip(home.ann, home.store, home.choice(), home.now).choice_id == choice.choice_id
    home.later(hours=16)
    assert settled(home) == 0
    assert home.session().energy_kwh == 2.0
    home.later(hours=2)
    assert settled(home) == 1
    assert settled(home) == 0
    assert home.session().energy_kwh == 30.0
    with home.store.reading() as unit:
        whys = [one.why for one in unit.decisions.last("t", 9)]
    assert "its driver skips this night: it gets its minimum: on foot" in whys
    assert "the night that was skipped is over" in whys
    assert actions(home)[-1] == "drivers.skip"


def test_undoing_a_skip_gives_back_what_was_said_of_this_stay(home: Any) -> None:
    session = home.plug_in()
    said = Declared(31.0, home.now + 9 * HOUR)
    overrides.declare(home.scope, home.store, session.session_id, said, home.now)
    choice = choosing.skip(home.ann, home.store, home.choice(), home.now)
    assert home.session().energy_kwh == 2.0
    undone = choosing.undo(home.ann, home.store, "ann", choice.choice_id, home.now)
    after = home.session()
    assert (after.energy_kwh, after.departs_at, after.basis) == (31.0, home.now + 9 * HOUR, NeedBasis.DRIVER)
    assert (undone.undone_by, undone.settled) == ("link:abc", True)
    assert choosing.undo(home.ann, home.store, "ann", choice.choice_id, home.now) == undone
    assert actions(home)[-2:] == ["drivers.skip", "drivers.undo"]
    assert [one.choice_id for one in choosing.choices(home.ann, home.store, "ann")] == [choice.choice_id]


def test_a_car_that_comes_during_a_skipped_night_is_held_too(home: Any) -> None:
    choosing.skip(home.ann, home.store, home.choice(), home.now)
    home.later(hours=2)
    assert home.plug_in().energy_kwh == 2.0
    home.later(days=1)
    home.unplug()
    settled(home)
    assert home.plug_in().energy_kwh == 12.0


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        (datetime(2026, 3, 28, 20, tzinfo=UTC), datetime(2026, 3, 29, 10, tzinfo=UTC)),  # 23 h
        (datetime(2026, 3, 29, 0, 30, tzinfo=UTC), datetime(2026, 3, 29, 10, tzinfo=UTC)),  # in this night
        (datetime(2026, 10, 24, 20, tzinfo=UTC), datetime(2026, 10, 25, 11, tzinfo=UTC)),  # 25 h
        (datetime(2026, 10, 25, 4, 59, tzinfo=UTC), datetime(2026, 10, 25, 11, tzinfo=UTC)),  # 05:59
        (datetime(2026, 10, 25, 5, 0, tzinfo=UTC), datetime(2026, 10, 26, 11, tzinfo=UTC)),  # 06:00: the next
    ],
)
def test_a_night_ends_at_local_noon_on_days_of_23_and_25_hours(now: datetime, expected: datetime) -> None:
    assert choosing.end_of_night(now, "Europe/Oslo") == expected


def test_a_boost_is_of_one_stay(home: Any) -> None:
    with pytest.raises(ConflictError, match="no vehicle of ann is plugged in now"):
        choosing.boost(home.ann, home.store, home.choice(), home.now)
    home.plug_in()
    choice = choosing.boost(home.ann, home.store, home.choice(), home.now)
    assert home.session().boosted
    assert choosing.boost(home.ann, home.store, home.choice(), home.now).choice_id == choice.choice_id
    choosing.undo_last(home.ann, home.store, "ann", ChoiceKind.BOOST, home.now)
    assert not home.session().boosted
    choosing.boost(home.ann, home.store, home.choice(), home.now)
    home.later(hours=1)
    home.unplug()
    home.later(hours=1)
    assert not home.plug_in().boosted
    assert settled(home) == 1
    with pytest.raises(NotFoundError, match="no boost that could be undone"):
        choosing.undo_last(home.ann, home.store, "ann", ChoiceKind.BOOST, home.now)


def test_a_boost_during_a_skipped_night_says_what_to_do(home: Any) -> None:
    home.plug_in()
    choosing.skip(home.ann, home.store, home.choice(), home.now)
    with pytest.raises(ConflictError, match=r"this night is skipped.*undo that first"):
        choosing.boost(home.ann, home.store, home.choice(), home.now)


@pytest.mark.requirement("R21", "R47")
def test_opting_out_before_an_event_holds_for_its_window_alone(home: Any) -> None:
    start = home.now + 2 * HOUR
    with home.store.writing() as unit:
        unit.limits.put([LimitRow("t", "peak-1", "T7", start, start + 2 * HOUR, 10.0, "evening peak")])
    choice = choosing.opt_out(home.ann, home.store, home.choice(event_id="peak-1", reason="night shift"), home.now)
    assert (choice.start, choice.end, choice.applied_to) == (start, start + 2 * HOUR, "")
    again = choosing.opt_out(home.ann, home.store, home.choice(event_id="peak-1"), home.now)
    assert again.choice_id == choice.choice_id
    home.plug_in()
    assert not home.session().opted_out
    home.later(hours=2)
    assert settled(home) == 1
    assert home.session().opted_out
    home.later(hours=2)
    assert settled(home) == 1
    assert not home.session().opted_out


@pytest.mark.requirement("R21")
def test_opting_out_during_an_event_and_undoing_it(home: Any) -> None:
    home.plug_in()
    choice = choosing.opt_out(home.ann, home.store, home.choice(reason="leaves early"), home.now)
    assert home.session().opted_out
    assert choice.end is None
    choosing.undo(home.ann, home.store, "ann", choice.choice_id, home.now)
    assert not home.session().opted_out


def test_two_opt_outs_that_overlap_end_with_the_last(home: Any) -> None:
    home.plug_in()
    first = choosing.opt_out(home.ann, home.store, home.choice(end=home.now + HOUR), home.now)
    second = choosing.opt_out(home.ann, home.store, home.choice(end=home.now + 3 * HOUR), home.now)
    covered = choosing.opt_out(home.ann, home.store, home.choice(end=home.now + 2 * HOUR), home.now)
    assert covered.choice_id in (first.choice_id, second.choice_id)
    home.later(hours=1)
    settled(home)
    assert home.session().opted_out
    home.later(hours=2)
    settled(home)
    assert not home.session().opted_out


def test_on_vacation_a_car_keeps_its_minimum_and_nobody_is_nudged(home: Any) -> None:
    home.plug_in()
    end = home.now + timedelta(days=8)
    choice = choosing.vacation(home.ann, home.store, home.choice(start=home.now + HOUR, end=end), home.now)
    assert home.session().energy_kwh == 12.0
    home.later(hours=1)
    assert settled(home) == 1
    assert home.session().energy_kwh == 2.0
    assert home.session().departs_at > end
    with home.store.reading() as unit:
        assert standing.is_away(unit, "t", "ann", home.now)
        assert not standing.is_away(unit, "t", "ann", end)
    choosing.undo(home.ann, home.store, "ann", choice.choice_id, home.now)
    assert home.session().energy_kwh == 12.0
    with home.store.reading() as unit:
        assert not standing.is_away(unit, "t", "ann", home.now)


def test_what_cannot_be_is_refused_with_what_is_wrong(home: Any) -> None:
    ann, store, now = home.ann, home.store, home.now
    with pytest.raises(NotFoundError, match="no event 'peak-9'"):
        choosing.opt_out(ann, store, home.choice(event_id="peak-9"), now)
    with pytest.raises(InputError, match="would end before it begins"):
        choosing.vacation(ann, store, home.choice(start=now + 2 * HOUR, end=now + HOUR), now)
    with pytest.raises(InputError, match="over already"):
        choosing.opt_out(ann, store, home.choice(start=now - 3 * HOUR, end=now - HOUR), now)
    with pytest.raises(InputError, match="longer than a year"):
        choosing.vacation(ann, store, home.choice(end=now + timedelta(days=400)), now)
    with pytest.raises(NotFoundError, match=r"no vehicle 'laef'.*'leaf'"):
        choosing.skip(ann, store, home.choice(vehicle_id="laef"), now)
    choice = choosing.opt_out(ann, store, home.choice(end=now + HOUR), now)
    home.later(hours=2)
    with pytest.raises(ConflictError, match="opt-out is over"):
        choosing.undo(ann, store, "ann", choice.choice_id, home.now)
    with pytest.raises(NotFoundError, match="has made no choice"):
        choosing.undo(ann, store, "ann", "nothing", home.now)


def test_only_the_driver_and_who_speaks_for_drivers_may(home: Any) -> None:
    for role in (Role.DRIVER_AGENT, Role.OPERATOR, Role.ADMIN):
        choosing.skip(Scope("t", "user:x", role), home.store, home.choice(), home.now)
    with pytest.raises(ForbiddenError):
        choosing.skip(Scope("t", "user:x", Role.VIEWER), home.store, home.choice(), home.now)
    for stranger in (Scope("t", "link:z", Role.DRIVER, "bob"), Scope("other", "link:z", Role.DRIVER, "ann"),
                     Scope("other", "user:x", Role.ADMIN), Scope("t", "user:y", Role.DRIVER)):  # fmt: skip
        with pytest.raises(NotFoundError):
            choosing.skip(stranger, home.store, home.choice(), home.now)
        with pytest.raises(NotFoundError):
            choosing.choices(stranger, home.store, "ann")


def test_several_cars_have_to_be_told_apart(home: Any) -> None:
    with home.store.writing() as unit:
        unit.vehicles.put([VehicleRow("t", "van")])
        unit.drivers.put([DriverRow("t", "ann", vehicles=("leaf", "van"), site_id="home")])
    with pytest.raises(NotFoundError, match="say which vehicle: ann has leaf, van"):
        wishing.wish(home.ann, home.store, "ann")
    home.plug_in()
    assert choosing.boost(home.ann, home.store, home.choice(), home.now).vehicle_id == "leaf"
    with pytest.raises(ConflictError, match="van is not plugged in now"):
        choosing.boost(home.ann, home.store, home.choice(vehicle_id="van"), home.now)
