"""Whom events reach: targets narrowed to a VEN, and an index so that nobody is looked at who is not meant."""

from collections.abc import Iterable

from msgspec.structs import replace

from evenload.openadr.v20b.parts import Target
from evenload.openadr.v20b.vtn_records import Ven

Key = tuple[str, str]
_EVERYONE: Key = ("", "")


def keys_of_target(target: Target) -> list[Key]:
    """What a VEN must have one of to be meant."""
    keys = [("group", one) for one in target.group_ids] + [("resource", one) for one in target.resource_ids]
    keys += [("ven", one) for one in target.ven_ids] + [("party", one) for one in target.party_ids]
    return keys or [_EVERYONE]


def keys_of_ven(ven: Ven) -> list[Key]:
    """What a VEN has."""
    keys = [("group", one) for one in ven.group_ids] + [("resource", one) for one in ven.resource_ids]
    keys += [("ven", ven.ven_id), _EVERYONE]
    return keys if ven.party_id is None else [*keys, ("party", ven.party_id)]


def narrowed(target: Target, ven: Ven) -> Target | None:
    """Of a target what is of a VEN, so that none reads of another; ``None`` where nothing is."""
    if keys_of_target(target) == [_EVERYONE]:
        return target
    own = replace(
        target,
        group_ids=tuple(group for group in target.group_ids if group in ven.group_ids),
        resource_ids=tuple(resource for resource in target.resource_ids if resource in ven.resource_ids),
        ven_ids=tuple(ven_id for ven_id in target.ven_ids if ven_id == ven.ven_id),
        party_ids=tuple(party for party in target.party_ids if party == ven.party_id),
    )
    return own if own.group_ids or own.resource_ids or own.ven_ids or own.party_ids else None


class Reach:
    """Ids by key, in the order they came."""

    def __init__(self) -> None:
        self._ids: dict[Key, dict[str, None]] = {}

    def add(self, keys: Iterable[Key], one: str) -> None:
        """Put an id under keys."""
        for key in keys:
            self._ids.setdefault(key, {})[one] = None

    def remove(self, keys: Iterable[Key], one: str) -> None:
        """Take an id from under keys."""
        for key in keys:
            self._ids.get(key, {}).pop(one, None)

    def under(self, keys: Iterable[Key]) -> list[str]:
        """Ids under any of the keys, each once."""
        return list(dict.fromkeys(one for key in keys for one in self._ids.get(key, ())))
