"""Bringing all records to another database."""

from collections.abc import Callable
from dataclasses import dataclass

from remint.core.entry import Entry
from remint.errors import Corrupt
from remint.ports.catalog import Catalog
from remint.ports.clock import Clock
from remint.ports.migrations import CatalogCopy, Progress
from remint.ports.usecases.audit import Audit
from remint.ports.usecases.context import Context
from remint.ports.usecases.migrations import Migrated
from remint.services.access import Access

ACTION = "catalog:migrate"


@dataclass(frozen=True)
class MigrationService:
    """See ports.usecases.migrations.Migrations.

    Attributes:
        audit_of: verifies the audit log of a catalog.
    """

    catalog: Catalog
    access: Access
    clock: Clock
    audit_of: Callable[[Catalog], Audit]

    def look(self, context: Context, copy: CatalogCopy) -> Migrated:
        """Return what would be copied."""
        self.access.check(context, ACTION, "catalog", doing="nothing was copied")
        copy.require_empty()
        with self.catalog.read() as tx:
            frontier = tx.entries.frontier()
        return Migrated(copy.where, copy.setting, copy.counts(), frontier.size, frontier.root(), done=False)

    def migrate(self, context: Context, copy: CatalogCopy, *, on_progress: Progress | None = None) -> Migrated:
        """Copy all records, compare, and verify the copy."""
        self.access.check(context, ACTION, "catalog", doing="nothing was copied")
        copy.require_empty()
        with self.access.begin(context, ACTION, "catalog", doing="nothing was copied") as tx:
            before = tx.entries.frontier()
            facts = {"to": copy.where, "entries": before.size, "root": before.root()}
            tx.entries.append(Entry(ACTION, "catalog", context.principal, self.clock.now_us(), facts))
        made = copy.make(on_progress=on_progress)
        size, root = made.frontier.size, made.frontier.root()
        with copy.opened() as copied:
            found = self.audit_of(copied).verify()
        if (found.entries, found.root) != (size, root):
            raise Corrupt(
                "the copy is not what was copied",
                why=f"its log has {found.entries} entries with the root {found.root.short}; here: {size}, {root.short}",
                next_step="do not use it; make the other place empty and run the same command again",
            )
        return Migrated(copy.where, copy.setting, made.records, size, root, found.problems)
