"""A link on a socket of paper: when it stops reading, pings and lets go."""

import asyncio
import logging
from typing import Any

import pytest

from evenload.domain.station import StationId
from evenload.net.group_commit import CommitTimes, GroupCommit
from evenload.net.link import Counts, Link, Surroundings
from evenload.net.websocket import GOING_AWAY
from evenload.ocpp.policy import Policy
from evenload.ocpp.v16 import OCPP16
from evenload.service.ports import StoreError

pytestmark = pytest.mark.requirement("R79")

SILENCE_S = 60.0


class Paper:
    """A socket that writes down what is done to it."""

    def __init__(self) -> None:
        self.did: list[Any] = []

    def send(self, text: bytes) -> None:
        self.did.append(text[:6])

    def ping(self) -> None:
        self.did.append("ping")

    def close(self, code: int, reason: str) -> None:
        assert reason
        self.did.append(code)

    def abort(self) -> None:
        self.did.append("abort")

    def pause_reading(self) -> None:
        self.did.append("pause")

    def resume_reading(self) -> None:
        self.did.append("resume")


class Bench:
    """A link, its socket and a clock that is set by hand."""

    def __init__(self, desk: Any, waiting_max: int = 100) -> None:
        self.now = 0.0
        self.gone: list[Link] = []
        self.commits = GroupCommit(desk, CommitTimes(waiting_max=waiting_max))
        around = Surroundings(
            clock=lambda: desk.at, seconds=lambda: self.now, new_id=lambda: "x", commits=self.commits,
            counts=Counts(), busy=set(), gone=self.gone.append,
        )  # fmt: skip
        self.socket = Paper()
        self.link = Link(StationId("t", "s"), OCPP16, desk, Policy(), around)
        self.link.opened(self.socket)

    def at(self, seconds: float) -> None:
        self.now = seconds
        self.link.look_after(seconds, SILENCE_S)


@pytest.fixture
def desk(yes_desk: Any) -> Any:
    return yes_desk


def on_loop(what: Any) -> None:
    async def run() -> None:
        what()

    asyncio.run(run())


def test_it_reads_on_only_when_nothing_holds_it_any_more(desk: Any) -> None:
    def scene() -> None:
        bench = Bench(desk, waiting_max=1)
        bench.link.blocked(blocked=True)
        bench.link.received(b'[2,"h","Heartbeat",{}]')  # fills the sink
        assert bench.commits.full
        bench.link.blocked(blocked=False)
        assert bench.socket.did == ["pause", b'[3,"h"']
        bench.link._release("commits")
        assert bench.socket.did[2:] == ["resume"]

    on_loop(scene)


def test_silence_is_pinged_and_an_answer_saves_it(desk: Any) -> None:
    def scene() -> None:
        bench = Bench(desk)
        bench.at(59.0)
        assert bench.socket.did == []
        bench.at(60.0)
        assert bench.socket.did == ["ping"]
        bench.now = 61.0
        bench.link.ponged()
        bench.at(119.0)
        bench.at(121.0)
        assert bench.socket.did == ["ping", "ping"]
        bench.at(181.0)
        assert bench.socket.did == ["ping", "ping", "abort"]
        assert bench.gone == [bench.link]

    on_loop(scene)


def test_a_station_that_does_not_read_for_long_is_let_go(desk: Any) -> None:
    def scene() -> None:
        bench = Bench(desk)
        bench.link.blocked(blocked=True)
        bench.now = 59.0
        bench.link.ponged()
        bench.at(59.5)
        assert bench.socket.did == ["pause"]
        bench.at(60.0)
        assert bench.socket.did == ["pause", "abort"]

    on_loop(scene)


def test_after_the_end_nothing_is_taken_or_sent(desk: Any) -> None:
    def scene() -> None:
        bench = Bench(desk)
        bench.link.leave(1008, "enough")
        bench.link.gone()
        bench.link.received(b'[2,"h","Heartbeat",{}]')
        assert bench.socket.did == [1008]
        assert desk.calls == []
        assert bench.gone == [bench.link]

    on_loop(scene)


def test_a_store_that_is_away_costs_a_station_its_connection_and_no_traceback(
    desk: Any, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logging.getLogger("evenload"), "propagate", True)

    def away(*_: object) -> None:
        raise StoreError("the database went away")

    def scene() -> None:
        bench = Bench(desk)
        monkeypatch.setattr(Link, "_tick", away)
        bench.link.tick(1.0)
        assert bench.socket.did == [GOING_AWAY]
        assert bench.gone == [bench.link]

    on_loop(scene)
    assert "event=not_read why=the database went away" in caplog.text
    assert "Traceback" not in caplog.text
