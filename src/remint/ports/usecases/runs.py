"""Use cases of runs: looking at them."""

from collections.abc import Sequence
from typing import Protocol

from remint.core.recipe import Recipe
from remint.core.run import Run


class Runs(Protocol):
    """Reading runs."""

    def list(self, *, limit: int = 50, before: str | None = None, step: str | None = None) -> Sequence[tuple[Run, Recipe]]:
        """Return runs with their recipes, newest first."""
        ...

    def show(self, text: str) -> tuple[Run, Recipe]:
        """Return the run that an id, or the start or end of one (8 digits or more), means.

        Raises:
            NotFound: none, or more than one, does.
        """
        ...

    def log(self, text: str) -> str:
        """Return what a run printed."""
        ...

    def compare(self, left: str, right: str) -> Sequence[str]:
        """Return, in words, how two runs differ: recipe, inputs, conditions, metrics."""
        ...

    def close_lost(self) -> int:
        """Record as lost every run whose process is gone, as far as that can be known here; return how many.

        Of runs that a client told of, only the client can know.
        """
        ...
