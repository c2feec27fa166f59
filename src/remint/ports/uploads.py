"""Where uploads are until they are part of an artifact."""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from remint.core.upload import Upload


class Appending(Protocol):
    """The end of one upload, held by one writer. For one thread at a time."""

    def write(self, content: bytes) -> None:
        """Put bytes after the last one. What was written stays, also if the connection breaks off right after.

        Raises:
            Invalid: it would become larger than it was said to be; nothing is written.
            Unavailable: the disk takes no more.
        """
        ...

    def close(self) -> Upload:
        """Let go of it, and return how it stands. Idempotent."""
        ...


class Arrivals(Protocol):
    """Which blobs came from whom, for a day at least. Safe from several threads and processes."""

    def note(self, owner: str, raws: Sequence[bytes]) -> None:
        """Remember that blobs, by their raw digests, came from a principal.

        Raises:
            Unavailable: the disk takes no more.
        """
        ...

    def of(self, owner: str) -> frozenset[bytes]:
        """Return the raw digests of what came from a principal."""
        ...


class Uploads(Protocol):
    """Uploads by id. Safe from several threads and processes; after a crash an upload goes on or is swept."""

    def add(self, upload: Upload) -> None:
        """Begin an upload.

        Raises:
            Unavailable: the disk takes no more.
        """
        ...

    def get(self, upload_id: str) -> Upload | None:
        """Return an upload as it stands, or None."""
        ...

    def of(self, owner: str) -> Sequence[Upload]:
        """Return the uploads of a principal, oldest first."""
        ...

    def append(self, upload: Upload, *, offset: int) -> Appending:
        """Hold the end of an upload.

        Raises:
            Conflict: the offset is not its end, it is complete, or somebody else writes to it.
            NotFound: it is gone.
        """
        ...

    def complete(self, upload: Upload) -> Upload:
        """Compare the bytes with their digest, and close the upload for good. Idempotent.

        Raises:
            Conflict: bytes are missing, or somebody writes to it.
            Invalid: they are others; the upload is gone.
            NotFound: it is gone.
        """
        ...

    def path(self, upload: Upload) -> Path:
        """Return the file of a complete upload. Never write to it."""
        ...

    def remove(self, upload_id: str) -> None:
        """Forget an upload. Idempotent."""
        ...

    def sweep(self, *, before_us: int) -> None:
        """Forget the uploads that were begun before a time. Idempotent."""
        ...
