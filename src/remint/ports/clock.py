"""Time and chance, which enter from outside only."""

from typing import Protocol


class Clock(Protocol):
    """The present moment and fresh randomness."""

    def now_us(self) -> int:
        """Return the UTC time in microseconds. Never smaller than an earlier answer of the same clock."""
        ...

    def entropy(self, size_bytes: int) -> bytes:
        """Return fresh random bytes fit for ids and keys."""
        ...
