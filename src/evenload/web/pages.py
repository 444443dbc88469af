"""Lists in pages: at most so many, and where the next page begins."""

import re
from bisect import bisect_right
from collections.abc import Callable, Sequence
from typing import Annotated, Final, Generic, TypeVar

from fastapi import Depends, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from evenload.base.errors import InputError

T = TypeVar("T")
Row = TypeVar("Row")

COUNT_MAX: Final = 1000
_NUMBER: Final = re.compile(r"[0-9]{1,18}")


class Page(BaseModel, Generic[T]):
    """Some of a list. ``next`` is what to give as ``after`` for more; ``null`` at the end."""

    model_config = ConfigDict(from_attributes=True)

    items: list[T]
    next: str | None = Field(None, description="Give this as `after` for the next page; null at the end.")


class Cut:
    """What part of a list is asked for, and where to say what follows."""

    def __init__(
        self,
        request: Request,
        response: Response,
        after: Annotated[
            str, Query(max_length=300, description="`next` of the page before; empty for the first page.")
        ] = "",
        count: Annotated[int, Query(ge=1, le=COUNT_MAX, description="How many at most.")] = 100,
    ) -> None:
        self.after = after
        self.count = count
        self._request = request
        self._response = response

    def page(self, rows: Sequence[Row], key: Callable[[Row], str], shown: Callable[[Row], T]) -> Page[T]:
        """A page of rows asked for with one more than ``count``: the one more says that there is a next page."""
        more = key(rows[self.count - 1]) if len(rows) > self.count else None
        if more is not None:
            url = self._request.url.include_query_params(after=more, count=self.count)
            self._response.headers["Link"] = f'<{url.path}?{url.query}>; rel="next"'
        return Page(items=[shown(row) for row in rows[: self.count]], next=more)

    def of_all(self, rows: Sequence[Row], key: Callable[[Row], str], shown: Callable[[Row], T]) -> Page[T]:
        """A page of all the rows there are."""
        ordered = sorted(rows, key=key)
        first = bisect_right(ordered, self.after, key=key) if self.after else 0
        return self.page(ordered[first : first + self.count + 1], key, shown)


Cutting = Annotated[Cut, Depends()]


def number_in(after: str) -> int:
    """The number a page follows, where rows are numbered."""
    if not _NUMBER.fullmatch(after):
        raise InputError(f"after {after!r} is not the `next` of a page of this list")
    return int(after)
