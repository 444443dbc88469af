"""Protocols and their versions, as lists of devices name them."""

from collections.abc import Iterable


def speaks(protocols: Iterable[str], asked: str) -> bool:
    """Whether one of the protocols is the one asked for or a version of it.

    OCPP is spoken by who speaks OCPP 1.6J, and so is OCPP 1.6; OCPP 2.0 is not.
    """
    wanted = asked.strip().casefold()
    return bool(wanted) and any(_is_version(one.casefold(), wanted) for one in protocols)


def _is_version(told: str, wanted: str) -> bool:
    rest = told.removeprefix(wanted)
    return told.startswith(wanted) and (not rest or rest[0] == " " or (wanted[-1].isdigit() and rest.isalpha()))
