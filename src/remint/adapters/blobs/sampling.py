"""Reading many blobs at once, in the order in which packs hold them, and unfolding records that came from elsewhere."""

import contextlib
import os
from collections.abc import Sequence

from remint.adapters.blobs import refusals
from remint.adapters.blobs.chunks import decode_list
from remint.adapters.blobs.finders import Location
from remint.adapters.blobs.objects import Objects
from remint.adapters.blobs.pack import BYTES, HEADER_BYTES, LIST, PAYLOAD_MAX, RAW, read_header
from remint.adapters.blobs.packs import Packs
from remint.adapters.blobs.reading import Reader
from remint.core.digest import from_raw, raw_digest
from remint.errors import BlobMissing
from remint.ports.samples import Fetch


def read_many(packs: Packs, objects: Objects, reader: Reader, raws: Sequence[bytes]) -> list[bytes | None]:
    """Return blobs by their raw digests (see ports.samples.ManyBlobs.get_many)."""
    found: list[bytes | None] = [None] * len(raws)
    placed, others = _placed(packs, raws)
    for _, _, at, location in sorted(placed, key=_by_place):
        payload = _payload(packs, location)
        if raw_digest(payload) == raws[at]:
            found[at] = payload
        else:  # a large blob, another record with the same first bytes, or a damaged one
            others.append(at)
    for at in others:
        found[at] = _read_closely(packs, objects, reader, raws[at])
    return found


def _payload(packs: Packs, location: Location) -> bytes:
    """Return the bytes of a record after its header; none if the pack is gone."""
    pack, place, stored = location
    with contextlib.suppress(FileNotFoundError):
        handle = packs.handle(pack)
        return os.pread(handle.number, min(stored, PAYLOAD_MAX), place + HEADER_BYTES)
    return b""


_Placed = tuple[str, int, int, Location]
"""The path of a pack, the place in it, which of the blobs is meant, and where it stands."""


def _by_place(one: _Placed) -> tuple[str, int]:
    return one[:2]


def _placed(packs: Packs, raws: Sequence[bytes]) -> tuple[list[_Placed], list[int]]:
    """Return where blobs stand, and which of them stand in no pack."""
    placed: list[_Placed] = []
    others: list[int] = []
    has_looked = False
    for at, raw in enumerate(raws):
        location = next(packs.find(raw), None)
        if location is None and not has_looked:
            has_looked = True
            packs.look()
            location = next(packs.find(raw), None)
        if location is None:
            others.append(at)
        else:
            placed.append((location[0].path, location[1], at, location))
    return placed, others


def _read_closely(packs: Packs, objects: Objects, reader: Reader, raw: bytes) -> bytes | None:
    digest = from_raw(raw)
    if next(packs.find(raw), None) is None and objects.size(digest) is None:
        return None
    try:
        return reader.get(digest)
    except BlobMissing:  # some parts of a large one are here
        return None


def unfold(raw: bytes, record: bytes, fetch: Fetch) -> bytes:
    """Return the bytes that a record gives, verified (see ports.samples.Unfold)."""
    payload = record[HEADER_BYTES:]
    if raw_digest(payload) == raw:
        return payload
    header = read_header(record)
    if header is None or header.raw != raw or header.kind not in {BYTES, LIST}:
        raise refusals.altered(from_raw(raw))
    if header.codec != RAW:
        raise refusals.coded(from_raw(raw), header.codec)
    if header.kind == LIST:
        entries = decode_list(payload, lambda group: unfold(group, fetch([group])[group], fetch))
        parts = [part for part, _ in entries] if entries is not None else []
        held = fetch(parts)
        content = b"".join(unfold(part, held[part], fetch) for part in parts)
        if raw_digest(content) == raw:
            return content
    raise refusals.altered(from_raw(raw))
