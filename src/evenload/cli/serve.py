"""`evenload serve`: the server: charging stations, planning, the guard and the API."""

import os
import socket
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from evenload.cli.terminal import errors, output

if TYPE_CHECKING:
    from evenload.app.bootstrap import Address

_ALL_INTERFACES = ("0.0.0.0", "::", "")  # noqa: S104 - compared with, not listened on


class LogFormat(StrEnum):
    """How logs are written."""

    TEXT = "text"
    JSON = "json"


class Role(StrEnum):
    """What the server is."""

    ALL = "all"
    STATIONS = "stations"
    SITE = "site"


def serve(  # noqa: PLR0913 - one parameter an option
    ocpp: Annotated[bool, typer.Option("--ocpp", help="Serve charging stations only: no planning, no API.")] = False,
    host: Annotated[str | None, typer.Option(help="Address to listen on; 0.0.0.0 for all. [127.0.0.1]")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on; 0 for a free one. [9000]")] = None,
    api_port: Annotated[int | None, typer.Option(help="Port of the API and pages; 0 for a free one. [8000]")] = None,
    dry_run: Annotated[
        bool | None, typer.Option("--dry-run", help="Plan, and log what would be told, but tell nobody anything.")
    ] = None,
    database: Annotated[Path | None, typer.Option(help="SQLite file; made if missing. [evenload.db]")] = None,
    tenant: Annotated[
        list[str] | None, typer.Option(help="A tenant, which is the first part of stations' paths. [home]")
    ] = None,
    accept_unknown: Annotated[
        bool | None,
        typer.Option("--accept-unknown/--hold-unknown", help="Whether to let unknown stations in at once. [hold]"),
    ] = None,
    tls_cert: Annotated[Path | None, typer.Option(help="Certificate chain (PEM) for wss://.")] = None,
    tls_key: Annotated[Path | None, typer.Option(help="Its key (PEM).")] = None,
    stations_ca: Annotated[Path | None, typer.Option(help="Authority (PEM) of stations' own certificates.")] = None,
    stations_ca_key: Annotated[
        Path | None, typer.Option(help="Its key (PEM), to sign certificates that stations ask for.")
    ] = None,
    log_format: Annotated[LogFormat | None, typer.Option(help="How logs are written. [text]")] = None,
    role: Annotated[
        Role | None, typer.Option(help="`site`: plan only while the server at --upstream is silent. [all]")
    ] = None,
    upstream: Annotated[str | None, typer.Option(help="URL of the API that plans for this site.")] = None,
    upstream_key: Annotated[str | None, typer.Option(help="A key there, with the role operator.")] = None,
    site: Annotated[str | None, typer.Option(help="Which site this is, where there is more than one there.")] = None,
    settings: Annotated[Path | None, typer.Option(help="Settings file, TOML or YAML.")] = None,
) -> None:
    """Serve until Ctrl-C or SIGTERM; what was begun is finished first.

    Charging stations by OCPP 1.6J and 2.0.1, the plan for them every minute and whenever something happens, the guard
    of sites with a meter, and the API with its documentation at /docs. With --role site another server plans, and this
    one does so only while that one cannot be reached. Options win over EVENLOAD_* in the environment, which win over
    the settings file.

    Example:  evenload serve --host 0.0.0.0
    """
    from evenload.app.bootstrap import serve as run  # noqa: PLC0415 - the database library loads when it is needed
    from evenload.app.log import set_up_logs  # noqa: PLC0415
    from evenload.app.settings import misspelt, settings_from  # noqa: PLC0415

    unknown = None if accept_unknown is None else "accept" if accept_unknown else "hold"
    given = {
        "host": host, "port": port, "api_port": api_port, "database": database, "dry_run": dry_run or None,
        "role": "stations" if ocpp else role and str(role), "tenants": tuple(tenant) if tenant else None,
        "unknown_stations": unknown, "tls_certificate": tls_cert, "tls_key": tls_key, "stations_ca": stations_ca,
        "stations_ca_key": stations_ca_key, "upstream": upstream, "upstream_key": upstream_key, "site": site,
        "log_format": None if log_format is None else str(log_format),
    }  # fmt: skip
    chosen = settings_from(settings, os.environ, given)
    for sentence in misspelt(os.environ):
        errors.print(f"evenload: {sentence}", style="yellow", markup=False)
    set_up_logs(chosen.log_level, chosen.log_format)
    if chosen.dry_run:
        output.print("A dry run: what would be told is logged, and no station is told anything.")
    run(chosen, lambda address: _say(address, chosen.tenants, held=chosen.unknown_stations == "hold"))
    errors.print("evenload: stopped; everything that was acknowledged is in the database")


def _say(address: "Address", tenants: tuple[str, ...], *, held: bool) -> None:
    """Print what to type into a charger."""
    scheme = "wss" if address.secure else "ws"
    host = _own_name() if address.host in _ALL_INTERFACES else address.host
    output.print("Type this into the charger. Its own name goes at the end; many add that themselves:")
    for tenant in tenants:
        output.print(f"  {scheme}://{host}:{address.port}/ocpp/{tenant}/IDENTITY", markup=False)
    if held:
        output.print("A charger that is not known yet is held. To see and let it in:")
        output.print("  evenload ocpp stations    then    evenload ocpp approve IDENTITY", markup=False)
    if address.api_port:
        url = f"{'https' if address.secure else 'http'}://{host}:{address.api_port}"
        output.print(f"The API is at {url}/v1, its documentation at {url}/docs. To get a key:", markup=False)
        output.print("  evenload key add NAME --role operator", markup=False)
    if not address.secure:
        output.print("The line is not encrypted: for a network you trust only. --tls-cert and --tls-key change that.")
    output.file.flush()


def _own_name() -> str:
    """The address other machines reach this one by, as far as its own routes tell; nothing is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # an address that is nobody's (RFC 5737)
        except OSError:
            return socket.gethostname()
        return str(probe.getsockname()[0])
