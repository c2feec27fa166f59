"""Files extracted from packs for readers that need a path: a bounded cache inside the store.

A path is good for a day after it was handed out: only files unused for longer are removed, under a lock that handing out
takes part in. Where the store takes no more files, they are made beside it, for as long as the process lives.
"""

import contextlib
import fcntl
import os
import shutil
import tempfile
import time
import weakref
from collections.abc import Iterator
from pathlib import Path

from remint.adapters.blobs.handle import Handle
from remint.adapters.blobs.incoming import Incoming
from remint.adapters.blobs.reading import Reader
from remint.adapters.blobs.refusals import REASONS
from remint.core.digest import Digest, digest_file

GOOD_FOR_S = 24 * 3600
"""So long a file stays at least after its path was handed out."""

UNUSED_S = 7 * 24 * 3600
"""A file that nobody asked for in so long is removed."""

KEPT_BYTES = 8 << 30
"""Beyond this, files whose path is no longer good are removed, the longest unused first."""

_TOUCH_S = 3600
"""A file is marked as used at most so often."""


class Extracted:
    """The extracted files of a store.

    Args:
        root: the folder of the store.
        incoming: where a file is while it is written.
        reader: gives verified bytes.
        kept_bytes: see KEPT_BYTES.
    """

    def __init__(self, root: Path, incoming: Incoming, reader: Reader, *, kept_bytes: int = KEPT_BYTES) -> None:
        self._folder = root / "extracted"
        self._incoming = incoming
        self._reader = reader
        self._kept_bytes = kept_bytes
        self._verified: dict[Digest, tuple[int, ...]] = {}
        self._unswept = kept_bytes
        self._beside: Path | None = None

    def path(self, digest: Digest) -> Path:
        """Return a read-only file with the bytes named `digest`, verified now or earlier if it was not touched since.

        Raises:
            BlobMissing, BlobAltered: as ports.blobs.Blobs.get.
            OSError: there is no room for it anywhere.
        """
        try:
            with self._locked(fcntl.LOCK_SH):
                place = self._made(self._folder / digest.hex, digest)
            self._sweep_if_due(place)
        except OSError as error:
            if error.errno not in REASONS:
                raise
            return self._made(self._folder_beside() / digest.hex, digest)
        return place

    def _made(self, place: Path, digest: Digest) -> Path:
        with contextlib.suppress(FileNotFoundError):
            seen = _signature(place)
            if self._verified.get(digest) == seen or digest_file(place) == digest:
                if time.time() - place.stat().st_mtime > _TOUCH_S:
                    os.utime(place)
                    seen = _signature(place)
                self._verified[digest] = seen
                return place
        if place.parent == self._folder:
            temporary, handle = self._incoming.file()
        else:
            temporary = place.with_suffix(".part")
            handle = Handle(str(temporary), os.O_RDWR | os.O_CREAT)
        try:
            self._reader.pour(digest, handle.number)
            temporary.chmod(0o444)
            temporary.replace(place)
        finally:
            temporary.unlink(missing_ok=True)
        self._unswept += place.stat().st_size
        return place

    def _folder_beside(self) -> Path:
        if self._beside is None:
            self._beside = Path(tempfile.mkdtemp(prefix="remint-"))
            weakref.finalize(self, _remove, self._beside, os.getpid())
        return self._beside

    @contextlib.contextmanager
    def _locked(self, how: int) -> Iterator[None]:
        self._folder.mkdir(parents=True, exist_ok=True)
        lock = Handle(str(self._folder / "lock"), os.O_RDWR | os.O_CREAT)
        fcntl.flock(lock.number, how)
        try:
            yield
        finally:
            fcntl.flock(lock.number, fcntl.LOCK_UN)

    def _sweep_if_due(self, fresh: Path) -> None:
        """Remove what is not needed, at the first extraction of a process and then as it fills the folder."""
        if self._unswept < self._kept_bytes:
            return
        self._unswept = 0
        with contextlib.suppress(BlockingIOError), self._locked(fcntl.LOCK_EX | fcntl.LOCK_NB):
            now_s = max(time.time(), fresh.stat().st_mtime)
            found = sorted(
                (path.stat().st_mtime, path.stat().st_size, path) for path in self._folder.iterdir() if path.name != "lock"
            )
            total = sum(size for _, size, _ in found)
            for used_s, size, path in found:
                unused_s = now_s - used_s
                if unused_s > UNUSED_S or (total > self._kept_bytes and unused_s > GOOD_FOR_S + _TOUCH_S):
                    path.unlink()
                    total -= size


def _remove(folder: Path, owner: int) -> None:
    """Remove a folder, unless this process was forked from the one that made it."""
    if os.getpid() == owner:
        shutil.rmtree(folder, ignore_errors=True)


def _signature(place: Path) -> tuple[int, ...]:
    found = place.stat()
    return found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns
