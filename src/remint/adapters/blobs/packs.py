"""The packs of a store: which there are, and where the records of a digest stand in them."""

import contextlib
import os
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from pathlib import Path
from struct import Struct

from remint.adapters.blobs.finders import Finder, Location, MergedPacks, OpenPack, Pack, SealedPack
from remint.adapters.blobs.handle import Handle, sync_data, sync_folder
from remint.adapters.blobs.merged import MergedIndex, merge
from remint.adapters.blobs.pack import HEADER_BYTES, PAYLOAD_MAX, decode_index, read_index, require_known

SEALED, OPEN = ".pack", ".open"
MERGE_ABOVE = 4
"""So many sealed packs outside a merged index are looked through one by one."""

_HANDLES = 64
"""So many sealed packs are kept open for reading."""


_key = Struct(">Q").unpack_from
"""What a digest begins with (see adapters.blobs.finders.Finder)."""


class Packs:
    """All packs of a store, for reading; writers tell it what they add.

    Args:
        root: the folder of the store.
    """

    def __init__(self, root: Path) -> None:
        self.folder = root / "packs"
        self._root = root
        self._lock = threading.Lock()
        self._stamp: int | None = None
        self._looks = 0
        self._named = -1
        self._own: dict[str, OpenPack] = {}
        self._open: dict[str, OpenPack] = {}
        self._sealed: dict[str, SealedPack] = {}
        self._merged: dict[str, MergedPacks] = {}
        self._order: tuple[Finder, ...] = ()
        self._last: Finder | None = None
        self._handles: deque[Pack] = deque()
        self._relied: set[Pack] = set()
        self._renamed = False

    def find(self, raw: bytes) -> Iterator[Location]:
        """Yield where records of a digest may stand, as far as is known; a record of another digest may be among them."""
        key, last = int.from_bytes(raw[:8], "big"), self._last
        if last is not None:
            yield from last.find(key)
        for finder in self._order:
            if finder is not last and (found := finder.find(key)):
                self._last = finder
                yield from found

    def locate(self, raws: Sequence[bytes]) -> list[Location | None]:
        """Return where one record of each of very many digests may stand, as far as is known; None where nothing is."""
        keys = [_key(raw)[0] for raw in raws]
        places: dict[int, Location] = {}
        for finder in self._order:
            places.update(finder.table(keys))
        return list(map(places.get, keys))

    def find_everywhere(self, raw: bytes) -> Iterator[Location]:
        """Yield as `find` does, after a new look, by the packs' own indexes: a merged index may be damaged."""
        self.look(anew=True)
        yield from self.find(raw)
        key = int.from_bytes(raw[:8], "big")
        for pack in [pack for merged in self._merged.values() for pack in merged.packs]:
            found = SealedPack(pack, self.handle).find(key)
            if found:
                self._merge_anew()
                yield from found

    def handle(self, pack: Pack) -> Handle:
        """Return a pack open for reading.

        Raises:
            FileNotFoundError: it is gone.
        """
        handle = pack.handle
        if handle is None:
            handle = pack.handle = Handle(pack.path)
            self._handles.append(pack)
            if len(self._handles) > _HANDLES:
                self._handles.popleft().handle = None
        return handle

    def read(self, location: Location) -> bytes:
        """Return the bytes of a record, its header first; fewer if the pack is too short, none if it is gone."""
        pack, place, stored = location
        with contextlib.suppress(FileNotFoundError):
            handle = self.handle(pack)
            return os.pread(handle.number, HEADER_BYTES + min(stored, PAYLOAD_MAX), place)
        return b""

    def all_entries(self) -> Iterator[tuple[bytes, Location]]:
        """Yield the digest and the place of every record."""
        self.look(anew=True)
        for opened in (*self._own.values(), *self._open.values()):
            for raw, place, stored in list(opened.entries):
                yield raw, (opened.pack, place, stored)
        for name in self._names(self.folder, SEALED):
            pack = self._pack(name)
            with contextlib.suppress(FileNotFoundError):
                handle = self.handle(pack)
                payload = read_index(handle.number, name)
                index = decode_index(payload)
                for at in range(len(index.keys)):
                    yield payload[32 * at : 32 * at + 32], (pack, index.places[at], index.stored[at])

    def look(self, *, anew: bool = False) -> bool:
        """See what other processes added; return whether it was anything.

        Args:
            anew: list the folder even if it seems unchanged since the last look.
        """
        with self._lock:
            grown = False
            try:
                stamp = os.stat(self.folder).st_mtime_ns  # noqa: PTH116 - once for every blob that is new
            except FileNotFoundError:
                return False
            if anew or stamp != self._stamp:
                grown, self._stamp = self._list(), stamp
            for opened in self._open.values():
                grown = opened.catch_up() or grown
            return grown

    def _list(self) -> bool:
        self._looks += 1
        before = {*self._open, *self._sealed}
        names = set(self._names(self.folder, SEALED))
        self._merged = self._list_merged()
        covered = {pack.name for merged in self._merged.values() for pack in merged.packs}
        self._sealed = {name: self._sealed.get(name) or SealedPack(self._pack(name), self.handle) for name in names - covered}
        opened = {}
        for name in set(self._names(self.folder, OPEN)) - set(self._own):
            opened[name] = self._open.get(name) or self._opened(name)
        self._open = {name: found for name, found in opened.items() if found is not None}
        self._arrange()
        return not before.issuperset({*self._open, *self._sealed})

    def _list_merged(self) -> dict[str, MergedPacks]:
        found = {}
        for name in self._names(self._root / "index", ".idx"):
            known = self._merged.get(name)
            if known is None and (merged := MergedIndex.load(self._root / "index" / f"{name}.idx")) is not None:
                known = MergedPacks(merged, [self._pack(pack) for pack in merged.names])
            if known is not None:
                found[name] = known
        return found

    def _arrange(self) -> None:
        self._last = None
        self._order = (*self._own.values(), *self._open.values(), *self._sealed.values(), *self._merged.values())

    def _pack(self, name: str) -> Pack:
        return Pack(f"{self.folder}/{name}{SEALED}", seen=self._looks)

    def _opened(self, name: str) -> OpenPack | None:
        path = f"{self.folder}/{name}{OPEN}"
        with contextlib.suppress(FileNotFoundError):
            handle = Handle(path)
            require_known(handle.number, name)
            return OpenPack(Pack(path, seen=self._looks, synced=0, handle=handle), handle)
        self._stamp = None  # it was sealed a moment ago: look again
        return None

    @staticmethod
    def _names(folder: Path, ending: str) -> list[str]:
        with contextlib.suppress(FileNotFoundError):
            return [name[: -len(ending)] for name in os.listdir(folder) if name.endswith(ending)]  # noqa: PTH208
        return []

    def own(self, opened: OpenPack) -> None:
        """Take a pack that this process writes."""
        with self._lock:
            self._looks += 1
            opened.pack.seen, self._renamed = self._looks, True
            self._own[opened.pack.name] = opened
            self._open.pop(opened.pack.name, None)
            self._arrange()

    def disown(self, opened: OpenPack) -> None:
        """Forget a pack of this process that is gone."""
        with self._lock:
            del self._own[opened.pack.name]
            self._arrange()

    def adopt(self, name: str, payload: bytes, *, was: OpenPack | None = None) -> None:
        """Take a pack that this process sealed, and merge indexes if there are many."""
        with self._lock:
            self._looks += 1
            self._renamed = True
            if was is not None:
                del self._own[was.pack.name]
            self._sealed[name] = SealedPack(self._pack(name), self.handle, decode_index(payload))
            self._arrange()
        self._merge()

    def _merge_anew(self) -> None:
        """Replace merged indexes that do not say what the packs hold, where the disk lets them be replaced."""
        with self._lock, contextlib.suppress(OSError):
            for name in self._merged:
                os.unlink(self._root / "index" / f"{name}.idx")  # noqa: PTH108
            self._list()
        self._merge()

    def _merge(self) -> None:
        sealed = list(self._sealed.values())
        if len(sealed) > MERGE_ABOVE and merge(self._root, {found.pack.name: found.index() for found in sealed}):
            self.look(anew=True)

    def holds(self, raw: bytes, header: bytes, payload: bytes | memoryview) -> bool:
        """Return whether just this record is here and sound; what is put then relies on it."""
        key, last = int.from_bytes(raw[:8], "big"), self._last
        if last is not None and self._has_same(last.find(key), header, payload):
            return True
        for finder in self._order:
            found = finder.find(key)
            if found and self._has_same(found, header, payload):
                self._last = finder
                return True
        return False

    def _has_same(self, places: Sequence[Location], header: bytes, payload: bytes | memoryview) -> bool:
        for location in places:
            pack, place, stored = location
            if stored != len(payload):
                continue
            found = self.read(location)
            if found[:HEADER_BYTES] == header and found[HEADER_BYTES:] == bytes(payload):
                if pack.seen > self._named or (pack.synced is not None and place >= pack.synced):
                    self._relied.add(pack)
                return True
        return False

    def flush(self) -> bool:
        """Make names of own packs, and records of others that were relied on, durable; return whether any were new."""
        with self._lock:
            relied, renamed, looks = self._relied, self._renamed, self._looks
            self._relied, self._renamed = set(), False
        done = False
        try:
            for pack in relied:
                if pack.synced is not None and pack.handle is not None:
                    size = os.fstat(pack.handle.number).st_size
                    if size > pack.synced:
                        sync_data(pack.handle.number)
                        pack.synced = size
            if renamed or any(pack.seen > self._named for pack in relied):
                sync_folder(self.folder)
                self._named = looks
            done = True
        finally:
            if not done:
                with self._lock:
                    self._relied, self._renamed = self._relied | relied, True
        return renamed or bool(relied)
