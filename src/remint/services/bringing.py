"""Bringing blobs from a remote: whole packs where most of one is wanted, pieces of packs and whole files for the rest."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from remint.core.digest import from_raw
from remint.core.remote import INDEXES, RECORD_BYTES, IndexEntry, index_entries, object_name, pack_name, pack_of
from remint.errors import BlobMissing
from remint.ports.remotes import Exchange, Remote
from remint.services.carrying import Counter, each
from remint.services.sides import Store, verified_index

MOSTLY = 0.5
"""A pack is brought whole if this share of its bytes or more is wanted."""

PIECES_AT_ONCE = 2048
"""So many records are asked for in one call, so that what waits in memory stays small."""


class Contents:
    """What the packs of a remote hold, by their indexes; read when first asked.

    Attributes:
        indexes: by the names of the packs; empty before they are read.
    """

    def __init__(self, remote: Remote) -> None:
        self._remote = remote
        self.indexes: dict[str, bytes] = {}

    def look(self) -> bool:
        """Read the indexes that are new, forget those that are gone; return whether any is either."""
        there = {pack for name in self._remote.names(INDEXES) if (pack := pack_of(name)) is not None}
        new = there - set(self.indexes)
        gone = set(self.indexes) - there
        for pack in gone:
            del self.indexes[pack]
        each(lambda pack: self.indexes.update({pack: verified_index(self._remote, pack)}), sorted(new))
        return bool(new or gone)


@dataclass
class Bringing:
    """Brings blobs into a store, for one pull or one read.

    Attributes:
        contents: of the remote.
        done: counts bytes.
        packs: brought whole.
        objects: whole files brought.
        pieces: records taken out of packs.
    """

    remote: Remote
    contents: Contents
    exchange: Exchange
    done: Counter
    packs: int = 0
    objects: int = 0
    pieces: int = 0

    @property
    def size_bytes(self) -> int:
        """How many bytes were brought."""
        return self.done.total

    def bring(self, wanted: set[bytes]) -> set[bytes]:
        """Bring what is not here of some blobs and of the parts they are kept in; return those of them that have parts.

        Raises:
            BlobMissing: the remote does not hold one.
            BlobAltered: what it holds is something else.
        """
        seen = self.exchange.survey(wanted)
        large = seen.large
        while seen.absent:
            self._bring(seen.absent)
            seen = self.exchange.survey(seen.absent)  # what was brought may be lists of parts
            large |= seen.large
        return large

    def _bring(self, absent: set[bytes]) -> None:
        whole, pieces, left = self._chosen(absent)
        self.done.total += sum(size for _, size in whole)
        self.done.total += sum(RECORD_BYTES + stored for _, entries in pieces for _, _, stored in entries)
        each(self._bring_pack, [pack for pack, _ in whole])
        each(self._bring_pieces, pieces)
        each(self._bring_object, left)
        self.packs += len(whole)
        self.pieces += sum(len(entries) for _, entries in pieces)
        self.objects += len(left)

    def _chosen(self, absent: set[bytes]) -> tuple[list[tuple[str, int]], list[tuple[str, list[IndexEntry]]], set[bytes]]:
        """Return packs to bring whole, records to take out of others, and what is in no pack."""
        held = [(sum(entry[2] for entry in hits), pack, hits) for pack, hits in self._holders(absent)]
        whole, pieces, left = [], [], set(absent)
        for _, pack, hits in sorted(held, key=lambda one: (-one[0], one[1])):
            entries = [entry for entry in hits if entry[0] in left]
            if not entries:
                continue
            left.difference_update(entry[0] for entry in entries)
            size = max(place + RECORD_BYTES + stored for _, place, stored in index_entries(self.contents.indexes[pack]))
            if sum(RECORD_BYTES + stored for _, _, stored in entries) >= MOSTLY * size:
                whole.append((pack, size + len(self.contents.indexes[pack])))
            else:
                entries.sort(key=lambda entry: entry[1])
                starts = range(0, len(entries), PIECES_AT_ONCE)
                pieces += [(pack, entries[start : start + PIECES_AT_ONCE]) for start in starts]
        return whole, pieces, left

    def _holders(self, absent: set[bytes]) -> Iterator[tuple[str, list[IndexEntry]]]:
        for pack, index in self.contents.indexes.items():
            hits = {entry[0]: entry for entry in index_entries(index) if entry[0] in absent}
            if hits:
                yield pack, list(hits.values())

    def _bring_pack(self, pack: str) -> None:
        with self.exchange.arriving() as path:
            if not self.remote.download(pack_name(pack), path, self.done):
                raise _missing(pack_name(pack))
            self.exchange.receive_pack(pack, path)

    def _bring_pieces(self, wanted: tuple[str, list[IndexEntry]]) -> None:
        pack, entries = wanted
        places = [(place, place + RECORD_BYTES + stored) for _, place, stored in entries]
        found = self.remote.ranges(pack_name(pack), places)
        if found is None:
            raise _missing(pack_name(pack))
        self.done(sum(map(len, found)))
        self.exchange.receive_records(pack, zip((entry[0] for entry in entries), found, strict=True))

    def _bring_object(self, raw: bytes) -> None:
        digest = from_raw(raw)
        with self.exchange.arriving() as path:
            if not self.remote.download(object_name(digest), path, self.done):
                raise BlobMissing(
                    f"the bytes of {digest.short} are not in the remote",
                    why="no index there names them, and there is no whole file of them",
                    next_step="push them again from a project that has them",
                    digest=digest,
                )
            self.done.total += path.stat().st_size
            self.exchange.receive_object(digest, path)


def _missing(name: str) -> BlobMissing:
    return BlobMissing(
        f"{name} is not in the remote",
        why="its index is there, so it was removed",
        next_step="restore it there, or push again from a project that has it",
    )


class Reading:
    """Brings blobs into a store that lacks them, one remote for the life of the process.

    Args:
        opened: opens the remote; called when it is first needed.
    """

    def __init__(self, opened: Callable[[], Remote]) -> None:
        self._opened = opened
        self._remote: Remote | None = None
        self._contents: Contents | None = None
        self._one = threading.Lock()

    def __call__(self, store: Store, raws: set[bytes]) -> None:
        """Bring some blobs and the parts they are kept in.

        Raises:
            BlobMissing: the remote does not hold one.
            BlobAltered: what it holds is something else; nothing of that is kept.
            Unavailable: it did not answer.
        """
        with self._one, store.adding():
            if self._remote is None or self._contents is None:
                self._remote = self._opened()
                self._contents = Contents(self._remote)
                self._contents.look()
            bringing = Bringing(self._remote, self._contents, store.exchange(), Counter(None))
            try:
                bringing.bring(raws)
            except BlobMissing:  # it may have been pushed since, or be in another pack since a collection
                if not self._contents.look():
                    raise
                bringing.bring(raws)
            store.flush()
