"""Where bytes are kept, by digest."""

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Protocol

from remint.core.digest import Digest


class Blobs(Protocol):
    """A store of immutable byte strings, each named by the BLAKE3 digest of its bytes.

    For every method: safe to call again after any failure; safe from several processes at once; nothing is ever visible
    under a digest that does not match its bytes, unless the disk altered it later, which reading detects.
    """

    def put(self, content: bytes) -> Digest:
        """Keep `content` and return its digest.

        Atomic and idempotent. When it returns, the bytes survive a crash of the process; after `flush` they survive a loss
        of power.
        A crash half way leaves at most unreferenced bytes. Bytes already here under the digest are verified, and replaced
        if they were damaged.

        Raises:
            Unavailable: the store did not answer, or the disk is full; nothing was kept.
        """
        ...

    def put_file(self, path: Path) -> tuple[Digest, int]:
        """Keep the content of the file at `path`; return digest and size in bytes.

        As `put`. The file is read once; if it changes while it is read, the digest is that of the bytes kept.
        """
        ...

    def take(self, path: Path) -> tuple[Digest, int]:
        """As `put_file`, and the file at `path` is gone afterwards: it may be moved instead of copied.

        Nobody may hold it open for writing.
        """
        ...

    def flush(self) -> None:
        """Make everything put so far survive a loss of power. Called once before the catalog commits what refers to it."""
        ...

    def get(self, digest: Digest) -> bytes:
        """Return the bytes named `digest`, verified.

        Raises:
            BlobMissing: no such bytes are here (permanent, unless they are restored from elsewhere).
            BlobAltered: bytes are here but do not hash to `digest` (permanent likewise).
        """
        ...

    def open(self, digest: Digest) -> BinaryIO:
        """Return the bytes named `digest` as an open file, verified before it is returned. Errors as `get`."""
        ...

    def path(self, digest: Digest) -> Path:
        """Return a local file that holds exactly these bytes, verified, for readers that need a path. Never write to it.

        Errors as `get`.
        """
        ...

    def has(self, digest: Digest) -> bool:
        """Return whether bytes are kept under `digest`; they are not verified."""
        ...

    def digests(self) -> Iterator[Digest]:
        """Yield every digest kept, in no order."""
        ...
