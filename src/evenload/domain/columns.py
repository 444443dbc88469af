"""What every columnar noun shares: equal lengths, read-only arrays, row selection and joining."""

from collections.abc import Sequence
from dataclasses import fields, replace
from typing import Any, Self, cast

import numpy as np
from numpy.typing import NDArray

from evenload.base.errors import ColumnsError


class Columns:
    """Mixin of frozen dataclasses whose fields are all one-dimensional arrays of one length.

    The constructor copies nothing that is already read-only; the caller's arrays are never written to.
    """

    __slots__ = ()

    def __post_init__(self) -> None:
        length = len(self)
        for name, column in self.columns().items():
            if column.ndim != 1 or column.shape[0] != length:
                raise ColumnsError(f"{type(self).__name__}.{name} has shape {column.shape}, expected ({length},)")
            view = column.view()
            view.flags.writeable = False
            object.__setattr__(self, name, view)
        self._check()

    def _check(self) -> None:
        """Raise ``ColumnsError`` where an invariant between columns does not hold."""

    def __len__(self) -> int:
        return int(getattr(self, self.names()[0]).shape[0])

    @classmethod
    def names(cls) -> tuple[str, ...]:
        """Names of the columns, in order."""
        return tuple(field.name for field in fields(cast(Any, cls)))

    def columns(self) -> dict[str, NDArray[Any]]:
        """The columns by name, in order."""
        return {name: getattr(self, name) for name in self.names()}

    def take(self, rows: NDArray[Any] | slice) -> Self:
        """The rows chosen by a boolean mask, an index array or a slice."""
        chosen = {name: column[rows] for name, column in self.columns().items()}
        return cast(Self, replace(cast(Any, self), **chosen))

    @classmethod
    def concatenate(cls, parts: Sequence[Self]) -> Self:
        """All rows of ``parts``, in order."""
        joined = {name: np.concatenate([getattr(part, name) for part in parts]) for name in cls.names()}
        return cls(**joined)

    def _first_bad(self, bad: NDArray[np.bool_], column: str, reason: str, row_id: str) -> None:
        if bad.any():
            row = int(np.flatnonzero(bad)[0])
            values = self.columns()
            raise ColumnsError(f"{row_id} {values[row_id][row]}: {column} {values[column][row]} {reason}")
