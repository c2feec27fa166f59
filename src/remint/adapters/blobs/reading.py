"""Reading blobs: every copy that is kept is tried, and only bytes that hash to their name are handed out."""

import os
from collections.abc import Iterator

from remint.adapters.blobs import refusals
from remint.adapters.blobs.chunks import decode_list
from remint.adapters.blobs.finders import Location
from remint.adapters.blobs.objects import Objects
from remint.adapters.blobs.pack import BYTES, HEADER_BYTES, LIST, RAW, Header, read_header
from remint.adapters.blobs.packs import Packs
from remint.core.digest import Digest, FileHasher, from_raw, raw_digest
from remint.errors import BlobAltered, BlobMissing

Copy = Iterator[bytes]
"""The pieces of a copy, not verified as a whole; it may end in BlobMissing or BlobAltered."""


class Reader:
    """Reads what packs and whole objects hold.

    Args:
        packs: where records are.
        objects: where whole files are.
    """

    def __init__(self, packs: Packs, objects: Objects) -> None:
        self._packs = packs
        self._objects = objects

    def get(self, digest: Digest) -> bytes:
        """Return the bytes named `digest`, verified (see ports.blobs.Blobs.get)."""
        found, raw = False, digest.raw
        for copy in self._copies(digest):
            try:
                content = b"".join(copy)
            except BlobMissing:
                continue
            except BlobAltered:
                found = True
                continue
            if raw_digest(content) == raw:
                return content
            found = True
        raise refusals.altered(digest) if found else refusals.missing(digest)

    def pour(self, digest: Digest, handle: int) -> None:
        """Write the bytes named `digest`, verified, to an empty file. Errors as `get`; the file may then hold anything."""
        found = False
        for copy in self._copies(digest):
            os.ftruncate(handle, 0)
            os.lseek(handle, 0, os.SEEK_SET)
            hasher = FileHasher()
            try:
                for piece in copy:
                    hasher.update(piece)
                    left = memoryview(piece)
                    while left:
                        left = left[os.write(handle, left) :]
            except BlobMissing:
                continue
            except BlobAltered:
                found = True
                continue
            if hasher.digest() == digest:
                return
            found = True
        raise refusals.altered(digest) if found else refusals.missing(digest)

    def parts_in(self, payload: bytes) -> set[bytes] | None:
        """Return the digests of the parts and groups that a list names; None if it, or a group, is damaged or gone."""
        found: set[bytes] = set()

        def group(part: bytes) -> bytes:
            found.add(part)
            return self.get(from_raw(part))

        try:
            entries = decode_list(payload, group)
            if entries is not None:
                found.update(part for part, _ in entries)
        except (BlobMissing, BlobAltered):
            return None
        return None if entries is None else found

    def size(self, digest: Digest) -> int | None:
        """Return the size of what is kept under `digest`, or None."""
        for header, _ in self._records(digest.raw, self._packs.find(digest.raw)):
            if header is not None:
                return header.size
        size = self._objects.size(digest)
        if size is not None:
            return size
        for header, _ in self._records(digest.raw, self._packs.find_everywhere(digest.raw)):
            if header is not None:
                return header.size
        return None

    def _copies(self, digest: Digest) -> Iterator[Copy]:
        """Yield every copy: those known, the whole file, and what a closer look finds."""
        raw = digest.raw
        for header, payload in self._records(raw, self._packs.find(raw)):
            yield self._pieces(digest, header, payload)
        if self._objects.size(digest) is not None:
            yield self._objects.pieces(digest)
        for header, payload in self._records(raw, self._packs.find_everywhere(raw)):
            yield self._pieces(digest, header, payload)

    def _records(self, raw: bytes, places: Iterator[Location]) -> Iterator[tuple[Header | None, bytes]]:
        """Yield header and payload of records of a digest; no header for one that is damaged."""
        for location in places:
            found = self._packs.read(location)
            header = read_header(found)
            if header is None or len(found) != HEADER_BYTES + header.stored:
                if found:
                    yield None, b""
            elif header.raw == raw:
                yield header, found[HEADER_BYTES:]

    def _pieces(self, digest: Digest, header: Header | None, payload: bytes) -> Copy:
        if header is None:
            raise refusals.altered(digest)
        if header.codec != RAW:
            raise refusals.coded(digest, header.codec)
        if header.kind == BYTES:
            yield payload
            return
        parts = decode_list(payload, lambda raw: self.get(from_raw(raw))) if header.kind == LIST else None
        if parts is None:
            raise refusals.altered(digest)
        for raw, _ in parts:
            yield self.get(from_raw(raw))
