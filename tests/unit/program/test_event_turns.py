"""Turns: no span of 60 s changes more than a cap, everything is given back, and nobody waits without a reason."""

from datetime import datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenload.base.errors import InputError
from evenload.base.instants import parse_instant
from evenload.program.event_member import Member, Turn
from evenload.program.event_turns import Room, in_turns, whole_minute

AT = parse_instant("2026-07-14T21:00:00Z")


def fleet(powers_kw: list[float], circuits: tuple[str, ...] = ("T1", "F1")) -> list[Member]:
    return [Member(participant_id=f"m{i}", power_kw=kw, circuits=circuits) for i, kw in enumerate(powers_kw)]


def most_in_60_s(turns: list[Turn]) -> float:
    """Of all half-open spans of 60 s; one that holds most starts at a turn."""
    return max(
        (sum(t.power_kw for t in turns if one.at <= t.at < one.at + timedelta(seconds=60)) for one in turns),
        default=0.0,
    )


@pytest.mark.requirement("R20")
@given(
    powers=st.lists(st.floats(0.5, 25.0), max_size=40),
    cap_t1=st.floats(1.0, 60.0),
    cap_f=st.floats(1.0, 60.0),
    over=st.integers(0, 20),
    offset=st.lists(st.floats(0, 300), max_size=8),
    seed=st.integers(0, 99),
)
def test_no_span_of_a_minute_changes_more_than_a_cap(
    powers: list[float], cap_t1: float, cap_f: float, over: int, offset: list[float], seed: int
) -> None:
    members = [
        Member(participant_id=f"m{i}", power_kw=kw, circuits=(f"T{i % 2 + 1}", "F")) for i, kw in enumerate(powers)
    ]
    room = Room({"T1": cap_t1, "F": cap_f})
    turns = in_turns(members, room, AT, over, np.random.default_rng(seed))
    late = [Member(participant_id=f"late{i}", power_kw=3.7, circuits=("T1", "F")) for i in range(len(offset))]
    placed = [
        room.place(one, AT + timedelta(seconds=seconds)) for one, seconds in zip(late, sorted(offset), strict=True)
    ]
    both = [turn for one in members for turn in turns[one.participant_id]] + [turn for one in placed for turn in one]
    first = [turn for one in members if "T1" in one.circuits for turn in turns[one.participant_id]]
    assert most_in_60_s(both) <= cap_f + 1e-3
    assert most_in_60_s(first + [turn for one in placed for turn in one]) <= cap_t1 + 1e-3
    for one in members:
        assert sum(turn.power_kw for turn in turns[one.participant_id]) == pytest.approx(one.power_kw, abs=1e-4)


@pytest.mark.requirement("R20")
def test_three_cars_of_7_kw_at_10_kw_a_minute_take_three_minutes() -> None:
    turns = in_turns(fleet([7.0, 7.0, 7.0]), Room({"F1": 10.0}), AT, 0, np.random.default_rng(1))
    assert sorted(one[0].at for one in turns.values()) == [AT + timedelta(minutes=i) for i in range(3)]
    assert all(len(one) == 1 for one in turns.values())


def test_a_device_above_the_cap_returns_in_parts() -> None:
    (member,) = fleet([22.0])
    assert Room({"F1": 10.0}).place(member, AT) == (
        Turn(AT, 10.0),
        Turn(AT + timedelta(minutes=1), 10.0),
        Turn(AT + timedelta(minutes=2), 2.0),
    )


def test_an_opt_out_between_minutes_is_at_once_where_there_is_room_in_both() -> None:
    (member,) = fleet([7.0])
    between = AT + timedelta(seconds=37)
    assert Room({"F1": 10.0}).place(member, between) == (Turn(between, 7.0),)
    room = Room({"F1": 10.0})
    room.spend(("F1",), Turn(AT + timedelta(minutes=1), 5.0))
    assert room.place(member, between) == (Turn(AT + timedelta(minutes=2), 7.0),)


@pytest.mark.requirement("R20")
def test_turns_are_spread_by_chance_and_the_same_for_the_same_generator() -> None:
    members = fleet([7.0] * 400, circuits=())

    def drawn(seed: int) -> dict[str, tuple[Turn, ...]]:
        return in_turns(members, Room({}), AT, 20, np.random.default_rng(seed))

    assert drawn(3) == drawn(3) != drawn(4)
    minutes = [(one[0].at - AT) // timedelta(minutes=1) for one in drawn(3).values()]
    assert set(minutes) == set(range(20))
    counts = np.bincount(minutes)  # 20 expected in each minute, standard deviation 4.4
    assert counts.max() <= 20 + 5 * 4.4


def test_ten_thousand_devices_at_a_tight_feeder_are_placed_soon() -> None:
    members = fleet([7.4, 3.6] * 5000)
    turns = in_turns(members, Room({"F1": 100.0, "T1": 1000.0}), AT, 15, np.random.default_rng(2))
    last = max(one[-1].at for one in turns.values())
    assert timedelta(minutes=549) <= last - AT <= timedelta(minutes=600)  # 55,000 kW at 100 a minute


@pytest.mark.parametrize("seconds", [0, 0.5, 59])
def test_a_whole_minute_is_at_or_after(seconds: float) -> None:
    at: datetime = whole_minute(AT + timedelta(seconds=seconds))
    assert at == (AT if seconds == 0 else AT + timedelta(minutes=1))


def test_a_cap_of_nothing_is_refused() -> None:
    with pytest.raises(InputError, match="above 0"):
        Room({"F1": 0.0})
