"""`evenload ocpp frames`: the frames of a running server, as they come and go."""

import json
import socket
from collections import OrderedDict
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from evenload.base.errors import InputError
from evenload.base.instants import parse_instant
from evenload.cli.ocpp_words import EVENLOAD_DB, Database, Tenant, opened
from evenload.cli.terminal import errors, output
from evenload.domain.station import StationId
from evenload.service.admission import known_station

_CALL, _RESULT, _ERROR = 2, 3, 4
_CALLS_KEPT_MAX: Final = 10_000
_LINE_BYTES_MAX: Final = 1 << 26


def frames(
    database: Database = EVENLOAD_DB,
    tenant: Tenant = "home",
    station: Annotated[str, typer.Option(help="Only of this station.")] = "",
    raw: Annotated[bool, typer.Option("--raw", help="The frames as they are, instead of their parts.")] = False,
    show_tokens: Annotated[bool, typer.Option("--show-tokens", help="Drivers' tokens in full.")] = False,
) -> None:
    """Print what stations and the server say to each other, until Ctrl-C.

    Passwords and keys are never shown, of tokens the last four characters, of a frame that is no JSON its outline.
    Costs the server nothing while nobody looks. Where this reads too slowly, it says how many frames it missed.

    Example:  evenload ocpp frames --station CP1
    """
    asked = {"tenant": tenant, "station": station, "show_tokens": show_tokens}
    calls = _Calls()
    if station:
        _known(database, tenant, station)
    with _tap(database) as tap:
        tap.sendall(json.dumps(asked).encode() + b"\n")
        lines = _lines(tap)
        if next(lines, None) is None:
            raise InputError("the server shows its frames to too many already: end one of them")
        errors.print("Frames from now on; Ctrl-C ends.")
        for shown in lines:
            output.print(_text(shown, calls, raw=raw), markup=False)
            output.file.flush()
    errors.print("The server has ended.")


def _known(database: Path, tenant: str, station: str) -> None:
    """``InputError`` where there is no such station: its frames would be waited for in vain."""
    with opened(database) as store, store.reading() as unit:
        known_station(unit, StationId(tenant, station))


def _tap(database: Path) -> socket.socket:
    from evenload.app.tap import tap_of  # noqa: PLC0415 - loads when it is needed

    made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        made.connect(str(tap_of(database)))
    except PermissionError as error:
        made.close()
        raise InputError(
            f"the server with {database} runs as another user, who alone may look at its frames"
        ) from error
    except (OSError, ValueError) as error:
        made.close()
        raise InputError(
            f"no server runs with {database}; start it with `evenload serve --ocpp`, or name another with --database"
        ) from error
    return made


def _lines(tap: socket.socket) -> Iterator[dict[str, Any]]:
    with tap.makefile("rb") as lines:
        while line := lines.readline(_LINE_BYTES_MAX):
            yield json.loads(line)


class _Calls:
    """What was called by which id, so that an answer can be named."""

    def __init__(self) -> None:
        self._actions: OrderedDict[tuple[str, bool, str], str] = OrderedDict()

    def called(self, station: str, message_id: str, action: str, *, inbound: bool) -> None:
        self._actions[station, inbound, message_id] = action
        if len(self._actions) > _CALLS_KEPT_MAX:
            self._actions.popitem(last=False)

    def answered(self, station: str, message_id: str, *, inbound: bool) -> str:
        return self._actions.pop((station, not inbound, message_id), "")


def _text(shown: dict[str, Any], calls: _Calls, *, raw: bool) -> str:
    if lost := shown.get("lost"):
        return f"... {lost} frames missed: they came faster than they were read"
    at = parse_instant(shown["at"]).strftime("%H:%M:%S.%f")[:-3]
    inbound = bool(shown.get("inbound"))
    told = shown["frame"] if raw else _parts(shown["station"], shown["frame"], calls, inbound=inbound)
    return f"{at} {shown['station']} {'>' if inbound else '<'} {told}"


def _parts(station: str, frame: str, calls: _Calls, *, inbound: bool) -> str:
    """Action, id and content of a frame; as it is where it has no such parts."""
    try:
        parts = json.loads(frame)
    except ValueError:
        return f"(not JSON) {frame}"
    match parts:
        case [2, str(message_id), str(action), payload]:
            calls.called(station, message_id, action, inbound=inbound)
            return f"{action} {message_id} {json.dumps(payload)}"
        case [3, str(message_id), payload]:
            action = calls.answered(station, message_id, inbound=inbound)
            return f"{action or 'answer'} = {message_id} {json.dumps(payload)}"
        case [4, str(message_id), code, *rest]:
            action = calls.answered(station, message_id, inbound=inbound)
            return f"{action or 'call'} refused {message_id} {code} {json.dumps(rest)}"
        case _:
            return frame
