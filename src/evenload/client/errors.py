"""Answers that are errors, as exceptions."""

from typing import ClassVar

from evenload.base.errors import EvenloadError


class ApiError(EvenloadError):
    """The server answered with a problem. ``reason`` is for programs, the message for people."""

    exit_code: ClassVar[int] = 2

    def __init__(self, message: str, status: int = 0, reason: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.reason = reason


class UnauthorisedApiError(ApiError):
    """The key is not known, or not any more."""


class ForbiddenApiError(ApiError):
    """The key may not do that."""


class NotFoundApiError(ApiError):
    """There is no such thing."""


class ConflictApiError(ApiError):
    """It does not go together with what there is."""


class StaleApiError(ApiError):
    """It was changed meanwhile."""


class UnreachableApiError(ApiError):
    """No answer came."""


BY_STATUS: dict[int, type[ApiError]] = {
    401: UnauthorisedApiError, 403: ForbiddenApiError, 404: NotFoundApiError, 409: ConflictApiError,
    412: StaleApiError,
}  # fmt: skip
