"""Why something that was asked for is not done: a reason and a sentence."""

from enum import StrEnum
from typing import ClassVar

from evenload.base.errors import EvenloadError


class Refusal(StrEnum):
    """Reasons, as they are told over the API."""

    LOGIN = "login"
    DISABLED = "disabled"
    EXPIRED = "expired"
    ROLE = "role"
    UNKNOWN = "unknown"
    TAKEN = "taken"
    CLAIMED_ELSEWHERE = "claimed_elsewhere"
    EVSE_ENROLLED = "evse_enrolled"
    IN_USE = "in_use"
    OVER = "over"
    LAST_ADMIN = "last_admin"
    CHANGED = "changed"


class RefusedError(EvenloadError):
    """What was asked for is not done; ``reason`` is for programs, the message for people."""

    exit_code: ClassVar[int] = 2

    def __init__(self, reason: Refusal, message: str) -> None:
        super().__init__(message)
        self.reason = reason


class LoginError(RefusedError):
    """Nobody knows who asks."""


class ForbiddenError(RefusedError):
    """Who asks may not."""


class NotFoundError(RefusedError):
    """There is no such thing, or not for who asks."""

    def __init__(self, message: str) -> None:
        super().__init__(Refusal.UNKNOWN, message)


class ConflictError(RefusedError):
    """It does not go together with what there is."""


class StaleError(RefusedError):
    """What is to be changed is not any more what who asks has seen."""

    def __init__(self, message: str) -> None:
        super().__init__(Refusal.CHANGED, message)
