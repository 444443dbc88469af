"""What survives a restart: records by kind and key, behind a port."""

from collections.abc import Iterable, Iterator
from typing import Final, Generic, Protocol, TypeVar

from msgspec import Struct
from msgspec.json import Decoder, Encoder

R = TypeVar("R", bound=Struct)
_ENCODER: Final = Encoder()


class Keeper(Protocol):
    """Keeps records until it is told to forget them. When ``keep`` returns, the record survives a crash."""

    def keep(self, kind: str, key: str, record: bytes) -> None:
        """Keep a record, in place of one of that kind and key."""
        ...

    def forget(self, kind: str, key: str) -> None:
        """Forget a record, if there is one."""
        ...

    def kept(self, kind: str) -> Iterable[tuple[str, bytes]]:
        """Keys and records of a kind, in the order they were first kept."""
        ...


class MemoryKeeper:
    """Keeps records for as long as it lives."""

    def __init__(self) -> None:
        self._records: dict[str, dict[str, bytes]] = {}

    def keep(self, kind: str, key: str, record: bytes) -> None:
        """Keep a record."""
        self._records.setdefault(kind, {})[key] = record

    def forget(self, kind: str, key: str) -> None:
        """Forget a record."""
        self._records.get(kind, {}).pop(key, None)

    def kept(self, kind: str) -> Iterable[tuple[str, bytes]]:
        """Keys and records of a kind."""
        return list(self._records.get(kind, {}).items())


def key_of(*parts: str) -> str:
    """One key of several ids, joined by a character that XML does not allow in them."""
    return "\x1f".join(parts)


class Table(Generic[R]):
    """Records of a kind, in memory and in a keeper alike."""

    def __init__(self, keeper: Keeper, kind: str, record: type[R]) -> None:
        self._keeper = keeper
        self._kind = kind
        decoder = Decoder(record)
        self._rows = {key: decoder.decode(kept) for key, kept in keeper.kept(kind)}

    def __iter__(self) -> Iterator[R]:
        return iter(self._rows.values())

    def __len__(self) -> int:
        return len(self._rows)

    def get(self, key: str) -> R | None:
        """The record of a key, if there is one."""
        return self._rows.get(key)

    def put(self, key: str, record: R) -> R:
        """Keep a record, first where it survives."""
        self._keeper.keep(self._kind, key, _ENCODER.encode(record))
        self._rows[key] = record
        return record

    def drop(self, key: str) -> None:
        """Forget a record."""
        self._keeper.forget(self._kind, key)
        self._rows.pop(key, None)
