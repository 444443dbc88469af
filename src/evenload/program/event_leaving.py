"""Single members: out by hand, out for the need of their car, out of reach, back in reach. R21, R22."""

from dataclasses import replace
from datetime import datetime
from typing import Final

from evenload.program.event_commands import FindLink, LeaveForNeed, LoseLink, OptOut
from evenload.program.event_effects import Begin, Effect, EndObligation, News, Record, Return, Tell
from evenload.program.event_member import Leaving, Member, Standing
from evenload.program.event_release import begun, held_by, returning_by, room_of
from evenload.program.event_state import UNDER_WAY, Around, EventLife, LifeRule, Stage, Stepped, refused, with_members

_WHY: Final = {OptOut: Leaving.OPTED_OUT, LeaveForNeed: Leaving.NEED, LoseLink: Leaving.LINK_LOST}
_NEWS: Final = {Leaving.OPTED_OUT: News.OPTED_OUT, Leaving.NEED: News.LEFT_FOR_NEED}
_SENTENCE: Final = {
    Leaving.OPTED_OUT: "opted out",
    Leaving.NEED: "leaves by itself: the car would not have what it needs in time",
    Leaving.LINK_LOST: "cannot be told anything",
}


def left(
    life: EventLife, command: OptOut | LeaveForNeed | LoseLink, now: datetime, actor: str, around: Around
) -> Stepped:
    """One member is not bound any more. One that is steered gets its power back at once, as far as the caps allow; one
    out of reach falls back by itself, and what that changes is counted when all return."""
    known = life.members.get(command.participant_id)
    if known is None:
        return refused(life, LifeRule.UNKNOWN, f"{command.participant_id!r} is not called in it")
    if life.stage not in UNDER_WAY or not known.bound:
        return refused(life, LifeRule.NOT_BOUND, f"{command.participant_id!r} owes nothing in it")
    if isinstance(command, OptOut) and (no := _no_opt_out(life, command)) is not None:
        return no
    why = _WHY[type(command)]
    return _out(life, next(iter(held_by([known], now)), known), why, (now, actor), around)


def found(life: EventLife, command: FindLink, now: datetime, actor: str, around: Around) -> Stepped:
    """A member that was out of reach is bound again, and begins as soon as the caps allow."""
    known = life.members.get(command.participant_id)
    if known is None:
        return refused(life, LifeRule.UNKNOWN, f"{command.participant_id!r} is not called in it")
    if life.stage not in UNDER_WAY or known.left is not Leaving.LINK_LOST:
        return refused(life, LifeRule.NOT_BOUND, f"{command.participant_id!r} was not lost to it")
    member = replace(known, left=None, left_at=None)
    if life.call.steers and member.standing is Standing.ASKED:
        begins = max(now, life.call.span(life.notified_at or now)[0])
        late = not member.begins or member.begins[0].at < now
        turns = room_of(life, around, now).place(replace(member, begins=()), begins) if late else member.begins
        member = replace(member, begins=turns)
    effects: list[Effect] = [Begin(member.participant_id, member.begins)] if life.call.steers else []
    sentence = f"{member.participant_id} can be told again of event {life.call.event_id}"
    kept = replace(life, members=with_members(life.members, [member]))
    return Stepped(kept, (*effects, Record(now, actor, sentence)))


def _out(life: EventLife, member: Member, why: Leaving, by: tuple[datetime, str], around: Around) -> Stepped:
    now, actor = by
    gone = replace(member, left=why, left_at=now)
    effects: list[Effect] = [EndObligation((member.participant_id,), now, why)] if life.call.steers else []
    if why is not Leaving.LINK_LOST:
        if member.standing is Standing.HELD:
            part = begun(gone, now)
            rest = replace(life, members=with_members(life.members, [part]))
            gone = returning_by(part, room_of(rest, around, now).place(part, now))
            effects.append(Return(gone.participant_id, gone.returns))
        else:
            gone = replace(gone, standing=Standing.FREE, begins=())
    sentence = f"{member.participant_id} {_SENTENCE[why]} (event {life.call.event_id})"
    if why in _NEWS:
        effects.append(Tell((member.participant_id,), _NEWS[why], sentence, life.call.is_test))
    kept = replace(life, members=with_members(life.members, [gone]))
    return Stepped(kept, (*effects, Record(now, actor, sentence)))


def _no_opt_out(life: EventLife, command: OptOut) -> Stepped | None:
    rules = life.opt_out
    if rules is None:
        if life.call.mandatory and life.stage in (Stage.NOTIFIED, Stage.ACTIVE):
            return refused(life, LifeRule.OPT_OUT, "it is mandatory, and the program has no rule for leaving it")
        return None
    if not (rules.per_day or (rules.per_event and not command.whole_day)):
        what = "a whole day" if command.whole_day else "single events"
        return refused(life, LifeRule.OPT_OUT, f"the program has no opt-out of {what}")
    most = rules.per_month_max
    if most is not None and command.used_this_month >= most:
        sentence = (
            f"{command.participant_id!r} opted out {command.used_this_month} times this month of {most} at the most"
        )
        return refused(life, LifeRule.OPT_OUT_BUDGET, sentence)
    return None
