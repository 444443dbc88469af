import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from evenload.domain.station import StationId
from evenload.domain.station_events import StationEvent, StationSeen
from evenload.net.group_commit import CommitTimes, GroupCommit
from evenload.net.ports import CommitError

pytestmark = pytest.mark.requirement("R79")
AT = datetime(2026, 3, 1, tzinfo=UTC)


def event(number: int) -> StationSeen:
    return StationSeen(station=StationId("t", "s"), at=AT, received_at=AT, evse_id=number)


class Store:
    """A sink that takes its time, or fails."""

    def __init__(self, takes_s: float = 0.0, fails: int = 0) -> None:
        self.groups: list[list[int]] = []
        self.takes_s = takes_s
        self.fails = fails
        self.refuses: frozenset[StationId] | None = None

    async def commit(self, events: Sequence[StationEvent]) -> None:
        await asyncio.sleep(self.takes_s)
        self.fails -= 1
        if self.fails >= 0:
            raise CommitError("the disk is full", self.refuses)
        self.groups.append([one.evse_id for one in events])


async def running(store: Store, **times: Any) -> tuple[GroupCommit, "asyncio.Task[None]"]:
    commits = GroupCommit(store, CommitTimes(**times))
    return commits, asyncio.get_running_loop().create_task(commits.run())


def test_events_that_come_together_are_committed_together_and_in_order(play: Any) -> None:
    async def scene() -> None:
        store = Store(takes_s=0.02)
        commits, task = await running(store, urgent_s=0.005, relaxed_s=5.0)
        told: list[tuple[int, bool, int]] = []
        for number in range(10):
            commits.put([event(number)], lambda done, n=number: told.append((n, done, len(store.groups))))
        await asyncio.sleep(0.015)  # the first group is being committed
        commits.put([event(10)], lambda done: told.append((10, done, len(store.groups))))
        await commits.drained()
        assert store.groups == [list(range(10)), [10]]
        assert told == [*((n, True, 1) for n in range(10)), (10, True, 2)]  # told after, never before
        task.cancel()

    play(scene())


def test_what_nobody_waits_for_gathers_longer_yet_not_for_ever(play: Any) -> None:
    async def scene() -> None:
        store = Store()
        commits, task = await running(store, urgent_s=0.0, relaxed_s=0.1)
        commits.put([event(1)])
        await asyncio.sleep(0.05)
        assert store.groups == []
        commits.put([event(2)])
        await asyncio.sleep(0.1)
        assert store.groups == [[1, 2]]
        commits.put([event(3)])
        commits.put([event(4)], lambda _: None)  # takes what gathered along
        await asyncio.sleep(0.02)
        assert store.groups == [[1, 2], [3, 4]]
        task.cancel()

    play(scene())


def test_a_failed_commit_is_told_and_the_next_goes_on(play: Any) -> None:
    async def scene() -> None:
        store = Store(fails=1)
        commits, task = await running(store, urgent_s=0.0)
        told: list[bool] = []
        commits.put([event(1)], told.append)
        await commits.drained()
        commits.put([event(2)], told.append)
        await commits.drained()
        assert (told, store.groups) == ([False, True], [[2]])
        task.cancel()

    play(scene())


def test_a_sink_that_is_behind_says_so_and_when_it_caught_up(play: Any) -> None:
    async def scene() -> None:
        commits, task = await running(Store(), urgent_s=0.0, relaxed_s=0.02, waiting_max=3)
        relieved = asyncio.Event()
        commits.put([event(1), event(2)])
        assert not commits.full
        commits.put([event(3)])
        assert commits.full
        commits.when_relieved(relieved.set)
        await asyncio.wait_for(relieved.wait(), 1)
        assert not commits.full
        task.cancel()

    play(scene())


def test_where_some_stations_were_refused_the_others_are_told_that_theirs_is_safe(play: Any) -> None:
    async def scene() -> None:
        store = Store(fails=1)
        other = StationId("t", "poisoned")
        store.refuses = frozenset({other})
        commits, task = await running(store, urgent_s=0.005)
        told: list[tuple[str, bool]] = []
        commits.put([event(1)], lambda done: told.append(("good", done)))
        commits.put([StationSeen(station=other, at=AT, received_at=AT)], lambda done: told.append(("bad", done)))
        commits.put([], lambda done: told.append(("nothing", done)))
        await commits.drained()
        assert told == [("good", True), ("bad", False), ("nothing", True)]
        task.cancel()

    play(scene())


def test_groups_are_counted_with_their_sizes_and_seconds_and_those_that_failed(play: Any) -> None:
    async def scene() -> None:
        store = Store(takes_s=0.02, fails=1)
        commits, task = await running(store, urgent_s=0.001, relaxed_s=0.001)
        for size in (2, 40):
            commits.put([event(number) for number in range(size)])
            await commits.drained()
        counts = commits.counts
        assert (sum(counts.sizes.counts), counts.sizes.total, counts.failures) == (2, 42, 1)
        assert counts.seconds.total >= 0.04
        task.cancel()

    play(scene())
