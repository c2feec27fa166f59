"""Blobs in memory, for tests and for looking without a project."""

import io
import os
import shutil
import tempfile
import threading
import weakref
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import BinaryIO

from remint.adapters.blobs.outside import create, read_files, write_whole
from remint.core.digest import Digest, digest_bytes, digest_file, from_raw
from remint.errors import BlobMissing
from remint.ports.blobs import Swept


class MemoryBlobs:
    """Bytes in a dict (see ports.blobs.Blobs); files for `path` live in a temporary folder as long as the store."""

    def __init__(self) -> None:
        self._held: dict[Digest, bytes] = {}
        self._changed = threading.Condition(threading.RLock())
        self._adding = 0
        self._folder = Path(tempfile.mkdtemp(prefix="remint-"))
        weakref.finalize(self, shutil.rmtree, self._folder, ignore_errors=True)

    def put(self, content: bytes) -> Digest:
        """Keep `content` and return its digest."""
        digest = digest_bytes(content)
        self._held[digest] = bytes(content)
        return digest

    def put_file(self, path: Path, *, whole: bool = False) -> tuple[Digest, int]:  # noqa: ARG002 - nothing is cut here
        """Keep the content of the file at `path`."""
        content = path.read_bytes()
        return self.put(content), len(content)

    def put_files(self, paths: Iterable[str]) -> Iterator[tuple[bytes, os.stat_result]]:
        """Keep the content of many files."""
        yield from read_files(
            paths,
            small=lambda _raw, content: self.put(content),
            large=lambda read: self.put(b"".join(iter(lambda: read(1 << 20), b""))).raw,
        )

    def take(self, path: Path, *, whole: bool = False) -> tuple[Digest, int]:
        """Keep the file at `path`, which is gone afterwards."""
        kept = self.put_file(path, whole=whole)
        path.unlink()
        return kept

    def flush(self) -> None:
        """Do nothing: memory never survives."""

    def get(self, digest: Digest) -> bytes:
        """Return the bytes named `digest`."""
        if digest not in self._held:
            raise BlobMissing(
                f"the bytes of {digest.short} are gone",
                why="this store never held them",
                next_step="put them first",
                digest=digest,
            )
        return self._held[digest]

    def open(self, digest: Digest) -> BinaryIO:
        """Return the bytes named `digest` as a file."""
        return io.BytesIO(self.get(digest))

    def path(self, digest: Digest) -> Path:
        """Return a file that holds these bytes."""
        content, place = self.get(digest), self._folder / digest.hex
        if not (place.exists() and digest_file(place) == digest):
            place.unlink(missing_ok=True)
            place.write_bytes(content)
            place.chmod(0o444)
        return place

    def write_files(self, wanted: Iterable[tuple[bytes, str]]) -> int:
        """Write bytes kept here to new files."""
        written = 0
        for raw, path in wanted:
            content = self.get(from_raw(raw))
            create(path, partial(write_whole, content=content))
            written += 1
        return written

    def size(self, digest: Digest) -> int:
        """Return the size in bytes of what is kept."""
        return len(self.get(digest))

    def has(self, digest: Digest) -> bool:
        """Return whether the bytes are kept."""
        return digest in self._held

    @contextmanager
    def adding(self) -> Iterator[None]:
        """Keep sweepers out while the block runs."""
        with self._changed:
            self._adding += 1
        try:
            yield
        finally:
            with self._changed:
                self._adding -= 1
                self._changed.notify_all()

    def sweep(self, live: Callable[[], Iterable[bytes]], *, dry_run: bool = False, thorough: bool = False) -> Swept:  # noqa: ARG002 - always is
        """Remove every blob that is not needed."""
        live()
        with self._changed:
            self._changed.wait_for(lambda: self._adding == 0)
            needed = set(live())
            dead = {digest: content for digest, content in self._held.items() if digest.raw not in needed}
            if not dry_run:
                for digest in dead:
                    del self._held[digest]
        return Swept(len(dead), sum(map(len, dead.values())))

    def digests(self) -> Iterator[Digest]:
        """Yield every digest kept."""
        yield from tuple(self._held)
