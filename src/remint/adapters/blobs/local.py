"""Blobs in a local folder: one read-only file each, under the first two digits of its digest.

A file is written under a temporary name, then renamed, so a reader sees all of it or nothing. `flush` makes files and folders
durable before the catalog commits what refers to them. After a loss of power a file that was never flushed may be damaged; it
is unreferenced, and putting the same bytes again verifies and replaces it. The layout is in docs/format/records.md.
"""

import contextlib
import errno
import io
import os
import re
import stat
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from remint.core.digest import Digest, FileHasher, digest_bytes, digest_file
from remint.errors import BlobAltered, BlobMissing, Unavailable

PIECE_BYTES = 1 << 20
LEFT_BEHIND_S = 24 * 3600
"""A temporary file this much older than a new one belongs to no living writer."""

_DIGITS = re.compile(r"[0-9a-f]{64}")
_REASONS = {
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "the disk quota is used up",
    errno.EFBIG: "a file there may not grow so large",
    errno.EROFS: "the disk is read-only",
    errno.EACCES: "permission denied",
    errno.EPERM: "the folder may not be changed",
}


class LocalBlobs:
    """A folder of immutable files (see ports.blobs.Blobs).

    Args:
        root: the folder; made if it does not exist.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._objects = root / "objects"
        self._incoming = root / "incoming"
        self._unflushed: set[Digest] = set()
        self._held_above = False
        self._swept = False
        self._adding = threading.Lock()
        self._flushing = threading.Lock()
        self._verified: dict[Digest, tuple[int, ...]] = {}
        self._durable: dict[Digest, tuple[int, ...]] = {}

    def put(self, content: bytes) -> Digest:
        """Keep `content` and return its digest."""
        digest = digest_bytes(content)
        if not self._holds(digest):
            with self._temporary() as temporary, self._writing():
                temporary.write_bytes(content)
                self._settle(temporary, digest)
        self._kept(digest)
        return digest

    def put_file(self, path: Path) -> tuple[Digest, int]:
        """Keep a copy of the file at `path`."""
        with path.open("rb") as source, self._temporary() as temporary:
            hasher = FileHasher()
            with self._writing(), temporary.open("wb") as target:
                while piece := source.read(PIECE_BYTES):
                    hasher.update(piece)
                    target.write(piece)
            digest = hasher.digest()
            if not self._holds(digest):
                with self._writing():
                    self._settle(temporary, digest)
        self._kept(digest)
        return digest, hasher.size_bytes

    def take(self, path: Path) -> tuple[Digest, int]:
        """Keep the file at `path`, which is gone afterwards.

        It is moved in one step if this is its only name and it is on the same disk, so a crash leaves it here or there.
        """
        found = path.lstat()
        if stat.S_ISREG(found.st_mode) and found.st_nlink == 1:
            digest = digest_file(path)
            if self._holds(digest) or self._moved(path, digest):
                path.unlink(missing_ok=True)
                self._kept(digest)
                return digest, found.st_size
        kept = self.put_file(path)
        path.unlink()
        return kept

    def flush(self) -> None:
        """Make everything put so far survive a loss of power."""
        with self._flushing:
            with self._adding:
                pending, self._unflushed = self._unflushed, set()
            try:
                self._sync(pending)
                pending = set()
            finally:
                with self._adding:
                    self._unflushed |= pending

    def _sync(self, pending: set[Digest]) -> None:
        if not pending:
            return
        for digest in pending:
            try:
                _sync(self._place(digest))
            except FileNotFoundError:
                raise _missing(digest) from None
        with self._writing():
            for folder in sorted({self._place(digest).parent for digest in pending}):
                _sync(folder)
            _sync(self._objects)
            if not self._held_above:
                _sync(self._root)
                _sync(self._root.parent)
                self._held_above = True
        with self._adding:
            self._durable |= {digest: _signature(self._place(digest)) for digest in pending}

    def get(self, digest: Digest) -> bytes:
        """Return the bytes named `digest`, verified."""
        try:
            content = self._place(digest).read_bytes()
        except FileNotFoundError:
            raise _missing(digest) from None
        if digest_bytes(content) != digest:
            raise _altered(digest)
        return content

    def open(self, digest: Digest) -> BinaryIO:
        """Return the bytes named `digest` as a file in memory, verified."""
        return io.BytesIO(self.get(digest))

    def path(self, digest: Digest) -> Path:
        """Return the file that holds these bytes, verified now or earlier by this process if it was not touched since."""
        try:
            if not self._matches(digest):
                raise _altered(digest)
        except FileNotFoundError:
            raise _missing(digest) from None
        return self._place(digest)

    def has(self, digest: Digest) -> bool:
        """Return whether a file is kept under `digest`."""
        return self._place(digest).exists()

    def digests(self) -> Iterator[Digest]:
        """Yield every digest kept."""
        for place in self._objects.glob("??/*"):
            digits = place.parent.name + place.name
            if _DIGITS.fullmatch(digits):
                yield Digest("b3:" + digits)

    def _place(self, digest: Digest) -> Path:
        return self._objects / digest.hex[:2] / digest.hex[2:]

    def _holds(self, digest: Digest) -> bool:
        try:
            return self._matches(digest)
        except FileNotFoundError:
            return False

    def _matches(self, digest: Digest) -> bool:
        """Return whether a file hashes to its name, now or earlier in this process if it was not touched since."""
        place = self._place(digest)
        seen = _signature(place)
        if self._verified.get(digest) == seen:
            return True
        if digest_file(place) != digest:
            return False
        self._verified[digest] = seen
        return True

    def _kept(self, digest: Digest) -> None:
        seen = _signature(self._place(digest))
        with self._adding:
            if self._durable.get(digest) != seen:
                self._unflushed.add(digest)

    @contextlib.contextmanager
    def _temporary(self) -> Iterator[Path]:
        with self._writing():
            self._incoming.mkdir(parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(dir=self._incoming)
        os.close(handle)
        try:
            self._sweep(Path(name))
            yield Path(name)
        finally:
            Path(name).unlink(missing_ok=True)

    def _sweep(self, fresh: Path) -> None:
        """Remove, once per store object, what writers that were killed left behind."""
        if self._swept:
            return
        self._swept = True
        now_s = fresh.stat().st_mtime
        for left in self._incoming.iterdir():
            with contextlib.suppress(FileNotFoundError):
                if now_s - left.stat().st_mtime > LEFT_BEHIND_S:
                    left.unlink()

    def _settle(self, written: Path, digest: Digest) -> None:
        """Give a complete file its final name, in one step."""
        place = self._place(digest)
        place.parent.mkdir(parents=True, exist_ok=True)
        written.chmod(0o444)
        written.replace(place)

    def _moved(self, path: Path, digest: Digest) -> bool:
        with self._writing():
            try:
                self._settle(path, digest)
            except OSError as error:
                if error.errno != errno.EXDEV:
                    raise
                return False
        return True

    @contextlib.contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            if error.errno not in _REASONS:
                raise
            raise Unavailable(
                f"nothing was written to the store in {self._root.name}/",
                why=_REASONS[error.errno],
                next_step="make room or mend the permissions, then run the same command again",
            ) from error


def _signature(place: Path) -> tuple[int, ...]:
    found = place.stat()
    return found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _missing(digest: Digest) -> BlobMissing:
    return BlobMissing(
        f"the bytes of {digest.short} are gone",
        why="the catalog refers to them, but the store does not hold them",
        next_step="restore them from a backup of .remint/store, or make the artifact again with `remint run`",
        digest=digest,
    )


def _altered(digest: Digest) -> BlobAltered:
    return BlobAltered(
        f"the bytes of {digest.short} were altered",
        why="what is stored under that digest does not hash to it",
        next_step="restore the file from a backup of .remint/store, or delete it and make the artifact again with `remint run`",
        digest=digest,
    )
