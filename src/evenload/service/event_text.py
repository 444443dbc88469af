"""Events as rows of the log, without secrets."""

from functools import cache
from typing import Any, Final

import msgspec

from evenload.domain.station_commands import PASSING, CommandSettled
from evenload.domain.station_events import DataReceived, MeterSampled, SettingsReported, StationEvent, StationSeen
from evenload.service.frame_text import without_secrets
from evenload.service.rows import EventRow

_COLUMNS: Final = ("station", "at", "received_at", "evse_id")
_SECRET_WORDS: Final = ("authorizationkey", "password", "secret")
_HIDDEN: Final = "(hidden)"
_NOTHING: Final[tuple[object, ...]] = (None, "", (), [])
_encoder: Final = msgspec.json.Encoder(enc_hook=str)


def is_logged(event: StationEvent) -> bool:
    """Whether an event goes to the log. Signs of life and readings are kept elsewhere; signed readings here too."""
    if isinstance(event, CommandSettled):
        return not event.command_id.startswith(PASSING)
    return not isinstance(event, StationSeen) and (not isinstance(event, MeterSampled) or bool(event.signed_data))


def row_of(event: StationEvent) -> EventRow:
    """An event as a row."""
    fields: dict[str, Any] = {name: getattr(event, name) for name in _own_fields(type(event))}
    if isinstance(event, SettingsReported):
        fields["values"] = {name: hidden(name, value) for name, value in event.values.items()}
    elif isinstance(event, CommandSettled):
        fields["value"] = without_secrets(_plain(event.value))
    elif isinstance(event, DataReceived):
        fields["data"] = without_secrets({"messageId": event.message, "data": _plain(event.data)})["data"]
    text = _encoder.encode({name: value for name, value in fields.items() if value not in _NOTHING}).decode()
    return EventRow(event.station, event.at, event.received_at, event.evse_id, type(event).__name__, text)


@cache
def _own_fields(kind: type[StationEvent]) -> tuple[str, ...]:
    return tuple(name for name in kind.__struct_fields__ if name not in _COLUMNS)


def _plain(value: object) -> Any:  # noqa: ANN401 - JSON
    return msgspec.to_builtins(value, enc_hook=str)


def hidden(name: str, value: str | None) -> str | None:
    """A setting's value, but not where it is a secret by its name."""
    return _HIDDEN if value and any(word in name.casefold() for word in _SECRET_WORDS) else value
