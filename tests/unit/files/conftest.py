from collections.abc import Callable
from pathlib import Path

import pytest

from evenload.domain.circuit import Circuit, CircuitKind, CircuitTree


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str, str], Path]:
    """Write a text file of that name and return its path."""

    def write_text(name: str, text: str) -> Path:
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return write_text


@pytest.fixture
def tree() -> CircuitTree:
    """A feeder F over transformers T1 and T2, with site S under T1."""
    return CircuitTree.of(
        [
            Circuit("F", "", CircuitKind.FEEDER, 500.0),
            Circuit("T1", "F", CircuitKind.TRANSFORMER, 50.0),
            Circuit("T2", "F", CircuitKind.TRANSFORMER, 25.0),
            Circuit("S", "T1", CircuitKind.SITE, 40.0),
        ]
    )
