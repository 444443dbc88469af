from datetime import UTC, datetime, timedelta, timezone
from math import inf, nan

import pytest

from evenload.base.errors import InputError, InstantError
from evenload.domain.event import Event, EventKind

NOON = datetime(2025, 1, 13, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def event(kind: EventKind = EventKind.PAUSE, **more: object) -> Event:
    return Event("e7", kind, NOON, NOON + 2 * HOUR, **more)  # type: ignore[arg-type]


@pytest.mark.requirement("R13")
def test_an_event_asks_between_its_start_and_end_but_not_after_it_is_called_off() -> None:
    early = NOON - 5 * HOUR
    assert event().asks_between(early) == (NOON, NOON + 2 * HOUR)
    assert event().asks_between(NOON + HOUR) == (NOON + HOUR, NOON + 2 * HOUR)
    assert event(cancelled_at=NOON + HOUR).asks_between(early) == (NOON, NOON + HOUR)
    assert event(cancelled_at=NOON - HOUR).asks_between(early) is None
    assert event(cancelled_at=NOON).asks_between(early) is None
    assert event(cancelled_at=NOON + 9 * HOUR).asks_between(early) == (NOON, NOON + 2 * HOUR)


@pytest.mark.requirement("R119")
def test_a_preparatory_event_asks_from_when_it_is_known_until_it_starts() -> None:
    early = NOON - 5 * HOUR
    assert event(EventKind.PREPARATORY).asks_between(early) == (early, NOON)
    assert event(EventKind.PREPARATORY, notified_at=NOON - HOUR).asks_between(early) == (NOON - HOUR, NOON)
    assert event(EventKind.PREPARATORY, notified_at=NOON - 9 * HOUR).asks_between(early) == (early, NOON)
    assert event(EventKind.PREPARATORY).asks_between(NOON) is None


def test_mandatory_ranks_first_then_the_later_notified_then_the_one_for_less() -> None:
    more, less = event(EventKind.INCREASE), event(EventKind.LIMIT, power_kw=3.0)
    assert less.ranks_before(more)
    assert not more.ranks_before(less)
    later = event(EventKind.INCREASE, notified_at=NOON - HOUR)
    assert later.ranks_before(event(EventKind.PAUSE, notified_at=NOON - 2 * HOUR))
    assert later.ranks_before(less)  # of one nobody knows when, it was told before
    assert event(mandatory=True).ranks_before(later)


def test_instants_are_brought_to_utc() -> None:
    oslo = timezone(HOUR)
    there = Event("e7", EventKind.PAUSE, NOON.astimezone(oslo), (NOON + HOUR).astimezone(oslo))
    assert there.start == NOON
    assert there.start.tzinfo is UTC


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        ({"kind": EventKind.LIMIT}, r"event 'e7' of kind limit needs power_kw, the power it limits to"),
        ({"power_kw": -1.0}, r"event 'e7': power_kw = -1.0 must be 0 or more"),
        ({"power_kw": inf}, r"event 'e7': power_kw = inf must be 0 or more"),
        ({"end": NOON}, r"event 'e7': end 2025-01-13T12:00:00\+00:00 is not after start 2025-01-13T12:00:00\+00:00"),
    ],
)
def test_an_event_that_cannot_be_is_refused(more: dict[str, object], sentence: str) -> None:
    asked = {"event_id": "e7", "kind": EventKind.PAUSE, "start": NOON, "end": NOON + HOUR, "power_kw": nan} | more
    with pytest.raises(InputError, match=sentence):
        Event(**asked)  # type: ignore[arg-type]


def test_an_instant_without_offset_is_refused() -> None:
    with pytest.raises(InstantError, match="has no offset from UTC"):
        Event("e7", EventKind.PAUSE, datetime(2025, 1, 13), NOON)  # noqa: DTZ001 - what is refused


@pytest.mark.parametrize("kind", EventKind)
def test_increase_and_preparatory_ask_for_more(kind: EventKind) -> None:
    assert kind.asks_for_more == (kind.value in {"increase", "preparatory"})
