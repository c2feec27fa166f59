"""Keeping the last answer about a project's standing, with what it rests on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from remint.core.digest import Digest
from remint.core.filestate import FileState
from remint.core.standing import Standing


@dataclass(frozen=True, slots=True)
class CatalogState:
    """What tells, without opening the catalog, whether its records are the same.

    Attributes:
        files: the files that hold records; None for one that is not there, or is empty.
        commits: changes with each commit that `files` may not show yet; empty where nobody has the catalog open.
    """

    files: tuple[FileState | None, ...]
    commits: str


@dataclass(frozen=True, slots=True)
class Watch:
    """The state of everything known beforehand, looked at before any of it was read.

    Attributes:
        at_ns: when, UTC nanoseconds by the clock of the file system; 0 if it did not say.
        catalog: None if its state cannot be told without opening it.
        files: by path.
    """

    at_ns: int
    catalog: CatalogState | None
    files: Mapping[str, FileState | None]


@dataclass(frozen=True, slots=True)
class Kept:
    """An answer that was kept.

    Attributes:
        question: everything it depends on that is no file: settings, versions, who asks and where.
        graphs: the digest of the pipelines it was given for.
    """

    question: str
    graphs: Digest
    standing: Standing


class StandingMemory(Protocol):
    """Keeps one answer between processes. It only spares work: none of its methods fails, and losing it loses nothing."""

    def recall(self, question: str) -> Kept | None:
        """Return the kept answer to `question` if nothing it rests on has moved since; None otherwise.

        One that is damaged, truncated or of another version counts as none.
        """
        ...

    def watch(self, paths: Sequence[Path]) -> Watch:
        """Look at the catalog's files and at `paths`. The caller reads them afterwards, never before."""
        ...

    def keep(self, kept: Kept, watch: Watch, looked_at: Mapping[str, FileState | None]) -> None:
        """Keep an answer instead of the one before, all of it or nothing.

        Nothing is kept if something moved since it was looked at, or changed so shortly before that a later change may not
        show. The caller has closed the catalog again.

        Args:
            kept: the answer.
            watch: from before the first fact was read.
            looked_at: the paths met while reading, each as it was before it was read; None where nothing was.
        """
        ...
