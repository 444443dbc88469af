"""What a checker of input says, in plain words: where a value is wrong, what it must be."""

import re
from collections.abc import Mapping
from typing import Final

_INSTANT: Final = "such as 2026-01-12T17:00:00+01:00"
_RULES: Final = tuple(
    (re.compile(pattern), words)
    for pattern, words in (
        (r"Value error, ", ""),
        (r"Input should be a valid integer\b.*", "must be a whole number"),
        (r"Input should be a valid number\b.*", "must be a number"),
        (r"Input should be a valid boolean\b.*", "must be true or false"),
        (r"Input should be a valid string", "must be text"),
        (r"Input should be a valid (list|array|tuple)", "must be a list"),
        (r"Input should be a valid dictionary\b.*", "must be an object with names and values"),
        (r"Input should be a valid datetime\b.*", f"must be an instant {_INSTANT}"),
        (r"Input should have timezone info", f"needs an offset from UTC, {_INSTANT}"),
        (r"Input should be a finite number", "must be a finite number"),
        (r"Input should be greater than or equal to (\S+)", r"must be \1 or more"),
        (r"Input should be less than or equal to (\S+)", r"must be \1 or less"),
        (r"Input should be greater than (\S+)", r"must be above \1"),
        (r"Input should be less than (\S+)", r"must be below \1"),
        (r"String should have at least 1 characters?", "must not be empty"),
        (r"String should have at least (\d+) characters?", r"must have \1 characters or more"),
        (r"String should have at most (\d+) characters?", r"must have \1 characters or fewer"),
        (r"(?:List|Tuple) should have at least (\d+) items?.*", r"must hold \1 or more"),
        (r"(?:List|Tuple) should have at most (\d+) items?.*", r"must hold \1 or fewer"),
        (r"Extra inputs are not permitted", "is not known here"),
        (r"Field required", "is missing"),
        (r"Input should be ", "must be "),
    )
)
_PATTERN: Final = re.compile(r"String should match pattern '(.*)'", re.DOTALL)


def in_plain_words(message: str, patterns: Mapping[str, str] | None = None) -> str:
    """A message of the checker as people would say it; ``patterns`` says of regular expressions what they ask for."""
    if matched := _PATTERN.fullmatch(message):
        return (patterns or {}).get(matched[1], "is not written as it has to be")
    for pattern, words in _RULES:
        message = pattern.sub(words, message, count=1)
    return message
