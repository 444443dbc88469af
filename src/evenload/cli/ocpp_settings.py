"""`evenload ocpp get`, `set`, `composite`, `send-list` and `clear-cache`: what a station is set to and knows."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from evenload.base.errors import InputError, did_you_mean
from evenload.base.instants import parse_instant
from evenload.cli.ocpp_orders import WAIT_S, Evse, NoWait, Wait, for_a_moment, give, given, new_id, show_value
from evenload.cli.ocpp_words import EVENLOAD_DB, Database, Identity, Tenant, now, opened, show_table, shown_instant
from evenload.cli.terminal import output
from evenload.domain.station import Token, TokenStatus, Verdict
from evenload.domain.station_commands import ClearCache, GetCompositeSchedule, GetSettings, SetSettings, UpdateLocalList
from evenload.service.event_text import hidden
from evenload.service.rows import TokenRow

_LISTS_FROM: Final = datetime(2020, 1, 1, tzinfo=UTC)
_S_PER_HOUR: Final = 3600


def get(
    identity: Identity,
    names: Annotated[
        list[str] | None, typer.Argument(help="Keys of 1.6, or Component.Variable of 2.0.1; all without.")
    ] = None,
    wait: Wait = WAIT_S,
    no_wait: NoWait = False,
    database: Database = EVENLOAD_DB,
    tenant: Tenant = "home",
) -> int:
    """Ask what a station is set to.

    Example:  evenload ocpp get CP1 HeartbeatInterval
    Example:  evenload ocpp get CP1 SmartChargingCtrlr.ProfileStackLevel
    """
    command = GetSettings(command_id=new_id(), names=tuple(names or ()), worthless_at=for_a_moment())
    return give(given(database, tenant, identity, wait, no_wait=no_wait), command, _show_settings)


def _show_settings(value: Any) -> None:  # noqa: ANN401 - JSON
    if value is None:
        output.print("It tells them in messages of its own; they come to:  evenload ocpp tail")
    else:
        show_value(value)


def set_values(
    identity: Identity,
    values: Annotated[list[str], typer.Argument(metavar="NAME=VALUE...", help="What to set to what.")],
    wait: Wait = WAIT_S,
    no_wait: NoWait = False,
    database: Database = EVENLOAD_DB,
    tenant: Tenant = "home",
) -> int:
    """Change settings of a station: keys of 1.6, or Component.Variable of 2.0.1.

    Example:  evenload ocpp set CP1 HeartbeatInterval=300
    Example:  evenload ocpp set CP1 OCPPCommCtrlr.HeartbeatInterval=300
    """
    told = dict(_pair(one) for one in values)
    command = SetSettings(command_id=new_id(), values=told)
    return give(given(database, tenant, identity, wait, no_wait=no_wait), command)


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not name or not equals:
        raise InputError(f"{text!r} does not say what to set to what: NAME=VALUE")
    if hidden(name, value or "-") != (value or "-"):
        raise InputError(
            f"{name} is a secret, which is not kept as a setting is: `evenload ocpp new-password` changes it"
        )
    return name, value


def composite(
    identity: Identity,
    evse: Evse = 0,
    hours: Annotated[float, typer.Option(min=0.01, max=168, help="How far ahead.")] = 12.0,
    wait: Wait = WAIT_S,
    no_wait: NoWait = False,
    database: Database = EVENLOAD_DB,
    tenant: Tenant = "home",
) -> int:
    """Ask a station what limits it thinks are in force.

    Example:  evenload ocpp composite CP1 --evse 1 --hours 24
    """
    command = GetCompositeSchedule(
        command_id=new_id(), evse_id=evse, duration_s=int(hours * _S_PER_HOUR), worthless_at=for_a_moment()
    )
    return give(given(database, tenant, identity, wait, no_wait=no_wait), command, _show_schedule)


def _show_schedule(limits: Any) -> None:  # noqa: ANN401 - JSON
    ends = [*(step["start"] for step in limits["steps"][1:]), limits["end"]]
    rows = [
        (_shown(step["start"]), _shown(end), "no limit" if step["power_kw"] is None else f"{step['power_kw']:.2f}")
        for step, end in zip(limits["steps"], ends, strict=True)
    ]
    show_table(("from", "until", "kW"), rows, "It named no limits.")


def _shown(instant: str) -> str:
    return shown_instant(parse_instant(instant))


def send_list(
    identity: Identity,
    tokens: Annotated[
        list[str] | None, typer.Argument(metavar="[TOKEN...]", help="Only these, beside what it has; all without.")
    ] = None,
    remove: Annotated[bool, typer.Option("--remove", help="Take these off its list.")] = False,
    wait: Wait = WAIT_S,
    no_wait: NoWait = False,
    database: Database = EVENLOAD_DB,
    tenant: Tenant = "home",
) -> int:
    """Give a station the list of tokens by which it decides alone while it has no connection.

    Example:  evenload ocpp send-list CP1
    Example:  evenload ocpp send-list CP1 04A2B7C1 --remove
    """
    instant = now()
    if remove and not tokens:
        raise InputError("--remove takes tokens off the list: say which")
    entries = (
        tuple((Token(one), None) for one in tokens or ()) if remove else _entries(database, tenant, tokens, instant)
    )
    version = int((instant - _LISTS_FROM).total_seconds())  # counts up, and fits what stations take until 2088
    command = UpdateLocalList(command_id=new_id(), version=version, entries=entries, differential=bool(tokens))
    output.print(f"{len(entries)} tokens, version {version}", markup=False)
    return give(given(database, tenant, identity, wait, no_wait=no_wait), command)


def _entries(
    database: Path, tenant: str, chosen: list[str] | None, instant: datetime
) -> tuple[tuple[Token, Verdict | None], ...]:
    with opened(database) as store, store.reading() as unit:
        rows = {row.token.key: row for row in unit.tokens.of(tenant)}
    for one in chosen or ():
        if Token(one).key not in rows:
            near = did_you_mean(one, [row.token.text for row in rows.values()])
            raise InputError(f"tenant {tenant!r} has no token {one!r}; `evenload ocpp token` adds it.{near}")
    picked = rows.values() if not chosen else [rows[Token(one).key] for one in chosen]
    return tuple((row.token, _verdict(row, instant)) for row in picked)


def _verdict(row: TokenRow, instant: datetime) -> Verdict:
    expired = row.expires_at is not None and row.expires_at <= instant and row.status is TokenStatus.ACCEPTED
    return Verdict(TokenStatus.EXPIRED if expired else row.status, row.expires_at, row.group)


def clear_cache(
    identity: Identity,
    wait: Wait = WAIT_S,
    no_wait: NoWait = False,
    database: Database = EVENLOAD_DB,
    tenant: Tenant = "home",
) -> int:
    """Have a station forget what it learned of tokens.

    Example:  evenload ocpp clear-cache CP1
    """
    command = ClearCache(command_id=new_id())
    return give(given(database, tenant, identity, wait, no_wait=no_wait), command)
