"""Use cases of a project's standing."""

from collections.abc import Callable, Sequence
from typing import Protocol, TypeAlias

from remint.core.pipeline import Graph
from remint.core.standing import Standing

Graphs: TypeAlias = Callable[[], Sequence[Graph]]
"""Gives the project's pipelines as its files define them now."""


class Standings(Protocol):
    """Where the project stands, for the principal and the workspace in force."""

    def now(self, graphs: Graphs) -> Standing:
        """Return where the project stands now. Writes no records.

        Args:
            graphs: called once, after the principal was checked; what it raises of Remint's own errors becomes `blocked`.

        Raises:
            Invalid: no principal is set.
            Denied: it does not exist here, or its key is not here.
            NotFound: there is no such workspace.
        """
        ...
