"""A local store that brings what it lacks from elsewhere when it is read, and keeps it."""

import contextlib
import os
from collections.abc import Callable, Iterable
from itertools import islice
from pathlib import Path
from typing import BinaryIO

from remint.adapters.blobs.appending import Limits
from remint.adapters.blobs.local import LocalBlobs
from remint.core.digest import Digest
from remint.errors import BlobMissing

_WINDOW = 65_536
"""So many files are looked for at once."""

Bring = Callable[["LazyBlobs", set[bytes]], None]
"""Brings blobs, by their raw digests, into a store. Raises BlobMissing for what is nowhere, Unavailable if nobody answers."""


class LazyBlobs(LocalBlobs):
    """A local store (see ports.blobs.Blobs); `has`, `digests` and `sweep` know of what is here alone.

    Args:
        root: the folder.
        bring: asked only for what is not here.
        limits: when packs are closed.
    """

    def __init__(self, root: Path, bring: Bring, *, limits: Limits | None = None) -> None:
        super().__init__(root, limits=limits)
        self._bring = bring

    def get(self, digest: Digest) -> bytes:
        """Return the bytes named `digest`, verified."""
        with contextlib.suppress(BlobMissing):
            return super().get(digest)
        self._bring(self, {digest.raw})
        return super().get(digest)

    def open(self, digest: Digest) -> BinaryIO:
        """Return the bytes named `digest` as a file in memory, verified."""
        with contextlib.suppress(BlobMissing):
            return super().open(digest)
        self._bring(self, {digest.raw})
        return super().open(digest)

    def path(self, digest: Digest) -> Path:
        """Return a file that holds these bytes, verified."""
        with contextlib.suppress(BlobMissing):
            return super().path(digest)
        self._bring(self, {digest.raw})
        return super().path(digest)

    def size(self, digest: Digest) -> int:
        """Return the size in bytes of what is kept under `digest`."""
        with contextlib.suppress(BlobMissing):
            return super().size(digest)
        self._bring(self, {digest.raw})
        return super().size(digest)

    def write_files(self, wanted: Iterable[tuple[bytes, str]]) -> int:
        """Write bytes to new files; what is not here is brought many at a time."""
        count, pending = 0, iter(wanted)
        while window := list(islice(pending, _WINDOW)):
            lacking = self.lacking(raw for raw, _ in window)
            if lacking:
                self._bring(self, lacking)
            try:
                super().write_files(window)
            except BlobMissing:  # parts of a large one: a call that brought it was killed
                self._bring(self, {raw for raw, _ in window})
                super().write_files([(raw, path) for raw, path in window if not os.path.lexists(path)])
            count += len(window)
        return count
