"""Appending records to the open pack of ordinary work.

Exactly one writer holds an open pack, by a lock on its descriptor that ends with the process. A record that is complete in
an open pack is never cut off again, for another process may rely on it.
"""

import contextlib
import fcntl
import os
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from remint.adapters.blobs.finders import OpenPack, Pack
from remint.adapters.blobs.handle import Handle, sync_data
from remint.adapters.blobs.incoming import Incoming
from remint.adapters.blobs.pack import FILE_HEADER, HEADER_BYTES, Entry, ending, require_known, scan
from remint.adapters.blobs.packs import OPEN, SEALED, Packs
from remint.errors import Unavailable

_VECTORS = 1024
"""So many buffers go to the disk in one call."""

Buffer = bytes | memoryview


@dataclass(frozen=True)
class Limits:
    """When a store closes what it writes.

    Attributes:
        pack_bytes: a pack of this size takes no more records.
        records: an open pack with so many takes no more, so that a process reads its headers in a few milliseconds.
        batch_bytes: what one call keeps beyond this goes to packs of its own.
        spill_bytes: in those, records are written when so many bytes wait.
    """

    pack_bytes: int = 64 << 20
    records: int = 4096
    batch_bytes: int = 4 << 20
    spill_bytes: int = 1 << 20


def write_all(handle: int, buffers: Sequence[Buffer], at: int) -> None:
    """Write buffers, one after the other, from a place of a file on."""
    for first in range(0, len(buffers), _VECTORS):
        group = list(buffers[first : first + _VECTORS])
        left = sum(map(len, group))
        while left:
            written = os.pwritev(handle, group, at)
            at, left = at + written, left - written
            while left and written >= len(group[0]):
                written -= len(group.pop(0))
            if left and written:
                group[0] = memoryview(group[0])[written:]


def entries_at(records: Sequence[tuple[bytes, int]], at: int) -> tuple[list[Entry], int]:
    """Return what an index says of records, given as digest and stored bytes, when written at a place; and where they end."""
    entries = []
    for raw, stored in records:
        entries.append((raw, at, stored))
        at += HEADER_BYTES + stored
    return entries, at


class Appender:
    """The writer of one open pack (see docs/format/store.md).

    Args:
        incoming: where a new pack begins.
        packs: told of every record written.
        limits: when the pack is sealed.
    """

    def __init__(self, incoming: Incoming, packs: Packs, limits: Limits) -> None:
        self._incoming = incoming
        self._packs = packs
        self._limits = limits
        self._lock = threading.Lock()
        self._opened: OpenPack | None = None
        self._failed = False

    def append(self, records: Sequence[tuple[bytes, int]], buffers: Sequence[Buffer]) -> None:
        """Write records.

        Args:
            records: digest and stored bytes of each.
            buffers: header and payload of each.

        Raises:
            OSError: the disk does not take them; those that are complete stay.
        """
        with self._lock:
            opened = self._ready()
            entries, end = entries_at(records, opened.end)
            try:
                write_all(opened.handle.number, buffers, opened.end)
            except OSError:
                self._mend(opened)
                raise
            opened.note(entries, end)

    def flush(self) -> bool:
        """Make what was appended survive a loss of power; return whether anything was new.

        Raises:
            Unavailable: the disk failed once, so what it was given since the last flush may be lost.
        """
        with self._lock:
            opened = self._opened
        if self._failed:
            raise Unavailable(
                "the store is not durable",
                why="the disk failed while it was flushed",
                next_step="look after the disk, then run the same command again",
            )
        if opened is None or opened.end <= (opened.pack.synced or 0):
            return False
        end = opened.end
        self._sync(opened)
        opened.pack.synced = end
        return True

    def seal_all(self) -> None:
        """Seal every open pack that no other process holds.

        Raises:
            OSError: the disk does not take it; the packs stay open.
        """
        with self._lock:
            opened = self._opened or self._continued()
            while opened is not None:
                if opened is not self._opened:
                    self._packs.own(opened)
                if opened.entries:
                    self._seal(opened)
                else:
                    os.unlink(opened.pack.path)  # noqa: PTH108
                    self._packs.disown(opened)
                self._opened = None
                opened = self._continued()

    def let_go(self) -> None:
        """Close the open pack: the copy of its lock that a forked process has."""
        if self._opened is not None:
            self._opened.handle.close()

    def _sync(self, opened: OpenPack) -> None:
        try:
            sync_data(opened.handle.number)
        except OSError:
            self._failed = True  # the next call would find nothing left to write, and succeed
            raise

    def _ready(self) -> OpenPack:
        opened = self._opened
        if opened is not None and os.fstat(opened.handle.number).st_size != opened.end:
            self._mend(opened)
            opened = self._opened
        while opened is None or self._is_full(opened):
            if opened is not None:
                self._seal(opened)
            opened = self._opened = self._continued() or self._new()
            self._packs.own(opened)
        return opened

    def _is_full(self, opened: OpenPack) -> bool:
        return opened.end >= self._limits.pack_bytes or len(opened.entries) >= self._limits.records

    def _mend(self, opened: OpenPack) -> None:
        """Cut off what was written by halves; remove the pack if nothing is left."""
        number = opened.handle.number
        found = scan(number, opened.end, os.fstat(number).st_size)
        opened.note(found.entries, found.end)
        os.ftruncate(number, found.end)
        if not opened.entries:
            os.unlink(opened.pack.path)  # noqa: PTH108
            self._packs.disown(opened)
            self._opened = None

    def _continued(self) -> OpenPack | None:
        """Return the open pack of an earlier process, if nobody holds one."""
        with contextlib.suppress(FileNotFoundError):
            for path in sorted(self._packs.folder.glob(f"*{OPEN}")):
                opened = self._taken_over(path)
                if opened is not None:
                    return opened
        return None

    def _taken_over(self, path: Path) -> OpenPack | None:
        with contextlib.suppress(FileNotFoundError, BlockingIOError, PermissionError):
            handle = Handle(str(path), os.O_RDWR)
            fcntl.flock(handle.number, fcntl.LOCK_EX | fcntl.LOCK_NB)
            held = os.fstat(handle.number)
            if not os.path.samestat(held, path.stat()):
                return None
            require_known(handle.number, path.stem)
            opened = OpenPack(Pack(str(path), seen=0, synced=0, handle=handle), handle)
            if os.pread(handle.number, len(FILE_HEADER), 0) != FILE_HEADER:
                write_all(handle.number, [FILE_HEADER], 0)
            found = scan(handle.number, opened.end, held.st_size)
            opened.note(found.entries, found.end if found.torn or not found.damaged else held.st_size)
            os.ftruncate(handle.number, opened.end)
            if not found.damaged:
                return opened
            self._packs.own(opened)
            self._seal(opened)
        return None

    def _new(self) -> OpenPack:
        self._packs.folder.mkdir(parents=True, exist_ok=True)
        path, handle = self._incoming.file()
        target = self._packs.folder / f"{path.name}{OPEN}"
        try:
            fcntl.flock(handle.number, fcntl.LOCK_EX)
            write_all(handle.number, [FILE_HEADER], 0)
            path.rename(target)
        finally:
            path.unlink(missing_ok=True)
        return OpenPack(Pack(str(target), seen=0, synced=0, handle=handle), handle)

    def _seal(self, opened: OpenPack) -> None:
        number = opened.handle.number
        name, index, end = ending(opened.entries, opened.end)
        try:
            write_all(number, [end], opened.end)
            self._sync(opened)
        except OSError:
            os.ftruncate(number, opened.end)
            raise
        os.rename(opened.pack.path, self._packs.folder / f"{name}{SEALED}")  # noqa: PTH104
        os.fchmod(number, 0o444)
        self._opened = None
        self._packs.adopt(name, index, was=opened)
        fcntl.flock(number, fcntl.LOCK_UN)
