"""The form of a pack: a header, records, and in a sealed pack an index and a footer (docs/format/store.md)."""

import os
import sys
from array import array
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from struct import Struct
from typing import NamedTuple
from zlib import crc32

from remint.core.digest import raw_digest
from remint.errors import Invalid

_FILE = Struct("<12sI")
_RECORD = Struct("<4s32sBBHIQ")
_FOOTER = Struct("<8sQ")
MAGIC, NUMBER, MARK, END = b"remint pack\n", 1, b"\xf5rec", b"packend\n"
RAW = 0
"""The codec of payloads that stand as they are."""

BYTES, LIST, INDEX = 0, 1, 2
"""Kinds of records: a blob, a list of the parts of a blob, and the index that ends a sealed pack."""

HEADER_BYTES = _RECORD.size + 4
FOOTER_BYTES = _FOOTER.size + 4

PAYLOAD_MAX = 1 << 20
"""No payload is longer, but that of an index."""

WINDOW_BYTES = 4096
SEARCH_BYTES = 1 << 20

Entry = tuple[bytes, int, int]
"""What an index says of a record: digest, place of its header in the pack, bytes of its payload."""


def _checked(fields: bytes) -> bytes:
    return fields + crc32(fields).to_bytes(4, "little")


FILE_HEADER = _checked(_FILE.pack(MAGIC, NUMBER))


class Header(NamedTuple):
    """What stands before the payload of a record.

    Attributes:
        raw: the digest of the bytes that the record gives.
        kind: BYTES, LIST or INDEX.
        codec: how the payload is coded.
        stored: bytes of the payload in the pack.
        size: bytes that `raw` is the digest of.
    """

    raw: bytes
    kind: int
    codec: int
    stored: int
    size: int


def record_header(raw: bytes, kind: int, stored: int, size: int) -> bytes:
    """Return the bytes before a payload."""
    fields = _RECORD.pack(MARK, raw, kind, RAW, 0, stored, size)
    return fields + crc32(fields).to_bytes(4, "little")


def read_header(content: bytes, at: int = 0) -> Header | None:
    """Return the header that stands at a place, or None if none does or it is damaged."""
    fields = content[at : at + _RECORD.size]
    end = at + HEADER_BYTES
    if len(content) < end or content[end - 4 : end] != crc32(fields).to_bytes(4, "little"):
        return None
    mark, raw, kind, codec, zero, stored, size = _RECORD.unpack(fields)
    return Header(raw, kind, codec, stored, size) if mark == MARK and not zero else None


def require_known(handle: int, name: str) -> None:
    """Refuse a pack whose header is sound and names a format of a later version.

    Raises:
        Invalid: it does.
    """
    found = os.pread(handle, len(FILE_HEADER), 0)
    if len(found) == len(FILE_HEADER) and found[:12] == MAGIC and found != FILE_HEADER and _checked(found[:-4]) == found:
        raise Invalid(
            f"the pack {name[:12]} was not read",
            why=f"it has format {_FILE.unpack(found[:-4])[1]}, which this version of Remint does not know",
            next_step="use the version of Remint that wrote it, or a later one",
        )


@dataclass
class Scan:
    """The records found in a pack by reading it from a place on.

    Attributes:
        entries: the records that are there in full, in order.
        end: where the next record begins or would begin.
        torn: the bytes from `end` on are what a writer left half done.
        damaged: something before or at `end` is no record and was not left half done.
    """

    entries: list[Entry] = field(default_factory=list)
    end: int = 0
    torn: bool = False
    damaged: bool = False


def scan(handle: int, start: int, size: int) -> Scan:
    """Read the headers of a pack from `start`, where a record begins, up to `size` bytes; step over what is damaged."""
    found, at, window, base = Scan(), start, b"", 0
    while at < size:
        if at + HEADER_BYTES > base + len(window) or at < base:
            window, base = os.pread(handle, WINDOW_BYTES, at), at
        header = read_header(window, at - base)
        if header is not None and (header.kind == INDEX or at + HEADER_BYTES + header.stored > size):
            found.torn = True
            break
        if header is None:
            if size - at < HEADER_BYTES or _is_zero(handle, at, size):
                found.torn = True
                break
            found.damaged = True
            further = _next_record(handle, at + 1, size)
            if further is None:
                break
            at = further
            continue
        found.entries.append((header.raw, at, header.stored))
        at += HEADER_BYTES + header.stored
    found.end = at
    return found


def _is_zero(handle: int, at: int, size: int) -> bool:
    while at < size:
        piece = os.pread(handle, min(SEARCH_BYTES, size - at), at)
        if not piece or piece.count(0) != len(piece):
            return not piece
        at += len(piece)
    return True


def _next_record(handle: int, at: int, size: int) -> int | None:
    """Return the place of the next header that is sound and whose payload is there in full."""
    while at < size:
        piece = os.pread(handle, min(SEARCH_BYTES, size - at), at)
        place = piece.find(MARK)
        while place >= 0:
            header = read_header(os.pread(handle, HEADER_BYTES, at + place))
            if header is not None and at + place + HEADER_BYTES + header.stored <= size:
                return at + place
            place = piece.find(MARK, place + 1)
        if len(piece) < len(MARK):
            return None
        at += len(piece) - len(MARK) + 1
    return None


@dataclass(frozen=True)
class Index:
    """Where the records of a sealed pack are, by the first 8 bytes of their digests read as a big-endian number.

    Attributes:
        keys: ascending.
        places: of the headers, in the order of `keys`.
        stored: bytes of the payloads, in the order of `keys`.
    """

    keys: Sequence[int]
    places: Sequence[int]
    stored: Sequence[int]

    def found(self, first: int) -> list[tuple[int, int]]:
        """Return place and stored bytes of the records that have the key that stands first at `first`."""
        end = bisect_right(self.keys, self.keys[first], lo=first)
        return [(self.places[at], self.stored[at]) for at in range(first, end)]


def encode_index(entries: Iterable[Entry]) -> bytes:
    """Return the payload of an index: all digests, then all places, then all stored bytes, sorted by digest and place."""
    ordered = sorted(entries)
    places, stored = array("I", [entry[1] for entry in ordered]), array("I", [entry[2] for entry in ordered])
    if sys.byteorder == "big":
        places.byteswap()
        stored.byteswap()
    return b"".join(entry[0] for entry in ordered) + places.tobytes() + stored.tobytes()


def decode_index(payload: bytes) -> Index:
    """Return the index of a payload whose digest was checked."""
    count = len(payload) // 40
    digests, places, stored = array("Q"), array("I"), array("I")
    digests.frombytes(payload[: 32 * count])
    places.frombytes(payload[32 * count : 36 * count])
    stored.frombytes(payload[36 * count :])
    keys = digests[::4]
    if sys.byteorder == "big":
        places.byteswap()
        stored.byteswap()
    else:
        keys.byteswap()
    return Index(keys, places, stored)


def ending(entries: Iterable[Entry], at: int) -> tuple[str, bytes, bytes]:
    """Return the name of a pack with these records, the payload of its index, and what seals the pack when written at `at`."""
    payload = encode_index(entries)
    raw = raw_digest(payload)
    footer = _checked(_FOOTER.pack(END, at))
    return raw.hex(), payload, record_header(raw, INDEX, len(payload), len(payload)) + payload + footer


def read_index(handle: int, name: str) -> bytes:
    """Return the payload of the index of a sealed pack; made again from its records if it or the footer is damaged."""
    size = os.fstat(handle).st_size
    footer = os.pread(handle, FOOTER_BYTES, max(size - FOOTER_BYTES, 0))
    if len(footer) == FOOTER_BYTES and footer == _checked(footer[:-4]) and footer.startswith(END):
        at = _FOOTER.unpack(footer[:-4])[1]
        payload = os.pread(handle, max(size - FOOTER_BYTES - at - HEADER_BYTES, 0), at + HEADER_BYTES)
        if raw_digest(payload).hex() == name:
            return payload
    return encode_index(scan(handle, len(FILE_HEADER), size).entries)
