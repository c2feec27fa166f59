"""Packs by what is known of their records: open ones, sealed ones, and many sealed ones under one merged index."""

import os
from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import repeat
from typing import Protocol
from weakref import WeakMethod

from remint.adapters.blobs.handle import Handle
from remint.adapters.blobs.merged import MergedIndex
from remint.adapters.blobs.pack import FILE_HEADER, Entry, Index, decode_index, read_index, require_known, scan

_DENSE = 8
"""An index with at most so many times as many records as are looked for is read through once."""


class Pack:
    """A pack in the folder.

    Attributes:
        path: where it is.
        name: its file name without the ending.
        seen: the number of the look at the folder that found it.
        synced: bytes from its begin that survive a loss of power; None for all.
        handle: to read it, while it is open.
    """

    __slots__ = ("handle", "name", "path", "seen", "synced")

    def __init__(self, path: str, *, seen: int, synced: int | None = None, handle: Handle | None = None) -> None:
        self.path = path
        self.name = os.path.basename(path)[:-5]  # noqa: PTH119 - a text, as everywhere in a loop over records
        self.seen = seen
        self.synced = synced
        self.handle = handle


Location = tuple[Pack, int, int]
"""A pack, the place of a record in it, and the bytes of its payload."""


class Finder(Protocol):
    """Knows where records stand, by the first 8 bytes of their digests read as a big-endian number."""

    def find(self, key: int) -> Sequence[Location]:
        """Return the records whose digest begins with `key`."""
        ...

    def table(self, keys: Sequence[int]) -> Mapping[int, Location]:
        """Return one record for each key that is here, for very many keys; there may be more in it."""
        ...


class OpenPack:
    """The index of a pack that grows; kept up by its writer, or by reading on from where it ended."""

    def __init__(self, pack: Pack, handle: Handle) -> None:
        self.pack = pack
        self.handle = handle
        self.entries: list[Entry] = []
        self.end = len(FILE_HEADER)
        self._places: dict[int, list[Location]] = {}
        self._looked: tuple[int, int] | None = None

    def find(self, key: int) -> Sequence[Location]:
        """Return the records whose digest begins with `key`."""
        return self._places.get(key, ())

    def table(self, keys: Sequence[int]) -> Mapping[int, Location]:
        """Return one record for each key that is here."""
        return {key: found[0] for key in keys if (found := self._places.get(key))}

    def note(self, entries: Iterable[Entry], end: int) -> None:
        """Take what was added."""
        for entry in entries:
            self.entries.append(entry)
            self._places.setdefault(int.from_bytes(entry[0][:8], "big"), []).append((self.pack, entry[1], entry[2]))
        self.end = end

    def catch_up(self) -> bool:
        """Read what another process added; return whether it was anything."""
        found = os.fstat(self.handle.number)
        looked = (found.st_size, found.st_mtime_ns)
        if found.st_size <= self.end or looked == self._looked:
            return False
        self._looked = looked
        added = scan(self.handle.number, self.end, found.st_size)
        self.note(added.entries, added.end)
        return bool(added.entries)


class SealedPack:
    """The index of a pack that is complete, read when it is first asked."""

    def __init__(self, pack: Pack, open_pack: Callable[[Pack], Handle], index: Index | None = None) -> None:
        self.pack = pack
        self._open_pack = WeakMethod(open_pack)  # no circle: a store that nobody holds lets go of its pack at once
        self._index = index

    def index(self) -> Index:
        """Return the index; empty if the pack is gone."""
        if self._index is None:
            open_pack = self._open_pack()
            try:
                handle = open_pack(self.pack) if open_pack is not None else None
            except FileNotFoundError:
                handle = None
            if handle is None:
                return Index((), (), ())
            require_known(handle.number, self.pack.name)
            self._index = decode_index(read_index(handle.number, self.pack.name))
        return self._index

    def find(self, key: int) -> Sequence[Location]:
        """Return the records whose digest begins with `key`."""
        keys = (self._index or self.index()).keys
        at = bisect_left(keys, key)
        if at == len(keys) or keys[at] != key:
            return ()
        return [(self.pack, place, stored) for place, stored in self.index().found(at)]

    def table(self, keys: Sequence[int]) -> Mapping[int, Location]:  # noqa: ARG002 - a pack is small
        """Return one record for each key that is here."""
        index = self.index()
        return dict(zip(index.keys, zip(repeat(self.pack), index.places, index.stored, strict=False), strict=True))


class MergedPacks:
    """The merged index of many sealed packs."""

    def __init__(self, merged: MergedIndex, packs: list[Pack]) -> None:
        self._merged = merged
        self.packs = packs

    def find(self, key: int) -> Sequence[Location]:
        """Return the records whose digest begins with `key`."""
        return [(self.packs[number], place, stored) for number, place, stored in self._merged.find(key)]

    def table(self, keys: Sequence[int]) -> Mapping[int, Location]:
        """Return one record for each key that is here."""
        if self._merged.count > _DENSE * len(keys):
            return {key: found[0] for key in keys if (found := self.find(key))}
        return self._merged.table(self.packs)
