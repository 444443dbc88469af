"""A closed day of one meter as one blob.

Columns, each as whole numbers in the coarsest unit that is exact (at most 10,000 to one: 0.1 W, 0.1 Wh), the
differences of neighbours in as few bytes as they need, all of it through zlib. Values finer than that are rounded to
it; times are exact, and what was not told comes back as not told.
"""

import zlib
from collections.abc import Iterable, Sequence
from typing import Any, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

ReadingTuple = tuple[Any, ...]
"""A reading in the order of ``COLUMNS``; ``at`` in microseconds."""
NUMBERS: Final = ("duration_s", "power_kw", "energy_kwh_import", "energy_kwh_export", "soc")
WORDS: Final = ("quality", "context", "phases", "transaction_id")
COLUMNS: Final = ("at", "meter", "kind", *NUMBERS, *WORDS)
DAY_US: Final = 86_400_000_000
_PER_ONE: Final = (1, 100, 1000, 10_000)
_WIDTHS: Final = tuple(np.dtype(f"<i{size}") for size in (1, 2, 4, 8))
_PHASES: Final = COLUMNS.index("phases")


class _Numbers(msgspec.Struct, array_like=True):
    """Present ones only, told by bits where not all are; ``per_one`` 0 for plain doubles."""

    per_one: int
    width: int
    values: bytes
    present: bytes | None


class _Words(msgspec.Struct, array_like=True):
    known: list[str | None]
    width: int
    codes: bytes


class _Day(msgspec.Struct, array_like=True):
    layout: int
    count: int
    at: _Numbers
    kind: _Words
    numbers: list[_Numbers | None]
    words: list[_Words]


def day_of(at: int) -> int:
    """The day since 1970 of an instant in microseconds."""
    return at // DAY_US


def packed(rows: Sequence[ReadingTuple]) -> bytes:
    """Readings of one meter and day as they are kept."""
    in_order = sorted(rows, key=lambda row: (row[2], row[0]))  # alike beside alike
    at, _, kind, *others = zip(*in_order, strict=True)
    count = len(NUMBERS)
    numbers = [_numbers(np.array(column, dtype=np.float64)) for column in others[:count]]
    day = _Day(1, len(rows), _whole(np.array(at, dtype=np.int64), 1), _words(kind), numbers,
               [_words(column) for column in others[count:]])  # fmt: skip
    return zlib.compress(msgspec.msgpack.encode(day), 1)


def unpacked(body: bytes, meter: int) -> list[ReadingTuple]:
    """Readings as they were kept, in order of time."""
    day = msgspec.msgpack.decode(zlib.decompress(body), type=_Day)
    numbers = [_told(one, day.count) for one in day.numbers]
    words = [_spelt(one, day.count) for one in day.words]
    at = _counted(day.at).tolist()
    return sorted(zip(at, [meter] * day.count, _spelt(day.kind, day.count), *numbers, *words, strict=True))


def merged(rows: Iterable[ReadingTuple]) -> list[ReadingTuple]:
    """One reading an instant, meter and kind: what is told later completes what was told before."""
    told = list(rows)
    if len({row[:3] for row in told}) == len(told):
        return told
    by_key: dict[tuple[Any, ...], ReadingTuple] = {}
    for row in told:
        key = row[:3]
        before = by_key.get(key)
        by_key[key] = row if before is None else _completed(before, row)
    return list(by_key.values())


def _completed(before: ReadingTuple, after: ReadingTuple) -> ReadingTuple:
    told = [old if new is None else new for old, new in zip(before, after, strict=True)]
    if before[_PHASES] and after[_PHASES]:
        both = msgspec.json.decode(before[_PHASES]) | msgspec.json.decode(after[_PHASES])
        told[_PHASES] = msgspec.json.encode(both).decode()
    return tuple(told)


# columns


def _numbers(values: NDArray[np.float64]) -> _Numbers | None:
    present = ~np.isnan(values)
    if not present.any():
        return None
    every = bool(present.all())
    values = values if every else values[present]
    kept = _exact(values)
    kept.present = None if every else np.packbits(present).tobytes()
    return kept


def _exact(values: NDArray[np.float64]) -> _Numbers:
    if np.abs(values).max() > 2**53 / _PER_ONE[-1]:
        return _Numbers(0, 8, values.astype("<f8").tobytes(), None)
    for per_one in _PER_ONE:
        whole = np.rint(values * per_one)
        if per_one == _PER_ONE[-1] or np.array_equal(whole / per_one, values):
            break
    return _whole(whole.astype(np.int64), per_one)


def _whole(values: NDArray[np.int64], per_one: int) -> _Numbers:
    steps = np.diff(values, prepend=0)
    return _Numbers(per_one, *_narrow(steps), None)


def _narrow(values: NDArray[np.int64]) -> tuple[int, bytes]:
    """Width and bytes; equal bytes of neighbours side by side, since zlib likes that."""
    low, high = int(values[1:].min(initial=0)), int(values[1:].max(initial=0))
    width = next(one for one in _WIDTHS if np.iinfo(one).min <= low and high <= np.iinfo(one).max)
    rest = values[1:].astype(width).view(np.uint8).reshape(-1, width.itemsize)
    return width.itemsize, values[:1].astype("<i8").tobytes() + rest.T.tobytes()


def _counted(kept: _Numbers) -> NDArray[np.int64]:
    first = np.frombuffer(kept.values[:8], dtype="<i8")
    rest = np.frombuffer(kept.values[8:], dtype=np.uint8).reshape(kept.width, -1)
    steps = np.ascontiguousarray(rest.T).view(f"<i{kept.width}").reshape(-1)
    return np.cumsum(np.concatenate((first, steps.astype(np.int64))))


def _told(kept: _Numbers | None, count: int) -> list[float | None]:
    if kept is None:
        return [None] * count
    values = _counted(kept) / kept.per_one if kept.per_one else np.frombuffer(kept.values, dtype="<f8")
    if kept.present is None:
        return list(values.tolist())
    told: list[float | None] = [None] * count
    present = np.flatnonzero(np.unpackbits(np.frombuffer(kept.present, dtype=np.uint8), count=count))
    for place, value in zip(present.tolist(), values.tolist(), strict=True):
        told[place] = value
    return told


def _words(column: Sequence[str | None]) -> _Words:
    number = {word: place for place, word in enumerate(dict.fromkeys(column))}
    if len(number) == 1:
        return _Words(list(number), 0, b"")
    width = 1 if len(number) <= 2**8 else 4
    codes = np.array([number[word] for word in column], dtype=f"<u{width}")
    return _Words(list(number), width, codes.tobytes())


def _spelt(kept: _Words, count: int) -> list[str | None]:
    if not kept.width:
        return kept.known * count
    return [kept.known[code] for code in np.frombuffer(kept.codes, dtype=f"<u{kept.width}").tolist()]
