"""Use cases of bringing the records to another database."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from remint.core.digest import Digest
from remint.ports.migrations import CatalogCopy, Progress
from remint.ports.usecases.context import Context


@dataclass(frozen=True, slots=True)
class Migrated:
    """What was copied, or would be.

    Attributes:
        to: the place, without secrets.
        setting: what the setting `catalog` must be for the copy to be used.
        records: how many there are of each kind.
        entries: of the audit log.
        root: of the tree over them.
        problems: what is wrong with the log or the records of the copy, in words.
        done: whether they were copied.
    """

    to: str
    setting: str
    records: Mapping[str, int]
    entries: int
    root: Digest
    problems: tuple[str, ...] = ()
    done: bool = True


class Migrations(Protocol):
    """Bringing all records to another database."""

    def look(self, context: Context, copy: CatalogCopy) -> Migrated:
        """Return what would be copied; nothing is written.

        Raises:
            Denied: the caller is no owner.
            Conflict: there are records at the other place.
        """
        ...

    def migrate(self, context: Context, copy: CatalogCopy, *, on_progress: Progress | None = None) -> Migrated:
        """Copy all records, compare, and verify the audit log of the copy. The records here stay as they are.

        Writers wait meanwhile; what they write afterwards is in the old place only, until the setting is changed.

        Args:
            context: who asks.
            copy: at the other place.
            on_progress: called now and then.

        Raises:
            Denied: the caller is no owner.
            Conflict: there are records at the other place.
            Corrupt: the copy differs from what was read.
            Unavailable: one of the two databases does not answer; the other place holds nothing then.
        """
        ...
