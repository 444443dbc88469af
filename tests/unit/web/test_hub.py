"""News: latest wins, encoded once, nobody waits for another, and what was seen is not sent again."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

from evenload.base.errors import EvenloadError
from evenload.web.hub import HEARTBEAT, Hub, Topic

SOON = 5.0


class Source:
    """What there is to tell, and how often it was asked."""

    def __init__(self) -> None:
        self.state: dict[Topic, Any] = {Topic.LOAD: {"load_kw": 1}, Topic.SESSIONS: []}
        self.asked = 0
        self.broken = False

    def __call__(self, tenant: str, topic: Topic) -> object:
        self.asked += 1
        if self.broken:
            raise EvenloadError("locked")
        return {"tenant": tenant, "is": self.state[topic]}


async def next_of(stream: AsyncIterator[bytes]) -> tuple[str, str, Any]:
    """Id, event and data of the next message that is not a comment."""
    while True:
        frame = (await asyncio.wait_for(anext(stream), SOON)).decode()
        fields = dict(line.split(": ", 1) for line in frame.strip().splitlines() if not line.startswith(":"))
        if "data" in fields:
            return fields["id"], fields["event"], json.loads(fields["data"])["is"]


def run(scenario: Any, **settings: Any) -> None:
    async def whole() -> None:
        source = Source()
        hub = Hub(source, "e1", period_s=0.005, **settings)
        task = asyncio.create_task(hub.run())
        try:
            await scenario(hub, source)
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    asyncio.run(whole())


def test_who_comes_gets_the_state_at_once_and_then_what_changes() -> None:
    async def scenario(hub: Hub, source: Source) -> None:
        stream = hub.listen("north", [Topic.LOAD], "", 60)
        assert (await next_of(stream))[1:] == ("load", {"load_kw": 1})
        source.state[Topic.LOAD] = {"load_kw": 2}
        assert (await next_of(stream))[2] == {"load_kw": 2}
        await stream.aclose()  # type: ignore[attr-defined]
        assert hub.looking == 0

    run(scenario)


def test_who_is_slow_gets_the_last_state_and_not_those_between() -> None:
    async def scenario(hub: Hub, source: Source) -> None:
        slow, quick = (hub.listen("north", [Topic.LOAD], "", 60) for _ in range(2))
        await next_of(slow)
        await next_of(quick)
        for load_kw in (2, 3, 4):
            source.state[Topic.LOAD] = load_kw
            assert (await next_of(quick))[2] == load_kw
        assert (await next_of(slow))[2] == 4

    run(scenario)


def test_what_was_seen_is_not_sent_again_to_who_comes_back_but_is_after_a_restart() -> None:
    async def scenario(hub: Hub, source: Source) -> None:
        stream = hub.listen("north", [Topic.LOAD, Topic.SESSIONS], "", 60)
        seen = [await next_of(stream), await next_of(stream)]
        last_id = seen[-1][0]
        await stream.aclose()  # type: ignore[attr-defined]
        source.state[Topic.SESSIONS] = ["S"]
        again = hub.listen("north", [Topic.LOAD, Topic.SESSIONS], last_id, 60)
        assert (await next_of(again))[1:] == ("sessions", ["S"])
        other = hub.listen("north", [Topic.LOAD], last_id.replace("e1", "e0"), 60)
        assert (await next_of(other))[1] == "load"
        assert (await next_of(hub.listen("north", [Topic.LOAD], "e1/load=x.what=1", 60)))[1] == "load"

    run(scenario)


def test_nothing_is_asked_while_nobody_looks_and_once_for_many() -> None:
    async def scenario(hub: Hub, source: Source) -> None:
        await asyncio.sleep(0.05)
        assert source.asked == 0
        streams = [hub.listen("north", [Topic.LOAD], "", 60) for _ in range(20)]
        states = await asyncio.gather(*(next_of(one) for one in streams))
        assert len({one[0] for one in states}) == 1
        for one in streams:
            await one.aclose()  # type: ignore[attr-defined]
        await asyncio.sleep(0.05)
        asked = source.asked
        await asyncio.sleep(0.05)
        assert source.asked == asked

    run(scenario)


def test_tenants_hear_their_own() -> None:
    async def scenario(hub: Hub, _: Source) -> None:
        for tenant in ("north", "south"):
            stream = hub.listen(tenant, [Topic.LOAD], "", 60)
            await anext(stream)
            frame = await asyncio.wait_for(anext(stream), SOON)
            assert f'"tenant":"{tenant}"'.encode() in frame

    run(scenario)


def test_a_source_that_fails_is_asked_again_and_a_quiet_line_has_heartbeats() -> None:
    async def scenario(hub: Hub, source: Source) -> None:
        source.broken = True
        stream = hub.listen("north", [Topic.LOAD], "", 60)
        await anext(stream)
        assert await asyncio.wait_for(anext(stream), SOON) == HEARTBEAT
        source.broken = False
        assert (await next_of(stream))[1] == "load"

    run(scenario, heartbeat_s=0.05)


def test_a_stream_ends_after_its_time_or_when_the_server_stops() -> None:
    async def scenario(hub: Hub, _: Source) -> None:
        short = [frame async for frame in hub.listen("north", [Topic.LOAD], "", 0.05)]
        assert short[0].startswith(b"retry:")
        stream = hub.listen("north", [Topic.LOAD], "", 60)
        await next_of(stream)
        hub.close()
        rest = [frame async for frame in stream]
        assert all(b"data:" not in frame for frame in rest)

    run(scenario, heartbeat_s=0.02)
