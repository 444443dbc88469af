"""What every part of a program document is: keys that are listed, and no others."""

from typing import Any, ClassVar, Final

from evenload.base.errors import InputError

COUNT_MAX: Final = 10_000_000


class Term:
    """A part of a program document.

    Parts are frozen dataclasses; the text below each field is what the published JSON Schema says of it.
    """

    __slots__ = ()
    __pydantic_config__: ClassVar[dict[str, Any]] = {
        "extra": "forbid", "strict": True, "use_attribute_docstrings": True,
    }  # fmt: skip


def check_count(where: str, count: int | None, low: int = 1) -> None:
    """``InputError`` where a count is given and lies below ``low`` or beyond reason."""
    if count is not None and not low <= count <= COUNT_MAX:
        raise InputError(f"{where} = {count}: give a whole number of {low} or more, or leave it out")


def check_once(where: str, names: tuple[str, ...]) -> None:
    """``InputError`` where a name stands twice."""
    for name in names:
        if names.count(name) > 1:
            raise InputError(f"{where}: {name} stands twice; keep it once")


def check_order(where: str, low_name: str, low: int | None, high_name: str, high: int | None) -> None:
    """``InputError`` where both ends of a range are given and the lower is above the higher."""
    if low is not None and high is not None and low > high:
        raise InputError(f"{where}.{low_name} = {low} is above {where}.{high_name} = {high}; swap or correct them")
