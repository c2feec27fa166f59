"""A clock that is told the time, for tests and for replaying."""

from remint.core.digest import digest_bytes


class FixedClock:
    """Time that moves only when told, and entropy that repeats (see ports.clock.Clock)."""

    def __init__(self, start_us: int = 1_700_000_000_000_000) -> None:
        self._now_us = start_us
        self._drawn = 0

    def now_us(self) -> int:
        """Return the time, one microsecond later than the last answer."""
        self._now_us += 1
        return self._now_us

    def advance(self, by_us: int) -> None:
        """Move the time forward."""
        self._now_us += by_us

    def entropy(self, size_bytes: int) -> bytes:
        """Return the next bytes of a fixed sequence."""
        drawn = b""
        while len(drawn) < size_bytes:
            self._drawn += 1
            drawn += digest_bytes(self._drawn.to_bytes(8, "big")).raw
        return drawn[:size_bytes]
