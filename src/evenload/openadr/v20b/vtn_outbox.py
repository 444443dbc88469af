"""Messages that wait for VENs: told again until they are acknowledged, or often enough."""

from evenload.openadr.v20b.keeping import Keeper, Table, key_of
from evenload.openadr.v20b.messages import AnyMessage
from evenload.openadr.v20b.vtn_records import Fact, MessageDropped, Waiting


class Outbox:
    """Messages by VEN, in the order they were put in. How often each was told is not kept over a restart."""

    def __init__(self, keeper: Keeper, tellings_max: int) -> None:
        self._table = Table(keeper, "outbox", Waiting)
        self._tellings_max = tellings_max
        self._by_ven: dict[str, dict[int, Waiting]] = {}
        self._told: dict[tuple[str, int], int] = {}
        for waiting in self._table:
            self._by_ven.setdefault(waiting.ven_id, {})[waiting.number] = waiting
        self._number = max((waiting.number for waiting in self._table), default=0)

    def put(self, ven_id: str, message: AnyMessage, request_id: str = "") -> None:
        """Let a message wait. ``request_id`` is what its acknowledgement answers."""
        self._number += 1
        waiting = Waiting(ven_id=ven_id, number=self._number, request_id=request_id, message=message)
        self._table.put(_key(waiting), waiting)
        self._by_ven.setdefault(ven_id, {})[waiting.number] = waiting

    def least_told(self, ven_id: str) -> tuple[int, Waiting] | None:
        """The message that was told least, and how often."""
        waiting = self._by_ven.get(ven_id)
        if not waiting:
            return None
        return min(
            ((self._told.get((ven_id, number), 0), one) for number, one in waiting.items()),
            key=lambda told: (told[0], told[1].number),
        )

    def told(self, waiting: Waiting) -> list[Fact]:
        """Count a telling; a message that was told often enough goes."""
        key = (waiting.ven_id, waiting.number)
        self._told[key] = self._told.get(key, 0) + 1
        if self._told[key] < self._tellings_max:
            return []
        self._gone(waiting)
        return [MessageDropped(ven_id=waiting.ven_id, request_id=waiting.request_id)]

    def acknowledged(self, ven_id: str, request_id: str) -> AnyMessage | None:
        """Take out the message an acknowledgement is for, and give it back."""
        for waiting in self._by_ven.get(ven_id, {}).values():
            if waiting.request_id == request_id:
                self._gone(waiting)
                return waiting.message
        return None

    def empty(self, ven_id: str) -> None:
        """Take out all messages for a VEN."""
        for waiting in list(self._by_ven.get(ven_id, {}).values()):
            self._gone(waiting)

    def _gone(self, waiting: Waiting) -> None:
        self._table.drop(_key(waiting))
        self._told.pop((waiting.ven_id, waiting.number), None)
        del self._by_ven[waiting.ven_id][waiting.number]


def _key(waiting: Waiting) -> str:
    return key_of(waiting.ven_id, str(waiting.number))
