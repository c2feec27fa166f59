"""Use cases of the audit log."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from remint.core.digest import Digest
from remint.core.log import Checkpoint, Proof


@dataclass(frozen=True, slots=True)
class Verified:
    """What a verification found.

    Attributes:
        entries: how many entries there are.
        root: of the Merkle tree over them.
        first_bad: the number of the first entry that is not what it should be, as far as can be told; None if all are.
        problems: everything found, in words; empty if all is right.
        checkpoints: how many checkpoints from outside the log were compared with it.
        records: how many records of the catalog were compared with their entries; None if they were not.
    """

    entries: int
    root: Digest
    first_bad: int | None
    problems: tuple[str, ...] = ()
    checkpoints: int = 0
    records: int | None = None


class Audit(Protocol):
    """Reading and verifying the log."""

    def verify(self, *, records: bool = True) -> Verified:
        """Make the tree again from every entry and compare it with what is stored, and with every checkpoint kept elsewhere.

        Args:
            records: also compare refs, changes, runs and principals in the catalog with the entries that tell of them.

        Raises:
            Unavailable: a place of checkpoints cannot be read.
        """
        ...

    def export(self, *, after: int = 0) -> Iterator[bytes]:
        """Yield the canonical bytes of each entry in log order, one JSON object each."""
        ...

    def checkpoint(self) -> Checkpoint:
        """Sign how long the log is, and its root, and keep that in every place the setting `checkpoints` names.

        Raises:
            Invalid: no place is set.
            Corrupt: the log no longer agrees with an earlier checkpoint: a new one would hide it.
            Unavailable: a place does not take it.
        """
        ...

    def checkpoint_if_new(self) -> Checkpoint | None:
        """Make a checkpoint if places are set and there are entries that the last one does not know of; None otherwise.

        Raises:
            Corrupt, Unavailable: as `checkpoint`.
        """
        ...

    def prove(self, number: int) -> Proof:
        """Return the proof that an entry is in the log as it is now.

        Raises:
            NotFound: there is no such entry.
        """
        ...
