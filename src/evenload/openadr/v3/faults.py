"""Answers that are problems."""

from http import HTTPStatus
from typing import Final

import msgspec

from evenload.openadr.v3.wire import Problem

_PROBLEM: Final = msgspec.json.Encoder()


class RefusalError(Exception):
    """A request that is answered with a problem: raised and caught within the VTN only."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(detail)
        self.status = status


def problem(status: int, detail: str) -> bytes:
    """The body of a problem."""
    return _PROBLEM.encode(Problem(title=HTTPStatus(status).phrase, status=status, detail=detail))
