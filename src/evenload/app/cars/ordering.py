"""Orders to the stations that cars are: what a car is to do by them, and how they end."""

import asyncio
from collections.abc import Callable
from datetime import datetime

from evenload.app.cars.fleet import Car
from evenload.domain.station import StationId
from evenload.domain.station_commands import (
    ClearProfile,
    Command,
    CommandSettled,
    Disconnect,
    SetProfile,
    Settlement,
)
from evenload.domain.vehicle_state import ActReason, ActStatus, CarId
from evenload.telematics.desk import Turn
from evenload.telematics.port import ActOutcome

_End = tuple[Settlement, str]


class Ordering:
    """Has cars keep to orders. An order ends when the first act that it takes does. For the event loop's thread."""

    def __init__(self, clock: Callable[[], datetime], take: Callable[[Car, Turn], None]) -> None:
        self._clock = clock
        self._take = take
        self._waiting: dict[tuple[CarId, str], list[asyncio.Future[_End]]] = {}

    async def carried_out(self, car: Car | None, station: StationId, command: Command) -> CommandSettled:
        """How a command ended; a car that is not linked now gives no answer."""
        if car is None:
            how, info = Settlement.NO_ANSWER, "no such car is linked now"
        else:
            how, info = await self._carried_out(car, command)
        now = self._clock()
        return CommandSettled(
            station=station, at=now, received_at=now, command_id=command.command_id, settlement=how, info=info
        )

    def ended(self, car: Car, outcome: ActOutcome) -> None:
        """An act of a car ended."""
        self._resolve((car.id, outcome.act_id), _settlement(outcome))

    def forget(self, car: Car) -> None:
        """A car is not linked any more."""
        for key in [key for key in self._waiting if key[0] == car.id]:
            self._resolve(key, (Settlement.REJECTED, ActReason.REVOKED.sentence))

    async def _carried_out(self, car: Car, command: Command) -> _End:
        if isinstance(command, Disconnect):
            return Settlement.DONE, ""
        if isinstance(command, ClearProfile):
            car.order_id = command.command_id
            self._take(car, car.desk.want(None, self._clock()))
            return Settlement.DONE, "the car is left as it is"
        if not isinstance(command, SetProfile):
            return Settlement.NOT_SUPPORTED, "a car is only told limits through its maker's cloud"
        if not car.may_tell:
            return Settlement.REJECTED, "the driver does not consent to the car being told what to do"
        return await self._wanted(car, command)

    async def _wanted(self, car: Car, command: SetProfile) -> _End:
        car.order_id = command.command_id
        turn = car.desk.want(command.limits, self._clock())
        self._take(car, turn)
        if not turn.acts:
            return _without_act(car)
        future: asyncio.Future[_End] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault((car.id, turn.acts[0].act_id), []).append(future)
        return await future

    def _resolve(self, key: tuple[CarId, str], end: _End) -> None:
        for future in self._waiting.pop(key, []):
            if not future.done():
                future.set_result(end)


def _settlement(outcome: ActOutcome) -> _End:
    """How an order ended by how its act did."""
    if outcome.status is ActStatus.CONFIRMED:
        unchanged = outcome.reason is ActReason.UNNECESSARY
        return (Settlement.UNCHANGED if unchanged else Settlement.DONE), outcome.sentence
    if outcome.reason is ActReason.SUPERSEDED:
        return Settlement.SUPERSEDED, outcome.sentence
    if outcome.reason in (ActReason.NOT_PLUGGED, ActReason.AWAY):
        return Settlement.LATER, outcome.sentence
    late = "no answer came before its deadline" if outcome.status is ActStatus.LATE else outcome.sentence
    return Settlement.REJECTED, late


def _without_act(car: Car) -> _End:
    """How an order ends that needs nothing to be sent now."""
    memory = car.desk.memory
    if memory.is_opted_out:
        return Settlement.UNCHANGED, ActReason.OPTED_OUT.sentence
    if memory.under_way is not None:
        return Settlement.LATER, "another act is under way"
    if memory.stay is None:
        return Settlement.LATER, "the car is not plugged in at home"
    left = car.desk.commands_left()
    if left is not None and left <= 0:
        return Settlement.REJECTED, ActReason.BUDGET_SPENT.sentence
    return Settlement.UNCHANGED, "the car does so already, or is told when it may be told again"
