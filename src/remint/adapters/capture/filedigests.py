"""Digests of installed files, computed once and kept for as long as the files' size, times and inode stay the same."""

import json
import os
import tempfile
import time
from pathlib import Path
from typing import TypeAlias

from remint.core.digest import Digest, digest_file
from remint.errors import InvalidDigest

_SETTLED_NS = 2_100_000_000
"""A file changed more recently may change again without a new time; its digest is not kept."""

Signature: TypeAlias = tuple[int, int, int, int]


class FileDigests:
    """A cache of file digests in this process, and in a file between processes.

    Args:
        place: the cache file; None keeps nothing on disk. A damaged or missing one is an empty one.
    """

    def __init__(self, place: Path | None) -> None:
        self._place = place
        self._known: dict[str, tuple[Signature, Digest]] = {}
        self._is_saved = True
        if place is not None and place.is_file():
            self._known = _loaded(place)

    def digest(self, path: str) -> Digest | None:
        """Return the digest of a file, or None if there is no such file or it may not be read."""
        try:
            found = os.stat(path)  # noqa: PTH116 - called for every library of every run
            signature = (found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino)
            known = self._known.get(path)
            if known is not None and known[0] == signature:
                return known[1]
            digest = digest_file(Path(path))
        except OSError:
            return None
        if time.time_ns() - found.st_ctime_ns > _SETTLED_NS:
            self._known[path] = (signature, digest)
            self._is_saved = False
        return digest

    def save(self) -> None:
        """Write what is known to the cache file: all of it or nothing, the last writer wins.

        The cache only spares work, so a file that cannot be written (a full or read-only disk) is left as it is.
        """
        if self._place is None or self._is_saved:
            return
        content = json.dumps({path: [*signature, digest] for path, (signature, digest) in self._known.items()})
        try:
            self._place.parent.mkdir(parents=True, exist_ok=True)
            handle, temporary = tempfile.mkstemp(dir=self._place.parent)
        except OSError:
            return
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(content)
            Path(temporary).replace(self._place)
            self._is_saved = True
        except OSError:
            Path(temporary).unlink(missing_ok=True)


def _loaded(place: Path) -> dict[str, tuple[Signature, Digest]]:
    try:
        rows = json.loads(place.read_text(encoding="utf-8"))
        return {path: ((int(a), int(b), int(c), int(d)), Digest.parse(digest)) for path, (a, b, c, d, digest) in rows.items()}
    except (OSError, ValueError, TypeError, AttributeError, InvalidDigest):
        return {}
