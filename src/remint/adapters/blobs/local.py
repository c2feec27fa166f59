"""Blobs in a local folder: small ones and chunks in packs, whole files beside them (docs/format/store.md).

Everything is complete before it has a name that readers look for, so a reader sees all of a blob or nothing. `flush` makes what
was put durable before the catalog commits what refers to it. After a loss of power, bytes that were never flushed may be
damaged; they are unreferenced, and putting the same bytes again finds that out and keeps them anew.
"""

import io
import os
import threading
import weakref
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from itertools import chain, islice
from pathlib import Path
from typing import BinaryIO

from remint.adapters.blobs import refusals
from remint.adapters.blobs.appending import Appender, Limits
from remint.adapters.blobs.batch import Batch
from remint.adapters.blobs.chunks import CUT_FROM, FLAT, cut, encode, encode_list, groups, reader_of
from remint.adapters.blobs.exchange import LocalExchange
from remint.adapters.blobs.extracted import Extracted
from remint.adapters.blobs.fence import Fence
from remint.adapters.blobs.handle import sync_folder
from remint.adapters.blobs.hands import SHARE, WORTH, Hands, at_hand, put_there
from remint.adapters.blobs.incoming import Incoming
from remint.adapters.blobs.laying import write_files
from remint.adapters.blobs.objects import Objects
from remint.adapters.blobs.outside import read_files
from remint.adapters.blobs.pack import LIST, record_header
from remint.adapters.blobs.packs import Packs
from remint.adapters.blobs.reading import Reader
from remint.adapters.blobs.sampling import read_many
from remint.adapters.blobs.sweeping import Sweeper
from remint.core.digest import Digest, FileHasher, from_raw
from remint.errors import BlobAltered, Unavailable
from remint.ports.blobs import Stat, Swept

Put = Callable[[Iterable[str]], Iterator[tuple[bytes, Stat]]]
"""As ports.blobs.Blobs.put_files."""


class LocalBlobs:
    """A folder of immutable bytes (see ports.blobs.Blobs).

    Args:
        root: the folder; made if it does not exist.
        limits: when packs are closed.
    """

    def __init__(self, root: Path, *, limits: Limits | None = None) -> None:
        self._root = root
        self._limits = limits or Limits()
        self._begin()
        self._fence = Fence(root, self._renew)
        _STORES.add(self)

    def _begin(self) -> None:
        self._flushing = threading.Lock()
        self._held_above = False
        self._unkept = False
        self._incoming = Incoming(self._root)
        self._packs = Packs(self._root)
        self._objects = Objects(self._root, self._incoming)
        self._appender = Appender(self._incoming, self._packs, self._limits)
        self._reader = Reader(self._packs, self._objects)
        self._extracted = Extracted(self._root, self._incoming, self._reader)

    def put(self, content: bytes) -> Digest:
        """Keep `content` and return its digest."""
        with self._writing():
            batch = self._batch()
            raw = batch.keep(content) if len(content) < CUT_FROM else _keep_large(batch, reader_of(content))[0]
            batch.finish()
        return from_raw(raw)

    def put_file(self, path: Path, *, whole: bool = False) -> tuple[Digest, int]:
        """Keep a copy of the file at `path`."""
        if whole:
            with self._writing():
                return self._objects.put_file(path)
        with path.open("rb") as file, self._writing():
            batch = self._batch()
            content = file.read(CUT_FROM)
            if len(content) < CUT_FROM:
                raw, size_bytes = batch.keep(content), len(content)
            else:
                file.seek(0)
                raw, size_bytes = _keep_large(batch, file.read)
            batch.finish()
        return from_raw(raw), size_bytes

    def put_files(self, paths: Iterable[str]) -> Iterator[tuple[bytes, Stat]]:
        """Keep the content of many files; all of it is kept when the last was yielded or the iterator is closed."""
        pending, dropped = iter(paths), False
        first = list(islice(pending, WORTH)) if at_hand() else []
        try:
            with self.putting(ahead=len(first) < WORTH) as put:
                try:
                    yield from (
                        put(chain(first, pending)) if len(first) < WORTH else self._put_at_once(chain(first, pending), put)
                    )
                except GeneratorExit:
                    dropped = True
                    raise
        except Unavailable:
            self._unkept = self._unkept or dropped
            raise

    @contextmanager
    def putting(self, *, ahead: bool = True) -> Iterator[Put]:
        """Give a function as `put_files`; what it was given is all kept when the block ends.

        Args:
            ahead: let a thread read; not where other processes keep the processors busy.
        """
        with self._writing():
            batch = self._batch()
            try:
                yield partial(read_files, small=batch.keep_as, large=lambda read: _keep_large(batch, read)[0], ahead=ahead)
            finally:
                batch.finish()

    def _put_at_once(self, paths: Iterator[str], put: Put) -> Iterator[tuple[bytes, Stat]]:
        shares = iter(lambda: list(islice(paths, SHARE)), [])
        with Hands("put", self._root, self._limits) as hands:
            try:
                for found in hands.each(shares, lambda share: list(put(share)), put_there):
                    yield from found
            except GeneratorExit:
                hands.finish()
                raise
            hands.finish()

    def take(self, path: Path, *, whole: bool = False) -> tuple[Digest, int]:
        """Keep the file at `path`, which is gone afterwards."""
        if whole:
            with self._writing():
                return self._objects.take(path)
        kept = self.put_file(path)
        path.unlink()
        return kept

    def flush(self) -> None:
        """Make everything put so far survive a loss of power.

        An iterator of `put_files` that was dropped and could not write its last files has nobody to tell but the next flush.
        """
        with self._flushing, refusals.writing(self._root):
            unkept, self._unkept = self._unkept, False
            if unkept:
                raise refusals.unkept(self._root)
            new = [self._appender.flush(), self._packs.flush(), self._objects.flush()]
            if any(new) and not self._held_above:
                sync_folder(self._root)
                sync_folder(self._root.parent)
                self._held_above = True

    def get(self, digest: Digest) -> bytes:
        """Return the bytes named `digest`, verified."""
        return self._reader.get(digest)

    def get_many(self, raws: Sequence[bytes]) -> list[bytes | None]:
        """Return bytes by their raw digests, verified; None for what is not here."""
        return read_many(self._packs, self._objects, self._reader, raws)

    def open(self, digest: Digest) -> BinaryIO:
        """Return the bytes named `digest` as a file in memory, verified."""
        return io.BytesIO(self._reader.get(digest))

    def path(self, digest: Digest) -> Path:
        """Return the whole file that holds these bytes, or one extracted for a day at least, verified."""
        try:
            place = self._objects.path(digest)
        except BlobAltered:
            place = None
        with refusals.writing(self._root):
            return place or self._extracted.path(digest)

    def write_files(self, wanted: Iterable[tuple[bytes, str]]) -> int:
        """Write bytes kept here to new files."""
        helped = partial(Hands, "lay", self._root, self._limits) if at_hand() else None
        return write_files(self._packs, self._reader, wanted, helped)

    def size(self, digest: Digest) -> int:
        """Return the size in bytes of what is kept under `digest`."""
        size = self._reader.size(digest)
        if size is None:
            raise refusals.missing(digest)
        return size

    def has(self, digest: Digest) -> bool:
        """Return whether bytes are kept under `digest`."""
        return self._reader.size(digest) is not None

    def digests(self) -> Iterator[Digest]:
        """Yield every digest kept, also those of the parts of large blobs."""
        found = {from_raw(raw) for raw, _ in self._packs.all_entries()}
        yield from found.union(self._objects.digests())

    def adding(self) -> AbstractContextManager[None]:
        """Keep sweepers out while the block runs."""
        return self._fence.adding()

    def sweep(self, live: Callable[[], Iterable[bytes]], *, dry_run: bool = False, thorough: bool = False) -> Swept:
        """Remove every blob that is not needed, once nobody is adding."""
        sweeper = Sweeper(
            self._root,
            self._packs,
            self._objects,
            self._reader,
            self._incoming,
            self._fence,
            self._appender,
            self._limits,
            self.flush,
            thorough,
        )
        if dry_run:
            return sweeper.look(live)
        with refusals.writing(self._root), self._fence.only_sweep():
            swept = sweeper.sweep(live)
        self._renew()
        return swept

    def lacking(self, raws: Iterable[bytes]) -> set[bytes]:
        """Return those of some raw digests under which nothing is kept; nothing is read."""
        self._packs.look()
        return {raw for raw in raws if not any(self._packs.find(raw)) and self._objects.size(from_raw(raw)) is None}

    def exchange(self) -> LocalExchange:
        """Return what carries packs and whole files to and from other places; for use inside `adding`."""
        return LocalExchange(self._root, self._incoming, self._packs, self._objects, self._appender, self._limits)

    def _renew(self) -> None:
        """Forget what is known of the store, once what was put is durable: somebody swept it."""
        self.flush()
        self._appender.let_go()
        self._begin()

    @contextmanager
    def _writing(self) -> Iterator[None]:
        with refusals.writing(self._root), self._fence.adding():
            yield

    def _batch(self) -> Batch:
        return Batch(self._incoming, self._packs, self._appender, self._limits)


def _keep_large(batch: Batch, read: Callable[[int], bytes]) -> tuple[bytes, int]:
    """Keep what `read(most)` gives, in chunks; return its digest and size."""
    hasher, entries = FileHasher(), []
    for chunk in cut(read):
        hasher.update(chunk)
        entries.append((batch.keep(chunk), len(chunk)))
    if len(entries) == 1:
        return entries[0]
    depth = 0
    while len(entries) > FLAT:
        entries = [(batch.keep(encode(group)), sum(size for _, size in group)) for group in groups(entries)]
        depth += 1
    raw, payload = hasher.digest().raw, encode_list(entries, depth)
    batch.add(raw, record_header(raw, LIST, len(payload), hasher.size_bytes), payload)
    return raw, hasher.size_bytes


_STORES: weakref.WeakSet[LocalBlobs] = weakref.WeakSet()


def _begin_anew() -> None:
    """Let a forked process hold no lock, pack or unwritten record of its parent."""
    for store in list(_STORES):
        store._appender.let_go()  # noqa: SLF001
        store._fence.let_go()  # noqa: SLF001
        store._begin()  # noqa: SLF001
        store._fence = Fence(store._root, store._renew)  # noqa: SLF001


os.register_at_fork(after_in_child=_begin_anew)
