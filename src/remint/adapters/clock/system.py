"""The machine's clock and entropy: the only place that reads either."""

import secrets
import threading
import time


class SystemClock:
    """The system's time, never going back within this process, in any of its threads (see ports.clock.Clock)."""

    def __init__(self) -> None:
        self._last_us = 0
        self._looking = threading.Lock()

    def now_us(self) -> int:
        """Return the UTC time in microseconds."""
        with self._looking:
            self._last_us = max(self._last_us + 1, time.time_ns() // 1000)
            return self._last_us

    def entropy(self, size_bytes: int) -> bytes:
        """Return fresh random bytes."""
        return secrets.token_bytes(size_bytes)
