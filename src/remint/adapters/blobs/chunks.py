"""Large blobs in chunks cut where their content says, and the lists that name the chunks."""

from collections.abc import Callable, Iterable, Iterator
from struct import Struct
from zlib import crc32

CUT_FROM = 128 << 10
"""A blob of this size or more is kept in chunks."""

MIN_BYTES, AVERAGE_BYTES, MAX_BYTES = 16 << 10, 64 << 10, 256 << 10
BLOCK_BYTES = 4 << 20
FLAT = 256
"""A list with more entries is kept in groups."""

GROUP_MIN, GROUP_MAX, GROUP_MASK = 32, 1024, 0x7F

_ENTRY = Struct("<32sQ")

ListEntry = tuple[bytes, int]
"""A part of a blob: the digest of the part's record, and how many bytes of the blob it gives."""


def cut(read: Callable[[int], bytes]) -> Iterator[memoryview]:
    """Yield the chunks of what `read(most)` gives until it gives nothing.

    Source:
        FastCDC 2020 with normalized chunking of level 1, as pyfastcdc 0.3 cuts it.
    """
    from pyfastcdc import FastCDC

    cutter = FastCDC(AVERAGE_BYTES, min_size=MIN_BYTES, max_size=MAX_BYTES, normalized_chunking=1)
    block, at, ended = memoryview(b""), 0, False
    while not ended:
        more = read(BLOCK_BYTES)
        ended = not more
        block, at = memoryview(block[at:].tobytes() + more), 0
        for chunk in cutter.cut_buf(block):
            if not ended and len(block) - at < MAX_BYTES:
                break
            yield chunk.data
            at += chunk.length


def reader_of(content: bytes | memoryview) -> Callable[[int], bytes]:
    """Return a `read` for `cut` that gives this content."""
    view, at = memoryview(content), 0

    def read(most: int) -> bytes:
        nonlocal at
        piece = view[at : at + most].tobytes()
        at += len(piece)
        return piece

    return read


def groups(entries: Iterable[ListEntry]) -> Iterator[list[ListEntry]]:
    """Yield entries in groups whose borders their digests decide, so that a change in one place alters one group."""
    group: list[ListEntry] = []
    for entry in entries:
        group.append(entry)
        if (len(group) >= GROUP_MIN and not entry[0][0] & GROUP_MASK) or len(group) == GROUP_MAX:
            yield group
            group = []
    if group:
        yield group


def encode(entries: Iterable[ListEntry]) -> bytes:
    """Return the bytes of entries."""
    return b"".join(_ENTRY.pack(*entry) for entry in entries)


def encode_list(entries: Iterable[ListEntry], depth: int) -> bytes:
    """Return the payload of a list: how many levels of groups are below it, its entries, and a checksum."""
    payload = bytes([depth]) + encode(entries)
    return payload + crc32(payload).to_bytes(4, "little")


def decode_list(payload: bytes, group: Callable[[bytes], bytes]) -> Iterator[ListEntry] | None:
    """Return the chunks that a list names, in order, or None if it is damaged.

    Args:
        payload: of the list.
        group: returns the verified bytes of a group by its digest.
    """
    if len(payload) % _ENTRY.size != 5 or crc32(payload[:-4]).to_bytes(4, "little") != payload[-4:]:
        return None
    return _expand(payload[1:-4], payload[0], group)


def _expand(content: bytes, depth: int, group: Callable[[bytes], bytes]) -> Iterator[ListEntry]:
    for raw, size in _ENTRY.iter_unpack(content):
        if depth:
            yield from _expand(group(raw), depth - 1, group)
        else:
            yield raw, size
