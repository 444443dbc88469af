"""What becomes of queued messages: sent now, held for a while, or suppressed for a reason; and how sending ended."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

from evenload.base.errors import InputError
from evenload.base.instants import time_zone
from evenload.service.consents import may
from evenload.service.messages.catalogue import Catalogue, Rendered
from evenload.service.messages.kinds import SPECS
from evenload.service.messages.values import without_links
from evenload.service.people.ports import PeopleStore
from evenload.service.people.quiet import quiet_of
from evenload.service.people.rows import PersonRow, Way
from evenload.service.people_rows import MessageKind, MessageRow, MessageStatus, WhyNot
from evenload.service.ports import Store, Unit

WAITS: Final = tuple(timedelta(seconds=one) for one in (30, 120, 600, 3600))
"""How long to wait after the first, second ... try that failed; one more try and it is given up."""
UNCERTAIN_AFTER: Final = timedelta(minutes=10)
"""After so long nobody sends any more what was begun: whoever did was stopped."""
_DAY: Final = timedelta(days=1)
_WEEK: Final = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Policy:
    """``ways`` are those that are set up; ``sender`` is who writes."""

    ways: Collection[Way] = tuple(Way)
    sender: str = "evenload"


@dataclass(frozen=True, slots=True)
class Sending:
    """A message to send now: addresses by way, the first way first."""

    row: MessageRow
    rendered: Rendered
    addresses: Mapping[Way, tuple[str, ...]] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Outcome:
    """How sending ended: by which way, or why not; ``is_certain`` is whether it is known that nothing arrived."""

    message: MessageRow
    way: str = ""
    fault: str = ""
    is_certain: bool = True


def claim(
    store: Store, people: PeopleStore, tenants: Sequence[str], catalogue: Catalogue, policy: Policy, now: datetime,
    count: int,
) -> Sequence[Sending]:  # fmt: skip
    """Take messages that are due: what is to be sent is marked so before, so that it is sent once."""
    with store.reading() as unit:
        if not unit.messages.due(tenants, now, 1):
            return ()
    found: list[Sending] = []
    with store.writing() as unit:
        due = unit.messages.due(tenants, now, count)
        with people.reading() as kept:
            known = kept.find_all({(row.tenant, row.person_id) for row in due})
        for row in due:
            decided = _decided(unit, row, known.get((row.tenant, row.person_id)), catalogue, policy, now)
            unit.messages.put([decided.row if isinstance(decided, Sending) else decided])
            found += [decided] if isinstance(decided, Sending) else []
    return found


def _decided(
    unit: Unit, row: MessageRow, person: PersonRow | None, catalogue: Catalogue, policy: Policy, now: datetime
) -> Sending | MessageRow:  # fmt: skip
    """The same; one that cannot be made out, as it was queued for other texts, does not hold up the others."""
    try:
        return decide(unit, row, person, catalogue, policy, now)
    except InputError as error:
        return _failed(row, WhyNot.GIVEN_UP, f"it cannot be made out: {error}", now)


def decide(
    unit: Unit, row: MessageRow, person: PersonRow | None, catalogue: Catalogue, policy: Policy, now: datetime
) -> Sending | MessageRow:  # fmt: skip
    """What is to be sent, or the row as it is to be kept: suppressed, or queued for later."""
    if row.worthless_at is not None and now >= row.worthless_at:
        return _dropped(row, WhyNot.TOO_LATE, "it was worth nothing any more when it could have been sent", now)
    if person is None:
        return _dropped(row, WhyNot.NOBODY, "nothing is known of how to reach this person", now)
    consent = may(unit, row.tenant, row.person_id, SPECS[row.kind].purpose, now)
    if not consent.granted:
        return _dropped(row, WhyNot.NO_CONSENT, consent.sentence, now)
    addresses = {way: person.addresses(way) for way in _order(row.kind) if way in policy.ways and person.addresses(way)}
    if not addresses:
        return _dropped(row, WhyNot.NO_ADDRESS, "there is no address for any way that is set up", now)
    return _held(unit, row, person, now) or Sending(
        replace(row, status=MessageStatus.SENDING, tries=row.tries + 1, sent_at=now),
        catalogue.render(row.kind, row.fields, person.language, time_zone(person.timezone), policy.sender),
        addresses,
    )


def settle(store: Store, outcomes: Iterable[Outcome], now: datetime) -> None:
    """Keep how sending ended. What was erased meanwhile stays so."""
    with store.writing() as unit:
        for outcome in outcomes:
            row = unit.messages.find(outcome.message.tenant, outcome.message.message_id)
            if row is not None and row.status is MessageStatus.SENDING:
                unit.messages.put([settled(row, outcome, now)])


def settled(row: MessageRow, outcome: Outcome, now: datetime) -> MessageRow:
    """A row after a try: sent, to be tried again, or failed for good."""
    if not outcome.fault:
        kept = replace(row, status=MessageStatus.SENT, way=outcome.way, settled_at=now)
        return replace(kept, fields=without_links(row.kind, row.fields))
    if not outcome.is_certain:
        return _failed(row, WhyNot.UNCERTAIN, outcome.fault, now)
    again = now + WAITS[row.tries - 1] if row.tries <= len(WAITS) else None
    if again is None or (row.worthless_at is not None and again >= row.worthless_at):
        return _failed(row, WhyNot.GIVEN_UP, outcome.fault, now)
    return replace(row, status=MessageStatus.QUEUED, not_before=again, info=outcome.fault)


def recover(store: Store, tenants: Sequence[str], now: datetime) -> int:
    """Give up what was being sent when whoever did it was stopped: it may have arrived, and is not sent twice."""
    with store.reading() as unit:
        if not unit.messages.unsettled(tenants, now - UNCERTAIN_AFTER):
            return 0
    with store.writing() as unit:
        lost = unit.messages.unsettled(tenants, now - UNCERTAIN_AFTER)
        why = "the program stopped while it was sent: whether it arrived is not known"
        unit.messages.put([_failed(row, WhyNot.UNCERTAIN, why, now) for row in lost])
    return len(lost)


def _order(kind: MessageKind) -> tuple[Way, ...]:
    """What is urgent goes by what is read at once; the rest by what costs least."""
    return (Way.PUSH, Way.SMS, Way.EMAIL) if SPECS[kind].urgent else (Way.PUSH, Way.EMAIL, Way.SMS)


def _held(unit: Unit, row: MessageRow, person: PersonRow, now: datetime) -> MessageRow | None:
    """The row as it is to be kept where quiet hours or a limit hold it back; what is urgent passes where it must."""
    urgent = SPECS[row.kind].urgent
    quiet = quiet_of(person.quiet)
    until = quiet.until(now, time_zone(person.timezone)) if quiet else None
    if until is not None:
        waits = row.worthless_at is None or until < row.worthless_at
        if waits:
            return replace(row, not_before=until, info=f"held for quiet hours until {until:%Y-%m-%d %H:%M}Z")
        if not urgent:
            return _dropped(row, WhyNot.QUIET_HOURS, "it would be worth nothing any more after quiet hours", now)
    if urgent:
        return None
    sent = unit.messages.sent(row.tenant, row.person_id, row.kind, now - _WEEK)
    today = sum(at > now - _DAY for at in sent)
    spec = SPECS[row.kind]
    if today >= spec.a_day or len(sent) >= spec.a_week:
        told = f"{today} in a day and {len(sent)} in a week were sent already; at most {spec.a_day} and {spec.a_week}"
        return _dropped(row, WhyNot.RATE_LIMIT, told, now)
    return None


def _dropped(row: MessageRow, why: WhyNot, info: str, now: datetime) -> MessageRow:
    kept = replace(row, status=MessageStatus.SUPPRESSED, why=why, info=info, settled_at=now)
    return replace(kept, fields=without_links(row.kind, row.fields))


def _failed(row: MessageRow, why: WhyNot, info: str, now: datetime) -> MessageRow:
    kept = replace(row, status=MessageStatus.FAILED, why=why, info=info, settled_at=now)
    return replace(kept, fields=without_links(row.kind, row.fields))
