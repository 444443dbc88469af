"""Drives virtual stations in memory, on a virtual clock: days pass in seconds, and the same way every time."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from heapq import heapify, heappop, heappush
from math import inf
from typing import Protocol

from evenload.simulate.station import VirtualStation

_TALK_MAX = 10_000


class FarEnd(Protocol):
    """The CSMS side of one line, without a socket. ``now`` is the fleet's."""

    def receive(self, text: bytes, now: float) -> None:
        """Take a message of the station."""

    def to_send(self) -> list[bytes]:
        """Take the messages for the station."""

    def tick(self, now: float) -> None:
        """Let time pass."""

    def next_due(self) -> float:
        """When ``tick`` has something to do, ``inf`` where never."""

    def closed(self, now: float) -> None:
        """The line is gone."""


@dataclass(slots=True)
class _Line:
    station: VirtualStation
    far_end: FarEnd | None = None


class MemoryFleet:
    """Stations and their far ends. ``dial`` makes one for each connection, or ``None`` where nobody answers.

    A call that is due is done at its time; who waits for nothing costs nothing.
    """

    def __init__(
        self,
        stations: Iterable[VirtualStation],
        dial: Callable[[VirtualStation, float], FarEnd | None],
        redial_s: float = 10.0,
    ) -> None:
        self.now = 0.0
        self._lines = {station.spec.identity: _Line(station) for station in stations}
        self._dial = dial
        self._redial_s = redial_s
        self._redial_at = dict.fromkeys(self._lines, 0.0)
        self._due = [(0.0, identity) for identity in self._lines]
        heapify(self._due)

    def run(self, until: float) -> None:
        """Let time pass up to ``until`` (seconds since the stations' epoch)."""
        while self._due and self._due[0][0] <= until:
            due, identity = heappop(self._due)
            self.now = max(self.now, due)
            self.attend(identity)
        self.now = max(self.now, until)
        for line in self._lines.values():
            line.station.advance(self.now)

    def attend(self, identity: str) -> None:
        """Let a station and its far end do and say what is due now, such as after a driver did something."""
        line = self._lines[identity]
        line.station.tick(self.now)
        self._connect(identity, line)
        if line.far_end is not None:
            line.far_end.tick(self.now)
        self._talk(line)
        if line.far_end is not None and not line.station.wants_link(self.now):
            self.cut(identity)
        heappush(self._due, (self._next_due(identity, line), identity))

    def cut(self, identity: str) -> None:
        """End a connection."""
        line = self._lines[identity]
        if line.far_end is not None:
            line.far_end.closed(self.now)
            line.far_end = None
            line.station.disconnected(self.now)
            self._redial_at[identity] = self.now + self._redial_s

    def _connect(self, identity: str, line: _Line) -> None:
        if line.far_end is None and line.station.wants_link(self.now) and self.now >= self._redial_at[identity]:
            line.far_end = self._dial(line.station, self.now)
            if line.far_end is not None:
                line.station.connected(self.now)
            self._redial_at[identity] = self.now + self._redial_s

    def _talk(self, line: _Line) -> None:
        """Carry messages to and fro until both are silent."""
        for _ in range(_TALK_MAX):
            if line.far_end is None:
                return
            up, down = line.station.to_send(), line.far_end.to_send()
            if not up and not down:
                return
            for text in up:
                line.far_end.receive(text, self.now)
            for text in down:
                line.station.receive(text, self.now)

    def _next_due(self, identity: str, line: _Line) -> float:
        far_due = line.far_end.next_due() if line.far_end is not None else self._redial_at[identity]
        due = min(line.station.next_due(), line.station.line_due(), far_due)
        return due if due < inf and due > self.now else self.now + 1.0 if due < inf else inf
