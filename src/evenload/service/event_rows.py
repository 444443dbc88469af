"""Rows of the log as events again, for another server that is to know of them."""

from functools import cache
from typing import Any, Final, get_origin

import msgspec
from msgspec import structs

from evenload.base.errors import InputError
from evenload.domain import station_commands, station_events
from evenload.domain.station_commands import PASSING, CommandSettled
from evenload.domain.station_events import StationEvent, StationSeen
from evenload.service.rows import EventRow

_KINDS: Final = {
    name: kind
    for module in (station_events, station_commands)
    for name, kind in vars(module).items()
    if isinstance(kind, type) and issubclass(kind, StationEvent) and kind is not StationEvent
}

KINDS_LOGGED: Final = tuple(
    sorted(name for name, kind in _KINDS.items() if kind is not StationSeen and not kind.__subclasses__())
)
"""Kinds of events that the log can hold."""


def is_told_on(event: StationEvent) -> bool:
    """Whether another server is to know of an event: readings too, but no signs of life, which are said together."""
    if isinstance(event, CommandSettled):
        return not event.command_id.startswith(PASSING)
    return not isinstance(event, StationSeen)


def event_of(row: EventRow) -> StationEvent:
    """The event that a row of the log stands for, without the secrets it had; ``InputError`` where it is none."""
    kind = _KINDS.get(row.kind)
    if kind is None:
        raise InputError(f"there is no event {row.kind!r}")
    try:
        told = _missing(kind) | msgspec.json.decode(row.body, type=dict[str, Any])
        told |= {"station": row.station, "at": row.at, "received_at": row.received_at, "evse_id": row.evse_id}
        return msgspec.json.decode(msgspec.json.encode(told), type=kind)
    except (msgspec.ValidationError, msgspec.DecodeError) as error:
        raise InputError(f"the event {row.kind} of {row.station} cannot be read: {error}") from error


@cache
def _missing(kind: type[StationEvent]) -> dict[str, Any]:
    """What a row leaves out because nothing is in it."""
    return {one.name: _nothing_of(one.type) for one in structs.fields(kind) if one.required}


def _nothing_of(annotation: Any) -> Any:  # noqa: ANN401 - any type, any JSON
    if annotation is str:
        return ""
    return [] if get_origin(annotation) is tuple else None
