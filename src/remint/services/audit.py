"""The audit log: verifying and exporting it."""

from collections.abc import Iterator
from dataclasses import dataclass

from remint.core import canonical
from remint.core.entry import Frontier, leaf_digest
from remint.ports.catalog import PAGE, Catalog
from remint.ports.usecases.audit import Verified


@dataclass(frozen=True)
class AuditService:
    """See ports.usecases.audit.Audit."""

    catalog: Catalog

    def verify(self) -> Verified:
        """Make the tree again from every entry and compare it with what is stored."""
        with self.catalog.read() as tx:
            stored = tx.entries.frontier()
            made = Frontier()
            while leaves := tx.entries.leaves(after=made.size, limit=PAGE):
                for leaf in leaves:
                    record = canonical.loads(leaf)
                    if record["number"] != made.size + 1 or record["previous"] != made.root():
                        return Verified(made.size, made.root(), made.size + 1)
                    made = made.appended(leaf_digest(leaf))
        first_bad = None if made == stored else min(made.size, stored.size) + 1
        return Verified(made.size, made.root(), first_bad)

    def export(self, *, after: int = 0) -> Iterator[bytes]:
        """Yield the canonical bytes of each entry in log order."""
        last = after
        while True:
            with self.catalog.read() as tx:
                leaves = tx.entries.leaves(after=last, limit=PAGE)
            if not leaves:
                return
            yield from leaves
            last += len(leaves)
