"""A dialect: what differs between versions of OCPP and is not in the wire structs."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from evenload.ocpp.action import Action, Role
from evenload.ocpp.faults import Fault, MessageError
from evenload.ocpp.wire import Wire


@dataclass(frozen=True)
class Dialect:
    """One version: its WebSocket subprotocol, its actions, and the CALLERROR code each fault is answered with.

    A fault without a code is not answered. ``unreadable_id`` stands for a message id that could not be read; where it
    is ``""`` such a frame is not answered at all.
    """

    subprotocol: str
    actions: Iterable[Action] = field(repr=False)
    codes: Mapping[Fault, str] = field(repr=False)
    unreadable_id: str = ""

    @cached_property
    def by_name(self) -> Mapping[str, Action]:
        """Actions by their name on the wire."""
        return {action.name: action for action in self.actions}

    @cached_property
    def by_request(self) -> Mapping[type[Wire], Action]:
        """Actions by the struct of their request."""
        return {action.request: action for action in self.actions}

    def action_of(self, request: Wire, sender: Role) -> Action:
        """The action a request calls; ``MessageError`` where it is of another version or not for this end to send."""
        action = self.by_request.get(type(request))
        if action is None:
            raise MessageError(f"{type(request).__name__} is not a request of {self.subprotocol}")
        if sender not in action.sent_by:
            raise MessageError(f"{action.name} is not for a {sender} to send in {self.subprotocol}")
        return action
