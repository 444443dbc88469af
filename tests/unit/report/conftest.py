import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest


@pytest.fixture(scope="session")
def fake() -> ModuleType:
    """The made-up study of ``fake.py``: ``fake.results(fake.Size(...), field=...)``."""
    spec = importlib.util.spec_from_file_location("report_fake", Path(__file__).with_name("fake.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["report_fake"] = module
    spec.loader.exec_module(module)
    return module
