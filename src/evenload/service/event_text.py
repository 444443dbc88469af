"""Events as rows of the log, without secrets."""

from typing import Any, Final

import msgspec

from evenload.domain.station_commands import CommandSettled
from evenload.domain.station_events import DataReceived, MeterSampled, SettingsReported, StationEvent, StationSeen
from evenload.service.frame_text import without_secrets
from evenload.service.rows import EventRow

_COLUMNS: Final = ("station", "at", "received_at", "evse_id")
_SECRET_WORDS: Final = ("authorizationkey", "password", "secret")
_HIDDEN: Final = "(hidden)"


def is_logged(event: StationEvent) -> bool:
    """Whether an event goes to the log. Signs of life and readings are kept elsewhere; signed readings here too."""
    return not isinstance(event, StationSeen) and (not isinstance(event, MeterSampled) or bool(event.signed_data))


def row_of(event: StationEvent) -> EventRow:
    """An event as a row."""
    fields: dict[str, Any] = msgspec.to_builtins(event, enc_hook=str)
    if isinstance(event, SettingsReported):
        fields["values"] = {name: hidden(name, value) for name, value in event.values.items()}
    elif isinstance(event, CommandSettled):
        fields["value"] = without_secrets(fields["value"])
    elif isinstance(event, DataReceived):
        fields["data"] = without_secrets({"messageId": event.message, "data": fields["data"]})["data"]
    body = {name: value for name, value in fields.items() if name not in _COLUMNS and value not in (None, "", [])}
    text = msgspec.json.encode(body).decode()
    return EventRow(event.station, event.at, event.received_at, event.evse_id, type(event).__name__, text)


def hidden(name: str, value: str | None) -> str | None:
    """A setting's value, but not where it is a secret by its name."""
    return _HIDDEN if value and any(word in name.casefold() for word in _SECRET_WORDS) else value
