"""Acts on their way: noted before they are sent, sent as quotas allow, and followed until they end."""

import heapq
import itertools
import logging
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

from evenload.app.cars.beside import Beside
from evenload.app.cars.fleet import Car, Fleet
from evenload.app.cars.keeping import Keeping
from evenload.app.cars.tokens import Door
from evenload.base.distribution import Distribution
from evenload.domain.vehicle_state import Act, ActKind, ActReason, ActStatus
from evenload.service.car_rows import CarActRow
from evenload.telematics.clouds import CLOUDS
from evenload.telematics.port import ActOutcome, Cost, Fault, Response

_log = logging.getLogger("evenload.app.cars")

_ASK_AFTER: Final = timedelta(seconds=20)
_AT_ONCE: Final = 1000

Outcome = Callable[[Car, ActOutcome], None]


@dataclass(slots=True)
class ActCounts:
    """Acts by how they ended, and how long after they were made (s)."""

    ended: Counter[tuple[str, str]] = field(default_factory=Counter)
    seconds: Distribution = field(default_factory=Distribution)


class Acting:
    """Sends acts and tells what became of them. ``settle`` is told every answer."""

    def __init__(
        self, door: Door, fleet: Fleet, keeping: Keeping, clock: Callable[[], datetime], settle: Outcome
    ) -> None:  # fmt: skip
        self.counts = ActCounts()
        self._door = door
        self._fleet = fleet
        self._keeping = keeping
        self._clock = clock
        self._settle = settle
        self._made: list[tuple[Car, str]] = []
        self._queues: dict[object, deque[tuple[Car, Act]]] = {one: deque() for one in door.clouds}
        self._asking: list[tuple[datetime, int, Car, str]] = []
        self._order = itertools.count()
        self._beside = Beside()

    @property
    def waiting(self) -> int:
        """How many acts wait for their turn."""
        return sum(map(len, self._queues.values()))

    @property
    def sending(self) -> int:
        """How many acts were sent and have not been answered."""
        return len(self._beside)

    def queue(self, car: Car, act: Act) -> None:
        """An act is to be carried out, or tried again."""
        before = car.acts.get(act.act_id)
        row = before or CarActRow(
            car.id.tenant, act.act_id, car.id.vehicle_id, act.kind, act.made_at, act.deadline, act.value,
            order_id=car.order_id,
        )  # fmt: skip
        if before is None:
            self._made.append((car, act.act_id))
        self._note(car, replace(row, status=ActStatus.QUEUED))
        self._queues[car.provider].append((car, act))

    @property
    def made_for(self) -> set[str]:
        """Tenants with acts of which it is not said yet what they were made for."""
        return {car.id.tenant for car, _ in self._made}

    def account(self, event_of: Callable[[Car], str]) -> None:
        """Say of the acts made since the last time which event each was made for."""
        for car, act_id in self._made:
            row, event_id = car.acts.get(act_id), event_of(car)
            if row is not None and event_id:
                car.acts[act_id] = replace(row, event_id=event_id)
                self._keeping.act(car.acts[act_id])
        self._made.clear()

    def resume(self, car: Car) -> None:
        """Go on with acts of before a restart: those not sent are sent, the others asked after; nothing goes twice."""
        under_way = car.desk.under_way
        for row in list(car.acts.values()):
            if under_way is None or under_way.act.act_id != row.act_id:
                self.ended(car, ActOutcome(row.act_id, ActStatus.GIVEN_UP, ActReason.SUPERSEDED, "after a restart"))
            elif row.status is ActStatus.QUEUED:
                self._queues[car.provider].append((car, under_way.act))
            elif row.remote_act_id:
                self._ask_later(car, row.act_id)

    def forget(self, car: Car) -> None:
        """A car is not asked anything any more."""
        queue = self._queues[car.provider]
        self._queues[car.provider] = deque(one for one in queue if one[0] is not car)

    def ended(self, car: Car, outcome: ActOutcome) -> None:
        """An act came to its end."""
        row = car.acts.pop(outcome.act_id, None)
        if row is None:
            return
        reason, info = outcome.reason, outcome.info
        if row.sent_at is None and outcome.status is ActStatus.LATE:
            reason, info = ActReason.RATE_LIMITED, "its turn did not come before its deadline"
        now = self._clock()
        self.counts.ended[car.provider.value, outcome.status.value] += 1
        self.counts.seconds.add((now - row.made_at).total_seconds())
        _log.info("car=%s event=act_ended act=%s kind=%s status=%s reason=%s info=%r", car.id, row.act_id,
                  row.kind.value, outcome.status.value, reason.value, info)  # fmt: skip
        row = replace(
            row, status=outcome.status, reason=reason, info=info[:500], ended_at=now,
            remote_act_id=outcome.remote_act_id or row.remote_act_id,
        )  # fmt: skip
        car.late = row if outcome.status is ActStatus.LATE else car.late
        self._keeping.act(row)

    def found(self, car: Car, remote_act_id: str) -> str:
        """The act that a cloud means by its own id, the last late one too; ``""`` where it is none of ours."""
        rows = [*car.acts.values(), *([car.late] if car.late is not None else [])]
        return next((one.act_id for one in rows if remote_act_id and one.remote_act_id == remote_act_id), "")

    def late(self, car: Car, outcome: ActOutcome) -> None:
        """Something was told of an act that had ended: a late one that was done after all says so."""
        row = car.late
        if row is not None and row.act_id == outcome.act_id and outcome.status is ActStatus.CONFIRMED:
            self._keeping.act(replace(row, info="the car did it after its deadline", ended_at=self._clock()))
            car.late = None

    def took(self, car: Car, outcome: ActOutcome) -> None:
        """A cloud took an act and will say later what became of it."""
        row = car.acts.get(outcome.act_id)
        if row is not None and outcome.remote_act_id and outcome.remote_act_id != row.remote_act_id:
            self._note(car, replace(row, remote_act_id=outcome.remote_act_id))
            self._ask_later(car, row.act_id)

    def due(self, now: datetime) -> list[tuple[Car, Act]]:
        """Acts whose turn it is, noted as sent: to be given to ``send`` once that is kept."""
        found: list[tuple[Car, Act]] = []
        for queue in self._queues.values():
            while queue and len(self._beside) + len(found) < _AT_ONCE:
                car, act = queue[0]
                if self._is_over(car, act):
                    queue.popleft()
                    continue
                cost = Cost.WAKE if act.kind is ActKind.WAKE else Cost.COMMAND
                if not self._fleet.spending[car.provider].spend(cost, now):
                    break
                queue.popleft()
                row = car.acts[act.act_id]
                self._note(car, replace(row, status=ActStatus.SENT, tries=row.tries + 1, sent_at=now))
                found.append((car, act))
        return found

    def _is_over(self, car: Car, act: Act) -> bool:
        return act.act_id not in car.acts or self._fleet.cars.get(car.id) is not car

    def send(self, car: Car, act: Act) -> None:
        """Send an act that was noted as sent."""
        self._beside.begin(self._sent(car, act))

    def ask(self, now: datetime) -> None:
        """Ask what became of acts that clouds took, where they have not told by themselves."""
        while self._asking and self._asking[0][0] <= now:
            _, _, car, act_id = heapq.heappop(self._asking)
            under_way = car.desk.under_way
            if act_id in car.acts and under_way is not None and under_way.act.act_id == act_id:
                self._beside.begin(self._asked(car, under_way.act, car.acts[act_id].remote_act_id))

    async def idle(self) -> None:
        """Wait for what is on its way."""
        await self._beside.idle()

    def stop(self) -> None:
        """Wait for no answer any more: what was sent is noted, and asked after the next time."""
        self._beside.stop()

    async def _sent(self, car: Car, act: Act) -> None:
        cloud, application = CLOUDS[car.provider], self._door.clouds[car.provider].application
        response = await self._door.call(
            car.account, lambda tokens: cloud.act_request(application, tokens, car.link, act)
        )
        self._tell(car, act, response)

    async def _asked(self, car: Car, act: Act, remote_act_id: str) -> None:
        cloud, application = CLOUDS[car.provider], self._door.clouds[car.provider].application
        response = await self._door.call(
            car.account, lambda tokens: cloud.act_status_request(application, tokens, car.link, remote_act_id)
        )
        if isinstance(response, Response):
            outcome = cloud.parse_act(act, response, self._clock())
            if outcome.status.is_final and outcome.fault is None:
                self._settle(car, outcome)
                return
        self._ask_later(car, act.act_id)

    def _tell(self, car: Car, act: Act, response: Response | Fault | None) -> None:
        cloud = CLOUDS[car.provider]
        if response is None:
            outcome = ActOutcome(act.act_id, ActStatus.FAILED, ActReason.NOT_SUPPORTED, "this cloud cannot do it")
        elif isinstance(response, Fault):
            outcome = ActOutcome(
                act.act_id, ActStatus.FAILED, response.failing.reason, response.info, retry_at=response.retry_at,
                fault=response,
            )  # fmt: skip
        else:
            outcome = cloud.parse_act(act, response, self._clock())
        self._settle(car, outcome)

    def _ask_later(self, car: Car, act_id: str) -> None:
        heapq.heappush(self._asking, (self._clock() + _ASK_AFTER, next(self._order), car, act_id))

    def _note(self, car: Car, row: CarActRow) -> None:
        car.acts[row.act_id] = row
        self._keeping.act(row)
        self._keeping.add(car)
