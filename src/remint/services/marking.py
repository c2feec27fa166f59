"""Marking: which blobs of a remote the records there need, down to the chunks of large ones."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from remint.core import manifest
from remint.core.artifact import Artifact, Kind
from remint.core.digest import Digest, from_raw
from remint.core.remote import RECORD_BYTES, IndexEntry, index_entries, object_name, pack_name
from remint.errors import Corrupt
from remint.ports.remotes import Exchange, Remote
from remint.ports.samples import Unfold
from remint.services.bringing import Contents
from remint.services.carrying import Counter, each
from remint.services.sampling import FarFiles
from remint.services.sides import Store

CUT_FROM = 128 << 10
"""No blob of fewer bytes is kept in parts (docs/format/store.md, section 5)."""

READ_BYTES = 4 << 20
"""So much is asked for in one call, about."""

MANIFEST_BYTES = 1 << 30
"""More than any segment of a manifest has; they are not kept as whole files, but they might be."""

Record: TypeAlias = tuple[bytes, bytes]
"""The raw digest a record stands under, and all bytes of it."""

_Waiting: TypeAlias = set[tuple[bytes, int | None]]
"""Raw digests of blobs, with None, and of groups of parts, with how many levels are below them."""


@dataclass(frozen=True)
class Records:
    """The records in the packs of a remote; those of packs that are here too are read here.

    Attributes:
        contents: what the packs hold.
        done: counts bytes.
    """

    remote: Remote
    exchange: Exchange
    contents: Contents
    done: Counter

    def of(self, pack: str, entries: Iterable[IndexEntry]) -> Iterator[Record]:
        """Yield some records of a pack, in the order of their places; they are not verified.

        Raises:
            Corrupt: the pack is gone.
        """
        share: list[IndexEntry] = []
        size_bytes = 0
        for entry in sorted(entries, key=lambda one: one[1]):
            share.append(entry)
            size_bytes += RECORD_BYTES + entry[2]
            if size_bytes >= READ_BYTES:
                yield from self._read(pack, share)
                share, size_bytes = [], 0
        if share:
            yield from self._read(pack, share)

    def _read(self, pack: str, share: list[IndexEntry]) -> Iterator[Record]:
        places = [(place, place + RECORD_BYTES + stored) for _, place, stored in share]
        raws = [raw for raw, _, _ in share]
        found = self.exchange.pieces(pack, places)
        if found is None or not all(map(self.is_sound, raws, found)):
            found = self.remote.ranges(pack_name(pack), places)
        if found is None:
            raise unreadable(f"{pack_name(pack)} is gone, and its index is there")
        self.done(sum(map(len, found)))
        yield from zip(raws, found, strict=True)

    def is_sound(self, raw: bytes, record: bytes) -> bool:
        """Return whether a record is complete and what it stands for."""
        return self.exchange.parts(raw, record) is not None

    def lists(self, wanted: Mapping[bytes, int | None]) -> tuple[list[Record], set[bytes]]:
        """Return every record of some blobs that may be a list of parts, and the blobs that have another one.

        Args:
            wanted: raw digests, each with the size of the blob in bytes, None if it is not known.
        """
        held: dict[str, list[IndexEntry]] = {}
        plain: set[bytes] = set()
        for pack, index in self.contents.indexes.items():
            for entry in index_entries(index):
                if entry[0] not in wanted:
                    continue
                if _may_list(wanted[entry[0]], entry[2]):
                    held.setdefault(pack, []).append(entry)
                else:
                    plain.add(entry[0])
        self.done.total += sum(RECORD_BYTES + stored for entries in held.values() for _, _, stored in entries)
        found: list[list[Record]] = []
        each(lambda one: found.append(list(self.of(*one))), held.items())
        return [record for records in found for record in records], plain


@dataclass(frozen=True)
class Marking:
    """Tells what some artifacts need.

    Attributes:
        objects: names of the whole files in the remote.
        unfold: makes the bytes of a blob of its record and those of its parts.
    """

    records: Records
    store: Store
    objects: Mapping[str, int]
    unfold: Unfold

    def live(self, artifacts: Iterable[Artifact]) -> set[bytes]:
        """Return the raw digests of every blob of some artifacts, and of the parts they are kept in there.

        Raises:
            Corrupt: a list of files, or of parts, is gone or damaged.
        """
        live: set[bytes] = set()
        large: dict[bytes, int | None] = {}
        manifests: list[Digest] = []
        for artifact in artifacts:
            live.update(part.blob.raw for part in artifact.parts)
            if artifact.kind is Kind.FILES:
                manifests += [part.blob for part in artifact.parts]
            else:
                large.update({part.blob.raw: part.size_bytes for part in artifact.parts if part.size_bytes >= CUT_FROM})
        large.update(dict.fromkeys((blob.raw for blob in manifests), None))
        for content in self._contents_of(list(dict.fromkeys(manifests))):
            rows = manifest.decode(content)
            live.update(rows.raws())
            sizes = zip(rows.raws(), rows.sizes, strict=True)
            large.update({raw: size for raw, size in sizes if size >= CUT_FROM and raw not in large})
        return live | self._parts(large)

    def _contents_of(self, manifests: list[Digest]) -> Iterator[bytes]:
        """Yield the bytes of manifests, verified: those that are here are read here."""
        records = self.records
        far = FarFiles(lambda: records.remote, self.unfold, records.remote, records.contents)
        for digest in manifests:
            try:
                is_here = not records.exchange.survey([digest.raw]).absent
                content = self.store.get(digest) if is_here else far.read({digest.raw: MANIFEST_BYTES})[digest.raw]
            except Corrupt as error:
                raise unreadable(f"the list of files {digest.short} is needed and cannot be read: {error.why}") from error
            records.done.total += len(content)
            records.done(len(content))
            yield content

    def _parts(self, blobs: Mapping[bytes, int | None]) -> set[bytes]:
        """Return the parts of blobs by every record of them that is there, level by level."""
        found: set[bytes] = set()
        waiting: _Waiting = {(raw, None) for raw in blobs}
        while waiting:
            depths: dict[bytes, set[int | None]] = {}
            for raw, depth in waiting:
                depths.setdefault(raw, set()).add(depth)
            records, plain = self.records.lists({raw: blobs.get(raw) if depths[raw] == {None} else None for raw in depths})
            unread = {raw for raw in depths.keys() - plain if object_name(from_raw(raw)) not in self.objects}
            below: _Waiting = set()
            for raw, record in records:
                for depth in depths[raw]:
                    read = self.records.exchange.parts(raw, record, depth=depth)
                    if read is not None:
                        unread.discard(raw)
                        found.update(read[1])
                        below.update((part, read[0] - 1) for part in read[1] if read[0])
            if unread:
                raise unreadable(f"{from_raw(next(iter(unread))).short} is needed, and what it is made of cannot be read")
            waiting = below
        return found


def _may_list(size_bytes: int | None, stored: int) -> bool:
    """Return whether a record of a blob may be a list; one that has as many bytes as the blob is the blob, but for a chance."""
    return size_bytes is None or stored != size_bytes or stored % 40 == 5


def unreadable(why: str) -> Corrupt:
    """Return the error for a remote whose contents cannot be told apart."""
    return Corrupt(
        "nothing was given up in the remote",
        why=why,
        next_step="push what needs it again from a project that has it, then run the same command again",
    )
