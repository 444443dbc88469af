"""Logs: one line an entry, as text or JSON, to standard error; secrets never."""

import json
import logging
import re
import sys
from datetime import UTC, datetime
from math import isfinite
from typing import Final, TextIO

_SECRETS: Final = re.compile(
    r"(?i)((?:basic|bearer)\s+|(?:authorization_?key|password|secret)(?:[\"']\s*,\s*[\"']value)?[\"'\s:=]+)[^\s\"',}\]]+"
)
_FIELD: Final = re.compile(r"%%|(?:(\w+)=)?(%)[-+ #0]*\d*(?:\.\d+)?[a-z]|(\w+)=(\w+)")
_STANDARD: Final = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime"}


def without_secrets(text: str) -> str:
    """A text whose passwords, keys and credentials are hidden."""
    return _SECRETS.sub(r"\1(hidden)", text)


class TextLines(logging.Formatter):
    """Time, level and text; a defect with its traceback."""

    def format(self, record: logging.LogRecord) -> str:
        """One entry."""
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        text = f"{at} {record.levelname.lower():7} {record.name.removeprefix('evenload.')} {record.getMessage()}"
        if record.exc_info:
            text += "\n" + self.formatException(record.exc_info)
        return without_secrets(text)


def fields_of(record: logging.LogRecord) -> dict[str, object]:
    """What an entry says as ``name=value``, and what was logged beside it."""
    values = iter(record.args if isinstance(record.args, tuple) else ())
    found: dict[str, object] = {}
    for place in _FIELD.finditer(str(record.msg)):
        name, is_value, fixed, word = place.groups()
        value = next(values, "") if is_value else word
        if name or fixed:
            found[name or fixed] = value
    return found | {name: value for name, value in vars(record).items() if name not in _STANDARD}


class JsonLines(logging.Formatter):
    """One JSON object a line; what an entry says as ``name=value`` has keys of its own, numbers as numbers."""

    def format(self, record: logging.LogRecord) -> str:
        """One entry."""
        told = {name: _plain(name, value) for name, value in fields_of(record).items()} | {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "text": without_secrets(record.getMessage()),
        }
        if record.exc_info:
            told["traceback"] = without_secrets(self.formatException(record.exc_info))
        return json.dumps(told, ensure_ascii=False)


def _plain(name: str, value: object) -> bool | int | float | str:
    if isinstance(value, bool | int) or (isinstance(value, float) and isfinite(value)):
        return value
    return without_secrets(f"{name}={value}").removeprefix(f"{name}=")


def set_up_logs(level: str, form: str, stream: TextIO | None = None) -> None:
    """Send what evenload logs to a stream."""
    target = logging.StreamHandler(stream or sys.stderr)
    target.setFormatter(JsonLines() if form == "json" else TextLines())
    root = logging.getLogger("evenload")
    root.handlers = [target]
    root.setLevel(level.upper())
    root.propagate = False
