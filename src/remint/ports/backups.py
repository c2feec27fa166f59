"""Places where backups of a project's state are kept, one copy of the store for all of them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from remint.core.digest import Digest

Progress = Callable[[int, int], None]
"""Called with bytes copied so far and to be copied."""


@dataclass(frozen=True, slots=True)
class Backup:
    """A backup that is complete.

    Attributes:
        name: tells it from the others of the same place; they sort by age.
        installation: whose state it is.
        at_us: when its copy of the catalog was made.
        entries: how many entries the audit log had.
        root: of the tree over them.
        schema: of the catalog.
    """

    name: str
    installation: str
    at_us: int
    entries: int
    root: Digest
    schema: str


class Backups(Protocol):
    """One place. A backup is there whole or not at all; a crash leaves only what the next one completes."""

    def all(self) -> Sequence[Backup]:
        """Return the complete backups, oldest first.

        Raises:
            Invalid: something else is there.
            Unavailable: the place cannot be read.
        """
        ...

    def take(self, snapshot: Callable[[Path], Backup], *, on_progress: Progress | None = None) -> tuple[Backup, int]:
        """Copy the state here, what is there already excepted, and return the backup and the bytes that were copied.

        Args:
            snapshot: writes a consistent copy of the catalog to a path and says what is in it. Called after the usage logs were
                copied and before the store is, so that the store holds all that the copy names.
            on_progress: called now and then.

        Raises:
            Unavailable: the place does not take it; earlier backups stay as they are.
        """
        ...

    def drop(self, backup: Backup) -> None:
        """Forget a backup's catalog; the bytes in the store that others share stay. Idempotent."""
        ...

    def put_back(self, backup: Backup, *, on_progress: Progress | None = None) -> int:
        """Copy a backup back into the state, what is there already excepted, the catalog last; return the bytes copied.

        It may be called again after a crash.

        Raises:
            Conflict: the state has a catalog.
            Unavailable: the disk does not take it.
        """
        ...
