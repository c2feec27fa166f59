"""Folders outside the store, and what is remembered of them."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

from remint.core.digest import Digest
from remint.core.ref import RefName
from remint.core.worktree import Folder, Known, Refused, Tracked


class Walk(Protocol):
    """One walk through a folder, or over one file.

    Attributes:
        root: what stands before every path, with a slash at its end.
        refused: what cannot be part of a set of files; whole when the walk has come to its end.
        left_out: folders that never belong to a set (`.git`, `.remint`), likewise.
    """

    root: str
    refused: list[Refused]
    left_out: list[str]

    def __iter__(self) -> Iterator[Folder]:
        """Yield each folder that was found, before those inside it, and those beside each other in order of `name/`.

        Links to files are followed. Nothing is written. May be called again, and looks again then.

        Raises:
            Conflict: a folder was removed while it was read.
        """
        ...


class Folders(Protocol):
    """Looking at folders."""

    def walk(self, place: Path) -> Walk:
        """Return a walk; nothing is looked at before it is iterated.

        Raises:
            NotFound: nothing is there.
            Invalid: it is no file and no folder, or may not be looked at.
        """
        ...

    def digest(self, path: str) -> bytes | Refused:
        """Return the 32 bytes of the digest of a file as it is now, or why it cannot be read."""
        ...

    def receive(self, folder: Path, version: str) -> AbstractContextManager[Path | None]:
        """Give a hidden folder to write into; what is in it stands in `folder` when the block ends without an error.

        None if an earlier block for this version ended and was killed before all stood in its place: that is made up for.
        After an error in the block, `folder` is as it was. After a kill, the next call goes on, or says what is in the way.

        Args:
            folder: empty or absent.
            version: what is written, as a word for file names.

        Raises:
            Invalid: the folder is not empty, or is no folder.
            Conflict: another process writes there, or another version was stopped there.
            Unavailable: the disk refuses.
        """
        ...

    def make(self, folder: str) -> None:
        """Make a folder and those above it. Idempotent.

        Raises:
            Unavailable: the disk refuses.
        """
        ...

    def unreadable(self, root: str, paths: Iterable[str]) -> list[Refused]:
        """Return those files below `root` that this process may not read."""
        ...


class Index(Protocol):
    """What was known of a folder's files when a version was made of it.

    Attributes:
        artifact: that version.
    """

    artifact: Digest

    def get(self, path: str) -> Known | None:
        """Return what is known of one folder."""
        ...

    def paths(self) -> Iterable[str]:
        """Return the folders that hold files."""
        ...


class Tracking(Protocol):
    """The paths that were added, and an index of each.

    The index is derived: without one, every file is read again. A damaged one is the same as none.
    """

    def moment_ns(self) -> int:
        """Return the time by the clock of the file system.

        Raises:
            Unavailable: the disk takes nothing.
        """
        ...

    def tracked(self, workspace: str) -> Sequence[Tracked]:
        """Return what is tracked in a workspace, in order of refs.

        Raises:
            Corrupt: a record cannot be read.
        """
        ...

    def get(self, ref: RefName) -> Tracked | None:
        """Return what is tracked under a ref. A record that cannot be read is none: the next `track` replaces it."""
        ...

    def track(self, tracked: Tracked) -> None:
        """Remember a path in place of what was tracked under its ref. Atomic, durable, idempotent.

        Raises:
            Unavailable: the disk takes nothing; what was remembered before stays.
        """
        ...

    def index(self, tracked: Tracked) -> Index | None:
        """Return the index of a tracked path."""
        ...

    def save(self, tracked: Tracked, folders: Iterable[Known]) -> None:
        """Write the index of a tracked path, in the place of the one before. Atomic; a disk that takes nothing is no error."""
        ...
