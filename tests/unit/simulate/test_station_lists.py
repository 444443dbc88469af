"""Virtual stations: local lists, reports of all settings, and lines with a clock of their own."""

import itertools
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from evenload.domain.station import StationId, Token, TokenStatus, Verdict
from evenload.domain.station_commands import (
    CommandSettled,
    GetLocalListVersion,
    GetSettings,
    SetSettings,
    Settlement,
    UpdateLocalList,
)
from evenload.domain.station_events import MeterSampled, SettingsReported, StationEvent, TransactionStarted
from evenload.ocpp.action import Role
from evenload.ocpp.connection import Connection
from evenload.ocpp.dossier import DeskPolicy
from evenload.ocpp.policy import Policy
from evenload.ocpp.records import MemoryRecords
from evenload.ocpp.v16 import OCPP16
from evenload.ocpp.v16.desk import desk16
from evenload.ocpp.v201.desk import desk201
from evenload.ocpp.versions import DIALECTS
from evenload.simulate.station import VirtualStation
from evenload.simulate.station_car import Car
from evenload.simulate.station_far_end import DeskEnd
from evenload.simulate.station_fleet import MemoryFleet
from evenload.simulate.station_spec import StationSpec
from evenload.simulate.station_tokens import LocalList

EPOCH = datetime(2026, 3, 1, 18, tzinfo=UTC)
VERSIONS = ("ocpp1.6", "ocpp2.0.1")
GOOD, BAD = Verdict(TokenStatus.ACCEPTED), Verdict(TokenStatus.BLOCKED)


class World:
    def __init__(self, version: str) -> None:
        self.events: list[StationEvent] = []
        self.station = VirtualStation(StationSpec("CP1", version), EPOCH, np.random.default_rng(1))
        self.desk = (desk16 if version == OCPP16.subprotocol else desk201)(
            StationId("t", "CP1"), MemoryRecords(), DeskPolicy()
        )
        self._ids = itertools.count()
        self.fleet = MemoryFleet([self.station], self._dial)
        self.run(10)

    def _dial(self, station: VirtualStation, _now: float) -> DeskEnd:
        connection = Connection(DIALECTS[station.spec.subprotocol], Role.CSMS, lambda: f"c{next(self._ids)}")
        self.end = DeskEnd(connection, self.desk, EPOCH, self.events.extend)
        return self.end

    def run(self, seconds: float) -> None:
        self.fleet.run(self.fleet.now + seconds)

    def order(self, kind: Any, **more: Any) -> CommandSettled:
        name = f"command {next(self._ids)}"
        self.end.order(kind(command_id=name, **more), EPOCH + timedelta(seconds=self.fleet.now))
        self.fleet.attend("CP1")
        self.run(1)
        settled: CommandSettled = next(one for one in self.of(CommandSettled) if one.command_id == name)
        return settled

    def of(self, kind: type[Any]) -> list[Any]:
        return [event for event in self.events if isinstance(event, kind)]

    def offline_visit(self, token: str) -> bool:
        """Whether a token may charge while the line is lost."""
        self.station.drop(self.fleet.now, 600)
        self.fleet.attend("CP1")
        self.run(10)
        self.station.plug_in(1, Car(), self.fleet.now, token)
        self.run(60)
        charged = self.station.outlets[1].power_kw > 0
        self.station.unplug(1, self.fleet.now)
        self.run(1000)
        return charged


@pytest.fixture(params=VERSIONS)
def world(request: pytest.FixtureRequest) -> World:
    return World(request.param)


@pytest.mark.requirement("R77")
def test_d01_to_d02_and_16_5_10_and_16_5_15_a_local_list_decides_while_nobody_can_be_asked(world: World) -> None:
    assert world.order(GetLocalListVersion).value == 0
    past = Verdict(TokenStatus.ACCEPTED, expires_at=EPOCH - timedelta(days=1))
    entries = ((Token("good"), GOOD), (Token("bad"), BAD), (Token("expired"), past))
    assert world.order(UpdateLocalList, version=7, entries=entries).settlement is Settlement.DONE
    assert world.order(GetLocalListVersion).value == 7
    assert [world.offline_visit(token) for token in ("GOOD", "bad", "expired", "stranger")] == [
        True,
        False,
        False,
        True,
    ]
    assert [one.token.text for one in world.of(TransactionStarted)] == ["GOOD", "stranger"]


def test_c15_and_16_3_5_strangers_can_be_refused_offline(world: World) -> None:
    name = "AllowOfflineTxForUnknownId"
    if world.station.spec.subprotocol != OCPP16.subprotocol:
        name = "AuthCtrlr.OfflineTxForUnknownIdEnabled"
    assert world.order(SetSettings, values={name: "false"}).settlement is Settlement.DONE
    assert not world.offline_visit("stranger")


def test_d01_and_16_5_15_a_list_is_changed_in_part_and_not_by_an_older_one(world: World) -> None:
    def update(version: int, *entries: tuple[Token, Verdict | None], differential: bool = True) -> Settlement:
        done: Settlement = world.order(
            UpdateLocalList, version=version, entries=entries, differential=differential
        ).settlement
        return done

    assert update(3, (Token("a"), GOOD), (Token("b"), GOOD), differential=False) is Settlement.DONE
    assert update(4, (Token("a"), None), (Token("b"), BAD)) is Settlement.DONE
    known = world.station.duties.local_list
    assert (known.accepts("a", EPOCH), known.accepts("b", EPOCH)) == (None, False)
    assert update(2, (Token("c"), GOOD)) is not Settlement.DONE
    assert world.order(GetLocalListVersion).value == 4
    assert update(1, differential=False) is Settlement.DONE
    assert world.order(GetLocalListVersion).value == 0


def test_d01_and_16_5_15_a_long_list_comes_in_parts(world: World) -> None:
    entries = tuple((Token(f"tag{number}"), GOOD) for number in range(250))
    world.order(GetSettings)
    assert world.order(UpdateLocalList, version=9, entries=entries).settlement is Settlement.DONE
    world.run(5)
    assert all(world.station.duties.local_list.accepts(f"TAG{number}", EPOCH) for number in range(250))


def test_an_entry_holds_until_it_expires() -> None:
    known = LocalList()
    known.replace(1, [("t", True, EPOCH)])
    assert known.accepts("T", EPOCH - timedelta(seconds=1)) is True
    assert known.accepts("T", EPOCH) is False
    assert known.accepts("u", EPOCH) is None


@pytest.mark.requirement("R77")
def test_a01_and_16_a01_a_password_is_taken_and_never_told(world: World) -> None:
    name = "AuthorizationKey"
    if world.station.spec.subprotocol != OCPP16.subprotocol:
        name = "SecurityCtrlr.BasicAuthPassword"
    assert world.station.password is None
    assert world.order(SetSettings, values={name: "0123456789abcdef"}).settlement is Settlement.DONE
    assert world.station.password == b"0123456789abcdef"
    world.station.power_cut(world.fleet.now)
    world.fleet.attend("CP1")
    world.run(100)
    assert world.station.password == b"0123456789abcdef"
    world.order(GetSettings, names=(name,))
    world.order(GetSettings)
    assert "0123456789abcdef" not in repr(world.events)


def test_b07_all_settings_are_reported_in_parts() -> None:
    world = World("ocpp2.0.1")
    before = len(world.of(SettingsReported))
    assert world.order(GetSettings).settlement is Settlement.DONE
    parts = world.of(SettingsReported)[before:]
    assert len(parts) > 1
    assert [part.complete for part in parts] == [*[False] * (len(parts) - 1), True]
    told = {name: value for part in parts for name, value in part.values.items()}
    assert told == world.station.duties.settings
    assert world.end.violations == []


@pytest.mark.parametrize("version", VERSIONS)
def test_calls_time_out_by_the_clock_of_the_line(version: str) -> None:
    """At a thousand times the pace a server has as long to answer as it ever had."""
    wall = 70.0
    station = VirtualStation(StationSpec("CP1", version), EPOCH, np.random.default_rng(1))
    station.connected(0.0, lambda: wall)
    [boot] = station.to_send()
    assert b"BootNotification" in boot
    timeout_s = Policy().timeout_s
    assert station.line_due() == wall + timeout_s
    for seconds in range(1, int(timeout_s)):
        wall = 70.0 + seconds
        station.tick(1000.0 * seconds)
        assert station.to_send() == []  # neither given up nor said again, though many heartbeats are due
    wall = 70.0 + timeout_s + 1
    station.tick(1000.0 * (timeout_s + 1))
    station.tick(1000.0 * (timeout_s + 1) + 300)
    assert any(b"BootNotification" in frame for frame in station.to_send())


@pytest.mark.parametrize("version", VERSIONS)
def test_without_one_they_time_out_by_the_stations_own(version: str) -> None:
    station = VirtualStation(StationSpec("CP1", version), EPOCH, np.random.default_rng(1))
    station.connected(5.0)
    assert station.line_due() == 5.0 + Policy().timeout_s


def test_meters_are_read_in_step_whoever_comes_when(world: World) -> None:
    world.run(3600 - world.fleet.now + 17)
    assert world.station.next_due() > world.fleet.now + 60  # nothing to meter: only the next heartbeat is due
    world.station.plug_in(1, Car(), world.fleet.now, "tag")
    world.fleet.attend("CP1")
    world.run(200)
    periodic = [row.at for event in world.of(MeterSampled) for row in event.readings if row.at.second == 0]
    assert {at.minute for at in periodic} >= {1, 2, 3}
    assert world.station.owes_since is None
