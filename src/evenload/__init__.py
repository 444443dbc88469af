"""evenload: managed charging for electric vehicles.

`import evenload` is light; what is below loads on first use::

    import evenload
    results = evenload.study("study.yaml")
    results.runs            # a pandas data frame, one row a run
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from evenload.simulate.api import example, study

__version__ = "0.1.0"
__all__ = ["__version__", "example", "study"]


def __dir__() -> list[str]:
    return __all__


def __getattr__(name: str) -> object:
    if name in {"example", "study"}:
        return getattr(import_module("evenload.simulate.api"), name)
    raise AttributeError(f"module 'evenload' has no attribute {name!r}")
