"""Frames: how records lie in an append-only file, so that a torn end is told from an altered byte.

A frame is a header and a payload. The header holds a mark, the payload's length, a check of the payload together with the
check of the frame before it, and a check of the header itself. So every byte of a file counts, frames cannot change places, and
each frame can be checked alone. Layout: docs/format/usage.md.
"""

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from remint.core.digest import digest_record
from remint.errors import Corrupt

MARK = b"RUL1"
HEADER = struct.Struct("<4sI16s16sI")
START = bytes(16)
MAX_PAYLOAD = 1 << 30
SECTOR = 512
LEAST_LOST = 8
_BODY = HEADER.size - 4


@dataclass(frozen=True, slots=True)
class Frame:
    """A frame in a file: where its payload is, its check, and the check of the frame before it."""

    start: int
    payload_start: int
    end: int
    before: bytes
    check: bytes


def check_of(before: bytes, payload: bytes | memoryview) -> bytes:
    """Return the check of a payload after a frame with the check `before`."""
    return digest_record("usage frame v1", [before, payload]).raw[:16]


def frame(before: bytes, payload: bytes) -> tuple[bytes, bytes]:
    """Return a frame's bytes, and its check for the next one."""
    check = check_of(before, payload)
    head = HEADER.pack(MARK, len(payload), before, check, 0)[:_BODY]
    return b"".join((head, zlib.crc32(head).to_bytes(4, "little"), payload)), check


def frames_in(content: memoryview, name: str) -> Iterator[Frame]:
    """Yield the complete frames of a file, checking headers and their chain but not the payloads.

    Stops where the file was cut short: the last frame is incomplete, or from some sector on there are only zeros.

    Args:
        content: all bytes of the file.
        name: of the file, for the error.

    Raises:
        Corrupt: bytes were altered.
    """
    at, before, size = 0, START, len(content)
    while at < size:
        if size - at < HEADER.size:
            if not MARK.startswith(bytes(content[at : at + len(MARK)])) and not _is_lost(content, at, size):
                raise altered(name, at)
            return
        mark, length, chained, check, head_check = HEADER.unpack_from(content, at)
        sound = mark == MARK and length <= MAX_PAYLOAD and zlib.crc32(content[at : at + _BODY]) == head_check
        if not sound or chained != before:
            if not _is_lost(content, at, at + HEADER.size):
                raise altered(name, at)
            return
        start, end = at + HEADER.size, at + HEADER.size + length
        if end > size:
            return
        yield Frame(at, start, end, before, check)
        at, before = end, check


def payload_of(content: memoryview, found: Frame, name: str) -> memoryview | None:
    """Return the payload of a frame, checked; None if a loss of power took it.

    Raises:
        Corrupt: its bytes were altered.
    """
    payload = content[found.payload_start : found.end]
    if check_of(found.before, payload) == found.check:
        return payload
    if _is_lost(content, found.start, found.end):
        return None
    raise altered(name, found.start)


def _is_lost(content: memoryview, start: int, end: int) -> bool:
    """Return whether a loss of power took what is between `start` and `end`: from a sector in it, all reads as zeros."""
    kept = start + len(bytes(content[start:]).rstrip(b"\0"))
    if kept == start:
        return True
    lost = -(-kept // SECTOR) * SECTOR
    return lost < end and len(content) - lost >= LEAST_LOST


def altered(name: str, at: int) -> Corrupt:
    """Return the error for a file whose bytes are not those that were written."""
    return Corrupt(
        f"the usage log {name} was altered",
        why=f"the record at byte {at} is not what was written there",
        next_step="keep the file as it is, and restore it from a backup of .remint/usage",
        file=name,
        at=at,
    )
