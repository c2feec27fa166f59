"""Use cases of contents: the files of an artifact, one by one."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import BinaryIO, Protocol

from remint.core.digest import Digest
from remint.ports.usecases.context import Context


@dataclass(frozen=True, slots=True)
class Content:
    """A file of an artifact.

    Attributes:
        path: inside the artifact.
        digest: of its bytes.
    """

    path: str
    digest: Digest
    size_bytes: int


class Contents(Protocol):
    """Listing and opening the files of an artifact, whatever its kind."""

    def list(self, digest: Digest, *, after: str = "", limit: int = 100) -> Sequence[Content]:
        """Return the files of an artifact in order, those whose path comes after `after`.

        Raises:
            ArtifactNotFound: none is recorded.
            Corrupt: the manifest is gone or altered.
        """
        ...

    def open(self, context: Context, digest: Digest, path: str) -> tuple[Content, BinaryIO]:
        """Return one file, verified, as an open file.

        That its bytes were given out is an entry of the audit log, durable before they are returned: one for each artifact,
        principal and token in a minute.

        Raises:
            ArtifactNotFound: none is recorded.
            NotFound: it has no such file.
            ArtifactErased: rows of a person were removed from it.
            Corrupt: bytes are gone or altered.
        """
        ...
