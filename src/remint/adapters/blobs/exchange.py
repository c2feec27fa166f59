"""Carrying packs and whole files between this store and another place of the same format (docs/format/remote.md)."""

import contextlib
import mmap
import os
import threading
from collections import Counter
from collections.abc import Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from remint.adapters.blobs import refusals
from remint.adapters.blobs.appending import Appender, Limits
from remint.adapters.blobs.batch import Batch, rewrite
from remint.adapters.blobs.chunks import decode_list
from remint.adapters.blobs.handle import sync_data
from remint.adapters.blobs.incoming import Incoming
from remint.adapters.blobs.objects import Objects
from remint.adapters.blobs.pack import (
    BYTES,
    FILE_HEADER,
    FOOTER_BYTES,
    HEADER_BYTES,
    LIST,
    RAW,
    ending,
    read_header,
    read_index,
)
from remint.adapters.blobs.packs import SEALED, Packs
from remint.core.digest import Digest, digest_file, from_raw, raw_digest
from remint.core.remote import index_entries, object_name, pack_name
from remint.errors import BlobAltered
from remint.ports.remotes import Parcel, Survey

_KIND_AT = 36
"""Where a record's header has its kind."""

LIST_ENTRY_BYTES = 40
"""What a list or a group has for each part: its digest, and how many bytes it gives."""


@dataclass(frozen=True)
class LocalExchange:
    """See ports.remotes.Exchange.

    Attributes:
        root: the folder of the store.
    """

    root: Path
    incoming: Incoming
    packs: Packs
    objects: Objects
    appender: Appender
    limits: Limits
    _one: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self.packs.look(anew=True)

    def survey(self, wanted: Iterable[bytes]) -> Survey:
        """Look for blobs and the parts they are kept in; every record is verified."""
        found: set[bytes] = set()
        absent: set[bytes] = set()
        large: set[bytes] = set()
        waiting = set(wanted)
        while waiting:
            found |= waiting
            parts: set[bytes] = set()
            for raw in waiting:
                record = next(self._records(raw), None)
                if record is None:
                    if self.objects.size(from_raw(raw)) is None:
                        absent.add(raw)
                elif record[_KIND_AT] == LIST:
                    large.add(raw)
                    parts |= self._parts(record[HEADER_BYTES:])
            waiting = parts - found
        return Survey(found, absent, large)

    def _parts(self, payload: bytes) -> set[bytes]:
        found: set[bytes] = set()

        def group(raw: bytes) -> bytes:
            found.add(raw)
            return next((record[HEADER_BYTES:] for record in self._records(raw)), b"")

        found.update(raw for raw, _ in decode_list(payload, group) or ())
        return found

    def _records(self, raw: bytes) -> Iterator[bytes]:
        """Yield the records of a digest that are sound."""
        for location in self.packs.find(raw):
            record = self.packs.read(location)
            if _is_sound(raw, record):
                yield record

    # ---- out

    def parcels(self, wanted: set[bytes]) -> list[Parcel]:
        """Return verified packs and whole files that hold these blobs."""
        found, left = self._sealed(wanted)
        if left:
            whole, left = self._whole(left)
            found += whole
        if left:
            with refusals.writing(self.root):
                self.appender.seal_all()
                self.packs.look(anew=True)
                more, left = self._sealed(left)
                found += more
                if left:  # another process holds the open pack they are in, or the pack around them is damaged
                    rewrite(self.incoming, self.packs, ((raw, self._record(raw)) for raw in left), self.limits)
                    self.packs.flush()
                    more, left = self._sealed(left)
                    found += more
        return list({parcel.name: parcel for parcel in found}.values())

    def _record(self, raw: bytes) -> bytes:
        for record in self._records(raw):
            return record
        raise (refusals.altered if any(self.packs.find(raw)) else refusals.missing)(from_raw(raw))

    def _sealed(self, wanted: set[bytes]) -> tuple[list[Parcel], set[bytes]]:
        """Return sound packs, those first that hold most of what is wanted, and what is in none of them."""
        holders: dict[str, set[bytes]] = {}
        for raw in wanted:
            for pack, _, _ in self.packs.find(raw):
                if pack.path.endswith(SEALED):
                    holders.setdefault(pack.path, set()).add(raw)
        found, left = [], set(wanted)
        for path, _ in Counter({path: len(held) for path, held in holders.items()}).most_common():
            if left.isdisjoint(holders[path]):
                continue
            with contextlib.suppress(BlobAltered):
                name = Path(path).stem
                index = _checked(Path(path), name)
                found.append(Parcel(pack_name(name), Path(path), Path(path).stat().st_size, index))
                left -= {raw for raw, _, _ in index_entries(index)}
        return found, left

    def _whole(self, wanted: set[bytes]) -> tuple[list[Parcel], set[bytes]]:
        """Return whole files, verified, and what is in none of them."""
        found, left = [], set()
        for raw in wanted:
            digest = from_raw(raw)
            path = None if any(self._records(raw)) else self.objects.path(digest)
            if path is None:
                left.add(raw)
            else:
                found.append(Parcel(object_name(digest), path, path.stat().st_size))
        return found, left

    def pieces(self, pack: str, places: Sequence[tuple[int, int]]) -> list[bytes] | None:
        """Return pieces of a sealed pack that is here."""
        with contextlib.suppress(FileNotFoundError), (self.packs.folder / f"{pack}{SEALED}").open("rb") as file:
            return [os.pread(file.fileno(), end - begin, begin) for begin, end in places]
        return None

    def parts(self, raw: bytes, record: bytes, *, depth: int | None = None) -> tuple[int, list[bytes]] | None:
        """Return how many levels are below a record, and the digests of its parts."""
        if not _is_sound(raw, record):
            return None
        payload = record[HEADER_BYTES:]
        if record[_KIND_AT] == LIST:
            return payload[0], _entries(payload[1:-4])
        if depth is None:
            return 0, []
        return (depth, _entries(payload)) if len(payload) % LIST_ENTRY_BYTES == 0 else None

    def packed(self, records: Iterable[tuple[bytes, bytes]]) -> Generator[Parcel, None, None]:
        """Yield new packs of records, each for as long as the next is not asked for."""
        pending = iter(records)
        first = next(pending, None)
        while first is not None:
            with self.arriving() as path:
                entries, end = [], len(FILE_HEADER)
                with path.open("wb") as file:
                    file.write(FILE_HEADER)
                    while first is not None and end < self.limits.pack_bytes:
                        raw, record = first
                        file.write(record)
                        entries.append((raw, end, len(record) - HEADER_BYTES))
                        end += len(record)
                        first = next(pending, None)
                    name, index, seal = ending(entries, end)
                    file.write(seal)
                yield Parcel(pack_name(name), path, path.stat().st_size, index)

    # ---- in

    @contextlib.contextmanager
    def arriving(self) -> Iterator[Path]:
        """Give an empty file on the disk of the store, which is gone after the block."""
        with refusals.writing(self.root):
            path, handle = self.incoming.file()
            handle.close()
            try:
                yield path
            finally:
                path.unlink(missing_ok=True)

    def receive_pack(self, name: str, path: Path) -> None:
        """Keep a pack, which is moved."""
        try:
            index = _checked(path, name)
        except BlobAltered as error:
            raise _altered(pack_name(name)) from error
        with path.open("rb") as file:
            sync_data(file.fileno())
        path.chmod(0o444)
        self.packs.folder.mkdir(parents=True, exist_ok=True)
        with self._one:
            path.replace(self.packs.folder / f"{name}{SEALED}")
            self.packs.adopt(name, index)

    def receive_records(self, pack: str, records: Iterable[tuple[bytes, bytes]]) -> None:
        """Keep records of a pack."""
        with self._one, refusals.writing(self.root):
            batch = Batch(self.incoming, self.packs, self.appender, self.limits)
            for raw, record in records:
                if not _is_sound(raw, record):
                    raise _altered(pack_name(pack), from_raw(raw))
                batch.add(raw, record[:HEADER_BYTES], record[HEADER_BYTES:])
            batch.finish()

    def receive_object(self, digest: Digest, path: Path) -> None:
        """Keep a whole file, which is moved."""
        if digest_file(path) != digest:
            raise _altered(object_name(digest), digest)
        with self._one:
            self.objects.take(path)


def _checked(path: Path, name: str) -> bytes:
    """Return the index of a pack in a file, all of whose records are sound.

    Raises:
        BlobAltered: it is not the pack of that name, or a record is damaged.
    """
    with path.open("rb") as file:
        index = read_index(file.fileno(), name)
        size = os.fstat(file.fileno()).st_size
        end = size - len(index) - HEADER_BYTES - FOOTER_BYTES
        if raw_digest(index).hex() != name or end < len(FILE_HEADER):
            raise _altered(pack_name(name))
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped, memoryview(mapped) as content:
            if content[: len(FILE_HEADER)] != FILE_HEADER or content[end:] != ending(index_entries(index), end)[2]:
                raise _altered(pack_name(name))
            for raw, place, stored in index_entries(index):
                if not _is_sound(raw, content[place : place + HEADER_BYTES + stored]):
                    raise _altered(pack_name(name), from_raw(raw))
    return index


def _entries(content: bytes) -> list[bytes]:
    """Return the digests of the entries of a list or a group."""
    return [content[at : at + 32] for at in range(0, len(content), LIST_ENTRY_BYTES)]


def _is_sound(raw: bytes, record: bytes | memoryview) -> bool:
    """Return whether a record is one of a digest and complete; of a list, whether it can be read.

    Raises:
        Invalid: its codec is of a later version.
    """
    header = read_header(bytes(record[:HEADER_BYTES]))
    if header is None or header.raw != raw or len(record) != HEADER_BYTES + header.stored:
        return False
    if header.codec != RAW:
        raise refusals.coded(from_raw(raw), header.codec)
    if header.kind == BYTES:
        return raw_digest(record[HEADER_BYTES:]) == raw
    return header.kind == LIST and decode_list(bytes(record[HEADER_BYTES:]), lambda _raw: b"") is not None


def _altered(name: str, digest: Digest | None = None) -> BlobAltered:
    of = f"the bytes of {digest.short} in {name}" if digest else name
    return BlobAltered(
        f"{of} were altered" if digest else f"{of} was altered",
        why="they do not hash to the digest they are kept under" if digest else "its begin or its end is not that of its name",
        next_step=f"remove {name} and its index from where it is kept, and push again from a project that has the bytes",
        **({"digest": digest} if digest else {}),
    )
