"""Use cases of uploads: bringing files in over a connection that may break, and making artifacts of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from remint.core.artifact import Artifact
from remint.core.upload import Upload
from remint.ports.uploads import Appending
from remint.ports.usecases.context import Context


@dataclass(frozen=True, slots=True)
class Named:
    """A complete upload, and the path it gets inside an artifact."""

    path: str
    upload: str


class Uploading(Protocol):
    """Uploads of a principal; those of others are as if they were not there.

    Raises, all that take an id:
        NotFound: the caller has no such upload.
    """

    def begin(self, context: Context, *, digest: str, size_bytes: int) -> Upload:
        """Begin an upload of bytes with this digest. Uploads that were begun more than a day ago are forgotten.

        That bytes with this digest are here already makes no difference: who adds them must have them.

        Raises:
            Invalid: it is no digest, or the size is outside the limits.
            LimitReached: the caller has too many uploads under way.
        """
        ...

    def get(self, context: Context, upload_id: str) -> Upload:
        """Return how far an upload is."""
        ...

    def append(self, context: Context, upload_id: str, *, offset: int) -> Appending:
        """Hold the end of an upload, which must be at `offset`. Errors as ports.uploads.Uploads.append."""
        ...

    def complete(self, context: Context, upload_id: str) -> Upload:
        """Close an upload whose bytes are all here and are what the digest says. Errors as ports.uploads.Uploads.complete."""
        ...

    def remove(self, context: Context, upload_id: str) -> None:
        """Forget an upload. Idempotent."""
        ...

    def add(self, context: Context, files: Sequence[Named]) -> Artifact:
        """Make a set of files of complete uploads, and record it. Idempotent; the uploads stay until they are removed or swept.

        Raises:
            Conflict: an upload is not complete.
            Invalid: a path comes twice or cannot be one.
            Denied: the caller may not add artifacts.
        """
        ...
