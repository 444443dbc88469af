from dataclasses import replace
from datetime import UTC, datetime

import pytest

from evenload.base.errors import InputError
from evenload.domain.station import StationId
from evenload.service import webhooks
from evenload.service.access_rows import Role, WebhookRow
from evenload.service.event_rows import KINDS_LOGGED
from evenload.service.rows import EventRow
from evenload.service.scope import Scope
from evenload.store.memory import MemoryStore

NOON = datetime(2026, 1, 12, 12, tzinfo=UTC)
ADMIN = Scope("north", "user:ann", Role.ADMIN)
HOOK = WebhookRow("north", "W", "https://example.org/in", ("StationBooted",), "secret")


def happened(store: MemoryStore, count: int) -> None:
    with store.writing() as unit:
        unit.events.add(
            EventRow(StationId("north", "CP1"), NOON, NOON, 0, "StationBooted", f'{{"n":{i}}}') for i in range(count)
        )


@pytest.mark.parametrize(
    "url",
    [
        "http://example.org/", "ftp://example.org/", "https://", "https://u:p@example.org/", "https://localhost/",
        "https://a.localhost/", "https://printer.local/", "https://127.0.0.1/", "https://10.1.2.3/", "https://[::1]/",
        "https://[fe80::1%25eth0]/", "https://169.254.169.254/latest", "https://[::ffff:192.168.0.1]/",
        "https://0.0.0.0/", "https://224.0.0.1/", "https://100.64.0.1/", "https://example.org:99999/", "x",
    ],
)  # fmt: skip
def test_addresses_inside_and_unencrypted_ones_are_refused(url: str) -> None:
    with pytest.raises(InputError):
        webhooks.check_url(url, private=False)


def test_they_are_allowed_where_the_settings_say_so_but_nonsense_is_not() -> None:
    webhooks.check_url("http://127.0.0.1:8080/in", private=True)
    webhooks.check_url("https://93.184.215.14/in", private=False)
    with pytest.raises(InputError):
        webhooks.check_url("file:///etc/passwd", private=True)


def test_it_is_told_of_what_happens_from_then_on_and_never_back() -> None:
    store = MemoryStore()
    happened(store, 3)
    assert webhooks.put_webhook(ADMIN, store, HOOK, NOON).told_to == 3
    webhooks.told(store, "north", "W", 5)
    webhooks.told(store, "north", "W", 4)
    changed = webhooks.put_webhook(ADMIN, store, replace(HOOK, secret="", kinds=()), NOON)
    assert (changed.told_to, changed.secret, changed.kinds) == (5, "secret", ())


def test_a_secret_is_needed_and_never_in_the_audit_log() -> None:
    store = MemoryStore()
    with pytest.raises(InputError, match="needs a secret"):
        webhooks.put_webhook(ADMIN, store, replace(HOOK, secret=""), NOON)
    webhooks.put_webhook(ADMIN, store, HOOK, NOON)
    webhooks.disable(store, "north", "W", "it answered 500", NOON)
    webhooks.remove_webhook(ADMIN, store, "W", NOON)
    with store.reading() as unit:
        rows = unit.audit.last("north", 9)
    assert [row.action for row in rows] == ["webhooks.remove", "webhooks.disable", "webhooks.put"]
    assert "secret" not in "".join(row.body for row in rows)


def test_a_kind_of_event_that_never_comes_is_refused_with_those_that_there_are() -> None:
    store = MemoryStore()
    with pytest.raises(InputError, match=r"Did you mean 'TransactionStarted'.*There are: .*StationBooted"):
        webhooks.put_webhook(ADMIN, store, replace(HOOK, kinds=("TransactionStartd",)), NOON)
    with pytest.raises(InputError, match="'StationSeen'"):  # signs of life are not in the log
        webhooks.put_webhook(ADMIN, store, replace(HOOK, kinds=("StationSeen",)), NOON)
    assert webhooks.webhooks(ADMIN, store) == []
    assert webhooks.put_webhook(ADMIN, store, replace(HOOK, kinds=KINDS_LOGGED), NOON).kinds == KINDS_LOGGED
