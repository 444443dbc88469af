"""Orders from the command line: what is ordered, how its end is told, and what is said where none comes."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from evenload.cli import main, ocpp_orders
from evenload.cli.ocpp_words import now, opened
from evenload.domain.station import Registration, StationDetails, StationId, Token, TokenStatus, Verdict
from evenload.domain.station_commands import (
    ChangeAvailability,
    ClearCache,
    Command,
    CommandSettled,
    GetCompositeSchedule,
    GetSettings,
    Reset,
    SendData,
    SetSettings,
    Settlement,
    StartRemotely,
    StopRemotely,
    Trigger,
    UnlockConnector,
    UpdateLocalList,
    Wanted,
)
from evenload.domain.station_events import StationBooted, StationLost
from evenload.domain.station_limits import Limits, LimitStep
from evenload.service import admission, orders
from evenload.service.admission import Credentials
from evenload.service.observe import observe
from evenload.service.rows import OrderRow

A = StationId("home", "A")
T0 = datetime(2026, 3, 1, 12, tzinfo=UTC)
Says = Callable[..., str]
ASK = orders.outcome


@pytest.fixture
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    file = tmp_path / "kept.db"
    monkeypatch.setenv("EVENLOAD_DATABASE", str(file))
    monkeypatch.setattr(ocpp_orders, "_EVERY_S", 0.01)
    monkeypatch.setattr(ocpp_orders, "_GRACE_S", 0.02)
    details = StationDetails("Acme", "One")
    with opened(file, make=True) as store:
        admission.add(store, A, Credentials(), now())
        booted = StationBooted(station=A, at=now(), received_at=now(), details=details,
                               registration=Registration.ACCEPTED)  # fmt: skip
        observe(store, [booted])
        for text, status in (("CARD7", TokenStatus.ACCEPTED), ("card8", TokenStatus.BLOCKED)):
            admission.put_token(store, "home", Token(text), status)
        admission.put_token(store, "home", Token("old"), TokenStatus.ACCEPTED, T0)
    return file


@pytest.fixture
def says(database: Path, capsys: pytest.CaptureFixture[str]) -> Says:
    def said(*words: str, code: int = 0) -> str:
        capsys.readouterr()
        assert database.exists()
        left = main(["ocpp", *words])
        captured = capsys.readouterr()
        assert left == code, captured
        return captured.out + captured.err

    return said


def ordered(database: Path) -> Command:
    with opened(database) as store:
        return orders.command_of(orders.to_give(store, 0, now())[-1])


def answers(monkeypatch: pytest.MonkeyPatch, settlement: Settlement, info: str = "", value: Any = None) -> None:
    """Have whatever is ordered end so, before it is looked for."""

    def outcome(store: Any, order_id: str) -> OrderRow | None:
        end = CommandSettled(
            station=A, at=now(), received_at=now(), command_id=order_id, settlement=settlement, info=info, value=value
        )
        observe(store, [end])
        return ASK(store, order_id)

    monkeypatch.setattr(orders, "outcome", outcome)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("reset", "A"), Reset(command_id="")),
        (("reset", "A", "--hard"), Reset(command_id="", at_once=True)),
        (("reset", "A", "--immediate", "--evse", "2"), Reset(command_id="", at_once=True, evse_id=2)),
        (("stop", "A", "17"), StopRemotely(command_id="", transaction_id="17")),
        (("unlock", "A", "--evse", "2"), UnlockConnector(command_id="", evse_id=2, connector_id=1)),
        (("trigger", "A", "meter", "--evse", "1"), Trigger(command_id="", wanted=Wanted.METER, evse_id=1)),
        (("send-data", "A", "v", "m", "--data", "x"), SendData(command_id="", vendor="v", message="m", data="x")),
        (("send-data", "A", "v", "--data", '{"a": 1}', "--json"), SendData(command_id="", vendor="v", data={"a": 1})),
        (("get", "A", "K", "L"), GetSettings(command_id="", names=("K", "L"))),
        (("composite", "A", "--hours", "2"), GetCompositeSchedule(command_id="", duration_s=7200)),
    ],
)  # fmt: skip
def test_what_is_for_a_moment_is_ordered_for_a_minute(
    database: Path, says: Says, words: tuple[str, ...], expected: Command
) -> None:
    assert "Ordered" in says(*words, "--no-wait")
    command = ordered(database)
    assert command.worthless_at is not None
    assert timedelta(seconds=50) < command.worthless_at - now() <= timedelta(seconds=60)
    assert replace(command, command_id="", worthless_at=None) == expected


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("availability", "A", "out", "--evse", "2"), ChangeAvailability(command_id="", evse_id=2, operative=False)),
        (("availability", "A", "in"), ChangeAvailability(command_id="", operative=True)),
        (("set", "A", "K=1", "L=a=b"), SetSettings(command_id="", values={"K": "1", "L": "a=b"})),
        (("clear-cache", "A"), ClearCache(command_id="")),
    ],
)
def test_what_is_to_last_waits_for_the_station(
    database: Path, says: Says, words: tuple[str, ...], expected: Command
) -> None:
    says(*words, "--no-wait")
    assert replace(ordered(database), command_id="") == expected


def test_f01_and_k05_and_16_5_11_a_start_has_a_number_of_its_own_and_a_limit(database: Path, says: Says) -> None:
    says("start", "A", "--token", "CARD7", "--evse", "1", "--kw", "7.4", "--hours", "2", "--no-wait")
    command = ordered(database)
    assert isinstance(command, StartRemotely)
    assert command.limits is not None
    assert (command.token, command.limits.steps[0].power_kw) == (Token("CARD7"), 7.4)
    assert command.limits.end - command.limits.steps[0].start == timedelta(hours=2)
    assert 0 < command.remote_start_id < 2**31


def test_d01_and_16_5_15_the_local_list_is_what_is_kept_or_a_part_of_it(database: Path, says: Says) -> None:
    says("send-list", "A", "--no-wait")
    whole = ordered(database)
    assert isinstance(whole, UpdateLocalList)
    assert {token.text: verdict.status for token, verdict in whole.entries if verdict} == {
        "CARD7": TokenStatus.ACCEPTED, "card8": TokenStatus.BLOCKED, "old": TokenStatus.EXPIRED,
    }  # fmt: skip
    assert (whole.differential, 0 < whole.version < 2**31) == (False, True)
    says("send-list", "A", "card7", "--no-wait")
    part = ordered(database)
    assert isinstance(part, UpdateLocalList)
    assert (part.entries, part.differential) == (((Token("CARD7"), Verdict(TokenStatus.ACCEPTED)),), True)
    says("send-list", "A", "gone", "--remove", "--no-wait")
    less = ordered(database)
    assert isinstance(less, UpdateLocalList)
    assert (less.entries, less.differential) == (((Token("gone"), None),), True)


@pytest.mark.parametrize(
    ("settlement", "code"),
    [(one, 0 if one.good else 4) for one in Settlement],
)
def test_the_end_is_told_in_a_sentence(
    monkeypatch: pytest.MonkeyPatch, says: Says, settlement: Settlement, code: int
) -> None:
    answers(monkeypatch, settlement, info="so it said")
    assert f"A: {settlement.sentence} (so it said)." in says("reset", "A", code=code)


def test_b06_and_16_5_8_settings_are_a_table_without_secrets(
    monkeypatch: pytest.MonkeyPatch, database: Path, says: Says
) -> None:
    told = {"HeartbeatInterval": "300", "Unknown": None, "AuthorizationKey": "hunter2"}
    answers(monkeypatch, Settlement.DONE, value=told)
    printed = says("get", "A")
    assert "HeartbeatInterval  300" in printed
    assert "(not known)" in printed
    assert "hunter2" not in printed
    with opened(database) as store, store.reading() as unit:
        assert "hunter2" not in json.dumps([row.value + row.info for row in unit.orders.last("home", 9)])
        assert "hunter2" not in json.dumps([row.body for row in unit.events.last("home", 99)])


def test_k08_and_16_5_7_a_composite_schedule_is_a_table(monkeypatch: pytest.MonkeyPatch, says: Says) -> None:
    limits = Limits((LimitStep(T0, 7.36), LimitStep(T0 + timedelta(hours=1), float("inf"))), T0 + timedelta(hours=3))
    answers(monkeypatch, Settlement.DONE, value=limits)
    lines = says("composite", "A").splitlines()
    assert lines[-2].split() == ["2026-03-01", "12:00:00Z", "2026-03-01", "13:00:00Z", "7.36"]
    assert lines[-1].split() == ["2026-03-01", "13:00:00Z", "2026-03-01", "15:00:00Z", "no", "limit"]


def test_b07_a_report_that_comes_in_parts_is_announced_and_an_answer_shown(
    monkeypatch: pytest.MonkeyPatch, says: Says
) -> None:
    answers(monkeypatch, Settlement.DONE)
    assert "evenload ocpp tail" in says("get", "A")
    answers(monkeypatch, Settlement.DONE, value="pong")
    assert "pong" in says("send-data", "A", "v")


def lose(database: Path) -> None:
    with opened(database) as store:
        later = now() + timedelta(seconds=1)
        observe(store, [StationLost(station=A, at=later, received_at=later)])


def test_a_station_that_is_not_connected_is_said_to_be_away(database: Path, says: Says) -> None:
    assert "no outcome within 0.5 s. Is `evenload serve` running?" in says("unlock", "A", "--wait", "0.5", code=4)
    lose(database)
    assert "A is not connected (last heard of 20" in says("unlock", "A", code=4)
    assert "nothing is done" in says("unlock", "A", code=4)
    assert "The order waits for it" in says("clear-cache", "A", code=4)
    with opened(database) as store:
        admission.add(store, StationId("home", "B"), Credentials(), now())
    assert "B is not connected (never heard of)" in says("unlock", "B", code=4)


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("reset", "B"), "has no station 'B'"),
        (("start", "A", "--token", "x", "--kw", "5"), "say which with --evse"),
        (("set", "A", "K"), "'K' does not say what to set to what: NAME=VALUE"),
        (("set", "A", "AuthorizationKey=x"), "`evenload ocpp new-password` changes it"),
        (("set", "A", "SecurityCtrlr.BasicAuthPassword=x"), "`evenload ocpp new-password` changes it"),
        (("send-data", "A", "v", "--data", "{", "--json"), "--data is not JSON"),
        (("send-list", "A", "CARD77"), "has no token 'CARD77'; `evenload ocpp token` adds it. Did you mean 'CARD7'?"),
        (("send-list", "A", "--remove"), "say which"),
        (("trigger", "A", "all"), "Invalid value for"),
        (("frames",), "no server runs with"),
    ],
)
def test_wrong_words_get_a_sentence(says: Says, words: tuple[str, ...], sentence: str) -> None:
    assert sentence in says(*words, code=2)
