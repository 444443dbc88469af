from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[4]


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The reference data folder beside the project; tests that use it are marked ``shared_data``."""
    return PROJECT.parent / "shared" / "data"
