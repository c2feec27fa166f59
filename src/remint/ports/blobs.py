"""Where bytes are kept, by digest."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol

from remint.core.digest import Digest
from remint.core.frame import Frame


@dataclass(frozen=True, slots=True)
class Swept:
    """What was removed from a store, or would be.

    Attributes:
        blobs: digests that are gone, also those of parts of large blobs.
        size_bytes: bytes on disk that they took.
        packs: containers removed whole.
        rewritten: containers of which the rest was written anew.
    """

    blobs: int = 0
    size_bytes: int = 0
    packs: int = 0
    rewritten: int = 0


class Stat(Protocol):
    """What the system says of a file; `os.stat_result` is one."""

    @property
    def st_size(self) -> int: ...  # noqa: D102 - as of `os.stat_result`, like the others
    @property
    def st_mtime_ns(self) -> int: ...  # noqa: D102
    @property
    def st_ctime_ns(self) -> int: ...  # noqa: D102
    @property
    def st_ino(self) -> int: ...  # noqa: D102


class Taking(Protocol):
    """Takes blobs into a store that arrive as a stream of frames (core.frame). For one thread at a time."""

    def write(self, content: bytes) -> None:
        """Take the next bytes. A blob is kept when its last byte came; what was kept stays if the rest breaks off.

        Raises:
            Invalid: they are no frames, or a blob has another digest than was said.
            Unavailable: the disk takes no more.
        """
        ...

    def close(self) -> Sequence[Frame]:
        """Let go of a blob that broke off, and return those that were kept. Idempotent."""
        ...


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

    def put_file(self, path: Path, *, whole: bool = False) -> tuple[Digest, int]:
        """Keep the content of the file at `path`; return digest and size in bytes.

        As `put`. The file is read once; if it changes while it is read, the digest is that of the bytes kept.

        Args:
            path: the file.
            whole: keep it as one file of its own, so that `path` costs nothing; for what other programs open by path.
        """
        ...

    def put_files(self, paths: Iterable[str]) -> Iterator[tuple[bytes, Stat]]:
        """Keep the content of many files; yield, in order, the 32 raw bytes of each digest and the stat of the file.

        The stat is taken after the file was read. As `put`, once the last was yielded or the iterator is closed. What was put
        before an error stays, unreferenced.

        Raises:
            Conflict: a file changed while it was read.
            Invalid: a file could not be read.
            Unavailable: as `put`.
        """
        ...

    def take(self, path: Path, *, whole: bool = False) -> tuple[Digest, int]:
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

    def write_files(self, wanted: Iterable[tuple[bytes, str]]) -> int:
        """Write bytes kept here to new files; return how many were written.

        The order of writing is not that of `wanted`. Each file is verified before it is complete; after an error no file
        with wrong bytes is left, and the files written before stay. Not made durable: the store holds the bytes.

        Args:
            wanted: for each file the 32 raw bytes of the digest of its content, and its path, in a folder that exists.

        Raises:
            BlobMissing, BlobAltered: as `get`.
            Conflict: something is at a path already; it is left as it is.
            Unavailable: the file could not be written, for example because the disk is full.
        """
        ...

    def size(self, digest: Digest) -> int:
        """Return the size in bytes of what is kept under `digest`; it is not verified.

        Raises:
            BlobMissing: as `get`.
        """
        ...

    def has(self, digest: Digest) -> bool:
        """Return whether bytes are kept under `digest`; they are not verified."""
        ...

    def adding(self) -> AbstractContextManager[None]:
        """Keep sweepers out while the block runs: put, flush, and commit what refers to it inside.

        May be nested, and entered by several threads and processes. What is put outside of such a block is safe only until
        the next sweep.
        """
        ...

    def sweep(self, live: Callable[[], Iterable[bytes]], *, dry_run: bool = False, thorough: bool = False) -> Swept:
        """Remove every blob that is not needed, once nobody is adding; unless thorough, a little of it may stay.

        A crash at any point, and a second sweep at the same time, remove nothing that is needed.

        Args:
            live: returns the raw digests that are needed; asked at the beginning, and again when everybody is kept out. The
                parts of large blobs need not be among them.
            dry_run: change nothing, and say what would go.
            thorough: leave nothing that is not needed, whatever has to be written anew for that.

        Raises:
            Unavailable: others kept adding for too long, or the disk is full; nothing needed was removed.
        """
        ...

    def digests(self) -> Iterator[Digest]:
        """Yield every digest kept, in no order; also those of the parts in which large blobs are kept."""
        ...
