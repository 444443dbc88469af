"""The life of a called event: draft, rehearsed, approved, notified, active, released, closed, evaluated.

``step`` is a function: the event and a command give the event after it and what follows, as data. It may be modified,
called off or killed at any time before it is released; whoever was told is told. Requirements R13-R25, R119, R120.
"""

from dataclasses import replace
from datetime import datetime
from typing import assert_never

from evenload.program.event_call import Call
from evenload.program.event_commands import (
    Advance,
    Approve,
    Cancel,
    Command,
    Evaluated,
    FindLink,
    Kill,
    LeaveForNeed,
    LoseLink,
    Modify,
    Notify,
    OfAll,
    OptOut,
    Rehearsed,
)
from evenload.program.event_effects import Record
from evenload.program.event_leaving import found, left
from evenload.program.event_member import Leaving, Standing, is_meant
from evenload.program.event_notice import modified, notified
from evenload.program.event_release import held_by, released
from evenload.program.event_state import (
    BEFORE,
    UNDER_WAY,
    Around,
    EventLife,
    LifeRule,
    Policy,
    Stage,
    Stepped,
    refused,
    with_members,
)
from evenload.program.terms import OptOutRules


def draft(call: Call, policy: Policy, opt_out: OptOutRules | None = None) -> EventLife:
    """A new event: nobody knows of it."""
    return EventLife(call=call, policy=policy, opt_out=opt_out)


def step(life: EventLife, command: Command, now: datetime, actor: str, around: Around) -> Stepped:
    """The event after a command of ``actor`` at ``now``, and what follows; or why it is not followed."""
    if around.switched_off and isinstance(command, Notify | Modify | FindLink):
        return refused(life, LifeRule.SWITCHED_OFF, "all events are switched off")
    match command:
        case OptOut() | LeaveForNeed() | LoseLink():
            return left(life, command, now, actor, around)
        case FindLink():
            return found(life, command, now, actor, around)
        case _:
            return _of_all(life, command, now, actor, around)


def _of_all(life: EventLife, command: OfAll, now: datetime, actor: str, around: Around) -> Stepped:
    match command:
        case Rehearsed():
            return _rehearsed(life, command, now, actor)
        case Approve():
            return _approved(life, now, actor)
        case Notify():
            return notified(life, command, now, actor, around)
        case Advance():
            return _advanced(life, now, actor, around)
        case Modify():
            return modified(life, command, now, actor, around)
        case Cancel():
            return _called_off(life, now, actor, around, command.why, at_once=False)
        case Kill():
            return _called_off(life, now, actor, around, command.why, at_once=True)
        case Evaluated():
            return _evaluated(life, command, now, actor)
        case _:
            assert_never(command)


def _rehearsed(life: EventLife, command: Rehearsed, now: datetime, actor: str) -> Stepped:
    """A dry run may be made again until somebody is told; who approved the last one has not approved this."""
    if life.stage not in BEFORE:
        return refused(life, LifeRule.STAGE, f"it is {life.stage}; a dry run comes before anybody is told")
    meant = {one.participant_id: one for one in command.members if is_meant(one, life.call.targets)}
    if not meant:
        return refused(life, LifeRule.NOBODY, "nobody is called in it")
    kept = replace(life, stage=Stage.REHEARSED, members=meant, expected_kw=command.expected_kw, approvers=())
    sentence = f"event {life.call.event_id} is rehearsed: {len(meant)} called, {command.expected_kw:.0f} kW expected"
    return Stepped(kept, (Record(now, actor, sentence),))


def _approved(life: EventLife, now: datetime, actor: str) -> Stepped:
    if life.stage is not Stage.REHEARSED:
        return refused(life, LifeRule.STAGE, f"it is {life.stage}; what is rehearsed can be approved")
    if actor in life.approvers:
        return refused(life, LifeRule.SAME_PERSON, f"{actor} approved it already; somebody else has to as well")
    approvers = (*life.approvers, actor)
    needed = life.policy.approvals(life.expected_kw)
    stage = Stage.APPROVED if len(approvers) >= needed else Stage.REHEARSED
    sentence = f"event {life.call.event_id} is approved by {len(approvers)} of {needed}"
    return Stepped(replace(life, stage=stage, approvers=approvers), (Record(now, actor, sentence),))


def _advanced(life: EventLife, now: datetime, actor: str, around: Around) -> Stepped:
    """What is due: each of beginning, holding, ending and being back."""
    if life.stage in UNDER_WAY and around.switched_off:
        return _called_off(life, now, actor, around, "all events are switched off", at_once=True)
    if life.stage in UNDER_WAY and life.notified_at is not None:
        begins, ends = life.call.span(life.notified_at)
        if now >= begins:
            life = replace(
                life, stage=Stage.ACTIVE, members=with_members(life.members, held_by(life.members.values(), now))
            )
        if now >= ends:
            return released(_back(life, now), now, actor, around, Leaving.OVER)
    return Stepped(_back(life, now))


def _back(life: EventLife, now: datetime) -> EventLife:
    """Members whose last turn has come are free, and when all are it is closed."""
    back = [
        replace(one, standing=Standing.FREE)
        for one in life.members.values()
        if one.standing is Standing.RETURNING and one.returns[-1].at <= now
    ]
    kept = replace(life, members=with_members(life.members, back)) if back else life
    waiting = any(one.standing is Standing.RETURNING for one in kept.members.values())
    return replace(kept, stage=Stage.CLOSED) if life.stage is Stage.RELEASING and not waiting else kept


def _called_off(life: EventLife, now: datetime, actor: str, around: Around, why: str, *, at_once: bool) -> Stepped:
    if life.stage not in BEFORE | UNDER_WAY:
        return refused(life, LifeRule.STAGE, f"it is {life.stage}; there is nothing left to call off")
    because = f": {why}" if why else ""
    return released(life, now, actor, around, Leaving.CALLED_OFF, because, at_once=at_once)


def _evaluated(life: EventLife, command: Evaluated, now: datetime, actor: str) -> Stepped:
    if life.stage is not Stage.CLOSED:
        return refused(life, LifeRule.STAGE, f"it is {life.stage}; what is closed can be evaluated")
    kept = replace(life, stage=Stage.EVALUATED, evaluation_id=command.evaluation_id)
    return Stepped(kept, (Record(now, actor, f"event {life.call.event_id} is evaluated"),))
