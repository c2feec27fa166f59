"""Blobs in memory, for tests and for looking without a project."""

import io
import shutil
import tempfile
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from remint.core.digest import Digest, digest_bytes, digest_file
from remint.errors import BlobMissing


class MemoryBlobs:
    """Bytes in a dict (see ports.blobs.Blobs); files for `path` live in a temporary folder as long as the store."""

    def __init__(self) -> None:
        self._held: dict[Digest, bytes] = {}
        self._folder = Path(tempfile.mkdtemp(prefix="remint-"))
        weakref.finalize(self, shutil.rmtree, self._folder, ignore_errors=True)

    def put(self, content: bytes) -> Digest:
        """Keep `content` and return its digest."""
        digest = digest_bytes(content)
        self._held[digest] = bytes(content)
        return digest

    def put_file(self, path: Path) -> tuple[Digest, int]:
        """Keep the content of the file at `path`."""
        content = path.read_bytes()
        return self.put(content), len(content)

    def take(self, path: Path) -> tuple[Digest, int]:
        """Keep the file at `path`, which is gone afterwards."""
        kept = self.put_file(path)
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

    def has(self, digest: Digest) -> bool:
        """Return whether the bytes are kept."""
        return digest in self._held

    def digests(self) -> Iterator[Digest]:
        """Yield every digest kept."""
        yield from tuple(self._held)
