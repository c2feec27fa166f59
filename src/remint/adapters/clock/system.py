"""The machine's clock and entropy: the only place that reads either."""

import secrets
import time


class SystemClock:
    """The system's time, never going back within this process (see ports.clock.Clock)."""

    def __init__(self) -> None:
        self._last_us = 0

    def now_us(self) -> int:
        """Return the UTC time in microseconds."""
        self._last_us = max(self._last_us + 1, time.time_ns() // 1000)
        return self._last_us

    def entropy(self, size_bytes: int) -> bytes:
        """Return fresh random bytes."""
        return secrets.token_bytes(size_bytes)
