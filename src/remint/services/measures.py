"""Measures: the numbers among what a run made."""

from collections.abc import Callable, Mapping
from typing import Any

from remint.core import canonical
from remint.core.artifact import Artifact, Kind
from remint.core.run import numbers_of
from remint.ports.blobs import Blobs


def value_of(blobs: Blobs, artifact: Artifact) -> Any:  # noqa: ANN401 - JSON
    """Return the value of a small record."""
    return canonical.decode_value(canonical.loads(blobs.get(artifact.parts[0].blob)))


def metrics_of(outputs: Mapping[str, Artifact], value: Callable[[Artifact], Any]) -> dict[str, float]:
    """Return the metrics of a run: the numbers in its outputs of that kind, by `output.name` if it has several outputs.

    Args:
        outputs: by name.
        value: returns the value of an artifact.
    """
    found: dict[str, float] = {}
    for name, artifact in outputs.items():
        if artifact.kind is Kind.METRICS:
            found |= numbers_of(value(artifact), f"{name}." if len(outputs) > 1 else "")
    return found
