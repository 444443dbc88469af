"""Telling an event, and telling it in another form: within the program's rules and each participant's limits."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from evenload.program.event_call import Call, CallKind
from evenload.program.event_commands import Book, Modify, Notify
from evenload.program.event_effects import Ask, Begin, Effect, EndObligation, News, Record, Tell
from evenload.program.event_member import Leaving, Member, Standing, may_be_steered
from evenload.program.event_release import room_of
from evenload.program.event_state import (
    BEFORE,
    UNDER_WAY,
    Around,
    EventLife,
    LifeRule,
    Refused,
    Stage,
    Stepped,
    refused,
    with_members,
)
from evenload.program.event_turns import in_turns
from evenload.program.refusal import EventRule, Refusal
from evenload.program.rules import may_ask_customer, may_call
from evenload.program.words import ArmKind

PREPARE_NOTICE: Final = (timedelta(hours=24), timedelta(hours=48))
"""Notice of an event that prepares for an outage, where its program has no rule of its own (R119)."""

_NO_KIND: Final = (CallKind.PRICE, CallKind.ALERT)


def notified(life: EventLife, command: Notify, now: datetime, actor: str, around: Around) -> Stepped:
    """Everybody is told, but those of a control arm; managed ones are bound, those beyond their own limits left out."""
    if life.stage is not Stage.APPROVED:
        return refused(life, LifeRule.STAGE, f"it is {life.stage}; what is approved can be told")
    if life.call.end <= now or life.call.span(now)[1] <= now:
        return refused(life, LifeRule.TOO_LATE, "it is over already")
    against = rules_against(life.call, command.book, now)
    if against:
        return Stepped(life, refused=against)
    members = [_asked(life.call, one, command.book, now) for one in life.members.values()]
    told_at = replace(life, stage=Stage.NOTIFIED, notified_at=now, changed_at=now)
    steered = _scheduled(replace(told_at, members=with_members({}, members)), now, around)
    told = tuple(one.participant_id for one in steered.members.values() if one.told)
    if not told:
        return refused(life, LifeRule.NOBODY, "nobody may be asked: all are beyond their limits or of a control arm")
    sentence = f"event {life.call.event_id}: {_said(life.call)}"
    effects = (
        *_asks(steered, now),
        Tell(told, News.NOTIFIED, sentence, life.call.is_test),
        *_begins(steered.members.values()),
    )
    return Stepped(steered, (*effects, Record(now, actor, f"{sentence}; {len(told)} told, {len(steered.bound)} bound")))


def modified(life: EventLife, command: Modify, now: datetime, actor: str, around: Around) -> Stepped:
    """It is changed. Before anybody was told it has to be rehearsed and approved again; afterwards everybody is told,
    and whoever changes it counts among those who approve it."""
    if life.stage not in BEFORE | UNDER_WAY:
        return refused(life, LifeRule.STAGE, f"it is {life.stage} and cannot be changed any more")
    call = _changed(life.call, command)
    if life.notified_at is None:
        sentence = f"event {call.event_id} is changed to {_said(call)}; to be rehearsed again"
        redrawn = replace(life, call=call, stage=Stage.DRAFT, members={}, approvers=())
        return Stepped(redrawn, (Record(now, actor, sentence),))
    if (no := _no_change(life, call, now)) is not None:
        return no
    approvers = tuple(dict.fromkeys((*life.approvers, actor)))
    needed = life.policy.approvals(command.expected_kw)
    if len(approvers) < needed:
        sentence = f"as changed it moves {command.expected_kw:.0f} kW, which {needed} people approve; {actor} alone did"
        return refused(life, LifeRule.APPROVALS, sentence)
    sooner = call.start < life.call.start and call.kind is not CallKind.PREPARATORY  # whoever prepares was warned
    told_at = now if sooner else life.notified_at
    against = rules_against(call, command.book, told_at)
    if against:
        return Stepped(life, refused=against)
    kept = replace(life, call=call, approvers=approvers, expected_kw=command.expected_kw, changed_at=now)
    return _told_anew(kept, command.book, now, actor, around, moved=call.span(told_at)[0] != life.call.span(told_at)[0])


def rules_against(call: Call, book: Book, notified_at: datetime) -> tuple[Refused, ...]:
    """Rules of the program against a call; tests and alerts ask nothing and no rule stands against them, prices are of
    no kind that rules know."""
    document = book.document
    if document.program_id != call.program_id:
        other = f"event {call.event_id!r} is of program {call.program_id}, not of {document.program_id}"
        return (Refusal(EventRule.NO_EVENTS, other),)
    if not call.steers:
        return ()
    against = may_call(document, call.asked(notified_at), book.others, book.warnings)
    if call.kind in _NO_KIND:
        against = tuple(one for one in against if one.why not in (EventRule.KIND, EventRule.POWER_SHARE))
    return (*against, *_against_preparing(call, book, notified_at))


def _against_preparing(call: Call, book: Book, notified_at: datetime) -> tuple[Refusal, ...]:
    rules = book.document.events
    if call.kind is not CallKind.PREPARATORY or rules is None:
        return ()
    least, most = PREPARE_NOTICE
    notice = call.start - notified_at
    own = rules.notice_minutes_min is not None or rules.notice_minutes_max is not None
    if own or least <= notice <= most:
        return ()
    hours = notice.total_seconds() / 3600
    return (
        Refusal(EventRule.NOTICE, f"notice is {hours:.3g} h, and an event that prepares is told 24 to 48 h before"),
    )


def _asked(call: Call, member: Member, book: Book, now: datetime) -> Member:
    """The member bound, told, or left out. A test asks nobody for anything, so no limits stand against it."""
    if member.arm_kind is not ArmKind.MANAGED:
        return replace(member, standing=Standing.ASKED)
    why = _why_out(call, member, book, now)
    if why is None:
        return replace(member, standing=Standing.ASKED)
    return replace(member, standing=Standing.FREE, left=why, left_at=now, begins=())


def _why_out(call: Call, member: Member, book: Book, now: datetime) -> Leaving | None:
    if not may_be_steered(call, member):
        return Leaving.CRITICAL_CIRCUIT
    own = book.own.get(member.participant_id, ())
    over = call.steers and own and may_ask_customer(book.document, call.asked(now), own)
    return Leaving.OWN_LIMITS if over else None


def _scheduled(life: EventLife, now: datetime, around: Around) -> EventLife:
    """Turns to begin, for those that are bound and not steered yet."""
    if not life.call.steers or life.notified_at is None:
        return life
    waiting = [one for one in life.members.values() if one.bound and one.standing is Standing.ASKED]
    begins, ends = life.call.span(life.notified_at)
    over = life.call.start_after_minutes
    if life.call.kind is CallKind.PREPARATORY:
        over = max(over, int((ends - max(begins, now)).total_seconds() / 120))  # the first half of the time there is
    bare = replace(life, members=with_members(life.members, (replace(one, begins=()) for one in waiting)))
    turns = in_turns(waiting, room_of(bare, around, now), max(begins, now), over, around.rng)
    return replace(
        life, members=with_members(life.members, (replace(one, begins=turns[one.participant_id]) for one in waiting))
    )


def _told_anew(life: EventLife, book: Book, now: datetime, actor: str, around: Around, *, moved: bool) -> Stepped:
    """Turns are made again where it starts at another time, and those it is now beyond the limits of are left out."""
    lost: list[Member] = []
    if moved:
        bound = [one for one in life.members.values() if one.bound]
        checked = [_asked(life.call, one, book, now) for one in bound]
        lost = [one for one in checked if not one.bound]
        life = _scheduled(replace(life, members=with_members(life.members, checked)), now, around)
    sentence = f"event {life.call.event_id} is changed: {_said(life.call)}"
    told = tuple(one.participant_id for one in life.members.values() if one.told)
    effects: list[Effect] = [*_asks(life, now)]
    effects += [Tell(told, News.MODIFIED, sentence, life.call.is_test)] if told else []
    effects += _begins(life.members.values()) if moved else ()
    if lost:
        names = tuple(one.participant_id for one in lost)
        effects.append(EndObligation(names, now, Leaving.OWN_LIMITS))
        effects.append(Tell(names, News.LEFT_OUT, f"event {life.call.event_id} does not ask you any more"))
    return Stepped(life, (*effects, Record(now, actor, sentence)))


def _changed(call: Call, command: Modify) -> Call:
    fields = ("start", "end", "power_kw", "power_share", "price_per_kwh")
    said = {name: getattr(command, name) for name in fields if getattr(command, name) is not None}
    return replace(call, **said)


def _no_change(life: EventLife, call: Call, now: datetime) -> Stepped | None:
    begins = life.call.span(life.notified_at or now)[0]
    if now >= begins and call.kind is not CallKind.PREPARATORY and call.start != life.call.start:
        return refused(life, LifeRule.CHANGE, "it is going on; its start cannot be moved")
    if call.start != life.call.start and call.start < now:
        return refused(life, LifeRule.CHANGE, "it cannot start in the past")
    if call.span(life.notified_at or now)[1] <= now:
        return refused(life, LifeRule.CHANGE, "it would be over already; call it off instead")
    return None


def _asks(life: EventLife, now: datetime) -> tuple[Effect, ...]:
    return (Ask(life.call, life.notified_at or now),) if life.call.steers else ()


def _begins(members: Iterable[Member]) -> tuple[Begin, ...]:
    return tuple(Begin(one.participant_id, one.begins) for one in members if one.bound and one.begins)


def _said(call: Call) -> str:
    """What is asked, in a few words."""
    amounts = [
        "" if call.power_kw is None else f" to {call.power_kw:g} kW",
        "" if call.power_share is None else f" to {call.power_share:.0%}",
        "" if call.price_per_kwh is None else f" of {call.price_per_kwh:g} per kWh",
    ]
    test = "test of " if call.is_test else ""
    kind = call.kind.replace("_", " ")
    return f"{test}{kind}{''.join(amounts)}, {call.start.isoformat()} to {call.end.isoformat()}"
