"""Knowing this process, and whether another one is still there."""

from collections.abc import Mapping
from typing import Any, Protocol


class Processes(Protocol):
    """The machine's processes."""

    def here(self) -> Mapping[str, Any]:
        """Return facts that tell this process from every other, also after the machine started again: JSON."""
        ...

    def is_alive(self, place: Mapping[str, Any]) -> bool:
        """Return whether the process that `here` described still runs; True if that cannot be known from this machine."""
        ...
