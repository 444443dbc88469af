"""A virtual charging station: the other end of OCPP, with cars, a meter, a clock and a memory of its own.

Without sockets and clock: a driver tells it when it is connected, what arrived and what time it is, sends what it
wants sent and calls ``tick`` by ``next_due`` and ``line_due``. ``now`` is seconds since the epoch the station was made
with: by it power flows, meters are read and profiles hold. A line may bring a clock of its own, by which calls time
out: where time is compressed, the CSMS at the other end still needs real milliseconds to answer.
"""

from collections.abc import Callable
from datetime import datetime
from math import inf

import numpy as np

from evenload.ocpp.action import Role
from evenload.ocpp.connection import Connection
from evenload.ocpp.events import Called, Violated
from evenload.ocpp.v16 import OCPP16
from evenload.ocpp.wire import Wire
from evenload.simulate.station_car import Car, Flow, Outlet
from evenload.simulate.station_duties import Duties
from evenload.simulate.station_outbox import Note, Outbox
from evenload.simulate.station_settings import sample_key
from evenload.simulate.station_spec import StationClock, StationSpec, misdelivered
from evenload.simulate.station_speech import Cannot, Speech
from evenload.simulate.station_speech16 import Speech16
from evenload.simulate.station_speech201 import Speech201


class VirtualStation:
    """One station. ``epoch`` is an instant in UTC; ``generator`` decides where its vices are a matter of chance."""

    def __init__(self, spec: StationSpec, epoch: datetime, generator: np.random.Generator) -> None:
        self.spec = spec
        self.registered = False
        self.reboots = 0
        self.violations: list[Violated] = []
        self._speech: Speech = Speech16() if spec.subprotocol == OCPP16.subprotocol else Speech201()
        self._random = generator
        self._clock = StationClock(epoch, spec.vices)
        self._outbox = Outbox(spec.retry_s)
        self.duties = Duties(spec, self._speech, self._outbox, self.wall)
        self._told: dict[int, tuple[Flow, bool]] = {}
        self._owes_since: float | None = None
        self._ids = 0
        self._now = 0.0
        self._seconds: Callable[[], float] = self._own_seconds
        self._away_until = 0.0
        self._boot_at = 0.0
        self._beat_at = inf
        self._beat_s = 300.0
        self._sample_at = spec.meter_s + spec.meter_offset_s

    @property
    def outlets(self) -> dict[int, Outlet]:
        """The outlets by number, with what flows there."""
        return self.duties.outlets

    @property
    def password(self) -> bytes | None:
        """The password its CSMS gave it, ``None`` where it gave none."""
        return self.duties.password

    @property
    def owed(self) -> int:
        """How many messages about transactions are not answered yet."""
        return self._outbox.owed

    @property
    def owes_since(self) -> float | None:
        """Since when it has always owed something that could have been said, ``None`` where it does not."""
        return self._owes_since

    def wall(self) -> datetime:
        """The station's own clock."""
        return self._clock.at(self._now)

    def _own_seconds(self) -> float:
        return self._now

    # the link

    def wants_link(self, now: float) -> bool:
        """Whether it would be connected now; a driver ends the connection of one that would not."""
        return now >= self._away_until

    def connected(self, now: float, seconds: Callable[[], float] | None = None) -> None:
        """A connection is there. A station that started says so first; one that only lost its line does not.

        ``seconds`` is the clock, never set back, by which calls on this line time out and are made again; without one
        they do by ``now``.
        """
        self.advance(now)
        self._seconds = seconds or self._own_seconds
        self._outbox.open(Connection(self._speech.dialect, Role.STATION, self._new_id), self._seconds())
        self._told.clear()
        self._boot_at = now
        self._act()

    def disconnected(self, now: float) -> None:
        """The connection is gone."""
        self.advance(now)
        self._outbox.close()
        self._owes_since = None

    def drop(self, now: float, seconds: float) -> None:
        """Lose the line for a while."""
        self._away_until = now + seconds

    def receive(self, data: bytes, now: float) -> None:
        """Take a message."""
        self.advance(now)
        if self._outbox.connection is not None:
            self._outbox.connection.receive(data, self._seconds())
            self._act()

    def to_send(self) -> list[bytes]:
        """Take the messages to send, in order; vices may repeat and swap them. A reset follows its own answer."""
        frames = self._outbox.connection.to_send() if self._outbox.connection else []
        if self.duties.restarts:
            self._restart("Reboot")
        return misdelivered(frames, self.spec.vices, self._chance)

    def next_due(self) -> float:
        """When ``tick`` has something to do of its own accord."""
        sample_at = inf if self._has_nothing_to_meter else self._sample_at
        if self._outbox.connection is None:
            return max(self._now, sample_at)
        said_next = self._beat_at if self.registered else self._boot_at
        return max(self._now, min(sample_at, said_next))

    def line_due(self) -> float:
        """When ``tick`` has something to do for its line, by the line's clock; ``inf`` where it has not."""
        connection = self._outbox.connection
        if connection is None:
            return inf
        return min(connection.next_due(), self._outbox.next_due() if self.registered else inf)

    # people and mishaps

    def plug_in(self, evse_id: int, car: Car, now: float, token: str = "") -> None:
        """A car is plugged in, and its driver shows a token or waits for a start from afar."""
        self.advance(now)
        begun = self.duties.arrived(evse_id, car)
        if token and not begun and (self._outbox.connection is None or not self.registered):
            if self.duties.trusts(token):
                self.duties.begin(evse_id, token)
        elif token and not begun:
            self._ask(self._speech.authorise(token), lambda said: self._authorised(evse_id, token, said))
        self._act()

    def unplug(self, evse_id: int, now: float) -> Car | None:
        """The car leaves."""
        self.advance(now)
        car = self.duties.left(evse_id)
        self._act()
        return car

    def power_cut(self, now: float) -> None:
        """Restart as after a power cut: transactions end, and what is told of that is told when it is back."""
        self.advance(now)
        self._restart("PowerLoss")

    def _restart(self, reason: str) -> None:
        self._outbox.close()
        self._owes_since = None
        for evse_id in self.outlets:
            if self.spec.vices.forgets_stop:
                self.duties.lose(evse_id)
            else:
                self.duties.end(evse_id, reason)
        if self.spec.vices.forgets_profiles:
            self.duties.power.shelf.forget()
        self.registered = self.duties.restarts = False
        self.reboots += 1
        self._beat_at = inf
        self._away_until = self._now + self.spec.boot_s

    # time

    def tick(self, now: float) -> None:
        """Let time pass."""
        self.advance(now)
        if self._outbox.connection is not None:
            self._outbox.connection.tick(self._seconds())
        if self._sample_at <= now:
            interval_s = self._sample_s
            self._pass_samples(now, interval_s)
            self.duties.sample(self.outlets)
            self._mishaps(interval_s)
        self._act()

    def advance(self, now: float) -> None:
        """Let power flow up to ``now``, and nothing be said."""
        if now > self._now:
            start, seconds, self._now = self.wall(), now - self._now, now
            self.duties.power.run(start, seconds, self.duties.began())
            if self._sample_at < now and self._has_nothing_to_meter:
                self._pass_samples(now, self._sample_s)

    @property
    def _sample_s(self) -> float:
        return max(1.0, float(self.duties.settings[sample_key(self.spec)]))

    @property
    def _has_nothing_to_meter(self) -> bool:
        return not self.duties.is_busy and not self.spec.vices.strike_at_times

    def _pass_samples(self, now: float, interval_s: float) -> None:
        """The next time meters are read is after ``now``, in step with the times before."""
        self._sample_at += (1.0 + (now - self._sample_at) // interval_s) * interval_s

    def _mishaps(self, seconds: float) -> None:
        vices = self.spec.vices
        if self._chance(vices.drop_outs_per_hour * seconds / 3600):
            self.drop(self._now, vices.drop_out_s)
        if self._chance(vices.reboots_per_hour * seconds / 3600):
            self._restart("PowerLoss")

    def _chance(self, probability: float) -> bool:
        return probability > 0 and self._random.random() < probability

    # what is said

    def _act(self) -> None:
        """Answer what came, and say what is to be said."""
        connection = self._outbox.connection
        if connection is None:
            return
        self._take_events(connection)
        for message, evse_id in self.duties.triggered:
            self._triggered(message, [evse_id] if evse_id else list(self.outlets))
        self.duties.triggered.clear()
        while self.duties.to_say:
            self._ask(self.duties.to_say.pop(0), lambda _: None)
        if self.registered:
            self._say_news()
            self._outbox.pump(self._seconds())
        elif self._now >= self._boot_at:
            self._boot_at = self._now + self._beat_s
            if not self._outbox.awaits(self._booted):
                self._ask(self._speech.boot(self.spec, restarted=self.reboots > 0), self._booted)
        self._owes_since = (self._owes_since or self._now) if self._outbox.owed else None

    def _take_events(self, connection: Connection) -> None:
        while events := connection.events():
            for event in events:
                if isinstance(event, Called):
                    self._answer(connection, event)
                elif isinstance(event, Violated):
                    self.violations.append(event)
                else:
                    self._outbox.settle(event, self._seconds())

    def _ask(self, request: Wire, note: Note) -> None:
        self._outbox.ask(request, note, self._seconds())

    def _answer(self, connection: Connection, called: Called) -> None:
        said = self._speech.answer(self.duties, called.request)
        if isinstance(said, Cannot):
            connection.refuse(called.message_id, said.code, said.sentence, self._seconds())
        else:
            connection.answer(called.message_id, said, self._seconds())

    def _triggered(self, message: str, evse_ids: list[int]) -> None:
        if message == "BootNotification":
            self._boot_at, self.registered = self._now, False
        elif message == "Heartbeat":
            self._beat_at = self._now
        elif message == "StatusNotification":
            for evse_id in evse_ids:
                self._told.pop(evse_id, None)
        else:
            self.duties.sample(evse_ids)

    def _say_news(self) -> None:
        for evse_id, outlet in self.outlets.items():
            told = (outlet.flow, evse_id not in self.duties.inoperative)
            if self._told.get(evse_id) != told:
                self._told[evse_id] = told
                news = self._speech.status(outlet, self.wall(), in_service=told[1])
                self._ask(news, lambda _: None)
        if self._now >= self._beat_at:
            self._beat_at = self._now + self._beat_s
            if not self._outbox.awaits(self._beaten):
                self._ask(self._speech.heartbeat(), self._beaten)

    def _booted(self, response: Wire) -> None:
        said = self._speech.booted(response)
        self.registered = said.accepted
        self._beat_s = said.interval_s if said.interval_s > 0 else self._beat_s
        self._boot_at = self._beat_at = self._now + self._beat_s
        self._clock.synchronise(self._now, said.at)

    def _beaten(self, response: Wire) -> None:
        self._clock.synchronise(self._now, self._speech.time_of(response))

    def _authorised(self, evse_id: int, token: str, response: Wire) -> None:
        waits = self.outlets[evse_id].car is not None and self.duties.charge_at(evse_id) is None
        if waits and self._speech.authorised(response):
            self.duties.begin(evse_id, token)

    def _new_id(self) -> str:
        self._ids += 1
        return f"{self.spec.identity[:16]}-{self.reboots}-{self._ids}"
