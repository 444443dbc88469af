"""The log as what is told on to another server: what is new to it, and what has been told; in every store."""

from datetime import UTC, datetime, timedelta

import pytest

from evenload.domain.station import StationId
from evenload.service.ports import Store
from evenload.service.rows import EventRow

pytestmark = pytest.mark.requirement("R86")

NOW = datetime(2026, 1, 10, 17, tzinfo=UTC)


def row(second: int, kind: str = "StatusChanged", tenant: str = "home") -> EventRow:
    at = NOW + timedelta(seconds=second)
    return EventRow(StationId(tenant, "CP1"), at, at, 1, kind, "{}")


def test_what_the_log_has_to_the_letter_is_not_new(store: Store) -> None:
    with store.writing() as unit:
        unit.events.add([row(1), row(2)])
        later = EventRow(row(2).station, row(2).at, NOW, 1, "StatusChanged", "{}")
        assert unit.events.unknown([row(3), later, row(0), row(1), row(1, tenant="other")]) == [
            row(3), row(0), row(1, tenant="other")
        ]  # fmt: skip
        assert unit.events.unknown([]) == []
        assert len(unit.events.unknown([row(n) for n in range(2000)])) == 1998


def test_what_is_forgotten_is_of_one_kind_and_tenant_and_numbers_go_on(store: Store) -> None:
    with store.writing() as unit:
        unit.events.add([row(1, "MeterSampled"), row(2), row(3, "MeterSampled", "other"), row(4, "MeterSampled")])
        last = unit.events.last("home", 1)[0].number
        unit.events.forget("home", "MeterSampled", last)
        kept = [(one.at, one.kind) for one in unit.events.after("home", 0, 10)]
        assert kept == [(row(2).at, "StatusChanged"), (row(4).at, "MeterSampled")]
        assert len(unit.events.after("other", 0, 10)) == 1
        unit.events.add([row(5)])
        assert unit.events.last("home", 1)[0].number > last
