"""Laying out many blobs as files, in the order in which packs hold them."""

import os
from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from itertools import chain, islice

from remint.adapters.blobs.finders import Pack
from remint.adapters.blobs.handle import Handle
from remint.adapters.blobs.hands import WORTH, Hand, Hands
from remint.adapters.blobs.outside import create, write_whole
from remint.adapters.blobs.pack import BYTES, HEADER_BYTES, PAYLOAD_MAX
from remint.adapters.blobs.packs import Packs
from remint.adapters.blobs.reading import Reader
from remint.core.digest import from_raw, raw_digest

_KIND_AT = 36
"""Where a record's header has its kind."""

_WINDOW = 32768
"""So many files are sorted by where their bytes are."""

_AT_ONCE = 4
"""So many threads write: nearly all of the time is the kernel's."""

_AHEAD = 32
"""So many shares are handed to threads before more are looked for."""

_SHARE = 2048
"""So many files are written by one thread before it looks for more."""

_SLAB_BYTES = HEADER_BYTES + PAYLOAD_MAX
_GAP_BYTES = 16 << 10
"""So much that is not wanted is read where the record after it is."""

_Wanted = tuple[int, int, bytes, str]
"""Place and stored bytes of a record, the digest, and the path of the file."""


def write_files(
    packs: Packs, reader: Reader, wanted: Iterable[tuple[bytes, str]], helped: Callable[[], Hands] | None = None
) -> int:
    """Write blobs to new files; return how many (see ports.blobs.Blobs.write_files).

    Args:
        packs: of the store.
        reader: of the store.
        wanted: digest and path of each file.
        helped: starts the processes that help where there are very many.
    """
    packs.look()
    pending, counts = iter(wanted), list[int]()
    windows = iter(lambda: list(islice(pending, _WINDOW)), [])
    first = next(windows, [])

    def shares() -> Iterator[tuple[Pack, list[_Wanted]]]:
        for window in chain([first], windows):
            counts.append(len(window))
            placed, others = _placed(packs, window)
            _pour(reader, others)
            yield from _shares(placed)

    with ExitStack() as ending:
        hands = ending.enter_context(helped()) if helped is not None and len(first) >= WORTH else None
        for left in _written(packs, shares(), hands):
            _pour(reader, left)
    return sum(counts)


def _pour(reader: Reader, others: Iterable[tuple[bytes, str]]) -> None:
    """Write files that are in no pack, or whose record is not all of them or damaged."""
    for raw, path in others:
        create(path, lambda handle, raw=raw: reader.pour(from_raw(raw), handle))  # type: ignore[misc]


def _placed(packs: Packs, window: Sequence[tuple[bytes, str]]) -> tuple[dict[Pack, list[_Wanted]], list[tuple[bytes, str]]]:
    """Return what is wanted of each pack, and what is in none."""
    placed: dict[Pack, list[_Wanted]] = {}
    others: list[tuple[bytes, str]] = []
    for location, (raw, path) in zip(packs.locate([raw for raw, _ in window]), window, strict=True):
        if location is None:
            others.append((raw, path))
        else:
            pack, place, stored = location
            placed.setdefault(pack, []).append((place, stored, raw, path))
    return placed, others


def _written(
    packs: Packs, shares: Iterator[tuple[Pack, list[_Wanted]]], hands: Hands | None
) -> Iterator[list[tuple[bytes, str]]]:
    """Write the files of shares at once; yield those of each that must be written otherwise."""
    if hands is not None:
        yield from hands.each(shares, lambda share: _write_share(packs, *share), _asked)
        return
    with ThreadPoolExecutor(min(_AT_ONCE, os.cpu_count() or 1), thread_name_prefix="lay") as pool:
        while some := list(islice(shares, _AHEAD)):
            yield from pool.map(lambda chosen: _write_share(packs, *chosen), some)


def _asked(hand: Hand, share: tuple[Pack, list[_Wanted]]) -> list[tuple[bytes, str]]:
    pack, records = share
    places = array("q", (number for place, stored, _, _ in records for number in (place, stored)))
    raws, paths = b"".join(raw for _, _, raw, _ in records), [os.fsencode(path) for _, _, _, path in records]
    left = hand.ask([os.fsencode(pack.path), places.tobytes(), raws, paths])
    return [records[at][2:] for at in left]


def _shares(placed: dict[Pack, list[_Wanted]]) -> Iterator[tuple[Pack, list[_Wanted]]]:
    """Yield what is wanted of each pack in the order of the pack, a lot of it in several shares."""
    for pack, records in placed.items():
        records.sort()
        for start in range(0, len(records), _SHARE):
            yield pack, records[start : start + _SHARE]


def _write_share(packs: Packs, pack: Pack, records: list[_Wanted]) -> list[tuple[bytes, str]]:
    try:
        handle = packs.handle(pack)
    except FileNotFoundError:
        return [(raw, path) for _, _, raw, path in records]
    return [records[at][2:] for at in write_records(handle, records)]


def write_records(handle: Handle, records: list[_Wanted]) -> list[int]:
    """Write files from one pack; return the places in the list of those whose record is damaged, or more than their bytes."""
    others = []
    slab = memoryview(bytearray(_SLAB_BYTES))
    base = limit = 0
    for number, (place, stored, raw, path) in enumerate(records):
        end = place + HEADER_BYTES + stored
        if end > limit or place < base:
            base, length = place, _run(records, number)
            limit = base + os.preadv(handle.number, [slab[:length]], base)
        at = place - base
        payload = slab[at + HEADER_BYTES : end - base]
        if end <= limit and slab[at + _KIND_AT] == BYTES and raw_digest(payload) == raw:
            create(path, lambda file, payload=payload: write_whole(file, payload))  # type: ignore[misc]
        else:
            others.append(number)
    return others


def _run(records: list[_Wanted], number: int) -> int:
    """Return how many bytes to read for a record and those that follow it closely."""
    base = end = records[number][0]
    for place, stored, _, _ in islice(records, number, None):
        beyond = place + HEADER_BYTES + stored
        if beyond - base > _SLAB_BYTES or place - end > _GAP_BYTES:
            break
        end = max(end, beyond)
    return min(max(end - base, HEADER_BYTES), _SLAB_BYTES)
