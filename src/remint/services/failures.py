"""Failures to show who one is: in the audit log, but so that nobody can fill it by trying."""

import threading
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from remint.core.entry import Entry
from remint.core.network import network_of
from remint.ports.catalog import Catalog
from remint.ports.clock import Clock
from remint.services.principals import PLATFORM

WINDOW_US = 60_000_000
"""At most one entry in this time tells of one network, way and reason."""

MOST = 200
"""How many networks, ways and reasons are told apart in that time; what is beyond them is counted together."""

OTHERS = "others"
Kind = tuple[str, str, str]


@dataclass
class Failures:
    """Counts failures, and writes entries of them. Safe from several threads.

    The first of a kind is written at once; those that follow within a minute are one entry with their number, which `flush`
    writes when the minute is over.
    """

    catalog: Catalog
    clock: Clock
    _since_us: dict[Kind, int] = field(default_factory=dict)
    _more: Counter[Kind] = field(default_factory=Counter)
    _holding: threading.Lock = field(default_factory=threading.Lock)

    def note(self, address: str, way: str, reason: str) -> None:
        """Take a failure.

        Args:
            address: where it came from; only the network of it is kept.
            way: how it was tried: `token`, `sign-in NAME`, `workload`.
            reason: a stable word.
        """
        now_us, kind = self.clock.now_us(), (network_of(address), way[:100], reason[:40])
        self.flush()
        with self._holding:
            if kind not in self._since_us and len(self._since_us) >= MOST:
                kind = (OTHERS, way.partition(" ")[0], OTHERS)
            if kind in self._since_us:
                self._more[kind] += 1
                return
            self._since_us[kind] = now_us
            self._write(now_us, {kind: 1})

    def flush(self, *, all_of_them: bool = False) -> None:
        """Write what was counted, of every minute that is over; of those under way, too, when the server ends."""
        now_us = self.clock.now_us()
        with self._holding:
            over = [kind for kind, since in self._since_us.items() if all_of_them or not 0 <= now_us - since < WINDOW_US]
            counted = {kind: self._more.pop(kind) for kind in over if kind in self._more}
            for kind in over:
                del self._since_us[kind]
            for kind in counted:  # what came late in a minute is told at its end, and that begins another
                self._since_us[kind] = now_us
            self._write(now_us, counted)

    def _write(self, at_us: int, counted: dict[Kind, int]) -> None:
        if not counted:
            return
        with self.catalog.begin() as tx:
            for (network, way, reason), count in counted.items():
                facts: dict[str, Any] = {"rule": "identity", "reason": reason, "network": network, "count": count}
                tx.entries.append(Entry("session:begin", way, PLATFORM, at_us, facts, decision="deny"))
