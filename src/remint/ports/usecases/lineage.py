"""Use cases of lineage."""

from collections.abc import Sequence
from typing import Protocol

from remint.core.digest import Digest
from remint.core.lineage import Lineage
from remint.core.run import Run


class Lineages(Protocol):
    """Looking up and down the graph."""

    def up(self, digest: Digest) -> Lineage:
        """Return everything behind an artifact."""
        ...

    def down(self, digest: Digest, *, limit: int = 1000) -> Sequence[Run]:
        """Return the runs that used an artifact, directly or through others, oldest first."""
        ...
