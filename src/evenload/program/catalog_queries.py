"""Questions to the catalogue: what there is of a protocol, level, state, incentive, archetype, or with some words."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import fields
from typing import TypeVar

from evenload.base.errors import InputError, did_you_mean
from evenload.program.catalog import CatalogMaker, CatalogNetwork, CatalogProgram, CatalogRecord
from evenload.program.protocols import speaks
from evenload.program.words import Archetype, Level, Segment

Record = TypeVar("Record", CatalogProgram, CatalogMaker, CatalogNetwork)
Device = TypeVar("Device", CatalogMaker, CatalogNetwork)


def programs_with(
    programs: Iterable[CatalogProgram],
    *,
    state: str = "",
    incentive: str = "",
    archetype: str = "",
    segment: str = "",
    text: str = "",
) -> tuple[CatalogProgram, ...]:
    """Programs that have all that is asked for; ``InputError`` for a word that none of them can have."""
    every = tuple(programs)
    found = _having(every, every, "state", state)
    found = _having(every, found, "incentives", incentive)
    found = _having(every, found, "archetype", archetype, tuple(Archetype))
    found = _having(every, found, "segment", segment, tuple(Segment))
    return _telling(found, text)


def makers_with(
    makers: Iterable[CatalogMaker],
    *,
    protocol: str = "",
    level: str = "",
    managed: bool | None = None,
    v2g: bool | None = None,
    text: str = "",
) -> tuple[CatalogMaker, ...]:
    """Makers that have all that is asked for; a protocol counts with all its versions."""
    every = tuple(makers)
    found = _having(every, _speaking(every, protocol), "levels", level, tuple(Level))
    found = _managed(found, managed)
    if v2g is not None:
        found = tuple(one for one in found if one.v2g is v2g)
    return _telling(found, text)


def networks_with(
    networks: Iterable[CatalogNetwork], *, protocol: str = "", managed: bool | None = None, text: str = ""
) -> tuple[CatalogNetwork, ...]:
    """Networks that have all that is asked for; a protocol counts with all its versions."""
    return _telling(_managed(_speaking(tuple(networks), protocol), managed), text)


def states_of(programs: Iterable[CatalogProgram]) -> dict[str, int]:
    """Number of programs by state, a program of two states in both; blank where the table names none."""
    counts = Counter(state for one in programs for state in (one.state or ("",)))
    return dict(sorted(counts.items()))


def words_of(records: Iterable[CatalogRecord], key: str) -> tuple[str, ...]:
    """All words a column holds, in order."""
    return tuple(sorted({word for one in records for word in _words(one, key)}))


def _having(
    every: tuple[Record, ...], among: tuple[Record, ...], key: str, asked: str, more: tuple[str, ...] = ()
) -> tuple[Record, ...]:  # fmt: skip
    """Those ``among`` that have a word; it is a wrong one where not one of ``every`` has it."""
    if not asked:
        return among
    known = sorted({*words_of(every, key), *more})
    wanted = asked.casefold()
    if wanted not in [word.casefold() for word in known]:
        near, listed = did_you_mean(asked, known), ", ".join(known)
        raise InputError(f"no {key.removesuffix('s')} {asked!r} in the catalogue.{near} There are: {listed}")
    return tuple(one for one in among if wanted in [word.casefold() for word in _words(one, key)])


def _speaking(every: tuple[Device, ...], asked: str) -> tuple[Device, ...]:
    found = tuple(one for one in every if speaks(one.protocols, asked)) if asked else every
    if not found:
        known = words_of(every, "protocols")
        raise InputError(
            f"no protocol {asked!r} in the catalogue.{did_you_mean(asked, known)} There are: {', '.join(known)}"
        )
    return found


def _managed(records: tuple[Device, ...], asked: bool | None) -> tuple[Device, ...]:
    return records if asked is None else tuple(one for one in records if one.managed_charging_capable is asked)


def _telling(records: tuple[Record, ...], text: str) -> tuple[Record, ...]:
    """Records in which all words of a text are found somewhere, in any case."""
    wanted = text.casefold().split()
    return tuple(one for one in records if all(word in _all_text(one) for word in wanted))


def _words(record: CatalogRecord, key: str) -> Sequence[str]:
    told = getattr(record, key)
    return (told,) if isinstance(told, str) else tuple(told)


def _all_text(record: CatalogRecord) -> str:
    cells = (getattr(record, field.name) for field in fields(record))
    return " ".join(" ".join(map(str, cell)) if isinstance(cell, tuple) else str(cell) for cell in cells).casefold()
