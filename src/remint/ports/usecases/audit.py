"""Use cases of the audit log."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from remint.core.digest import Digest


@dataclass(frozen=True, slots=True)
class Verified:
    """What a verification found.

    Attributes:
        entries: how many entries there are.
        root: of the Merkle tree over them.
        first_bad: the number of the first entry that is not what it should be; None if all are.
    """

    entries: int
    root: Digest
    first_bad: int | None


class Audit(Protocol):
    """Reading and verifying the log."""

    def verify(self) -> Verified:
        """Make the tree again from every entry and compare it with what is stored."""
        ...

    def export(self, *, after: int = 0) -> Iterator[bytes]:
        """Yield the canonical bytes of each entry in log order, one JSON object each."""
        ...
