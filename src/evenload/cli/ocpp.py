"""`evenload ocpp`: what is known of the charging stations of a server, and what they are told."""

import secrets
import sys
import time
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer

from evenload.base.errors import InputError
from evenload.base.instants import Interval, parse_instant
from evenload.cli.ocpp_words import (
    EVENLOAD_DB,
    Count,
    Database,
    Identity,
    Tenant,
    now,
    opened,
    show_table,
    shown_instant,
    shown_number,
)
from evenload.cli.terminal import output
from evenload.domain.station import StationId, Token, TokenStatus
from evenload.domain.station_commands import ClearProfile, Command, SetFallback, SetProfile
from evenload.domain.station_limits import Limits
from evenload.service import admission, orders
from evenload.service.admission import Credentials
from evenload.service.rows import EventRow, StationRow

app = typer.Typer(
    no_args_is_help=True, help="Charging stations of `evenload serve`: see them, let them in, limit them."
)

Profile = Annotated[
    int | None,
    typer.Option(
        min=0, max=3, help="Weakest security profile it may use: 0 name only, 1 password, 2 password over TLS, 3 "
        "certificate. [1 with a password, else 0]",
    ),
]  # fmt: skip
NewPassword = Annotated[bool, typer.Option("--new-password", help="Draw a password, and print it once.")]
PasswordFrom = Annotated[Path | None, typer.Option(help="Read its password from a file; - is standard input.")]
Evse = Annotated[int, typer.Option(min=0, help="Which EVSE; 0 is the whole station.")]


@app.command()
def stations(database: Database = EVENLOAD_DB, tenant: Tenant = "home") -> None:
    """List stations: whether they may come in, what they are, when they were last heard of.

    Example:  evenload ocpp stations
    """
    with opened(database) as store, store.reading() as unit:
        rows = unit.stations.of(tenant)
        connectors = unit.stations.connectors(tenant)
    status = {
        row.station: " ".join(f"{one.evse_id}:{one.status}" for one in connectors if one.station == row.station)
        for row in rows
    }
    table = [
        (row.station.identity, _admission(row), _product(row), shown_instant(row.seen_at), status[row.station] or "-",
         shown_number(row.fallback_kw), shown_instant(row.disobeyed_at))
        for row in rows
    ]  # fmt: skip
    columns = ("station", "admission", "product", "last seen", "connectors", "fallback kW", "disobeyed")
    show_table(columns, table, f"Tenant {tenant!r} has no stations yet; nothing has knocked.")
    if held := [row for row in rows if not row.approved]:
        output.print(
            f"{len(held)} held. To let one in:  evenload ocpp approve {held[0].station.identity}", markup=False
        )


def _admission(row: StationRow) -> str:
    if not row.approved:
        return f"held (from {row.address})"
    return "connected" if row.connected else "away" if row.booted_at else "approved"


def _product(row: StationRow) -> str:
    return f"{row.details.vendor} {row.details.model} {row.details.firmware}".strip() if row.details else "-"


@app.command()
def transactions(
    database: Database = EVENLOAD_DB,
    tenant: Tenant = "home",
    count: Count = 20,
    only_open: Annotated[bool, typer.Option("--open", help="Only those that go on.")] = False,
) -> None:
    """List the last transactions, the latest first.

    Example:  evenload ocpp transactions --open
    """
    with opened(database) as store, store.reading() as unit:
        rows = unit.transactions.last(tenant, count, only_open=only_open)
    table = [
        (row.station.identity, row.transaction_id, str(row.evse_id), row.token.text if row.token else "-",
         shown_instant(row.started_at), shown_instant(row.ended_at), shown_number(row.energy_kwh, 3),
         str(row.energy_quality or "-"), row.reason or "-")
        for row in rows
    ]  # fmt: skip
    columns = ("station", "transaction", "evse", "token", "start", "end", "kWh", "quality", "reason")
    show_table(columns, table, "No transactions yet.")


@app.command()
def readings(
    identity: Annotated[str, typer.Argument(metavar="[IDENTITY]", help="A station; the latest of all without.")] = "",
    database: Database = EVENLOAD_DB,
    tenant: Tenant = "home",
    count: Count = 20,
    hours: Annotated[float, typer.Option(min=0.01, help="How far back.")] = 24.0,
) -> None:
    """List readings: the latest of every EVSE, or the last ones of a station.

    Example:  evenload ocpp readings CP1 --hours 2
    """
    instant = now()
    window = Interval(instant - timedelta(hours=hours), instant + timedelta(days=1))
    with opened(database) as store, store.reading() as unit:
        if identity:
            admission.known_station(unit, StationId(tenant, identity))
            rows = unit.readings.within(StationId(tenant, identity), window, count)
        else:
            rows = unit.readings.latest(tenant)
    table = [
        (row.station.identity, str(row.evse_id), shown_instant(row.reading.at), str(row.reading.kind),
         shown_number(row.reading.power_kw), shown_number(row.reading.energy_kwh_import, 3),
         shown_number(row.reading.soc), str(row.reading.quality), row.transaction_id or "-")
        for row in rows
    ]  # fmt: skip
    columns = ("station", "evse", "at", "kind", "kW", "kWh", "soc", "quality", "transaction")
    show_table(columns, table, "No readings yet.")


@app.command()
def approve(
    identity: Identity,
    database: Database = EVENLOAD_DB,
    tenant: Tenant = "home",
    profile: Profile = None,
    new_password: NewPassword = False,
    password_from: PasswordFrom = None,
) -> None:
    """Let a station in that was held, or change how it has to prove itself. It works within seconds.

    Example:  evenload ocpp approve CP1 --new-password
    """
    credentials = _credentials(profile, new_password=new_password, password_from=password_from)
    with opened(database) as store:
        admission.approve(store, StationId(tenant, identity), credentials)
    _say_admitted(identity, credentials)


@app.command()
def add(
    identity: Identity,
    database: Database = EVENLOAD_DB,
    tenant: Tenant = "home",
    profile: Profile = None,
    new_password: NewPassword = False,
    password_from: PasswordFrom = None,
) -> None:
    """Add a station before it connects for the first time.

    Example:  evenload ocpp add CP1 --new-password
    """
    credentials = _credentials(profile, new_password=new_password, password_from=password_from)
    with opened(database, make=True) as store:
        admission.add(store, StationId(tenant, identity), credentials, now())
    _say_admitted(identity, credentials)


def _credentials(profile: int | None, *, new_password: bool, password_from: Path | None) -> Credentials:
    if new_password and password_from:
        raise InputError("--new-password and --password-from exclude each other")
    hashed = _new_password() if new_password else _read_password(password_from) if password_from else ""
    chosen = profile if profile is not None else 1 if hashed else 0
    if chosen in (1, 2) and not hashed:
        raise InputError(f"security profile {chosen} needs a password: add --new-password or --password-from")
    return Credentials(chosen, hashed)


def _new_password() -> str:
    from evenload.net.password import hash_key  # noqa: PLC0415 - loads when it is needed

    password = secrets.token_hex(20)  # 40 characters: what AuthorizationKey of OCPP 1.6 takes at most
    output.print(f"Password, shown this once:  {password}", markup=False)
    return hash_key(password.encode(), secrets.token_bytes(16))


def _read_password(file: Path) -> str:
    from evenload.net.password import hash_password  # noqa: PLC0415 - loads when it is needed

    try:
        text = sys.stdin.read() if str(file) == "-" else file.read_text(encoding="utf-8")
    except OSError as error:
        raise InputError(f"the password cannot be read from {file}: {error.strerror}") from error
    if not text.strip():
        raise InputError(f"{file} holds no password")
    return hash_password(text.strip().encode(), secrets.token_bytes(16))


def _say_admitted(identity: str, credentials: Credentials) -> None:
    output.print(f"{identity} may come in from now on.", markup=False)
    if credentials.profile == 0:
        output.print("It proves itself by nothing but its name; --new-password makes that safer.")


@app.command("token")
def put_token(
    text: Annotated[str, typer.Argument(metavar="TOKEN", help="What the driver's card or app sends.")],
    database: Database = EVENLOAD_DB,
    tenant: Tenant = "home",
    block: Annotated[bool, typer.Option("--block", help="It may not charge.")] = False,
    until: Annotated[str | None, typer.Option(help="It may charge until then (ISO 8601 with an offset).")] = None,
) -> None:
    """Say whether a token may charge.

    Example:  evenload ocpp token 04A2B7C1 --until 2030-01-01T00:00:00+01:00
    """
    status = TokenStatus.BLOCKED if block else TokenStatus.ACCEPTED
    expires_at = parse_instant(until) if until else None
    with opened(database, make=True) as store:
        admission.put_token(store, tenant, Token(text), status, expires_at)
    output.print(f"{text}: {status.sentence}", markup=False)


@app.command("set-limit")
def set_limit(
    identity: Identity,
    kw: Annotated[float | None, typer.Option(min=0, help="At most so many kW.")] = None,
    evse: Evse = 0,
    minutes: Annotated[
        float | None, typer.Option(min=1, help="For so long; without it whenever nothing else was said.")
    ] = None,
    clear: Annotated[bool, typer.Option("--clear", help="Take limits back.")] = False,
    database: Database = EVENLOAD_DB,
    tenant: Tenant = "home",
) -> None:
    """Limit a station. The limit is kept, given to it as soon as it is connected, and again when it comes back.

    Example:  evenload ocpp set-limit CP1 --kw 7.4 --evse 1 --minutes 90
    """
    if (kw is None) != clear:
        raise InputError("say --kw KW for a limit or --clear to take limits back")
    if clear and minutes is not None:
        raise InputError("--clear takes limits back at once: leave out --minutes")
    instant, command_id = now(), secrets.token_hex(8)
    command: Command
    if kw is None:
        command = ClearProfile(command_id=command_id, evse_id=evse, fallback=True)
    elif minutes is None:
        command = SetFallback(command_id=command_id, evse_id=evse, power_kw=kw)
    else:
        window = Interval(instant, instant + timedelta(minutes=minutes))
        command = SetProfile(command_id=command_id, evse_id=evse, limits=Limits.constant(kw, window))
    with opened(database) as store:
        orders.order(store, StationId(tenant, identity), command, instant)
    output.print(f"Ordered ({command_id}). How it ends:  evenload ocpp orders", markup=False)


@app.command("orders")
def list_orders(database: Database = EVENLOAD_DB, tenant: Tenant = "home", count: Count = 20) -> None:
    """List the last orders to stations, and how each ended.

    Example:  evenload ocpp orders
    """
    with opened(database) as store, store.reading() as unit:
        rows = unit.orders.last(tenant, count)
    table = [
        (row.order_id, row.station.identity, str(row.evse_id), row.kind, shown_instant(row.made_at),
         row.settlement or "waits", shown_instant(row.settled_at), row.info or "-")
        for row in rows
    ]  # fmt: skip
    columns = ("order", "station", "evse", "kind", "made", "outcome", "settled", "info")
    show_table(columns, table, "Nothing was ordered yet.")


@app.command()
def tail(
    database: Database = EVENLOAD_DB,
    tenant: Tenant = "home",
    count: Count = 20,
    station: Annotated[str, typer.Option(help="Only of this station.")] = "",
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on until Ctrl-C.")] = False,
) -> None:
    """Print the last events of stations, and with --follow those to come. Secrets are never kept, so never shown.

    Example:  evenload ocpp tail -f --station CP1
    """
    with opened(database) as store, store.reading() as unit:
        rows = unit.events.last(tenant, count)
    _print_events(rows, station)
    if follow:
        _follow(database, tenant, station, rows[-1].number if rows else 0)


def _follow(database: Path, tenant: str, station: str, number: int) -> None:
    with opened(database) as store:
        while True:
            with store.reading() as unit:
                rows = unit.events.after(tenant, number, 1000)
            _print_events(rows, station)
            number = rows[-1].number if rows else number
            time.sleep(0.5)


def _print_events(rows: Sequence[EventRow], station: str) -> None:
    for row in rows:
        if station in ("", row.station.identity):
            output.print(_event_line(row), markup=False)


def _event_line(row: EventRow) -> str:
    evse = f"/{row.evse_id}" if row.evse_id else ""
    return f"{shown_instant(row.at)} {row.station.identity}{evse} {row.kind} {row.body}"
