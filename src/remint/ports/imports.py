"""Repositories of other tools, read version by version."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True, slots=True)
class ImportedVersion:
    """One version of one path that the other tool tracked.

    Attributes:
        path: in the repository, with `/`.
        files: path inside it and where its bytes are, for each file; a single file has one entry, named like the path.
        missing: files whose bytes the repository does not hold any more.
        commit: the revision that brought it; empty for a repository without history.
        author: of that revision.
        message: its first line.
    """

    path: str
    files: Sequence[tuple[str, Path]]
    missing: Sequence[str]
    commit: str = ""
    author: str = ""
    message: str = ""


class Repository(Protocol):
    """A repository of another tool."""

    def versions(self) -> Iterator[ImportedVersion]:
        """Yield every version of every tracked path, oldest first; a version equal to the one before is left out.

        Raises:
            Invalid: there is no such repository, or it cannot be read.
            Corrupt: bytes are not what the repository says they are.
            Unavailable: something it needs is not installed.
        """
        ...
