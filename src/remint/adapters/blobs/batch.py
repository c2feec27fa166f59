"""The records of one call: to the open pack together, or to packs of their own when there are many."""

import os
import threading
from collections.abc import Iterable, Sequence

from remint.adapters.blobs.appending import Appender, Buffer, Limits, entries_at, write_all
from remint.adapters.blobs.handle import sync_data
from remint.adapters.blobs.incoming import Incoming
from remint.adapters.blobs.pack import BYTES, FILE_HEADER, HEADER_BYTES, Entry, ending, record_header
from remint.adapters.blobs.packs import SEALED, Packs
from remint.core.digest import raw_digest


class _Bulk:
    """A pack that is written at once, under `incoming/` until it is complete."""

    def __init__(self, incoming: Incoming) -> None:
        self.path, self.handle = incoming.file()
        self.entries: list[Entry] = []
        self.end = len(FILE_HEADER)

    def write(self, records: Sequence[tuple[bytes, int]], buffers: Sequence[Buffer]) -> None:
        """Write records, before the first ones the header of the pack."""
        if not self.entries:
            write_all(self.handle.number, [FILE_HEADER], 0)
        write_all(self.handle.number, buffers, self.end)
        entries, self.end = entries_at(records, self.end)
        self.entries += entries


class _Sealing(threading.Thread):
    """Gives a pack its name once it is on the disk, while the next one is written."""

    def __init__(self, packs: Packs, bulk: _Bulk) -> None:
        super().__init__(name="seal")
        self._packs = packs
        self._bulk = bulk
        self._error: OSError | None = None

    def run(self) -> None:
        """Seal the pack; `finish` raises what went wrong."""
        bulk, number = self._bulk, self._bulk.handle.number
        try:
            name, index, end = ending(bulk.entries, bulk.end)
            os.ftruncate(number, bulk.end)
            write_all(number, [end], bulk.end)
            sync_data(number)
            os.fchmod(number, 0o444)
            self._packs.folder.mkdir(exist_ok=True)
            bulk.path.rename(self._packs.folder / f"{name}{SEALED}")
            self._packs.adopt(name, index)
        except OSError as error:
            self._error = error
            bulk.path.unlink(missing_ok=True)

    def finish(self) -> None:
        """Wait for it.

        Raises:
            OSError: the disk did not take the pack, which is gone.
        """
        self.join()
        if self._error is not None:
            raise self._error


def rewrite(incoming: Incoming, packs: Packs, records: Iterable[tuple[bytes, bytes]], limits: Limits) -> None:
    """Write records that are here already, given as digest and all their bytes, to packs of their own, and seal these.

    Raises:
        OSError: the disk did not take them; packs that were sealed stay.
    """
    bulk: _Bulk | None = None
    try:
        for raw, record in records:
            bulk = bulk or _Bulk(incoming)
            bulk.write([(raw, len(record) - HEADER_BYTES)], [record])
            if bulk.end >= limits.pack_bytes or len(bulk.entries) >= 16 * limits.records:
                full, bulk = bulk, None
                _seal_now(packs, full)
        if bulk is not None:
            full, bulk = bulk, None
            _seal_now(packs, full)
    finally:
        if bulk is not None:
            bulk.path.unlink(missing_ok=True)


def _seal_now(packs: Packs, bulk: _Bulk) -> None:
    sealing = _Sealing(packs, bulk)
    sealing.start()
    sealing.finish()


class Batch:
    """The records of one call. Small ones go to the open pack together; many go to packs of their own.

    Args:
        incoming: where packs begin.
        packs: where records are that need not be written again.
        appender: takes what is not much.
        limits: what is much.
    """

    def __init__(self, incoming: Incoming, packs: Packs, appender: Appender, limits: Limits) -> None:
        self._incoming, self._packs, self._appender, self._limits = incoming, packs, appender, limits
        self._process = os.getpid()
        self._records: list[tuple[bytes, int]] = []
        self._buffers: list[Buffer] = []
        self._bytes = 0
        self._fresh: set[bytes] = set()
        self._leaving: set[bytes] = set()
        self._bulk: _Bulk | None = None
        self._sealing: _Sealing | None = None
        self._spill_at = limits.batch_bytes
        packs.look()

    def keep(self, content: Buffer) -> bytes:
        """Keep bytes as one record; return their digest."""
        raw = raw_digest(content)
        self.keep_as(raw, content)
        return raw

    def keep_as(self, raw: bytes, content: Buffer) -> None:
        """Keep bytes, whose digest is known, as one record."""
        stored = len(content)
        self.add(raw, record_header(raw, BYTES, stored, stored), content)

    def add(self, raw: bytes, header: bytes, payload: Buffer) -> None:
        """Keep a record, unless it is here and sound."""
        if raw in self._fresh or raw in self._leaving or self._packs.holds(raw, header, payload):
            return
        stored = len(payload)
        self._fresh.add(raw)
        self._records.append((raw, stored))
        self._buffers.append(header)
        self._buffers.append(payload)
        self._bytes += HEADER_BYTES + stored
        if self._bytes >= self._spill_at or len(self._records) >= self._limits.records:
            self._spill()

    def finish(self) -> None:
        """Write what waits. In a process forked meanwhile nothing is written."""
        if self._process != os.getpid():
            return
        if self._bulk is not None:
            self._spill()
            self._seal()
        if self._sealing is not None:
            self._sealing.finish()
        if self._records:  # after what they may name
            records, self._records = self._records, []
            self._appender.append(records, self._buffers)

    def _spill(self) -> None:
        if self._process != os.getpid():
            return
        records, buffers, self._records, self._buffers, self._bytes = self._records, self._buffers, [], [], 0
        bulk, self._bulk = self._bulk, None
        try:
            bulk = bulk or _Bulk(self._incoming)
            bulk.write(records, buffers)
        except OSError:
            if bulk is not None:
                bulk.path.unlink(missing_ok=True)
            raise
        self._bulk, self._spill_at = bulk, self._limits.spill_bytes
        if bulk.end >= self._limits.pack_bytes or len(bulk.entries) >= 16 * self._limits.records:
            self._seal()

    def _seal(self) -> None:
        if self._bulk is None:
            return
        if self._sealing is not None:
            self._sealing.finish()
        self._leaving, self._fresh = self._fresh, set()
        self._sealing, self._bulk = _Sealing(self._packs, self._bulk), None
        self._sealing.start()
