"""Use cases of artifacts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from remint.core.artifact import Artifact, Kind
from remint.core.digest import Digest
from remint.core.run import Run
from remint.ports.usecases.context import Context


@dataclass(frozen=True, slots=True)
class Kept:
    """An artifact whose bytes are in the store, and the digest of those bytes."""

    artifact: Artifact
    stored: Digest


class Artifacts(Protocol):
    """Making artifacts of files, and getting verified files back."""

    def keep(self, kind: Kind, parts: Sequence[tuple[str, Path | Digest]], facts: Mapping[str, Any]) -> Kept:
        """Put the parts into the store and say what artifact they are; the catalog is not written yet.

        Args:
            kind: of the artifact.
            parts: path inside the artifact, and a file (gone afterwards) or the blob of a part already stored.
            facts: what is claimed of it; what can be computed is computed anew.

        Raises:
            Invalid: the files are not of that kind.
        """
        ...

    def add(self, context: Context, name: str, path: Path, *, kind: Kind | None = None) -> tuple[Artifact, bool]:
        """Make an artifact of a file or folder and point the ref `name` at it; return it and whether the ref moved.

        Raises:
            Invalid: the path cannot be read as that kind.
            Denied: the ref is protected.
        """
        ...

    def get(self, digest: Digest) -> Artifact:
        """Return an artifact's record.

        Raises:
            ArtifactNotFound: none is recorded.
        """
        ...

    def files(self, digest: Digest) -> Sequence[tuple[str, Path]]:
        """Return the verified files of an artifact: every blob is hashed and the content digest is made again from them.

        Raises:
            Corrupt: a blob is gone or altered, or the files are not what the digest names.
        """
        ...

    def present(self, digest: Digest) -> bool:
        """Return whether every blob of an artifact is in the store; nothing is hashed."""
        ...

    def value(self, digest: Digest) -> Any:  # noqa: ANN401 - JSON
        """Return the value of a small record (metrics, value, definition, environment), verified."""
        ...

    def checkout(self, digest: Digest, folder: Path) -> int:
        """Write an artifact's files under `folder`, which must be empty or absent; return how many."""
        ...

    def makers(self, digest: Digest) -> Sequence[Run]:
        """Return the runs that made an artifact, oldest first."""
        ...
