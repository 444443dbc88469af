import dataclasses
import inspect
from datetime import UTC, datetime

import pytest

from evenload.domain import station_commands, station_events
from evenload.domain.station import StationId, Token, TokenStatus
from evenload.domain.station_commands import Command, Settlement
from evenload.domain.station_events import StationEvent, StationSeen
from evenload.domain.station_limits import Disobedience


def all_of(module: object, base: type) -> list[type]:
    return [one for _, one in inspect.getmembers(module, inspect.isclass) if issubclass(one, base)]


def test_a_station_is_named_with_its_tenant() -> None:
    assert str(StationId("acme", "CP-1")) == "acme/CP-1"
    assert StationId("a", "z") < StationId("b", "a")


@pytest.mark.parametrize(("one", "other"), [("Tag", "TAG"), (" tag ", "tag"), ("Straße", "STRASSE")])
def test_tokens_are_compared_without_case(one: str, other: str) -> None:
    assert Token(one).key == Token(other).key
    assert Token("a").key != Token("b").key


def test_every_reason_has_its_sentence() -> None:
    for reason in [*TokenStatus, *Settlement, *Disobedience]:
        assert reason.sentence
        assert reason.sentence[0].islower()


def test_events_and_commands_are_frozen_and_say_where_they_belong() -> None:
    events, commands = all_of(station_events, StationEvent), all_of(station_commands, Command)
    assert len(events) > 20
    assert len(commands) > 15
    assert all(one.__struct_config__.frozen for one in events)  # type: ignore[attr-defined]
    assert all(one.__dataclass_params__.frozen for one in commands)  # type: ignore[attr-defined]
    assert all(one.__doc__ for one in events + commands)
    assert {field.name for field in dataclasses.fields(Command)} == {"command_id", "evse_id", "worthless_at"}


def test_an_event_tells_when_it_happened_and_when_it_came_in() -> None:
    at, received = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 2, tzinfo=UTC)
    event = StationSeen(station=StationId("a", "b"), at=at, received_at=received)
    assert (event.at, event.received_at, event.evse_id) == (at, received, 0)
    with pytest.raises(AttributeError):
        event.at = received  # type: ignore[misc]
