"""Use cases of backups."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from remint.ports.backups import Backup, Progress
from remint.ports.usecases.context import Context


@dataclass(frozen=True, slots=True)
class BackedUp:
    """What a backup did.

    Attributes:
        copied_bytes: what was not there yet.
        dropped: names of older backups that were forgotten.
    """

    backup: Backup
    copied_bytes: int
    dropped: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Confirmed:
    """What is to be said of a backup that was put back.

    Attributes:
        problems: what is wrong with the log, its records, or against its checkpoints, in words.
        missing: refs whose bytes are not all here.
    """

    backup: Backup
    problems: tuple[str, ...]
    missing: tuple[str, ...]


class BackingUp(Protocol):
    """Backing up a project's state: the catalog, the store, the usage logs and the keys."""

    def take(self, context: Context, place: Path, *, keep: int | None = None, on_progress: Progress | None = None) -> BackedUp:
        """Back the project up while it is in use.

        Args:
            context: who asks.
            place: a folder; made if it is not there. It may hold backups of this project only.
            keep: forget all but so many of the newest backups, this one included.
            on_progress: called now and then.

        Raises:
            Denied: the caller is no owner.
            Invalid: something else is in the place.
            Conflict: it holds backups of another project.
            Unavailable: the place does not take it.
        """
        ...

    def confirm(self, context: Context, backup: Backup) -> Confirmed:
        """Look at what was put back, and record that it was.

        Raises:
            Corrupt: the catalog is not the one that was copied.
            Denied: the caller is no owner.
        """
        ...

    def list(self, place: Path) -> Sequence[Backup]:
        """Return the backups in a place, oldest first."""
        ...
