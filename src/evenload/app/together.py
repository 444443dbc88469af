"""Questions asked at about the same time, answered together: a storm of stations costs few reads."""

import asyncio
from collections.abc import Callable, Hashable, Mapping
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Together(Generic[K, V]):
    """Gathers what is asked for within ``gather_s`` and has it read at once.

    ``read`` is called in the loop's thread; what it raises, all who asked are told.
    """

    def __init__(self, read: Callable[[set[K]], Mapping[K, V]], gather_s: float) -> None:
        self._read = read
        self._gather_s = gather_s
        self._asked: dict[K, asyncio.Future[V | None]] = {}

    async def find(self, key: K) -> V | None:
        """What there is of a key, ``None`` where nothing is."""
        loop = asyncio.get_running_loop()
        if not self._asked:
            loop.call_later(self._gather_s, self._answer)
        answer = self._asked.get(key)
        if answer is None:
            answer = self._asked[key] = loop.create_future()
        return await asyncio.shield(answer)

    def _answer(self) -> None:
        asked, self._asked = self._asked, {}
        try:
            found = self._read(set(asked))
        except Exception as error:  # noqa: BLE001  # passed on, whatever it is
            for answer in asked.values():
                answer.set_exception(error)
            return
        for key, answer in asked.items():
            answer.set_result(found.get(key))
