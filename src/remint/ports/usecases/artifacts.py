"""Use cases of artifacts."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeAlias

from remint.core.artifact import Artifact, Kind
from remint.core.digest import Digest
from remint.core.manifest import Difference, Rows
from remint.core.run import Run
from remint.ports.usecases.context import Context
from remint.ports.usecases.tables import TableChange

Progress: TypeAlias = Callable[[int, int], None]
"""Called with how many files are done, and how many there are to do."""


@dataclass(frozen=True, slots=True)
class Kept:
    """An artifact whose bytes are in the store, and the digest of those bytes."""

    artifact: Artifact
    stored: Digest


@dataclass(frozen=True, slots=True)
class Added:
    """What came of adding a path.

    Attributes:
        moved: whether the ref points elsewhere now.
        files: how many there are in it.
        read: how many of them were read; the others had not changed since they were added last.
        left_out: folders in it that never belong to a set of files.
        change: of a table, what became of its rows.
    """

    artifact: Artifact
    moved: bool
    files: int
    read: int
    left_out: tuple[str, ...]
    change: TableChange | None = None


class Artifacts(Protocol):
    """Making artifacts of files, and getting verified files back."""

    def keep(self, kind: Kind, parts: Sequence[tuple[str, Path | Digest]], facts: Mapping[str, Any]) -> Kept:
        """Put the parts into the store and say what artifact they are; the catalog is not written yet.

        Args:
            kind: of the artifact.
            parts: path inside the artifact, and a file (it may be gone afterwards) or the blob of a part already stored.
            facts: what is claimed of it; what can be computed is computed anew.

        Raises:
            Invalid: the files are not of that kind.
        """
        ...

    def add(
        self,
        context: Context,
        name: str,
        path: Path,
        *,
        again: bool = False,
        table: bool = False,
        on_progress: Progress | None = None,
    ) -> Added:
        """Make an artifact of a file or folder, point the ref `name` at it, and track the path under the ref.

        Idempotent. What is refused, or killed before the commit, leaves the ref and what is tracked as they were. Killed right
        after it, the path is tracked as it was before; the next call makes up for that.

        Args:
            context: who acts, and where.
            name: of the ref.
            path: a file or a folder; a .parquet, .arrow or .feather file becomes a table, all else a set of files.
            again: read every file, also those whose size and times say that they did not change.
            table: make a table of CSV and JSON lines too, and one of all files in a folder.
            on_progress: called now and then.

        Raises:
            NotFound: nothing is at the path.
            Invalid: the folder holds what cannot be part of a set of files, or nothing at all; or the table cannot be read.
            Conflict: a file changed while it was read; or, of a table, somebody moved the ref meanwhile.
            Denied: the ref is protected.
        """
        ...

    def get(self, digest: Digest) -> Artifact:
        """Return an artifact's record.

        Raises:
            ArtifactNotFound: none is recorded.
        """
        ...

    def brought(self, digest: Digest) -> Artifact:
        """Return an artifact's record; of a pinned table, after its bytes were brought into the store.

        Raises:
            ArtifactNotFound: none is recorded.
            SourceGone, SourceAltered: the source does not keep what was pinned, or gives other rows.
            Unavailable, Denied: the source did not answer, or does not let us in.
        """
        ...

    def verify(self, digest: Digest) -> None:
        """Hash every blob of an artifact and make its content digest again from them.

        Raises:
            Corrupt: a blob is gone or altered, or they are not what the digest names.
        """
        ...

    def rows(self, artifact: Artifact) -> Iterator[Rows]:
        """Yield the files of a set of files, segment by segment; the manifest is checked, the files are not read.

        Raises:
            Corrupt: the manifest is gone or altered.
        """
        ...

    def difference(self, old: Artifact, new: Artifact) -> Difference:
        """Return how two sets of files differ; segments they share are not read. Errors as `rows`."""
        ...

    def files(self, digest: Digest) -> Sequence[tuple[str, Path]]:
        """Return the verified files of an artifact of few parts, as `verify` does; `lay_out` is for sets of files.

        Raises:
            Corrupt: a blob is gone or altered, or the files are not what the digest names.
        """
        ...

    def require_named(self, artifact: Artifact) -> None:
        """Refuse a record whose parts, which are read, do not make the digest it stands under; it need not be recorded here.

        Raises:
            Corrupt: they do not, or one is gone or altered.
        """
        ...

    def present(self, digest: Digest) -> bool:
        """Return whether every blob of an artifact is in the store; nothing is hashed."""
        ...

    def value(self, digest: Digest) -> Any:  # noqa: ANN401 - JSON
        """Return the value of a small record (metrics, value, definition, environment), verified."""
        ...

    def lay_out(self, digest: Digest, folder: Path, *, on_progress: Progress | None = None) -> int:
        """Write an artifact's files, verified, into an empty folder of our own; return how many. Not atomic.

        Raises:
            Corrupt: as `verify`.
            Unavailable: the disk takes no more.
        """
        ...

    def checkout(self, digest: Digest, folder: Path, *, on_progress: Progress | None = None) -> int:
        """Write an artifact's files into `folder`, which must be empty or absent; return how many.

        Nothing is seen in the folder before every file is written. A call that was killed is completed by the next one.

        Raises:
            Invalid: the folder is not empty.
            Conflict: another checkout writes there, or one of another version was stopped there.
            Corrupt, Unavailable: as `lay_out`; the folder is as it was.
        """
        ...

    def makers(self, digest: Digest) -> Sequence[Run]:
        """Return the runs that made an artifact, oldest first."""
        ...
