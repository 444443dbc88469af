"""Questions asked at about the same time are answered together."""

import asyncio
from collections.abc import Mapping

from evenload.app.together import Together


def test_what_is_asked_soon_after_each_other_is_read_at_once() -> None:
    reads: list[set[int]] = []

    def read(keys: set[int]) -> Mapping[int, str]:
        reads.append(keys)
        return {one: str(one) for one in keys if one > 1}

    async def scene() -> None:
        together = Together(read, 0.001)
        assert await asyncio.gather(*(together.find(one) for one in (1, 2, 3, 3))) == [None, "2", "3", "3"]
        assert await together.find(4) == "4"

    asyncio.run(scene())
    assert reads == [{1, 2, 3}, {4}]


def test_who_goes_away_takes_no_answer_from_the_others() -> None:
    async def scene() -> None:
        together = Together(lambda keys: dict.fromkeys(keys, "there"), 0.001)
        impatient, patient = (asyncio.ensure_future(together.find(1)) for _ in range(2))
        await asyncio.sleep(0)
        impatient.cancel()
        assert await patient == "there"

    asyncio.run(scene())


def test_all_are_told_what_went_wrong_and_the_next_may_succeed() -> None:
    broken = [True]

    def read(keys: set[int]) -> Mapping[int, str]:
        if broken[0]:
            raise RuntimeError("broken")
        return dict.fromkeys(keys, "there")

    async def scene() -> None:
        together = Together(read, 0.001)
        for error in await asyncio.gather(together.find(1), together.find(2), return_exceptions=True):
            assert isinstance(error, RuntimeError)
        broken[0] = False
        assert await together.find(1) == "there"

    asyncio.run(scene())
