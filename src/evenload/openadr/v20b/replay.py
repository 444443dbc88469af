"""Messages that were seen before, or were signed too long ago or ahead, are not taken."""

from collections import deque
from datetime import datetime, timedelta

from evenload.openadr.v20b.faults import Code, ProtocolError


class ReplayGuard:
    """Takes each nonce once, within ``window`` of now to either side (clocks differ by minutes).

    What was signed before ``opened_at`` is refused: nobody knows what was seen before a restart. Beyond ``kept_max``
    nonces in a window nothing more is taken, since forgetting one would let it come twice.
    """

    def __init__(
        self, opened_at: datetime | None = None, window: timedelta = timedelta(minutes=5), kept_max: int = 200_000
    ) -> None:
        self._opened_at = opened_at
        self._window = window
        self._kept_max = kept_max
        self._seen: set[tuple[datetime, str]] = set()
        self._order: deque[tuple[datetime, tuple[datetime, str]]] = deque()  # by when they may be forgotten

    def take(self, nonce: str, signed_at: datetime, now: datetime) -> None:
        """Take a nonce; ``ProtocolError`` where it may not be taken, and nothing is remembered."""
        while self._order and self._order[0][0] < now:
            self._seen.discard(self._order.popleft()[1])
        key = (signed_at, nonce)
        if not nonce:
            raise ProtocolError(Code.NOT_REGISTERED, "the signature has no nonce")
        if abs(signed_at - now) > self._window:
            raise ProtocolError(
                Code.NOT_REGISTERED,
                f"it was signed at {signed_at.isoformat()}, more than {self._window} from {now.isoformat()} here: "
                "compare clocks",
            )
        if self._opened_at is not None and signed_at < self._opened_at:
            raise ProtocolError(Code.NOT_REGISTERED, "it was signed before this end was started: send it anew")
        if key in self._seen:
            raise ProtocolError(Code.NOT_REGISTERED, "a message with this nonce has come before")
        if len(self._seen) >= self._kept_max:
            raise ProtocolError(Code.DEPLOYMENT_ERROR, "too many signed messages within a window")
        self._seen.add(key)
        self._order.append((now + 2 * self._window, key))
