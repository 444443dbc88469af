"""Ports to listen on: taken before anything else begins, and a sentence where one cannot be had."""

import asyncio
import errno
import os
import socket
from typing import Final

from evenload.base.errors import InputError

_BACKLOG: Final = 2048
_WHY: Final = {
    errno.EADDRINUSE: "it is in use: end what listens there, or choose another with the setting {setting}",
    errno.EADDRNOTAVAIL: "this machine has no such address: choose one of its own, or 0.0.0.0 for all",
    errno.EACCES: "this account may not: choose a port above 1023 with the setting {setting}",
}


def cannot_listen(host: str, port: int, setting: str, error: OSError) -> InputError:
    """Why it cannot be listened there, and what to do; ``setting`` is that of the port."""
    if isinstance(error, socket.gaierror):
        why = "there is no such address"
    else:
        why = _WHY.get(error.errno or 0, os.strerror(error.errno) if error.errno else str(error))
    return InputError(f"cannot listen on {host} port {port}: {why.format(setting=setting)}")


async def listening_at(host: str, port: int, setting: str) -> list[socket.socket]:
    """Sockets at every address of a host; ``InputError`` where there is none to be had."""
    made: list[socket.socket] = []
    try:
        for family, kind, _, _, address in await asyncio.get_running_loop().getaddrinfo(
            host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        ):
            made.append(one := socket.socket(family, kind))
            one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:
                one.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            one.bind((address[0], made[0].getsockname()[1] if len(made) > 1 else address[1], *address[2:]))
            one.listen(_BACKLOG)
            one.setblocking(False)
    except OSError as error:
        for one in made:
            one.close()
        raise cannot_listen(host, port, setting, error) from error
    return made
