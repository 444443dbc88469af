"""Ports to the store of identities, which is apart from the store of everything else."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Protocol

from evenload.service.people.rows import PersonRow


class People(Protocol):
    """People, by tenant and pseudonym."""

    def find(self, tenant: str, person_id: str) -> PersonRow | None:
        """One, or ``None``."""

    def find_all(self, keys: Iterable[tuple[str, str]]) -> Mapping[tuple[str, str], PersonRow]:
        """Those of these tenants and pseudonyms that there are."""

    def of(self, tenant: str, *, after: str = "", count: int | None = None) -> Sequence[PersonRow]:
        """Those of a tenant by pseudonym, at most ``count`` that follow one."""

    def put(self, rows: Iterable[PersonRow]) -> None:
        """Add or replace."""

    def remove(self, tenant: str, person_id: str) -> None:
        """Take away."""


class PeopleStore(Protocol):
    """Where identities are kept. Any thread may call; ``StoreError`` where it cannot be done."""

    def reading(self) -> AbstractContextManager[People]:
        """People as they are in one state."""

    def writing(self) -> AbstractContextManager[People]:
        """People to change; durable once it is left without an error."""
