"""Errors of the domain, told with the file they come from."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from evenload.base.errors import InputError


@contextmanager
def naming(path: Path, error_type: type[InputError]) -> Iterator[None]:
    """Raise what goes wrong inside as ``error_type``, its sentence led by the file's path."""
    try:
        yield
    except InputError as error:
        raise error_type(f"{path}: {error}") from error
