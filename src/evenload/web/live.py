"""What pages are told, read from the store."""

from collections.abc import Callable, Sequence
from typing import Final

from evenload.service.live_state import LiveState
from evenload.service.ports import Store
from evenload.web.hub import Topic
from evenload.web.routes.decisions import Decision
from evenload.web.routes.events import Event
from evenload.web.routes.loads import Load
from evenload.web.routes.sessions import Session

_LAST: Final = 50


class StoreSource:
    """A ``Source``: the last load of each circuit, sessions that go on, the last decisions and events.

    ``state`` says what goes on with a tenant, where anything plans for it.
    """

    def __init__(self, store: Store, state: Callable[[str], LiveState] | None = None) -> None:
        self._store = store
        self._state = state

    def __call__(self, tenant: str, topic: Topic) -> object:
        """The state of a topic."""
        if topic is Topic.STATE:
            return {"state": self._state(tenant) if self._state else None}
        return {topic.value: self._rows(tenant, topic)}

    def _rows(self, tenant: str, topic: Topic) -> Sequence[object]:
        with self._store.reading() as unit:
            match topic:
                case Topic.LOAD:
                    return [Load.of(row) for row in unit.loads.latest(tenant)]
                case Topic.SESSIONS:
                    return [Session.of(row) for row in unit.sessions.going_on(tenant)]
                case Topic.DECISIONS:
                    return [Decision.of(row) for row in unit.decisions.last(tenant, _LAST)]
                case _:
                    return [Event.of(row) for row in unit.events.last(tenant, _LAST)]
