"""Readings of bytes, as entries of the audit log: one a minute for who reads what."""

import threading
from dataclasses import dataclass, field

from remint.core.digest import Digest
from remint.core.entry import Entry
from remint.ports.catalog import Catalog
from remint.ports.clock import Clock
from remint.ports.usecases.context import Context

MINUTE_US = 60_000_000
MOST_REMEMBERED = 10_000


@dataclass(frozen=True)
class Readings:
    """Tells the audit log whose bytes are given out, and to whom. Safe from several threads."""

    catalog: Catalog
    clock: Clock
    _told: dict[tuple[str, int, Digest], int] = field(default_factory=dict)
    _telling: threading.Lock = field(default_factory=threading.Lock)

    def tell(self, context: Context, digest: Digest) -> None:
        """Record that bytes of an artifact are given out, unless that was done in the last minute."""
        asked, now_us = (str(context.principal), context.token, digest), self.clock.now_us()
        with self._telling:
            if now_us - self._told.get(asked, -MINUTE_US) < MINUTE_US:
                return
            entry = Entry("artifact:read", f"artifact {digest}", context.principal, now_us, {"token": context.token})
            with self.catalog.begin() as tx:
                tx.entries.append(entry)
            if len(self._told) >= MOST_REMEMBERED:
                self._told.clear()
            self._told[asked] = now_us
