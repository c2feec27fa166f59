"""Backups: a consistent copy of the catalog, and of everything it names."""

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from remint.core.entry import Entry, Frontier
from remint.errors import Conflict, Corrupt, Invalid
from remint.ports.backups import Backup, Backups, Progress
from remint.ports.blobs import Blobs
from remint.ports.catalog import Catalog
from remint.ports.clock import Clock
from remint.ports.usecases.artifacts import Artifacts
from remint.ports.usecases.audit import Audit
from remint.ports.usecases.backups import BackedUp, Confirmed
from remint.ports.usecases.context import Context
from remint.services.access import Access

EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


@dataclass(frozen=True)
class BackupService:
    """See ports.usecases.backups.BackingUp.

    Attributes:
        opened: opens a place of backups.
        snapshot: writes a consistent copy of the catalog to a path, and says how far its log goes.
        schema: of the catalog.
    """

    catalog: Catalog
    blobs: Blobs
    clock: Clock
    access: Access
    opened: Callable[[Path], Backups]
    artifacts: Artifacts
    audit: Audit
    snapshot: Callable[[Path], Frontier]
    schema: str

    def take(self, context: Context, place: Path, *, keep: int | None = None, on_progress: Progress | None = None) -> BackedUp:
        """Back the project up while it is in use."""
        if keep is not None and keep < 1:
            raise Invalid("nothing was backed up", why=f"{keep} backups are none", next_step="keep 1 or more")
        self.access.check(context, "catalog:backup", "catalog", doing="nothing was backed up")
        backups = self.opened(place)
        earlier = backups.all()
        with self.catalog.read() as tx:
            installation = tx.facts.get("installation") or ""
        if any(one.installation != installation for one in earlier):
            raise Conflict(
                "nothing was backed up", why=f"{place.name} holds backups of another project", next_step="choose another folder"
            )
        with self.blobs.adding():  # nothing is given up while the store is copied
            made, copied = backups.take(lambda path: self._snapshot(path, installation), on_progress=on_progress)
        gone = [one for one in [*earlier, made][:-keep] if one != made] if keep is not None else []
        for one in gone:
            backups.drop(one)
        with self.access.begin(context, "catalog:backup", "catalog") as tx:
            facts = {"name": made.name, "entries": made.entries, "root": made.root, "bytes": copied, "dropped": len(gone)}
            tx.entries.append(Entry("catalog:backup", "catalog", context.principal, self.clock.now_us(), facts))
        return BackedUp(made, copied, tuple(one.name for one in gone))

    def _snapshot(self, path: Path, installation: str) -> Backup:
        at_us = self.clock.now_us()
        name = (EPOCH + dt.timedelta(microseconds=at_us)).strftime("%Y%m%dT%H%M%S.%fZ")
        frontier = self.snapshot(path)
        return Backup(name, installation, at_us, frontier.size, frontier.root(), self.schema)

    def confirm(self, context: Context, backup: Backup) -> Confirmed:
        """Look at what was put back, and record that it was."""
        with self.catalog.read() as tx:
            moves = [move for workspace in tx.workspaces.all() for move in tx.refs.at(workspace.name)]
            frontier = tx.entries.frontier()
        if (frontier.size, frontier.root()) != (backup.entries, backup.root):
            raise Corrupt(
                f"the catalog of backup {backup.name} is not the one that was copied",
                why=f"its log has {frontier.size} entries, and the backup's record says {backup.entries} or another root",
                next_step="restore another backup",
            )
        verified = self.audit.verify()
        gone = {f"{move.name}@{move.serial}" for move in moves if not self.artifacts.present(move.new)}
        with self.access.begin(context, "catalog:restore", "catalog") as tx:
            facts = {"name": backup.name, "entries": backup.entries, "missing": len(gone)}
            tx.entries.append(Entry("catalog:restore", "catalog", context.principal, self.clock.now_us(), facts))
        return Confirmed(backup, verified.problems, tuple(sorted(gone)))

    def list(self, place: Path) -> Sequence[Backup]:
        """Return the backups in a place, oldest first."""
        return self.opened(place).all()
