"""Two connections back to back over a link that loses, repeats and reorders."""

import itertools
import json
from collections import Counter
from dataclasses import dataclass, field
from math import inf

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evenload.ocpp.action import Role
from evenload.ocpp.connection import Connection
from evenload.ocpp.dialect import Dialect
from evenload.ocpp.events import Answered, Called, Failed, Refused
from evenload.ocpp.policy import Policy, Terms
from evenload.ocpp.v16 import OCPP16
from evenload.ocpp.v16.wire import core
from evenload.ocpp.v201 import OCPP201
from evenload.ocpp.v201.wire import data_transfer

pytestmark = pytest.mark.requirement("R77")

TIMEOUT_S = 10.0
POLICY = Policy(timeout_s=TIMEOUT_S, hold_s=3.0, queue_max=1000, answers_kept_max=1000, answers_kept_s=inf)
ENDS = (0, 1)


@dataclass
class Watched:
    """One end, with a model of its own of which call of that end has no answer."""

    connection: Connection
    arriving: list[bytes] = field(default_factory=list)
    open: list[Called] = field(default_factory=list)
    unanswered: tuple[str, float] | None = None
    taken: list[str] = field(default_factory=list)
    handled: Counter[str] = field(default_factory=Counter)
    ended: Counter[str] = field(default_factory=Counter)


class World:
    """Both ends, the link and the time."""

    def __init__(self, dialect: Dialect) -> None:
        ids = itertools.count()
        self.now = 0.0
        self.ends = [Watched(Connection(dialect, role, lambda: f"m{next(ids)}", POLICY)) for role in Role]
        self.wire = core if dialect is OCPP16 else data_transfer
        self.numbers = itertools.count()

    def collect(self, i: int) -> None:
        """Carry what an end sends, and check that it never has two calls without an answer."""
        end = self.ends[i]
        for frame in end.connection.to_send():
            kind, message_id = json.loads(frame)[:2]
            if kind == 2:
                assert end.unanswered is None or self.now >= end.unanswered[1] + TIMEOUT_S
                end.unanswered = (message_id, self.now)
            self.ends[1 - i].arriving.append(frame)
        for event in end.connection.events():
            if isinstance(event, Called):
                end.open.append(event)
                end.handled[event.message_id] += 1
            elif isinstance(event, Failed) or (isinstance(event, Answered | Refused) and not event.late):
                end.ended[event.call_id] += 1

    def call(self, i: int, attempts: int) -> None:
        request = self.wire.DataTransferRequest(vendor_id="us", data=str(next(self.numbers)))
        taken = self.ends[i].connection.call(request, self.now, Terms(attempts_max=attempts))
        self.ends[i].taken.append(taken)

    def deliver(self, i: int, which: int, *, keep: bool = False) -> None:
        end = self.ends[i]
        if end.arriving:
            at = which % len(end.arriving)
            frame = end.arriving[at] if keep else end.arriving.pop(at)
            if end.unanswered and json.loads(frame)[0] != 2 and json.loads(frame)[1] == end.unanswered[0]:
                end.unanswered = None
            end.connection.receive(frame, self.now)

    def answer(self, i: int, which: int) -> None:
        end = self.ends[i]
        if end.open:
            called = end.open.pop(which % len(end.open))
            response = self.wire.DataTransferResponse(status="Accepted")  # type: ignore[arg-type]
            assert end.connection.answer(called.message_id, response, self.now) is None

    def lose(self, i: int, which: int) -> None:
        arriving = self.ends[i].arriving
        if arriving:
            arriving.pop(which % len(arriving))

    def wait(self, seconds: float) -> None:
        self.now += seconds
        for i in ENDS:
            self.ends[i].connection.tick(self.now)
            self.collect(i)


STEPS = st.lists(
    st.tuples(
        st.sampled_from(
            ["call", "call", "deliver", "deliver", "deliver", "repeat", "lose", "answer", "answer", "wait"]
        ),
        st.sampled_from(ENDS),
        st.integers(0, 5),
    ),
    max_size=60,
)


def play(world: World, steps: list[tuple[str, int, int]]) -> None:
    for what, i, number in steps:
        if what == "call":
            world.call(i, 1 + number % 3)
        elif what in ("deliver", "repeat"):
            world.deliver(i, number, keep=what == "repeat")
        elif what == "answer":
            world.answer(i, number)
        elif what == "lose":
            world.lose(i, number)
        else:
            world.wait(float(number))
        for end in ENDS:
            world.collect(end)


@settings(deadline=None)
@given(st.sampled_from([OCPP16, OCPP201]), STEPS)
def test_one_call_a_direction_and_every_call_ends_once(dialect: Dialect, steps: list[tuple[str, int, int]]) -> None:
    world = World(dialect)
    play(world, steps)
    # From here nothing is lost and everything is answered: all must come to an end, by ``next_due`` alone.
    for _ in range(1000):
        for i in ENDS:
            while world.ends[i].arriving:
                world.deliver(i, 0)
                world.collect(i)
            while world.ends[i].open:
                world.answer(i, 0)
                world.collect(i)
        due = min(end.connection.next_due() for end in world.ends)
        if due == inf and not any(end.arriving or end.open for end in world.ends):
            break
        world.wait(max(0.0, min(due, world.now + TIMEOUT_S) - world.now))
    for end in world.ends:
        assert end.connection.waiting == 0
        assert end.connection.unanswered is None
        assert end.ended == Counter(end.taken)
        assert all(count == 1 for count in end.handled.values())


@given(st.lists(st.tuples(st.sampled_from(ENDS), st.binary(max_size=60)), max_size=20))
def test_rubbish_breaks_nothing(frames: list[tuple[int, bytes]]) -> None:
    world = World(OCPP201)
    for i, frame in frames:
        world.ends[i].connection.receive(frame, 0.0)
        world.collect(i)
    for _ in range(100):  # answers to rubbish are not answered: the talk dies down
        for i in ENDS:
            world.deliver(i, 0)
            world.collect(i)
    assert not any(end.arriving for end in world.ends)
