"""Frames: blobs one after another in one stream, each with its digest and size before it."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from remint.core.digest import Digest, from_raw
from remint.errors import Invalid

MEDIA: Final = "application/vnd.remint.blobs"
MOST_BYTES: Final = 1 << 40
"""No blob is larger."""

_HEADER: Final = struct.Struct(">32sQB")


@dataclass(frozen=True, slots=True)
class Frame:
    """One blob in a stream.

    Attributes:
        whole: it is to be kept as one file, for programs that open it by path.
    """

    digest: Digest
    size_bytes: int
    whole: bool = False

    def header(self) -> bytes:
        """Return what stands before its bytes.

        Example:
            >>> len(Frame(from_raw(bytes(32)), 5).header())
            41
        """
        return _HEADER.pack(self.digest.raw, self.size_bytes, self.whole)


@dataclass(frozen=True, slots=True)
class Piece:
    """Some bytes of a frame, in order; `is_last` of the last ones, which may be none."""

    frame: Frame
    content: bytes
    is_last: bool


class Frames:
    """Takes a stream apart that arrives in pieces of any size.

    Example:
        >>> frames, frame = Frames(), Frame(from_raw(bytes(32)), 3)
        >>> stream = frame.header() + b"abc"
        >>> [(one.content, one.is_last) for part in (stream[:42], stream[42:]) for one in frames.feed(part)]
        [(b'a', False), (b'bc', True)]
        >>> frames.is_between
        True
    """

    def __init__(self) -> None:
        self._held = b""
        self._frame: Frame | None = None
        self._left = 0

    @property
    def is_between(self) -> bool:
        """Whether the stream could end here."""
        return self._frame is None and not self._held

    def feed(self, content: bytes) -> Iterator[Piece]:
        """Yield the pieces of frames that some bytes hold; all of them must be taken before the next call.

        Raises:
            Invalid: they are no frames.
        """
        view = memoryview(self._held + content if self._held else content)
        self._held = b""
        while view or (self._frame is not None and self._left == 0):
            if self._frame is None:
                if len(view) < _HEADER.size:
                    self._held = bytes(view)
                    return
                self._frame = _frame_of(bytes(view[: _HEADER.size]))
                self._left, view = self._frame.size_bytes, view[_HEADER.size :]
            taken, frame = bytes(view[: self._left]), self._frame
            self._left, view = self._left - len(taken), view[len(taken) :]
            is_last = self._left == 0
            if is_last:
                self._frame = None
            yield Piece(frame, taken, is_last)


def _frame_of(header: bytes) -> Frame:
    raw, size_bytes, whole = _HEADER.unpack(header)
    if size_bytes > MOST_BYTES or whole > 1:
        raise Invalid(
            "the bytes were refused",
            why="they are not blobs with their digests and sizes before them",
            next_step="send them as docs/format/blobs.md says",
            rule="frames",
        )
    return Frame(from_raw(raw), size_bytes, bool(whole))
