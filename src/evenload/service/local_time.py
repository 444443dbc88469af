"""Times of day as they are typed."""

import re
from typing import Final

from evenload.base.errors import InputError

_CLOCK: Final = re.compile(r"([01]\d|2[0-3]):[0-5]\d")


def check_clock(name: str, text: str) -> None:
    """``InputError`` where a text is no time of day, such as ``07:00``."""
    if not _CLOCK.fullmatch(text):
        raise InputError(f"{name} {text!r} is not a time of day such as 07:00")
