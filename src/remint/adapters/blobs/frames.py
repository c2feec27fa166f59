"""Taking blobs into a store that arrive one after another in one stream."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from secrets import token_hex
from typing import BinaryIO, Final

from remint.core.digest import Digest, FileHasher, digest_bytes
from remint.core.frame import Frame, Frames, Piece
from remint.errors import Invalid, Unavailable
from remint.ports.blobs import Blobs

IN_MEMORY_BYTES: Final = 4 << 20
"""A blob that is larger is written to a file while it arrives."""


class FrameTaking:
    """See ports.blobs.Taking.

    Args:
        blobs: where they are kept.
        scratch: a folder of our own, on the disk of the store.
    """

    def __init__(self, blobs: Blobs, scratch: Path) -> None:
        self._blobs = blobs
        self._scratch = scratch
        self._frames = Frames()
        self._small: list[bytes] = []
        self._large: _Large | None = None
        self._taken: list[Frame] = []

    def write(self, content: bytes) -> None:
        """Take the next bytes."""
        for piece in self._frames.feed(content):
            if piece.frame.size_bytes > IN_MEMORY_BYTES or piece.frame.whole:
                self._to_file(piece)
            else:
                self._in_memory(piece)
            if piece.is_last:
                self._taken.append(piece.frame)

    def _in_memory(self, piece: Piece) -> None:
        self._small.append(piece.content)
        if piece.is_last:
            content, self._small = b"".join(self._small), []
            _require_same(piece.frame, digest_bytes(content))
            self._blobs.put(content)

    def _to_file(self, piece: Piece) -> None:
        if self._large is None:
            self._large = _Large(self._scratch)
        self._large.write(piece.content)
        if piece.is_last:
            large, self._large = self._large, None
            with large.closed() as path:
                _require_same(piece.frame, large.hasher.digest())
                self._blobs.take(path, whole=piece.frame.whole)

    def close(self) -> Sequence[Frame]:
        """Let go of a blob that broke off, and return those that were kept."""
        if self._large is not None:
            with self._large.closed():
                self._large = None
        return self._taken


class _Large:
    """A blob that is written to a file while it arrives."""

    def __init__(self, scratch: Path) -> None:
        self.hasher = FileHasher()
        self._path = scratch / f"{token_hex(8)}.arriving"
        with _disk():
            scratch.mkdir(parents=True, exist_ok=True)
            self._file: BinaryIO = self._path.open("xb")

    def write(self, content: bytes) -> None:
        self.hasher.update(content)
        with _disk():
            self._file.write(content)

    @contextmanager
    def closed(self) -> Iterator[Path]:
        """Give the file, which is gone after the block."""
        try:
            with _disk():
                self._file.close()
            yield self._path
        finally:
            self._path.unlink(missing_ok=True)


@contextmanager
def _disk() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise Unavailable(
            "the bytes were not kept", why=str(error.strerror), next_step="free space, then do it again"
        ) from error


def _require_same(frame: Frame, digest: Digest) -> None:
    if digest != frame.digest:
        raise Invalid(
            "the bytes were refused",
            why=f"they have the digest {digest.short}, and {frame.digest.short} was said",
            next_step="read them again, and send them under their own digest",
            rule="digest",
        )
