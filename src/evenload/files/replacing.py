"""Writing a file as a whole or not at all."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from evenload.base.errors import InputError


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Lend a path beside ``path`` to write to; it takes the place of ``path`` only when the block ends well."""
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        yield partial
        partial.replace(path)
    except OSError as error:
        raise InputError(f"{path} cannot be written: {error.strerror or error}") from error
    finally:
        partial.unlink(missing_ok=True)
