"""Order: commands to stations, kept until they were carried out. Each call is one unit of work."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

import msgspec

from evenload.base.errors import InputError
from evenload.domain import station_commands
from evenload.domain.station import StationId
from evenload.domain.station_commands import (
    ChangePassword,
    ClearProfile,
    Command,
    CommandSettled,
    SetFallback,
    SetProfile,
    Settlement,
    Trigger,
)
from evenload.service.admission import check_evse, known_station
from evenload.service.frame_text import HIDDEN, without_secrets
from evenload.service.ports import Store, Unit
from evenload.service.rows import OrderRow

_KINDS: Final = {
    name: kind
    for name, kind in vars(station_commands).items()
    if isinstance(kind, type) and issubclass(kind, Command) and kind is not Command
}
_UNANSWERED: Final = ("", Settlement.NO_ANSWER.value)
_WANTED: Final = (SetFallback, SetProfile)
STANDING: Final = frozenset(kind.__name__ for kind in _WANTED)
"""Kinds of orders that are wanted until another takes their place."""

_VALUE_CHARACTERS_MAX: Final = 1 << 18


def order(store: Store, station: StationId, command: Command, now: datetime) -> None:
    """Have a command given to a station as soon as it is connected; ``InputError`` where there is none such, or no
    such EVSE."""
    with store.writing() as unit:
        known_station(unit, station)
        if not isinstance(command, (ClearProfile, Trigger)):  # which end such a mistake
            check_evse(unit, station, command.evse_id)
        give(unit, station, command, now)


def give(unit: Unit, station: StationId, command: Command, now: datetime) -> None:
    """The same within a unit of work.

    Limits are standing: they take the place of those of their kind and EVSE. ``InputError`` where there is no such
    station.
    """
    if isinstance(command, ChangePassword) and command.password:
        raise InputError("an order is kept, so it holds no password: it is drawn when the order is carried out")
    known_station(unit, station)
    unit.orders.put(superseded(one, now) for one in unit.orders.standing(station) if gives_way(one, command))
    unit.orders.add(row_of(station, command, now))


def row_of(station: StationId, command: Command, now: datetime) -> OrderRow:
    """A command as it is kept: limits are worthless when they end."""
    ends = command.limits.end if isinstance(command, SetProfile) else command.worthless_at
    return OrderRow(
        command.command_id, station, type(command).__name__, command.evse_id, msgspec.json.encode(command).decode(),
        now, ends, standing=isinstance(command, _WANTED),
    )  # fmt: skip


def gives_way(row: OrderRow, command: Command) -> bool:
    """Whether a standing order is wanted no more once a command is given to its station."""
    if isinstance(command, ClearProfile):
        plans_only = not command.fallback and row.kind == SetFallback.__name__
        return command.evse_id in (0, row.evse_id) and not plans_only
    return row.kind == type(command).__name__ and row.evse_id == command.evse_id


def superseded(row: OrderRow, now: datetime) -> OrderRow:
    """A standing order that is wanted no more; one that nobody answered ends by that."""
    if row.settlement not in _UNANSWERED:
        return replace(row, standing=False)
    return replace(row, standing=False, settlement=Settlement.SUPERSEDED.value, settled_at=now)


def command_of(row: OrderRow) -> Command:
    """The command of a row."""
    try:
        return msgspec.json.decode(row.body, type=_KINDS[row.kind])
    except (KeyError, msgspec.ValidationError, msgspec.DecodeError) as error:
        raise InputError(f"order {row.order_id} of kind {row.kind!r} cannot be read: {error}") from error


def to_give(store: Store, number: int, now: datetime) -> Sequence[OrderRow]:
    """Orders after a number that are to be given now or when their station comes."""
    with store.reading() as unit:
        return [one for one in unit.orders.to_give(number) if one.worthless_at is None or one.worthless_at > now]


def settled(row: OrderRow, end: CommandSettled) -> OrderRow:
    """An order after its end."""
    return replace(
        row, settlement=str(end.settlement), info=end.info, value=_value_text(end.value), settled_at=end.received_at
    )


def _value_text(value: object) -> str:
    """What was asked for as JSON, without secrets; far too much of it is not kept."""
    if value is None:
        return ""
    text = msgspec.json.encode(without_secrets(msgspec.to_builtins(value, enc_hook=str))).decode()
    return text if len(text) <= _VALUE_CHARACTERS_MAX else msgspec.json.encode(HIDDEN).decode()


def outcome(store: Store, order_id: str) -> OrderRow | None:
    """An order that has ended, ``None`` while it has not."""
    with store.reading() as unit:
        return next((row for row in unit.orders.find([order_id]) if row.settlement), None)
