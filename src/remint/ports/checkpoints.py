"""Places outside the project where checkpoints of the audit log are kept."""

from collections.abc import Sequence
from typing import Protocol


class Checkpoints(Protocol):
    """Files that only grow, each a checkpoint a line."""

    def places(self) -> Sequence[str]:
        """Return the names of the places, as the settings say them."""
        ...

    def append(self, place: str, line: bytes) -> None:
        """Append a line, durably. Atomic: a line cut off by a crash is not read; it may be called again after a failure.

        Raises:
            Unavailable: the place does not take it; what was there stays.
        """
        ...

    def lines(self, place: str, *, only_last: bool = False) -> Sequence[bytes]:
        """Return the whole lines of a place, oldest first; none if nothing was ever written there.

        Args:
            place: its name.
            only_last: only the last few, however many there are.

        Raises:
            Unavailable: it cannot be read.
        """
        ...
