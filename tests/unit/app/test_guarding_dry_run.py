"""A guard in a dry run says what it would do, and does not do it."""

import asyncio
import logging
from collections.abc import Awaitable
from datetime import UTC, datetime, timedelta

import pytest

from evenload.app.guarding import Guarding, GuardSettings, Reach
from evenload.app.view import LiveView
from evenload.domain.circuit import Circuit, CircuitKind
from evenload.domain.station import StationId
from evenload.domain.station_commands import Command, CommandSettled, SetProfile, Settlement
from evenload.service.guard import Metered
from evenload.service.live_rows import CircuitRow, DeviceRow, SessionRow, SiteRow
from evenload.store.memory import MemoryStore

NOW = datetime(2026, 1, 10, 17, tzinfo=UTC)
CP = StationId("home", "CP")


def furnished() -> MemoryStore:
    store = MemoryStore()
    with store.writing() as unit:
        unit.circuits.put([CircuitRow("home", Circuit("depot", "", CircuitKind.SITE, 20.0))])
        unit.sites.put([SiteRow("home", "depot", meter="rest")])
        unit.devices.put([DeviceRow("home", "D", "depot", "CP", fallback_kw=4.2)])
        unit.sessions.put(
            [SessionRow("home", "S", "D", "depot", NOW - timedelta(hours=1), NOW + timedelta(hours=8), 9.0)]
        )
    return store


async def guarded(*, dry_run: bool) -> tuple[list[Command], int]:
    """What a station is told while its site draws 15 kW too much, and how much is on record."""
    store, view, sent = furnished(), LiveView(), list[Command]()
    view.load["home", "depot"] = Metered(NOW, 35.0)
    view.power[CP, 1] = Metered(NOW, 11.0)

    def send(station: StationId, command: Command) -> Awaitable[CommandSettled]:
        sent.append(command)

        async def settled() -> CommandSettled:
            return CommandSettled(
                station=station, at=NOW, received_at=NOW, command_id=command.command_id, settlement=Settlement.DONE
            )

        return settled()

    guarding = Guarding(
        store, ["home"], lambda: NOW, view, lambda _: {}, Reach(send, lambda: {CP}, lambda: "id"),
        GuardSettings(0.01, 0.01, dry_run=dry_run),
    )  # fmt: skip
    task = asyncio.get_running_loop().create_task(guarding.run())
    await asyncio.sleep(0.3)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    with store.reading() as unit:
        return sent, len(unit.decisions.last("home", 9))


@pytest.mark.parametrize("dry_run", [False, True])
def test_a_dry_run_only_says_what_it_would_cap(
    dry_run: bool, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logging.getLogger("evenload"), "propagate", True)
    with caplog.at_level(logging.INFO, "evenload.app.guard"):
        sent, decided = asyncio.run(guarded(dry_run=dry_run))
    told = [one for one in sent if isinstance(one, SetProfile)]
    assert bool(told) is not dry_run
    assert bool(decided) is not dry_run
    assert ("event=would_cap device=D kw=" in caplog.text) is dry_run
