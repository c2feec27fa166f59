"""Remint: every model in production can be traced, justified, and minted again.

Public names only, loaded when they are first used: `import remint` itself loads neither SQL nor web nor data libraries.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from remint.core.contract import Column as Column
    from remint.core.contract import Contract as Contract
    from remint.sdk.model import Model as Model
    from remint.sdk.samples import samples as samples
    from remint.sdk.steps import pipeline as pipeline
    from remint.sdk.steps import ref as ref
    from remint.sdk.steps import step as step
    from remint.sdk.table import Table as Table
    from remint.sdk.values import Files as Files
    from remint.sdk.values import Metrics as Metrics
    from remint.sdk.values import Report as Report

__version__ = "0.1.0"

_HOMES = {
    "Column": "remint.core.contract",
    "Contract": "remint.core.contract",
    "Files": "remint.sdk.values",
    "Metrics": "remint.sdk.values",
    "Model": "remint.sdk.model",
    "Report": "remint.sdk.values",
    "Table": "remint.sdk.table",
    "connect": "remint.sdk.client",
    "pipeline": "remint.sdk.steps",
    "ref": "remint.sdk.steps",
    "samples": "remint.sdk.samples",
    "step": "remint.sdk.steps",
}

__all__ = [
    "Column",
    "Contract",
    "Files",
    "Metrics",
    "Model",
    "Report",
    "Table",
    "__version__",
    "connect",
    "pipeline",
    "ref",
    "samples",
    "step",
]


def __getattr__(name: str) -> Any:  # noqa: ANN401 - the public names are of many kinds
    if name not in _HOMES:
        raise AttributeError(f"module 'remint' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return __all__
