"""Removing what nothing needs: packs without a needed record, the others' dead records by writing the rest anew, and files.

What is kept of a pack that is mostly dead is written to a new pack first; only then, with everybody kept out and the needed
blobs asked for once more, is anything removed. A crash at any point leaves at most bytes that are there twice.
"""

import contextlib
from collections.abc import Callable, Container, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from remint.adapters.blobs.appending import Appender, Limits
from remint.adapters.blobs.batch import rewrite
from remint.adapters.blobs.chunks import decode_list
from remint.adapters.blobs.fence import Fence
from remint.adapters.blobs.finders import Location
from remint.adapters.blobs.incoming import Incoming
from remint.adapters.blobs.objects import Objects
from remint.adapters.blobs.pack import BYTES, HEADER_BYTES, LIST, read_header
from remint.adapters.blobs.packs import Packs
from remint.adapters.blobs.reading import Reader
from remint.core.digest import from_raw, raw_digest
from remint.errors import Corrupt
from remint.ports.blobs import Swept

MOSTLY_DEAD = 0.5
"""A pack of whose bytes this share or more is not needed is written anew."""

CHEAP_BYTES = 4 << 20
"""A smaller pack is written anew for any record that is not needed."""

_Entry = tuple[bytes, Location]


@dataclass
class _Pack:
    """A sealed pack, seen as what may go."""

    path: Path
    entries: list[_Entry] = field(default_factory=list)

    def bytes_of(self, chosen: Callable[[bytes], bool]) -> int:
        return sum(HEADER_BYTES + location[2] for raw, location in self.entries if chosen(raw))


@dataclass(frozen=True)
class Sweeper:
    """Removes from a store what is not needed.

    Attributes:
        root: the folder of the store.
        packs: where records are.
        objects: whole files.
        reader: of both.
        incoming: where new packs begin.
        fence: keeps everybody out.
        appender: has an open pack, perhaps.
        limits: of new packs.
        flush: makes new packs durable.
        thorough: write a pack anew for any record that is not needed, and also those that other processes hold open.
    """

    root: Path
    packs: Packs
    objects: Objects
    reader: Reader
    incoming: Incoming
    fence: Fence
    appender: Appender
    limits: Limits
    flush: Callable[[], None]
    thorough: bool = False

    def look(self, live: Callable[[], Iterable[bytes]]) -> Swept:
        """Return what a sweep would remove; nothing is changed, and open packs are counted as if they were sealed."""
        packs, opened = self._listed()
        needed = self._with_parts(live(), (*packs, *opened))
        dead = {raw for pack in (*packs, *opened) for raw, _ in pack.entries if raw not in needed}
        bytes_dead = sum(pack.bytes_of(lambda raw: raw in dead) for pack in (*packs, *opened) if self._goes(pack, needed))
        files = self._dead_objects(needed)
        return Swept(
            blobs=len(dead) + len(files),
            size_bytes=bytes_dead + sum(self.objects.size(from_raw(raw)) or 0 for raw in files),
            packs=sum(_is_dead(pack, needed) for pack in packs),
            rewritten=sum(self._goes(pack, needed) and not _is_dead(pack, needed) for pack in (*packs, *opened)),
        )

    def sweep(self, live: Callable[[], Iterable[bytes]]) -> Swept:
        """Remove what is not among the raw digests that `live` gives, which is asked before and again when all are kept out.

        Raises:
            Unavailable: others kept adding, or the disk did not take the packs that are written anew; nothing is lost.
        """
        packs, opened = self._listed()
        needed = self._with_parts(live(), (*packs, *opened))
        if any(self._goes(pack, needed) for pack in opened):
            with self.fence.adding():
                self.appender.seal_all()
            packs, opened = self._listed()
        chosen = (*packs, *opened) if self.thorough else packs
        copied = self._copied([pack for pack in chosen if self._goes(pack, needed) and not _is_dead(pack, needed)], needed)
        with self.fence.sweeping():
            sealed, opened = self._listed()
            needed = self._with_parts(live(), (*sealed, *opened))
            if self.thorough:  # nobody writes now, and whoever holds an open pack lets go of it before the next record
                packs = [*packs, *opened]
            gone = [pack for pack in packs if all(raw not in needed or raw in copied for raw, _ in pack.entries)]
            gone = [pack for pack in gone if self._goes(pack, needed)]
            dead = {raw for pack in gone for raw, _ in pack.entries if raw not in needed}
            bytes_dead = sum(pack.bytes_of(lambda raw: raw in dead) for pack in gone)
            files = self._dead_objects(needed)
            for pack in gone:
                pack.path.unlink(missing_ok=True)
            for raw in files:
                place = self.objects.place(from_raw(raw))
                bytes_dead += place.stat().st_size
                place.unlink()
            self._forget(needed)
        wholly = sum(_is_dead(pack, needed) for pack in gone)
        return Swept(len(dead) + len(files), bytes_dead, wholly, len(gone) - wholly)

    def _listed(self) -> tuple[list[_Pack], list[_Pack]]:
        """Return the sealed packs with their records, and the open ones."""
        found: dict[str, _Pack] = {}
        for raw, location in self.packs.all_entries():
            path = location[0].path
            found.setdefault(path, _Pack(Path(path))).entries.append((raw, location))
        sealed = [pack for path, pack in found.items() if path.endswith(".pack")]
        return sealed, [pack for path, pack in found.items() if not path.endswith(".pack")]

    def _with_parts(self, live: Iterable[bytes], packs: Iterable[_Pack]) -> set[bytes]:
        """Return the needed digests with the parts of those that are kept in chunks, by the packs' own indexes.

        Raises:
            Corrupt: the only record of one is damaged, so its parts cannot be told from what nothing needs.
        """
        needed = set(live)
        asked, known, doubtful = frozenset(needed), set[bytes](), set[bytes]()
        for pack in packs:
            for raw, location in pack.entries:
                if raw in asked and raw not in known:
                    parts = self._parts(raw, location)
                    (doubtful if parts is None else known).add(raw)
                    needed.update(parts or ())
        for raw in doubtful - known:
            if self.objects.size(from_raw(raw)) is None:
                raise Corrupt(
                    "nothing was removed from the store",
                    why=f"the record of {from_raw(raw).short} is needed and damaged; what it was made of cannot be told",
                    next_step="restore it from a backup of .remint/store, or put the same bytes again",
                )
        return needed

    def _parts(self, raw: bytes, location: Location) -> set[bytes] | None:
        """Return the digests of the parts of a blob, none if it is kept as it is; None if its record is damaged."""
        pack, place, stored = location
        header = read_header(self.packs.read((pack, place, 0)))
        if header is None or header.raw != raw or header.stored != stored:
            return None
        return set() if header.kind == BYTES else self.reader.parts_in(self.packs.read(location)[HEADER_BYTES:])

    def _dead_objects(self, needed: Container[bytes]) -> set[bytes]:
        return {digest.raw for digest in self.objects.digests() if digest.raw not in needed}

    def _copied(self, packs: Iterable[_Pack], needed: Container[bytes]) -> set[bytes]:
        """Write the needed records of packs to new packs, durably; return which were sound."""
        copied: set[bytes] = set()

        def records() -> Iterable[tuple[bytes, bytes]]:
            for pack in packs:
                for raw, location in pack.entries:
                    if raw in needed and raw not in copied:
                        record = self.packs.read(location)
                        if self._is_sound(raw, record):
                            copied.add(raw)
                            yield raw, record

        with self.fence.adding():
            rewrite(self.incoming, self.packs, records(), self.limits)
            self.flush()
        return copied

    def _is_sound(self, raw: bytes, record: bytes) -> bool:
        header = read_header(record)
        if header is None or header.raw != raw or len(record) != HEADER_BYTES + header.stored:
            return False
        if header.kind == BYTES:
            return raw_digest(record[HEADER_BYTES:]) == raw
        return header.kind == LIST and decode_list(record[HEADER_BYTES:], lambda _raw: b"") is not None

    def _forget(self, needed: Container[bytes]) -> None:
        """Remove what is derived from what is gone, also from what an earlier call removed before it was killed."""
        for place in (self.root / "index").glob("*.idx"):
            place.unlink(missing_ok=True)
        for place in (self.root / "extracted").glob("?" * 64):
            with contextlib.suppress(ValueError):  # not one of ours
                if bytes.fromhex(place.name) not in needed:
                    place.unlink(missing_ok=True)

    def _goes(self, pack: _Pack, needed: Container[bytes]) -> bool:
        """Return whether so much of a pack is not needed that it is removed or written anew."""
        dead = pack.bytes_of(lambda raw: raw not in needed)
        whole = pack.bytes_of(lambda _raw: True)
        return dead > 0 and (self.thorough or whole < CHEAP_BYTES or dead >= MOSTLY_DEAD * whole)


def _is_dead(pack: _Pack, needed: Container[bytes]) -> bool:
    return all(raw not in needed for raw, _ in pack.entries)
