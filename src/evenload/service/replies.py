"""Answers to requests that may be repeated."""

from datetime import timedelta
from typing import Final

from evenload.service.access_rows import ReplyRow
from evenload.service.ports import Store

KEPT_FOR: Final = timedelta(days=1)


def find(store: Store, tenant: str, key: str) -> ReplyRow | None:
    """What a request was answered, if it was."""
    with store.reading() as unit:
        return unit.replies.find(tenant, key)


def keep(store: Store, row: ReplyRow) -> None:
    """Keep an answer for a day."""
    with store.writing() as unit:
        unit.replies.prune(row.made_at - KEPT_FOR)
        unit.replies.add(row)
