"""How an event lets go: obligations end at once, power returns in turns under each circuit's cap. R13, R19, R20."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from evenload.program.event_effects import Effect, EndObligation, News, Record, Return, Rise, Tell, Withdraw
from evenload.program.event_member import Leaving, Member, Standing, Turn
from evenload.program.event_state import Around, EventLife, Stage, Stepped, with_members
from evenload.program.event_turns import Room, in_turns

_NEWS = {Leaving.OVER: News.ENDED, Leaving.CALLED_OFF: News.CALLED_OFF}


def room_of(life: EventLife, around: Around, now: datetime) -> Room:
    """What is left of the caps, beside all changes that are told for the last minute or later."""
    room = Room(life.policy.caps_kw_per_minute)
    since = now - timedelta(minutes=2)
    if room.caps_kw:
        for circuits, turn in (*life.turns(since), *around.other_turns):
            room.spend(circuits, turn)
    return room


def released(
    life: EventLife,
    now: datetime,
    actor: str,
    around: Around,
    why: Leaving,
    because: str = "",
    *,
    at_once: bool = False,
) -> Stepped:
    """End it: nobody owes anything from ``now`` on. Devices that were held return in turns, ``at_once`` as fast as the
    caps allow."""
    if life.notified_at is None:
        sentence = f"event {life.call.event_id} is called off before anybody was told{because}"
        ended = replace(life, stage=Stage.CANCELLED, called_off=True, ended_at=now, killed=at_once)
        return Stepped(ended, (Record(now, actor, sentence),))
    after = replace(life, members=with_members(life.members, held_by(life.members.values(), now)))
    loose = replace(after, members=with_members(after.members, (_loose(one, now) for one in after.members.values())))
    over = 0 if at_once else life.call.return_over_minutes
    held = [one for one in loose.members.values() if one.standing is Standing.HELD]
    turns = in_turns(held, room_of(loose, around, now), now, over, around.rng)
    returning = [returning_by(one, turns[one.participant_id]) for one in held]
    bound = after.bound
    members = {name: _left(one, why, now) for name, one in with_members(loose.members, returning).items()}
    early = now < life.call.span(life.notified_at)[0]
    stage = Stage.CANCELLED if early else Stage.RELEASING if returning else Stage.CLOSED
    ended = replace(
        life, stage=stage, members=members, ended_at=now, called_off=why is Leaving.CALLED_OFF, killed=at_once
    )
    told = tuple(name for name, one in after.members.items() if one.told)
    effects: list[Effect] = [Withdraw(life.call.event_id, now, ended.called_off)]
    effects += [EndObligation(bound, now, why)] if bound else []
    sentence = f"event {life.call.event_id} {'is called off' if ended.called_off else 'is over'}{because}"
    effects += [Tell(told, _NEWS[why], sentence, life.call.is_test)] if told else []
    effects += [Return(one.participant_id, one.returns) for one in returning]
    effects += _rises(ended, now, returning)
    return Stepped(ended, (*effects, Record(now, actor, sentence)))


def held_by(members: Iterable[Member], now: datetime) -> list[Member]:
    """Members whose turn to begin has come: their devices are steered from now on."""
    return [
        replace(one, standing=Standing.HELD)
        for one in members
        if one.standing is Standing.ASKED and one.bound and one.begins and one.begins[0].at <= now
    ]


def returning_by(member: Member, turns: tuple[Turn, ...]) -> Member:
    """A member on the way back."""
    return replace(member, standing=Standing.RETURNING, returns=turns)


def begun(member: Member, now: datetime) -> Member:
    """The member with only those turns that have come, and the power that they changed."""
    turns = tuple(turn for turn in member.begins if turn.at <= now)
    return replace(member, begins=turns, power_kw=sum(turn.power_kw for turn in turns))


def _loose(member: Member, now: datetime) -> Member:
    """One that was not steered yet is free; of one that was, turns to come are dropped."""
    if member.standing is Standing.HELD:
        return begun(member, now)
    if member.standing in (Standing.CHOSEN, Standing.ASKED):
        return replace(member, standing=Standing.FREE, begins=())
    return member


def _left(member: Member, why: Leaving, now: datetime) -> Member:
    return member if member.left is not None else replace(member, left=why, left_at=now)


def _rises(life: EventLife, now: datetime, returning: Sequence[Member]) -> list[Rise]:
    """What the planner keeps to while devices return."""
    ends: dict[str, datetime] = {}
    for one in returning:
        for circuit in one.circuits:
            last = one.returns[-1].at + timedelta(minutes=1)
            ends[circuit] = max(ends.get(circuit, now), last)
    caps = life.policy.caps_kw_per_minute
    return [Rise(circuit, caps[circuit], now, ends[circuit]) for circuit in sorted(ends) if circuit in caps]
