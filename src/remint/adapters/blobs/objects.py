"""Whole objects: one read-only file each, under the first two digits of its digest, for what other programs open by path."""

import errno
import os
import re
import stat
import threading
from collections.abc import Iterator
from pathlib import Path

from remint.adapters.blobs import refusals
from remint.adapters.blobs.handle import Handle, sync_folder
from remint.adapters.blobs.incoming import Incoming
from remint.core.digest import Digest, FileHasher, digest_file

PIECE_BYTES = 1 << 20

_DIGITS = re.compile(r"[0-9a-f]{64}")


class Objects:
    """The whole files of a store; each gets its name in one step, so a reader sees all of it or nothing.

    Args:
        root: the folder of the store.
        incoming: where a file is while it is written.
    """

    def __init__(self, root: Path, incoming: Incoming) -> None:
        self._folder = root / "objects"
        self._incoming = incoming
        self._unflushed: set[Digest] = set()
        self._lock = threading.Lock()
        self._verified: dict[Digest, tuple[int, ...]] = {}
        self._durable: dict[Digest, tuple[int, ...]] = {}

    def put_file(self, path: Path) -> tuple[Digest, int]:
        """Keep a copy of a file; return digest and size."""
        with path.open("rb") as source:
            temporary, handle = self._incoming.file()
            try:
                hasher = FileHasher()
                with open(handle.number, "wb", closefd=False) as target:
                    while piece := source.read(PIECE_BYTES):
                        hasher.update(piece)
                        target.write(piece)
                digest = hasher.digest()
                if not self._holds(digest):
                    self._settle(temporary, digest)
            finally:
                temporary.unlink(missing_ok=True)
        self._kept(digest)
        return digest, hasher.size_bytes

    def take(self, path: Path) -> tuple[Digest, int]:
        """Keep a file, which is gone afterwards.

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

    def flush(self) -> bool:
        """Make what was kept survive a loss of power; return whether anything was new.

        Raises:
            BlobMissing: someone removed one of the files meanwhile.
        """
        with self._lock:
            pending, self._unflushed = self._unflushed, set()
        done = False
        try:
            for digest in pending:
                try:
                    handle = Handle(str(self.place(digest)))
                except FileNotFoundError:
                    raise refusals.missing(digest) from None
                os.fsync(handle.number)
            for folder in sorted({self.place(digest).parent for digest in pending}):
                sync_folder(folder)
            if pending:
                sync_folder(self._folder)
            durable = {digest: _signature(self.place(digest)) for digest in pending}
            done = True
        finally:
            with self._lock:
                if done:
                    self._durable |= durable
                else:
                    self._unflushed |= pending
        return bool(pending)

    def path(self, digest: Digest) -> Path | None:
        """Return the file of a digest, or None; verified now, or earlier by this process if it was not touched since.

        Raises:
            BlobAltered: there is one, and it does not hash to its name.
        """
        try:
            if not self._matches(digest):
                raise refusals.altered(digest)
        except FileNotFoundError:
            return None
        return self.place(digest)

    def size(self, digest: Digest) -> int | None:
        """Return the size of the file of a digest, or None if there is none."""
        try:
            return self.place(digest).stat().st_size
        except FileNotFoundError:
            return None

    def pieces(self, digest: Digest) -> Iterator[bytes]:
        """Yield the content of a file, not verified.

        Raises:
            BlobMissing: there is none.
        """
        try:
            file = self.place(digest).open("rb")
        except FileNotFoundError:
            raise refusals.missing(digest) from None
        with file:
            while piece := file.read(PIECE_BYTES):
                yield piece

    def digests(self) -> Iterator[Digest]:
        """Yield every digest that has a file."""
        for place in self._folder.glob("??/*"):
            digits = place.parent.name + place.name
            if _DIGITS.fullmatch(digits):
                yield Digest("b3:" + digits)

    def place(self, digest: Digest) -> Path:
        """Return where the file of a digest is or would be."""
        return self._folder / digest.hex[:2] / digest.hex[2:]

    def _holds(self, digest: Digest) -> bool:
        try:
            return self._matches(digest)
        except FileNotFoundError:
            return False

    def _matches(self, digest: Digest) -> bool:
        """Return whether a file hashes to its name, now or earlier in this process if it was not touched since."""
        place = self.place(digest)
        seen = _signature(place)
        if self._verified.get(digest) == seen:
            return True
        if digest_file(place) != digest:
            return False
        self._verified[digest] = seen
        return True

    def _kept(self, digest: Digest) -> None:
        seen = _signature(self.place(digest))
        with self._lock:
            if self._durable.get(digest) != seen:
                self._unflushed.add(digest)

    def _settle(self, written: Path, digest: Digest) -> None:
        """Give a complete file its final name, in one step."""
        place = self.place(digest)
        place.parent.mkdir(parents=True, exist_ok=True)
        written.chmod(0o444)
        written.replace(place)

    def _moved(self, path: Path, digest: Digest) -> bool:
        try:
            self._settle(path, digest)
        except OSError as error:
            if error.errno != errno.EXDEV:
                raise
            return False
        return True


def _signature(place: Path) -> tuple[int, ...]:
    found = place.stat()
    return found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns
