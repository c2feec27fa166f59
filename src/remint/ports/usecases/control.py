"""Use cases of control: the status of what is in production."""

from collections.abc import Sequence
from typing import Protocol

from remint.core.control import ModelStatus


class Control(Protocol):
    """Judging production."""

    def models(self) -> Sequence[ModelStatus]:
        """Return every model in production with its status on both axes."""
        ...
