"""What the doctor says of both ends of cables and of energy managers."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from evenload.app.cable_checkup import of_cables
from evenload.app.ems_door import EmsDoor
from evenload.app.secret import secret_of
from evenload.domain.station import StationId
from evenload.service.cable_rows import ConflictKind, ConflictRow, EnergyManagerRow, PairReason, PairRow, PairState
from evenload.service.rows import StationRow
from evenload.store.memory import MemoryStore

T0 = datetime(2026, 3, 2, 8, tzinfo=UTC)
ROW = EnergyManagerRow("t", "lot", "http://lot")
PAIR = PairRow("t", "s", "leaf", "box", T0, PairState.MATCHED, 0.99, PairReason.POWER)
WRONG = ConflictRow("t", "s", ConflictKind.CAR_TIMER, T0, "it waits", "end it", "leaf", "box", told_at=T0)


def told(store: MemoryStore, secret_file: Path) -> list[tuple[str, bool | None, str]]:
    return [(one.name, one.is_good, one.text) for one in of_cables(store, ("t",), secret_file)]


def test_nothing_is_said_of_nothing_and_no_secret_is_made(tmp_path: Path) -> None:
    assert told(MemoryStore(), tmp_path / "secret") == []
    assert list(tmp_path.iterdir()) == []


def test_conflicts_that_go_on_are_counted_by_kind(tmp_path: Path) -> None:
    store = MemoryStore()
    with store.writing() as unit:
        unit.cables.put_pairs([PAIR, replace(PAIR, vehicle_id="zoe", state=PairState.POSSIBLE)])
        unit.cables.put_conflicts([replace(WRONG, ended_at=T0), replace(WRONG, session_id="x", told_at=None)])
    text = "t: 1 cars known to stand at chargers, 1 that may"
    assert told(store, tmp_path) == [("cables", True, text)]
    with store.writing() as unit:
        unit.cables.put_conflicts([WRONG])
    assert told(store, tmp_path) == [("cables", None, f"{text}; conflicts: 1 car timer")]


def test_energy_managers_that_do_not_answer_or_whose_secret_does_not_open_are_named(tmp_path: Path) -> None:
    store, file = MemoryStore(), tmp_path / "secret"
    row = EmsDoor(secret_of(file)).sealed(ROW, "drawn")
    with store.writing() as unit:
        unit.cables.put_energy_managers([row, replace(ROW, device_id="yard")])
        unit.stations.put([StationRow(StationId("t", "ems:lot"), approved=True, seen_at=T0)])
    assert told(store, file) == [("energy managers", None, "t: 1 of 2 do not answer: yard")]
    with store.writing() as unit:
        unit.stations.put([StationRow(StationId("t", "ems:yard"), approved=True, seen_at=T0)])
    assert told(store, file) == [("energy managers", True, "t: 2, all answer")]
    file.unlink()
    secret_of(file)  # another one
    ((_, good, text),) = told(store, file)[1:]
    assert (good, "secret_file" in text) == (False, True)
